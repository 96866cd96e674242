/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker thread of the user plane: waits in epoll for endpoints with frames, reads them in
 * batches into its buffers and hands them to forward().
 *
 * The control thread adds and removes endpoints at any time. Events carry the number of a slot, not
 * a pointer: a slot is emptied before its endpoint is freed (after a grace period), and slots are
 * read under RCU, so an event that comes late finds nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <urcu.h>

#include "user/vde/switch/planes/user/calls.h"
#include "user/vde/switch/planes/user/parts.h"
#include "user/vde/switch/privileges.h"

#define EVENTS	    64
#define FRAME_ROOM  (FRAME_MAX + 1) /* one more, to see that a frame is too long */
#define BUFFER_ROOM 9344	    /* FRAME_ROOM, and spread over the sets of the cache */
#define SLOT_QUIT   UINT32_MAX

struct worker {
	struct plane *plane;
	pthread_t thread;
	int epoll, quit;

	/* Control thread writes, the worker reads. The table is never shrunk. */
	struct slots {
		uint32_t size;
		struct user_endpoint *at[];
	} * slots; /* RCU */

	/* Worker only. */
	struct forwarder *forwarder;
	uint64_t round;	     /* how often epoll has been asked */
	unsigned int filled; /* buffers used in this batch */
	uint8_t *buffers;
	struct iovec pieces[FORWARD_BATCH];
	struct mmsghdr messages[FORWARD_BATCH];
	struct frame frames[FORWARD_BATCH];
};

/* Read up to `room` frames into the buffers from worker->filled on; how many came. */
static unsigned int read_socket(struct worker *worker, struct user_endpoint *ep, unsigned int room)
{
	struct mmsghdr *messages = &worker->messages[worker->filled];
	struct frame *frames = &worker->frames[worker->filled];
	int n;

	/* One system call that stops at one frame is cheaper when only one is likely. */
	if (ep->expect <= 1) {
		ssize_t len = call_recv(ep->fd, frames->data, FRAME_ROOM);

		if (len < 0)
			return 0;
		frames->len = len;
		return 1;
	}
	n = call_recvmmsg(ep->fd, messages, ep->expect < room ? ep->expect : room);
	for (int i = 0; i < n; i++)
		frames[i].len = messages[i].msg_len;
	return n > 0 ? n : 0;
}

static unsigned int read_tap(struct worker *worker, struct user_endpoint *ep, unsigned int room)
{
	struct frame *frames = &worker->frames[worker->filled];
	unsigned int n;

	for (n = 0; n < room && n < ep->expect; n++) {
		ssize_t len = call_read(ep->fd, frames[n].data, FRAME_ROOM);

		if (len < 0) {
			/* Not merely empty: the interface was deleted under us. */
			if (errno != EAGAIN && errno != EINTR)
				epoll_ctl(worker->epoll, EPOLL_CTL_DEL, ep->fd, NULL);
			break;
		}
		frames[n].len = len;
	}
	return n;
}

/* forward() everything read so far and start the buffers over. */
static void forward_batch(struct worker *worker)
{
	forward_end(worker->forwarder);
	worker->filled = 0;
	forward_begin(worker->forwarder);
}

/*
 * How many frames to ask for next time. A batch while several wait at a time, one otherwise; to
 * find out whether several do, a batch is tried when a client has frames in two rounds that follow
 * each other. In a dialogue it has not: there the other side's turn is between them.
 */
static void expect_next(struct worker *worker, struct user_endpoint *ep, unsigned int n)
{
	bool tried = ep->expect > 1, again = ep->last_round + 1 == worker->round;

	ep->expect = n > 1 || (again && !tried) ? FORWARD_BATCH : 1;
	ep->last_round = worker->round;
}

static void read_endpoint(struct worker *worker, struct user_endpoint *ep)
{
	unsigned int room = FORWARD_BATCH - worker->filled, n;

	n = ep->kind == USER_TAP ? read_tap(worker, ep, room) : read_socket(worker, ep, room);
	if (n > 1)
		forward_expect(worker->forwarder, &ep->base, &worker->frames[worker->filled], n);
	for (unsigned int i = 0; i < n; i++) {
		struct frame *frame = &worker->frames[worker->filled + i];

		/* An empty datagram is how old clients say that they close. */
		if (frame->len)
			forward(worker->forwarder, &ep->base, frame);
	}
	worker->filled += n;
	expect_next(worker, ep, n);
	if (worker->filled >= FORWARD_BATCH * 3 / 4)
		forward_batch(worker);
}

static void handle(struct worker *worker, const struct epoll_event *event)
{
	const struct slots *slots = rcu_dereference(worker->slots);
	struct user_endpoint *ep = rcu_dereference(slots->at[event->data.u32]);

	if (!ep)
		return;
	if (event->events & EPOLLOUT)
		user_drain(ep);
	if (event->events & ~EPOLLOUT && !__atomic_load_n(&ep->paused, __ATOMIC_RELAXED))
		read_endpoint(worker, ep);
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct epoll_event events[EVENTS];
	bool quit = false;

	privileges_drop();
	rcu_register_thread();
	while (!quit) {
		int n = call_epoll_wait(worker->epoll, events, EVENTS);

		worker->round++;
		forward_begin(worker->forwarder);
		for (int i = 0; i < n; i++)
			if (events[i].data.u32 == SLOT_QUIT)
				quit = true;
			else
				handle(worker, &events[i]);
		forward_end(worker->forwarder);
		worker->filled = 0;
	}
	rcu_unregister_thread();
	return NULL;
}

static void release(struct worker *worker)
{
	if (worker->epoll >= 0)
		close(worker->epoll);
	if (worker->quit >= 0)
		close(worker->quit);
	forwarder_free(worker->forwarder);
	free(worker->buffers);
	free(worker->slots);
	free(worker);
}

struct worker *worker_new(struct plane *plane)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return NULL;
	worker->plane = plane;
	worker->epoll = epoll_create1(EPOLL_CLOEXEC);
	worker->quit = eventfd(0, EFD_CLOEXEC);
	worker->forwarder = forwarder_new(plane->sw);
	worker->buffers = malloc(FORWARD_BATCH * BUFFER_ROOM);
	worker->slots = calloc(1, sizeof(*worker->slots));
	if (worker->epoll < 0 || worker->quit < 0 || !worker->forwarder || !worker->buffers ||
	    !worker->slots)
		goto fail;
	for (unsigned int i = 0; i < FORWARD_BATCH; i++) {
		worker->frames[i].data = worker->buffers + i * BUFFER_ROOM;
		worker->pieces[i] = (struct iovec){worker->frames[i].data, FRAME_ROOM};
		worker->messages[i].msg_hdr.msg_iov = &worker->pieces[i];
		worker->messages[i].msg_hdr.msg_iovlen = 1;
	}
	if (epoll_ctl(worker->epoll, EPOLL_CTL_ADD, worker->quit,
		      &(struct epoll_event){.events = EPOLLIN, .data.u32 = SLOT_QUIT}) ||
	    pthread_create(&worker->thread, NULL, work, worker))
		goto fail;
	return worker;
fail:
	release(worker);
	return NULL;
}

void worker_free(struct worker *worker)
{
	(void)!write(worker->quit, &(uint64_t){1}, sizeof(uint64_t));
	pthread_join(worker->thread, NULL);
	release(worker);
}

/* A free slot of the table, which grows if there is none; -1 when out of memory. */
static int64_t take_slot(struct worker *worker)
{
	struct slots *old = worker->slots, *new;
	uint32_t size = old->size ? 2 * old->size : 16;

	for (uint32_t i = 0; i < old->size; i++)
		if (!old->at[i])
			return i;
	new = calloc(1, sizeof(*new) + size * sizeof(*new->at));
	if (!new)
		return -1;
	new->size = size;
	memcpy(new->at, old->at, old->size * sizeof(*new->at));
	size = old->size;
	rcu_assign_pointer(worker->slots, new);
	synchronize_rcu();
	free(old);
	return size;
}

/* What the worker waits for at an endpoint. */
static uint32_t interest(const struct user_endpoint *ep)
{
	return (ep->paused ? 0 : EPOLLIN) | (ep->waiting ? EPOLLOUT : 0);
}

int worker_add(struct worker *worker, struct user_endpoint *ep)
{
	int64_t slot = take_slot(worker);
	int result = 0;

	if (slot < 0)
		return -ENOMEM;
	/* The port is known already: frames for it may have been queued. */
	pthread_mutex_lock(&ep->lock);
	ep->worker = worker;
	ep->slot = slot;
	rcu_assign_pointer(worker->slots->at[slot], ep);
	if (epoll_ctl(worker->epoll, EPOLL_CTL_ADD, ep->fd,
		      &(struct epoll_event){.events = interest(ep), .data.u32 = slot})) {
		result = -errno;
		rcu_assign_pointer(worker->slots->at[slot], NULL);
	}
	pthread_mutex_unlock(&ep->lock);
	return result;
}

void worker_remove(struct user_endpoint *ep)
{
	epoll_ctl(ep->worker->epoll, EPOLL_CTL_DEL, ep->fd, NULL);
	rcu_assign_pointer(ep->worker->slots->at[ep->slot], NULL);
}

static void interest_changed(struct user_endpoint *ep)
{
	struct epoll_event event = {.events = interest(ep), .data.u32 = ep->slot};

	/* Else worker_add() will see to it. */
	if (ep->worker)
		epoll_ctl(ep->worker->epoll, EPOLL_CTL_MOD, ep->fd, &event);
}

void worker_want_room(struct user_endpoint *ep, bool wanted)
{
	ep->waiting = wanted;
	interest_changed(ep);
}

void worker_pause(struct user_endpoint *ep, bool paused)
{
	__atomic_store_n(&ep->paused, paused, __ATOMIC_RELAXED);
	interest_changed(ep);
}
