/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sending to an endpoint. The frames of a batch go straight from the receive buffers with one
 * sendmmsg(); only what the socket has no room for is copied into the endpoint's bounded queue,
 * and the worker sends that when there is room. While frames are queued later ones queue behind
 * them, so order is kept. A full queue drops the newest frames. Nothing here waits for a client.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "user/vde/switch/planes/user/calls.h"
#include "user/vde/switch/planes/user/parts.h"

void queue_free(struct user_endpoint *ep)
{
	for (; ep->used; ep->used--) {
		free(ep->ring[ep->head]);
		ep->head = (ep->head + 1) % ep->size;
	}
	free(ep->ring);
	ep->ring = NULL;
	ep->size = ep->head = 0;
}

static bool queue_grow(struct user_endpoint *ep)
{
	unsigned int size = ep->size ? 2 * ep->size : 64;
	struct queued **ring = malloc(size * sizeof(*ring));

	if (!ring)
		return false;
	for (unsigned int i = 0; i < ep->used; i++)
		ring[i] = ep->ring[(ep->head + i) % ep->size];
	free(ep->ring);
	ep->ring = ring;
	ep->size = size;
	ep->head = 0;
	return true;
}

/* Queue copies of as many frames as fit; the number of them. */
static unsigned int enqueue(struct user_endpoint *ep, const struct egress *frames,
			    unsigned int count)
{
	unsigned int n;

	for (n = 0; n < count && ep->used < ep->limit; n++) {
		struct queued *copy;

		if (ep->used == ep->size && !queue_grow(ep))
			break;
		copy = malloc(sizeof(*copy) + egress_length(&frames[n]));
		if (!copy)
			break;
		copy->len = egress_copy(&frames[n], copy->data);
		ep->ring[(ep->head + ep->used++) % ep->size] = copy;
	}
	return n;
}

static bool is_full(int error)
{
	return error == EAGAIN || error == ENOBUFS || error == ENOMEM;
}

/* As sendmmsg() with one message: 1 or -1. */
static int send_one(int fd, const struct msghdr *message)
{
	const struct iovec *piece = message->msg_iov;
	ssize_t sent = message->msg_iovlen == 1 ? call_send(fd, piece->iov_base, piece->iov_len)
						: call_sendmsg(fd, message);

	return sent < 0 ? -1 : 1;
}

/*
 * Send messages until one finds no room; the number that left this function's care, sent or failed
 * for good (counted).
 */
static unsigned int send_messages(struct user_endpoint *ep, struct mmsghdr *messages,
				  unsigned int count)
{
	unsigned int done = 0;

	while (done < count) {
		/* For a single frame, the usual case in a dialogue, the simpler call is faster. */
		int n = count - done == 1 ? send_one(ep->fd, &messages[done].msg_hdr)
					  : call_sendmmsg(ep->fd, messages + done, count - done);

		if (n > 0) {
			done += n;
		} else if (is_full(errno)) {
			break;
		} else if (errno != EINTR) {
			/* This frame cannot be sent (too long, or the client has gone). */
			endpoint_failed(&ep->base, 1);
			done++;
		}
	}
	return done;
}

static unsigned int write_frames(struct user_endpoint *ep, const struct iovec (*pieces)[EGRESS_IOV],
				 const unsigned int *piece_count, unsigned int count)
{
	unsigned int done = 0;

	while (done < count) {
		if (call_writev(ep->fd, pieces[done], piece_count[done]) >= 0) {
			done++;
		} else if (is_full(errno)) {
			break;
		} else if (errno != EINTR) {
			endpoint_failed(&ep->base, 1);
			done++;
		}
	}
	return done;
}

static unsigned int send_now(struct user_endpoint *ep, const struct egress *frames,
			     unsigned int count)
{
	struct iovec pieces[FORWARD_BATCH][EGRESS_IOV];
	unsigned int piece_count[FORWARD_BATCH];
	struct mmsghdr messages[FORWARD_BATCH];
	uint8_t tags[FORWARD_BATCH][4];

	for (unsigned int i = 0; i < count; i++)
		piece_count[i] = egress_pieces(&frames[i], pieces[i], tags[i]);
	if (ep->kind == USER_TAP)
		return write_frames(ep, pieces, piece_count, count);
	for (unsigned int i = 0; i < count; i++)
		messages[i] = (struct mmsghdr){
			.msg_hdr = {.msg_iov = pieces[i], .msg_iovlen = piece_count[i]},
		};
	return send_messages(ep, messages, count);
}

void user_transmit(struct forwarder *forwarder, struct endpoint *endpoint,
		   const struct egress *frames, unsigned int count)
{
	struct user_endpoint *ep = user_of(endpoint);
	unsigned int done = 0;

	pthread_mutex_lock(&ep->lock);
	if (!ep->used)
		done = send_now(ep, frames, count);
	if (done < count) {
		done += enqueue(ep, frames + done, count - done);
		if (ep->used && !ep->waiting)
			worker_want_room(ep, true);
	}
	pthread_mutex_unlock(&ep->lock);
	if (done < count)
		endpoint_dropped(endpoint, count - done);
}

static unsigned int send_queued(struct user_endpoint *ep, unsigned int count)
{
	struct iovec pieces[FORWARD_BATCH][EGRESS_IOV];
	unsigned int piece_count[FORWARD_BATCH];
	struct mmsghdr messages[FORWARD_BATCH];

	for (unsigned int i = 0; i < count; i++) {
		struct queued *frame = ep->ring[(ep->head + i) % ep->size];

		pieces[i][0] = (struct iovec){frame->data, frame->len};
		piece_count[i] = 1;
		messages[i] = (struct mmsghdr){
			.msg_hdr = {.msg_iov = pieces[i], .msg_iovlen = 1},
		};
	}
	return ep->kind == USER_TAP ? write_frames(ep, pieces, piece_count, count)
				    : send_messages(ep, messages, count);
}

void user_drain(struct user_endpoint *ep)
{
	pthread_mutex_lock(&ep->lock);
	while (ep->used) {
		unsigned int count = ep->used < FORWARD_BATCH ? ep->used : FORWARD_BATCH;
		unsigned int sent = send_queued(ep, count);

		for (unsigned int i = 0; i < sent; i++) {
			free(ep->ring[ep->head]);
			ep->head = (ep->head + 1) % ep->size;
		}
		ep->used -= sent;
		if (sent < count)
			break;
	}
	if (!ep->used && ep->waiting)
		worker_want_room(ep, false);
	pthread_mutex_unlock(&ep->lock);
}
