/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Life of a connection: the table by 4-tuple (a power of two of buckets that doubles), ports,
 * active open, close, abort. Initial sequence numbers are clock plus keyed hash (RFC 6528), ports
 * random per peer (RFC 6056 algorithm 3), timestamp offsets keyed as well.
 */
#include <errno.h>
#include <stdlib.h>
#include "lwipv6/tcp/tcp.h"

#define FIRST_BUCKETS 256
#define PORT_FIRST    32768
#define PORT_LAST     60999
#define MTU_RECHECK   (30 * NSEC_PER_SEC)

void tcp_table_init(struct stack *stack)
{
	struct tcp_table *t = &stack->tcp;
	uint64_t *keys[] = {t->isn_key, t->cookie_key, t->port_key, t->stamp_key};

	t->connections = malloc(FIRST_BUCKETS * sizeof(struct list));
	t->mask = FIRST_BUCKETS - 1;
	for (uint32_t i = 0; t->connections && i <= t->mask; i++)
		list_init(&t->connections[i]);
	for (int i = 0; i < TCP_LISTEN_HASH; i++)
		list_init(&t->listeners[i]);
	for (int i = 0; i < TCP_REQUEST_HASH; i++)
		list_init(&t->requests[i]);
	list_init(&t->bound);
	list_init(&t->pending);
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 2; j++)
			keys[i][j] = random_u64(&stack->random);
}

enum tcp_owed tcp_owed(struct stack *stack)
{
	enum tcp_owed owed = TCP_OWES_NOTHING;
	struct tcp *t;

	for (uint32_t i = 0; i <= stack->tcp.mask; i++)
		list_for_each_entry (t, &stack->tcp.connections[i], hash) {
			if (!t->orphan || t->state == TCP_S_TIME_WAIT ||
			    t->snd_una == t->snd_end + 1)
				continue;
			if (t->snd_una != t->snd_end)
				return TCP_OWES_DATA;
			owed = TCP_OWES_FIN;
		}
	return owed;
}

void tcp_table_reset(struct stack *stack)
{
	for (uint32_t i = 0; i <= stack->tcp.mask; i++) {
		struct tcp *t, *next;

		list_for_each_entry_safe (t, next, &stack->tcp.connections[i], hash)
			if (t->snd_una != t->snd_end + t->fin_queued && t->state != TCP_S_TIME_WAIT)
				tcp_abort(t, ENONET, true);
	}
}

void tcp_table_fini(struct stack *stack)
{
	struct tcp_table *t = &stack->tcp;

	for (uint32_t i = 0; i <= t->mask; i++)
		while (!list_empty(&t->connections[i]))
			tcp_free(list_first(&t->connections[i], struct tcp, hash));
}

void tcp_table_free(struct stack *stack)
{
	free(stack->tcp.connections);
}

static uint32_t tuple_hash(struct stack *stack, const struct ip_addr *local, uint16_t lport,
			   const struct ip_addr *remote, uint16_t rport)
{
	uint32_t h = ip_hash(remote, stack->random.key[0] + ((uint32_t)lport << 16 | rport));

	return ip_hash(local, h);
}

static struct list *bucket(struct stack *stack, const struct ip_addr *local, uint16_t lport,
			   const struct ip_addr *remote, uint16_t rport)
{
	return &stack->tcp.connections[tuple_hash(stack, local, lport, remote, rport) &
				       stack->tcp.mask];
}

static void grow(struct stack *stack)
{
	struct tcp_table *t = &stack->tcp;
	uint32_t old = t->mask + 1, size = old * 2;
	struct list *buckets = malloc(size * sizeof(*buckets)), *was = t->connections;

	if (!buckets)
		return; /* longer chains, still right */
	for (uint32_t i = 0; i < size; i++)
		list_init(&buckets[i]);
	t->connections = buckets;
	t->mask = size - 1;
	for (uint32_t i = 0; i < old; i++)
		while (!list_empty(&was[i])) {
			struct tcp *c = list_first(&was[i], struct tcp, hash);

			list_remove(&c->hash);
			list_append(
				bucket(stack, &c->local, c->local_port, &c->remote, c->remote_port),
				&c->hash);
		}
	free(was);
}

struct tcp *tcp_find(struct stack *stack, const struct ip_addr *local, uint16_t lport,
		     const struct ip_addr *remote, uint16_t rport)
{
	struct tcp *t;

	list_for_each_entry (t, bucket(stack, local, lport, remote, rport), hash)
		if (t->local_port == lport && t->remote_port == rport &&
		    ip_equal(&t->remote, remote) && ip_equal(&t->local, local))
			return t;
	return NULL;
}

int tcp_insert(struct tcp *t)
{
	struct tcp_table *table = &t->stack->tcp;

	if (tcp_find(t->stack, &t->local, t->local_port, &t->remote, t->remote_port))
		return -EADDRINUSE;
	if (table->count > table->mask)
		grow(t->stack);
	list_append(bucket(t->stack, &t->local, t->local_port, &t->remote, t->remote_port),
		    &t->hash);
	table->count++;
	return 0;
}

struct tcp *tcp_new(struct stack *stack)
{
	struct tcp *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	list_init(&t->hash);
	list_init(&t->pending);
	list_init(&t->accept_node);
	list_init(&t->chunks);
	list_init(&t->sent);
	list_init(&t->rcvq);
	list_init(&t->ooo);
	t->stack = stack;
	t->state = TCP_S_CLOSED;
	t->sndbuf = 128 << 10;
	t->rcvbuf = 128 << 10;
	t->keep_idle_s = 7200;
	t->keep_interval_s = 75;
	t->keep_count = 9;
	t->quick_acks = TCP_QUICK_ACKS;
	t->min_rtt = TIME_NEVER;
	t->pmtu_discover = t->interactive = 1;
	t->algorithm = stack->settings.congestion;
	tcp_timers_init(t);
	tcp_congestion_init(t);
	return t;
}

void tcp_free(struct tcp *t)
{
	if (!list_empty(&t->hash)) {
		list_remove(&t->hash);
		t->stack->tcp.count--;
	}
	if (t->listener && !list_empty(&t->accept_node))
		t->listener->nready--;
	list_remove(&t->accept_node);
	list_remove(&t->pending);
	if (t->orphan && t->stack->linger)
		stack_wake(t->stack, t->stack->linger);
	tcp_timers_stop(t);
	tcp_sendq_free(t);
	packet_list_free(&t->rcvq);
	packet_list_free(&t->ooo);
	free(t);
}

void tcp_set_state(struct tcp *t, enum tcp_state state)
{
	bool was = t->state == TCP_S_ESTABLISHED || t->state == TCP_S_CLOSE_WAIT;
	bool is = state == TCP_S_ESTABLISHED || state == TCP_S_CLOSE_WAIT;

	if (is && !was)
		COUNT(t->stack, tcp_established);
	t->state = state;
}

uint32_t tcp_isn(struct tcp *t)
{
	struct {
		struct ip_addr local, remote;
		uint16_t local_port, remote_port;
		uint32_t zero;
	} tuple = {t->local, t->remote, t->local_port, t->remote_port, 0};

	t->ts_offset = siphash(t->stack->tcp.stamp_key, &tuple, sizeof(tuple));
	/* RFC 9293 3.4.1: a clock of 4 us, so that it cycles in 4.55 hours. */
	return t->stack->now / 4000 +
	       (uint32_t)siphash(t->stack->tcp.isn_key, &tuple, sizeof(tuple));
}

uint16_t tcp_pick_port(struct stack *stack, const struct ip_addr *local,
		       const struct ip_addr *remote, uint16_t remote_port)
{
	struct {
		struct ip_addr local, remote;
		uint16_t port, zero[3];
	} peer = {*local, *remote, remote_port, {0}};
	uint32_t count = PORT_LAST - PORT_FIRST + 1;
	uint32_t offset = siphash(stack->tcp.port_key, &peer, sizeof(peer));
	uint32_t start = random_below(&stack->random, count);

	for (uint32_t i = 0; i < count; i++) {
		uint16_t port = PORT_FIRST + (offset + start + i) % count;

		if (!tcp_find(stack, local, port, remote, remote_port) &&
		    !tcp_listener_find(stack, local, port, NULL, 0) &&
		    !stream_port_bound(stack, port))
			return port;
	}
	return 0;
}

static void look_up_mtu(struct tcp *t)
{
	tcp_set_mtu(t, path_mtu(t->stack, t->hop.netif, &t->remote));
	t->mtu_locked = path_mtu_locked(t->stack, &t->remote);
}

int tcp_route(struct tcp *t)
{
	struct stack *stack = t->stack;
	int error = 0;

	if (t->hop_generation == stack->routes.generation) {
		/* A path MTU that was lowered is forgotten after a while: try the wider path again.
		 */
		if (t->mtu_lowered && stack->now - t->mtu_time >= MTU_RECHECK) {
			t->mtu_time = stack->now;
			look_up_mtu(t);
		}
		return 0;
	}
	if (netif_addr_find(stack, ip_needs_zone(&t->remote) ? t->netif : NULL, &t->remote))
		t->hop = (struct next_hop){.netif = stack->loopback, .addr = t->remote};
	else
		error = route_lookup(stack, &t->remote, t->netif, &t->local, &t->hop);
	if (error)
		return error;
	t->hop_generation = stack->routes.generation;
	t->mtu_time = stack->now;
	look_up_mtu(t);
	return 0;
}

int tcp_connect(struct tcp *t)
{
	struct stack *stack = t->stack;
	int error;

	t->hop_generation = 0;
	error = tcp_route(t);
	if (error)
		return error;
	if (netif_is_broadcast(t->hop.netif, &t->remote) || ip_is_multicast(&t->remote))
		return -ENETUNREACH;
	if (ip_is_any(&t->local)) {
		if (t->hop.netif == stack->loopback)
			t->local = t->remote;
		else if (!source_select(stack, t->hop.netif, &t->remote, &t->local))
			return -EADDRNOTAVAIL;
	}
	if (!t->local_port)
		t->local_port = tcp_pick_port(stack, &t->local, &t->remote, t->remote_port);
	if (!t->local_port)
		return -EADDRNOTAVAIL;
	struct tcp *old = tcp_find(stack, &t->local, t->local_port, &t->remote, t->remote_port);

	if (old && old->state == TCP_S_TIME_WAIT && old->timestamps &&
	    stack->now - old->last_received > NSEC_PER_SEC)
		tcp_forget(old); /* RFC 6191: timestamps tell old segments apart */
	error = tcp_insert(t);
	if (error)
		return -EADDRNOTAVAIL;
	t->active_open = 1;
	t->sack = t->wscale = 1; /* offered; the SYN-ACK says what holds */
	t->timestamps = stack->settings.timestamps;
	t->ecn = stack->settings.ecn == TCP_ECN_ON;
	t->iss = tcp_isn(t);
	t->snd_una = t->snd_nxt = t->iss;
	t->snd_end = t->iss + 1;
	t->flow_label = flow_label(stack, &t->local, &t->remote, t->local_port, t->remote_port,
				   IPPROTO_TCP);
	while (t->rcv_wscale < 14 && (65535u << t->rcv_wscale) < TCP_RCVBUF)
		t->rcv_wscale++;
	look_up_mtu(t);
	tcp_set_state(t, TCP_S_SYN_SENT);
	t->first_unacked_time = stack->now;
	COUNT(stack, tcp_active_opens);
	tcp_send_syn(t);
	tcp_arm(t, true);
	return 0;
}

void tcp_forget(struct tcp *t)
{
	if (t->socket)
		tcp_abort(t, 0, false); /* its descriptor goes on to say that all was read */
	else
		tcp_free(t);
}

void tcp_enter_time_wait(struct tcp *t)
{
	tcp_timers_stop(t);
	tcp_set_state(t, TCP_S_TIME_WAIT);
	tcp_sendq_free(t);
	t->timer_kind = TCP_TIMER_TIME_WAIT;
	timer_set(t->stack, &t->retransmit, t->stack->now + t->stack->settings.time_wait);
	stream_event(t);
}

void tcp_abort(struct tcp *t, int error, bool reset)
{
	bool synchronised = t->state != TCP_S_CLOSED && t->state != TCP_S_SYN_SENT &&
			    t->state != TCP_S_TIME_WAIT;

	if (reset && synchronised && !tcp_route(t)) {
		COUNT(t->stack, tcp_resets_out);
		tcp_emit(t, tcp_control_seq(t), 0, TH_RST | TH_ACK);
	}
	tcp_timers_stop(t);
	tcp_sendq_free(t);
	if (!list_empty(&t->hash)) {
		list_remove(&t->hash);
		t->stack->tcp.count--;
	}
	list_remove(&t->pending);
	tcp_set_state(t, TCP_S_CLOSED);
	if (t->socket)
		stream_error(t, error);
	else
		tcp_free(t);
}

void tcp_close(struct tcp *t, bool reset)
{

	t->socket = NULL;
	t->receive_shut = 1;
	if (t->state == TCP_S_CLOSED || t->state == TCP_S_SYN_SENT) {
		tcp_free(t);
		return;
	}
	/* RFC 1122 4.2.2.13, RFC 2525 2.17: unread data was lost, and the peer must know. */
	if (t->state != TCP_S_TIME_WAIT && (reset || t->rcvq_bytes)) {
		tcp_abort(t, 0, true);
		return;
	}
	t->orphan = 1;
	timer_cancel(&t->keep);
	if (t->state == TCP_S_FIN_WAIT2) {
		tcp_fin_wait2_arm(t);
	} else if (t->state != TCP_S_TIME_WAIT) {
		t->fin_queued = 1;
		tcp_schedule(t);
	}
}

void tcp_address_gone(struct stack *stack, const struct ip_addr *addr)
{
	for (uint32_t i = 0; i <= stack->tcp.mask; i++) {
		struct tcp *t, *next;

		list_for_each_entry_safe (t, next, &stack->tcp.connections[i], hash)
			if (ip_equal(&t->local, addr))
				tcp_abort(t, ECONNABORTED, false);
	}
}
