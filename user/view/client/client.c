// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One request to the manager: a line of JSON each way over the view's control socket, which is in
 * the directory that only the view's processes see (keeper/prepare.c). That is found by its line in
 * the table of mounts.
 */
#include <errno.h>
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

	/* The last is that of the innermost view. */
	while (mounts && getline(&line, &room, mounts) > 0)
		if (strstr(line, " - tmpfs " VIEW_SOURCE " ") &&
		    sscanf(line, "%*u %*u %*s %*s %4095s", point) == 1 &&
		    snprintf(path, size, "%s", point) < (int)size)
			found = 1;
	free(line);
	if (mounts)
		fclose(mounts);
	errno = ENOENT;
	return found ? 0 : -1;
}

static int find_socket(struct sockaddr_un *address)
{
	char directory[sizeof(address->sun_path) - sizeof("/control")];

	address->sun_family = AF_UNIX;
	if (client_directory(directory, sizeof(directory)) < 0)
		return -1;
	sprintf(address->sun_path, "%s/control", directory);
	return 0;
}

static int connect_manager(void)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (find_socket(&address) == 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
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
