/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What to send now, in this order: retransmissions of what is lost, new data as far as congestion
 * and peer's window allow, FIN, and if none of these carried it, an acknowledgment that is due.
 */
#include "lwipv6/tcp/tcp.h"

void tcp_schedule(struct tcp *t)
{
	if (list_empty(&t->pending))
		list_append(&t->stack->tcp.pending, &t->pending);
}

void tcp_flush(struct stack *stack)
{
	/* What one connection's output causes joins the list again and is run as well. */
	while (!list_empty(&stack->tcp.pending)) {
		struct tcp *t = list_first(&stack->tcp.pending, struct tcp, pending);

		list_remove(&t->pending);
		tcp_output(t);
	}
}

static bool may_send(const struct tcp *t)
{
	switch (t->state) {
	case TCP_S_ESTABLISHED:
	case TCP_S_CLOSE_WAIT:
	case TCP_S_FIN_WAIT1:
	case TCP_S_CLOSING:
	case TCP_S_LAST_ACK:
		return true;
	}
	return false;
}

static uint32_t congestion_left(const struct tcp *t)
{
	uint32_t pipe = tcp_pipe(t);

	return t->cwnd > pipe ? t->cwnd - pipe : 0;
}

static void count_out(struct tcp *t, uint32_t n)
{
	t->bytes_out += n;
	if (t->congestion == CONGESTION_RECOVERY || t->congestion == CONGESTION_CWR)
		t->prr_out += n;
	if (t->bbr)
		tcp_bbr_paced(t, n);
}

/* Send record @s again, or its front as far as allowed; false when nothing could go. */
static bool retransmit(struct tcp *t, struct tcp_sent *s, uint32_t allowed)
{
	uint32_t len = s->end - s->seq;
	bool fin = t->fin_sent && s->end == t->snd_end + 1;
	uint8_t flags = TH_ACK;
	int sent;

	if (fin)
		len--;
	if (len > allowed) {
		len = allowed;
		if (len > t->mss)
			len -= len % t->mss;
		fin = false;
	}
	if (!len && !fin)
		return false;
	if (fin)
		flags |= TH_FIN;
	if (len && s->seq + len == t->snd_end)
		flags |= TH_PUSH;
	sent = tcp_emit(t, s->seq, len, flags);
	if (sent < 0)
		return false;
	fin &= (uint32_t)sent == len;
	if (s->seq + sent + fin != s->end && !tcp_sent_split(t, s, s->seq + sent + fin))
		return false;
	len = s->end - s->seq;
	if (s->lost)
		t->lost_bytes -= len;
	if (!s->retransmitted)
		t->retrans_bytes += len;
	s->lost = false;
	s->retransmitted = s->ever_retransmitted = true;
	s->time = t->stack->now;
	tcp_sent_flies(t, s);
	if (t->bbr)
		tcp_bbr_sent(t, s);
	t->retransmitted_total++;
	COUNT_ADD(t->stack, tcp_retransmits, (len + t->mss - 1) / t->mss);
	count_out(t, len);
	return true;
}

void tcp_retransmit_record(struct tcp *t, struct tcp_sent *s)
{
	retransmit(t, s, t->mss);
}

void tcp_retransmit_head(struct tcp *t)
{
	struct tcp_sent *s = list_first(&t->sent, struct tcp_sent, node);

	if (s && !tcp_route(t))
		tcp_retransmit_record(t, s);
}

static void retransmit_lost(struct tcp *t)
{
	while (t->lost_bytes) {
		struct tcp_sent *s = list_first(&t->sender->lost, struct tcp_sent, order);
		uint32_t allowed;

		if (t->bbr && !tcp_bbr_allowed(t))
			return;
		allowed = congestion_left(t);
		if (allowed < t->mss && tcp_pipe(t))
			return;
		if (allowed < t->mss)
			allowed = t->mss;
		/* The head always fits the window: it was inside when it was sent. */
		if (!retransmit(t, s, allowed))
			return;
		t->timer_kind = TCP_TIMER_NONE;
	}
}

/*
 * RFC 9293 3.8.6.2.1 (3): a run of @len bytes is worth sending when it fills half of the largest
 * window there was, for a peer with a small buffer never offers a whole segment. Scaling may have
 * rounded the window down by its unit.
 */
static bool worth_sending(const struct tcp *t, uint32_t len)
{
	return len + (1u << t->snd_wscale) > t->snd_max_wnd / 2;
}

/* Whether a run of @len bytes up to the end of the queue may leave although it is short. */
static bool short_may_go(const struct tcp *t, uint32_t len)
{
	if (t->fin_queued || t->force_output)
		return true;
	if (t->cork || t->more)
		return false;
	if (t->nodelay || worth_sending(t, len))
		return true;
	/* Nagle, with Minshall's change: only a short segment in flight holds the next one. */
	return !(seq_after(t->snd_small, t->snd_una) && seq_before_eq(t->snd_small, t->snd_nxt));
}

static uint32_t decide(struct tcp *t, uint32_t portion)
{
	uint32_t avail = tcp_unsent(t), window = tcp_window_left(t);
	uint32_t cwnd = congestion_left(t), len = avail;
	uint32_t burst = TCP_GSO_MAX - 60 - (TCP_GSO_MAX - 60) % t->mss;

	if (portion < burst)
		burst = portion - portion % t->mss;
	t->cwnd_limited |= cwnd < avail && cwnd < window;
	if (len > window)
		len = window;
	if (len > cwnd)
		len = cwnd < t->mss && !tcp_pipe(t) ? (len < t->mss ? len : t->mss) : cwnd;
	if (len > burst)
		len = burst;
	if (len >= t->mss) {
		uint32_t tail = len % t->mss;

		return tail && (len < avail || !short_may_go(t, tail)) ? len - tail : len;
	}
	if (!len)
		return 0;
	if (len == avail)
		return short_may_go(t, len) ? len : 0;
	/* The window takes less than a segment: wait for it to open, but not for ever (MUST-38). */
	return len == window && (t->force_output || worth_sending(t, len)) ? len : 0;
}

/* New data and FIN. False when BBR's pace holds more back: its timer is armed then. */
static bool send_new(struct tcp *t)
{
	uint32_t before = t->snd_nxt;

	for (;;) {
		uint32_t portion = t->bbr ? tcp_bbr_allowed(t) : UINT32_MAX, len;
		uint8_t flags = TH_ACK;
		bool fin;
		int sent;

		if (!portion)
			return false;
		len = decide(t, portion);
		/* FIN takes a number of the window as a byte does. */
		fin = t->fin_queued && !t->fin_sent && t->snd_nxt + len == t->snd_end &&
		      tcp_window_left(t) > len;
		if (!len && !fin)
			break;
		if (t->snd_nxt + len == t->snd_end && len)
			flags |= TH_PUSH;
		if (fin)
			flags |= TH_FIN;
		sent = tcp_emit(t, t->snd_nxt, len, flags);
		if (sent < 0)
			break;
		fin &= (uint32_t)sent == len;
		if (!tcp_sent_add(t, t->snd_nxt, t->snd_nxt + sent + fin))
			break;
		if (t->snd_una == t->snd_nxt)
			t->first_unacked_time = t->stack->now;
		t->snd_nxt += sent + fin;
		if (sent && (uint32_t)sent % t->mss)
			t->snd_small = t->snd_nxt;
		t->persist_backoff = 0;
		count_out(t, sent);
		if (!fin)
			continue;
		t->fin_sent = 1;
		if (t->state == TCP_S_ESTABLISHED)
			tcp_set_state(t, TCP_S_FIN_WAIT1);
		else if (t->state == TCP_S_CLOSE_WAIT)
			tcp_set_state(t, TCP_S_LAST_ACK);
	}
	if (t->notsent_lowat && t->snd_nxt != before)
		stream_event(t);
	if (t->bbr && !t->lost_bytes && congestion_left(t) >= t->mss)
		tcp_bbr_limited(t);
	return true;
}

void tcp_output(struct tcp *t)
{
	if (may_send(t) && !tcp_route(t)) {
		bool all = true;

		/* RFC 9293 3.8.3, 5681 4.1: after an idle time the window is no longer known good.
		 */
		if (t->snd_una == t->snd_nxt && t->last_sent && !t->bbr &&
		    t->stack->now - t->last_sent > t->rto && tcp_unsent(t))
			tcp_congestion_idle(t);
		/* It takes memory, which a connection that only waits does without. */
		if (t->algorithm == TCP_BBR && !t->bbr && tcp_unsent(t))
			tcp_bbr_start(t);
		retransmit_lost(t);
		if (!(t->congestion == CONGESTION_LOSS && t->lost_bytes))
			all = send_new(t);
		if (all)
			t->force_output = 0;
	}
	/* Also when nothing could leave for want of a route or of memory: it is tried again. */
	if (may_send(t))
		tcp_arm(t, false);
	if (t->ack_now && t->state != TCP_S_CLOSED && t->state != TCP_S_SYN_SENT)
		tcp_send_ack(t);
}

/*
 * A window probe (RFC 9293 3.8.6.1): an old number, which every peer answers with its window. It
 * carries no byte, so that snd_nxt never passes the window. What is already beyond a window that
 * shrank goes again from its front.
 */
void tcp_probe(struct tcp *t)
{
	if (t->snd_una != t->snd_nxt)
		tcp_retransmit_head(t);
	else if (!tcp_route(t))
		tcp_emit(t, t->snd_una - 1, 0, TH_ACK);
}
