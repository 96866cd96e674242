// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to sessions when the machine around them is changed, suspended or filled: tracing is
 * switched off, cgroups and everything are frozen, tables of descriptors are full, a user has had his share.
 */
#include <errno.h>
#include <fcntl.h>
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

const struct test machine_tests[] = {
	{"function tracing cannot be switched off under a session, nor a session begin without",
	 tracing_off},
	{"a cgroup is frozen while a task waits for its manager", cgroup_frozen},
	{"the machine is suspended while a task waits for its manager", all_frozen},
	{"a descriptor is installed at a number of a full table", full_table},
	{},
};
