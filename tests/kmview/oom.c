// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory runs out, on purpose: each thing that a manager or a task does is done again and again,
 * and the first, second, third ... allocation (or copy from or to user space) that the kernel makes
 * on the way fails, until it is done without reaching the one that was to fail. Needs a kernel with
 * fault injection (fail-nth, see the kernel's fault-injection.rst), and root.
 *
 * What fails may fail, with an error or, where a task would get outside, with that task's death. It
 * must work when it is done again. That nothing leaks is for kmemleak to say, afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/tap.h"
#include "user/libkmview/libkmview.h"

#define FAILURES_MAX 2000
#define ANSWER	     4242
#define INSTALLED    4343
#define USER	     1000

struct step {
	const char *name;
	long (*run)(
		void); /* negative: failed, with that errno; -ESTALE: in a way that must not be */
};

static int fail_nth = -1;
static struct kmview *session;

static void inject(unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);

	/* If a failure is due still, this may be where it is made; then the next is without. */
	if (pwrite(fail_nth, text, length, 0) != length &&
	    pwrite(fail_nth, text, length, 0) != length)
		_exit(9);
}

/* Was the failure due by now made? */
static bool injected(void)
{
	char text[16] = "";
	bool made = pread(fail_nth, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;

	inject(0);
	return made;
}

/* Returns how many failures there were, or negative if something went wrong that must not. */
static int exhaust(const struct step *step)
{
	for (int nth = 1; nth < FAILURES_MAX; nth++) {
		long result;
		bool made;

		inject(nth);
		result = step->run();
		made = injected();
		if (result == -ESTALE) {
			printf("# failure %d: not as it must be\n", nth);
			return -1;
		}
		if (!made && result < 0) {
			printf("# without failure: %s\n", strerror(-result));
			return -1;
		}
		if (!made)
			return nth - 1;
	}
	printf("# no end of allocations\n");
	return -1;
}

/* Of the calling thread, from now on. */
static void open_fail_nth(void)
{
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
}

static bool exhaust_all(const struct step *steps, const char *who)
{
	bool good = true;

	for (; steps->name; steps++) {
		int failures = exhaust(steps);

		printf("# %s, %s: %d failures\n", who, steps->name, failures);
		fflush(stdout);
		good &= failures >= 0;
	}
	return good;
}

static long error_of(long result)
{
	return result < 0 ? -errno : result;
}

/* ---- the manager */

static long open_close(void)
{
	struct kmview *other;
	int error = kmview_open(&other, NULL);

	if (error < 0)
		return error;
	kmview_close(other);
	return 0;
}

static long open_with_mounts(void)
{
	struct kmview_options options = {.flags = KMVIEW_INIT_MOUNT, .slots = 4};
	struct kmview *other;
	int error = kmview_open(&other, &options);

	if (error < 0)
		return error;
	kmview_close(other);
	return 0;
}

static long rules(void)
{
	struct kmview_hook pass = {.action = KMVIEW_PASS};
	int error = kmview_hook(session, "sysinfo", NULL);

	if (error >= 0)
		error = kmview_hook(session, "getrusage", NULL);
	if (error >= 0)
		error = kmview_hook(session, "sysinfo", &pass);
	return error;
}

/* In a session of its own, so that each hook is new. */
static long fresh_rules(void)
{
	struct kmview *other;
	int error = kmview_open(&other, NULL);

	if (error < 0)
		return error;
	error = kmview_hook(other, "times", NULL);
	kmview_close(other);
	return error;
}

static long prefix(void)
{
	int error = kmview_prefix(session, "/some/where", 1);

	return error < 0 ? error : kmview_prefix(session, "/some/where", 0);
}

static long mark(void)
{
	int fd = open("/etc/hostname", O_RDONLY), error;

	if (fd < 0)
		return -errno;
	error = kmview_mark(session, fd, 1);
	if (error >= 0)
		error = kmview_mark(session, fd, 0);
	close(fd);
	return error;
}

static long tasks(void)
{
	struct kmview_task_info *list;
	size_t count;
	int error = kmview_tasks(session, &list, &count);

	if (error < 0)
		return error;
	free(list);
	return 0;
}

static long stats(void)
{
	struct kmview_stats unused;

	return kmview_stats(session, &unused);
}

/* A child that would be inside. It is not injected: that ends with the fork. */
static long attach(void)
{
	int error, status;
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (child == 0) {
		pause();
		_exit(0);
	}
	error = kmview_attach(session, child, 0);
	kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return error;
}

static long formats(void)
{
	struct kmview_format rules[2] = {{.flags = KMVIEW_FORMAT_SUFFIX,
					  .suffix = ".none",
					  .interpreter = (uintptr_t) "/bin/true"}};
	int error;

	rules[1] = rules[0];
	rules[1].flags |= KMVIEW_FORMAT_DIRECTORY;
	rules[1].directory = (uintptr_t) "/none";
	error = kmview_formats(session, rules, 2);
	return error < 0 ? error : kmview_formats(session, NULL, 0);
}

static long image(void)
{
	int fd = memfd_create("image", MFD_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	error = ftruncate(fd, 4096) < 0 ? -errno : kmview_image(session, fd, -1);
	close(fd);
	return error < 0 ? error : kmview_image(session, -1, -1);
}

static const struct step manager_steps[] = {
	{"a session", open_close},
	{"a session with mounts", open_with_mounts},
	{"rules", rules},
	{"rules of a new session", fresh_rules},
	{"a prefix", prefix},
	{"a mark", mark},
	{"the list of tasks", tasks},
	{"counters", stats},
	{"attaching", attach},
	{"formats", formats},
	{"an image", image},
	{},
};

/* ---- a task */

static long join_again(void)
{
	struct kmview *inner;
	int error = kmview_open(&inner, NULL), status;
	pid_t child;

	if (error < 0)
		return error;
	child = fork();
	if (child == 0) {
		open_fail_nth();
		inject(1);
		error = kmview_join(inner, 0);
		_exit(injected() ? 0 : error < 0);
	}
	error = child < 0 ? -errno : 0;
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	kmview_close(inner);
	return error;
}

static long notified(void)
{
	long result = syscall(SYS_getppid);

	/* The answer comes, or an error; never what the kernel would say. */
	return result == ANSWER ? 0 : result < 0 ? -errno : -ESTALE;
}

static long notified_bytes(void)
{
	struct utsname name;
	long result = error_of(syscall(SYS_uname, &name));

	return result == 0 && strcmp(name.sysname, "PlanX") ? -ESTALE : result;
}

static long filtered(void)
{
	long result = openat(AT_FDCWD, "/tmp/kmview.oom/nothing", O_RDONLY);

	/* There is no such file: the manager was not asked. */
	return result == ANSWER ? 0 : result >= 0 || errno == ENOENT ? -ESTALE : -errno;
}

static long installed(void)
{
	int fd = syscall(SYS_dup, INSTALLED);

	if (fd < 0)
		return errno == EBADF ? -ESTALE : -errno;
	return close(fd);
}

/* The child must be inside, or dead. */
static long forked(void)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (child == 0)
		_exit(syscall(SYS_getppid) == ANSWER ? 0 : 99);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		return -ESTALE;
	return WIFSIGNALED(status) ? -ENOMEM : 0;
}

static long ring_of_io(void)
{
	long result = syscall(SYS_io_uring_setup, 4, NULL);

	return result == -1 && errno == ENOSYS ? 0 : -ESTALE;
}

static const struct step task_steps[] = {
	{"a notified call", notified},
	{"a notified call with bytes", notified_bytes},
	{"a call with path filters", filtered},
	{"an installed descriptor", installed},
	{"a fork", forked},
	{"a nested session", join_again},
	{"io_uring", ring_of_io},
	{},
};

/* ---- mounts, as an ordinary user */

static long private_space(void)
{
	return error_of(unshare(CLONE_NEWNS));
}

/* What was mounted can be unmounted; if that is where memory runs out, the second time, so that
 * nothing piles up. */
static long unmount_point(void)
{
	long result = error_of(umount2("/tmp/kmview.oom/point", MNT_DETACH));

	if (result < 0 && umount2("/tmp/kmview.oom/point", MNT_DETACH) < 0)
		return -ESTALE;
	return result;
}

static long mount_tmpfs(void)
{
	if (mount("x", "/tmp/kmview.oom/point", "tmpfs", 0, "size=64k") < 0)
		return -errno;
	return unmount_point();
}

static long mount_bind(void)
{
	if (mount("/tmp/kmview.oom/from", "/tmp/kmview.oom/point", NULL, MS_BIND, NULL) < 0)
		return -errno;
	return unmount_point();
}

static long mount_new_api(void)
{
	int fs = syscall(SYS_fsopen, "tmpfs", 1), fd = -1;
	long result;

	if (fs < 0)
		return -errno;
	result = error_of(syscall(SYS_fsconfig, fs, 1 /* SET_STRING */, "size", "64k", 0));
	if (result >= 0)
		result = error_of(syscall(SYS_fsconfig, fs, 6 /* CMD_CREATE */, NULL, NULL, 0));
	if (result >= 0)
		result = fd = error_of(syscall(SYS_fsmount, fs, 0, 0));
	if (result >= 0)
		result = error_of(syscall(SYS_move_mount, fd, "", AT_FDCWD, "/tmp/kmview.oom/point",
					  4 /* F_EMPTY_PATH */));
	close(fs);
	if (fd >= 0)
		close(fd);
	return result < 0 ? result : unmount_point();
}

static const struct step mount_steps[] = {
	{"unshare", private_space},
	{"mount of a tmpfs", mount_tmpfs},
	{"bind", mount_bind},
	{"fsopen to move_mount", mount_new_api},
	{},
};

/* ---- running it */

static void serve(struct kmview_request *request, void *data)
{
	static const struct utsname fake = {.sysname = "PlanX"};
	int fd;

	if (!request->call) {
		kmview_continue(request);
	} else if (!strcmp(request->call->name, "getppid")) {
		kmview_return(request, ANSWER);
	} else if (!strcmp(request->call->family, "uname")) {
		kmview_return_bytes(request, 0, request->event.args[0], &fake, sizeof(fake));
	} else if (!strcmp(request->call->name, "dup") && request->event.args[0] == INSTALLED) {
		fd = open("/etc/hostname", O_RDONLY);
		if (kmview_install(request, fd, -1, true) < 0)
			kmview_return(request, -EIO);
		close(fd);
	} else if (!strcmp(request->call->name, "openat")) {
		kmview_return(request, ANSWER);
	} else {
		kmview_continue(request);
	}
}

static bool hook_all(void)
{
	struct kmview_hook filtered_open = {.action = KMVIEW_NOTIFY, .path_marks = 1};

	return kmview_prefix(session, "/tmp/kmview.oom", 1) >= 0 &&
	       kmview_hook(session, "getppid", NULL) >= 0 &&
	       kmview_hook(session, "uname", NULL) >= 0 && kmview_hook(session, "dup", NULL) >= 0 &&
	       kmview_hook(session, "openat", &filtered_open) >= 0;
}

/* Become a user who may do nothing more than others, but to inject failures. */
static bool become(uid_t uid)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	data[0].permitted = data[0].effective = 1u << CAP_SYS_RESOURCE;
	return prctl(PR_SET_KEEPCAPS, 1) == 0 && setresgid(uid, uid, uid) == 0 &&
	       setresuid(uid, uid, uid) == 0 && syscall(SYS_capset, &header, data) == 0 &&
	       prctl(PR_SET_DUMPABLE, 1) == 0;
}

/* Do the steps in a child that is in the session, which we serve. */
static bool inside(const struct step *steps, const char *who, uid_t uid)
{
	static const struct kmview_operations operations = {.request = serve};
	int status, gate[2];
	pid_t child;
	char byte;

	if (pipe2(gate, O_CLOEXEC) < 0)
		return false;
	child = fork();
	if (child == 0) {
		if (kmview_join(session, 0) < 0 || write(gate[1], "", 1) != 1)
			_exit(1);
		open_fail_nth();
		if (uid && !become(uid)) {
			perror("# become a user");
			_exit(1);
		}
		_exit(!exhaust_all(steps, who));
	}
	close(gate[1]);
	if (read(gate[0], &byte, 1) != 1 || kmview_run(session, &operations, NULL, 1) < 0)
		return false;
	close(gate[0]);
	waitpid(child, &status, 0);
	return status == 0;
}

/* Let every allocation be one that may fail, and say nothing about it. */
static bool prepare(void)
{
	return system("for kind in failslab fail_page_alloc fail_usercopy; do "
		      "cd /sys/kernel/debug/$kind || exit; echo 0 >verbose; "
		      "for wait in ignore-gfp-wait ignore-gfp-highmem; do [ ! -e $wait ] || echo N "
		      ">$wait; done; "
		      "[ ! -e min-order ] || echo 0 >min-order; done; "
		      "mkdir -p /tmp/kmview.oom/point /tmp/kmview.oom/from; echo x "
		      ">/tmp/kmview.oom/file; "
		      "chown -R 1000 /tmp/kmview.oom; true") == 0 &&
	       access("/proc/self/fail-nth", W_OK) == 0;
}

int main(void)
{
	struct kmview_options options = {.flags = KMVIEW_INIT_MOUNT};

	if (!ok(prepare(), "the kernel injects failures"))
		return done_testing();
	ok(kmview_open(&session, &options) == 0 && hook_all(), "a session");
	open_fail_nth();
	ok(exhaust_all(manager_steps, "manager"), "what a manager does survives each failure");
	ok(inside(task_steps, "task", 0), "what a task does survives each failure");
	kmview_close(session);
	ok(kmview_open(&session, &options) == 0 && hook_all(), "a session again");
	ok(inside(mount_steps, "mounts", USER), "what a user mounts survives each failure");
	kmview_close(session);
	return done_testing();
}
