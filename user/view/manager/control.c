// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket of a branch: a connection brings one request, a line of JSON, and gets one
 * line back. The socket is in a file system that only the branch has, so whoever can connect is
 * inside; what he may ask is decided for each command by who he is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "manager.h"

#define REQUEST_MAX 16384

struct connection {
	struct source source;
	struct branch *branch;
	size_t have;
	int passed;
	char text[REQUEST_MAX];
};

static void drop(struct view *view, struct connection *connection)
{
	source_remove(view, &connection->source);
	close(connection->source.fd);
	if (connection->passed >= 0)
		close(connection->passed);
	free(connection);
}

static void answer(struct connection *connection)
{
	struct ucred peer = {0};
	socklen_t length = sizeof(peer);
	json_t *request, *reply;
	json_error_t error;
	char *text;

	getsockopt(connection->source.fd, SOL_SOCKET, SO_PEERCRED, &peer, &length);
	request = json_loadb(connection->text, connection->have, 0, &error);
	if (json_is_object(request))
		reply = command_run(connection->branch, &peer, request, &connection->passed,
				    connection->passed >= 0 ? 1 : 0);
	else
		reply = json_pack("{s:s}", "error", "the request is no JSON object");
	json_decref(request);
	text = json_dumps(reply, JSON_COMPACT);
	json_decref(reply);
	if (text && write(connection->source.fd, text, strlen(text)) > 0 &&
	    write(connection->source.fd, "\n", 1) < 0)
		return; /* whoever asked is gone */
	free(text);
}

static void connection_ready(struct view *view, struct source *source, uint32_t events)
{
	struct connection *connection = source->data;
	unsigned int count = 1;
	int passed;
	ssize_t got = channel_receive(source->fd, connection->text + connection->have,
				      sizeof(connection->text) - connection->have, &passed, &count);

	if (got == -EAGAIN)
		return;
	if (count) {
		if (connection->passed >= 0)
			close(connection->passed);
		connection->passed = passed;
	}
	if (got > 0) {
		connection->have += got;
		if (!memchr(connection->text, '\n', connection->have) &&
		    connection->have < sizeof(connection->text))
			return;
		answer(connection);
	}
	drop(view, connection);
}

static void accept_ready(struct view *view, struct source *source, uint32_t events)
{
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct connection *connection;

	if (fd < 0) {
		if (events & (EPOLLHUP | EPOLLERR)) {
			source_remove(view, source);
			free(source);
		}
		return;
	}
	connection = calloc(1, sizeof(*connection));
	if (!connection) {
		close(fd);
		return;
	}
	connection->source = (struct source){connection_ready, connection, fd};
	connection->branch = source->data;
	connection->passed = -1;
	if (source_add(view, &connection->source) < 0)
		drop(view, connection);
}

void control_listen(struct branch *branch)
{
	struct source *source = calloc(1, sizeof(*source));

	if (!source)
		return;
	fcntl(branch->control, F_SETFL, O_NONBLOCK);
	*source = (struct source){accept_ready, branch, branch->control};
	source_add(branch->view, source);
}
