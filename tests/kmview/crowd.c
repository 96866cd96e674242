// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many at once: sessions with tasks, and a storm of forks, each call of each task counted.
 *
 * usage: crowd SESSIONS TASKS DEPTH    TASKS in each session; the storm forks 2^DEPTH processes
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/tap.h"
#include "user/libkmview/libkmview.h"

#define CALLS 5

static struct shared {
	unsigned int arrived, served, failed;
	unsigned int session_bytes, task_bytes;
} * shared;

static void add(unsigned int *number)
{
	__atomic_add_fetch(number, 1, __ATOMIC_SEQ_CST);
}

static unsigned int get(unsigned int *number)
{
	return __atomic_load_n(number, __ATOMIC_SEQ_CST);
}

static void serve(struct kmview_request *request, void *data)
{
	add(&shared->served);
	kmview_return(request, 4242);
}

static const struct kmview_operations operations = {.request = serve};

static void call(void)
{
	for (int i = 0; i < CALLS; i++)
		if (syscall(SYS_getppid) != 4242)
			add(&shared->failed);
}

static struct kmview *open_session(void)
{
	struct kmview_options small = {.slots = 16, .slot_size = 1024};
	struct kmview *session;

	if (kmview_open(&session, &small) < 0 || kmview_hook(session, "getppid", NULL) < 0) {
		add(&shared->failed);
		_exit(1);
	}
	return session;
}

/* A manager whose tasks wait until all tasks of all sessions are there. */
static void manage(unsigned int tasks, unsigned int everybody)
{
	struct kmview *session = open_session();
	struct kmview_stats stats;

	for (unsigned int i = 0; i < tasks; i++) {
		if (fork() == 0) {
			if (kmview_join(session, i) < 0)
				add(&shared->failed);
			add(&shared->arrived);
			while (get(&shared->arrived) < everybody)
				usleep(20000);
			call();
			_exit(0);
		}
	}
	while (get(&shared->arrived) < everybody)
		usleep(20000);
	if (kmview_stats(session, &stats) == 0) {
		shared->session_bytes = stats.session_bytes;
		shared->task_bytes = stats.task_bytes;
	}
	if (kmview_run(session, &operations, NULL, 1) < 0)
		add(&shared->failed);
	kmview_close(session);
	_exit(0);
}

static void crowd(unsigned int sessions, unsigned int tasks)
{
	for (unsigned int i = 0; i < sessions; i++)
		if (fork() == 0)
			manage(tasks, sessions * tasks);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	ok(shared->failed == 0 && shared->served == sessions * tasks * CALLS,
	   "%u tasks in %u sessions at once: %u calls served, %u failed", sessions * tasks,
	   sessions, shared->served, shared->failed);
	printf("# memory: %u bytes a session (16 slots of 1 KiB), %u bytes a task\n",
	       shared->session_bytes, shared->task_bytes);
}

static void storm_branch(unsigned int depth)
{
	while (depth--)
		fork(); /* parent and child go on to the next level */
	call();
	while (wait(NULL) > 0)
		;
}

static void storm(unsigned int depth)
{
	struct kmview *session = open_session();
	unsigned int before = get(&shared->served), failed = shared->failed;
	int result;

	if (fork() == 0) {
		if (kmview_join(session, 0) < 0)
			add(&shared->failed);
		storm_branch(depth);
		_exit(0);
	}
	/* It joins before we serve, or there would be nobody yet. */
	while (1) {
		struct kmview_stats stats;

		if (kmview_stats(session, &stats) < 0 || stats.tasks)
			break;
		usleep(1000);
	}
	result = kmview_run(session, &operations, NULL, 2);
	wait(NULL);
	ok(result == 0 && shared->failed == failed &&
		   get(&shared->served) - before == ((unsigned int)CALLS << depth),
	   "a storm of %u forks: %u calls served", 1u << depth, get(&shared->served) - before);
	kmview_close(session);
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: crowd SESSIONS TASKS DEPTH\n");
		return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return 2;
	crowd(atoi(argv[1]), atoi(argv[2]));
	storm(atoi(argv[3]));
	return done_testing();
}
