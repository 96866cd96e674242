/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sending and receiving without copies on streams. A buffer given to lwip_send_zc() belongs to the
 * stack until its release function is called, when the last byte is acknowledged or the connection
 * ends. Packets taken by lwip_recv_zc() belong to the program until lwip_recv_zc_release().
 */
#include <errno.h>
#include <stdlib.h>
#include "lwipv6/socket/stream.h"

struct lwip_lease {
	struct list packets;
};

static ssize_t send_buffer(struct socket *s, void *base, size_t len, int flags,
			   void (*release)(void *, void *), void *arg)
{
	struct tcp_socket *ts = container_of(s, struct tcp_socket, socket);
	bool wait = !(s->nonblock || flags & MSG_DONTWAIT);
	struct buffer *b;
	int error = 0;

	if (s->type != SOCK_STREAM || s->protocol != IPPROTO_TCP)
		return -EOPNOTSUPP;
	if (!len || len > INT32_MAX / 2)
		return -EINVAL;
	if (s->error)
		return -socket_take_error(s);
	if (!ts->connected || ts->send_shut ||
	    (ts->tcp->state != TCP_S_ESTABLISHED && ts->tcp->state != TCP_S_CLOSE_WAIT))
		return ts->connected ? -EPIPE : -ENOTCONN;
	while (!tcp_send_space(ts->tcp)) {
		error = wait ? socket_wait(s, POLLOUT, TIME_NEVER) : -EAGAIN;
		if (error)
			return error;
		if (s->error)
			return -socket_take_error(s);
	}
	/* The whole buffer is taken at once, even beyond the send buffer: it costs no memory of
	 * ours. */
	b = buffer_wrap(base, len, release, arg);
	if (!b)
		return -ENOBUFS;
	error = tcp_write_buffer(ts->tcp, b, 0, len);
	if (error) {
		free(b);
		return error;
	}
	buffer_put(b);
	ts->tcp->more = !!(flags & MSG_MORE);
	tcp_schedule(ts->tcp);
	return len;
}

ssize_t lwip_send_zc(int fd, void *base, size_t len, int flags,
		     void (*release)(void *base, void *arg), void *arg)
{
	struct socket *s = descriptor_get(fd);
	ssize_t r;

	if (!s)
		return -1;
	stack_enter(s->stack);
	r = release ? send_buffer(s, base, len, flags, release, arg) : -EINVAL;
	stack_leave(s->stack);
	descriptor_release(s);
	if (r >= 0)
		return r;
	errno = -r;
	return -1;
}

/* Move whole packets from the queue to @lease, as many as @max entries of @iov describe. */
static ssize_t take(struct tcp *t, struct iovec *iov, int *count, struct lwip_lease *lease)
{
	struct packet *p, *next;
	ssize_t total = 0;
	int used = 0;

	list_for_each_entry_safe (p, next, &t->rcvq, node) {
		if (used + p->nfrags + 1 > *count)
			break;
		used += packet_iovec(p, iov + used);
		total += p->len;
		list_remove(&p->node);
		list_append(&lease->packets, &p->node);
	}
	*count = used;
	t->rcvq_bytes -= total;
	if (total)
		tcp_consumed(t, total);
	return total;
}

static ssize_t receive_lease(struct socket *s, struct iovec *iov, int *count, int flags,
			     struct lwip_lease *lease)
{
	struct tcp_socket *ts = container_of(s, struct tcp_socket, socket);
	bool wait = !(s->nonblock || flags & MSG_DONTWAIT);
	int error;

	if (s->type != SOCK_STREAM || s->protocol != IPPROTO_TCP)
		return -EOPNOTSUPP;
	if (*count < PACKET_FRAGS + 1) /* one packet must fit */
		return -EINVAL;
	while (!ts->tcp->rcvq_bytes) {
		struct msghdr nothing = {0};
		ssize_t r =
			s->ops->receive(s, &nothing, 0); /* end of file and errors, as recv says */

		if (r != -EAGAIN)
			return r;
		error = wait ? socket_wait(s, POLLIN | POLLRDHUP, TIME_NEVER) : -EAGAIN;
		if (error)
			return error;
	}
	error = take(ts->tcp, iov, count, lease);
	readiness_update(s, s->ops->poll(s));
	return error;
}

ssize_t lwip_recv_zc(int fd, struct iovec *iov, int *count, int flags, struct lwip_lease **lease)
{
	struct socket *s = descriptor_get(fd);
	struct lwip_lease *l;
	ssize_t r;

	if (!s)
		return -1;
	l = malloc(sizeof(*l));
	if (!l) {
		descriptor_release(s);
		return -1;
	}
	list_init(&l->packets);
	stack_enter(s->stack);
	r = receive_lease(s, iov, count, flags, l);
	stack_leave(s->stack);
	descriptor_release(s);
	if (r > 0) {
		*lease = l;
		return r;
	}
	free(l);
	*lease = NULL;
	*count = 0;
	if (!r)
		return 0;
	errno = -r;
	return -1;
}

void lwip_recv_zc_release(struct lwip_lease *lease)
{
	if (!lease)
		return;
	packet_list_free(&lease->packets);
	free(lease);
}
