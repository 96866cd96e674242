// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A command in a view that is there, from outside.
 *
 *	this process, which stays outside of what the view's manager sees, and is the keeper of:
 *	-> the command, which enters the namespaces of the view (umview) or is attached (kmview)
 *
 * It keeps its terminal and its place in the caller's session. When the command ends, what it left
 * behind is ended, and when the view ends, all of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "registry.h"
#include "user/view/keeper/keeper.h"

static int open_namespace(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static bool is_ours(int fd, const char *name)
{
	struct stat its, ours;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return fstat(fd, &its) == 0 && stat(path, &ours) == 0 && its.st_ino == ours.st_ino;
}

static int enter_namespaces(pid_t servers)
{
	static const char *const names[] = {"user", "uts", "pid", "mnt"};
	int fds[4], error = 0;

	proc_keep(); /* that of the view may show other numbers */
	for (int i = 0; i < 4; i++)
		fds[i] = open_namespace(servers, names[i]);
	for (int i = 0; i < 4 && !error; i++)
		if (fds[i] < 0 || (!is_ours(fds[i], names[i]) && setns(fds[i], 0) < 0))
			error = fds[i] < 0 ? fds[i] : -errno;
	for (int i = 0; i < 4; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return error;
}

/* Tell the manager of the first process. Its end of the connection is the end of the view. */
static int hand_over(struct keeper *keeper, int listener)
{
	struct registry_request request = {.abi = REGISTRY_ABI,
					   .what = listener < 0 ? REGISTRY_ATTACH
								: REGISTRY_LISTENER,
					   .pid = keeper->first};
	struct registry_reply reply;
	int error;

	if (listener >= 0) {
		error = channel_send(keeper->channel, &request, sizeof(request), NULL, 0, &listener,
				     1);
	} else {
		error = registry_ask(keeper->channel, &request, -1, &reply, NULL, NULL);
		if (!error && reply.error) {
			fprintf(stderr, "%s: %s\n", program_invocation_short_name, reply.text);
			error = reply.error;
		}
	}
	if (error)
		return error;
	fcntl(keeper->channel, F_SETOWN, getpid());
	fcntl(keeper->channel, F_SETSIG, SIGTERM);
	fcntl(keeper->channel, F_SETFL, O_ASYNC | O_NONBLOCK);
	return 0;
}

static int complain(const char *name, int error)
{
	if (error == -ENOENT || error == -ECONNREFUSED || error == -ESRCH)
		fprintf(stderr,
			"%s: there is no view %s that can be joined; --list shows which are\n",
			program_invocation_short_name, name);
	else
		fprintf(stderr, "%s: cannot join the view %s: %s\n", program_invocation_short_name,
			name, strerror(-error));
	return STATUS_FAILED;
}

int join_run(const struct options *options)
{
	const struct registry_request request = {.abi = REGISTRY_ABI, .what = REGISTRY_JOIN};
	static struct sock_filter code[BPF_MAXINSNS];
	struct sock_fprog filter = {.filter = code};
	size_t size = sizeof(code);
	struct registry_reply reply;
	char *directory = getcwd(NULL, 0);
	struct keeper keeper = {
		.command = options->command,
		.root = options->secure,
		.linger = options->linger,
		.flush_limit = options->flush_limit,
		.hand_over = hand_over,
		.working_directory = directory,
		.channel = registry_connect(options->join),
	};
	int error = keeper.channel < 0 ? keeper.channel : 0, status;

	if (!error)
		error = registry_ask(keeper.channel, &request, -1, &reply, code, &size);
	if (!error)
		error = reply.error;
	if (!error && size) {
		filter.len = size / sizeof(*code);
		keeper.filter = &filter;
		error = enter_namespaces(reply.servers);
	} else if (!error) {
		keeper.namespace = reply.namespace;
	}
	if (error)
		return complain(options->join, error);
	keeper.token = reply.token;
	status = keeper_run(&keeper);
	free(directory);
	if (status < 0 || keeper.cut_off)
		return STATUS_FAILED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
