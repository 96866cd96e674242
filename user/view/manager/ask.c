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
#include <sys/syscall.h>
#include <unistd.h>

#include "manager.h"

static int open_of_task(pid_t tid, const char *what, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", tid, what);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static struct ask *ask_at(struct branch *branch, pid_t tid, pid_t place, int *error)
{
	struct ask *ask = malloc(sizeof(*ask));
	int pair[2];

	*error = -ENOMEM;
	if (!ask)
		return NULL;
	ask->branch = branch;
	ask->tid = tid;
	ask->length = 0;
	memset(&ask->request, 0, sizeof(ask->request));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		*error = -errno;
		free(ask);
		return NULL;
	}
	ask->reply = pair[0];
	ask->fds[KEEPER_FD_REPLY] = pair[1];
	ask->fds[KEEPER_FD_ROOT] = open_of_task(place, "root", O_PATH);
	ask->fds[KEEPER_FD_CWD] = open_of_task(place, "cwd", O_PATH);
	ask->fd_count = KEEPER_FD_EXTRA;
	*error = ask->fds[KEEPER_FD_ROOT] < 0 ? ask->fds[KEEPER_FD_ROOT] : ask->fds[KEEPER_FD_CWD];
	if (*error >= 0) {
		*error = 0;
		return ask;
	}
	ask_free(ask);
	return NULL;
}

struct ask *ask_new(struct branch *branch, pid_t tid, int *error)
{
	return ask_at(branch, tid, tid, error);
}

struct ask *ask_of(const struct view_call *call, int *error)
{
	return ask_at(call->branch, call->tid, call->at_root ? call->branch->servers : call->tid,
		      error);
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

/* Whose ids the request is made with; fd: a user namespace to close afterwards, or -1. */
static int set_caller(struct ask *ask, bool exactly, int *namespace)
{
	struct caller caller;
	int error = caller_read(&caller, ask->tid);

	*namespace = -1;
	if (error)
		return error;
	if (!exactly)
		return caller_ids(&caller, ask->branch->servers, ask->branch->servers,
				  &ask->request.ids)
			       ? 0
			       : -EPERM;
	if (!caller_ids(&caller, caller.tid, ask->branch->servers, &ask->request.ids))
		return -EPERM;
	if (!ask->request.ids.enter)
		return 0;
	*namespace = open_of_task(ask->tid, "ns/user", O_RDONLY);
	if (*namespace < 0)
		return *namespace;
	ask_fd(ask, *namespace);
	return 0;
}

int64_t ask_call_as_caller(struct ask *ask, long nr, int *fd)
{
	int namespace, error = set_caller(ask, true, &namespace);

	if (!error) {
		ask->request.operation = KEEPER_CALL;
		ask->request.nr = nr;
		ask->request.flags = KEEPER_AS_CALLER | (fd ? KEEPER_RESULT_FD : 0);
		error = exchange(ask, fd);
	}
	if (namespace >= 0)
		close(namespace);
	if (error < 0)
		return error;
	if (fd && ask->answer.result >= 0 && *fd < 0)
		return -EIO;
	return ask->answer.result;
}

/* Process group and session of a task. */
static void group_of(pid_t tid, int *group, int *session)
{
	char path[64], line[512] = "";
	const char *end;
	FILE *file;

	*group = *session = 0;
	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	file = fopen(path, "re");
	end = file && fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	if (end)
		sscanf(end + 1, " %*c %*d %d %d", group, session);
	if (file)
		fclose(file);
}

/* A descriptor of the task's, or an empty file in its place. */
static int task_fd(int pidfd, int number)
{
	int fd = pidfd < 0 ? -1 : syscall(SYS_pidfd_getfd, pidfd, number, 0);

	return fd >= 0 ? fd : open("/dev/null", O_RDWR | O_CLOEXEC);
}

static void pass_task(struct ask *ask, int fds[RUN_FDS])
{
	int group, session;

	fds[RUN_TASK] = syscall(SYS_pidfd_open, task_process(ask->tid), 0);
	fds[RUN_ENVIRONMENT] = open_of_task(ask->tid, "environ", O_RDONLY);
	if (fds[RUN_ENVIRONMENT] < 0)
		fds[RUN_ENVIRONMENT] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	fds[RUN_INPUT] = task_fd(fds[RUN_TASK], 0);
	fds[RUN_ERROR] = task_fd(fds[RUN_TASK], 2);
	for (int i = 0; i < RUN_FDS; i++)
		ask_fd(ask, fds[i]);
	group_of(ask->tid, &group, &session);
	ask_value(ask, 0, group);
	ask_value(ask, 1, session);
}

int64_t ask_run(struct ask *ask, const struct ask_program *program)
{
	int error, namespace, fds[RUN_FDS];

	ask->length = 0;
	ask->request.operation = KEEPER_RUN;
	ask->request.flags = program->mounted ? KEEPER_MOUNTS : 0;
	error = set_caller(ask, false, &namespace);
	if (error)
		return error;
	pass_task(ask, fds);
	ask_value(ask, 2, program->timeout);
	for (unsigned int i = 0; i < program->file_count; i++)
		ask_fd(ask, program->files[i]);
	ask_bytes(ask, 3, program->mark, strlen(program->mark) + 1);
	ask_bytes(ask, 3, program->image, strlen(program->image) + 1);
	for (char *const *word = program->argv; *word; word++, ask->request.count++)
		ask_bytes(ask, 3, *word, strlen(*word) + 1);
	ask_bytes(ask, 3, program->mounted ? program->mounted : "",
		  (program->mounted ? strlen(program->mounted) : 0) + 1);
	error = exchange(ask, NULL);
	for (int i = 0; i < RUN_FDS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return error < 0 ? error : ask->answer.result;
}

int ask_unmount(struct ask *ask, const char *target, int flags, const char *parts,
		unsigned int count)
{
	size_t length = 0;
	int error;

	ask->request.operation = KEEPER_UNMOUNT;
	ask_string(ask, 2, target);
	for (unsigned int i = 0; i < count; i++)
		length += strlen(parts + length) + 1;
	ask_bytes(ask, 3, parts, length);
	ask_value(ask, 0, flags);
	ask_value(ask, 1, 1 + count);
	error = exchange(ask, NULL);
	return error < 0 ? error : (int)ask->answer.result;
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
	struct ask *ask = ask_of(call, &error);

	if (!ask)
		return error;
	ask_string(ask, 0, path);
	ask_value(ask, 1, value);
	error = ask_call(ask, nr, NULL);
	ask_free(ask);
	return error;
}
