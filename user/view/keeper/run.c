// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Running a program for a task, a file-system server as a rule, until it ends or goes into the
 * background.
 *
 * It has the task's ids, environment and standard input, and, where the keeper is in the task's
 * session, is a member of its process group, so that it can ask at the terminal (a password) and
 * gets the terminal's signals, until it goes into the background. A question at the end of what it
 * wrote, which is kept for the manager, is shown on the task's standard error. When the task ends
 * before the program is ready, so does the program.
 *
 * Nothing here waits for the file system: whether it answers is found out by a child that can be
 * left behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"
#include "protocol.h"

#define OUTPUT_END  2048 /* bytes of what a program wrote that are passed on */
#define QUESTION_MS 200	 /* a line that is not ended is a question when so long nothing follows */
#define TERM_MS	    2000

struct run {
	const struct keeper_request *request;
	const char *mark, *image;
	char *argv[256];
	const char *target;
	int output; /* memory file */
	off_t shown;
};

static int run_fd(unsigned int index)
{
	return KEEPER_EXTRA(index);
}

/* ---- the program */

/* The task's variables take the place of ours, but for the path on which our servers are. */
static void take_environment(void)
{
	char *variable = NULL;
	size_t size = 0;
	FILE *file = fdopen(run_fd(RUN_ENVIRONMENT), "r");

	if (!file)
		return;
	while (getdelim(&variable, &size, '\0', file) > 0) {
		if (!strchr(variable, '=') || *variable == '=' || !strncmp(variable, "PATH=", 5))
			continue;
		putenv(variable);
		variable = NULL;
		size = 0;
	}
	free(variable);
	fclose(file);
}

/* Into the foreground of the task's terminal, if that is ours as well. */
static void join_group(pid_t group, pid_t session)
{
	if (group && session == getsid(0) && setpgid(0, group) == 0) {
		signal(SIGTSTP, SIG_IGN); /* the task, which waits in a call, would not stop */
		return;
	}
	setsid();
}

static _Noreturn void run_program(struct run *run)
{
	struct sigaction defaults = {.sa_handler = SIG_DFL};
	sigset_t none;
	int error;

	for (int signal = 1; signal < NSIG; signal++)
		sigaction(signal, &defaults, NULL);
	join_group(run->request->args[0], run->request->args[1]);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	take_environment();
	setenv(KEEPER_MARK, run->mark, 1);
	setenv(KEEPER_IMAGE, run->image, 1);
	dup2(run_fd(RUN_INPUT), 0);
	dup2(run->output, 1);
	dup2(run->output, 2);
	/* The program's own files take the numbers of those that were for us. */
	for (int i = 0; i < RUN_FDS; i++)
		close(run_fd(i));
	for (int i = 0; dup2(run_fd(RUN_FDS + i), run_fd(i)) >= 0; i++)
		close(run_fd(RUN_FDS + i));
	error = become_for_program(&run->request->ids);
	if (error < 0) {
		dprintf(2, "cannot run as the user who asks: %s\n", strerror(-error));
		_exit(125);
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0,
	      0); /* not inherited by what goes to the background */
	execvp(run->argv[0], run->argv);
	_exit(errno == ENOENT ? 127 : 126);
}

/* ---- waiting for it */

/* The end of what was written, without the last line's end. */
static size_t output_end(int output, char *text)
{
	off_t size = lseek(output, 0, SEEK_END);
	ssize_t got = pread(output, text, OUTPUT_END, size > OUTPUT_END ? size - OUTPUT_END : 0);

	while (got > 0 && text[got - 1] == '\n')
		got--;
	return got > 0 ? got : 0;
}

/* What was written and is not ended by a line's end is meant for who sits there. */
static void show_question(struct run *run, off_t *last)
{
	off_t size = lseek(run->output, 0, SEEK_END);
	struct pollfd ready = {.fd = run_fd(RUN_ERROR), .events = POLLOUT};
	char text[OUTPUT_END];
	ssize_t got;

	if (size != *last || size == run->shown) {
		*last = size;
		return;
	}
	got = pread(run->output, text, sizeof(text),
		    size - run->shown > OUTPUT_END ? size - OUTPUT_END : run->shown);
	if (got > 0 && text[got - 1] != '\n' && poll(&ready, 1, 0) > 0 &&
	    write(run_fd(RUN_ERROR), text, got) > 0)
		run->shown = size;
}

/* Wait for the end of a child: its status, or -1: the task ended before. */
static int wait_for(struct run *run, pid_t pid)
{
	struct pollfd ready[2] = {
		{.fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN},
		{.fd = run_fd(RUN_TASK), .events = POLLIN},
	};
	bool asks = isatty(run_fd(RUN_ERROR));
	off_t last = 0;
	int status = -1;

	while (!(ready[0].revents & POLLIN) && !(ready[1].revents & POLLIN)) {
		if (poll(ready, 2, asks ? QUESTION_MS : -1) == 0)
			show_question(run, &last);
	}
	if (ready[0].revents & POLLIN)
		waitpid(pid, &status, 0);
	close(ready[0].fd);
	return status;
}

static void end_program(pid_t pid)
{
	struct pollfd ended = {.fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};

	tree_signal(pid, 0, SIGTERM);
	kill(pid, SIGTERM);
	kill(pid, SIGCONT);
	if (poll(&ended, 1, TERM_MS) == 0) {
		tree_signal(pid, 0, SIGKILL);
		kill(pid, SIGKILL);
	}
	close(ended.fd);
}

/* ---- what it mounted */

struct found {
	uint64_t id;
	uint32_t major, minor;
};

static void mount_at(const char *target, int flags, struct found *found)
{
	struct statx about;

	memset(found, 0, sizeof(*found));
	/* Without the server being asked: FUSE of other users gives nothing but these. */
	if (statx(AT_FDCWD, target, AT_NO_AUTOMOUNT | flags,
		  flags & AT_STATX_FORCE_SYNC ? STATX_BASIC_STATS : 0, &about) < 0)
		return;
	found->id = about.stx_mnt_id;
	found->major = about.stx_dev_major;
	found->minor = about.stx_dev_minor;
}

/* Asking for attributes waits until the server has answered the kernel's first question. */
static bool answers(struct run *run)
{
	pid_t pid = fork();
	struct found found;

	if (pid == 0) {
		if (become_for_program(&run->request->ids) == 0)
			mount_at(run->target, AT_STATX_FORCE_SYNC, &found);
		_exit(0);
	}
	if (pid > 0 && wait_for(run, pid) >= 0)
		return true;
	if (pid > 0) /* -1 would be everybody */
		kill(pid, SIGKILL);
	return false;
}

/* ---- the request */

static bool take_arguments(struct run *run, size_t text)
{
	const struct keeper_request *request = run->request;
	const char *next = request->text, *end = request->text + text;

	run->mark = next;
	next += strlen(next) + 1;
	run->image = next < end ? next : "";
	next += strlen(run->image) + 1;
	if (request->count == 0 || request->count >= 256 || next >= end)
		return false;
	for (uint32_t i = 0; i < request->count && next < end; i++, next += strlen(next) + 1)
		run->argv[i] = (char *)next;
	run->target = next < end ? next : "";
	return true;
}

void run_serve(const struct keeper_request *request, size_t text, const int *fds,
	       unsigned int count)
{
	struct run run = {.request = request, .output = memfd_create("output", MFD_CLOEXEC)};
	struct found before = {0}, after = {0};
	char written[OUTPUT_END];
	int status, result;
	pid_t pid;

	if (count < KEEPER_FD_EXTRA + RUN_FDS || run.output < 0 || !take_arguments(&run, text)) {
		request_reply(fds, -E2BIG, NULL, 0, -1);
		return;
	}
	if (fchdir(fds[KEEPER_FD_CWD]) < 0) {
		request_reply(fds, -errno, NULL, 0, -1);
		return;
	}
	if (request->flags & KEEPER_MOUNTS)
		mount_at(run.target, AT_STATX_DONT_SYNC, &before);
	pid = fork();
	if (pid == 0)
		run_program(&run);
	if (pid < 0) {
		request_reply(fds, -errno, NULL, 0, -1);
		return;
	}
	status = wait_for(&run, pid);
	if (status < 0) {
		end_program(pid);
		request_reply(fds, -EINTR, NULL, 0, -1);
		return;
	}
	result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (!result && (request->flags & KEEPER_MOUNTS)) {
		mount_at(run.target, AT_STATX_DONT_SYNC, &after);
		if (!after.id || after.id == before.id)
			result = -ENOTCONN;
		else if (!answers(&run))
			result = -EINTR;
		else if (request->args[2])
			watch_start(run.mark, after.minor, run.image, request->args[2]);
	}
	request_reply(fds, result, written, output_end(run.output, written), -1);
}
