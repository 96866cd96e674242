// SPDX-License-Identifier: GPL-2.0-only
/* Sessions that only watch: nobody waits, nothing is changed, and tasks leave when the manager ends. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

/* scratch: 0 how far a body is, 1 and 2 processes, 3 a descriptor */

static const struct kmview_options watching = {.flags = KMVIEW_INIT_WATCH};
static const struct kmview_hook at_exit_told = {.action = KMVIEW_NOTIFY, .flags = KMVIEW_RULE_EXIT};

static struct kmview *open_watching(const struct kmview_options *options)
{
	struct kmview *session;

	return kmview_open(&session, options) < 0 ? NULL : session;
}

/* How many hold the module: its sessions, until they are gone. */
static long module_users(void)
{
	FILE *file = fopen("/sys/module/kmview/refcnt", "re");
	long users = -1;

	if (file && fscanf(file, "%ld", &users) != 1)
		users = -1;
	if (file)
		fclose(file);
	return users;
}

static const char *call_many(void *data)
{
	for (long i = 0; i < (long)data; i++) {
		if (syscall(SYS_getppid) <= 0)
			return failed(__FILE__, __LINE__, "getppid as ever", errno);
		scratch->number[0]++;
	}
	return NULL;
}

static const char *nobody_waits(void)
{
	struct kmview *session = open_watching(&watching);
	struct seen seen = {0};
	pid_t child;

	CHECK(session);
	EXPECT(kmview_hook(session, "getppid", &at_exit_told), 0);
	child = inside_start(session, call_many, (void *)50L);
	UNTIL(scratch->number[0] == 50);
	TRY(inside_serve(session, child, let_go, &seen));
	EXPECT(seen.exits, 50);
	EXPECT(seen.last.result, getpid());
	return NULL;
}

static const char *full_ring_holds(void)
{
	struct kmview_options small = {.flags = KMVIEW_INIT_WATCH, .slots = 4};
	struct kmview *session = open_watching(&small);
	struct seen seen = {0};
	pid_t child;

	CHECK(session);
	EXPECT(kmview_hook(session, "getppid", &at_exit_told), 0);
	child = inside_start(session, call_many, (void *)300L);
	UNTIL(scratch->number[0] >= 4);
	for (int i = 0; i < 20; i++)
		moment();
	EXPECT(scratch->number[0], 4);
	TRY(inside_serve(session, child, let_go, &seen));
	EXPECT(seen.exits, 300);
	return NULL;
}

static void lie(struct kmview_request *request, void *data)
{
	kmview_return(request, 77);
}

static const char *answers_change_nothing(void)
{
	struct kmview_hook asked = {.action = KMVIEW_NOTIFY, .flags = KMVIEW_RULE_WAIT};
	struct kmview *session = open_watching(&watching);

	CHECK(session);
	EXPECT(kmview_hook(session, "getppid", &asked), 0);
	TRY(inside(session, call_many, (void *)10L, lie, NULL));
	kmview_close(session);
	CHECK((session = open_watching(&watching)));
	EXPECT(kmview_hook(session, "getppid", NULL), 0);
	return inside(session, call_many, (void *)10L, lie, NULL);
}

static const char *open_nested(void *data)
{
	struct kmview *session;

	EXPECT(kmview_open(&session, &watching), -EOPNOTSUPP);
	EXPECT(kmview_open(&session, NULL), 0);
	kmview_close(session);
	return NULL;
}

static const char *what_is_refused(void)
{
	struct kmview_options both = {.flags = KMVIEW_INIT_WATCH | KMVIEW_INIT_MOUNT};
	struct kmview_hook value = {.action = KMVIEW_VALUE, .value = 5};
	struct kmview *session;

	EXPECT(kmview_open(&session, &both), -EINVAL);
	CHECK((session = open_watching(&watching)));
	CHECK(kmview_features(session) & KMVIEW_FEATURE_WATCH);
	EXPECT(kmview_hook(session, "getppid", &value), -EINVAL);
	return inside(session, open_nested, NULL, let_go, NULL);
}

static void reach(struct kmview_request *request, void *data)
{
	char byte;
	struct kmview_mem mem = {.id = request->event.id,
				 .slot = request->slot,
				 .address = (uintptr_t)&byte,
				 .buffer = (uintptr_t)&byte,
				 .length = 1};
	struct kmview_give give = {.id = request->event.id, .slot = request->slot, .fd = 0};
	struct seen *seen = data;

	if (ioctl(kmview_fd(request->session), KMVIEW_MEM, &mem) < 0 && errno == ESTALE &&
	    ioctl(kmview_fd(request->session), KMVIEW_GIVE, &give) < 0 && errno == ESTALE)
		seen->data = "refused";
	kmview_continue(request);
}

static const char *nobody_is_held(void)
{
	struct kmview *session = open_watching(&watching);
	struct seen seen = {0};

	CHECK(session);
	EXPECT(kmview_hook(session, "getppid", &at_exit_told), 0);
	TRY(inside(session, call_many, (void *)1L, reach, &seen));
	CHECK(seen.data);
	return NULL;
}

static const char *write_some(void *data)
{
	return syscall(SYS_write, 1, "", 0) == 0 &&
			       syscall(SYS_write, scratch->number[3], "hello, world", 12) == 12
		       ? NULL
		       : failed(__FILE__, __LINE__, "write", errno);
}

static void look_at_bytes(struct kmview_request *request, void *data)
{
	char bytes[16] = "";
	struct seen *seen = data;

	if (request->event.args[2] == 12 && request->event.copied[1].length == 5 &&
	    kmview_bytes(request, 1, bytes, 5) == 5 && !strcmp(bytes, "hello"))
		seen->data = "seen";
	kmview_continue(request);
}

static const char *buffers_come_along(void)
{
	struct kmview_hook hook = at_exit_told;
	struct kmview *session = open_watching(&watching);
	struct seen seen = {0};

	CHECK(session);
	hook.bytes = 5;
	scratch->number[3] = open("/dev/null", O_WRONLY);
	EXPECT(kmview_hook(session, "write", &hook), 0);
	TRY(inside(session, write_some, NULL, look_at_bytes, &seen));
	CHECK(seen.data);
	return NULL;
}

/* ---- ends and signals */

static void on_usr1(int signal)
{
}

static const char *take_signals(void *data)
{
	pid_t child;

	signal(SIGUSR1, on_usr1);
	raise(SIGUSR1);
	child = fork();
	/* Whoever reads of their ends has their numbers by then. */
	if (child == 0) {
		scratch->number[1] = getpid();
		_exit(3);
	}
	waitpid(child, NULL, 0);
	child = fork();
	if (child == 0) {
		scratch->number[2] = getpid();
		raise(SIGKILL);
	}
	waitpid(child, NULL, 0);
	return NULL;
}

static const char *ends_are_told(void)
{
	struct kmview *session = open_watching(&watching);
	bool usr1 = false, exited = false, killed = false, itself = false;
	struct kmview_request request;
	struct kmview_loop *loop;
	pid_t child;
	int got;

	CHECK(session);
	EXPECT(kmview_loop_new(&loop, session), 0);
	child = inside_start(session, take_signals, NULL);
	while ((got = kmview_next(loop, &request, 20000)) == 1) {
		const struct kmview_event *event = &request.event;

		usr1 |= request.notice == KMVIEW_ENTRY_SIGNAL && (pid_t)event->pid == child &&
			event->result == SIGUSR1 && (int)event->nr == SI_TKILL;
		if (request.notice != KMVIEW_ENTRY_EXITED)
			continue;
		exited |= (int)event->tid == scratch->number[1] && event->result == 3 << 8;
		killed |= (int)event->tid == scratch->number[2] && event->result == SIGKILL;
		itself |= (pid_t)event->tid == child && event->result == 0;
	}
	EXPECT(got, -ESRCH);
	waitpid(child, NULL, 0);
	CHECK(usr1 && exited && killed && itself);
	return NULL;
}

/* ---- the manager ends */

static const char *count_for_ever(void *data)
{
	close(kmview_fd(data)); /* as a program does that it executes */
	scratch->number[1] = getpid();
	while (!scratch->why[0]) {
		syscall(SYS_getppid);
		scratch->number[0]++;
	}
	return NULL;
}

static const char *wait_in_read(void *data)
{
	char byte;

	close(kmview_fd(data)); /* as a program does that it executes */
	scratch->number[1] = getpid();
	while (read(scratch->number[3], &byte, 1) == 1)
		scratch->number[0]++;
	return NULL;
}

static const char *fork_for_ever(void *data)
{
	close(kmview_fd(data)); /* as a program does that it executes */
	scratch->number[1] = getpid();
	setpgid(0, 0);
	while (!scratch->why[0]) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		scratch->number[0]++;
		waitpid(child, NULL, 0);
	}
	return NULL;
}

/* A manager that serves body until it is killed; scratch 2 is its process. */
static const char *start_manager(body_fn *body)
{
	pid_t manager = fork();

	if (manager == 0) {
		struct kmview *session = open_watching(&watching);

		if (!session || kmview_hook(session, "getppid", &at_exit_told) < 0 ||
		    kmview_hook(session, "read", &at_exit_told) < 0)
			_exit(1);
		inside_serve(session, inside_start(session, body, session), let_go, NULL);
		_exit(0);
	}
	scratch->number[2] = manager;
	UNTIL(scratch->number[1]);
	return NULL;
}

static void kill_manager(void)
{
	kill(scratch->number[2], SIGKILL);
	waitpid(scratch->number[2], NULL, 0);
}

static const char *still_runs(void)
{
	int before = scratch->number[0];

	UNTIL(scratch->number[0] > before + 100);
	return NULL;
}

static const char *tasks_live_on(void)
{
	struct kmview *session;
	struct seen seen = {0};

	TRY(start_manager(count_for_ever));
	TRY(still_runs());
	kill_manager();
	TRY(still_runs());
	UNTIL(module_users() == 0);
	/* It can be in another session now. */
	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_attach(session, scratch->number[1], 0), 0);
	kill(scratch->number[1], SIGKILL);
	kmview_close(session);
	return seen.requests ? "nothing was hooked" : NULL;
}

static const char *whoever_is_in_a_call(void)
{
	int ends[2];

	CHECK(pipe(ends) == 0);
	scratch->number[3] = ends[0];
	TRY(start_manager(wait_in_read));
	UNTIL(process_state(scratch->number[1]) == 'S');
	kill_manager();
	/* Its session is not done with as long as it is in that call. */
	for (int i = 0; i < 20; i++)
		moment();
	EXPECT(module_users(), 1);
	CHECK(write(ends[1], "x", 1) == 1);
	UNTIL(scratch->number[0] == 1);
	UNTIL(module_users() == 0);
	kill(scratch->number[1], SIGKILL);
	return NULL;
}

static const char *whoever_forks(void)
{
	for (int i = 0; i < 5; i++) {
		scratch->number[1] = 0;
		TRY(start_manager(fork_for_ever));
		TRY(still_runs());
		kill_manager();
		TRY(still_runs());
		UNTIL(module_users() == 0);
		kill(-scratch->number[1], SIGKILL);
		kill(scratch->number[1], SIGKILL);
	}
	return NULL;
}

/* What the events say about when they were told. */
static struct {
	unsigned int events, backwards, none;
	uint64_t last;
} times;

static void note_time(struct kmview_request *request, void *data)
{
	uint64_t now = kmview_time_ns(request);

	times.events++;
	times.none += !now;
	times.backwards += now < times.last;
	times.last = now;
	kmview_continue(request);
}

static uint64_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static const char *times_are_told(void)
{
	struct kmview_hook both = {.action = KMVIEW_NOTIFY, .flags = KMVIEW_RULE_BOTH};
	struct kmview *session = open_watching(&watching);
	uint64_t before = monotonic(), ended;
	pid_t child;

	CHECK(session);
	EXPECT(kmview_hook(session, "getppid", &both), 0);
	child = inside_start(session, call_many, (void *)20L);
	UNTIL(scratch->number[0] == 20);
	/* Read long after they were told. */
	ended = monotonic();
	for (int i = 0; i < 20; i++)
		moment();
	TRY(inside_serve(session, child, note_time, NULL));
	EXPECT(times.events, 40);
	EXPECT(times.none + times.backwards, 0);
	CHECK(times.last > before && times.last < ended);
	kmview_close(session);
	/* Who is asked can look at a clock. */
	memset(&times, 0, sizeof(times));
	EXPECT(kmview_open(&session, NULL), 0);
	EXPECT(kmview_hook(session, "getppid", NULL), 0);
	TRY(inside(session, call_many, (void *)5L, note_time, NULL));
	EXPECT(times.none, 5);
	return NULL;
}

const struct test watch_tests[] = {
	{"watching: events say when they were told", times_are_told},
	{"watching: calls go on before anybody looks", nobody_waits},
	{"watching: a full ring holds the tasks, and loses nothing", full_ring_holds},
	{"watching: no answer changes anything", answers_change_nothing},
	{"watching: values, mounts and nested sessions are refused", what_is_refused},
	{"watching: nobody is held to be read or given files", nobody_is_held},
	{"watching: buffers come along, as long as asked for", buffers_come_along},
	{"watching: signals and ends are told", ends_are_told},
	{"watching: tasks outlive the manager, free", tasks_live_on},
	{"watching: so does one that is in a call", whoever_is_in_a_call},
	{"watching: so do those that fork meanwhile", whoever_forks},
	{},
};
