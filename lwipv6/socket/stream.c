/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stream sockets over TCP connections and listeners. */
#include "lwipv6/socket/stream.h"
#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>

static const struct socket_ops stream_ops;

static struct tcp_socket *stream(struct socket *s)
{
	return container_of(s, struct tcp_socket, socket);
}

static struct socket *wrap(struct stack *stack, int family, struct tcp *t)
{
	struct tcp_socket *ts = calloc(1, sizeof(*ts));

	if (!ts)
		return NULL;
	socket_init(&ts->socket, stack, &stream_ops, family, SOCK_STREAM, IPPROTO_TCP);
	list_init(&ts->bound);
	ts->tcp = t;
	t->socket = ts;
	return &ts->socket;
}

static struct socket *create(struct stack *stack, int family, int type, int protocol)
{
	struct tcp *t = tcp_new(stack);
	struct socket *s = t ? wrap(stack, family, t) : NULL;

	if (!s && t)
		tcp_free(t);
	return s;
}

/* ---- from TCP */

void stream_event(struct tcp *t)
{
	struct tcp_socket *ts = t->socket;

	if (!ts)
		return;
	if (ts->connecting && t->state != TCP_S_SYN_SENT && t->state != TCP_S_SYN_RECEIVED) {
		ts->connecting = false;
		ts->connected = t->state != TCP_S_CLOSED;
	}
	socket_event(&ts->socket);
}

void stream_data(struct tcp *t)
{
	if (t->socket)
		socket_grew(&t->socket->socket);
}

bool stream_connect_blocked(const struct tcp *t)
{
	return t->socket && t->socket->connecting && !list_empty(&t->socket->socket.waiters);
}

void stream_error(struct tcp *t, int error)
{
	struct tcp_socket *ts = t->socket;

	ts->connecting = false;
	socket_error(&ts->socket, error);
}

void stream_accepted(struct tcp_listener *l)
{
	socket_grew(&l->socket->socket);
}

uint32_t stream_first_window(const struct tcp_listener *l)
{
	uint32_t rcvbuf = l->socket->tcp->rcvbuf;

	return rcvbuf < 65535 ? rcvbuf : 65535;
}

void stream_inherit(struct tcp_listener *l, struct tcp *t)
{
	const struct tcp *from = l->socket->tcp;

	t->nodelay = from->nodelay;
	t->keepalive = from->keepalive;
	t->oob_inline = from->oob_inline;
	t->algorithm = from->algorithm;
	t->user_sndbuf = from->user_sndbuf;
	t->user_rcvbuf = from->user_rcvbuf;
	t->pmtu_discover = from->pmtu_discover;
	t->sndbuf = from->sndbuf;
	t->rcvbuf = from->rcvbuf;
	t->user_mss = from->user_mss;
	t->traffic_class = from->traffic_class;
	t->hop_limit = from->hop_limit;
	t->min_hop_limit = from->min_hop_limit;
	t->keep_count = from->keep_count;
	t->keep_idle_s = from->keep_idle_s;
	t->keep_interval_s = from->keep_interval_s;
	t->user_timeout_ms = from->user_timeout_ms;
	t->linger2_s = from->linger2_s;
	t->notsent_lowat = from->notsent_lowat;
	t->syn_count = from->syn_count;
	t->defer_accept = from->defer_accept;
}

bool stream_port_bound(struct stack *stack, uint16_t port)
{
	struct tcp_socket *ts;

	list_for_each_entry (ts, &stack->tcp.bound, bound)
		if (ts->tcp->local_port == port)
			return true;
	return false;
}

/* ---- names */

static bool families_meet(const struct tcp_socket *a, int family, bool v6only)
{
	return a->socket.family == family || (a->socket.family == AF_INET6 && !a->v6only) ||
	       (family == AF_INET6 && !v6only);
}

static bool addresses_meet(const struct ip_addr *a, const struct ip_addr *b)
{
	return ip_is_any(a) || ip_is_any(b) || ip_equal(a, b);
}

/* RFC 9293 and BSD: who holds a port keeps it, unless both allow reuse and none listens. */
static bool in_use(struct tcp_socket *ts, const struct ip_addr *local, uint16_t port)
{
	struct stack *stack = ts->socket.stack;
	struct tcp_listener *l;
	struct tcp_socket *o;

	list_for_each_entry (o, &stack->tcp.bound, bound)
		if (o != ts && o->tcp->local_port == port &&
		    families_meet(o, ts->socket.family, ts->v6only) &&
		    addresses_meet(&o->tcp->local, local) && !(o->reuse_port && ts->reuse_port) &&
		    !(o->reuse_address && ts->reuse_address))
			return true;
	list_for_each_entry (l, &stack->tcp.listeners[port % TCP_LISTEN_HASH], hash)
		if (l->port == port && l->socket != ts &&
		    families_meet(l->socket, ts->socket.family, ts->v6only) &&
		    addresses_meet(&l->local, local) && !(l->reuse_port && ts->reuse_port))
			return true;
	if (ts->reuse_address || ts->reuse_port)
		return false;
	for (uint32_t i = 0; i <= stack->tcp.mask; i++) {
		struct tcp *t;

		list_for_each_entry (t, &stack->tcp.connections[i], hash)
			if (t->local_port == port && addresses_meet(&t->local, local))
				return true;
	}
	return false;
}

static int bind_port(struct tcp_socket *ts, const struct ip_addr *local, uint16_t port)
{
	struct stack *stack = ts->socket.stack;

	ts->port_chosen = !port;
	if (!port)
		for (int tries = 0; tries < 1000 && !port; tries++) {
			uint16_t candidate = tcp_pick_port(stack, local, &ip_addr_any, 0);

			if (candidate && !in_use(ts, local, candidate))
				port = candidate;
		}
	if (!port || in_use(ts, local, port))
		return -EADDRINUSE;
	ts->tcp->local = *local;
	ts->tcp->local_port = port;
	ts->is_bound = true;
	list_append(&stack->tcp.bound, &ts->bound);
	return 0;
}

static int stream_bind(struct socket *s, const struct sockaddr *sa, socklen_t len)
{
	struct tcp_socket *ts = stream(s);
	struct socket_name n;
	int error = name_read_local(&n, s->family, sa, len);

	if (error)
		return error;
	if (ts->is_bound || ts->listener || ts->tcp->state != TCP_S_CLOSED)
		return -EINVAL;
	if (n.port && n.port < 1024 && !stack_capable(s->stack, LWIP_CAP_NET_BIND_SERVICE))
		return -EACCES;
	if (!ip_is_any(&n.addr) && !ts->freebind && !netif_addr_find(s->stack, NULL, &n.addr))
		return -EADDRNOTAVAIL;
	if (ip_needs_zone(&n.addr)) {
		if (!n.zone)
			return -EINVAL;
		ts->tcp->netif = netif_by_index(s->stack, n.zone);
		if (!ts->tcp->netif)
			return -ENODEV;
	}
	return bind_port(ts, &n.addr, n.port);
}

/* Whether there was a connection, or an attempt to have one. */
static bool used(const struct tcp *t)
{
	return !list_empty(&t->hash) || t->iss;
}

/* A new connection with the options and the bound name of the old one, which is the caller's; NULL: no memory. */
static struct tcp *start_anew(struct tcp_socket *ts)
{
	struct tcp *old = ts->tcp, *t = tcp_new(ts->socket.stack);
	struct tcp_listener options = {.socket = ts};

	if (!t)
		return NULL;
	stream_inherit(&options, t);
	t->netif = old->netif;
	if (ts->is_bound) {
		t->local = old->local;
		t->local_port = old->local_port;
	}
	t->socket = ts;
	ts->tcp = t;
	return t;
}

/*
 * connect() to AF_UNSPEC, as Linux has it: a connection is reset, a listener stops, and the socket is as before its first
 * connect() or listen(), with the name that bind() gave it unless the port was not the program's choice. Unlike Linux's, it
 * has no error then: the descriptor could not take POLLERR back.
 */
static int disconnect(struct tcp_socket *ts)
{
	struct socket *s = &ts->socket;
	struct tcp *old = ts->tcp;

	if (!ts->listener && !used(old))
		return 0;
	if (!start_anew(ts))
		return -ENOBUFS;
	if (ts->port_chosen) {
		ts->is_bound = ts->port_chosen = false;
		ts->tcp->local = ip_addr_any;
		ts->tcp->local_port = 0;
	}
	list_remove(&ts->bound);
	if (ts->listener) {
		tcp_unlisten(ts->listener);
		free(ts->listener);
		ts->listener = NULL;
	}
	tcp_close(old, true);
	s->error = 0;
	ts->connecting = ts->connected = ts->send_shut = false;
	if (ts->is_bound)
		list_append(&s->stack->tcp.bound, &ts->bound);
	socket_event(s);
	return 0;
}

static int stream_connect(struct socket *s, const struct sockaddr *sa, socklen_t len)
{
	struct tcp_socket *ts = stream(s);
	struct tcp *t = ts->tcp, *before = t;
	struct socket_name n;
	int error;

	if (sa && len >= sizeof(sa->sa_family) && sa->sa_family == AF_UNSPEC)
		return disconnect(ts);
	if (s->error && used(t))
		return -socket_take_error(s);
	s->error = 0;
	if (ts->connecting)
		return -EALREADY;
	if (ts->connected || ts->listener)
		return -EISCONN;
	error = name_read(&n, s->family, sa, len);
	if (error)
		return error;
	if (ip_is_any(&n.addr)) /* as everywhere: oneself */
		n.addr = ip_is_v4(&n.addr) || s->family == AF_INET
				 ? ip_from_v4(htonl(0x7f000001))
				 : (struct ip_addr){{0, 0, 0, htonl(1)}};
	if (ip_is_v4(&n.addr) && ts->v6only)
		return -ENETUNREACH;
	if (!n.port)
		return -EADDRNOTAVAIL;
	if (n.zone) {
		t->netif = netif_by_index(s->stack, n.zone);
		if (!t->netif)
			return -ENODEV;
	}
	if (used(t)) {
		/* A failed attempt leaves used state behind. */
		t = start_anew(ts);
		if (!t)
			return -ENOBUFS;
		tcp_free(before);
	}
	t->remote = n.addr;
	t->remote_port = n.port;
	/* A wildcard bind of the other family's any address leaves the choice to the route. */
	error = tcp_connect(t);
	if (error)
		return error;
	list_remove(&ts->bound);
	ts->connecting = true;
	return -EINPROGRESS;
}

static int stream_listen(struct socket *s, int backlog)
{
	struct tcp_socket *ts = stream(s);
	struct tcp_listener *l = ts->listener;
	int error;

	if (backlog < 1)
		backlog = backlog < 0 ? 4096 : 1;
	if (l) {
		l->backlog = backlog;
		return 0;
	}
	if (ts->tcp->state != TCP_S_CLOSED || ts->connecting || ts->connected)
		return -EINVAL;
	if (!ts->is_bound) {
		error = bind_port(ts, s->family == AF_INET ? &ip_v4_any : &ip_addr_any, 0);
		if (error)
			return error;
	}
	list_for_each_entry (l, &s->stack->tcp.listeners[ts->tcp->local_port % TCP_LISTEN_HASH],
			     hash)
		if (l->port == ts->tcp->local_port &&
		    families_meet(l->socket, s->family, ts->v6only) &&
		    addresses_meet(&l->local, &ts->tcp->local) &&
		    !(l->reuse_port && ts->reuse_port))
			return -EADDRINUSE;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOBUFS;
	l->socket = ts;
	l->stack = s->stack;
	l->local = ts->tcp->local;
	l->port = ts->tcp->local_port;
	l->family = s->family;
	l->v6only = ts->v6only;
	l->reuse_port = ts->reuse_port;
	l->netif = ts->tcp->netif;
	l->backlog = backlog > 65535 ? 65535 : backlog;
	l->defer_accept = ts->tcp->defer_accept;
	list_remove(&ts->bound);
	ts->listener = l;
	tcp_listen(l);
	socket_event(s);
	return 0;
}

static int stream_accept(struct socket *s, struct socket **out)
{
	struct tcp_socket *ts = stream(s);
	struct tcp_listener *l = ts->listener;
	struct tcp *t;

	if (!l)
		return -EINVAL;
	t = list_first(&l->ready, struct tcp, accept_node);
	if (!t)
		return -EAGAIN;
	*out = wrap(s->stack, s->family, t);
	if (!*out)
		return -ENOBUFS;
	list_remove(&t->accept_node);
	t->listener = NULL;
	l->nready--;
	stream(*out)->connected = true;
	stream(*out)->v6only = ts->v6only;
	stream(*out)->tell_unread = ts->tell_unread;
	(*out)->peek_off = s->peek_off;
	(*out)->timestamp = s->timestamp;
	stream(*out)->freebind = ts->freebind;
	tcp_keep_arm(t);
	return 0;
}

static int stream_name(struct socket *s, bool peer, struct sockaddr_storage *sa, socklen_t *len)
{
	struct tcp_socket *ts = stream(s);
	const struct tcp *t = ts->tcp;
	struct socket_name n = {
		.addr = t->local, .port = t->local_port, .zone = t->netif ? t->netif->index : 0};

	if (peer) {
		if (!ts->connected || t->state == TCP_S_CLOSED || t->state == TCP_S_TIME_WAIT)
			return -ENOTCONN;
		n.addr = t->remote;
		n.port = t->remote_port;
	}
	name_write(&n, s->family, sa, len);
	return 0;
}

/* ---- data */

static ssize_t stream_send(struct socket *s, const struct msghdr *m, int flags)
{
	struct tcp_socket *ts = stream(s);
	struct tcp *t = ts->tcp;
	ssize_t n;

	if (s->error)
		return -socket_take_error(s);
	if (ts->send_shut)
		return -EPIPE;
	if (ts->connecting)
		return -EAGAIN;
	if (!ts->connected)
		return -EPIPE;
	if (t->state != TCP_S_ESTABLISHED && t->state != TCP_S_CLOSE_WAIT)
		return -EPIPE;
	n = tcp_write(t, m->msg_iov, m->msg_iovlen);
	if (n > 0) {
		if (flags & MSG_OOB) {
			t->urgent_out = 1;
			t->snd_up = t->snd_end;
			t->force_output = 1;
		}
		t->more = !!(flags & MSG_MORE);
		tcp_schedule(t);
		if (!tcp_send_space(t))
			readiness_update(s, s->ops->poll(s));
		return n;
	}
	for (size_t i = 0; i < m->msg_iovlen; i++)
		if (m->msg_iov[i].iov_len)
			return n ? n : -EAGAIN;
	return n;
}

/* Bytes that may be read, up to the mark; the urgent byte itself is none of them. */
static uint32_t readable(const struct tcp *t)
{
	uint32_t to_mark = t->rcv_up - 1 - t->copied_seq;

	if (!t->urgent_in || t->oob_inline || to_mark >= t->rcvq_bytes)
		return t->rcvq_bytes;
	return to_mark ? to_mark : t->rcvq_bytes - 1;
}

static ssize_t receive_urgent(struct tcp *t, struct msghdr *m, int flags)
{
	uint32_t offset = t->rcv_up - 1 - t->copied_seq;
	struct packet *p;

	if (t->oob_inline || !t->urgent_in || t->urgent_read)
		return -EINVAL;
	/* The byte stands in the queue behind data not yet read, or is still on its way. */
	list_for_each_entry (p, &t->rcvq, node) {
		if (offset < p->len) {
			packet_copy(p, offset, &t->urgent_byte, 1);
			t->urgent_has_byte = 1;
			break;
		}
		offset -= p->len;
	}
	if (!t->urgent_has_byte)
		return t->fin_received || t->receive_shut || t->state == TCP_S_CLOSED ? 0 : -EAGAIN;
	m->msg_flags |= MSG_OOB;
	if (!(flags & MSG_PEEK))
		t->urgent_read = 1;
	for (size_t i = 0; i < m->msg_iovlen; i++)
		if (m->msg_iov[i].iov_len) {
			*(uint8_t *)m->msg_iov[i].iov_base = t->urgent_byte;
			return 1;
		}
	m->msg_flags |= MSG_TRUNC;
	return 0;
}

/* Data as recv() does it, @time when it came; negative errno. */
static ssize_t take_data(struct socket *s, struct msghdr *m, int flags, uint64_t *time)
{
	struct tcp_socket *ts = stream(s);
	struct tcp *t = ts->tcp;
	uint32_t skip = flags & MSG_PEEK && s->peek_off > 0 ? s->peek_off : 0;
	ssize_t n;

	/* The urgent byte alone: reading passes it over and then has nothing. */
	if (!readable(t) && t->rcvq_bytes && !(flags & MSG_PEEK))
		tcp_read(t, m->msg_iov, m->msg_iovlen, flags, 0, time);
	if (readable(t) <= skip) {
		if (s->error)
			return -socket_take_error(s);
		if (t->receive_shut || t->fin_received)
			return 0;
		if (ts->connecting)
			return -EAGAIN;
		if (!ts->connected)
			return -ENOTCONN;
		tcp_ack_handshake(t);
		return t->state == TCP_S_CLOSED ? 0 : -EAGAIN;
	}
	if (flags & MSG_WAITALL && !t->fin_received && t->state != TCP_S_CLOSED &&
	    !(flags & MSG_PEEK)) {
		size_t want = 0;

		for (size_t i = 0; i < m->msg_iovlen; i++)
			want += m->msg_iov[i].iov_len;
		if (t->rcvq_bytes < want && t->rcvq_bytes < t->rcvbuf / 2)
			return -EAGAIN;
	}
	n = tcp_read(t, m->msg_iov, m->msg_iovlen, flags, skip, time);
	if (n > 0)
		socket_peeked(s, flags & MSG_PEEK, n);
	if (!t->rcvq_bytes && !(flags & MSG_PEEK))
		readiness_update(s, s->ops->poll(s));
	return n;
}

static ssize_t stream_receive(struct socket *s, struct msghdr *m, int flags)
{
	struct tcp_socket *ts = stream(s);
	struct tcp *t = ts->tcp;
	size_t used = 0;
	uint64_t time;
	ssize_t n;

	m->msg_namelen = 0;
	if (flags & MSG_OOB) {
		m->msg_controllen = 0;
		return ts->listener ? -ENOTCONN : receive_urgent(t, m, flags);
	}
	n = take_data(s, m, flags, &time);
	if (n < 0)
		return n;
	if (n)
		control_put_time(s, m, &used, time);
	if (ts->tell_unread) {
		/* 1 stands for the end, which is read like a byte. */
		int unread = t->rcvq_bytes || !t->fin_received ? (int)readable(t) : 1;

		control_put(m, &used, SOL_TCP, TCP_CM_INQ, &unread, sizeof(unread));
	}
	m->msg_controllen = used;
	return n;
}

static int stream_shutdown(struct socket *s, int how)
{
	struct tcp_socket *ts = stream(s);
	struct tcp *t = ts->tcp;

	if (ts->listener) {
		if (how == SHUT_WR)
			return 0;
		tcp_unlisten(ts->listener);
		free(ts->listener);
		ts->listener = NULL;
		socket_event(s);
		return 0;
	}
	if (!ts->connected || t->state == TCP_S_CLOSED)
		return -ENOTCONN;
	if (how != SHUT_WR) {
		t->receive_shut = 1;
	}
	if (how != SHUT_RD && !ts->send_shut) {
		ts->send_shut = true;
		t->fin_queued = 1;
		tcp_schedule(t);
	}
	socket_event(s);
	return 0;
}

static void stream_close(struct socket *s)
{
	struct tcp_socket *ts = stream(s);

	if (ts->listener) {
		tcp_unlisten(ts->listener);
		free(ts->listener);
	}
	list_remove(&ts->bound);
	socket_fini(s);
	tcp_close(ts->tcp, s->linger == 0);
	free(ts);
}

static uint32_t stream_poll(struct socket *s)
{
	struct tcp_socket *ts = stream(s);
	const struct tcp *t = ts->tcp;
	uint32_t events = 0;

	if (ts->listener)
		return list_empty(&ts->listener->ready) ? 0 : POLLIN | POLLRDNORM;
	if (s->error)
		events |= POLLERR;
	if (ts->connecting)
		return events;
	if (!ts->connected && !s->error)
		return POLLOUT | POLLHUP;
	if (readable(t) >= s->rcvlowat || (readable(t) && t->fin_received))
		events |= POLLIN | POLLRDNORM;
	if (t->fin_received || t->receive_shut || t->state == TCP_S_CLOSED)
		events |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (t->state == TCP_S_CLOSED || (t->fin_received && ts->send_shut))
		events |= POLLHUP;
	if (ts->send_shut || t->state == TCP_S_CLOSED || tcp_writable(t))
		events |= POLLOUT | POLLWRNORM;
	if (t->urgent_in && !t->urgent_read)
		events |= POLLPRI;
	return events;
}

static int stream_ioctl(struct socket *s, unsigned long cmd, void *arg)
{
	struct tcp *t = stream(s)->tcp;

	if (stream(s)->listener && (cmd == FIONREAD || cmd == SIOCOUTQ || cmd == SIOCOUTQNSD))
		return -EINVAL;
	switch (cmd) {
	case FIONREAD:
		*(int *)arg = readable(t);
		return 0;
	case SIOCOUTQ:
		*(int *)arg = t->state == TCP_S_CLOSED || !seq_after(t->snd_end, t->snd_una)
				      ? 0
				      : t->snd_end - t->snd_una;
		return 0;
	case SIOCOUTQNSD:
		*(int *)arg = tcp_unsent(t);
		return 0;
	case SIOCATMARK:
		*(int *)arg = t->urgent_in && t->copied_seq == t->rcv_up - 1;
		return 0;
	}
	return -ENOTTY;
}

static const struct socket_ops stream_ops = {
	.bind = stream_bind,
	.connect = stream_connect,
	.listen = stream_listen,
	.accept = stream_accept,
	.name = stream_name,
	.send = stream_send,
	.receive = stream_receive,
	.shutdown = stream_shutdown,
	.close = stream_close,
	.setsockopt = stream_setsockopt,
	.getsockopt = stream_getsockopt,
	.ioctl = stream_ioctl,
	.poll = stream_poll,
};

const struct socket_family socket_stream_families[] = {
	{AF_INET, SOCK_STREAM, IPPROTO_TCP, 0, create},
	{AF_INET6, SOCK_STREAM, IPPROTO_TCP, 0, create},
	{0},
};
