/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Timers of a connection. One timer serves what excludes each other: retransmission, RACK's
 * reordering, tail loss probe, persist, FIN-WAIT-2, TIME-WAIT; timer_kind says which. Two more for
 * the delayed ACK and keep-alive.
 *
 * The retransmission timeout follows RFC 6298 with a minimum of 200 ms instead of 1 s, as the
 * systems we talk to do; delayed ACKs are answered within 40 ms here.
 */
#include <errno.h>
#include "lwipv6/tcp/tcp.h"

#define OVERRIDE      (200 * NSEC_PER_MSEC) /* also the ceiling of TCP_CORK and MSG_MORE */
#define ORPHAN_PROBES 8			    /* as tcp_orphan_retries of tcp(7) */
#define TLP_MIN	      (5 * NSEC_PER_MSEC)
#define TLP_MAX_DELAY (200 * NSEC_PER_MSEC) /* the peer's delayed ACK */

void tcp_rtt_sample(struct tcp *t, uint64_t rtt)
{
	if (!rtt)
		rtt = 1;
	if (rtt < t->min_rtt || t->stack->now - t->min_rtt_time > 300 * NSEC_PER_SEC) {
		t->min_rtt = rtt;
		t->min_rtt_time = t->stack->now;
	}
	if (!t->rtt_valid) {
		t->rtt_valid = 1;
		t->srtt = rtt;
		t->rttvar = rtt / 2;
	} else {
		uint64_t diff = rtt > t->srtt ? rtt - t->srtt : t->srtt - rtt;

		t->rttvar = (3 * t->rttvar + diff) / 4;
		t->srtt = (7 * t->srtt + rtt) / 8;
	}
	t->rto = t->srtt + (4 * t->rttvar > NSEC_PER_MSEC ? 4 * t->rttvar : NSEC_PER_MSEC);
	if (t->rto < TCP_RTO_MIN)
		t->rto = TCP_RTO_MIN;
	if (t->rto > TCP_RTO_MAX)
		t->rto = TCP_RTO_MAX;
}

/* When the peer is given up: R2 of RFC 9293 3.8.3, or what TCP_USER_TIMEOUT asks (RFC 5482). */
static uint64_t deadline(const struct tcp *t)
{
	bool syn = t->state == TCP_S_SYN_SENT || t->state == TCP_S_SYN_RECEIVED;

	if (t->user_timeout_ms)
		return t->first_unacked_time + t->user_timeout_ms * NSEC_PER_MSEC;
	/* A window may stay closed for ever; a peer that does not even answer may not. */
	if (t->timer_kind == TCP_TIMER_PERSIST && t->last_received > t->first_unacked_time)
		return t->last_received + TCP_R2;
	return t->first_unacked_time + (syn ? TCP_R2_SYN : TCP_R2);
}

/* All that waits for the peer: never beyond the deadline, whose end is then seen in time. */
static void set(struct tcp *t, enum tcp_timer_kind kind, uint64_t delay)
{
	uint64_t when = t->stack->now + delay, end;

	t->timer_kind = kind;
	end = deadline(t);
	timer_set(t->stack, &t->retransmit, when < end ? when : end);
}

void tcp_deadline_changed(struct tcp *t)
{
	uint64_t end = deadline(t);

	if (t->timer_kind != TCP_TIMER_NONE && t->timer_kind != TCP_TIMER_TIME_WAIT &&
	    t->timer_kind != TCP_TIMER_FIN_WAIT2 && end < t->retransmit.when)
		timer_set(t->stack, &t->retransmit, end > t->stack->now ? end : t->stack->now);
}

static bool tlp_suits(const struct tcp *t)
{
	return t->sack && !t->tlp_out && t->congestion == CONGESTION_OPEN && !t->sacked_bytes &&
	       t->rtt_valid && t->state != TCP_S_SYN_SENT && t->state != TCP_S_SYN_RECEIVED;
}

static uint64_t tlp_delay(const struct tcp *t)
{
	uint64_t delay = 2 * t->srtt;

	if (t->snd_nxt - t->snd_una <= t->mss)
		delay += TLP_MAX_DELAY;
	return delay < TLP_MIN ? TLP_MIN : delay;
}

/*
 * A closed window is probed after the timeout, one that takes something is used after OVERRIDE
 * although it is small, or the data is corked or had no route; doubled each time (RFC 9293 3.8.6.1).
 */
static uint64_t persist_delay(const struct tcp *t)
{
	uint64_t delay = (tcp_window_left(t) ? OVERRIDE : t->rto)
			 << (t->persist_backoff > 10 ? 10 : t->persist_backoff);

	return delay > TCP_RTO_MAX ? TCP_RTO_MAX : delay;
}

/* Something is to be sent, and nothing in flight whose answer would send it. */
static bool stands_still(const struct tcp *t)
{
	return t->snd_una == t->snd_nxt && (tcp_unsent(t) || (t->fin_queued && !t->fin_sent));
}

void tcp_arm(struct tcp *t, bool restart)
{
	if (t->timer_kind == TCP_TIMER_TIME_WAIT || t->timer_kind == TCP_TIMER_FIN_WAIT2)
		return;
	if (t->snd_una == t->snd_nxt) {
		if (!stands_still(t)) {
			t->timer_kind = TCP_TIMER_NONE;
			timer_cancel(&t->retransmit);
		} else if (t->timer_kind != TCP_TIMER_PERSIST) {
			t->first_unacked_time = t->stack->now;
			set(t, TCP_TIMER_PERSIST, persist_delay(t));
		}
		return;
	}
	/* A probe in flight is not waited for as data is. */
	if (!t->snd_wnd && t->timer_kind == TCP_TIMER_PERSIST && timer_armed(&t->retransmit))
		return;
	if (!restart && timer_armed(&t->retransmit) && t->timer_kind != TCP_TIMER_PERSIST &&
	    t->timer_kind != TCP_TIMER_NONE)
		return;
	if (t->rack_timeout) {
		set(t, TCP_TIMER_RACK, t->rack_timeout);
		t->rack_timeout = 0;
	} else if (tlp_suits(t) && tlp_delay(t) < t->rto) {
		set(t, TCP_TIMER_TLP, tlp_delay(t));
	} else {
		set(t, TCP_TIMER_RTO, t->rto);
	}
}

static bool too_long(const struct tcp *t)
{
	return t->stack->now >= deadline(t);
}

static void give_up(struct tcp *t)
{
	tcp_abort(t, t->soft_error ? t->soft_error : ETIMEDOUT, t->state != TCP_S_SYN_SENT);
}

static void rto_expired(struct tcp *t)
{
	struct stack *stack = t->stack;
	bool syn = t->state == TCP_S_SYN_SENT || t->state == TCP_S_SYN_RECEIVED;

	if (too_long(t) ||
	    (t->state == TCP_S_SYN_SENT && t->syn_count && t->retransmits >= t->syn_count)) {
		give_up(t);
		return;
	}
	COUNT(stack, tcp_timeouts);
	t->retransmits++;
	t->rto = t->rto * 2 > TCP_RTO_MAX ? TCP_RTO_MAX : t->rto * 2;
	if (syn) {
		tcp_send_syn(t);
		set(t, TCP_TIMER_RTO, t->rto);
		return;
	}
	/* RFC 4821 in the small: when large segments vanish silently, try the size all links take.
	 */
	if (t->retransmits >= 3 && t->pmtu_discover)
		tcp_black_hole(t);
	t->hop_generation = 0;
	tcp_rto_loss(t);
	set(t, TCP_TIMER_RTO, t->rto);
	tcp_schedule(t);
}

static void persist_expired(struct tcp *t)
{
	t->timer_kind = TCP_TIMER_PERSIST;
	/* Nobody waits for the rest of a closed connection: the peer must make room for it in some time. */
	if (too_long(t) || (t->orphan && t->persist_backoff >= ORPHAN_PROBES)) {
		give_up(t);
		return;
	}
	if (stands_still(t) && tcp_window_left(t)) {
		t->force_output = 1;
		tcp_schedule(t);
	} else {
		if (t->probes < 255)
			t->probes++;
		tcp_probe(t);
	}
	if (t->persist_backoff < 16)
		t->persist_backoff++;
	set(t, TCP_TIMER_PERSIST, persist_delay(t));
}

static void expired(struct stack *stack, struct timer *timer)
{
	struct tcp *t = container_of(timer, struct tcp, retransmit);
	enum tcp_timer_kind kind = t->timer_kind;

	t->timer_kind = TCP_TIMER_NONE;
	switch (kind) {
	case TCP_TIMER_NONE:
		break;
	case TCP_TIMER_RTO:
		/* With the window shut, an unanswered probe is a probe, not a loss. */
		if (!t->snd_wnd && t->state != TCP_S_SYN_SENT && t->state != TCP_S_SYN_RECEIVED)
			persist_expired(t);
		else
			rto_expired(t);
		break;
	case TCP_TIMER_RACK:
		tcp_rack_timeout(t);
		tcp_arm(t, true);
		break;
	case TCP_TIMER_TLP:
		tcp_tlp_send(t);
		set(t, TCP_TIMER_RTO, t->rto);
		break;
	case TCP_TIMER_PERSIST:
		persist_expired(t);
		break;
	case TCP_TIMER_TIME_WAIT:
	case TCP_TIMER_FIN_WAIT2:
		tcp_forget(t);
		break;
	}
}

static void delack_expired(struct stack *stack, struct timer *timer)
{
	struct tcp *t = container_of(timer, struct tcp, delack);

	/* Nothing came that could carry it: waiting was in vain. */
	if (!t->handshake_ack)
		t->interactive = 0;
	t->ack_now = 1;
	tcp_schedule(t);
}

/* While data waits its own timers tell whether the peer is there. */
static void keep_expired(struct stack *stack, struct timer *timer)
{
	struct tcp *t = container_of(timer, struct tcp, keep);
	uint64_t idle = stack->now - t->last_received, first = t->keep_idle_s * NSEC_PER_SEC;
	uint64_t interval = t->keep_interval_s * NSEC_PER_SEC;
	uint64_t limit = t->user_timeout_ms * NSEC_PER_MSEC;

	if (!t->keepalive || t->state == TCP_S_TIME_WAIT || t->state == TCP_S_CLOSED)
		return;
	if (idle < first || t->snd_una != t->snd_nxt || stands_still(t)) {
		timer_set(stack, timer,
			  idle < first ? t->last_received + first : stack->now + first);
		return;
	}
	if (limit ? idle >= limit && t->keep_probes : t->keep_probes >= t->keep_count) {
		give_up(t);
		return;
	}
	t->keep_probes++;
	if (!tcp_route(t))
		tcp_emit(t, t->snd_una - 1, 0, TH_ACK);
	if (limit > idle && limit - idle < interval)
		interval = limit - idle;
	timer_set(stack, timer, stack->now + interval);
}

void tcp_keep_arm(struct tcp *t)
{
	t->keep_probes = 0;
	if (t->keepalive && t->socket)
		timer_set(t->stack, &t->keep, t->stack->now + t->keep_idle_s * NSEC_PER_SEC);
	else
		timer_cancel(&t->keep);
}

void tcp_fin_wait2_arm(struct tcp *t)
{
	uint64_t time = t->linger2_s > 0 ? t->linger2_s * NSEC_PER_SEC : TCP_FIN_WAIT2;

	t->timer_kind = TCP_TIMER_FIN_WAIT2;
	timer_set(t->stack, &t->retransmit, t->stack->now + (t->linger2_s < 0 ? 0 : time));
}

void tcp_timers_init(struct tcp *t)
{
	timer_init(&t->retransmit, expired);
	timer_init(&t->delack, delack_expired);
	timer_init(&t->keep, keep_expired);
	t->rto = TCP_RTO_INITIAL;
}

void tcp_timers_stop(struct tcp *t)
{
	timer_cancel(&t->retransmit);
	timer_cancel(&t->delack);
	timer_cancel(&t->keep);
	tcp_bbr_stop(t);
	t->timer_kind = TCP_TIMER_NONE;
}
