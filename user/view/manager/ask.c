// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests to a keeper (keeper/protocol.h): built, sent, waited for; any thread may. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manager.h"

static int open_of_task(pid_t tid, const char *what)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, what);
	fd = open(path, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

struct ask *ask_new(struct branch *branch, pid_t tid, int *error)
{
	struct ask *ask = malloc(sizeof(*ask));
	int pair[2];

	*error = -ENOMEM;
	if (!ask)
		return NULL;
	ask->branch = branch;
	ask->length = 0;
	memset(&ask->request, 0, sizeof(ask->request));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		*error = -errno;
		free(ask);
		return NULL;
	}
	ask->reply = pair[0];
	ask->fds[KEEPER_FD_REPLY] = pair[1];
	ask->fds[KEEPER_FD_ROOT] = open_of_task(tid, "root");
	ask->fds[KEEPER_FD_CWD] = open_of_task(tid, "cwd");
	ask->fd_count = KEEPER_FD_EXTRA;
	*error = ask->fds[KEEPER_FD_ROOT] < 0 ? ask->fds[KEEPER_FD_ROOT] : ask->fds[KEEPER_FD_CWD];
	if (*error >= 0) {
		*error = 0;
		return ask;
	}
	ask_free(ask);
	return NULL;
}

void ask_free(struct ask *ask)
{
	if (!ask)
		return;
	for (int i = 0; i < KEEPER_FD_EXTRA; i++)
		if (ask->fds[i] >= 0)
			close(ask->fds[i]);
	close(ask->reply);
	free(ask);
}

void ask_value(struct ask *ask, unsigned int index, uint64_t value)
{
	ask->request.args[index] = value;
	ask->request.kinds[index] = KEEPER_VALUE;
}

void ask_bytes(struct ask *ask, unsigned int index, const void *bytes, size_t length)
{
	if (sizeof(ask->request) + ask->length + length > sizeof(ask->bytes)) {
		ask->length = sizeof(ask->bytes); /* too long: the request is not sent */
		return;
	}
	ask->request.args[index] = ask->length;
	ask->request.kinds[index] = KEEPER_BYTES;
	memcpy(ask->request.text + ask->length, bytes, length);
	ask->length += length;
}

void ask_string(struct ask *ask, unsigned int index, const char *string)
{
	if (!string) {
		ask_value(ask, index, 0);
		return;
	}
	ask_bytes(ask, index, string, strlen(string) + 1);
	ask->request.kinds[index] = KEEPER_STRING;
}

int ask_fd(struct ask *ask, int fd)
{
	if (ask->fd_count >= KEEPER_FDS)
		return -E2BIG;
	ask->fds[ask->fd_count++] = fd;
	return KEEPER_EXTRA(ask->fd_count - 1 - KEEPER_FD_EXTRA);
}

/* Send, and wait for the reply. */
static int exchange(struct ask *ask, int *fd)
{
	struct {
		struct keeper_reply reply;
		char text[sizeof(ask->text)];
	} got;
	unsigned int count = 1;
	int passed = -1, error;
	ssize_t length;

	ask->text[0] = '\0';
	if (sizeof(ask->request) + ask->length > sizeof(ask->bytes))
		return -E2BIG;
	error = channel_send(ask->branch->channel, &ask->request, sizeof(ask->request),
			     ask->request.text, ask->length, ask->fds, ask->fd_count);
	/* Ours must be closed, or the end of the keeper's would not be seen. */
	close(ask->fds[KEEPER_FD_REPLY]);
	ask->fds[KEEPER_FD_REPLY] = -1;
	if (error < 0)
		return error;
	length = channel_receive(ask->reply, &got, sizeof(got), &passed, &count);
	if (length < (ssize_t)sizeof(got.reply))
		return length < 0 ? length : -EIO;
	ask->answer = got.reply;
	length -= sizeof(got.reply);
	if ((size_t)length >= sizeof(ask->text))
		length = sizeof(ask->text) - 1;
	memcpy(ask->text, got.text, length);
	ask->text[length] = '\0';
	if (fd)
		*fd = count ? passed : -1;
	else if (count)
		close(passed);
	return 0;
}

int64_t ask_call(struct ask *ask, long nr, int *fd)
{
	int error;

	ask->request.operation = KEEPER_CALL;
	ask->request.nr = nr;
	ask->request.flags = fd ? KEEPER_RESULT_FD : 0;
	error = exchange(ask, fd);
	if (error < 0)
		return error;
	if (fd && ask->answer.result >= 0 && *fd < 0)
		return -EIO;
	return ask->answer.result;
}

/* Is a task waiting in the kernel, or gone? */
static bool waits(pid_t pid)
{
	char path[64], line[256] = "";
	const char *end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return true;
	end = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	fclose(file);
	return !end || end[1] != ' ' || end[2] != 'R';
}

int ask_begin(struct ask *ask, long nr)
{
	int error;

	ask->request.operation = KEEPER_CALL;
	ask->request.nr = nr;
	ask->request.flags = KEEPER_ANNOUNCE;
	error = exchange(ask, NULL);
	while (!error && !waits(ask->answer.result))
		sched_yield();
	return error;
}

int64_t ask_run(struct ask *ask, const char *variable, char *const argv[], const char *mounted)
{
	int error;

	ask->length = 0;
	ask->request.operation = KEEPER_RUN;
	ask->request.flags = KEEPER_MOUNTS;
	ask_string(ask, 0, variable);
	for (ask->request.count = 0; argv[ask->request.count]; ask->request.count++)
		ask_string(ask, 0, argv[ask->request.count]);
	ask_string(ask, 0, mounted);
	error = exchange(ask, NULL);
	return error < 0 ? error : ask->answer.result;
}

int ask_stat(struct ask *ask, const char *path, int flags, struct statx *about)
{
	int error;

	ask->request.operation = KEEPER_STAT;
	ask_string(ask, 1, path);
	ask_value(ask, 0, flags);
	error = exchange(ask, NULL);
	if (error < 0 || ask->answer.result < 0)
		return error < 0 ? error : ask->answer.result;
	memcpy(about, ask->text, sizeof(*about));
	return 0;
}

int ask_ids(struct ask *ask, pid_t pid, const unsigned int ids[4])
{
	int error;

	ask->request.operation = KEEPER_IDS;
	ask_value(ask, 0, pid);
	for (int i = 0; i < 4; i++)
		ask_value(ask, 1 + i, ids[i]);
	error = exchange(ask, NULL);
	return error < 0 ? error : (int)ask->answer.result;
}

int64_t ask_path(struct view_call *call, long nr, const char *path, uint64_t value)
{
	int error;
	struct ask *ask = ask_new(call->branch, call->tid, &error);

	if (!ask)
		return error;
	ask_string(ask, 0, path);
	ask_value(ask, 1, value);
	error = ask_call(ask, nr, NULL);
	ask_free(ask);
	return error;
}
