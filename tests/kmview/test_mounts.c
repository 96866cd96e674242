// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mounts by an ordinary user in the private namespace of a session, and each way to abuse that. The
 * test becomes uid 1000; the host's table of mounts must be the same afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
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

#include "inside.h"

#define USER 1000

static char top[64];
static int inherited = -1; /* a directory of the host's namespace */

static const char *become_user(void)
{
	CHECK(setgroups(0, NULL) == 0);
	CHECK(setresgid(USER, USER, USER) == 0 && setresuid(USER, USER, USER) == 0);
	return NULL;
}

static char *read_mounts(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = fopen("/proc/self/mountinfo", "r");

	if (file && getdelim(&text, &size, '\0', file) < 0)
		text = NULL;
	if (file)
		fclose(file);
	return text;
}

/* The line of a mount point in mountinfo; NULL: none. */
static char *mount_line(const char *point)
{
	static char line[1024];
	char *text = read_mounts(), *at;
	char wanted[256];

	snprintf(wanted, sizeof(wanted), " %s ", point);
	at = text ? strstr(text, wanted) : NULL;
	while (at && at > text && at[-1] != '\n')
		at--;
	if (at)
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
	free(text);
	return at ? line : NULL;
}

/* Files for the tests; the rest of the test runs as the user. */
static const char *prepare(void)
{
	char command[768];

	snprintf(top, sizeof(top), "/tmp/mounts.%d", getpid());
	snprintf(command, sizeof(command),
		 "mkdir -p %s/a %s/b %s/lower %s/upper %s/work && echo lower >%s/lower/file && "
		 "chown -R %d:%d %s && "
		 "chmod 666 /dev/fuse /dev/kmview",
		 top, top, top, top, top, top, USER, USER, top);
	EXPECT(system(command), 0);
	inherited = open(top, O_RDONLY | O_DIRECTORY);
	return NULL;
}

static bool clean_up(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command) == 0;
}

/* Run a body as the user in a session with mounts; its namespace is already its own if asked. */
static const char *as_user(body_fn *body)
{
	struct kmview_options options = {.flags = KMVIEW_INIT_MOUNT};
	struct kmview *session;
	char *before = read_mounts(), *after;
	const char *why;

	TRY(prepare());
	TRY(become_user());
	EXPECT(kmview_open(&session, &options), 0);
	CHECK(kmview_features(session) & KMVIEW_FEATURE_MOUNT);
	why = inside(session, body, NULL, let_go, NULL);
	kmview_close(session);
	after = read_mounts();
	if (!why && strcmp(before, after))
		why = failed(__FILE__, __LINE__, "the host's mounts are as before", 0);
	return clean_up() ? why : "rm failed";
}

static const char *path_of(const char *name)
{
	static char paths[4][128];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, 128, "%s/%s", top, name);
	return path;
}

static int try_mount(const char *source, const char *target, const char *type, unsigned long flags,
		     const char *data)
{
	return mount(source, target, type, flags, data) < 0 ? -errno : 0;
}

static const char *own_space(void)
{
	EXPECT(unshare(CLONE_NEWNS), 0);
	return NULL;
}

/* ---- what works */

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

/* ---- a process that was attached enters */

enum { READY, GO, RESULT, END }; /* of scratch->number */

static const char *make_space(void *data)
{
	TRY(own_space());
	EXPECT(try_mount("x", path_of("a"), "tmpfs", 0, "size=1m"), 0);
	EXPECT(close(open(path_of("a/seen"), O_CREAT | O_RDWR, 0644)), 0);
	scratch->number[READY] = 1;
	UNTIL(((volatile int *)scratch->number)[END]);
	return NULL;
}

/* A process outside, in directory a: what it sees there once it is told to look. */
static void look_around(void)
{
	struct stat there, here;

	if (chdir(path_of("a")))
		_exit(1);
	while (!((volatile int *)scratch->number)[GO])
		moment();
	if (stat(path_of("a/seen"), &there) || stat("seen", &here) || there.st_ino != here.st_ino)
		_exit(2);
	/* It is of the space: it may do what the others there may. */
	if (chdir("/") || try_mount("x", path_of("b"), "tmpfs", 0, "size=1m") ||
	    umount2(path_of("b"), 0) || umount2("/proc", MNT_DETACH) == 0)
		_exit(3);
	_exit(0);
}

static bool same_space(pid_t a, pid_t b)
{
	char path[64];
	struct stat one, other;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", a);
	if (stat(path, &one))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", b);
	return stat(path, &other) == 0 && one.st_ino == other.st_ino;
}

static const char *start_space(struct kmview **session, pid_t *like)
{
	struct kmview_options options = {.flags = KMVIEW_INIT_MOUNT};

	/* Whose namespaces can be looked at: after a change of ids that is not so. */
	EXPECT(prctl(PR_SET_DUMPABLE, 1), 0);
	scratch->number[READY] = 0;
	EXPECT(kmview_open(session, &options), 0);
	*like = inside_start(*session, make_space, NULL);
	CHECK(*like > 0);
	UNTIL(((volatile int *)scratch->number)[READY]);
	return NULL;
}

static const char *enter(void)
{
	struct kmview *session;
	pid_t like, outside;
	int status;

	TRY(prepare());
	TRY(become_user());
	outside = fork();
	if (outside == 0) {
		prctl(PR_SET_DUMPABLE, 1);
		look_around();
	}
	TRY(start_space(&session, &like));
	EXPECT(kmview_enter(session, outside, like), -ESRCH);
	EXPECT(kmview_attach(session, outside, 1), 0);
	EXPECT(kmview_enter(session, outside, like), 0);
	UNTIL(same_space(outside, like));
	/* It is not where the manager is any more. */
	EXPECT(kmview_enter(session, outside, like), -EXDEV);
	scratch->number[GO] = 1;
	CHECK(waitpid(outside, &status, 0) == outside);
	EXPECT(status, 0);
	scratch->number[END] = 1;
	TRY(inside_serve(session, like, let_go, NULL));
	kmview_close(session);
	return clean_up() ? NULL : "rm failed";
}

static int idle_thread(void *data)
{
	while (pause())
		;
	return 0;
}

/* Processes that must not enter: started as root, since an ordinary user cannot make them. */
enum kind { PLAIN, THREADS, SHARED, CHROOTED, ELSEWHERE, KINDS };

static void stand_still(enum kind kind)
{
	static char stack[65536];
	const unsigned long thread =
		CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;

	if (kind == CHROOTED && (chroot(top) || chdir("/")))
		_exit(1);
	if (kind == ELSEWHERE && unshare(CLONE_NEWNS))
		_exit(1);
	if (become_user() || prctl(PR_SET_DUMPABLE, 1))
		_exit(1);
	if (kind == THREADS && clone(idle_thread, stack + sizeof(stack), thread, NULL) < 0)
		_exit(1);
	if (kind == SHARED && clone(idle_thread, stack + sizeof(stack), CLONE_FS, NULL) < 0)
		_exit(1);
	scratch->number[4 + kind] = 1;
	for (;;)
		pause();
}

static const char *not_enter(void)
{
	static const int wanted[KINDS] = {0, -EMLINK, -EMLINK, -EXDEV, -EXDEV};
	struct kmview *session, *other;
	pid_t still[KINDS], like, other_like;

	TRY(prepare());
	for (int i = 0; i < KINDS; i++) {
		still[i] = fork();
		if (still[i] == 0)
			stand_still(i);
		UNTIL(((volatile int *)scratch->number)[4 + i]);
	}
	TRY(become_user());
	TRY(start_space(&session, &like));
	TRY(start_space(&other, &other_like));
	for (int i = 0; i < KINDS; i++)
		EXPECT(kmview_attach(session, still[i], 1), 0);
	/* Only what this session made. */
	EXPECT(kmview_enter(session, still[PLAIN], other_like), -EINVAL);
	EXPECT(kmview_enter(session, still[PLAIN], getpid()), -EINVAL);
	EXPECT(kmview_enter(session, still[PLAIN], 1), -EINVAL);
	EXPECT(kmview_enter(session, still[PLAIN], still[ELSEWHERE]), -EINVAL);
	EXPECT(kmview_enter(other, still[PLAIN], other_like), -ESRCH);
	EXPECT(kmview_enter(session, getpid(), like), -ESRCH);
	for (int i = KINDS - 1; i >= 0; i--)
		EXPECT(kmview_enter(session, still[i], like), wanted[i]);
	UNTIL(same_space(still[PLAIN], like));
	for (int i = 1; i < KINDS; i++)
		CHECK(!same_space(still[i], like));
	/* A session without mounts. */
	kmview_close(session);
	kmview_close(other);
	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_enter(session, getpid(), getpid()), -EOPNOTSUPP);
	kmview_close(session);
	return clean_up() ? NULL : "rm failed";
}

/* It enters while stopped, is killed, or its like goes: nothing is left, nobody is somewhere else.
 */
static const char *enter_and_go(void)
{
	struct kmview *session;
	pid_t like, outside;
	int status;

	TRY(prepare());
	TRY(become_user());
	for (int i = 0; i < 3; i++) {
		outside = fork();
		if (outside == 0) {
			prctl(PR_SET_DUMPABLE, 1);
			for (;;)
				pause();
		}
		TRY(start_space(&session, &like));
		EXPECT(kmview_attach(session, outside, 1), 0);
		kill(outside, SIGSTOP);
		UNTIL(process_state(outside) == 'T');
		EXPECT(kmview_enter(session, outside, like), 0);
		EXPECT(kmview_enter(session, outside, like), -EALREADY);
		CHECK(!same_space(outside, like));
		if (i == 1)
			kill(outside, SIGKILL);
		if (i == 2) {
			kill(like, SIGKILL);
			CHECK(waitpid(like, &status, 0) == like);
		}
		kill(outside, SIGCONT);
		if (i == 0)
			UNTIL(same_space(outside, like));
		if (i == 2) {
			UNTIL(process_state(outside) == 'S');
			CHECK(same_space(outside, getpid()));
		}
		EXPECT(kmview_kill(session, SIGKILL), 0);
		CHECK(waitpid(outside, &status, 0) == outside && WIFSIGNALED(status));
		if (i != 2)
			CHECK(waitpid(like, &status, 0) == like);
		kmview_close(session);
	}
	return clean_up() ? NULL : "rm failed";
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

/* ---- what must not */

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

const struct test mount_tests[] = {
	{"a user mounts tmpfs, nosuid and nodev", tmpfs},
	{"a user binds, and makes it read-only", bind},
	{"a user mounts an overlay of layers for reading", overlay},
	{"a user mounts by fsopen, fsmount and move_mount", new_api},
	{"an overlay with an upper layer is made in a user namespace and handed over", handed_over},
	{"a second private namespace starts anew", spaces_apart},
	{"flags of a tree that is not in place yet", flags_before},
	{"an attached process enters the session's mounts, its directory with it", enter},
	{"it enters when it goes on, or not at all if it or its like is killed", enter_and_go},
	{"nobody enters with threads, from elsewhere, or to what the session did not make",
	 not_enter},
	{"an unmodified FUSE program mounts and unmounts", fuse},
	{"a session that did not ask has no help", only_when_asked},
	{"nothing is mounted in the host's namespace", not_in_host},
	{"not by a descriptor of the host's namespace", not_by_host_fd},
	{"no other kinds of file systems", not_other_kinds},
	{"a user mounts FUSE by fsopen", fuse_context},
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
