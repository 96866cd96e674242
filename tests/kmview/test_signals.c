// SPDX-License-Identifier: GPL-2.0-only
/* Signals, stops and death while a call waits for its answer. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

static struct kmview *session;
static struct kmview_loop *loop;

static const char *open_hooked(const char *call)
{
	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_hook(session, call, NULL), 0);
	EXPECT(kmview_loop_new(&loop, session), 0);
	return NULL;
}

/* The next request that is none of cancellation. */
static const char *take(struct kmview_request *request)
{
	do
		EXPECT(kmview_next(loop, request, 20000), 1);
	while (request->cancel);
	return NULL;
}

static const char *take_cancel(struct kmview_request *request)
{
	EXPECT(kmview_next(loop, request, 20000), 1);
	CHECK(request->cancel);
	return NULL;
}

static const char *reap(pid_t child, int wanted)
{
	int status;

	EXPECT(kmview_next(loop, &(struct kmview_request){0}, 20000), -ESRCH);
	CHECK(waitpid(child, &status, 0) == child);
	EXPECT(status, wanted);
	return scratch->why[0] ? scratch->why : NULL;
}

static void handler(int signal)
{
	scratch->number[0]++;
}

static void handle(int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	sigaction(SIGUSR1, &action, NULL);
}

static const char *read_once(void *data)
{
	int pipe_fds[2];
	char byte;

	handle(data ? SA_RESTART : 0);
	CHECK(pipe(pipe_fds) == 0);
	scratch->number[1] = read(pipe_fds[0], &byte, 1);
	scratch->number[2] = errno;
	return NULL;
}

static const char *interrupted(void)
{
	struct kmview_request request, cancel;
	pid_t child;

	TRY(open_hooked("read"));
	child = inside_start(session, read_once, NULL);
	TRY(take(&request));
	kill(child, SIGUSR1);
	TRY(take_cancel(&cancel));
	EXPECT(cancel.event.id, request.event.id);
	/* The late answer is refused. */
	EXPECT(kmview_return(&request, 1), -ECANCELED);
	TRY(reap(child, 0));
	EXPECT(scratch->number[1], -1);
	EXPECT(scratch->number[2], EINTR);
	EXPECT(scratch->number[0], 1);
	return NULL;
}

static const char *restarted(void)
{
	struct kmview_request request, again, cancel;
	pid_t child;

	TRY(open_hooked("read"));
	child = inside_start(session, read_once, &session);
	TRY(take(&request));
	kill(child, SIGUSR1);
	TRY(take_cancel(&cancel));
	EXPECT(kmview_return(&request, 1), -ECANCELED);
	TRY(take(&again));
	CHECK(again.event.id != request.event.id);
	EXPECT(kmview_return(&again, 1), 0);
	TRY(reap(child, 0));
	EXPECT(scratch->number[1], 1);
	EXPECT(scratch->number[0], 1);
	return NULL;
}

static const char *getppid_once(void *data)
{
	handle(0);
	scratch->number[1] = syscall(SYS_getppid);
	return NULL;
}

/* getppid is not interruptible: the signal is served after the answer. */
static const char *not_interrupted(void)
{
	struct kmview_request request, other;
	pid_t child;

	TRY(open_hooked("getppid"));
	child = inside_start(session, getppid_once, NULL);
	TRY(take(&request));
	kill(child, SIGUSR1);
	EXPECT(kmview_next(loop, &other, 200), 0);
	EXPECT(scratch->number[0], 0);
	EXPECT(kmview_return(&request, 55), 0);
	TRY(reap(child, 0));
	EXPECT(scratch->number[1], 55);
	EXPECT(scratch->number[0], 1);
	return NULL;
}

static const char *killed(void)
{
	struct kmview_request request, cancel;
	pid_t child;

	TRY(open_hooked("getppid"));
	child = inside_start(session, getppid_once, NULL);
	TRY(take(&request));
	kill(child, SIGKILL);
	TRY(take_cancel(&cancel));
	EXPECT(kmview_return(&request, 1), -ECANCELED);
	EXPECT(kmview_return(&request, 1), -ESTALE);
	return reap(child, SIGKILL);
}

/* Three calls for two slots: the last one is made once the manager has the others. */
static const char *three_calls(void *data)
{
	int status;

	handle(0);
	for (int i = 0; i < 3; i++) {
		if (fork())
			continue;
		while (i == 2 && !((volatile int *)scratch->number)[1])
			moment();
		scratch->number[2] = i == 2 ? getpid() : scratch->number[2];
		_exit(syscall(SYS_getppid) != 55);
	}
	for (int i = 0; i < 3; i++)
		CHECK(wait(&status) > 0 && status == 0);
	return NULL;
}

static const char *without_room(void)
{
	struct kmview_options two = {.slots = 2};
	struct kmview_request request[3];
	pid_t child;

	EXPECT(kmview_open(&session, &two), 0);
	EXPECT(kmview_hook(session, "getppid", NULL), 0);
	EXPECT(kmview_loop_new(&loop, session), 0);
	child = inside_start(session, three_calls, NULL);
	TRY(take(&request[0]));
	TRY(take(&request[1]));
	scratch->number[1] = 1;
	UNTIL(((volatile int *)scratch->number)[2]);
	for (int i = 0; i < 20; i++)
		moment();
	kill(scratch->number[2], SIGUSR1);
	UNTIL(((volatile int *)scratch->number)[0]);
	EXPECT(kmview_return(&request[0], 55), 0);
	EXPECT(kmview_return(&request[1], 55), 0);
	TRY(take(&request[2]));
	EXPECT(request[2].event.pid, scratch->number[2]);
	EXPECT(kmview_return(&request[2], 55), 0);
	return reap(child, 0);
}

/* It died before anybody took its event: the slot comes back. */
static const char *killed_unseen(void)
{
	struct kmview_options two = {.slots = 2};
	struct kmview_request request;
	struct kmview_stats stats;
	int last;

	EXPECT(kmview_open(&session, &two), 0);
	EXPECT(kmview_hook(session, "getppid", NULL), 0);
	EXPECT(kmview_loop_new(&loop, session), 0);
	for (int i = 0; i < 5; i++) {
		pid_t child = inside_start(session, getppid_once, NULL);

		do
			EXPECT(kmview_stats(session, &stats), 0);
		while (stats.events == (uint64_t)i);
		kill(child, SIGKILL);
		CHECK(waitpid(child, &last, 0) == child);
		EXPECT(last, SIGKILL);
		do
			last = kmview_next(loop, &request, 0);
		while (last == 1);
	}
	return NULL;
}

static const char *stopped(void)
{
	struct kmview_request request, other;
	int status;
	pid_t child;

	TRY(open_hooked("getppid"));
	child = inside_start(session, getppid_once, NULL);
	TRY(take(&request));
	kill(child, SIGSTOP);
	EXPECT(kmview_next(loop, &other, 100), 0);
	kill(child, SIGCONT);
	EXPECT(kmview_return(&request, 66), 0);
	TRY(reap(child, 0));
	EXPECT(scratch->number[1], 66);

	child = inside_start(session, getppid_once, NULL);
	TRY(take(&request));
	kill(child, SIGSTOP);
	EXPECT(kmview_return(&request, 67), 0);
	EXPECT(kmview_next(loop, &other, 0), 0);
	CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
	kill(child, SIGCONT);
	TRY(reap(child, 0));
	EXPECT(scratch->number[1], 67);
	return NULL;
}

/* As a shell's job: a stop in a blocking read, then it goes on reading. */
static const char *stopped_reading(void)
{
	struct kmview_request request, other;
	int status, result;
	pid_t child;

	TRY(open_hooked("read"));
	child = inside_start(session, read_once, NULL);
	TRY(take(&request));
	kill(child, SIGSTOP);
	CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
	kill(child, SIGCONT);
	/* The stop may have cancelled the event; the call is then made again, without EINTR. */
	result = kmview_return(&request, 1);
	if (result == -ECANCELED) {
		TRY(take(&other));
		EXPECT(kmview_return(&other, 1), 0);
	}
	TRY(reap(child, 0));
	EXPECT(scratch->number[1], 1);
	return NULL;
}

static const char *traced(void)
{
	struct kmview_request request;
	int status;
	pid_t child;

	TRY(open_hooked("getppid"));
	child = inside_start(session, getppid_once, NULL);
	TRY(take(&request));
	/* A debugger comes and goes while the call waits. */
	CHECK(ptrace(PTRACE_SEIZE, child, 0, 0) == 0);
	CHECK(ptrace(PTRACE_INTERRUPT, child, 0, 0) == 0);
	EXPECT(kmview_return(&request, 88), 0);
	EXPECT(kmview_next(loop, &request, 0), 0);
	CHECK(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
	CHECK(ptrace(PTRACE_DETACH, child, 0, 0) == 0);
	TRY(reap(child, 0));
	EXPECT(scratch->number[1], 88);
	return NULL;
}

/* A timer that fires all the time must not lose or double a call. */
static const char *reading_under_fire(void *data)
{
	struct itimerspec often = {.it_interval.tv_nsec = 3000000, .it_value.tv_nsec = 3000000};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	timer_t timer;
	char byte;
	int fd = open("/dev/null", O_RDONLY);

	handle(SA_RESTART);
	CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	CHECK(timer_settime(timer, 0, &often, NULL) == 0);
	for (int i = 0; i < 100; i++)
		EXPECT(read(fd, &byte, 1), 7);
	timer_delete(timer);
	return NULL;
}

static void answer_slowly(struct kmview_request *request, void *data)
{
	struct timespec a_while = {.tv_nsec = 1000000};

	nanosleep(&a_while, NULL);
	kmview_return(request, 7);
}

static const char *under_fire(void)
{
	TRY(open_hooked("read"));
	return inside(session, reading_under_fire, NULL, answer_slowly, NULL);
}

static const char *shutdown_stubborn(void)
{
	pid_t child = 0;
	int status;

	TRY(open_hooked("getppid"));
	for (int i = 0; i < 3; i++) {
		child = fork();
		if (child == 0) {
			if (i)
				signal(SIGTERM, SIG_IGN);
			kmview_join(session, 0);
			scratch->number[3 + i] = 1;
			for (;;)
				pause();
		}
		UNTIL(scratch->number[3 + i]);
	}
	EXPECT(kmview_shutdown(session, NULL, NULL, 300), 0);
	CHECK(waitpid(child, &status, 0) == child);
	EXPECT(status, SIGKILL);
	return NULL;
}

const struct test signal_tests[] = {
	{"a signal ends an interruptible wait with EINTR", interrupted},
	{"with SA_RESTART the call is made again", restarted},
	{"a call that POSIX does not interrupt waits on", not_interrupted},
	{"a signal is served while a call waits for room in the ring", without_room},
	{"SIGKILL ends every wait, and the late answer is refused", killed},
	{"slots of tasks that died unseen come back", killed_unseen},
	{"stop and continue while a call waits", stopped},
	{"stop and continue while an interruptible call waits", stopped_reading},
	{"a debugger comes and goes while a call waits", traced},
	{"signals all the time lose and double no call", under_fire},
	{"shutdown: TERM, then KILL to the stubborn", shutdown_stubborn},
	{},
};
