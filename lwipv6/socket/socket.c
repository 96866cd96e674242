/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all sockets share: waiting, events, errors, SOL_SOCKET options. */
#include "lwipv6/socket/socket.h"
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdlib.h>
#include "lwipv6/link/netif.h"

#define RCVBUF_MIN 2304u /* the kernel's */
#define SNDBUF_MIN 4608u
#define BUFFER_MAX (128u << 20)

/* A thread blocked in a call on one socket. */
struct socket_waiter {
	struct waiter waiter;
	uint32_t want;
};

void socket_init(struct socket *s, struct stack *stack, const struct socket_ops *ops, int family,
		 int type, int protocol)
{
	s->stack = stack;
	s->ops = ops;
	s->fd = s->kernel_end = -1;
	s->family = family;
	s->type = type;
	s->protocol = protocol;
	s->rcvbuf = s->sndbuf = 212992;
	s->rcvlowat = 1;
	s->rcvtimeo = s->sndtimeo = TIME_NEVER;
	s->linger = s->peek_off = -1;
	list_init(&s->waiters);
	list_init(&s->subscriptions);
	list_append(&stack->sockets, &s->node);
}

void socket_fini(struct socket *s)
{
	event_drop(s);
	list_remove(&s->node);
	free(s->kept);
}

void socket_event(struct socket *s)
{
	uint32_t events = s->ops->poll(s);
	struct waiter *w, *next;
	bool woke = false;

	list_for_each_entry_safe (w, next, &s->waiters, node) {
		struct socket_waiter *sw = container_of(w, struct socket_waiter, waiter);

		if (!s->dead && !(events & (sw->want | POLLERR | POLLHUP)))
			continue;
		stack_wake(s->stack, w);
		woke = true;
	}
	if (!list_empty(&s->subscriptions))
		event_run(s, events);
	if (s->notify)
		s->notify(s);
	if (!woke)
		readiness_update(s, events);
}

void socket_grew(struct socket *s)
{
	bool shown = s->kernel_bytes;

	socket_event(s);
	/* Once in a batch: who is woken by it finds everything. */
	if (shown && s->edge_batch != s->stack->batch) {
		s->edge_batch = s->stack->batch;
		readiness_edge(s);
	}
}

void socket_error(struct socket *s, int error)
{
	if (error)
		s->error = error;
	socket_event(s);
}

int socket_take_error(struct socket *s)
{
	int error = s->error;

	s->error = 0;
	return error;
}

int socket_wait(struct socket *s, uint32_t want, uint64_t deadline)
{
	struct socket_waiter sw = {.want = want};
	int result;

	list_append(&s->waiters, &sw.waiter.node);
	result = stack_wait(s->stack, &sw.waiter, deadline);
	list_remove(&sw.waiter.node);
	if (s->dead)
		return -EBADF;
	return result == -ETIMEDOUT ? -EAGAIN : result;
}

int option_int(const void *value, socklen_t len, int *out)
{
	if (!value || len < sizeof(int))
		return -EINVAL;
	memcpy(out, value, sizeof(int));
	return 0;
}

int option_put_int(void *value, socklen_t *len, int number)
{
	if (*len > sizeof(int))
		*len = sizeof(int);
	memcpy(value, &number, *len);
	return 0;
}

static int set_timeout(uint64_t *timeout, const void *value, socklen_t len)
{
	struct timeval tv;

	if (len < sizeof(tv))
		return -EINVAL;
	memcpy(&tv, value, sizeof(tv));
	if (tv.tv_sec < 0 || tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return -EDOM;
	*timeout = tv.tv_sec * NSEC_PER_SEC + tv.tv_usec * NSEC_PER_USEC;
	if (!*timeout)
		*timeout = TIME_NEVER;
	return 0;
}

/* Twice what is asked for, because the kernel counts its own memory; a negative number is large. */
static uint32_t buffer_size(int asked, uint32_t least)
{
	uint32_t size = (uint32_t)asked > BUFFER_MAX / 2 ? BUFFER_MAX : 2 * (uint32_t)asked;

	return size < least ? least : size;
}

int socket_set_common(struct socket *s, int name, const void *value, socklen_t len)
{
	int number = 0, error;

	switch (name) {
	case SO_RCVTIMEO:
		return set_timeout(&s->rcvtimeo, value, len);
	case SO_SNDTIMEO:
		return set_timeout(&s->sndtimeo, value, len);
	case SO_LINGER: {
		struct linger l;

		if (len < sizeof(l))
			return -EINVAL;
		memcpy(&l, value, sizeof(l));
		s->linger = l.l_onoff ? l.l_linger : -1;
		return 0;
	}
	}
	error = option_int(value, len, &number);
	if (error)
		return error;
	switch (name) {
	case SO_RCVBUF:
	case SO_RCVBUFFORCE:
		s->rcvbuf = buffer_size(number, RCVBUF_MIN);
		return 0;
	case SO_SNDBUF:
	case SO_SNDBUFFORCE:
		s->sndbuf = buffer_size(number, SNDBUF_MIN);
		return 0;
	case SO_RCVLOWAT:
		s->rcvlowat = number < 0 ? INT_MAX : number ? number : 1;
		return 0;
	case SO_TIMESTAMP:
	case SO_TIMESTAMPNS:
		s->timestamp = number ? name : 0;
		return 0;
	case SO_PEEK_OFF:
		if (s->type == SOCK_RAW)
			return -EOPNOTSUPP;
		s->peek_off = number;
		return 0;
	case SO_MARK:
		return 0;
	}
	return -ENOPROTOOPT;
}

static int put_timeout(uint64_t timeout, void *value, socklen_t *len)
{
	struct timeval tv = {0};

	if (timeout != TIME_NEVER)
		tv = (struct timeval){timeout / NSEC_PER_SEC, timeout % NSEC_PER_SEC / 1000};
	if (*len > sizeof(tv))
		*len = sizeof(tv);
	memcpy(value, &tv, *len);
	return 0;
}

int socket_get_common(struct socket *s, int name, void *value, socklen_t *len)
{
	switch (name) {
	case SO_TYPE:
		return option_put_int(value, len, s->type);
	case SO_DOMAIN:
		return option_put_int(value, len, s->family);
	case SO_PROTOCOL:
		return option_put_int(value, len, s->protocol);
	case SO_ERROR: {
		int error = socket_take_error(s);

		socket_event(s);
		return option_put_int(value, len, error);
	}
	case SO_RCVBUF:
		return option_put_int(value, len, s->rcvbuf);
	case SO_SNDBUF:
		return option_put_int(value, len, s->sndbuf);
	case SO_RCVLOWAT:
		return option_put_int(value, len, s->rcvlowat);
	case SO_TIMESTAMP:
	case SO_TIMESTAMPNS:
		return option_put_int(value, len, s->timestamp == name);
	case SO_PEEK_OFF:
		return s->type == SOCK_RAW ? -EOPNOTSUPP : option_put_int(value, len, s->peek_off);
	case SO_ACCEPTCONN:
	case SO_MARK:
		return option_put_int(value, len, 0);
	case SO_RCVTIMEO:
		return put_timeout(s->rcvtimeo, value, len);
	case SO_SNDTIMEO:
		return put_timeout(s->sndtimeo, value, len);
	case SO_LINGER: {
		struct linger l = {s->linger >= 0, s->linger >= 0 ? s->linger : 0};

		if (*len > sizeof(l))
			*len = sizeof(l);
		memcpy(value, &l, *len);
		return 0;
	}
	}
	return -ENOPROTOOPT;
}
