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

/*
 * The same, with something that root prepares before: more() runs as root behind prepare(). Everything
 * that is mounted below top is unmounted afterwards. after() runs as the user when the session is empty.
 */
const char *as_user_after(body_fn *more, body_fn *body, body_fn *after);

/*
 * A tmpfs of root's on "covered", which has a file "secret" beneath, and a bind mount of root's on "ro",
 * read-only, with a file "file" that the user could write. For as_user_after().
 */
const char *cover(void *data);

/* Does a directory show what cover() covers, or let the user write what is read-only? */
const char *still_covered(int directory);

/* The path of one of the test's files; four are good at a time. */
const char *path_of(const char *name);

/* mount(2); 0 or a negative errno. */
int try_mount(const char *source, const char *target, const char *type, unsigned long flags,
	      const char *data);

/* Send a descriptor over a socket, or receive one; negative: not so. */
int send_fd(int socket, int fd);
int receive_fd(int socket);

/* unshare(2) of the mount namespace. */
const char *own_space(void);

/* The line of a mount point in mountinfo; NULL: none. */
char *mount_line(const char *point);

#endif
