// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One request to the manager: a line of JSON each way over the view's control socket, which is in
 * the directory that only the view's processes see (keeper/prepare.c). That is found by its line in
 * the table of mounts.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"
#include "user/view/keeper/protocol.h"

int client_directory(char *path, size_t size)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, point[PATH_MAX];
	size_t room = 0;
	int found = 0;

	/* The last is that of the innermost view, or a copy of it. */
	while (mounts && getline(&line, &room, mounts) > 0) {
		if (strstr(line, " - tmpfs " VIEW_SOURCE " ") &&
		    sscanf(line, "%*u %*u %*s %*s %4095s", point) == 1 && strlen(point) < size) {
			strcpy(path, point);
			found = 1;
		}
	}
	free(line);
	if (mounts)
		fclose(mounts);
	errno = ENOENT;
	return found ? 0 : -1;
}

/* By way of a descriptor, as the address of a socket has room for short paths only. */
static int connect_in(int directory)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return -1;
	sprintf(address.sun_path, "/proc/self/fd/%d/control", directory);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int connect_manager(void)
{
	char path[PATH_MAX];
	int directory, fd, error;

	if (client_directory(path, sizeof(path)) < 0)
		return -1;
	directory = open(path, O_PATH | O_CLOEXEC);
	if (directory < 0)
		return -1;
	fd = connect_in(directory);
	error = errno;
	close(directory);
	errno = error;
	return fd;
}

int client_inside(void)
{
	int fd = connect_manager();

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

json_t *client_ask(json_t *request, int passed)
{
	char *text = json_dumps(request, JSON_COMPACT);
	int fd = connect_manager();
	json_t *reply = NULL;
	json_error_t error;
	FILE *answer;
	int saved;

	json_decref(request);
	if (text && fd >= 0 &&
	    channel_send(fd, text, strlen(text), "\n", 1, &passed, passed < 0 ? 0 : 1) == 0) {
		answer = fdopen(fd, "r");
		if (answer) {
			reply = json_loadf(answer, JSON_DISABLE_EOF_CHECK, &error);
			if (!reply)
				errno = EPROTO;
			saved = errno;
			fclose(answer);
			errno = saved;
			fd = -1;
		}
	}
	saved = errno;
	if (fd >= 0)
		close(fd);
	free(text);
	errno = saved;
	return reply;
}
