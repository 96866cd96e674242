// SPDX-License-Identifier: GPL-2.0-only
/* Each way to abuse the mounts of a session. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spaces.h"

/* Options are not set behind our back: not by a task of another user namespace, not from outside.
 */
static const char *configure_elsewhere(void *data)
{
	int fs, status;
	pid_t child;

	TRY(own_space());
	fs = syscall(SYS_fsopen, "tmpfs", 0);
	CHECK(fs >= 0);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_DUMPABLE, 1);
		if (unshare(CLONE_NEWUSER))
			_exit(1);
		if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "size", "900g", 0) == 0)
			_exit(2);
		if (errno != EBUSY)
			_exit(3);
		if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
			_exit(4);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	EXPECT(status, 0);
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "size", "900g", 0), -1);
	EXPECT(errno, EPERM);
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "size", "1m", 0), 0);
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), 0);
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "size", "2m", 0), -1);
	EXPECT(syscall(SYS_fsmount, fs, ~1, 0), -1);
	CHECK(syscall(SYS_fsmount, fs, 0, 0) >= 0);
	return NULL;
}

static const char *configured_here(void)
{
	return as_user(configure_elsewhere);
}

/* By force a mount takes its file system from all who use it: only from our own. */
static const char *force(void *data)
{
	TRY(own_space());
	EXPECT(try_mount(path_of("lower"), path_of("a"), NULL, MS_BIND, NULL), 0);
	EXPECT(umount2(path_of("a"), MNT_FORCE), -1);
	EXPECT(errno, EPERM);
	EXPECT(umount2(path_of("a"), 0), 0);
	EXPECT(try_mount("x", path_of("a"), "tmpfs", 0, "size=1m"), 0);
	EXPECT(umount2(path_of("a"), MNT_FORCE), 0);
	return NULL;
}

static const char *no_force(void)
{
	return as_user(force);
}

/* An overlay leaves out what is mounted in its layers. What that covers must stay covered. */
static const char *overlay_uncovers(void *data)
{
	char options[512];
	int fs;

	TRY(own_space());
	/* /sys/kernel has tracing and debug mounted in it, / has everything. */
	snprintf(options, sizeof(options), "lowerdir=/:%s", path_of("b"));
	EXPECT(try_mount("overlay", path_of("a"), "overlay", 0, options), -EPERM);
	snprintf(options, sizeof(options), "lowerdir=%s:/sys/ker\\nel", path_of("b"));
	EXPECT(try_mount("overlay", path_of("a"), "overlay", 0, options), -EPERM);
	EXPECT(try_mount("x", path_of("lower"), "tmpfs", 0, "size=64k"), 0);
	snprintf(options, sizeof(options), "lowerdir=%s:%s", path_of("b"), top);
	EXPECT(try_mount("overlay", path_of("a"), "overlay", 0, options), -EPERM);
	fs = syscall(SYS_fsopen, "overlay", 0);
	if (fs < 0) {
		EXPECT(errno, ENOSYS); /* before 6.5 */
		return NULL;
	}
	EXPECT(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "lowerdir", "/", 0), -1);
	EXPECT(errno, EPERM);
	CHECK(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "lowerdir+", "/", 0) < 0);
	CHECK(syscall(SYS_fsconfig, fs, FSCONFIG_SET_FD, "lowerdir+", NULL, inherited) < 0);
	return NULL;
}

static const char *overlay_covered(void)
{
	return as_user(overlay_uncovers);
}

/*
 * Another thread puts a descriptor of the host's mount where fsmount and open_tree are about to put
 * theirs; the mount must not become the session's by that.
 */
static volatile int swap_to, swap_stop;

static void *swap_descriptor(void *data)
{
	int host = open("/proc", O_PATH | O_DIRECTORY);

	while (!swap_stop)
		dup2(host, swap_to);
	return NULL;
}

static const char *swap_detached(void *data)
{
	pthread_t thread;
	int fd;

	TRY(own_space());
	fd = open("/dev/null", O_RDONLY);
	CHECK(fd >= 0);
	swap_to = fd;
	CHECK(pthread_create(&thread, NULL, swap_descriptor, NULL) == 0);
	for (int i = 0; i < 2000; i++) {
		close(fd);
		syscall(SYS_open_tree, AT_FDCWD, top, OPEN_TREE_CLONE);
		if (i % 100 == 0)
			close_range(fd + 8, ~0U, 0);
	}
	swap_stop = 1;
	pthread_join(thread, NULL);
	EXPECT(umount2("/proc", MNT_DETACH), -1);
	EXPECT(errno, EPERM);
	return NULL;
}

static const char *detached_swapped(void)
{
	return as_user(swap_detached);
}

static const char *mount_in_host(void *data)
{
	EXPECT(try_mount("x", path_of("a"), "tmpfs", 0, NULL), -EPERM);
	EXPECT(umount2("/proc", MNT_DETACH), -1);
	EXPECT(errno, EPERM);
	return NULL;
}

static const char *not_in_host(void)
{
	return as_user(mount_in_host);
}

static const char *mount_by_host_fd(void *data)
{
	char path[64];

	TRY(own_space());
	CHECK(fchdir(inherited) == 0);
	CHECK(try_mount("x", "a", "tmpfs", 0, NULL) < 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/a", inherited);
	CHECK(try_mount("x", path, "tmpfs", 0, NULL) < 0);
	snprintf(path, sizeof(path), "/proc/self/cwd/a");
	CHECK(try_mount("x", path, "tmpfs", 0, NULL) < 0);
	return NULL;
}

static const char *not_by_host_fd(void)
{
	return as_user(mount_by_host_fd);
}

static const char *mount_kinds(void *data)
{
	static const char *const kinds[] = {"proc",   "sysfs",	 "ext4",     "devtmpfs",
					    "devpts", "cgroup2", "nfs",	     "fuseblk",
					    "bpf",    "debugfs", "squashfs", "9p"};

	TRY(own_space());
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		EXPECT(try_mount("none", path_of("a"), kinds[i], 0, NULL), -EPERM);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		CHECK(syscall(SYS_fsopen, kinds[i], 0) < 0);
	return NULL;
}

static const char *not_other_kinds(void)
{
	return as_user(mount_kinds);
}

static const char *undo_host(void *data)
{
	TRY(own_space());
	EXPECT(umount2("/proc", MNT_DETACH), -1);
	EXPECT(umount2("/", MNT_DETACH), -1);
	EXPECT(try_mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND, NULL), -EPERM);
	EXPECT(try_mount(NULL, "/", NULL, MS_REMOUNT, NULL), -EPERM);
	CHECK(try_mount("/proc", path_of("a"), NULL, MS_MOVE, NULL) < 0);
	EXPECT(try_mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL), -EPERM);
	CHECK(mount_line("/proc") != NULL);
	/* A bind of what has mounts below it must not show what they cover. */
	EXPECT(try_mount("/", path_of("a"), NULL, MS_BIND, NULL), 0);
	CHECK(access(path_of("a/proc/self/status"), F_OK) == 0);
	CHECK(umount2(path_of("a/proc"), MNT_DETACH) < 0);
	return NULL;
}

static const char *not_undone(void)
{
	return as_user(undo_host);
}

static const char *devices(void *data)
{
	TRY(own_space());
	EXPECT(try_mount("x", path_of("a"), "tmpfs", 0, NULL), 0);
	EXPECT(mknod(path_of("a/null"), S_IFCHR | 0666, makedev(1, 3)), -1);
	EXPECT(errno, EPERM);
	EXPECT(try_mount("/dev/null", path_of("lower/file"), NULL, MS_BIND, NULL), 0);
	EXPECT(open(path_of("lower/file"), O_RDONLY), -1);
	EXPECT(errno, EACCES);
	return NULL;
}

static const char *no_devices(void)
{
	return as_user(devices);
}

static const char *fuse_limits(void *data)
{
	char options[128];
	int fd = open("/dev/fuse", O_RDWR);

	TRY(own_space());
	CHECK(fd >= 0);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=%d,group_id=%d,subtype=x\\,allow_other", fd, USER,
		 USER);
	EXPECT(try_mount("x", path_of("a"), "fuse", 0, options), -EPERM);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	EXPECT(try_mount("x", path_of("a"), "fuse", 0, options), -EPERM);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=%d,group_id=%d,allow_other", fd, USER, USER);
	EXPECT(try_mount("x", path_of("a"), "fuse", 0, options), -EPERM);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%d,group_id=%d,blkdev", fd,
		 USER, USER);
	CHECK(try_mount("x", path_of("a"), "fuse", 0, options) < 0);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%d,group_id=%d", fd, USER,
		 USER);
	EXPECT(try_mount("x", path_of("a"), "fuse", 0, options), 0);
	EXPECT(umount2(path_of("a"), MNT_DETACH), 0);
	return NULL;
}

static const char *fuse_limited(void)
{
	return as_user(fuse_limits);
}

static const char *other_limits(void *data)
{
	char options[512];

	TRY(own_space());
	CHECK(try_mount("x", path_of("a"), "tmpfs", 0, "size=900g") < 0);
	CHECK(try_mount("x", path_of("a"), "tmpfs", 0, "size=200%") < 0);
	CHECK(try_mount("x", path_of("a"), "tmpfs", 0, "huge=always") < 0);
	/* to tmpfs, a comma behind a backslash is one like any other */
	EXPECT(try_mount("x", path_of("a"), "tmpfs", 0, "mode=700\\,size=900g"), -EPERM);
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s,redirect_dir=on",
		 path_of("lower"), path_of("upper"), path_of("work"));
	CHECK(try_mount("overlay", path_of("a"), "overlay", 0, options) < 0);
	snprintf(options, sizeof(options), "lowerdir=/root,upperdir=%s,workdir=%s,userxattr",
		 path_of("upper"), path_of("work"));
	if (try_mount("overlay", path_of("a"), "overlay", 0, options) == 0)
		CHECK(open(path_of("a/.bashrc"), O_RDONLY) < 0 && errno == EACCES);
	return NULL;
}

static const char *others_limited(void)
{
	return as_user(other_limits);
}

static const char *escapes(void *data)
{
	struct {
		struct file_handle handle;
		char bytes[128];
	} handle = {.handle.handle_bytes = 128};
	int mount_id;

	TRY(own_space());
	/* the host's namespace again */
	CHECK(open("/proc/1/ns/mnt", O_RDONLY) < 0);
	CHECK(open("/proc/1/root/etc", O_RDONLY) < 0);
	if (name_to_handle_at(AT_FDCWD, top, &handle.handle, &mount_id, 0) == 0) {
		CHECK(open_by_handle_at(inherited, &handle.handle, O_RDONLY) < 0);
		EXPECT(errno, EPERM);
	}
	/* no other privilege came along */
	CHECK(chroot(top) < 0 && errno == EPERM);
	CHECK(setuid(0) < 0 && errno == EPERM);
	CHECK(sethostname("mine", 4) < 0 && errno == EPERM);
	CHECK(setns(open("/proc/self/ns/mnt", O_RDONLY), CLONE_NEWNS) < 0 && errno == EPERM);
	CHECK(unshare(CLONE_NEWNS | CLONE_NEWNET) < 0);
	CHECK(mknod(path_of("node"), S_IFBLK | 0666, makedev(8, 0)) < 0 && errno == EPERM);
	return NULL;
}

static const char *no_escape(void)
{
	return as_user(escapes);
}

static const char *setuid_in_mount(void *data)
{
	int status;

	TRY(own_space());
	/* /usr/bin has set-uid programs: not so through a mount of ours, and no_new_privs anyway.
	 */
	EXPECT(try_mount("/usr/bin", path_of("a"), NULL, MS_BIND, NULL), 0);
	status = system(". /dev/null; [ \"$(id -u)\" = 1000 ]");
	EXPECT(status, 0);
	CHECK(strstr(mount_line(path_of("a")), "nosuid"));
	return NULL;
}

static const char *no_setuid(void)
{
	return as_user(setuid_in_mount);
}

/* Two threads: one changes what a path leads to while the other mounts there. */
static const char *race_paths(void *data)
{
	pid_t child;

	TRY(own_space());
	CHECK(symlink(path_of("b"), path_of("link")) == 0);
	child = fork();
	if (child == 0) {
		char swap[128];

		snprintf(swap, sizeof(swap), "%s", path_of("swap"));
		for (;;) {
			unlink(swap);
			if (symlink("/proc", swap) || rename(swap, path_of("link")))
				_exit(0);
			unlink(swap);
			if (symlink(path_of("b"), swap) || rename(swap, path_of("link")))
				_exit(0);
		}
	}
	for (int i = 0; i < 200; i++) {
		if (try_mount("x", path_of("link"), "tmpfs", 0, "size=64k") == 0)
			umount2(path_of("link"), MNT_DETACH);
		umount2(path_of("b"), MNT_DETACH);
	}
	kill(child, 9);
	waitpid(child, NULL, 0);
	/* Whatever is on /proc now, below it is still what the host had. */
	while (umount2("/proc", MNT_DETACH) == 0)
		;
	CHECK(access("/proc/self/status", F_OK) == 0);
	return NULL;
}

static const char *race(void)
{
	return as_user(race_paths);
}

/* A session without the flag has no help. */
static const char *unhelped(void *data)
{
	EXPECT(unshare(CLONE_NEWNS), -1);
	EXPECT(errno, EPERM);
	return NULL;
}

static const char *only_when_asked(void)
{
	struct kmview *session;

	EXPECT(system("chmod 666 /dev/kmview"), 0);
	TRY(become_user());
	EXPECT(kmview_open(&session, NULL), 0);
	return inside(session, unhelped, NULL, let_go, NULL);
}

const struct test mount_limit_tests[] = {
	{"a session that did not ask has no help", only_when_asked},
	{"nothing is mounted in the host's namespace", not_in_host},
	{"not by a descriptor of the host's namespace", not_by_host_fd},
	{"no other kinds of file systems", not_other_kinds},
	{"options of fsopen are not set from elsewhere", configured_here},
	{"force is for file systems of the session only", no_force},
	{"an overlay does not uncover what is mounted in its layers", overlay_covered},
	{"a descriptor changed in the middle makes no mount the session's", detached_swapped},
	{"nothing of the host's is unmounted, moved, changed or uncovered", not_undone},
	{"device nodes are not made nor opened", no_devices},
	{"FUSE is limited as fusermount3 limits it", fuse_limited},
	{"tmpfs and overlay are limited", others_limited},
	{"no way back, no other privilege", no_escape},
	{"no set-uid through a mount", no_setuid},
	{"paths that change during a mount gain nothing", race},
	{},
};
