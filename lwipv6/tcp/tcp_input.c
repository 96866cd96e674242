/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Segment arrival (RFC 9293 3.10.7) with the defences of RFC 5961 and PAWS (RFC 7323 5). Nothing is
 * sent from here but resets and challenge ACKs: what is due is scheduled.
 *
 * A function that returns false has ended the segment; the connection may be gone then.
 */
#include <errno.h>
#include "lwipv6/core/checksum.h"
#include "lwipv6/tcp/tcp.h"

#define PAWS_LIFETIME (24ULL * 24 * 3600 * NSEC_PER_SEC)

static bool checksum_good(const struct packet *p)
{
	uint32_t pseudo;

	if (p->checksum != CHECKSUM_NONE)
		return true;
	pseudo = checksum_pseudo(&p->src, &p->dst, IPPROTO_TCP, p->len);
	return !checksum_fold(checksum_add(packet_sum(p, 0), &pseudo, 4));
}

/* RFC 9293 3.10.7.4, first. */
static bool acceptable(const struct tcp *t, const struct tcp_segment *seg)
{
	uint32_t window = t->rcv_adv - t->rcv_nxt;
	uint32_t len = seg->len + !!(seg->flags & TH_FIN) + !!(seg->flags & TH_SYN);
	uint32_t last = seg->seq + len - 1;

	/* Without data the right edge itself will do: it is where a peer stands that has filled the
	 * window, or, one further, that has probed a closed one with a byte. */
	if (!len)
		return seq_after_eq(seg->seq, t->rcv_nxt) &&
		       seq_before_eq(seg->seq, t->rcv_nxt + (window ? window : 1));
	if (!window)
		return false;
	return (seq_after_eq(seg->seq, t->rcv_nxt) && seq_before(seg->seq, t->rcv_nxt + window)) ||
	       (seq_after_eq(last, t->rcv_nxt) && seq_before(last, t->rcv_nxt + window)) ||
	       (seq_before(seg->seq, t->rcv_nxt) && seq_after_eq(last, t->rcv_nxt + window));
}

static bool carries(const struct tcp_segment *seg)
{
	return seg->len || seg->flags & (TH_FIN | TH_SYN);
}

/* Old by its timestamp (RFC 7323 5.3 R1). */
static bool paws_old(const struct tcp *t, const struct tcp_segment *seg)
{
	return t->timestamps && seg->has_timestamp && !(seg->flags & TH_RST) &&
	       (int32_t)(seg->tsval - t->ts_recent) < 0 &&
	       t->stack->now - t->ts_recent_time < PAWS_LIFETIME;
}

static void take_timestamp(struct tcp *t, const struct tcp_segment *seg)
{
	/* R3: of a segment at the left edge of what we acknowledged. */
	if (t->timestamps && seg->has_timestamp && seq_before_eq(seg->seq, t->last_ack_sent) &&
	    (int32_t)(seg->tsval - t->ts_recent) >= 0) {
		t->ts_recent = seg->tsval;
		t->ts_recent_time = t->stack->now;
	}
}

static void update_window(struct tcp *t, const struct tcp_segment *seg)
{
	uint32_t window = (uint32_t)seg->window << (seg->flags & TH_SYN ? 0 : t->snd_wscale);

	if (!(seq_before(t->snd_wl1, seg->seq) ||
	      (t->snd_wl1 == seg->seq && seq_before_eq(t->snd_wl2, seg->ack))))
		return;
	if (window > t->snd_wnd || window < t->mss)
		tcp_schedule(t);
	t->snd_wnd = window;
	t->snd_wl1 = seg->seq;
	t->snd_wl2 = seg->ack;
	if (window > t->snd_max_wnd)
		t->snd_max_wnd = window;
	if (window) {
		t->persist_backoff = 0;
		if (t->timer_kind == TCP_TIMER_PERSIST) {
			t->timer_kind = TCP_TIMER_NONE;
			timer_cancel(&t->retransmit);
		}
	}
}

/* What the peer's SYN options settle. */
static void take_syn_options(struct tcp *t, const struct tcp_segment *seg)
{
	t->timestamps = t->timestamps && seg->has_timestamp;
	t->sack = t->sack && seg->sack_permitted;
	t->wscale = t->wscale && seg->has_wscale;
	t->snd_wscale = t->wscale ? seg->wscale : 0;
	if (!t->wscale)
		t->rcv_wscale = 0;
	if (t->timestamps) {
		t->ts_recent = seg->tsval;
		t->ts_recent_time = t->stack->now;
	}
	t->peer_mss = seg->has_mss	     ? seg->mss
		      : ip_is_v4(&t->remote) ? TCP_MSS_DEFAULT4
					     : TCP_MSS_DEFAULT6;
	if (t->peer_mss < 64)
		t->peer_mss = 64; /* nobody's link is that small; smaller values are an attack */
	t->irs = seg->seq;
	t->rcv_nxt = t->copied_seq = t->growth_seq = seg->seq + 1;
	t->rcv_adv = t->rcv_nxt + (t->rcvbuf > 65535 ? 65535 : t->rcvbuf);
	t->last_ack_sent = t->rcv_nxt;
	t->snd_wl1 = seg->seq;
	t->snd_wl2 = seg->ack;
	t->snd_wnd = t->snd_max_wnd = seg->window;
}

/* The handshake is over: windows start from the segment size that came out of it. */
void tcp_established(struct tcp *t)
{
	tcp_set_state(t, TCP_S_ESTABLISHED);
	tcp_set_mtu(t, t->mtu);
	t->cwnd =
		t->mss > 1460 ? 14600 : 10 * t->mss; /* RFC 6928: min(10 MSS, max(2 MSS, 14600)) */
	if (t->cwnd < 2u * t->mss)
		t->cwnd = 2u * t->mss;
	if (t->retransmits) { /* RFC 6928 2: a lost SYN halves trust; RFC 6298 5.7 */
		t->cwnd = t->mss;
		t->rto = TCP_RTO_AFTER_SYN;
	}
	t->retransmits = 0;
	t->growth_time = t->stack->now;
	t->last_received = t->stack->now;
	timer_cancel(&t->retransmit);
	t->timer_kind = TCP_TIMER_NONE;
	tcp_keep_arm(t);
}

/*
 * The peer still holds the last connection of these ports, in TIME-WAIT or half open: our reset
 * ends it, and the SYN goes again at once instead of after a timeout. Once, for the peer may ignore
 * resets.
 */
static void refuse_old_ack(struct tcp *t, const struct tcp_segment *seg)
{
	if (seg->flags & TH_RST)
		return;
	tcp_send_reset(seg);
	if (t->retransmits || t->syn_repeated)
		return;
	t->syn_repeated = 1;
	tcp_send_syn(t);
	tcp_arm(t, true);
}

static void syn_sent(struct tcp *t, struct tcp_segment *seg)
{
	bool ack = seg->flags & TH_ACK;

	if (ack && (seq_before_eq(seg->ack, t->iss) || seq_after(seg->ack, t->snd_nxt))) {
		refuse_old_ack(t, seg);
		return;
	}
	if (ack && t->timestamps && seg->has_timestamp && !(seg->flags & TH_RST) &&
	    (int32_t)(tcp_timestamp(t) - seg->tsecr) < 0) {
		tcp_send_reset(seg);
		return;
	}
	if (seg->flags & TH_RST) {
		if (ack) {
			COUNT(t->stack, tcp_resets_in);
			tcp_abort(t, ECONNREFUSED, false);
		}
		return;
	}
	if (!(seg->flags & TH_SYN))
		return;
	t->ecn = t->ecn && (seg->flags & 0xc0) == (ack ? 0x40 : 0xc0) && t->retransmits < 2;
	take_syn_options(t, seg);
	tcp_set_mtu(t, t->mtu);
	if (!ack) { /* simultaneous open */
		tcp_set_state(t, TCP_S_SYN_RECEIVED);
		tcp_send_syn(t);
		tcp_arm(t, true);
		return;
	}
	if (t->retransmits == 0 && !t->syn_repeated)
		tcp_rtt_sample(t, t->stack->now - t->first_unacked_time);
	t->snd_una = seg->ack;
	tcp_established(t);
	/* A program that is blocked in connect() does something next: what it sends carries the
	 * acknowledgment, and when it waits instead that sends it. */
	if (stream_connect_blocked(t) && !seg->len && !(seg->flags & TH_FIN)) {
		t->handshake_ack = t->ack_delayed = 1;
		timer_set(t->stack, &t->delack, t->stack->now + TCP_HANDSHAKE_ACK);
	} else {
		t->ack_now = 1;
	}
	/* Data or FIN behind the SYN are taken like any other. */
	if (seg->len || seg->flags & TH_FIN) {
		seg->seq++;
		tcp_receive_data(t, seg);
	}
	stream_event(t);
	tcp_schedule(t);
}

static bool check_reset(struct tcp *t, const struct tcp_segment *seg)
{
	if (!(seg->flags & TH_RST))
		return true;
	/* RFC 5961 3.2: exactly at the edge, or it may be forged. */
	if (seg->seq != t->rcv_nxt) {
		tcp_challenge_ack(t);
		return false;
	}
	COUNT(t->stack, tcp_resets_in);
	if (t->state == TCP_S_SYN_RECEIVED)
		tcp_abort(t, ECONNREFUSED, false);
	else if (t->state == TCP_S_CLOSE_WAIT)
		tcp_abort(t, EPIPE, false);
	else
		tcp_abort(t, ECONNRESET, false);
	return false;
}

/* The acknowledgment field. */
static bool take_ack(struct tcp *t, struct tcp_segment *seg)
{
	if (t->state == TCP_S_SYN_RECEIVED) {
		if (seq_before_eq(seg->ack, t->iss) || seq_after(seg->ack, t->snd_nxt)) {
			tcp_send_reset(seg);
			return false;
		}
		if (!t->retransmits && t->first_unacked_time)
			tcp_rtt_sample(t, t->stack->now - t->first_unacked_time);
		t->snd_una = t->iss + 1;
		tcp_established(t);
		t->snd_wnd = (uint32_t)seg->window << t->snd_wscale;
		t->snd_max_wnd = t->snd_wnd;
		t->snd_wl1 = seg->seq;
		t->snd_wl2 = seg->ack;
		stream_event(t);
	}
	/* RFC 5961 5.2: neither too old nor of the future. */
	if (seq_after(seg->ack, t->snd_nxt) || seq_before(seg->ack, t->snd_una - t->snd_max_wnd)) {
		tcp_challenge_ack(t);
		return false;
	}
	if (seg->flags & 0x80)
		t->ece_due = 0;
	if (seq_before(seg->ack, t->snd_una))
		return true; /* old, but its data may be new */
	uint32_t una = t->snd_una;

	tcp_ack(t, seg);
	update_window(t, seg);
	if (una != t->snd_una && t->socket)
		stream_event(t);
	return true;
}

/* Our FIN was acknowledged: the state moves on. False when the connection is gone. */
static bool fin_acked(struct tcp *t)
{
	if (!t->fin_sent || t->snd_una != t->snd_end + 1)
		return true;
	if (t->orphan && t->stack->linger)
		stack_wake(t->stack, t->stack->linger);
	switch (t->state) {
	case TCP_S_FIN_WAIT1:
		tcp_set_state(t, TCP_S_FIN_WAIT2);
		timer_cancel(&t->retransmit);
		t->timer_kind = TCP_TIMER_NONE;
		if (!t->socket) {
			tcp_fin_wait2_arm(t);
		}
		break;
	case TCP_S_CLOSING:
		tcp_enter_time_wait(t);
		break;
	case TCP_S_LAST_ACK:
		tcp_abort(t, 0, false);
		return false;
	}
	return true;
}

static void take_urgent(struct tcp *t, struct tcp_segment *seg)
{
	uint32_t up = seg->seq + seg->urgent;

	if (!(seg->flags & TH_URG) || !seg->urgent)
		return;
	/* The pointer names the byte behind the urgent one (RFC 6093 3.1). */
	if (t->urgent_in && seq_before_eq(up, t->rcv_up))
		return;
	if (seq_before(up, t->copied_seq))
		return;
	t->urgent_in = 1;
	t->urgent_has_byte = t->urgent_read = 0;
	t->rcv_up = up;
	stream_event(t);
}

static void take_fin(struct tcp *t)
{
	if (!t->fin_received)
		return;
	switch (t->state) {
	case TCP_S_SYN_RECEIVED:
	case TCP_S_ESTABLISHED:
		tcp_set_state(t, TCP_S_CLOSE_WAIT);
		break;
	case TCP_S_FIN_WAIT1:
		tcp_set_state(t, TCP_S_CLOSING);
		break;
	case TCP_S_FIN_WAIT2:
		tcp_enter_time_wait(t);
		break;
	default:
		return;
	}
	stream_event(t);
}

/* TIME-WAIT: RFC 1337 and 6191. True when the segment opens a new connection. */
static bool time_wait(struct tcp *t, struct tcp_segment *seg)
{
	int32_t later =
		t->timestamps && seg->has_timestamp ? (int32_t)(seg->tsval - t->ts_recent) : 0;
	/* Within one tick of the timestamps' clock the sequence number tells (RFC 6191 2). */
	bool newer = later > 0 || (!later && seq_after(seg->seq, t->rcv_nxt));

	if (seg->flags & TH_RST)
		return false;
	if ((seg->flags & (TH_SYN | TH_ACK)) == TH_SYN && newer)
		return true;
	if (seg->flags & TH_FIN)
		timer_set(t->stack, &t->retransmit, t->stack->now + t->stack->settings.time_wait);
	if (seg->len || seg->flags & (TH_FIN | TH_SYN) || !acceptable(t, seg))
		tcp_answer(t, carries(seg));
	return false;
}

/* Whether data of @seg is refused for no other reason than that our window is closed. */
static bool at_closed_window(const struct tcp *t, const struct tcp_segment *seg)
{
	return t->rcv_adv == t->rcv_nxt && seq_before_eq(seg->seq, t->rcv_nxt) &&
	       seq_after_eq(seg->seq + seg->len, t->rcv_nxt);
}

/*
 * What a segment says apart from its data, which a closed window takes all the same (RFC 9293
 * 3.10.7.4 and MUST-66): a peer that only ever sends data would else never be heard. False when the
 * segment is at its end.
 */
static bool take_control(struct tcp *t, struct tcp_segment *seg)
{
	if (!(seg->flags & TH_ACK))
		return false;
	t->last_received = t->stack->now;
	t->probes = t->keep_probes = 0;
	if (!take_ack(t, seg) || !fin_acked(t))
		return false;
	take_urgent(t, seg);
	return true;
}

static void segment(struct tcp *t, struct tcp_segment *seg)
{
	struct tcp_listener *listener = t->listener;
	bool was_established = t->state != TCP_S_SYN_RECEIVED;

	if (t->state == TCP_S_SYN_RECEIVED && t->active_open && seg->seq == t->irs &&
	    (seg->flags & (TH_SYN | TH_ACK)) == (TH_SYN | TH_ACK)) {
		/* The other half of a simultaneous open. */
		seg->seq++;
		seg->flags &= ~TH_SYN;
	}
	if (paws_old(t, seg)) {
		COUNT(t->stack, tcp_paws);
		tcp_answer(t, carries(seg));
		return;
	}
	if (!acceptable(t, seg)) {
		if (seg->flags & TH_RST) {
			if (seg->seq == t->rcv_nxt)
				check_reset(t, seg);
			return;
		}
		if (seg->len && seq_before_eq(seg->seq + seg->len, t->rcv_nxt) && t->sack) {
			t->dsack = (struct tcp_range){seg->seq, seg->seq + seg->len};
			t->has_dsack = true;
			COUNT(t->stack, tcp_duplicates);
		}
		if (seg->flags & TH_SYN && t->state == TCP_S_SYN_RECEIVED && seg->seq == t->irs) {
			if (tcp_may_answer(t, false))
				tcp_send_syn(t);
			return;
		}
		if (seg->flags & TH_SYN) {
			tcp_challenge_ack(t);
			return;
		}
		if (at_closed_window(t, seg) && !take_control(t, seg))
			return;
		tcp_answer(t, carries(seg));
		return;
	}
	if (!check_reset(t, seg))
		return;
	if (seg->flags & TH_SYN) {
		tcp_challenge_ack(t);
		return;
	}
	if (!(seg->flags & TH_ACK))
		return;
	take_timestamp(t, seg);
	t->last_received = t->stack->now;
	t->probes = t->keep_probes = 0;
	if (!take_ack(t, seg))
		return;
	if (!was_established && t->state == TCP_S_ESTABLISHED && listener)
		stream_accepted(listener);
	if (!fin_acked(t))
		return;
	take_urgent(t, seg);
	if (seg->ce && t->ecn && seg->len) {
		t->ece_due = t->ack_now = 1;
		tcp_schedule(t);
	}
	if (seg->len || seg->flags & TH_FIN) {
		/* RFC 9293 3.10.7.4, seventh: data after our program has closed gets a reset. */
		if (t->receive_shut && t->orphan && seg->len &&
		    seq_after(seg->seq + seg->len, t->rcv_nxt)) {
			tcp_abort(t, 0, true);
			return;
		}
		tcp_receive_data(t, seg);
		take_fin(t);
	}
}

static void no_connection(struct tcp_segment *seg)
{
	struct packet *p = seg->packet;
	struct stack *stack = p->netif->stack;
	const struct tcphdr *h = (struct tcphdr *)packet_at(p, p->transport);
	uint16_t lport = ntohs(h->dest), rport = ntohs(h->source);
	struct tcp_listener *l = p->netif->transparent
					 ? p->netif->transparent
					 : tcp_listener_find(stack, &p->dst, lport, p->netif,
							     ip_hash(&p->src, rport));
	struct tcp *child = NULL;

	if (!l) {
		tcp_send_reset(seg);
		return;
	}
	if (tcp_listener_input(l, seg, &child) && child)
		segment(child, seg);
}

void tcp_input(struct packet *p)
{
	struct stack *stack = p->netif->stack;
	struct tcp_segment seg;
	const struct tcphdr *h;
	struct tcp *t;

	COUNT(stack, tcp_in);
	if (!checksum_good(p) || !tcp_parse(&seg, p)) {
		COUNT(stack, tcp_checksum_errors);
		packet_free(p);
		return;
	}
	/* MUST-57: no connection to or from many. */
	if (ip_is_multicast(&p->dst) || netif_is_broadcast(p->netif, &p->dst) || p->link_type) {
		packet_free(p);
		return;
	}
	h = (struct tcphdr *)p->data;
	t = tcp_find(stack, &p->dst, ntohs(h->dest), &p->src, ntohs(h->source));
	packet_pull(p, h->doff * 4);
	if (t && t->min_hop_limit && p->hop_limit < t->min_hop_limit) {
		packet_free(p);
		return;
	}
	if (t && t->state == TCP_S_TIME_WAIT) {
		if (time_wait(t, &seg)) {
			tcp_forget(t);
			t = NULL;
		} else {
			packet_free(p);
			return;
		}
	}
	if (!t)
		no_connection(&seg);
	else if (t->state == TCP_S_SYN_SENT)
		syn_sent(t, &seg);
	else
		segment(t, &seg);
	packet_free(seg.packet); /* NULL when its data was queued */
}
