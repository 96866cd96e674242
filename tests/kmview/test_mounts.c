// SPDX-License-Identifier: GPL-2.0-only
/* What an ordinary user can mount in the private namespace of a session. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spaces.h"

static const char *mount_tmpfs(void *data)
{
	char *line;

	TRY(own_space());
	EXPECT(try_mount("x", path_of("a"), "tmpfs", 0, "size=1m"), 0);
	line = mount_line(path_of("a"));
	CHECK(line && strstr(line, "nosuid") && strstr(line, "nodev"));
	CHECK(!strstr(line, "shared:"));
	EXPECT(close(open(path_of("a/file"), O_CREAT | O_RDWR, 0644)), 0);
	EXPECT(umount2(path_of("a"), 0), 0);
	EXPECT(access(path_of("a/file"), F_OK), -1);
	return NULL;
}

static const char *tmpfs(void)
{
	return as_user(mount_tmpfs);
}

static const char *mount_bind(void *data)
{
	char *line;

	TRY(own_space());
	EXPECT(try_mount(path_of("lower"), path_of("a"), NULL, MS_BIND, NULL), 0);
	EXPECT(access(path_of("a/file"), F_OK), 0);
	line = mount_line(path_of("a"));
	CHECK(line && strstr(line, "nosuid") && strstr(line, "nodev"));
	EXPECT(try_mount(NULL, path_of("a"), NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	EXPECT(open(path_of("a/new"), O_CREAT | O_RDWR, 0644), -1);
	EXPECT(errno, EROFS);
	line = mount_line(path_of("a"));
	CHECK(line && strstr(line, " ro,"));
	/* /tmp is nosuid and nodev in the host: what comes from there stays so. */
	EXPECT(try_mount(NULL, path_of("a"), NULL, MS_REMOUNT | MS_BIND, NULL), 0);
	line = mount_line(path_of("a"));
	CHECK(line && strstr(line, "nosuid") && strstr(line, "nodev"));
	return NULL;
}

static const char *bind(void)
{
	return as_user(mount_bind);
}

static const char *read_text(const char *path, const char *wanted)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY);

	CHECK(fd >= 0);
	EXPECT(read(fd, text, sizeof(text) - 1), strlen(wanted));
	close(fd);
	CHECK(!strcmp(text, wanted));
	return NULL;
}

static const char *append_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0644);

	CHECK(fd >= 0);
	EXPECT(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return NULL;
}

static const char *mount_overlay(void *data)
{
	char options[512];
	struct stat status;

	TRY(own_space());
	EXPECT(close(open(path_of("b/second"), O_CREAT | O_RDWR, 0644)), 0);
	snprintf(options, sizeof(options), "lowerdir=%s:%s", path_of("lower"), path_of("b"));
	EXPECT(try_mount("overlay", path_of("a"), "overlay", 0, options), 0);
	EXPECT(access(path_of("a/file"), F_OK), 0);
	EXPECT(access(path_of("a/second"), F_OK), 0);
	EXPECT(unlink(path_of("a/file")), -1);
	EXPECT(errno, EROFS);
	EXPECT(umount2(path_of("a"), 0), 0);

	/* With an upper layer: copied up, removed, renamed, made. */
	snprintf(options, sizeof(options), "lowerdir=%s:%s,upperdir=%s,workdir=%s",
		 path_of("lower"), path_of("b"), path_of("upper"), path_of("work"));
	EXPECT(try_mount("overlay", path_of("a"), "overlay", 0, options), 0);
	TRY(append_text(path_of("a/file"), "upper\n"));
	TRY(read_text(path_of("a/file"), "lower\nupper\n"));
	TRY(read_text(path_of("lower/file"), "lower\n"));
	TRY(read_text(path_of("upper/file"), "lower\nupper\n"));
	EXPECT(unlink(path_of("a/second")), 0);
	EXPECT(access(path_of("a/second"), F_OK), -1);
	EXPECT(access(path_of("b/second"), F_OK), 0);
	TRY(append_text(path_of("a/new"), "new\n"));
	EXPECT(rename(path_of("a/new"), path_of("a/newer")), 0);
	EXPECT(umount2(path_of("a"), 0), 0);

	/* The host's files have their owners, and what is closed to the user stays so. */
	snprintf(options, sizeof(options), "lowerdir=/etc,upperdir=%s,workdir=%s", path_of("upper"),
		 path_of("work"));
	EXPECT(try_mount("overlay", path_of("a"), "overlay", 0, options), 0);
	EXPECT(stat(path_of("a/passwd"), &status), 0);
	EXPECT(status.st_uid, 0);
	EXPECT(open(path_of("a/shadow"), O_RDONLY), -1);
	EXPECT(errno, EACCES);
	EXPECT(umount2(path_of("a"), 0), 0);
	return NULL;
}

static const char *overlay(void)
{
	return as_user(mount_overlay);
}

static const char *mount_new_api(void *data)
{
	int fs, mount_fd;

	TRY(own_space());
	fs = syscall(SYS_fsopen, "tmpfs", 1 /* FSOPEN_CLOEXEC */);
	CHECK(fs >= 0);
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "size", "1m", 0), 0);
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), 0);
	mount_fd = syscall(SYS_fsmount, fs, 0, 0);
	CHECK(mount_fd >= 0);
	EXPECT(syscall(SYS_move_mount, mount_fd, "", AT_FDCWD, path_of("a"),
		       MOVE_MOUNT_F_EMPTY_PATH),
	       0);
	close(mount_fd); /* or it is busy */
	CHECK(mount_line(path_of("a")));
	EXPECT(umount2(path_of("a"), 0), 0);
	return NULL;
}

static const char *new_api(void)
{
	return as_user(mount_new_api);
}

static int write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY), length = strlen(text), written;

	if (fd < 0)
		return -errno;
	written = write(fd, text, length);
	close(fd);
	return written == length ? 0 : -EIO;
}

/* In a user namespace: an overlay with an upper layer, as a descriptor sent to where it is wanted.
 */
static const char *make_overlay(int to)
{
	char options[512];
	int fs, fd;

	/* After a change of ids /proc/self is root's. */
	EXPECT(prctl(PR_SET_DUMPABLE, 1), 0);
	EXPECT(unshare(CLONE_NEWUSER | CLONE_NEWNS), 0);
	EXPECT(write_file("/proc/self/setgroups", "deny"), 0);
	EXPECT(write_file("/proc/self/gid_map", "0 1000 1"), 0);
	EXPECT(write_file("/proc/self/uid_map", "0 1000 1"), 0);
	fs = syscall(SYS_fsopen, "overlay", 1 /* FSOPEN_CLOEXEC */);
	CHECK(fs >= 0);
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "lowerdir", path_of("lower"), 0), 0);
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "upperdir", path_of("upper"), 0), 0);
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "workdir", path_of("work"), 0), 0);
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0), 0);
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), 0);
	fd = syscall(SYS_fsmount, fs, 0, 0);
	CHECK(fd >= 0);
	snprintf(options, sizeof(options), "%d", fd);
	EXPECT(write(to, options, 16), 16);
	pause();
	return NULL;
}

/* Take the descriptor of that number out of the child. */
static int take_from(pid_t child, int from)
{
	int pidfd = syscall(SYS_pidfd_open, child, 0), fd;
	char number[16];

	if (pidfd < 0 || read(from, number, sizeof(number)) != sizeof(number))
		return -1;
	fd = syscall(SYS_pidfd_getfd, pidfd, atoi(number), 0);
	close(pidfd);
	return fd;
}

static const char *mount_handed_over(void *data)
{
	char text[16] = "";
	int ends[2], fd;
	pid_t child;
	char *line;

	TRY(own_space());
	EXPECT(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		_exit(make_overlay(ends[1]) ? 1 : 0);
	}
	close(ends[1]);
	fd = take_from(child, ends[0]);
	if (fd < 0)
		return scratch->why[0] ? scratch->why : "no overlay came";
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	EXPECT(syscall(SYS_move_mount, fd, "", AT_FDCWD, path_of("a"), MOVE_MOUNT_F_EMPTY_PATH), 0);
	close(fd);
	line = mount_line(path_of("a"));
	CHECK(line && strstr(line, "overlay"));
	fd = open(path_of("a/file"), O_WRONLY | O_APPEND);
	CHECK(fd >= 0);
	EXPECT(write(fd, "upper\n", 6), 6);
	close(fd);
	fd = open(path_of("upper/file"), O_RDONLY);
	CHECK(fd >= 0);
	EXPECT(read(fd, text, sizeof(text)), 12);
	close(fd);
	CHECK(!memcmp(text, "lower\nupper\n", 12));
	EXPECT(umount2(path_of("a"), 0), 0);
	return NULL;
}

static const char *handed_over(void)
{
	return as_user(mount_handed_over);
}

/*
 * A second namespace of the session is a copy of the first: what the session mounted there is its own
 * here, what the host mounted is not.
 */
static const char *next_space(void *data)
{
	TRY(own_space());
	EXPECT(try_mount("x", path_of("a"), "tmpfs", 0, "size=1m"), 0);
	TRY(own_space());
	EXPECT(umount2(path_of("a"), 0), 0);
	EXPECT(umount2("/proc", MNT_DETACH), -1);
	EXPECT(errno, EINVAL);
	EXPECT(try_mount("x", path_of("b"), "tmpfs", 0, "size=1m"), 0);
	EXPECT(umount2(path_of("b"), 0), 0);
	return NULL;
}

static const char *spaces_apart(void)
{
	return as_user(next_space);
}

static int set_attributes(int fd, const char *path, unsigned int flags, struct mount_attr attr)
{
	return syscall(SYS_mount_setattr, fd, path, flags, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

/* Flags of a tree that is not in place yet. */
static const char *mount_flags_before(void *data)
{
	struct mount_attr strict = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC};
	struct mount_attr loose = {.attr_clr = MOUNT_ATTR_NOSUID};
	char *line;
	int fd;

	TRY(own_space());
	fd = syscall(SYS_open_tree, AT_FDCWD, path_of("lower"), OPEN_TREE_CLONE);
	CHECK(fd >= 0);
	EXPECT(set_attributes(fd, "", AT_EMPTY_PATH, strict), 0);
	/* It has this one from the host's /tmp. */
	EXPECT(set_attributes(fd, "", AT_EMPTY_PATH, loose), -EPERM);
	EXPECT(faccessat(fd, "new", W_OK, 0), -1);
	EXPECT(syscall(SYS_move_mount, fd, "", AT_FDCWD, path_of("a"), MOVE_MOUNT_F_EMPTY_PATH), 0);
	close(fd);
	line = mount_line(path_of("a"));
	CHECK(line && strstr(line, " ro,nosuid,nodev,noexec"));
	EXPECT(open(path_of("a/new"), O_CREAT | O_RDWR, 0644), -1);
	EXPECT(errno, EROFS);
	EXPECT(close(open(path_of("lower/new"), O_CREAT | O_RDWR, 0644)), 0);
	EXPECT(umount2(path_of("a"), 0), 0);

	/* A tree with another one in it, all of it at once. */
	EXPECT(try_mount("x", path_of("b"), "tmpfs", 0, "size=1m"), 0);
	fd = syscall(SYS_open_tree, AT_FDCWD, top, OPEN_TREE_CLONE | AT_RECURSIVE);
	CHECK(fd >= 0);
	EXPECT(set_attributes(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, strict), 0);
	EXPECT(openat(fd, "b/new", O_CREAT | O_RDWR, 0644), -1);
	EXPECT(errno, EROFS);
	close(fd);
	return NULL;
}

static const char *flags_before(void)
{
	return as_user(mount_flags_before);
}

static const char *run_fuse(void *data)
{
	char command[512];

	TRY(own_space());
	snprintf(command, sizeof(command),
		 "set -e; cd %s; mksquashfs lower image.sqfs -quiet >/dev/null; squashfuse "
		 "image.sqfs a; "
		 "cmp a/file lower/file; grep -q 'fuse.squashfuse' /proc/self/mountinfo; umount -i "
		 "a; "
		 "! test -e a/file",
		 top);
	EXPECT(system(command), 0);
	return NULL;
}

static const char *fuse(void)
{
	return as_user(run_fuse);
}

/* What the host mounts later is seen in the namespace, not the other way round. */
static int host_says[2], host_does[2];

static const char *host_mounts(void *data)
{
	char command[256];
	pid_t child;

	EXPECT(pipe(host_says), 0);
	EXPECT(pipe(host_does), 0);
	snprintf(command, sizeof(command), "cd %s && mkdir covered && mount --make-shared /tmp",
		 top);
	EXPECT(system(command), 0);
	child = fork(); /* root */
	if (child)
		return child > 0 ? NULL : "fork";
	if (read(host_does[0], command, 1) != 1 ||
	    mount("late", path_of("covered"), "tmpfs", 0, NULL) || write(host_says[1], "m", 1) != 1)
		_exit(1);
	if (read(host_does[0], command, 1) != 1 || umount2(path_of("covered"), 0) ||
	    write(host_says[1], "u", 1) != 1)
		_exit(1);
	_exit(0);
}

static const char *see_host(void *data)
{
	char byte;

	TRY(own_space());
	CHECK(!mount_line(path_of("covered")));
	EXPECT(write(host_does[1], "x", 1), 1);
	EXPECT(read(host_says[0], &byte, 1), 1);
	CHECK(mount_line(path_of("covered")));
	EXPECT(write(host_does[1], "x", 1), 1);
	EXPECT(read(host_says[0], &byte, 1), 1);
	CHECK(!mount_line(path_of("covered")));
	return NULL;
}

static const char *follows_host(void)
{
	return as_user_after(host_mounts, see_host, NULL);
}

const struct test mount_tests[] = {
	{"a user mounts tmpfs, nosuid and nodev", tmpfs},
	{"a user binds, and makes it read-only", bind},
	{"a user mounts overlays, of layers for reading and with an upper layer", overlay},
	{"a user mounts by fsopen, fsmount and move_mount", new_api},
	{"an overlay with an upper layer is made in a user namespace and handed over", handed_over},
	{"a second private namespace is a copy of the first", spaces_apart},
	{"flags of a tree that is not in place yet", flags_before},
	{"an unmodified FUSE program mounts and unmounts", fuse},
	{"what the host mounts and unmounts later is seen", follows_host},
	{},
};
