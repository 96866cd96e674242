// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life of a branch, seen from inside.
 *
 * Theory: the keeper is the parent of two: the first process, whose descendants are what runs in
 * the branch, and the keeper of servers, whose descendants are the file-system servers. Both adopt
 * orphans, so the two families stay apart and complete. When the first process ends, or the manager
 * asks (SIGTERM; a queued value is the delay), or dies, the first family gets SIGTERM, after a
 * delay SIGKILL; then the keeper of servers unmounts and waits for what servers still write. The
 * terminal's signals are for the command alone.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "keeper.h"
#include "protocol.h"

long keeper_call(const struct keeper *keeper, long nr, uint64_t a, uint64_t b, uint64_t c,
		 uint64_t d, uint64_t e)
{
	return syscall(nr, a, b, c, d, e, keeper->token);
}

void keeper_failed(struct keeper *keeper, int error, const char *what)
{
	struct keeper_news news = {.event = KEEPER_FAILED, .value = error};

	snprintf(news.text, sizeof(news.text), "%s", what);
	channel_send(keeper->channel, &news, sizeof(news), NULL, 0, NULL, 0);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Take the dead. True: the first process is among them, *status is how it ended. */
static bool reap(struct keeper *keeper, int *status)
{
	bool first = false;
	int how;
	pid_t pid;

	while ((pid = waitpid(-1, &how, WNOHANG)) > 0) {
		if (pid == keeper->first) {
			*status = how;
			first = true;
		}
		if (pid == keeper->servers)
			keeper->servers = 0;
	}
	return first;
}

static bool nobody(struct keeper *keeper)
{
	return tree_signal(getpid(), keeper->servers, 0) == 0;
}

/* Wait for a signal. The value that came with SIGTERM or SIGHUP, 0 for others, -1: none in time. */
static int next_signal(int signals, int timeout_ms)
{
	struct pollfd ready = {.fd = signals, .events = POLLIN};
	struct signalfd_siginfo info;

	if (poll(&ready, 1, timeout_ms) <= 0 || read(signals, &info, sizeof(info)) != sizeof(info))
		return -1;
	if (info.ssi_signo == SIGCHLD)
		return 0;
	return info.ssi_code == SI_QUEUE && info.ssi_int > 0 ? info.ssi_int : KEEPER_DELAY_MS;
}

/* SIGTERM to everybody, and SIGKILL to who is left. */
static void end_processes(struct keeper *keeper, int signals, int delay_ms, int *status)
{
	int64_t end = now_ms() + delay_ms;

	tree_signal(getpid(), keeper->servers, SIGTERM);
	for (;;) {
		int64_t left = end - now_ms();

		reap(keeper, status);
		if (nobody(keeper))
			return;
		if (left <= 0)
			tree_signal(getpid(), keeper->servers, SIGKILL);
		next_signal(signals, left <= 0 || left > 100 ? 100 : left);
	}
}

static void end_servers(struct keeper *keeper, int signals, int *status)
{
	if (keeper->servers)
		kill(keeper->servers, SIGTERM);
	while (reap(keeper, status), keeper->servers)
		next_signal(signals, 1000);
}

static int block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void tell_exit(struct keeper *keeper, int status)
{
	const struct keeper_news news = {.event = KEEPER_EXITED, .value = status};

	channel_send(keeper->channel, &news, sizeof(news), NULL, 0, NULL, 0);
}

static int keep(struct keeper *keeper, int signals)
{
	int status = 0, delay = 0;
	bool ended = false;

	while (!delay) {
		if (reap(keeper, &status)) {
			ended = true;
			tell_exit(keeper, status);
		}
		if (ended && (!keeper->linger || nobody(keeper)))
			break;
		/* Without it nothing can be mounted, and who asks would wait for ever. */
		if (!keeper->servers)
			break;
		delay = next_signal(signals, -1);
		if (delay < 0)
			delay = 0;
	}
	end_processes(keeper, signals, delay ? delay : KEEPER_DELAY_MS, &status);
	if (!ended)
		tell_exit(keeper, status);
	end_servers(keeper, signals, &status);
	return status;
}

static int announce(struct keeper *keeper, int control, int listener)
{
	struct keeper_news news = {
		.event = KEEPER_READY,
		.pid = keeper->first,
		.servers = keeper->servers,
	};
	int fds[] = {control, listener};
	struct stat namespace;

	if (stat("/proc/self/ns/mnt", &namespace) < 0)
		return -errno;
	news.namespace = namespace.st_ino;
	return channel_send(keeper->channel, &news, sizeof(news), NULL, 0, fds,
			    listener < 0 ? 1 : 2);
}

static int start(struct keeper *keeper)
{
	int control = keeper_prepare(keeper), listener;

	if (control < 0)
		return -1;
	keeper->servers = fork();
	if (keeper->servers == 0) {
		close(control);
		servers_main(keeper);
	}
	if (keeper->servers < 0) {
		keeper_failed(keeper, errno, "start a process");
		return -1;
	}
	listener = keeper_start_first(keeper);
	if (listener == -2 || announce(keeper, control, listener) < 0)
		return -1;
	keeper_let_first_go(keeper);
	close(control);
	if (listener >= 0)
		close(listener);
	return 0;
}

int keeper_run(struct keeper *keeper)
{
	int signals = block_signals(), status = -1, ignored = 0;

	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	prctl(PR_SET_NAME, "view-keeper");
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (start(keeper) == 0)
		return keep(keeper, signals);
	tree_signal(getpid(), keeper->servers, SIGKILL);
	end_servers(keeper, signals, &ignored);
	return status;
}
