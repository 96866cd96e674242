// SPDX-License-Identifier: GPL-2.0-only
/* Who is in a session: descendants of every kind, attached processes, sessions in sessions. */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inside.h"

static struct kmview *session;

static const char *open_hooked(void)
{
	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_hook(session, "getppid", NULL), 0);
	return NULL;
}

static void *call_thread(void *data)
{
	syscall(SYS_getppid);
	return NULL;
}

static int raw_clone3(uint64_t flags)
{
	struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};

	return syscall(SYS_clone3, &args, sizeof(args));
}

static const char *breed(void *data)
{
	pthread_t thread;
	pid_t child;

	child = fork(); /* 1 */
	if (child == 0) {
		syscall(SYS_getppid);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	child = vfork(); /* 2 */
	if (child == 0) {
		syscall(SYS_getppid);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	child = raw_clone3(0); /* 3 */
	if (child == 0) {
		syscall(SYS_getppid);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	pthread_create(&thread, NULL, call_thread, NULL); /* 4 */
	pthread_join(thread, NULL);
	child = fork(); /* 5: a grandchild that outlives its parent */
	if (child == 0) {
		if (fork() == 0) {
			while (kill(getppid(), 0) == 0 && getppid() == scratch->number[0])
				moment();
			syscall(SYS_getppid);
			_exit(0);
		}
		_exit(0);
	}
	waitpid(child, NULL, 0);
	return NULL;
}

static const char *descendants(void)
{
	struct seen seen = {0};

	TRY(open_hooked());
	TRY(inside(session, breed, NULL, let_go, &seen));
	CHECK(seen.requests >= 5);
	return NULL;
}

static void *exec_thread(void *data)
{
	execl("/bin/bash", "bash", "-c", "kill -0 $PPID", NULL); /* bash calls getppid */
	return NULL;
}

static const char *exec_in_thread(void *data)
{
	pthread_t thread;

	pthread_create(&thread, NULL, exec_thread, NULL);
	pthread_join(thread, NULL);
	return failed(__FILE__, __LINE__, "exec", errno);
}

static const char *thread_exec(void)
{
	struct seen seen = {0};

	TRY(open_hooked());
	TRY(inside(session, exec_in_thread, NULL, let_go, &seen));
	CHECK(seen.requests >= 1);
	EXPECT(seen.last.pid, seen.last.tid);
	return NULL;
}

static void list_tasks(struct kmview_request *request, void *data)
{
	struct kmview_task_info *tasks;
	size_t count = 0;

	scratch->number[1] = kmview_tasks(session, &tasks, &count) == 0 && count == 2 &&
			     tasks[0].cookie == 77 && tasks[1].cookie == 77 &&
			     tasks[0].session == kmview_session(session);
	free(tasks);
	kmview_continue(request);
}

static const char *fork_and_call(void *data)
{
	pid_t child = fork();

	if (child == 0) {
		pause();
		_exit(0);
	}
	syscall(SYS_getppid);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return NULL;
}

static const char *listed(void)
{
	TRY(open_hooked());
	TRY(inside(session, fork_and_call, NULL, list_tasks, NULL));
	EXPECT(scratch->number[1], 1);
	return NULL;
}

/* ---- joining */

static void *sleeper(void *data)
{
	pause();
	return NULL;
}

static int child_result(int (*body)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		scratch->number[2] = body();
		_exit(0);
	}
	waitpid(child, &status, 0);
	return scratch->number[2];
}

static int join_with_threads(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, sleeper, NULL);
	return kmview_join(session, 0);
}

static int join_with_ring(void)
{
	struct io_uring_params params = {0};
	int fd = syscall(SYS_io_uring_setup, 4, &params);

	if (fd < 0)
		return -EBUSY; /* this kernel has none */
	return kmview_join(session, 0);
}

static int join_other(void)
{
	struct kmview *other;

	/* A session of our parent, and one opened by us: not one in the other. */
	if (kmview_open(&other, NULL) < 0)
		return -1;
	return child_result(join_with_threads);
}

static const char *join_refused(void)
{
	TRY(open_hooked());
	EXPECT(kmview_join(session, 0), -EINVAL);
	EXPECT(child_result(join_with_threads), -EBUSY);
	EXPECT(child_result(join_with_ring), -EBUSY);
	EXPECT(child_result(join_other), -EBUSY);
	return NULL;
}

static const char *no_ring(void *data)
{
	struct io_uring_params params = {0};

	EXPECT(syscall(SYS_io_uring_setup, 4, &params), -1);
	EXPECT(errno, ENOSYS);
	EXPECT(syscall(SYS_io_uring_enter, 0, 0, 0, 0, NULL, 0), -1);
	EXPECT(errno, ENOSYS);
	return NULL;
}

static const char *io_uring(void)
{
	TRY(open_hooked());
	return inside(session, no_ring, NULL, let_go, NULL);
}

/* A set-uid copy of id(1), executed by an ordinary user. */
static const char *run_setuid(void *data)
{
	int status;
	pid_t child;

	EXPECT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	CHECK(setresuid(1000, 1000, 1000) == 0);
	child = fork();
	if (child == 0) {
		execl("/bin/bash", "bash", "-c", "[ $(/var/lib/setuid-id -u) = 1000 ]", NULL);
		_exit(9);
	}
	CHECK(waitpid(child, &status, 0) == child);
	EXPECT(status, 0);
	return NULL;
}

static const char *setuid_gains_nothing(void)
{
	EXPECT(system("cp /usr/bin/id /var/lib/setuid-id && chmod 4755 /var/lib/setuid-id && "
		      "[ $(setpriv --reuid 1000 --clear-groups /var/lib/setuid-id -u) = 0 ]"),
	       0);
	TRY(open_hooked());
	TRY(inside(session, run_setuid, NULL, let_go, NULL));
	unlink("/var/lib/setuid-id");
	return NULL;
}

/* ---- attaching */

static pid_t start_caller(uid_t uid)
{
	pid_t child = fork();

	if (child == 0) {
		if (uid && setresuid(uid, uid, uid))
			_exit(1);
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		/* A parent that is another user by then has no right to that signal. */
		for (int parent; (parent = syscall(SYS_getppid)) != 1; moment())
			scratch->number[3] = parent;
		_exit(0);
	}
	return child;
}

static void answer_and_kill(struct kmview_request *request, void *data)
{
	struct seen *seen = data;

	kmview_return(request, 1234);
	if (seen->requests == 3)
		kmview_kill(session, SIGKILL);
}

static const char *attached(void)
{
	pid_t child = start_caller(0);
	struct seen seen = {0};
	int status;

	TRY(open_hooked());
	UNTIL(scratch->number[3] == getpid());
	EXPECT(kmview_attach(session, child, 5), 0);
	EXPECT(kmview_attach(session, child, 5), -EBUSY);
	scratch->number[14] = child;
	inside_serve(session, child, answer_and_kill, &seen);
	waitpid(child, &status, 0);
	CHECK(seen.requests >= 3);
	EXPECT(seen.last.cookie, 5);
	EXPECT(seen.last.pid, child);
	EXPECT(scratch->number[3], 1234);
	return NULL;
}

static const char *attach_refused(void)
{
	pid_t child = start_caller(0), mine = start_caller(1000);

	CHECK(setresuid(1000, 1000, 1000) == 0);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	TRY(open_hooked());
	EXPECT(kmview_attach(session, child, 0), -EPERM);
	EXPECT(kmview_attach(session, getpid(), 0), -EINVAL);
	EXPECT(kmview_attach(session, 0x3fffff, 0), -ESRCH);
	kill(mine, SIGKILL);
	return NULL;
}

static void answer_1234(struct kmview_request *request, void *data)
{
	kmview_return(request, 1234);
}

static const char *attach_sleeper(void)
{
	pid_t child;
	int pipe_fds[2];
	char byte = 0;

	CHECK(pipe(pipe_fds) == 0);
	child = fork();
	if (child == 0) {
		/* Attached while it sleeps in a call, with a second thread. */
		pthread_t thread;

		pthread_create(&thread, NULL, sleeper, NULL);
		scratch->number[4] = 1;
		if (read(pipe_fds[0], &byte, 1) != 1)
			_exit(1);
		_exit(syscall(SYS_getppid) == 1234 ? 0 : 2);
	}
	UNTIL(scratch->number[4] == 1 && process_state(child) == 'S');
	TRY(open_hooked());
	EXPECT(kmview_attach(session, child, 0), 0);
	CHECK(write(pipe_fds[1], &byte, 1) == 1);
	return inside_serve(session, child, answer_1234, NULL);
}

/* ---- nesting */

static void inner_serve(struct kmview_request *request, void *data)
{
	scratch->number[5]++;
	kmview_continue_tell(request);
}

static void outer_serve(struct kmview_request *request, void *data)
{
	scratch->number[6]++;
	/* The inner manager saw it first. */
	scratch->number[7] = scratch->number[5];
	kmview_return(request, 4321);
}

static const char *call_expecting(void *data)
{
	EXPECT(syscall(SYS_getppid), 4321);
	return NULL;
}

static const char *be_inner_manager(void *data)
{
	struct seen seen = {0};
	struct kmview *inner;
	pid_t child;

	EXPECT(kmview_open(&inner, NULL), 0);
	EXPECT(kmview_hook(inner, "getppid", NULL), 0);
	child = fork();
	if (child == 0) {
		if (kmview_join(inner, 1) < 0)
			_exit(2);
		_exit(call_expecting(NULL) ? 1 : 0);
	}
	UNTIL(process_state(child) != 'R');
	session = inner;
	TRY(inside_serve(inner, child, inner_serve, &seen));
	EXPECT(seen.exits, 1);
	EXPECT(seen.last.result, 4321);
	return NULL;
}

static void change_nothing(struct kmview_request *request, void *data)
{
	uint64_t args[6];

	scratch->number[7]++;
	memcpy(args, request->event.args, sizeof(args));
	kmview_change(request, args, false);
}

static const char *nested(void)
{
	TRY(open_hooked());
	TRY(inside(session, be_inner_manager, NULL, outer_serve, NULL));
	EXPECT(scratch->number[6], 1);
	EXPECT(scratch->number[7], 1);
	return NULL;
}

/* Sessions in sessions, as many as may be; each manager lets the call of the innermost task go on.
 */
static const char *nest(void *data)
{
	struct kmview *inner;
	int error = kmview_open(&inner, NULL);

	if (error < 0) {
		scratch->number[6] = error;
		syscall(SYS_getppid);
		return NULL;
	}
	scratch->number[5]++;
	EXPECT(kmview_hook(inner, "getppid", NULL), 0);
	return inside(inner, nest, NULL, change_nothing, NULL);
}

static const char *nested_deeply(void)
{
	TRY(nest(NULL));
	EXPECT(scratch->number[5], KMVIEW_NESTING_MAX);
	EXPECT(scratch->number[6], -ELOOP);
	EXPECT(scratch->number[7], KMVIEW_NESTING_MAX);
	return NULL;
}

/* A process full of threads that come and go is attached; it is inside once, and leaves nothing
 * behind. */
static void *brief_thread(void *data)
{
	return NULL;
}

static void *breeder(void *data)
{
	pthread_t thread;

	for (;;)
		if (pthread_create(&thread, NULL, brief_thread, NULL) == 0)
			pthread_join(thread, NULL);
	return NULL;
}

static pid_t start_breeders(void)
{
	pid_t child = fork();
	pthread_t thread;

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		for (int i = 0; i < 3; i++)
			pthread_create(&thread, NULL, breeder, NULL);
		scratch->number[4] = 1;
		breeder(NULL);
	}
	return child;
}

static const char *attach_breeders(void)
{
	struct kmview_stats stats;
	int status;

	for (int i = 0; i < 10; i++) {
		pid_t child;

		scratch->number[4] = 0;
		child = start_breeders();
		UNTIL(scratch->number[4] == 1);
		TRY(open_hooked());
		EXPECT(kmview_attach(session, child, 0), 0);
		EXPECT(kmview_stats(session, &stats), 0);
		CHECK(stats.tasks > 0);
		kill(child, SIGKILL);
		CHECK(waitpid(child, &status, 0) == child);
		UNTIL(kmview_stats(session, &stats) == 0 && stats.tasks == 0);
		kmview_close(session);
	}
	return NULL;
}

/* ---- 32-bit programs */

static const char *exec_calls32(void *data)
{
	execl("build/tests/kmview/calls32", "calls32", NULL);
	return failed(__FILE__, __LINE__, "exec of calls32", errno);
}

static void serve32(struct kmview_request *request, void *data)
{
	static const char fake[6 * 65] = "PlanX";

	if (request->event.abi != KMVIEW_ABI_IA32 || !request->call) {
		kmview_continue(request);
		return;
	}
	if (!strcmp(request->call->family, "uname")) {
		scratch->number[8]++;
		kmview_return_bytes(request, 0, request->event.args[0], fake, sizeof(fake));
	} else if (!strcmp(request->call->name, "connect")) {
		char address[32] = "";

		scratch->number[9] = request->socketcall ? 2 : 1;
		kmview_bytes(request, 1, address, 16);
		kmview_return(request, strcmp(address + 2, "/nowhere") ? -EIO : -ECONNREFUSED);
	} else {
		scratch->number[10]++;
		kmview_return(request, 777);
	}
}

static const char *programs_of_32_bits(void)
{
	EXPECT(kmview_open(&session, NULL), 0);
	CHECK(kmview_features(session) & KMVIEW_FEATURE_IA32);
	EXPECT(kmview_hook(session, "uname", NULL), 0);
	EXPECT(kmview_hook(session, "connect", NULL), 0);
	EXPECT(kmview_hook(session, "getuid", NULL), 0);
	TRY(inside(session, exec_calls32, NULL, serve32, NULL));
	EXPECT(scratch->number[8], 1);
	EXPECT(scratch->number[9], 2);
	EXPECT(scratch->number[10], 1);
	return NULL;
}

/* ---- other ways into the same calls */

#define X32_BIT 0x40000000

static long call_int80(long number)
{
	long result;

	asm volatile("int $0x80" : "=a"(result) : "a"(number) : "memory", "r8", "r9", "r10", "r11");
	return result;
}

static const char *other_entries(void *data)
{
	long result;

	EXPECT(syscall(SYS_getppid), 4242);
	EXPECT(call_int80(64 /* getppid of the table for 32 bits */), 4242);
	result = syscall(X32_BIT | SYS_getppid);
	scratch->number[8] = result == 4242;
	if (result != 4242)
		CHECK(result == -1 && errno == ENOSYS); /* the kernel has no x32 */
	/* A number that only x32 has, of a function that has no other number: execveat's compat
	 * form */
	result = syscall(X32_BIT | 545, -1, "/", NULL, NULL, 0);
	CHECK(result == -1 && (errno == ENOSYS || errno == EHOSTUNREACH));
	EXPECT(errno == EHOSTUNREACH, scratch->number[8]);
	return NULL;
}

static void serve_entries(struct kmview_request *request, void *data)
{
	kmview_return(request, request->call && !strcmp(request->call->name, "execveat")
				       ? -EHOSTUNREACH
				       : 4242);
}

static const char *by_other_entries(void)
{
	struct seen seen = {0};
	struct utsname name;

	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_hook(session, "getppid", NULL), 0);
	EXPECT(kmview_hook(session, "execveat", NULL), 0);
	TRY(inside(session, other_entries, NULL, serve_entries, &seen));
	/* Debian's kernels have x32, and guests are booted so that it works. */
	CHECK(uname(&name) == 0);
	if (strstr(name.release, "amd64") || strstr(name.release, "deb"))
		EXPECT(scratch->number[8], 1);
	EXPECT(seen.requests, scratch->number[8] ? 4 : 2);
	return NULL;
}

const struct test task_tests[] = {
	{"children of fork, vfork, clone3, threads and orphans are inside", descendants},
	{"execve from a thread stays inside", thread_exec},
	{"the manager lists who is inside", listed},
	{"joining is refused to the manager, to threads and to users of io_uring", join_refused},
	{"io_uring answers ENOSYS", io_uring},
	{"a set-uid program gains nothing", setuid_gains_nothing},
	{"a running process is attached", attached},
	{"attaching is refused to who could not trace", attach_refused},
	{"a process asleep in a call, with threads, is attached", attach_sleeper},
	{"a session inside a session sees calls first, results last", nested},
	{"sessions nest so deep and no deeper", nested_deeply},
	{"a process whose threads come and go is attached", attach_breeders},
	{"a 32-bit program does not escape, not by socketcall", programs_of_32_bits},
	{"calls by int 0x80 and by numbers of x32 do not escape", by_other_entries},
	{},
};
