/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TCP through the host. A guest's SYN is held until the host's connect() has succeeded, so a guest
 * sees refusals as refusals; then this stack takes the handshake in the far end's name. Bytes and
 * ends of file are relayed each way as they come; a reset on one side resets the other.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "lwipv6/slirp/slirp.h"
#include "lwipv6/socket/families.h"

#define BUDGET	  (1 << 20) /* bytes of one relay before others have their turn */
#define HANDSHAKE (75 * NSEC_PER_SEC)
#define IOVECS	  32

static struct tcp *inner_tcp(const struct slirp_flow *f)
{
	return container_of(f->inner, struct tcp_socket, socket)->tcp;
}

static void later(struct slirp_flow *f)
{
	if (f->state != FLOW_DEAD && list_empty(&f->work.node))
		list_append(&f->slirp->stack->deferred, &f->work.node);
}

static void inner_moved(struct socket *inner)
{
	later(inner->owner);
}

void slirp_tcp_end(struct slirp_flow *f)
{
	struct socket *inner = f->inner;

	packet_free(f->syn);
	f->syn = NULL;
	if (!inner)
		return;
	f->inner = NULL;
	inner->notify = NULL;
	/* Anything but two ends of file is a reset for the guest. */
	if (!f->outer_ended || !f->guest_ended)
		inner->linger = 0;
	inner->ops->close(inner);
}

static void reset(struct slirp_flow *f)
{
	struct linger now = {1, 0};

	if (f->source.fd >= 0)
		setsockopt(f->source.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	slirp_flow_end(f);
}

bool slirp_tcp_stale(const struct slirp_flow *f)
{
	return f->state == FLOW_ANSWERED && f->slirp->stack->now - f->used > HANDSHAKE;
}

/* ---- relaying; false when the flow has ended */

static bool from_host(struct slirp_flow *f, struct tcp *t, int *budget)
{
	uint8_t *scratch = f->slirp->scratch;

	while (!f->outer_ended) {
		uint32_t space = tcp_send_space(t);
		struct iovec iov = {scratch, 0};
		ssize_t n;

		if (!space || *budget <= 0)
			break;
		n = recv(f->source.fd, scratch, space < SLIRP_SCRATCH ? space : SLIRP_SCRATCH,
			 MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			reset(f);
			return false;
		}
		if (!n) {
			f->outer_ended = true;
			f->inner->ops->shutdown(f->inner, SHUT_WR);
			break;
		}
		iov.iov_len = n;
		if (tcp_write(t, &iov, 1) != n) { /* memory is short, and the bytes are gone */
			reset(f);
			return false;
		}
		tcp_schedule(t);
		*budget -= n;
	}
	return true;
}

/* What stands first in the receive queue, as an iovec. */
static int queued(const struct tcp *t, struct iovec *iov)
{
	struct packet *p;
	int n = 0;

	list_for_each_entry (p, &t->rcvq, node) {
		if (n + p->nfrags + 1 > IOVECS)
			break;
		n += packet_iovec(p, iov + n);
	}
	return n;
}

static void consume(struct tcp *t, size_t n)
{
	/* A read stops at the urgent mark: the rest comes with the next one. */
	while (n) {
		struct iovec skipped = {NULL, n};
		ssize_t done = tcp_read(t, &skipped, 1, MSG_TRUNC, 0, &(uint64_t){0});

		if (done <= 0)
			return;
		n -= done;
	}
}

static bool to_host(struct slirp_flow *f, struct tcp *t, int *budget)
{
	struct iovec iov[IOVECS];

	while (t->rcvq_bytes && *budget > 0) {
		struct msghdr m = {.msg_iov = iov, .msg_iovlen = queued(t, iov)};
		ssize_t n = sendmsg(f->source.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0) {
			reset(f);
			return false;
		}
		consume(t, n);
		*budget -= n;
	}
	if (t->fin_received && !t->rcvq_bytes && !f->guest_ended) {
		f->guest_ended = true;
		shutdown(f->source.fd, SHUT_WR);
	}
	return true;
}

static void relay(struct slirp_flow *f)
{
	struct tcp *t = inner_tcp(f);
	int in = BUDGET, out = BUDGET;

	if (f->inner->error || (t->state == TCP_S_CLOSED && !t->fin_received)) {
		reset(f);
		return;
	}
	slirp_flow_used(f);
	if (!to_host(f, t, &out) || !from_host(f, t, &in))
		return;
	if (f->outer_ended && f->guest_ended)
		slirp_flow_end(f);
	else if (in <= 0 || out <= 0)
		later(f);
}

/* ---- opening */

/* The inner handshake ended, for a flow that the guest or a host's client began. */
static void open_flow(struct slirp_flow *f, struct socket *inner)
{
	f->inner = inner;
	inner->owner = f;
	inner->notify = inner_moved;
	f->state = FLOW_OPEN;
	later(f);
}

static void refuse(struct slirp_flow *f, int error)
{
	struct packet *syn = f->syn;
	struct tcp_segment seg;

	f->syn = NULL;
	if (error == ECONNREFUSED || error == ECONNRESET) {
		packet_pull(syn, syn->transport - (int)packet_headroom(syn));
		if (tcp_parse(&seg, syn))
			tcp_send_reset(&seg);
	} else {
		slirp_tell(syn, error);
	}
	packet_free(syn);
	slirp_flow_end(f);
}

/* The host socket says whether the guest's connection can be. */
static void connected(struct slirp_flow *f)
{
	struct packet *syn = f->syn;
	struct sockaddr_storage peer;
	socklen_t len = sizeof(int), peer_len = sizeof(peer);
	int error = 0;

	if (getsockopt(f->source.fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error) {
		refuse(f, error);
		return;
	}
	if (getpeername(f->source.fd, (struct sockaddr *)&peer, &peer_len) < 0)
		return; /* not yet */
	f->syn = NULL;
	f->state = FLOW_ANSWERED;
	f->used = f->slirp->stack->now;
	packet_pull(syn, syn->transport - (int)packet_headroom(syn));
	tcp_input(syn);
}

static void host_ready(struct slirp_source *source, uint32_t events)
{
	struct slirp_flow *f = container_of(source, struct slirp_flow, source);

	if (f->state == FLOW_CONNECTING && f->syn)
		connected(f);
	else if (f->state == FLOW_OPEN)
		relay(f);
}

/* The inner connection of a forward is made, or failed. */
static void inner_connected(struct slirp_flow *f)
{
	struct tcp_socket *ts = container_of(f->inner, struct tcp_socket, socket);

	if (f->inner->error || ts->tcp->state == TCP_S_CLOSED) {
		reset(f);
		return;
	}
	if (!ts->connecting) {
		f->state = FLOW_OPEN;
		relay(f);
	}
}

static void deferred_work(struct stack *stack, struct deferred *work)
{
	struct slirp_flow *f = container_of(work, struct slirp_flow, work);

	if (f->state == FLOW_CONNECTING)
		inner_connected(f);
	else if (f->state == FLOW_OPEN)
		relay(f);
}

static void begin(struct slirp *s, struct packet *p, const struct tcphdr *h)
{
	struct slirp_flow *f =
		slirp_flow_new(s, IPPROTO_TCP, &p->src, ntohs(h->source), &p->dst, ntohs(h->dest));
	struct sockaddr_storage to;
	socklen_t len = slirp_outer_name(s, &p->dst, ntohs(h->dest), &to);
	int one = 1;

	if (!f) {
		packet_free(p); /* the guest tries again */
		return;
	}
	f->work.run = deferred_work;
	f->syn = p;
	f->source.ready = host_ready;
	f->source.fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (f->source.fd < 0 || slirp_watch(s, &f->source)) {
		slirp_flow_end(f);
		return;
	}
	setsockopt(f->source.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(f->source.fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	if (connect(f->source.fd, (struct sockaddr *)&to, len) < 0 && errno != EINPROGRESS)
		refuse(f, errno);
}

void slirp_tcp_output(struct slirp *s, struct packet *p)
{
	uint32_t at = p->transport - (int)packet_headroom(p);
	const struct tcphdr *h = (struct tcphdr *)(p->data + at);
	struct slirp_flow *f;

	if (p->linear < at + sizeof(*h)) {
		packet_free(p);
		return;
	}
	if (h->syn && !h->ack &&
	    !tcp_find(s->stack, &p->dst, ntohs(h->dest), &p->src, ntohs(h->source))) {
		f = slirp_flow_find(s, IPPROTO_TCP, &p->src, ntohs(h->source), &p->dst,
				    ntohs(h->dest));
		if (!f) {
			begin(s, p, h);
			return;
		}
		if (f->state == FLOW_CONNECTING) {
			packet_free(p); /* again, while the host connects */
			return;
		}
	}
	packet_pull(p, at);
	tcp_input(p);
}

void slirp_tcp_accept(struct stack *stack, struct deferred *work)
{
	struct slirp *s = container_of(work, struct slirp, accept);
	struct socket *inner;

	while (!s->listener->ops->accept(s->listener, &inner)) {
		const struct tcp *t = container_of(inner, struct tcp_socket, socket)->tcp;
		struct slirp_flow *f = slirp_flow_find(s, IPPROTO_TCP, &t->remote, t->remote_port,
						       &t->local, t->local_port);

		if (f && f->state == FLOW_ANSWERED) {
			open_flow(f, inner);
		} else {
			inner->linger = 0;
			inner->ops->close(inner);
		}
	}
}

/* ---- from the host's clients */

void slirp_tcp_forward(struct slirp_forward *forward, int fd, const struct sockaddr_storage *client)
{
	struct slirp *s = forward->slirp;
	bool v4 = ip_is_v4(&forward->dest);
	struct slirp_flow *f;
	struct tcp_socket *ts;
	struct socket *inner;
	struct ip_addr from;
	uint16_t port;
	int one = 1;

	slirp_inner_name(s, client, v4, &from, &port);
	if (!port || tcp_find(s->stack, &from, port, &forward->dest, forward->dest_port))
		port = tcp_pick_port(s->stack, &from, &forward->dest, forward->dest_port);
	inner = socket_stream_families[v4 ? 0 : 1].create(s->stack, v4 ? AF_INET : AF_INET6,
							  SOCK_STREAM, IPPROTO_TCP);
	f = inner ? slirp_flow_new(s, IPPROTO_TCP, &forward->dest, forward->dest_port, &from, port)
		  : NULL;
	if (!f) {
		if (inner)
			inner->ops->close(inner);
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	ts = container_of(inner, struct tcp_socket, socket);
	f->work.run = deferred_work;
	f->source.fd = fd;
	f->source.ready = host_ready;
	f->inner = inner;
	inner->owner = f;
	inner->notify = inner_moved;
	ts->tcp->nodelay = ts->tcp->keepalive = ts->tcp->oob_inline = 1;
	ts->tcp->local = from;
	ts->tcp->local_port = port;
	ts->tcp->remote = forward->dest;
	ts->tcp->remote_port = forward->dest_port;
	ts->connecting = true;
	if (tcp_connect(ts->tcp) || slirp_watch(s, &f->source)) {
		ts->connecting = false;
		reset(f);
	}
}
