/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names in the file system that a privileged process makes or removes in directories that others
 * may change.
 *
 * A directory is opened once and known by its descriptor from then on. A socket is bound, and gets
 * its mode and owner, in a directory of its own that nobody else can enter; then it is renamed to
 * its place, so that no name that another process can exchange is ever followed, changed or given
 * away. What is removed is a socket, or the very file that was made.
 */
#ifndef VDE_NAMES_H
#define VDE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#define NAME_REASON_SIZE 200

/* Which file a name stood for when it was made. */
struct name_made {
	dev_t device;
	ino_t number;	/* 0: nothing was made */
	long long born; /* ns; numbers of files are given out again */
};

/*
 * Open the directory of a path: a descriptor that only names it (O_PATH), or -1 with errno. A link
 * at the end of the path is followed only when it is ours or root's (else EACCES).
 */
int name_open_directory(const char *path);

/*
 * Open the directory that holds PATH; *base points to the last part of the path. -1 with errno.
 */
int name_open_parent(const char *path, const char **base);

/*
 * Who else than us and root can exchange names in a directory: 0 nobody, else a sentence's end in
 * reason; 1: members of a group or all users, because it is not sticky; 2: its owner.
 */
int name_directory_risk(int directory, char reason[NAME_REASON_SIZE]);

/*
 * Bind a socket to NAME in the directory with this mode, owner and group (-1: as the file system
 * gives them), and listen if asked to. A socket of that name is replaced; anything else is left
 * (-EEXIST). 0 or -errno.
 */
struct name_rights {
	mode_t mode;
	uid_t user;
	gid_t group;
};
int name_bind(int fd, int directory, const char *name, const struct name_rights *rights,
	      bool listening, struct name_made *made);

/* Does a process listen at this socket? Only sockets are connected to. */
bool name_is_served(int directory, const char *name);

/* Which file a name stands for now. 0 or -1 with errno. */
int name_identify(int directory, const char *name, struct name_made *which);

/* Remove the name if it still stands for what was made. */
void name_remove(int directory, const char *name, const struct name_made *made);

/*
 * Listen at a path of the file system, as a management socket does; an abandoned socket there is
 * replaced. The descriptor (nonblocking), or -1 with a sentence in reason. warning is a sentence
 * too, or "": somebody else can exchange the socket.
 */
struct name_listener {
	int fd, directory;
	const char *base; /* in the caller's path, which must live as long */
	struct name_made made;
};
int name_listen(struct name_listener *listener, const char *path, mode_t mode, gid_t group,
		char reason[NAME_REASON_SIZE], char warning[NAME_REASON_SIZE]);
/* Close it and remove its name. */
void name_unlisten(struct name_listener *listener);

/*
 * Open a file to write to; a link at the end of the path is not followed (ELOOP), nothing is
 * waited for, a file there before keeps its owner and mode. With O_TRUNC, O_APPEND or neither.
 */
int name_open_output(const char *path, int flags, mode_t mode);

/*
 * Open a regular file to read, waiting for nothing: a pipe or a device is refused (EINVAL). A
 * descriptor, or -1 with errno.
 */
int name_open_input(const char *path);

/* Write a process id. 0 or -1 with errno; made is for name_remove_path(). */
int name_write_pid(const char *path, pid_t pid, struct name_made *made);
/* Remove the regular file if it still is the one that was made. */
void name_remove_path(const char *path, const struct name_made *made);

#endif
