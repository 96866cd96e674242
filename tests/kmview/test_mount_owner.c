// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nobody gets into the user namespaces that the mounts of a session belong to, nor keeps what is lent
 * there: from inside, from outside, as root without capabilities, by ptrace, through a user namespace of
 * one's own, and when session and module are gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spaces.h"

#ifndef NS_GET_USERNS
#define NS_GET_USERNS	 _IO(0xb7, 1)
#define NS_GET_PARENT	 _IO(0xb7, 2)
#define NS_GET_OWNER_UID _IO(0xb7, 4)
#endif

/* Try to enter a mount namespace, and all user namespaces that it belongs to but the initial one. */
static const char *enter_all(int mounts)
{
	struct stat initial, this;
	int ns;

	CHECK(mounts >= 0);
	EXPECT(setns(mounts, CLONE_NEWNS), -1);
	EXPECT(errno, EPERM);
	EXPECT(stat("/proc/1/ns/user", &initial) && stat("/proc/self/ns/user", &initial), 0);
	ns = ioctl(mounts, NS_GET_USERNS);
	CHECK(ns >= 0 || errno == EPERM);
	for (int i = 0; ns >= 0 && i < 3; i++) {
		uid_t owner;

		EXPECT(fstat(ns, &this), 0);
		CHECK(this.st_ino != initial.st_ino);
		EXPECT(ioctl(ns, NS_GET_OWNER_UID, &owner), 0);
		EXPECT(owner, 65534);
		EXPECT(setns(ns, CLONE_NEWUSER), -1);
		EXPECT(errno, EPERM);
		ns = ioctl(ns, NS_GET_PARENT);
	}
	return NULL;
}

static const char *enter_from_inside(void *data)
{
	TRY(own_space());
	return enter_all(open("/proc/self/ns/mnt", O_RDONLY));
}

static const char *from_inside(void)
{
	return as_user(enter_from_inside);
}

static bool drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	return syscall(SYS_capset, &head, none) == 0;
}

/* The same user, one in a user namespace of his own, and uid 0 without capabilities. */
static int link_ends[2];

static const char *connect_ends(void *data)
{
	EXPECT(socketpair(AF_UNIX, SOCK_DGRAM, 0, link_ends), 0);
	for (int kind = 0; kind < 3; kind++) {
		pid_t child = fork();
		int fd;

		if (child)
			continue;
		if (kind < 2 && become_user())
			_exit(1);
		fd = receive_fd(link_ends[0]);
		if (kind == 1 && unshare(CLONE_NEWUSER))
			_exit(1);
		if (kind == 2 && !drop_capabilities())
			_exit(1);
		scratch->number[kind] = enter_all(fd) ? 1 : 2;
		_exit(0);
	}
	return NULL;
}

static const char *send_namespace(void *data)
{
	TRY(own_space());
	for (int i = 0; i < 3; i++)
		EXPECT(send_fd(link_ends[1], open("/proc/self/ns/mnt", O_RDONLY)), 0);
	for (int i = 0; i < 3; i++)
		UNTIL(((volatile int *)scratch->number)[i]);
	for (int i = 0; i < 3; i++)
		EXPECT(scratch->number[i], 2);
	return NULL;
}

static const char *from_outside(void)
{
	return as_user_after(connect_ends, send_namespace, NULL);
}

/* No capability is there before, during and after a call, and none can be taken. */
static const char *status_says(pid_t pid, const char *field, const char *wanted)
{
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	CHECK(file);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, field, strlen(field)) && !strstr(line, wanted)) {
			fclose(file);
			return failed(__FILE__, __LINE__, field, 0);
		}
	fclose(file);
	return NULL;
}

#define NO_CAPABILITIES "0000000000000000"

static const char *look_at_capabilities(void *data)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct some[2] = {
		{.effective = 1 << CAP_SYS_ADMIN, .permitted = 1 << CAP_SYS_ADMIN}};
	long ring = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1);
	struct stat before, after;

	EXPECT(stat("/proc/self/ns/user", &before), 0);
	TRY(own_space());
	EXPECT(try_mount("x", path_of("a"), "tmpfs", 0, NULL), 0);
	TRY(status_says(getpid(), "CapEff", NO_CAPABILITIES));
	TRY(status_says(getpid(), "CapPrm", NO_CAPABILITIES));
	TRY(status_says(getpid(), "CapInh", NO_CAPABILITIES));
	TRY(status_says(getpid(), "CapAmb", NO_CAPABILITIES));
	EXPECT(syscall(SYS_capset, &head, some), -1);
	EXPECT(stat("/proc/self/ns/user", &after), 0);
	CHECK(before.st_ino == after.st_ino);
	/* The keyrings are those of the user, not of another namespace. */
	CHECK(ring > 0);
	EXPECT(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1), ring);
	EXPECT(access("/proc/1/environ", R_OK), -1);
	return NULL;
}

static const char *no_capabilities(void)
{
	return as_user(look_at_capabilities);
}

/* While a mount call waits for a server that does not answer, others look at the task. */
static const char *hang_in_mount(void *data)
{
	char options[128];
	int device = open("/dev/fuse", O_RDWR);
	pid_t child;

	EXPECT(prctl(PR_SET_DUMPABLE, 1), 0);
	TRY(own_space());
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=1000,group_id=1000",
		 device);
	EXPECT(try_mount("x", path_of("a"), "fuse", 0, options), 0);
	child = fork();
	if (child == 0) {
		close(device);
		try_mount(path_of("a/x"), path_of("b"), NULL, MS_BIND, NULL);
		_exit(0);
	}
	UNTIL(process_state(child) == 'S' || process_state(child) == 'D');
	TRY(status_says(child, "CapEff", NO_CAPABILITIES));
	EXPECT(ptrace(PTRACE_SEIZE, child, NULL, NULL), 0);
	TRY(status_says(child, "CapPrm", NO_CAPABILITIES));
	kill(child, SIGKILL);
	close(device);
	CHECK(waitpid(child, NULL, 0) == child);
	return NULL;
}

static const char *nothing_during(void)
{
	return as_user(hang_in_mount);
}

/* An outsider of the same user sees and debugs a task as before. */
static const char *wait_for_end(void *data)
{
	TRY(own_space());
	EXPECT(chdir(path_of("a")), 0);
	scratch->number[0] = getpid();
	UNTIL(((volatile int *)scratch->number)[1]);
	return NULL;
}

static const char *debugged(void)
{
	struct kmview_options options = {.flags = KMVIEW_INIT_MOUNT};
	struct kmview *session;
	char path[64], text[256];
	pid_t child;
	int status;

	TRY(prepare());
	TRY(become_user());
	EXPECT(prctl(PR_SET_DUMPABLE, 1), 0);
	EXPECT(kmview_open(&session, &options), 0);
	child = inside_start(session, wait_for_end, NULL);
	UNTIL(((volatile int *)scratch->number)[0]);
	for (const char *const *name = (const char *const[]){"exe", "cwd", "root", NULL}; *name;
	     name++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", child, *name);
		CHECK(readlink(path, text, sizeof(text)) > 0);
	}
	snprintf(path, sizeof(path), "/proc/%d/environ", child);
	CHECK(close(open(path, O_RDONLY)) == 0);
	EXPECT(ptrace(PTRACE_SEIZE, child, NULL, NULL), 0);
	EXPECT(ptrace(PTRACE_INTERRUPT, child, NULL, NULL), 0);
	CHECK(waitpid(child, &status, __WALL) == child && WIFSTOPPED(status));
	EXPECT(ptrace(PTRACE_DETACH, child, NULL, NULL), 0);
	scratch->number[1] = 1;
	TRY(inside_serve(session, child, let_go, NULL));
	kmview_close(session);
	return clean_up() ? NULL : "rm failed";
}

/* In a user namespace of its own a task has what it mounts there, and no more over what was there. */
static const char *nest(void *data)
{
	int fd;

	EXPECT(prctl(PR_SET_DUMPABLE, 1), 0);
	TRY(own_space());
	EXPECT(try_mount(top, path_of("a"), NULL, MS_BIND | MS_REC, NULL), 0);
	EXPECT(unshare(CLONE_NEWUSER | CLONE_NEWNS), 0);
	TRY(still_covered(open(path_of("a"), O_PATH | O_DIRECTORY)));
	EXPECT(umount2(path_of("a"), MNT_DETACH), -1);
	EXPECT(umount2(path_of("covered"), MNT_DETACH), -1);
	EXPECT(try_mount("x", path_of("b"), "tmpfs", 0, NULL), 0);
	fd = open(path_of("b"), O_PATH | O_DIRECTORY);
	EXPECT(umount2(path_of("b"), MNT_DETACH), 0);
	close(fd);
	EXPECT(setuid(0), -1);
	return NULL;
}

static const char *nested(void)
{
	return as_user_after(cover, nest, NULL);
}

/* uid 0 without capabilities is a user like others, and so is one who is root of nothing. */
static const char *powerless_root(void *data)
{
	char options[256];

	CHECK(drop_capabilities());
	TRY(own_space());
	EXPECT(try_mount("x", path_of("a"), "tmpfs", 0, NULL), 0);
	EXPECT(umount2("/proc", MNT_DETACH), -1);
	TRY(still_covered(open(top, O_PATH | O_DIRECTORY)));
	TRY(enter_all(open("/proc/self/ns/mnt", O_RDONLY)));
	/* Files of others stay closed, also to an overlay. */
	EXPECT(open(path_of("lower/closed"), O_RDONLY), -1);
	snprintf(options, sizeof(options), "lowerdir=%s:%s", path_of("lower"), path_of("ro"));
	EXPECT(try_mount("overlay", path_of("b"), "overlay", 0, options), 0);
	EXPECT(open(path_of("b/closed"), O_RDONLY), -1);
	EXPECT(errno, EACCES);
	EXPECT(chown(path_of("lower/file"), 0, 0), -1);
	TRY(status_says(getpid(), "CapEff", NO_CAPABILITIES));
	return NULL;
}

static const char *root_without(void)
{
	struct kmview_options options = {.flags = KMVIEW_INIT_MOUNT};
	struct kmview *session;
	char command[512];
	const char *why;

	TRY(prepare());
	TRY(cover(NULL));
	snprintf(command, sizeof(command),
		 "cd %s/lower && echo x >closed && chown 1001 closed && chmod 600 closed", top);
	EXPECT(system(command), 0);
	EXPECT(kmview_open(&session, &options), 0);
	why = inside(session, powerless_root, NULL, let_go, NULL);
	kmview_close(session);
	snprintf(command, sizeof(command), "umount -l %s/covered %s/ro", top, top);
	EXPECT(system(command), 0);
	return clean_up() ? why : "rm failed";
}

/* Two users in one session of root's: one has no authority over the other's files. */
static const char *other_user(void *data)
{
	char options[256];

	EXPECT(setresgid(1001, 1001, 1001) || setresuid(1001, 1001, 1001), 0);
	TRY(own_space());
	EXPECT(try_mount("x", path_of("a"), "tmpfs", 0, NULL), 0);
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", path_of("lower"),
		 path_of("upper"), path_of("work"));
	if (try_mount("overlay", path_of("b"), "overlay", 0, options) == 0)
		CHECK(open(path_of("b/new"), O_CREAT | O_RDWR, 0644) < 0);
	CHECK(open(path_of("upper/new"), O_CREAT | O_RDWR, 0644) < 0);
	return NULL;
}

static const char *other_users(void)
{
	struct kmview_options options = {.flags = KMVIEW_INIT_MOUNT};
	struct kmview *session;
	const char *why;

	TRY(prepare());
	EXPECT(kmview_open(&session, &options), 0);
	why = inside(session, other_user, NULL, let_go, NULL);
	kmview_close(session);
	return clean_up() ? why : "rm failed";
}

/* A core dump goes where the task is, as the task's user. */
static const char *dump(void *data)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	struct stat status;
	int how;
	pid_t child;

	EXPECT(prctl(PR_SET_DUMPABLE, 1), 0);
	TRY(own_space());
	EXPECT(try_mount("x", path_of("a"), "tmpfs", 0, NULL), 0);
	child = fork();
	if (child == 0) {
		if (chdir(path_of("a")) || setrlimit(RLIMIT_CORE, &all))
			_exit(1);
		abort();
	}
	CHECK(waitpid(child, &how, 0) == child && WIFSIGNALED(how) && WCOREDUMP(how));
	EXPECT(stat(path_of("a/core"), &status) && stat(path_of("a/core.0"), &status), 0);
	EXPECT(status.st_uid, USER);
	EXPECT(status.st_mode & 07777, 0600);
	return NULL;
}

static const char *plain_core(void *data)
{
	EXPECT(system("echo core >/proc/sys/kernel/core_pattern; echo 0 "
		      ">/proc/sys/kernel/core_uses_pid"),
	       0);
	return NULL;
}

static const char *nothing_left(void *data)
{
	EXPECT(access(path_of("a/core"), F_OK), -1);
	return NULL;
}

static const char *dumped(void)
{
	return as_user_after(plain_core, dump, nothing_left);
}

/* Where the administrator has switched user namespaces off, and where there is to be no help. */
static int set_number(const char *path, const char *number)
{
	int fd = open(path, O_WRONLY), written = fd < 0 ? -1 : write(fd, number, strlen(number));

	close(fd);
	return written > 0 ? 0 : -1;
}

#define MAX_USER    "/proc/sys/user/max_user_namespaces"
#define USER_MOUNTS "/sys/module/kmview/parameters/user_mounts"
#define MAX_SPACES  "/sys/module/kmview/parameters/max_spaces"

static const char *none_allowed(void *data)
{
	return set_number(MAX_USER, "0") ? "sysctl" : NULL;
}

static const char *mount_only(void *data)
{
	EXPECT(unshare(CLONE_NEWUSER), -1);
	EXPECT(errno, ENOSPC);
	TRY(own_space());
	EXPECT(try_mount("x", path_of("a"), "tmpfs", 0, NULL), 0);
	return NULL;
}

static const char *without_namespaces(void)
{
	char old[32] = "";
	int fd = open(MAX_USER, O_RDONLY);
	const char *why;

	CHECK(read(fd, old, sizeof(old) - 1) > 0);
	why = as_user_after(none_allowed, mount_only, NULL);
	EXPECT(set_number(MAX_USER, old), 0);
	return why;
}

static const char *refused_by_parameter(void)
{
	struct kmview_options options = {.flags = KMVIEW_INIT_MOUNT};
	struct kmview *session;
	pid_t child;
	int status;

	EXPECT(system("chmod 666 /dev/kmview"), 0);
	EXPECT(set_number(USER_MOUNTS, "N"), 0);
	child = fork();
	if (child == 0) {
		if (become_user())
			_exit(1);
		if (kmview_open(&session, &options) != -EACCES)
			_exit(2);
		_exit(kmview_open(&session, NULL) ? 3 : 0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	EXPECT(kmview_open(&session, &options), 0);
	kmview_close(session);
	EXPECT(set_number(USER_MOUNTS, "Y"), 0);
	EXPECT(status, 0);
	return NULL;
}

static const char *few_spaces(void *data)
{
	return set_number(MAX_SPACES, "3") ? "parameter" : NULL;
}

static const char *make_spaces(void *data)
{
	pid_t children[3];

	for (int i = 0; i < 3; i++) {
		int ready[2];
		char byte;

		EXPECT(pipe(ready), 0);
		children[i] = fork();
		if (children[i] == 0) {
			if (unshare(CLONE_NEWNS) == 0 && write(ready[1], "x", 1) == 1)
				pause();
			_exit(1);
		}
		close(ready[1]);
		EXPECT(read(ready[0], &byte, 1), 1);
	}
	EXPECT(unshare(CLONE_NEWNS), -1);
	EXPECT(errno, ENOSPC);
	for (int i = 0; i < 3; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
	TRY(own_space());
	return NULL;
}

static const char *limited(void)
{
	const char *why = as_user_after(few_spaces, make_spaces, NULL);

	EXPECT(set_number(MAX_SPACES, "256"), 0);
	return why;
}

/* Module and session go while a mount namespace, a detached tree and a FUSE device of theirs live. */
static const char *keep_alive(void *data)
{
	char options[128];
	int device = open("/dev/fuse", O_RDWR);

	TRY(own_space());
	EXPECT(try_mount("x", path_of("a"), "tmpfs", 0, "mode=777"), 0);
	EXPECT(close(open(path_of("a/file"), O_CREAT | O_RDWR, 0644)), 0);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=1000,group_id=1000",
		 device);
	EXPECT(try_mount("x", path_of("b"), "fuse", 0, options), 0);
	EXPECT(send_fd(link_ends[1], open("/proc/self/ns/mnt", O_RDONLY)), 0);
	EXPECT(send_fd(link_ends[1], device), 0);
	EXPECT(send_fd(link_ends[1], open(top, O_PATH | O_DIRECTORY)), 0);
	return NULL;
}

static const char *cover_and_link(void *data)
{
	EXPECT(socketpair(AF_UNIX, SOCK_DGRAM, 0, link_ends), 0);
	return cover(data);
}

static const char *gone(void)
{
	struct kmview_options options = {.flags = KMVIEW_INIT_MOUNT};
	struct kmview *session;
	int ns, device, directory, status;
	char command[512];
	pid_t child;

	TRY(prepare());
	TRY(cover_and_link(NULL));
	child = fork();
	if (child == 0) {
		TRY(become_user());
		if (kmview_open(&session, &options))
			_exit(1);
		_exit(inside(session, keep_alive, NULL, let_go, NULL) ? 1 : 0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	EXPECT(status, 0);
	ns = receive_fd(link_ends[0]);
	device = receive_fd(link_ends[0]);
	directory = receive_fd(link_ends[0]);
	CHECK(ns >= 0 && device >= 0 && directory >= 0);
	EXPECT(system("for i in $(seq 600); do rmmod kmview 2>/dev/null && exit 0; sleep 0.1; "
		      "done; exit 1"),
	       0);
	TRY(still_covered(directory));
	child = fork();
	if (child == 0) {
		/* Root may; what is there works. */
		if (setns(ns, CLONE_NEWNS) || access(path_of("a/file"), F_OK) ||
		    umount2(path_of("a"), 0))
			_exit(1);
		if (umount2(path_of("b"), MNT_DETACH))
			_exit(2);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	close(ns);
	close(device);
	close(directory);
	EXPECT(system("modprobe kmview && chmod 666 /dev/kmview"), 0);
	EXPECT(status, 0);
	snprintf(command, sizeof(command), "umount -l %s/covered %s/ro", top, top);
	EXPECT(system(command), 0);
	return clean_up() ? NULL : "rm failed";
}

const struct test mount_owner_tests[] = {
	{"nobody enters the session's namespaces from inside", from_inside},
	{"nor from outside, from a user namespace, or as uid 0 without capabilities", from_outside},
	{"a task has no capability afterwards, and the same keyrings", no_capabilities},
	{"a task that hangs in a mount call has nothing to take", nothing_during},
	{"an outsider of the same user sees and debugs a task as before", debugged},
	{"a user namespace made inside has no authority over what was there", nested},
	{"uid 0 without capabilities is an ordinary user", root_without},
	{"in a session of root's, users have no authority over files of others", other_users},
	{"a core dump is written where the task is, by its user", dumped},
	{"user.max_user_namespaces=0 keeps nobody from mounting", without_namespaces},
	{"the parameter user_mounts refuses ordinary users", refused_by_parameter},
	{"the parameter max_spaces limits a session", limited},
	{"module and session go while their namespaces live", gone},
	{},
};
