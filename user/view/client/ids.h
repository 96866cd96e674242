/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another user, for those who have no right to be one. */
#ifndef VIEW_IDS_H
#define VIEW_IDS_H

#include <sys/types.h>

/*
 * Become this user. Who may change ids does so, with the groups of login, if that is not NULL;
 * anybody else gets a user namespace in which his own id has that number, and all he may do to
 * others is what he may do as himself. 0, or -1 and errno.
 */
int ids_become(const char *login, uid_t uid, gid_t gid);

/*
 * Ask the manager of the view that we are in to map our new user namespace: every id of the view,
 * the outer ids being uid and gid. -1: it cannot.
 */
int ids_asked(uid_t uid, uid_t outer_uid, gid_t gid, gid_t outer_gid);

#endif
