// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Process ids of a branch's own (--pid).
 *
 *	manager -> this process -> keeper, number 1 of the new namespace -> first process, servers
 *
 * All that is in the branch is in the namespace, servers too, so that one /proc is right for all. The
 * manager, outside, knows them by the numbers that they have there.
 */
#include "pids.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"
#include "protocol.h"

static _Noreturn void fail(int channel, const char *what)
{
	struct keeper keeper = {.channel = channel};

	keeper_failed(&keeper, errno, what);
	_exit(1);
}

/* Signals for the keeper come here; a value that came along goes on. */
static _Noreturn void stand_for(pid_t keeper, const sigset_t *set)
{
	siginfo_t info;
	int status;

	for (;;) {
		int number = sigwaitinfo(set, &info);

		if (number == SIGCHLD && waitpid(keeper, &status, WNOHANG) == keeper)
			_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
		if (number != SIGTERM && number != SIGHUP && number != SIGINT)
			continue;
		if (info.si_code == SI_QUEUE)
			sigqueue(keeper, number, info.si_value);
		else if (number != SIGINT) /* that came to the whole group */
			kill(keeper, number);
	}
}

void pids_begin(int channel)
{
	pid_t pid;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (unshare(CLONE_NEWPID) < 0)
		fail(channel, "have process ids of its own");
	pid = fork();
	if (pid < 0)
		fail(channel, "start a process");
	if (pid > 0) {
		close(channel);
		prctl(PR_SET_NAME, "view-pids");
		stand_for(pid, &set);
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		fail(channel, "mount a /proc of its own");
}
