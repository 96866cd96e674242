// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The process that opens the session of the kernel module and holds it for the manager.
 *
 * The module kills all tasks of a session, servers of file systems too, when the process that opened
 * it ends. So that is a process apart that does nothing else: it hands the session over and
 * sleeps. When the manager says so, the holder ends, and the session with it. When the manager dies
 * without a word, the holder serves the session in its place, for the keepers, who end the processes
 * and let the servers write: their own calls go on, all others fail. It ends when nobody is left.
 */
#include "holder.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/view/keeper/protocol.h"

#define LOOK_MS 100

struct handed {
	int error;
	struct kmview_init init;
};

static bool is_empty(struct kmview *session)
{
	struct kmview_task_info *tasks = NULL;
	size_t count = 0;
	int error = kmview_tasks(session, &tasks, &count);

	if (error >= 0)
		free(tasks);
	return error < 0 || count == 0;
}

/* The manager is gone. */
static void serve(struct kmview *session, uint64_t token)
{
	struct kmview_request request;
	struct kmview_loop *loop;
	int got;

	if (kmview_loop_new(&loop, session) < 0)
		return;
	for (;;) {
		got = kmview_next(loop, &request, LOOK_MS);
		if (got < 0 && got != -EINTR)
			break; /* ESRCH: nobody is left */
		if (got == 1 && !request.cancel) {
			if (request.event.args[5] == token)
				kmview_continue(&request);
			else
				kmview_return(&request, -ENOTCONN);
		} else if (got == 0 && is_empty(session)) {
			break;
		}
	}
	kmview_loop_free(loop);
}

static _Noreturn void hold(int channel, const struct kmview_options *options, uint64_t token)
{
	struct handed handed = {0};
	struct kmview *session = NULL;
	int fd = -1;
	char word;

	/* The terminal's signals are not for it. */
	setsid();
	prctl(PR_SET_NAME, "view-session");
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	handed.error = kmview_open(&session, options);
	if (!handed.error) {
		handed.init = *kmview_init_of(session);
		fd = kmview_fd(session);
	}
	if (channel_send(channel, &handed, sizeof(handed), NULL, 0, &fd, fd < 0 ? 0 : 1) < 0 ||
	    handed.error)
		_exit(1);
	/* A word is the end; none, the manager's death. */
	if (read(channel, &word, 1) == 0)
		serve(session, token);
	_exit(0);
}

int holder_open(struct kmview **session, const struct kmview_options *options, uint64_t token,
		int *channel)
{
	struct handed handed;
	unsigned int count = 1;
	int pair[2], fd = -1;
	ssize_t got;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		if (fork() == 0) /* of nobody's children, as ours are the view */
			hold(pair[1], options, token);
		_exit(0);
	}
	close(pair[1]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	got = pid < 0 ? -errno : channel_receive(pair[0], &handed, sizeof(handed), &fd, &count);
	if (got != sizeof(handed) || handed.error || count != 1) {
		close(pair[0]);
		return got == sizeof(handed) ? handed.error : got < 0 ? got : -EIO;
	}
	*channel = pair[0];
	return kmview_adopt(session, fd, &handed.init);
}

void holder_close(int channel)
{
	char byte;

	if (channel < 0)
		return;
	/* It ends, and by then the session has. */
	if (write(channel, "e", 1) == 1 && read(channel, &byte, 1) < 0)
		byte = 0;
	close(channel);
}
