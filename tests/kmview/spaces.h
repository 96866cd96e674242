/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mounts by an ordinary user in the private namespace of a session: what the tests of that share.
 * Each becomes uid 1000; the host's table of mounts must be the same afterwards.
 */
#ifndef KMVIEW_SPACES_H
#define KMVIEW_SPACES_H

#include "inside.h"

#define USER 1000

extern char top[64];  /* the directory of the test's files, after prepare() */
extern int inherited; /* the same, opened in the namespace of the host */

/* Files for the tests; the rest of the test runs as the user. */
const char *prepare(void);
bool clean_up(void);

const char *become_user(void);

/* Run a body as the user in a session with mounts, prepared and cleaned up. */
const char *as_user(body_fn *body);

/* The path of one of the test's files; four are good at a time. */
const char *path_of(const char *name);

/* mount(2); 0 or a negative errno. */
int try_mount(const char *source, const char *target, const char *type, unsigned long flags,
	      const char *data);

/* unshare(2) of the mount namespace. */
const char *own_space(void);

/* The line of a mount point in mountinfo; NULL: none. */
char *mount_line(const char *point);

#endif
