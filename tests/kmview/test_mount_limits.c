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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spaces.h"

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
	EXPECT(try_mount("overlay", path_of("a"), "overlay", 0, options), -EINVAL);
	snprintf(options, sizeof(options), "lowerdir=%s:/sys/ker\\nel", path_of("b"));
	EXPECT(try_mount("overlay", path_of("a"), "overlay", 0, options), -EINVAL);
	fs = syscall(SYS_fsopen, "overlay", 0);
	CHECK(fs >= 0);
	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "lowerdir", options + 9, 0) == 0)
		CHECK(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0);
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
	EXPECT(errno, EINVAL);
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
	CHECK(try_mount(NULL, "/", NULL, MS_REMOUNT, NULL) < 0);
	CHECK(try_mount(NULL, "/tmp", NULL, MS_REMOUNT, "size=1g") < 0);
	CHECK(try_mount("/proc", path_of("a"), NULL, MS_MOVE, NULL) < 0);
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
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	EXPECT(try_mount("x", path_of("a"), "fuse", 0, options), -EPERM);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%d,group_id=%d,blkdev", fd,
		 USER, USER);
	CHECK(try_mount("x", path_of("a"), "fuse", 0, options) < 0);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%d,group_id=%d", fd, USER,
		 USER);
	EXPECT(try_mount("x", path_of("a"), "fuse", 0, options), 0);
	EXPECT(umount2(path_of("a"), MNT_DETACH), 0);
	/* allow_other would be for nobody: it is left out. */
	fd = open("/dev/fuse", O_RDWR);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=%d,allow_other,group_id=%d", fd, USER, USER);
	EXPECT(try_mount("x", path_of("a"), "fuse", 0, options), 0);
	CHECK(!strstr(mount_line(path_of("a")), "allow_other"));
	EXPECT(umount2(path_of("a"), MNT_DETACH), 0);
	EXPECT(try_mount("x", path_of("a"), "fuse", 0,
			 "fd=0,rootmode=40000,user_id=1000,group_id=1000"),
	       -EINVAL);
	EXPECT(try_mount("x", path_of("a"), "fuse", 0,
			 "fd=999,rootmode=40000,user_id=1000,group_id=1000"),
	       -EBADF);
	return NULL;
}

/*
 * By fsopen its options cannot be checked. That says ENOSYS, upon which mount(8) takes mount(2); and
 * a context that a race got from it anyway takes no device: neither a fresh one, nor one that mount(2)
 * has made the session's.
 */
static volatile char racing_type[8];

static void *race_type(void *data)
{
	for (;;) {
		memcpy((char *)racing_type, "fuse", 5);
		memcpy((char *)racing_type, "tmpf", 5);
		memcpy((char *)racing_type, "tmpfs", 6);
	}
	return NULL;
}

static int context_of_fuse(void)
{
	for (int tries = 0; tries < 2000; tries++) {
		int fs = syscall(SYS_fsopen, racing_type, 0);

		if (fs < 0)
			continue;
		if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "rootmode", "40000", 0) == 0)
			return fs; /* tmpfs has no such option */
		close(fs);
	}
	return -1;
}

static bool takes(int fs, int device)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", device);
	syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "user_id", "0", 0);
	syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "group_id", "0", 0);
	syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "fd", number, 0);
	return syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0;
}

/* A context of a user namespace, sent from there. */
static int context_of_user_namespace(void)
{
	int ends[2], fs;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends))
		return -1;
	child = fork();
	if (child == 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
			_exit(1);
		_exit(send_fd(ends[1], syscall(SYS_fsopen, "fuse", 0)) ? 1 : 0);
	}
	close(ends[1]);
	fs = receive_fd(ends[0]);
	waitpid(child, NULL, 0);
	return fs;
}

static const char *fuse_by_context(void *data)
{
	int device = open("/dev/fuse", O_RDWR), fs;
	char options[128];
	pthread_t thread;

	TRY(own_space());
	EXPECT(syscall(SYS_fsopen, "fuse", 0), -1);
	EXPECT(errno, ENOSYS);
	/* A mount that fails leaves an adopted device. */
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=1000,group_id=1000,nonsense", device);
	CHECK(try_mount("x", path_of("a"), "fuse", 0, options) < 0);
	fs = context_of_user_namespace();
	CHECK(fs >= 0);
	CHECK(!takes(fs, device));
	CHECK(pthread_create(&thread, NULL, race_type, NULL) == 0);
	fs = context_of_fuse();
	if (fs >= 0)
		CHECK(!takes(fs, device));
	fs = fs >= 0 ? context_of_fuse() : fs;
	if (fs >= 0)
		CHECK(!takes(fs, open("/dev/fuse", O_RDWR)));
	/* It is still good for mount(2), with the user's ids. */
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=1000", device);
	EXPECT(try_mount("x", path_of("a"), "fuse", 0, options), -EPERM);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=1000,group_id=1000",
		 device);
	EXPECT(try_mount("x", path_of("a"), "fuse", 0, options), 0);
	EXPECT(umount2(path_of("a"), MNT_DETACH), 0);
	return NULL;
}

static const char *fuse_context(void)
{
	return as_user(fuse_by_context);
}

static const char *fuse_limited(void)
{
	return as_user(fuse_limits);
}

static const char *other_limits(void *data)
{
	char options[512];

	TRY(own_space());
	/* Directories that are closed to the user, or not the user's. */
	snprintf(options, sizeof(options), "lowerdir=/root:%s", path_of("b"));
	CHECK(try_mount("overlay", path_of("a"), "overlay", 0, options) < 0 ||
	      open(path_of("a/.bashrc"), O_RDONLY) < 0);
	umount2(path_of("a"), MNT_DETACH);
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=/etc,workdir=%s", path_of("lower"),
		 path_of("work"));
	CHECK(try_mount("overlay", path_of("a"), "overlay", 0, options) < 0);
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=/usr,workdir=/var",
		 path_of("lower"));
	if (try_mount("overlay", path_of("a"), "overlay", 0, options) == 0)
		CHECK(open(path_of("a/new"), O_CREAT | O_RDWR, 0644) < 0);
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
	CHECK(unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 && errno == EPERM);
	CHECK(unshare(CLONE_NEWPID) < 0 && errno == EPERM);
	CHECK(open("/etc/shadow", O_RDONLY) < 0 && errno == EACCES);
	CHECK(chown(path_of("lower/file"), 0, 0) < 0 && errno == EPERM);
	CHECK(mknod(path_of("node"), S_IFBLK | 0666, makedev(8, 0)) < 0 && errno == EPERM);
	return NULL;
}

static const char *no_escape(void)
{
	return as_user(escapes);
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
	{"force is for file systems of the session only", no_force},
	{"an overlay does not uncover what is mounted in its layers", overlay_covered},
	{"a descriptor changed in the middle makes no mount the session's", detached_swapped},
	{"nothing of the host's is unmounted, moved, changed or uncovered", not_undone},
	{"device nodes are not made nor opened", no_devices},
	{"FUSE is limited as fusermount3 limits it", fuse_limited},
	{"FUSE is mounted by mount(2) only", fuse_context},
	{"an overlay opens nothing that is closed", others_limited},
	{"no way back, no other privilege", no_escape},
	{"paths that change during a mount gain nothing", race},
	{},
};
