/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Listeners. A SYN becomes a request of about 160 bytes; the connection is made when the handshake
 * ends. With the queues full the state is put into the sequence number instead (SYN cookies, RFC
 * 4987): time, a keyed hash, the MSS' index; the options that need memory travel in the timestamp.
 */
#include <errno.h>
#include <stdlib.h>
#include "lwipv6/tcp/tcp.h"

#define SYN_ACK_RETRIES 5
#define COOKIE_PERIOD	(64 * NSEC_PER_SEC)
#define ANSWER		(500 * NSEC_PER_MSEC)
#define COOKIE_PERIODS	2 /* a cookie is good for this many */

static const uint16_t cookie_mss4[8] = {216, 536, 1024, 1220, 1400, 1440, 1460, 8960};

static struct list *bucket(struct stack *stack, uint16_t port)
{
	return &stack->tcp.listeners[port % TCP_LISTEN_HASH];
}

struct tcp_listener *tcp_listener_find(struct stack *stack, const struct ip_addr *local,
				       uint16_t port, const struct netif *in, uint32_t spread)
{
	struct tcp_listener *l, *best = NULL;
	int best_score = 0, ties = 0;
	bool v4 = ip_is_v4(local);

	list_for_each_entry (l, bucket(stack, port), hash) {
		int score = 1;

		if (l->port != port ||
		    (v4 ? l->family == AF_INET6 && l->v6only : l->family == AF_INET))
			continue;
		if (l->netif && in && l->netif != in && in->kind != NETIF_LOOPBACK)
			continue;
		if (!ip_is_any(&l->local)) {
			if (!ip_equal(&l->local, local))
				continue;
			score += 4;
		}
		score += (l->netif ? 2 : 0) + (v4 == (l->family == AF_INET));
		if (score > best_score) {
			best = l;
			best_score = score;
			ties = 1;
		} else if (score == best_score && l->reuse_port) {
			ties++;
			if (spread % ties == 0)
				best = l;
		}
	}
	return best;
}

int tcp_listen(struct tcp_listener *l)
{
	list_init(&l->requests);
	list_init(&l->ready);
	list_append(bucket(l->stack, l->port), &l->hash);
	return 0;
}

static void request_free(struct tcp_request *r)
{
	timer_cancel(&r->timer);
	list_remove(&r->node);
	list_remove(&r->hash);
	r->listener->nrequests--;
	r->listener->stack->tcp.syn_requests--;
	free(r);
}

void tcp_unlisten(struct tcp_listener *l)
{
	list_remove(&l->hash);
	while (!list_empty(&l->requests))
		request_free(list_first(&l->requests, struct tcp_request, node));
	while (!list_empty(&l->ready)) {
		struct tcp *t = list_first(&l->ready, struct tcp, accept_node);

		list_remove(&t->accept_node);
		t->listener = NULL;
		tcp_abort(t, 0, true);
	}
	l->nready = 0;
}

void tcp_request_netif_gone(struct stack *stack, const struct netif *netif)
{
	for (int i = 0; i < TCP_LISTEN_HASH; i++) {
		struct tcp_listener *l;
		struct tcp_request *r, *next;

		list_for_each_entry (l, &stack->tcp.listeners[i], hash)
			list_for_each_entry_safe (r, next, &l->requests, node)
				if (r->netif == netif)
					request_free(r);
	}
}

static void request_timer(struct stack *stack, struct timer *timer)
{
	struct tcp_request *r = container_of(timer, struct tcp_request, timer);

	if (++r->retransmits > SYN_ACK_RETRIES + (r->acked ? r->listener->defer_accept : 0)) {
		request_free(r);
		return;
	}
	/* The peer has our SYN-ACK and is silent; another is only to make it speak in the end. */
	if (!r->acked || r->retransmits >= r->listener->defer_accept)
		tcp_request_syn_ack(r);
	timer_set(stack, timer, stack->now + (TCP_RTO_INITIAL << r->retransmits));
}

/* Keyed, so that who floods cannot choose one bucket. */
static struct list *request_bucket(struct stack *stack, const struct ip_addr *remote,
				   uint16_t rport)
{
	uint32_t hash = ip_hash(remote, stack->random.key[1] + rport);

	return &stack->tcp.requests[hash % TCP_REQUEST_HASH];
}

static struct tcp_request *request_find(struct tcp_listener *l, const struct packet *p,
					uint16_t rport)
{
	struct tcp_request *r;

	list_for_each_entry (r, request_bucket(l->stack, &p->src, rport), hash)
		if (r->listener == l && r->remote_port == rport && ip_equal(&r->remote, &p->src) &&
		    ip_equal(&r->local, &p->dst))
			return r;
	return NULL;
}

/* What a SYN says, and what we answer; shared by the queue and by cookies. */
static void request_fill(struct tcp_request *r, struct tcp_listener *l,
			 const struct tcp_segment *seg)
{
	const struct packet *p = seg->packet;
	const struct tcphdr *h = (struct tcphdr *)packet_at(p, p->transport);
	struct tcp as_connection = {.stack = l->stack};
	uint32_t mtu = ip_is_v4(&p->src) ? p->netif->mtu : p->netif->mtu6;

	*r = (struct tcp_request){
		.listener = l,
		.local = p->dst,
		.remote = p->src,
		.local_port = ntohs(h->dest),
		.remote_port = ntohs(h->source),
		.irs = seg->seq,
		.ts_recent = seg->tsval,
		.timestamps = seg->has_timestamp && l->stack->settings.timestamps,
		.sack = seg->sack_permitted,
		.wscale = seg->has_wscale,
		.snd_wscale = seg->wscale,
		.ecn = (seg->flags & 0xc0) == 0xc0 && l->stack->settings.ecn != TCP_ECN_OFF,
		.window = stream_first_window(l),
		.netif = ip_needs_zone(&p->src) ? p->netif : l->netif,
	};
	r->made = l->stack->now;
	list_init(&r->node);
	list_init(&r->hash);
	timer_init(&r->timer, request_timer);
	while (r->wscale && r->rcv_wscale < 14 && (65535u << r->rcv_wscale) < TCP_RCVBUF)
		r->rcv_wscale++;
	r->peer_mss = seg->has_mss	  ? seg->mss
		      : ip_is_v4(&p->src) ? TCP_MSS_DEFAULT4
					  : TCP_MSS_DEFAULT6;
	if (r->peer_mss < 64)
		r->peer_mss = 64;
	mtu -= ip_is_v4(&p->src) ? 40 : 60;
	r->mss = mtu > 65495 ? 65495 : mtu;
	as_connection.local = r->local;
	as_connection.remote = r->remote;
	as_connection.local_port = r->local_port;
	as_connection.remote_port = r->remote_port;
	r->iss = tcp_isn(&as_connection);
	r->ts_offset = as_connection.ts_offset;
}

static uint32_t cookie_hash(struct stack *stack, const struct tcp_request *r, uint64_t period)
{
	struct {
		struct ip_addr local, remote;
		uint16_t local_port, remote_port;
		uint32_t irs;
		uint64_t period;
	} key = {r->local, r->remote, r->local_port, r->remote_port, r->irs, period};

	return siphash(stack->tcp.cookie_key, &key, sizeof(key)) & 0x1fffffff;
}

static void send_cookie(struct tcp_listener *l, struct tcp_request *r)
{
	struct stack *stack = l->stack;
	uint32_t index = 7;

	while (index && cookie_mss4[index] > r->peer_mss)
		index--;
	r->iss = cookie_hash(stack, r, stack->now / COOKIE_PERIOD) << 3 | index;
	/* Six bits of our timestamp remember wscale, SACK and ECN. */
	if (r->timestamps) {
		uint32_t stamp = tcp_clock(stack) + r->ts_offset;
		uint32_t bits =
			(r->wscale ? r->snd_wscale : 15) | (r->sack ? 16 : 0) | (r->ecn ? 32 : 0);
		uint32_t marked = (stamp & ~63u) | bits;

		r->ts_offset = marked - tcp_clock(stack);
	} else {
		r->wscale = r->sack = r->ecn = false;
	}
	l->cookies_until = stack->now + COOKIE_PERIODS * COOKIE_PERIOD;
	COUNT(stack, tcp_cookies_sent);
	tcp_request_syn_ack(r);
}

/* An ACK that answers a cookie: fill @r as the SYN would have. */
static bool cookie_valid(struct tcp_listener *l, const struct tcp_segment *seg,
			 struct tcp_request *r)
{
	struct stack *stack = l->stack;
	uint64_t period = stack->now / COOKIE_PERIOD;
	uint32_t cookie = seg->ack - 1;
	struct tcp_segment syn = *seg;

	if (stack->now > l->cookies_until)
		return false;
	syn.seq = seg->seq - 1;
	syn.has_mss = true;
	syn.mss = cookie_mss4[cookie & 7];
	syn.flags = TH_SYN;
	syn.has_wscale = syn.sack_permitted = false;
	if (seg->has_timestamp && stack->settings.timestamps) {
		uint32_t bits = seg->tsecr & 63;

		syn.has_wscale = (bits & 15) != 15;
		syn.wscale = bits & 15;
		syn.sack_permitted = bits & 16;
		if (bits & 32)
			syn.flags |= 0xc0;
	}
	request_fill(r, l, &syn);
	r->iss = cookie;
	for (int i = 0; i < COOKIE_PERIODS; i++)
		if (cookie >> 3 == cookie_hash(stack, r, period - i)) {
			COUNT(stack, tcp_cookies_accepted);
			r->made = 0;
			r->ts_offset = seg->has_timestamp ? seg->tsecr - tcp_clock(stack) : 0;
			return true;
		}
	COUNT(stack, tcp_cookies_failed);
	return false;
}

/* The connection of a request whose handshake ends with this segment. */
static struct tcp *make_child(struct tcp_listener *l, const struct tcp_request *r)
{
	struct tcp *t = tcp_new(l->stack);

	if (!t) {
		COUNT(l->stack, memory_failures);
		return NULL;
	}
	t->local = r->local;
	t->remote = r->remote;
	t->local_port = r->local_port;
	t->remote_port = r->remote_port;
	t->netif = r->netif;
	t->timestamps = r->timestamps;
	t->sack = r->sack;
	t->wscale = r->wscale;
	t->ecn = r->ecn;
	t->snd_wscale = r->wscale ? r->snd_wscale : 0;
	t->rcv_wscale = r->wscale ? r->rcv_wscale : 0;
	t->ts_recent = r->ts_recent;
	t->ts_recent_time = l->stack->now;
	t->ts_offset = r->ts_offset;
	t->peer_mss = r->peer_mss;
	t->iss = r->iss;
	t->irs = r->irs;
	t->snd_una = r->iss;
	t->snd_nxt = t->snd_end = r->iss + 1;
	t->rcv_nxt = t->copied_seq = t->growth_seq = t->last_ack_sent = r->irs + 1;
	t->rcv_adv = t->rcv_nxt + r->window;
	t->retransmits = r->retransmits;
	t->first_unacked_time = r->made;
	t->flow_label = flow_label(l->stack, &t->local, &t->remote, t->local_port, t->remote_port,
				   IPPROTO_TCP);
	stream_inherit(l, t);
	t->state = TCP_S_SYN_RECEIVED;
	if (tcp_route(t) || tcp_insert(t)) {
		tcp_free(t);
		return NULL;
	}
	t->rtt_valid = 0;
	t->listener = l;
	list_append(&l->ready, &t->accept_node);
	l->nready++;
	COUNT(l->stack, tcp_passive_opens);
	return t;
}

static void take_syn(struct tcp_listener *l, struct tcp_segment *seg)
{
	struct stack *stack = l->stack;
	struct tcp_request filled, *r;

	if (l->nready >= l->backlog) {
		COUNT(stack, tcp_listen_overflow);
		return; /* the peer tries again */
	}
	request_fill(&filled, l, seg);
	if (l->nrequests >= l->backlog + 256 ||
	    (stack->tcp.syn_requests >= TCP_SYN_BACKLOG && l->nrequests >= TCP_SYN_SHARE)) {
		send_cookie(l, &filled);
		return;
	}
	r = malloc(sizeof(*r));
	if (!r) {
		COUNT(stack, memory_failures);
		return;
	}
	*r = filled;
	list_init(&r->node);
	timer_init(&r->timer, request_timer);
	list_append(&l->requests, &r->node);
	list_init(&r->hash);
	list_append(request_bucket(stack, &r->remote, r->remote_port), &r->hash);
	l->nrequests++;
	stack->tcp.syn_requests++;
	tcp_request_syn_ack(r);
	timer_set(stack, &r->timer, stack->now + TCP_RTO_INITIAL);
}

/* As tcp_may_answer(), for the SYNs that follow the first. */
static bool may_answer(struct tcp_request *r)
{
	uint64_t now = r->listener->stack->now;

	if (r->answered && now - r->answered < ANSWER)
		return false;
	r->answered = now;
	return true;
}

bool tcp_listener_input(struct tcp_listener *l, struct tcp_segment *seg, struct tcp **child)
{
	const struct packet *p = seg->packet;
	const struct tcphdr *h = (struct tcphdr *)packet_at(p, p->transport);
	struct tcp_request *r = request_find(l, p, ntohs(h->source)), cookie;

	if (seg->flags & TH_RST) {
		if (r && seg->seq == r->irs + 1)
			request_free(r);
		return false;
	}
	if (seg->flags & TH_SYN) {
		if (seg->flags & TH_ACK) {
			tcp_send_reset(seg);
		} else if (seg->flags & TH_FIN) {
			return false; /* nobody honest begins with the end */
		} else if (!r) {
			take_syn(l, seg);
		} else if (!may_answer(r)) {
			return false;
		} else if (r->irs == seg->seq) {
			tcp_request_syn_ack(r);
		} else { /* RFC 5961 4: not in the window of what we know */
			tcp_reply_ack(l->stack, seg, r->iss + 1, r->irs + 1, r->window,
				      tcp_clock(l->stack) + r->ts_offset, r->ts_recent,
				      r->timestamps);
		}
		return false;
	}
	if (!(seg->flags & TH_ACK))
		return false;
	if (!r) {
		if (!cookie_valid(l, seg, &cookie)) {
			tcp_send_reset(seg);
			return false;
		}
		r = &cookie;
	}
	if (seg->ack != r->iss + 1) {
		tcp_send_reset(seg);
		return false;
	}
	if (seg->seq != r->irs + 1 && seq_after(seg->seq, r->irs + 1 + r->window))
		return false;
	if (r->timestamps && seg->has_timestamp && (int32_t)(seg->tsval - r->ts_recent) < 0)
		return false;
	if (l->nready >= l->backlog + 1) {
		COUNT(l->stack, tcp_listen_overflow);
		return false;
	}
	/* TCP_DEFER_ACCEPT: the handshake is over when there is something to read. */
	if (r != &cookie && r->retransmits < l->defer_accept && !seg->len &&
	    !(seg->flags & TH_FIN)) {
		r->acked = true;
		return false;
	}
	*child = make_child(l, r);
	if (r != &cookie && *child)
		request_free(r);
	return *child;
}
