/* SPDX-License-Identifier: GPL-2.0-only */
/* Authority that the current task has for one call, in credentials of their own. */
#ifndef KMVIEW_MOUNT_RAISED_H
#define KMVIEW_MOUNT_RAISED_H

#include <linux/types.h>

struct cred;
struct user_namespace;

struct kmview_raised {
	struct cred *cred;
	const struct cred *before;
};

/* What may be raised. */
#define KMVIEW_RAISE_MOUNT    (1u << 0) /* CAP_SYS_ADMIN */
#define KMVIEW_RAISE_OVERLAY  (1u << 1) /* CAP_SYS_ADMIN and CAP_DAC_OVERRIDE: only where no ids but the user's are */
#define KMVIEW_RAISE_TRAVERSE (1u << 2) /* CAP_SYS_ADMIN, CAP_SYS_CHROOT and CAP_SYS_PTRACE: for setns(2) */

/**
 * kmview_cred_move() - Credentials that nobody uses yet become those of a user namespace, without any capability.
 * @cred: the credentials
 * @ns: the namespace; is counted
 */
void kmview_cred_move(struct cred *cred, struct user_namespace *ns);

/**
 * kmview_raise() - Give the current task capabilities for one call.
 * @raised: what kmview_lower() needs
 * @ns: the user namespace over which, NULL: the one that the task is in, in addition to what it has
 * @what: KMVIEW_RAISE_
 *
 * Ids and groups stay. Calls do not nest.
 *
 * Return: True, or false: no memory, nothing has changed.
 */
bool kmview_raise(struct kmview_raised *raised, struct user_namespace *ns, unsigned int what);

/**
 * kmview_lower() - Take back what kmview_raise() gave.
 * @raised: of kmview_raise()
 *
 * What the kernel keeps of the credentials stays valid.
 */
void kmview_lower(struct kmview_raised *raised);

#endif
