// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One request of the manager, in a process of its own.
 *
 * It is served at the root and working directory that came along. A file system whose server does
 * not answer may hold up this process, and whoever asked, but nobody else: attributes are asked for
 * without asking the server, and a working directory is entered only for a path that starts there.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper.h"
#include "protocol.h"
#include "request.h"

/*
 * Nothing of the branch is held any more when the reply is there: whoever gets it may unmount at
 * once what this request looked at.
 */
void request_reply(const int *fds, int64_t result, const void *text, size_t length, int fd)
{
	struct keeper_reply head = {.result = result};

	for (int i = KEEPER_FD_ROOT; i < KEEPER_FDS; i++)
		if (fds[i] >= 0 && fds[i] != fd)
			close(fds[i]);
	for (int i = 0; i < KEEPER_FDS; i++)
		if (KEEPER_EXTRA(i) != fd)
			close(KEEPER_EXTRA(i));
	if (chdir("/") < 0)
		head.result = -errno;
	channel_send(fds[KEEPER_FD_REPLY], &head, sizeof(head), text, length, &fd, fd < 0 ? 0 : 1);
}

/* Who we are, before a call that may take long. */
static void announce(const int *fds)
{
	const struct keeper_reply head = {.result = getpid()};

	channel_send(fds[KEEPER_FD_REPLY], &head, sizeof(head), NULL, 0, NULL, 0);
	close(fds[KEEPER_FD_REPLY]);
}

static int same_directory(int fd, const char *path)
{
	struct statx ours, theirs;
	const int flags = AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;

	if (statx(AT_FDCWD, path, flags, STATX_INO | STATX_MNT_ID, &ours) < 0 ||
	    statx(fd, "", flags | AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &theirs) < 0)
		return -errno;
	return ours.stx_ino == theirs.stx_ino && ours.stx_mnt_id == theirs.stx_mnt_id;
}

/* To the root of the task; most have ours, and may change no other. */
static int go_to_root(const int *fds)
{
	int same = same_directory(fds[KEEPER_FD_ROOT], "/");

	if (same < 0)
		return same;
	if (!same && (fchdir(fds[KEEPER_FD_ROOT]) < 0 || chroot(".") < 0))
		return -errno;
	return 0;
}

static int go_to_directory(const int *fds)
{
	return fchdir(fds[KEEPER_FD_CWD]) < 0 ? -errno : 0;
}

static const char *string_of(const struct keeper_request *request, size_t text, unsigned int index)
{
	return request->args[index] < text ? request->text + request->args[index] : "";
}

/* Does a call have a path that starts at the working directory? */
static bool is_relative(const struct keeper_request *request, size_t text)
{
	for (unsigned int i = 0; i < 6; i++)
		if (request->kinds[i] == KEEPER_STRING && *string_of(request, text, i) != '/')
			return true;
	return false;
}

static void call(struct keeper *keeper, const struct keeper_request *request, size_t text,
		 const int *fds, unsigned int count)
{
	int error = is_relative(request, text) ? go_to_directory(fds) : 0;
	uint64_t args[6];
	long result;

	if (!error && (request->flags & KEEPER_AS_CALLER))
		error = become_for_call(&request->ids, request->ids.enter && count > KEEPER_FD_EXTRA
							       ? fds[count - 1]
							       : -1);
	if (error < 0) {
		request_reply(fds, error, NULL, 0, -1);
		return;
	}
	for (int i = 0; i < 6; i++) {
		args[i] = request->args[i];
		if (request->kinds[i] != KEEPER_VALUE)
			args[i] = args[i] < text ? (uintptr_t)request->text + args[i] : 0;
	}
	if (request->flags & KEEPER_ANNOUNCE)
		announce(fds);
	result = keeper_call(keeper, request->nr, args[0], args[1], args[2], args[3], args[4]);
	if (request->flags & KEEPER_ANNOUNCE)
		return; /* nobody waits */
	if (result < 0)
		request_reply(fds, -errno, NULL, 0, -1);
	else if (request->flags & KEEPER_RESULT_FD)
		request_reply(fds, 0, NULL, 0, result);
	else
		request_reply(fds, result, NULL, 0, -1);
}

static void look(const struct keeper_request *request, const int *fds)
{
	const int flags = AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC | request->args[0];
	int error = request->text[0] == '/' ? 0 : go_to_directory(fds);
	struct statx about;

	if (!error && statx(AT_FDCWD, request->text, flags, STATX_MODE | STATX_MNT_ID, &about) < 0)
		error = -errno;
	/* FUSE of another user's tells nobody else anything but what the kernel knows. */
	if (error == -EACCES && statx(AT_FDCWD, request->text, flags, 0, &about) == 0)
		error = 0;
	request_reply(fds, error, &about, error ? 0 : sizeof(about), -1);
}

static void unmount(struct keeper *keeper, const struct keeper_request *request, size_t text,
		    const int *fds)
{
	int error = request->text[0] == '/' ? 0 : go_to_directory(fds);
	const char *path = request->text;
	unsigned int count = 0;

	while (count < request->args[1] && path < request->text + text) {
		path += strlen(path) + 1;
		count++;
	}
	/* Those who wait for the server are sent away first. */
	if (!error)
		error = unmount_stack(keeper, request->text, count, request->args[0]);
	request_reply(fds, error, NULL, 0, -1);
}

_Noreturn void request_serve(struct keeper *keeper, union keeper_message *message, size_t length,
			     const int *fds, unsigned int count)
{
	const struct keeper_request *request = &message->head;
	size_t text = length - sizeof(*request);
	int error;

	message->bytes[length < sizeof(message->bytes) ? length : length - 1] = '\0';
	for (unsigned int i = KEEPER_FD_EXTRA; i < count; i++)
		if (dup2(fds[i], KEEPER_EXTRA(i - KEEPER_FD_EXTRA)) < 0)
			_exit(1);
	error = go_to_root(fds);
	if (error < 0)
		request_reply(fds, error, NULL, 0, -1);
	else if (request->operation == KEEPER_CALL)
		call(keeper, request, text, fds, count);
	else if (request->operation == KEEPER_RUN)
		run_serve(request, text, fds, count);
	else if (request->operation == KEEPER_STAT)
		look(request, fds);
	else if (request->operation == KEEPER_UNMOUNT)
		unmount(keeper, request, text, fds);
	else if (request->operation == KEEPER_IDS)
		request_reply(fds,
			      keeper_map_ids(request->args[0], request->args[1], request->args[2],
					     request->args[3], request->args[4]),
			      NULL, 0, -1);
	else
		request_reply(fds, -EINVAL, NULL, 0, -1);
	_exit(0);
}
