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
	/* Not back to less strict. */
	try_mount(NULL, path_of("a"), NULL, MS_REMOUNT | MS_BIND, NULL);
	line = mount_line(path_of("a"));
	CHECK(line && strstr(line, "nosuid") && strstr(line, "nodev"));
	return NULL;
}

static const char *bind(void)
{
	return as_user(mount_bind);
}

/*
 * Layers for reading. An upper layer needs CAP_DAC_OVERRIDE of whoever mounts, since overlayfs
 * makes its work directory with mode 0: that is refused as for any user, and nothing is left
 * mounted.
 */
static const char *mount_overlay(void *data)
{
	char options[512];

	TRY(own_space());
	EXPECT(close(open(path_of("b/second"), O_CREAT | O_RDWR, 0644)), 0);
	snprintf(options, sizeof(options), "lowerdir=%s:%s,userxattr", path_of("lower"),
		 path_of("b"));
	EXPECT(try_mount("overlay", path_of("a"), "overlay", 0, options), 0);
	EXPECT(access(path_of("a/file"), F_OK), 0);
	EXPECT(access(path_of("a/second"), F_OK), 0);
	EXPECT(unlink(path_of("a/file")), -1);
	EXPECT(errno, EROFS);
	EXPECT(umount2(path_of("a"), MNT_DETACH), 0);
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s,userxattr",
		 path_of("lower"), path_of("upper"), path_of("work"));
	EXPECT(try_mount("overlay", path_of("a"), "overlay", 0, options), -EACCES);
	CHECK(!mount_line(path_of("a")));
	return NULL;
}

static const char *overlay(void)
{
	return as_user(mount_overlay);
}

static const char *mount_new_api(void *data)
{
	int fs, mount_fd;
	char *line;

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
	line = mount_line(path_of("a"));
	CHECK(line && strstr(line, "nosuid") && strstr(line, "nodev"));
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
	CHECK(line && strstr(line, "nosuid") && strstr(line, "nodev") && strstr(line, "overlay"));
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

/* What was mounted in a namespace that is left gives no rights in the next one. */
static const char *next_space(void *data)
{
	TRY(own_space());
	EXPECT(try_mount("x", path_of("a"), "tmpfs", 0, "size=1m"), 0);
	TRY(own_space());
	EXPECT(umount2(path_of("a"), 0), -1);
	EXPECT(errno, EPERM);
	EXPECT(umount2("/proc", MNT_DETACH), -1);
	EXPECT(errno, EPERM);
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
	struct mount_attr mapped = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = 0};
	char *line;
	int fd;

	TRY(own_space());
	fd = syscall(SYS_open_tree, AT_FDCWD, path_of("lower"), OPEN_TREE_CLONE);
	CHECK(fd >= 0);
	EXPECT(set_attributes(fd, "", AT_EMPTY_PATH, strict), 0);
	EXPECT(set_attributes(fd, "", AT_EMPTY_PATH, loose), -EPERM);
	EXPECT(set_attributes(fd, "", AT_EMPTY_PATH, mapped), -EPERM);
	EXPECT(syscall(SYS_move_mount, fd, "", AT_FDCWD, path_of("a"), MOVE_MOUNT_F_EMPTY_PATH), 0);
	close(fd);
	line = mount_line(path_of("a"));
	CHECK(line && strstr(line, " ro,nosuid,nodev,noexec"));
	EXPECT(open(path_of("a/new"), O_CREAT | O_RDWR, 0644), -1);
	EXPECT(errno, EROFS);
	EXPECT(close(open(path_of("lower/new"), O_CREAT | O_RDWR, 0644)), 0);
	EXPECT(umount2(path_of("a"), 0), 0);

	/* One that another tree is mounted in: the kernel cannot be asked for all of it. */
	EXPECT(try_mount("x", path_of("b"), "tmpfs", 0, "size=1m"), 0);
	fd = syscall(SYS_open_tree, AT_FDCWD, top, OPEN_TREE_CLONE | AT_RECURSIVE);
	CHECK(fd >= 0);
	EXPECT(set_attributes(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, strict), -EPERM);
	EXPECT(set_attributes(fd, "", AT_EMPTY_PATH, strict), 0);
	close(fd);
	/* What the session did not mount. */
	EXPECT(set_attributes(AT_FDCWD, "/proc", 0, strict), -EPERM);
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

/* The new mount API for FUSE, whose device comes as a descriptor or as its number. */
static const char *fuse_by_context(void *data)
{
	int device = open("/dev/fuse", O_RDWR), fs, mount_fd;
	char number[16];

	TRY(own_space());
	CHECK(device >= 0);
	snprintf(number, sizeof(number), "%d", device);
	fs = syscall(SYS_fsopen, "fuse", 1 /* FSOPEN_CLOEXEC */);
	CHECK(fs >= 0);
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "user_id", "0", 0), -1);
	EXPECT(errno, EPERM);
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, "allow_other", NULL, 0), -1);
	EXPECT(errno, EPERM);
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "user_id", "1000", 0), 0);
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "group_id", "1000", 0), 0);
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "rootmode", "40000", 0), 0);
	/* Older kernels know the number only. */
	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_FD, "fd", NULL, device))
		EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "fd", number, 0), 0);
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), 0);
	mount_fd = syscall(SYS_fsmount, fs, 0, 0);
	CHECK(mount_fd >= 0);
	EXPECT(syscall(SYS_move_mount, mount_fd, "", AT_FDCWD, path_of("a"),
		       MOVE_MOUNT_F_EMPTY_PATH),
	       0);
	close(mount_fd);
	EXPECT(umount2(path_of("a"), MNT_DETACH), 0);
	return NULL;
}

static const char *fuse_context(void)
{
	return as_user(fuse_by_context);
}

const struct test mount_tests[] = {
	{"a user mounts tmpfs, nosuid and nodev", tmpfs},
	{"a user binds, and makes it read-only", bind},
	{"a user mounts an overlay of layers for reading", overlay},
	{"a user mounts by fsopen, fsmount and move_mount", new_api},
	{"an overlay with an upper layer is made in a user namespace and handed over", handed_over},
	{"a second private namespace starts anew", spaces_apart},
	{"flags of a tree that is not in place yet", flags_before},
	{"an unmodified FUSE program mounts and unmounts", fuse},
	{"a user mounts FUSE by fsopen", fuse_context},
	{},
};
