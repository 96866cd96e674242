// SPDX-License-Identifier: GPL-2.0-only
/* The runner of the device's tests, see inside.h. usage: device [TEST...] */
#include <errno.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"
#include "tests/lib/tap.h"

/* KMVIEW_PATIENCE makes it so many times longer, for slow kernels. */
#define TEST_SECONDS 60

static unsigned int patience(void)
{
	const char *text = getenv("KMVIEW_PATIENCE");
	int times = text ? atoi(text) : 1;

	return times > 0 ? times : 1;
}

struct scratch *scratch;

const char *failed(const char *file, int line, const char *what, long got)
{
	snprintf(scratch->why, sizeof(scratch->why), "%s:%d: not so: %s (%ld)", file, line, what,
		 got);
	return scratch->why;
}

void moment(void)
{
	struct timespec time = {.tv_nsec = 5000000};

	nanosleep(&time, NULL);
}

char process_state(pid_t pid)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(file);
	return state;
}

pid_t inside_start(struct kmview *session, body_fn *body, void *data)
{
	volatile int *joined = &scratch->number[15];
	pid_t child;

	*joined = 0;
	child = fork();
	if (child == 0) {
		int error = kmview_join(session, 77);
		const char *why;

		*joined = error < 0 ? error : 1;
		why = error < 0 ? failed(__FILE__, __LINE__, "join", error) : body(data);
		_exit(why ? 1 : 0);
	}
	while (child > 0 && !*joined && process_state(child) != 'Z')
		moment();
	return child;
}

void let_go(struct kmview_request *request, void *data)
{
	kmview_continue(request);
}

struct serving {
	serve_fn *serve;
	struct seen *seen;
};

static void serve_one(struct kmview_request *request, void *data)
{
	struct serving *serving = data;
	struct seen *seen = serving->seen;

	seen->requests++;
	seen->entries += request->event.kind == KMVIEW_KIND_ENTRY;
	seen->exits += request->event.kind == KMVIEW_KIND_EXIT;
	seen->last = request->event;
	for (unsigned int i = 0; i < 6; i++) {
		if (!request->event.copied[i].length && !request->event.copied[i].flags)
			continue;
		if (kmview_string(request, i, seen->path, sizeof(seen->path)) < 0)
			strcpy(seen->path, "?");
		break;
	}
	serving->serve(request, seen);
}

static void serve_cancel(struct kmview *session, uint64_t id, void *data)
{
	struct serving *serving = data;

	serving->seen->cancels++;
}

const char *inside_serve(struct kmview *session, pid_t child, serve_fn *serve, struct seen *seen)
{
	static const struct kmview_operations operations = {.request = serve_one,
							    .cancelled = serve_cancel};
	struct seen unused = {0};
	struct serving serving = {serve, seen ? seen : &unused};
	int status;

	CHECK(child > 0);
	EXPECT(kmview_run(session, &operations, &serving, 1), 0);
	CHECK(waitpid(child, &status, 0) == child);
	if (status && !scratch->why[0])
		return failed(__FILE__, __LINE__, "the process inside ended well", status);
	return scratch->why[0] ? scratch->why : NULL;
}

const char *inside(struct kmview *session, body_fn *body, void *data, serve_fn *serve,
		   struct seen *seen)
{
	return inside_serve(session, inside_start(session, body, data), serve, seen);
}

static int wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strstr(name, argv[i]))
			return 1;
	return argc < 2;
}

static void run_test(const struct test *test)
{
	int status;
	pid_t child;

	memset(scratch, 0, sizeof(*scratch));
	child = fork();
	if (child == 0) {
		alarm(TEST_SECONDS * patience());
		_exit(test->run() ? 1 : 0);
	}
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status))
		snprintf(scratch->why, sizeof(scratch->why), "%s",
			 WTERMSIG(status) == SIGALRM ? "it hung" : strsignal(WTERMSIG(status)));
	ok(status == 0, "%s", test->name);
	if (status)
		printf("# %s\n", scratch->why);
	fflush(stdout);
}

void fuse_answer(int device, const struct fuse_in_header *in, int error, const void *data,
		 size_t size)
{
	struct fuse_out_header out = {
		.len = sizeof(out) + size, .error = error, .unique = in->unique};
	struct iovec parts[2] = {{&out, sizeof(out)}, {(void *)data, size}};

	if (writev(device, parts, 2) < 0 && errno != ENOENT)
		_exit(1);
}

int main(int argc, char **argv)
{
	static const struct test *const groups[] = {
		device_tests,	   verdict_tests,     filter_tests,	 task_tests,
		signal_tests,	   death_tests,	      mount_tests,	 enter_tests,
		mount_limit_tests, mount_cover_tests, mount_owner_tests, mount_link_tests,
		program_tests,	   machine_tests,     watch_tests,	 image_tests,
		enter_net_tests,   format_tests};

	scratch = mmap(NULL, sizeof(*scratch), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (scratch == MAP_FAILED)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		for (const struct test *test = groups[i]; test->name; test++)
			if (wanted(test->name, argc, argv))
				run_test(test);
	return done_testing();
}
