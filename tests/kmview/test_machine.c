// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to sessions when the machine around them is changed, suspended or filled: tracing is
 * switched off, cgroups and everything are frozen, tables of descriptors are full, a user has had his share.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "spaces.h"

/* 0, or a negative errno. */
static int say(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), error = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		error = -errno;
	if (fd >= 0)
		close(fd);
	return error;
}

#define FTRACE_ENABLED "/proc/sys/kernel/ftrace_enabled"

static const char *tracing_off(void)
{
	struct kmview *session;

	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(say(FTRACE_ENABLED, "0"), -EBUSY);
	kmview_close(session);
	/* The hooks go in the background. */
	UNTIL(say(FTRACE_ENABLED, "0") == 0);
	EXPECT(kmview_open(&session, NULL), -ENOSYS);
	EXPECT(say(FTRACE_ENABLED, "1"), 0);
	EXPECT(kmview_open(&session, NULL), 0);
	kmview_close(session);
	return NULL;
}

/* ---- freezing */

enum { TOLD, RESULT }; /* of scratch->number */

static const char *ask_once(void *data)
{
	scratch->number[RESULT] = syscall(SYS_getppid);
	return NULL;
}

/* A session with a child whose call was taken, and is not answered yet. */
static const char *hold_call(struct kmview **session, struct kmview_loop **loop, pid_t *child,
			     struct kmview_request *request)
{
	EXPECT(kmview_open(session, NULL), 0);
	EXPECT(kmview_hook(*session, "getppid", NULL), 0);
	EXPECT(kmview_loop_new(loop, *session), 0);
	*child = inside_start(*session, ask_once, NULL);
	CHECK(*child > 0);
	EXPECT(kmview_next(*loop, request, -1), 1);
	UNTIL(process_state(*child) == 'S' || process_state(*child) == 'D');
	return NULL;
}

static const char *let_end(struct kmview *session, struct kmview_loop *loop, pid_t child,
			   struct kmview_request *request)
{
	int status;

	kmview_return(request, 4242);
	while (kmview_next(loop, request, -1) == 1)
		kmview_continue(request);
	CHECK(waitpid(child, &status, 0) == child);
	EXPECT(status, 0);
	EXPECT(scratch->number[RESULT], 4242);
	kmview_loop_free(loop);
	kmview_close(session);
	return NULL;
}

#define GROUP "/sys/fs/cgroup/kmview-test"

static bool group_is(const char *line)
{
	char text[256] = "";
	int fd = open(GROUP "/cgroup.events", O_RDONLY);

	if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strstr(text, line);
}

static const char *cgroup_frozen(void)
{
	struct kmview_request request;
	struct kmview_loop *loop;
	struct kmview *session;
	char number[16];
	pid_t child;

	for (int signalled = 0; signalled < 2; signalled++) {
		EXPECT(mkdir(GROUP, 0755), 0);
		TRY(hold_call(&session, &loop, &child, &request));
		snprintf(number, sizeof(number), "%d", child);
		EXPECT(say(GROUP "/cgroup.procs", number), 0);
		/* A signal that has to wait for the answer, too. */
		if (signalled)
			kill(child, SIGWINCH);
		EXPECT(say(GROUP "/cgroup.freeze", "1"), 0);
		UNTIL(group_is("frozen 1"));
		EXPECT(say(GROUP "/cgroup.freeze", "0"), 0);
		UNTIL(group_is("frozen 0"));
		EXPECT(say(GROUP "/cgroup.freeze", "1"), 0);
		UNTIL(group_is("frozen 1"));
		/* An answer that comes meanwhile is not lost, nor taken before it is thawed. */
		kmview_return(&request, 4242);
		EXPECT(kmview_next(loop, &request, 0), 0); /* sends it */
		EXPECT(scratch->number[RESULT], 0);
		EXPECT(say(GROUP "/cgroup.freeze", "0"), 0);
		UNTIL(((volatile int *)scratch->number)[RESULT] == 4242);
		while (kmview_next(loop, &request, -1) == 1)
			kmview_continue(&request);
		CHECK(waitpid(child, NULL, 0) == child);
		kmview_loop_free(loop);
		kmview_close(session);
		scratch->number[RESULT] = 0;
		UNTIL(rmdir(GROUP) == 0);
	}
	return NULL;
}

/* The first step of suspending, and back: a task that cannot be frozen makes it EBUSY. */
static const char *all_frozen(void)
{
	struct kmview_request request;
	struct kmview_loop *loop;
	struct kmview *session;
	pid_t child;

	if (access("/sys/power/pm_test", W_OK))
		return NULL; /* a kernel without tests of suspending */
	TRY(hold_call(&session, &loop, &child, &request));
	EXPECT(say("/sys/power/pm_test", "freezer"), 0);
	EXPECT(say("/sys/power/state", "freeze"), 0);
	EXPECT(say("/sys/power/pm_test", "none"), 0);
	return let_end(session, loop, child, &request);
}

/* ---- descriptors */

static const char *fill_table(void *data)
{
	struct rlimit few = {64, 64};
	struct stat status;

	EXPECT(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (dup(0) >= 0)
		;
	EXPECT(errno, EMFILE);
	EXPECT(dup2(0, 20), 20);
	EXPECT(syscall(SYS_getppid), 20);
	EXPECT(fstat(20, &status), 0);
	CHECK(S_ISDIR(status.st_mode));
	return NULL;
}

static void install_root(struct kmview_request *request, void *data)
{
	int root = open("/", O_RDONLY | O_DIRECTORY);

	kmview_install(request, root, 20, false);
	close(root);
}

static const char *full_table(void)
{
	struct kmview *session;

	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_hook(session, "getppid", NULL), 0);
	return inside(session, fill_table, NULL, install_root, NULL);
}

/* ---- a user's share */

#define PARAMETER "/sys/module/kmview/parameters/"

static const char *as_other(body_fn *body)
{
	pid_t child;
	int status;

	EXPECT(system("chmod 666 /dev/kmview"), 0);
	child = fork();
	if (child == 0)
		_exit(become_user() || body(NULL) ? 1 : 0);
	CHECK(waitpid(child, &status, 0) == child);
	return status ? scratch->why[0] ? scratch->why : "it died" : NULL;
}

static const char *open_rings(void *data)
{
	struct kmview_options large = {.slots = 1024, .slot_size = 4096};
	struct rlimit none = {0, 0};
	struct kmview *session[3];

	EXPECT(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	/* Each takes a bit more than 4 MiB. */
	EXPECT(kmview_open(&session[0], &large), 0);
	EXPECT(kmview_open(&session[1], &large), 0);
	EXPECT(kmview_open(&session[2], &large), -ENOBUFS);
	kmview_close(session[0]);
	UNTIL(kmview_open(&session[2], &large) == 0);
	kmview_close(session[1]);
	kmview_close(session[2]);
	return NULL;
}

static const char *ring_share(void)
{
	const char *why;

	EXPECT(say(PARAMETER "ring_kb", "10000"), 0);
	why = as_other(open_rings);
	EXPECT(say(PARAMETER "ring_kb", "16384"), 0);
	return why;
}

static const char *open_two(void *data)
{
	struct kmview *session[3];

	EXPECT(kmview_open(&session[0], NULL), 0);
	EXPECT(kmview_open(&session[1], NULL), 0);
	EXPECT(kmview_open(&session[2], NULL), -ENFILE);
	kmview_close(session[1]);
	UNTIL(kmview_open(&session[1], NULL) == 0);
	kmview_close(session[0]);
	kmview_close(session[1]);
	return NULL;
}

static const char *session_share(void)
{
	const char *why;

	EXPECT(say(PARAMETER "max_sessions", "2"), 0);
	why = as_other(open_two);
	EXPECT(say(PARAMETER "max_sessions", "256"), 0);
	return why;
}

static const char *hook_listed(void *data)
{
	struct kmview *session;

	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_hook(session, "getppid", NULL), 0);
	EXPECT(kmview_hook(session, "openat", NULL), 0);
	EXPECT(kmview_hook(session, "open", NULL), -EACCES);
	EXPECT(kmview_hook(session, "openat2", NULL), -EACCES);
	kmview_close(session);
	return NULL;
}

static const char *calls_listed(void)
{
	struct kmview *session;
	const char *why;

	EXPECT(say(PARAMETER "user_calls", "getppid,openat"), 0);
	why = as_other(hook_listed);
	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_hook(session, "openat2", NULL), 0);
	kmview_close(session);
	EXPECT(say(PARAMETER "user_calls", "\n"), 0);
	return why;
}

/* In a loop, changes of the kernel's text become slow. */
static double patch(struct kmview *session, int times)
{
	const struct kmview_hook pass = {.action = KMVIEW_PASS};
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (times--)
		if (kmview_hook(session, "umask", NULL) || kmview_hook(session, "umask", &pass))
			return -1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start.tv_sec + (now.tv_nsec - start.tv_nsec) / 1e9;
}

static const char *patch_often(void *data)
{
	struct kmview *session;

	EXPECT(kmview_open(&session, NULL), 0);
	/* Four seconds' worth at once, and the others one after the other. */
	CHECK(patch(session, 12) > 6);
	kmview_close(session);
	return NULL;
}

static const char *patch_rate(void)
{
	const char *why;

	EXPECT(say(PARAMETER "patch_rate", "1"), 0);
	why = as_other(patch_often);
	EXPECT(say(PARAMETER "patch_rate", "16"), 0);
	return why;
}

/* ---- others who hook */

/* A program of root's at the entry of the function that serves getsid(2). Returns its link, or -errno. */
static int attach_entry(int *program)
{
	struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FENTRY);
	int id = libbpf_find_vmlinux_btf_id("__x64_sys_getsid", BPF_TRACE_FENTRY);

	if (id < 0)
		return id;
	options.attach_btf_id = id;
	*program = bpf_prog_load(BPF_PROG_TYPE_TRACING, NULL, "GPL", code, 2, &options);
	if (*program < 0)
		return *program;
	return bpf_raw_tracepoint_open(NULL, *program);
}

static const char *ask_group(void *data)
{
	EXPECT(syscall(SYS_getsid, 0), 4242);
	EXPECT(syscall(SYS_getsid, 0), 4242);
	return NULL;
}

/* Without it the kernel attaches no program to a function. */
static bool no_types(void)
{
	return access("/sys/kernel/btf/vmlinux", F_OK) != 0;
}

static void answer_number(struct kmview_request *request, void *data)
{
	kmview_return(request, 4242);
}

static long runs_of(int program)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(program, &info, &size) ? -1 : (long)info.run_cnt;
}

static const char *shared_entry(void)
{
	int program = -1, link;
	struct seen seen = {0};
	struct kmview *session;
	pid_t native = getsid(0);
	long before;

	if (no_types())
		return NULL;
	link = attach_entry(&program);
	CHECK(link >= 0);
	EXPECT(say("/proc/sys/kernel/bpf_stats_enabled", "1"), 0);
	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_hook(session, "getsid", NULL), 0);
	/* Outside nothing is changed, and both see the calls. */
	before = runs_of(program);
	EXPECT(getsid(0), native);
	CHECK(runs_of(program) > before);
	TRY(inside(session, ask_group, NULL, answer_number, &seen));
	EXPECT(seen.requests, 2);
	CHECK(runs_of(program) > before + 2);
	close(link);
	close(program);
	EXPECT(getsid(0), native);
	kmview_close(session);
	return say("/proc/sys/kernel/bpf_stats_enabled", "0") ? "sysctl" : NULL;
}

/* With share_all, also one that comes later. */
static const char *shared_later(void)
{
	struct seen seen = {0};
	struct kmview *session;
	int program = -1, link;

	if (no_types())
		return NULL;
	EXPECT(say(PARAMETER "share_all", "1"), 0);
	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_hook(session, "getsid", NULL), 0);
	EXPECT(say(PARAMETER "share_all", "0"), 0);
	link = attach_entry(&program);
	CHECK(link >= 0);
	TRY(inside(session, ask_group, NULL, answer_number, &seen));
	EXPECT(seen.requests, 2);
	close(link);
	close(program);
	kmview_close(session);
	return NULL;
}

const struct test machine_tests[] = {
	{"function tracing cannot be switched off under a session, nor a session begin without",
	 tracing_off},
	{"a cgroup is frozen while a task waits for its manager", cgroup_frozen},
	{"the machine is suspended while a task waits for its manager", all_frozen},
	{"a descriptor is installed at a number of a full table", full_table},
	{"the rings of a user take no more than he may lock", ring_share},
	{"a user opens no more sessions than the parameter says", session_share},
	{"ordinary users hook the calls of the parameter user_calls only", calls_listed},
	{"a function that a BPF program is attached to is hooked all the same", shared_entry},
	{"with share_all, one is attached to a function that is hooked", shared_later},
	{"a user has the kernel's text changed at a limited rate", patch_rate},
	{},
};
