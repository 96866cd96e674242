// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ends of the process by signals, and going into the background.
 *
 * Theory: the parent of a daemon waits on a pipe: a byte says that the set-up is done, the end of
 * the pipe that it failed. So a script that starts a daemon can use it as soon as the command ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "user/vde/cmd/command.h"
#include "user/vde/names/names.h"

static int ready_pipe = -1;
static const char *pid_path;

static struct name_made pid_made;

static void remove_pidfile(void)
{
	name_remove_path(pid_path, &pid_made);
}

int daemon_start(void)
{
	int ends[2];
	pid_t child;
	char ready;

	if (pipe2(ends, O_CLOEXEC) || (child = fork()) < 0) {
		complain("cannot go into the background: %m");
		return -1;
	}
	if (child > 0) {
		close(ends[1]);
		_exit(read(ends[0], &ready, 1) == 1 ? 0 : 1);
	}
	close(ends[0]);
	ready_pipe = ends[1];
	setsid();
	return 0;
}

void daemon_ready(const char *pidfile)
{
	int null;

	if (pidfile) {
		pid_path = pidfile;
		if (name_write_pid(pid_path, getpid(), &pid_made)) {
			complain("cannot write %s: %s", pid_path,
				 errno == ELOOP	   ? "it is a symbolic link"
				 : errno == EINVAL ? "it is not a regular file"
						   : strerror(errno));
			exit(1);
		}
		atexit(remove_pidfile);
	}
	if (ready_pipe < 0)
		return;
	null = open("/dev/null", O_RDWR);
	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	if (write(ready_pipe, "", 1) != 1)
		exit(1);
	close(ready_pipe);
	ready_pipe = -1;
}

int signals_open(void)
{
	sigset_t ends;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	return signalfd(-1, &ends, SFD_CLOEXEC);
}
