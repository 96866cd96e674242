/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket. A client is a stream connection; after its request it stays silent and its
 * end means the client has left. The user id is what the kernel says about the peer of the stream
 * (SO_PEERCRED); the address it gives must be a socket of that same user, or the switch would send
 * to other people's sockets in its own name. An address in the file system is looked at and
 * connected to through one descriptor, so that it cannot be exchanged in between.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "user/vde/switch/console/console.h"
#include "user/vde/switch/control/control.h"
#include "user/vde/switch/control/directory.h"
#include "user/vde/switch/control/peer.h"
#include "user/vde/switch/control/request.h"
#include "user/vde/switch/forward/forward.h"
#include "user/vde/switch/loop/loop.h"
#include "user/vde/switch/planes/user/user.h"
#include "user/vde/switch/ports/ports.h"

#define HANDSHAKE_SECONDS 10 /* a client that has not sent its request by then is let go */
#define REFUSALS_LOGGED	  20 /* per second */
#define ACCEPTS_AT_ONCE	  64

struct client {
	struct control *control;
	struct client *next, **link;
	int fd;
	struct watch *watch;
	struct ucred peer;
	uint32_t since; /* seconds */
	uint8_t data[REQUEST_MAX];
	size_t len;
	struct endpoint *endpoint;
	struct sockaddr_un address; /* of our data socket */
	struct name_made made;	    /* its name */
};

struct control {
	struct vswitch *sw;
	struct directory *directory;
	struct watch *watch;
	struct timer *timer;
	struct client *clients;
	int spare; /* given up for a moment when there are no more descriptors */
};

static void client_close(struct client *client)
{
	struct control *control = client->control;

	if (client->endpoint)
		port_leave(control->sw, client->endpoint);
	loop_unwatch(control->sw->loop, client->watch);
	close(client->fd);
	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	free(client);
}

/* The endpoint leaves its port, because the client went or by port/epclose. */
static void endpoint_left(struct endpoint *endpoint)
{
	struct client *client = endpoint->owner;

	client->endpoint = NULL;
	directory_unbind(client->control->directory, &client->address, &client->made);
	shutdown(client->fd, SHUT_RDWR); /* its end of file closes the client */
}

/*
 * The protocol has no answer but an address. This one cannot be taken for it: what stands where the
 * family would be is text, so that connecting to it fails, and it is shorter than an address.
 */
static void answer_no(const struct client *client, const char *why)
{
	char text[sizeof(struct sockaddr_un) - 1];
	int length = snprintf(text, sizeof(text), "refused: %s\n", why);

	if (length >= (int)sizeof(text))
		length = sizeof(text) - 1;
	(void)!send(client->fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Many refusals at once are one line: a flood of bad requests must not flood the log. */
static void refuse(const struct client *client, const char *why)
{
	static unsigned int lines, silent;
	static uint32_t second;
	uint32_t now = forward_seconds();

	if (!client->endpoint)
		answer_no(client, why);
	if (now != second) {
		if (silent)
			syslog(LOG_NOTICE, "refused %u more clients", silent);
		second = now;
		lines = silent = 0;
	}
	if (++lines > REFUSALS_LOGGED) {
		silent++;
		return;
	}
	syslog(LOG_NOTICE, "refused a client (process %d, user %d): %s", client->peer.pid,
	       client->peer.uid, why);
}

/*
 * Is the socket that fd is connected to the client's own? Whoever names another's would have us
 * send to it, and with our credentials. Root and the switch's own user need no such help. Where the
 * kernel does not say whose it is, what the file system says (known_owner) must do.
 */
static bool is_own(const struct client *client, int fd, bool known_owner)
{
	uid_t owner;
	int error;

	if (client->peer.uid == 0 || client->peer.uid == geteuid())
		return true;
	error = peer_owner(fd, &owner);
	return error ? known_owner : owner == client->peer.uid;
}

/* Connect our data socket to the client's; -1 with the reason logged. */
static int connect_to(const struct client *client, int fd, const struct request *request)
{
	struct sockaddr_un address = request->address;
	bool abstract = !address.sun_path[0];
	struct stat file;
	int path = -1;

	if (!abstract) {
		path = open(address.sun_path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
		if (path < 0 || fstat(path, &file) || !S_ISSOCK(file.st_mode)) {
			refuse(client, "the address it gave is not a socket that the switch can "
				       "reach");
			goto fail;
		}
		if (client->peer.uid != 0 && file.st_uid != client->peer.uid) {
			refuse(client, "the address it gave is another user's socket");
			goto fail;
		}
		snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", path);
	}
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		refuse(client, abstract ? "nothing listens on the abstract address it gave"
					: "the switch cannot connect to the address it gave");
		goto fail;
	}
	if (!is_own(client, fd, !abstract)) {
		refuse(client, "the address it gave is another user's socket");
		goto fail;
	}
	if (path >= 0)
		close(path);
	return 0;
fail:
	if (path >= 0)
		close(path);
	return -1;
}

static const char *why_no_port(int error)
{
	switch (error) {
	case -ENOSPC:
		return "no port is free; see port/setnumports";
	case -EINVAL:
		return "the port it asks for does not exist; see port/setnumports";
	case -EACCES:
		return "the port it asks for is not for this user; see port/setuser, "
		       "port/setgroup, "
		       "and for port 0 --mgmtmode";
	case -EBUSY:
		return "the port it asks for is in use by another user";
	case -EDQUOT:
		return "this user has as many ports as one may have; see --max-ports-per-user";
	default:
		return strerror(-error);
	}
}

/* Make the endpoint of a request and answer with our address. False: refused. */
static bool serve(struct client *client, const struct request *request)
{
	struct control *control = client->control;
	struct vswitch *sw = control->sw;
	struct endpoint *endpoint;
	struct port *port;
	int error, fd;

	error = port_choose(sw, request->port, client->peer.uid, &port);
	if (!error && !port->number &&
	    !directory_admits_manager(control->directory, client->peer.uid))
		error = -EACCES;
	if (error) {
		refuse(client, why_no_port(error));
		return false;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		refuse(client, strerror(errno));
		return false;
	}
	if (connect_to(client, fd, request))
		goto fail;
	error = directory_bind(control->directory, fd, port->number, client->peer.uid,
			       &client->address, &client->made);
	if (error) {
		refuse(client, error == -EEXIST ? "what has the name of its socket in the switch "
						  "directory is not a socket"
						: "the switch cannot make a socket for it in its "
						  "directory");
		goto fail;
	}
	endpoint = user_endpoint_new(plane_called(sw, "user"), USER_SOCKET, fd);
	if (!endpoint)
		goto unbind;
	endpoint->id = client->fd;
	endpoint->user = client->peer.uid;
	endpoint->module = "unix prog";
	endpoint->left = endpoint_left;
	endpoint->owner = client;
	memcpy(endpoint->descr, request->descr, sizeof(endpoint->descr));
	error = port_join(sw, port->number, endpoint);
	if (error) {
		refuse(client, why_no_port(error));
		user_endpoint_discard(endpoint);
		directory_unbind(control->directory, &client->address, &client->made);
		return false;
	}
	client->endpoint = endpoint;
	/* A fresh stream has room for 110 bytes; if the client has gone its end of file follows. */
	(void)!send(client->fd, &client->address, sizeof(client->address),
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	return true;
unbind:
	directory_unbind(control->directory, &client->address, &client->made);
fail:
	close(fd);
	return false;
}

static void client_ready(void *context, uint32_t events)
{
	struct client *client = context;
	struct request request;
	const char *why;
	ssize_t n = recv(client->fd, client->data + client->len, sizeof(client->data) - client->len,
			 MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_close(client);
		return;
	}
	client->len += n;
	switch (request_parse(client->data, client->len, &request, &why)) {
	case 0:
		return;
	case 1:
		client->len = 0;
		if (client->endpoint)
			refuse(client, "it asks twice on one connection");
		else if (serve(client, &request))
			return;
		break;
	default:
		refuse(client, why);
	}
	client_close(client);
}

static void client_new(struct control *control, int fd)
{
	struct client *client = calloc(1, sizeof(*client));
	socklen_t len = sizeof(client->peer);

	if (!client)
		goto fail;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &client->peer, &len))
		client->peer.uid = -1;
	client->control = control;
	client->fd = fd;
	client->since = forward_seconds();
	client->watch = loop_watch(control->sw->loop, fd, EPOLLIN, client_ready, client);
	if (!client->watch)
		goto fail;
	client->next = control->clients;
	client->link = &control->clients;
	if (client->next)
		client->next->link = &client->next;
	control->clients = client;
	return;
fail:
	free(client);
	close(fd);
}

/* No descriptor is left: take the next client only to show it out. */
static void turn_away(struct control *control, int listener)
{
	int fd;

	close(control->spare);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		close(fd);
	control->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	syslog(LOG_WARNING, "refused a client: the switch has no more file descriptors "
			    "(ulimit -n)");
}

static void listener_ready(void *context, uint32_t events)
{
	struct control *control = context;
	int listener = directory_listener(control->directory);

	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			client_new(control, fd);
		} else if (errno == EMFILE || errno == ENFILE) {
			turn_away(control, listener);
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
}

static void drop_silent_clients(void *context)
{
	struct control *control = context;
	struct client *next;

	for (struct client *client = control->clients; client; client = next) {
		next = client->next;
		if (!client->endpoint && forward_seconds() - client->since > HANDSHAKE_SECONDS) {
			refuse(client, "it sent no complete request");
			client_close(client);
		}
	}
}

void control_raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

struct control *control_open(struct vswitch *sw, const struct control_settings *settings)
{
	struct control *control = calloc(1, sizeof(*control));

	if (!control)
		return NULL;
	control->sw = sw;
	control->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	control->directory = directory_open(settings);
	if (!control->directory)
		goto fail;
	control->watch = loop_watch(sw->loop, directory_listener(control->directory), EPOLLIN,
				    listener_ready, control);
	control->timer = loop_every(sw->loop, 1000, drop_silent_clients, control);
	if (!control->watch || !control->timer) {
		syslog(LOG_ERR, "cannot watch the control socket: %m");
		goto fail;
	}
	return control;
fail:
	control_close(control);
	return NULL;
}

void control_close(struct control *control)
{
	struct client *next;

	if (!control)
		return;
	for (struct client *client = control->clients; client; client = next) {
		next = client->next;
		client_close(client);
	}
	loop_unwatch(control->sw->loop, control->watch);
	loop_cancel(control->sw->loop, control->timer);
	directory_close(control->directory);
	if (control->spare >= 0)
		close(control->spare);
	free(control);
}

static int list_directory(struct call *call, json_t **listing)
{
	struct control *control = call->sw->control;

	*listing = directory_json(control->directory);
	return 0;
}

static void print_directory(FILE *out, const json_t *listing)
{
	fprintf(out, "ctl dir %s\nstd mode %s\n", listing_text(listing, "directory"),
		listing_text(listing, "mode"));
}

static const struct command commands[] = {
	{.path = "ds", .help = "data sockets"},
	{.path = "ds/showinfo",
	 .help = "directory and mode of the sockets",
	 .list = list_directory,
	 .print = print_directory},
	{0},
};

void control_commands(struct console *console)
{
	console_add(console, commands);
}
