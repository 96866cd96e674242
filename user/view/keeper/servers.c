// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The keeper of servers: does in the branch what the manager asks for.
 *
 * Each request is served by a process of its own (request.c), so one that blocks (a path on a dead
 * server) holds up nobody. Servers of file systems put themselves into the background and become
 * our children. At the end all is unmounted and the servers are waited for (flush.c).
 *
 * It stays in the session of the view's first process, in a process group of its own, which no
 * server is in: so a server can be let into the foreground of that terminal (run.c), and what the
 * terminal sends to who reads in the background never stops the keeper.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"
#include "protocol.h"
#include "request.h"

static _Noreturn void serve(struct keeper *keeper, union keeper_message *request, size_t length,
			    int *fds, unsigned int count, int begin)
{
	sigset_t none;
	char byte;

	if (read(begin, &byte, 1) < 0)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	request_serve(keeper, request, length, fds, count);
}

/* The process that serves begins when we have closed our copies of the descriptors. */
static void start_serving(struct keeper *keeper, union keeper_message *request, size_t length,
			  int *fds, unsigned int count)
{
	int begin[2];
	pid_t pid;

	if (pipe2(begin, O_CLOEXEC) < 0) {
		request_reply(fds, -errno, NULL, 0, -1);
		return;
	}
	pid = fork();
	if (pid == 0) {
		close(begin[1]);
		serve(keeper, request, length, fds, count, begin[0]);
	}
	if (pid < 0)
		request_reply(fds, -errno, NULL, 0, -1);
	for (unsigned int i = 0; i < count; i++)
		close(fds[i]);
	close(begin[0]);
	close(begin[1]);
}

/* False: the manager is gone. */
static bool take(struct keeper *keeper)
{
	static union keeper_message request;
	unsigned int count = KEEPER_FDS;
	int fds[KEEPER_FDS];
	ssize_t got;

	memset(fds, -1, sizeof(fds));
	got = channel_receive(keeper->channel, &request, sizeof(request), fds, &count);
	if (got <= 0 && got != -EMSGSIZE)
		return false;
	if (got >= (ssize_t)sizeof(request.head) && count >= KEEPER_FD_EXTRA) {
		start_serving(keeper, &request, got, fds, count);
		return true;
	}
	for (unsigned int i = 0; i < count; i++)
		close(fds[i]);
	return true;
}

/* Servers of ours are in bin/ of the installation, of which the stand-in is lib/vsquare/view/NAME.
 */
static void extend_path(const char *stand_in)
{
	const char *path = getenv("PATH"), *slash = strrchr(stand_in, '/');
	char *longer;

	if (slash && asprintf(&longer, "%s:%.*s/../../../bin", path ? path : "/usr/bin:/bin",
			      (int)(slash - stand_in), stand_in) >= 0)
		setenv("PATH", longer, 1);
}

_Noreturn void servers_main(struct keeper *keeper)
{
	struct pollfd ready[2 + PROGRAMS_MAX];
	sigset_t set;
	int signals;
	bool ended = false;

	prctl(PR_SET_NAME, "view-servers");
	extend_path(keeper->mount_program);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	setpgid(0, 0);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	/* What it says is said, also where the terminal is set to tostop. */
	signal(SIGTTOU, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	flush_begin();
	ready[0] = (struct pollfd){.fd = keeper->channel, .events = POLLIN};
	ready[1] = (struct pollfd){.fd = signals, .events = POLLIN};
	while (!ended) {
		unsigned int count = 2 + programs_wait(ready + 2);
		struct signalfd_siginfo info;
		pid_t pid;

		if (poll(ready, count, -1) < 0 && errno != EINTR)
			break;
		programs_serve(ready + 2);
		if ((ready[1].revents & POLLIN) &&
		    read(signals, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGTERM)
			ended = true;
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			programs_ended(pid);
		if (!ended && ready[0].revents && !take(keeper)) {
			/* The manager is gone; the keeper ends the processes first. */
			ready[0].fd = -1;
			ready[0].revents = 0;
		}
	}
	programs_stop();
	_exit(flush_end(keeper, signals));
}
