// SPDX-License-Identifier: GPL-2.0-only
/* Managers that die, at every stage, and what they leave: nothing. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inside.h"

/* scratch: 0 the manager is ready to die, 1..3 processes inside */

static struct kmview *session;
static struct kmview_loop *loop;
static struct kmview_request request;

static _Noreturn void ready(void)
{
	scratch->number[0] = 1;
	for (;;)
		pause();
}

static void open_all(void)
{
	struct kmview_hook both = {.action = KMVIEW_NOTIFY, .flags = KMVIEW_RULE_BOTH};

	if (kmview_open(&session, NULL) < 0 || kmview_hook(session, "getppid", NULL) < 0 ||
	    kmview_hook(session, "getpgid", &both) < 0 || kmview_loop_new(&loop, session) < 0)
		_exit(1);
}

static const char *call_for_ever(void *data)
{
	scratch->number[1] = getpid();
	while (!scratch->why[0])
		syscall((long)data);
	return NULL;
}

static const char *sleep_for_ever(void *data)
{
	scratch->number[1] = getpid();
	while (!scratch->why[0])
		pause();
	return NULL;
}

static void start(body_fn *body, long call)
{
	open_all();
	inside_start(session, body, (void *)call);
	while (!scratch->number[1])
		moment();
}

static void take(void)
{
	if (kmview_next(loop, &request, 20000) != 1)
		_exit(1);
}

static void before_init(void)
{
	if (open(KMVIEW_DEVICE, O_RDWR) < 0)
		_exit(1);
	ready();
}

static void before_join(void)
{
	open_all();
	ready();
}

static void while_running(void)
{
	start(sleep_for_ever, 0);
	ready();
}

static void while_posted(void)
{
	start(call_for_ever, SYS_getppid);
	for (int i = 0; i < 20; i++)
		moment();
	ready();
}

static void while_taken(void)
{
	start(call_for_ever, SYS_getppid);
	take();
	ready();
}

static void after_give(void)
{
	struct kmview_give give;

	start(call_for_ever, SYS_getppid);
	take();
	give = (struct kmview_give){
		.id = request.event.id, .slot = request.slot, .fd = open("/etc/passwd", O_RDONLY)};
	if (syscall(SYS_ioctl, kmview_fd(session), KMVIEW_GIVE, &give) < 0)
		_exit(1);
	ready();
}

static void at_exit_event(void)
{
	start(call_for_ever, SYS_getpgid);
	take();
	kmview_continue(&request);
	take();
	if (request.event.kind != KMVIEW_KIND_EXIT)
		_exit(1);
	ready();
}

static void while_stopped(void)
{
	start(sleep_for_ever, 0);
	kill(scratch->number[1], SIGSTOP);
	while (process_state(scratch->number[1]) != 'T')
		moment();
	ready();
}

static const char *be_inner(void *data)
{
	struct kmview *inner;
	pid_t child;

	if (kmview_open(&inner, NULL) < 0 || kmview_hook(inner, "getppid", NULL) < 0)
		_exit(1);
	child = fork();
	if (child == 0) {
		kmview_join(inner, 0);
		scratch->number[2] = getpid();
		syscall(SYS_getppid);
		_exit(0);
	}
	return sleep_for_ever(NULL);
}

static void with_inner(void)
{
	start(be_inner, 0);
	while (!scratch->number[2])
		moment();
	ready();
}

static void *wait_for_events(void *data)
{
	struct kmview_loop *own;
	struct kmview_request any;

	kmview_loop_new(&own, session);
	kmview_next(own, &any, -1);
	return NULL;
}

static void with_threads(void)
{
	pthread_t thread;

	start(sleep_for_ever, 0);
	for (int i = 0; i < 4; i++)
		pthread_create(&thread, NULL, wait_for_events, NULL);
	for (int i = 0; i < 20; i++)
		moment();
	ready();
}

static const char *forking(void *data)
{
	scratch->number[1] = getpid();
	signal(SIGCHLD, SIG_IGN);
	while (!scratch->why[0])
		if (fork() == 0)
			_exit(0);
	return NULL;
}

static void while_forking(void)
{
	start(forking, 0);
	ready();
}

static int references(void)
{
	FILE *file = fopen("/sys/module/kmview/refcnt", "r");
	int count = -1;

	if (file && fscanf(file, "%d", &count) != 1)
		count = -1;
	if (file)
		fclose(file);
	return count;
}

static bool gone(pid_t pid)
{
	char state = pid ? process_state(pid) : 0;

	return !state || state == 'Z' || state == 'X';
}

static const char *dies(void (*stage)(void))
{
	int status;
	pid_t manager;

	manager = fork();
	if (manager == 0) {
		stage();
		_exit(1);
	}
	UNTIL(scratch->number[0] || process_state(manager) == 'Z');
	EXPECT(scratch->number[0], 1);
	CHECK(references() > 0);
	kill(manager, SIGKILL);
	CHECK(waitpid(manager, &status, 0) == manager);
	UNTIL(gone(scratch->number[1]) && gone(scratch->number[2]));
	UNTIL(references() == 0);
	return NULL;
}

#define STAGE(function)                                                                            \
	static const char *dies_##function(void)                                                   \
	{                                                                                          \
		return dies(function);                                                             \
	}
STAGE(before_init)
STAGE(before_join)
STAGE(while_running)
STAGE(while_posted)
STAGE(while_taken)
STAGE(after_give)
STAGE(at_exit_event)
STAGE(while_stopped)
STAGE(with_inner)
STAGE(with_threads)
STAGE(while_forking)

static const char *unload_refused(void)
{
	int status;

	EXPECT(kmview_open(&session, NULL), 0);
	status = system("rmmod kmview 2>/dev/null");
	CHECK(status != 0);
	CHECK(references() > 0);
	return NULL;
}

static const char *memory_told(void)
{
	struct kmview_stats stats;

	open_all();
	EXPECT(kmview_stats(session, &stats), 0);
	printf("# memory: %u bytes a session of 64 slots with 2 calls hooked, %u bytes a task\n",
	       stats.session_bytes, stats.task_bytes);
	CHECK(stats.session_bytes > 64 * 4096 && stats.session_bytes < 64 * 4096 * 2);
	CHECK(stats.task_bytes > 0 && stats.task_bytes <= 2048);
	return NULL;
}

const struct test death_tests[] = {
	{"a manager is killed before the handshake", dies_before_init},
	{"a manager is killed before anybody joined", dies_before_join},
	{"a manager is killed while its tasks run", dies_while_running},
	{"a manager is killed while a call is posted", dies_while_posted},
	{"a manager is killed while it has a call", dies_while_taken},
	{"a manager is killed after it gave a descriptor", dies_after_give},
	{"a manager is killed when it was told a result", dies_at_exit_event},
	{"a manager is killed while its tasks are stopped", dies_while_stopped},
	{"a manager is killed with a session inside its own", dies_with_inner},
	{"a manager is killed with threads waiting", dies_with_threads},
	{"a manager is killed while its tasks fork", dies_while_forking},
	{"the module is not unloaded while a session is open", unload_refused},
	{"the memory of sessions and tasks is told", memory_told},
	{},
};
