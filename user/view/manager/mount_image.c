// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The source of a mount: opened once, as the caller would, and from then on known by that descriptor.
 *
 *	open -> image: locked here, passed to servers as descriptor IMAGE_FD, whatever its name is
 *	     -> part: a server of ours (part/main.c) shows bytes of it as a file, mounted aside; that file
 *		is opened and its mount let go, so the part ends when the last who has it open closes it
 *
 * A lock is on the open file that servers inherit: it lasts as long as one of them lives.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "manager.h"

#define LOCK_WAIT_MS  3000
#define LOCK_PAUSE_MS 50

int mount_open_path(struct view_call *call, const char *path, int flags)
{
	int error, fd = -1;
	struct ask *ask = ask_of(call, &error);

	if (!ask)
		return error;
	ask_value(ask, 0, (int64_t)AT_FDCWD);
	ask_string(ask, 1, path);
	ask_value(ask, 2, flags | O_CLOEXEC);
	error = ask_call_as_caller(ask, SYS_openat, &fd);
	ask_free(ask);
	return error < 0 ? error : fd;
}

int view_mount_open(struct view_mount *mount)
{
	struct stat about;
	int fd;

	if (mount->image >= 0)
		return mount->image;
	fd = mount_open_path(mount->call, view_mount_source(mount), O_RDONLY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &about) < 0)
		return fd;
	/* A server that lists a directory opens it itself. */
	if (!S_ISREG(about.st_mode) && !S_ISBLK(about.st_mode)) {
		close(fd);
		fd = mount_open_path(mount->call, view_mount_source(mount), O_PATH);
	}
	if (fd >= 0)
		mount->image = fd;
	return fd;
}

const char *view_mount_image(struct view_mount *mount)
{
	if (view_mount_open(mount) < 0)
		return view_mount_source(mount);
	return IMAGE_PATH;
}

bool view_mount_writable(struct view_mount *mount)
{
	int error, fd = view_mount_open(mount);
	struct ask *ask = fd < 0 ? NULL : ask_of(mount->call, &error);

	if (!ask)
		return true; /* the server will complain */
	ask_fd(ask, fd);
	ask_value(ask, 0, (int64_t)AT_FDCWD);
	ask_string(ask, 1, IMAGE_PATH);
	ask_value(ask, 2, W_OK);
	ask_value(ask, 3, AT_EACCESS);
	error = ask_call_as_caller(ask, SYS_faccessat2, NULL);
	ask_free(ask);
	return error != -EACCES && error != -EROFS && error != -EPERM;
}

void view_mount_set_read_only(struct view_mount *mount)
{
	mount->flags |= MS_RDONLY;
}

void view_mount_set_unasked(struct view_mount *mount)
{
	mount->unasked = true;
}

int view_mount_set_type(struct view_mount *mount, const char *type)
{
	char *copy = strdup(type);

	if (!copy)
		return -ENOMEM;
	free(mount->type);
	mount->type = copy;
	return 0;
}

/* ---- locks */

/* A server that writes its last after a lazy unmount still has its lock: wait a little for its end.
 */
static bool lock_soon(struct view *view, int fd, int how)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000};

	for (int waited = 0; waited <= LOCK_WAIT_MS; waited += LOCK_PAUSE_MS) {
		servers_forget(view);
		if (flock(fd, how | LOCK_NB) == 0)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* Who has a lock on a file, by the kernel's list; 0: it does not say. */
static pid_t lock_holder(const struct stat *about)
{
	char line[256];
	pid_t holder = 0;
	FILE *file = fopen("/proc/locks", "re");

	while (file && !holder && fgets(line, sizeof(line), file)) {
		unsigned int major, minor;
		unsigned long inode;
		int pid;

		if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%lu", &pid, &major, &minor, &inode) ==
			    4 &&
		    inode == about->st_ino && makedev(major, minor) == about->st_dev)
			holder = pid;
	}
	if (file)
		fclose(file);
	return holder;
}

/* The word after -V in the command line of a view's manager; "": it has none. */
static void view_name_of(pid_t pid, char *name, size_t size)
{
	char path[64], *word = NULL;
	size_t room = 0;
	bool next = false;
	FILE *file;

	name[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	file = fopen(path, "re");
	while (file && getdelim(&word, &room, '\0', file) > 0) {
		const char *value = next ? word : NULL;

		next = !strcmp(word, "-V") || !strcmp(word, "--viewname");
		if (!strncmp(word, "--viewname=", 11))
			value = word + 11;
		else if (!strncmp(word, "-V", 2) && word[2])
			value = word + 2;
		if (value) {
			snprintf(name, size, "%s", value);
			break;
		}
	}
	free(word);
	if (file)
		fclose(file);
}

static int complain_locked(struct view_mount *mount, const struct stat *about, bool alone)
{
	const char *way = alone ? "unmount it there, or mount it read-only everywhere"
				: "unmount it there, or mount it read-only there, too";
	pid_t holder = lock_holder(about);
	char path[64], name[128], target[512], room[1024];
	struct passwd entry, *user = NULL;
	struct stat owner;

	if (holder == getpid()) {
		servers_locked(mount->call->view, about, target, sizeof(target));
		return view_mount_error(
			mount, -EBUSY, "%s is mounted already, in this view%s%s (pid %d): %s",
			view_mount_source(mount), target[0] ? " on " : "", target, holder, way);
	}
	snprintf(path, sizeof(path), "/proc/%d", holder);
	if (!holder || stat(path, &owner) < 0)
		return view_mount_error(mount, -EBUSY,
					"%s is mounted already, in another view, or a server still "
					"writes to it: %s",
					view_mount_source(mount), way);
	getpwuid_r(owner.st_uid, &entry, room, sizeof(room), &user);
	view_name_of(holder, name, sizeof(name));
	snprintf(target, sizeof(target), "uid %u", owner.st_uid);
	return view_mount_error(mount, -EBUSY,
				"%s is mounted already, in the view%s%s of %s (pid %d): %s",
				view_mount_source(mount), name[0] ? " " : "", name,
				user ? user->pw_name : target, holder, way);
}

int view_mount_lock(struct view_mount *mount, bool alone)
{
	int fd = view_mount_open(mount);
	struct stat about;

	/* What cannot be opened is the server's to complain about. */
	if (mount->locked || fd < 0 || fstat(fd, &about) < 0 || !S_ISREG(about.st_mode))
		return 0;
	if (!lock_soon(mount->call->view, fd, alone ? LOCK_EX : LOCK_SH))
		return complain_locked(mount, &about, alone);
	mount->locked = true;
	return 0;
}

bool view_mount_locked(const struct view_mount *mount)
{
	return mount->locked;
}

/* ---- aside: the image, or a part of it, as a file that has a plain name */

/* An empty file to mount on. */
static int make_aside(struct view_mount *mount)
{
	int error;
	struct ask *ask;

	if (snprintf(mount->aside, sizeof(mount->aside), "%s.image", mount->place) >= PATH_MAX)
		return -ENAMETOOLONG;
	ask = ask_of(mount->call, &error);
	if (!ask)
		return error;
	ask_string(ask, 0, mount->aside);
	ask_value(ask, 1, S_IFREG | 0600);
	error = ask_call(ask, SYS_mknod, NULL);
	ask_free(ask);
	if (error)
		mount->aside[0] = '\0';
	return error;
}

void mount_image_let_go(struct view_mount *mount)
{
	if (!mount->aside[0])
		return;
	ask_path(mount->call, SYS_umount2, mount->aside, MNT_DETACH);
	ask_path(mount->call, SYS_unlink, mount->aside, 0);
	mount->aside[0] = '\0';
}

const char *view_mount_aside(struct view_mount *mount)
{
	int error, fd = view_mount_open(mount);
	struct ask *ask;

	if (mount->aside[0])
		return mount->aside;
	if (fd < 0 || make_aside(mount) < 0)
		return view_mount_image(mount);
	ask = ask_of(mount->call, &error);
	if (ask) {
		ask_fd(ask, fd);
		ask_string(ask, 0, IMAGE_PATH);
		ask_string(ask, 1, mount->aside);
		ask_value(ask, 2, 0);
		ask_value(ask, 3, MS_BIND);
		ask_value(ask, 4, 0);
		error = ask_call(ask, SYS_mount, NULL);
		ask_free(ask);
	}
	if (!error)
		return mount->aside;
	mount_image_let_go(mount);
	return view_mount_image(mount);
}

int view_mount_part(struct view_mount *mount, uint64_t offset, uint64_t size)
{
	char program[PATH_MAX + 64], from[32], length[32];
	char *argv[] = {program,    (mount->flags & MS_RDONLY) ? "-oro" : "-orw",
			IMAGE_PATH, from,
			length,	    mount->aside,
			NULL};
	int error, fd = view_mount_open(mount);

	if (fd < 0)
		return fd;
	snprintf(program, sizeof(program), "%s/part", mount->call->view->directory);
	snprintf(from, sizeof(from), "%llu", (unsigned long long)offset);
	snprintf(length, sizeof(length), "%llu", (unsigned long long)size);
	error = make_aside(mount);
	if (!error)
		error = view_mount_program(mount, argv, mount->aside);
	if (!error)
		fd = mount_open_path(mount->call, mount->aside, O_PATH);
	if (error || fd < 0)
		return error ? error : fd;
	/* The whole keeps the lock. */
	mount->whole = mount->image;
	mount->image = fd;
	return 0;
}
