/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user plane as the switch sees it: its options, its endpoints, and which worker serves which.
 * Ports are dealt to threads in groups of --ports-per-thread; a thread starts with its first port.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>
#include <urcu.h>

#include "user/vde/switch/console/argument.h"
#include "user/vde/switch/planes/user/parts.h"

#define PORTS_PER_THREAD 64
/* Bytes the kernel may hold for a client, its overhead included. */
#define SOCKET_BUFFER (2 << 20)

#define OPTION_PORTS_PER_THREAD 1100

static const struct argp_option options[] = {
	{"ports-per-thread", OPTION_PORTS_PER_THREAD, "N", 0, "Serve N ports with each thread (64)",
	 0},
	{0},
};

static error_t option(int key, char *argument, struct argp_state *state)
{
	struct plane *plane = state->input;
	struct user_plane *user = plane->state;

	if (key != OPTION_PORTS_PER_THREAD)
		return ARGP_ERR_UNKNOWN;
	if (argument_number(argument, 1, PORT_MAX, &user->ports_per_thread))
		argp_error(state, "--ports-per-thread %s: give a number from 1 to %d", argument,
			   PORT_MAX);
	return 0;
}

static const struct argp user_options = {.options = options, .parser = option};

static int user_init(struct plane *plane)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int max = processors > 0 ? processors : 1;
	struct user_plane *user = calloc(1, sizeof(*user) + max * sizeof(*user->workers));

	if (!user)
		return -ENOMEM;
	user->ports_per_thread = PORTS_PER_THREAD;
	user->queue_limit = QUEUE_FRAMES;
	user->worker_max = max;
	plane->state = user;
	return 0;
}

static void user_stop(struct plane *plane)
{
	struct user_plane *user = plane->state;

	for (unsigned int i = 0; i < user->worker_count; i++)
		worker_free(user->workers[i]);
	free(user);
	plane->state = NULL;
}

static struct worker *worker_of(struct plane *plane, unsigned int port)
{
	struct user_plane *user = plane->state;
	unsigned int wanted = (port ? port - 1 : 0) / user->ports_per_thread % user->worker_max;

	while (user->worker_count <= wanted) {
		struct worker *worker = worker_new(plane);

		if (!worker) {
			/* The threads there are do it all. */
			syslog(LOG_WARNING, "cannot start a thread for port %u: %m", port);
			if (!user->worker_count)
				return NULL;
			return user->workers[wanted % user->worker_count];
		}
		user->workers[user->worker_count++] = worker;
	}
	return user->workers[wanted];
}

static int user_attach(struct endpoint *endpoint)
{
	struct worker *worker = worker_of(endpoint->plane, endpoint->port->number);

	return worker ? worker_add(worker, user_of(endpoint)) : -ENOMEM;
}

static void user_detach(struct endpoint *endpoint)
{
	worker_remove(user_of(endpoint));
}

void user_endpoint_discard(struct endpoint *endpoint)
{
	struct user_endpoint *ep = user_of(endpoint);

	queue_free(ep);
	close(ep->fd);
	pthread_mutex_destroy(&ep->lock);
	free(ep);
}

struct endpoint *user_endpoint_new(struct plane *plane, enum user_kind kind, int fd)
{
	struct user_plane *user = plane->state;
	struct user_endpoint *ep = calloc(1, sizeof(*ep));
	int size = SOCKET_BUFFER / 2; /* the kernel doubles it */

	if (!ep)
		return NULL;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	if (kind == USER_SOCKET && setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	pthread_mutex_init(&ep->lock, NULL);
	ep->base.plane = plane;
	ep->kind = kind;
	ep->fd = fd;
	ep->expect = 1;
	ep->limit = user->queue_limit;
	return &ep->base;
}

void user_release_taps(struct vswitch *sw)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (unsigned int i = 0; null >= 0 && i <= sw->numports; i++) {
		const struct endpoint_set *set = sw->ports[i].endpoints;

		/* Replaced, not closed: a worker may be about to use the number. */
		for (unsigned int e = 0; set && e < set->count; e++)
			if (set->at[e]->plane->ops == &user_plane &&
			    user_of(set->at[e])->kind == USER_TAP)
				dup3(null, user_of(set->at[e])->fd, O_CLOEXEC);
	}
	if (null >= 0)
		close(null);
}

void user_endpoint_queue(struct endpoint *endpoint, struct user_queue *queue)
{
	struct user_endpoint *ep = user_of(endpoint);

	pthread_mutex_lock(&ep->lock);
	*queue = (struct user_queue){.frames = ep->used, .limit = ep->limit};
	pthread_mutex_unlock(&ep->lock);
}

void user_endpoint_set_limit(struct endpoint *endpoint, unsigned int frames)
{
	struct user_endpoint *ep = user_of(endpoint);

	pthread_mutex_lock(&ep->lock);
	ep->limit = frames;
	pthread_mutex_unlock(&ep->lock);
}

int user_endpoint_socket(const struct endpoint *endpoint)
{
	const struct user_endpoint *ep = (const struct user_endpoint *)endpoint;

	return endpoint->plane->ops == &user_plane && ep->kind == USER_SOCKET ? ep->fd : -1;
}

bool user_endpoint_pause(struct endpoint *endpoint)
{
	struct user_endpoint *ep = user_of(endpoint);
	bool idle, attached;

	pthread_mutex_lock(&ep->lock);
	idle = !ep->used;
	attached = ep->worker;
	if (idle)
		worker_pause(ep, true);
	pthread_mutex_unlock(&ep->lock);
	if (idle && attached)
		synchronize_rcu(); /* a worker forwards what it has read before it lets go */
	return idle;
}

void user_endpoint_resume(struct endpoint *endpoint)
{
	struct user_endpoint *ep = user_of(endpoint);

	pthread_mutex_lock(&ep->lock);
	worker_pause(ep, false);
	pthread_mutex_unlock(&ep->lock);
}

void user_set_queue_limit(struct plane *plane, unsigned int frames)
{
	struct user_plane *user = plane->state;

	user->queue_limit = frames;
}

const struct plane_ops user_plane = {
	.name = "user",
	.options = &user_options,
	.init = user_init,
	.stop = user_stop,
	.attach = user_attach,
	.detach = user_detach,
	.release = user_endpoint_discard,
	.transmit = user_transmit,
};
