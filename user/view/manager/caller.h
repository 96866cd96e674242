/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who asks: the ids, groups and capabilities of a process of a view, and what these allow it.
 *
 * The rule, which call.c applies to calls and commands.c to requests: mounts and names of a branch
 * are its owner's, who is the user that started its keeper. A process has the owner's authority if
 *
 *	- its effective user id, outside all user namespaces of the view, is the owner's, and, where
 *	  the owner is a root that has CAP_SYS_ADMIN, it has that, in the branch's user namespace;
 *	- or it has CAP_SYS_ADMIN in a user namespace that such an owner, not being root, has made:
 *	  it is root of the view to itself.
 *
 * Who has not is refused with EPERM, as the kernel refuses who has not CAP_SYS_ADMIN over the mount
 * namespace.
 */
#ifndef VIEW_CALLER_H
#define VIEW_CALLER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct branch;
struct keeper_ids;

#define CALLER_GROUPS 256

struct caller {
	pid_t tid;
	uid_t uid; /* effective, as the manager sees them */
	gid_t gid;
	uint64_t capabilities;	 /* effective, in its user namespace */
	uint64_t user_namespace; /* inode */
	uid_t namespace_owner;
	unsigned int group_count;
	gid_t groups[CALLER_GROUPS]; /* supplementary */
};

/* Read who a thread is. ESRCH: it is gone. E2BIG: more groups than there is room for. */
int caller_read(struct caller *caller, pid_t tid);

/* Has it the authority of the branch's owner? */
bool caller_has_authority(const struct caller *caller, const struct branch *branch);

/* Who may what in a branch: noted when its keeper is known. */
void caller_own_branch(struct branch *branch, uid_t uid, pid_t keeper);

/*
 * The ids of a caller as a child of the keeper has to set them: in the user namespace of a process,
 * -1 for an id that it does not have. False: the caller's ids are not in there.
 */
bool caller_ids(const struct caller *caller, pid_t within, pid_t keeper, struct keeper_ids *ids);

#endif
