/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the user plane. A worker is a thread with an epoll descriptor and a table of endpoints; an
 * endpoint belongs to one worker, which reads it. Any thread may send to it: sending takes the
 * endpoint's lock, which is held for one system call.
 */
#ifndef VDE_USER_PARTS_H
#define VDE_USER_PARTS_H

#include <pthread.h>

#include "user/vde/switch/planes/user/user.h"

#define QUEUE_FRAMES 1024 /* default bound of an endpoint's queue */

struct worker;

struct queued {
	uint32_t len;
	uint8_t data[];
};

struct user_endpoint {
	struct endpoint base;
	enum user_kind kind;
	int fd;
	struct worker *worker;
	uint32_t slot;	     /* in the worker's table */
	unsigned int expect; /* worker: frames to ask for at the next read */
	uint64_t last_round; /* worker: of its last read */

	pthread_mutex_t lock; /* the fields below */
	struct queued **ring; /* frames the socket had no room for, oldest at head */
	unsigned int limit, size, head, used;
	bool waiting; /* the worker watches for room in the socket */
	bool paused;  /* somebody else reads it */
};

struct user_plane {
	unsigned int ports_per_thread;
	unsigned int queue_limit;
	unsigned int worker_count, worker_max;
	struct worker *workers[];
};

static inline struct user_endpoint *user_of(struct endpoint *endpoint)
{
	return (struct user_endpoint *)endpoint;
}

/* worker.c */
struct worker *worker_new(struct plane *plane);
void worker_free(struct worker *worker);
int worker_add(struct worker *worker, struct user_endpoint *endpoint);
void worker_remove(struct user_endpoint *endpoint);
/* With the endpoint's lock: watch for room in the socket, or cease to. */
void worker_want_room(struct user_endpoint *endpoint, bool wanted);
/* With the endpoint's lock: cease to read it, or go on. */
void worker_pause(struct user_endpoint *endpoint, bool paused);

/* send.c */
void user_transmit(struct forwarder *forwarder, struct endpoint *endpoint,
		   const struct egress *frames, unsigned int count);
/* Send what waits in the queue, as far as there is room. */
void user_drain(struct user_endpoint *endpoint);
void queue_free(struct user_endpoint *endpoint);

#endif
