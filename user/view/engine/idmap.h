/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ids of a new user namespace of an ordinary user. */
#ifndef VIEW_IDMAP_H
#define VIEW_IDMAP_H

#include <sys/types.h>

/*
 * Give the user namespace that a process has just made all ids of the user: his own, which are to
 * be uid and gid in it, and in their order those of his ranges in /etc/subuid and /etc/subgid,
 * which newuidmap(1) and newgidmap(1) have the right to. To be called in the namespace that it was
 * made in. -ENOENT: he has no ranges; -ENOEXEC: he has, but those programs are missing or failed.
 */
int idmap_ranges(pid_t pid, uid_t uid, gid_t gid);

#endif
