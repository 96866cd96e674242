/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * BBR, version 1 (Cardwell and others, ACM Queue 14(5), 2016, and
 * draft-cardwell-iccrg-bbr-congestion-control-00), with delivery rates measured as
 * draft-cheng-iccrg-delivery-rate-estimation-02 says.
 *
 * The path is two figures: the largest delivery rate of the last ten round trips and the smallest
 * round-trip time of the last ten seconds. Bytes leave at that rate, and about twice their product
 * is in flight at most. A loss is repaired, and for a round trip no more leaves than arrives, but
 * it says nothing of the path; that is why BBR keeps its rate where CUBIC starves.
 *
 *   STARTUP -> DRAIN -> PROBE_BW <-> PROBE_RTT
 *
 *   STARTUP    doubles until three round trips bring no quarter more
 *   DRAIN      lets the queue go that this made
 *   PROBE_BW   eight round trips: one faster, one slower, six at the rate
 *   PROBE_RTT  after ten seconds without a smaller round trip: four segments, for 200 ms
 *
 * Pacing: a portion is what a millisecond, the timers' tick, takes at the rate, two segments at
 * least. A tick that came late is made up for. However low the rate, the pause after a portion is a
 * round-trip time at most: four segments in a round trip are what the smallest window stands for,
 * and a rate that was learned while the program, the peer's window or the path stood still must not
 * bring the connection to rest. While next_send is in the future the timer is armed for it, or for
 * an earlier time, whenever something was refused. BBR does not look at ECN, so its segments do not
 * say that they can carry it.
 *
 * Samples of times in which the program or the peer's window, and not the path, set the pace count
 * only when they are larger than what is known.
 */
#include <stdlib.h>
#include "lwipv6/tcp/tcp_bbr.h"

#define GAIN_HIGH     2.885 /* 2 / ln 2 */
#define GAIN_CWND     2.0
#define MARGIN	      0.99 /* of the rate: queues empty */
#define GROWTH	      1.25 /* in a round trip: the pipe is not full */
#define FULL_ROUNDS   3
#define MIN_RTT_AGE   (10 * NSEC_PER_SEC)
#define PROBE_RTT     (200 * NSEC_PER_MSEC)
#define MIN_SEGMENTS  4
#define LATE	      (1 * NSEC_PER_MSEC)
#define CYCLE	      8
#define FIRST_MIN_RTT (1 * NSEC_PER_MSEC)

static const double cycle_gain[CYCLE] = {1.25, 0.75, 1, 1, 1, 1, 1, 1};

static uint64_t now(const struct bbr *b)
{
	return b->tcp->stack->now;
}

static uint64_t bandwidth(const struct bbr *b)
{
	uint64_t best = 0;

	for (int i = 0; i < BBR_ROUNDS; i++)
		if (b->rates[i] > best)
			best = b->rates[i];
	return best;
}

static double pacing_gain(const struct bbr *b)
{
	switch (b->mode) {
	case BBR_STARTUP:
		return GAIN_HIGH;
	case BBR_DRAIN:
		return 1 / GAIN_HIGH;
	case BBR_PROBE_BW:
		return b->idle_restart ? 1 : cycle_gain[b->cycle];
	}
	return 1;
}

/* Bytes that leave together. */
static uint32_t portion(const struct bbr *b)
{
	uint64_t bytes = b->rate / (NSEC_PER_SEC / NSEC_PER_MSEC), least = 2u * b->tcp->mss;

	return bytes < least ? least : bytes > TCP_GSO_MAX ? TCP_GSO_MAX : bytes;
}

/* @gain times what the path holds. */
static uint32_t inflight(const struct bbr *b, double gain)
{
	double bytes = gain * bandwidth(b) * b->min_rtt / NSEC_PER_SEC;

	if (b->min_rtt == TIME_NEVER)
		return 10 * b->tcp->mss;
	return bytes > 1u << 30 ? 1u << 30 : bytes;
}

/* ---- pacing */

static void pace_expired(struct stack *stack, struct timer *timer)
{
	tcp_schedule(container_of(timer, struct bbr, pace)->tcp);
}

uint32_t tcp_bbr_allowed(struct tcp *t)
{
	struct bbr *b = t->bbr;

	if (now(b) >= b->next_send)
		return portion(b);
	if (!timer_armed(&b->pace))
		timer_set(t->stack, &b->pace, b->next_send);
	return 0;
}

static uint64_t longest_pause(const struct tcp *t)
{
	return t->srtt > NSEC_PER_MSEC ? t->srtt : NSEC_PER_MSEC;
}

void tcp_bbr_paced(struct tcp *t, uint32_t bytes)
{
	struct bbr *b = t->bbr;

	if (b->next_send + LATE < now(b))
		b->next_send = now(b) - LATE;
	b->next_send += bytes * NSEC_PER_SEC / b->rate;
	if (b->next_send > now(b) + longest_pause(t))
		b->next_send = now(b) + longest_pause(t);
}

static void set_rate(struct bbr *b)
{
	uint64_t rate = pacing_gain(b) * MARGIN * bandwidth(b);

	/* In the beginning samples are few and low. */
	if (rate && (b->full || rate > b->rate))
		b->rate = rate;
}

static void first_rate(struct bbr *b)
{
	const struct tcp *t = b->tcp;
	uint64_t rtt = t->srtt ? t->srtt : FIRST_MIN_RTT;

	b->rate = GAIN_HIGH * t->cwnd * NSEC_PER_SEC / rtt;
}

/* ---- the delivery rate */

void tcp_bbr_sent(struct tcp *t, struct tcp_sent *s)
{
	struct bbr *b = t->bbr;

	if (t->snd_una == t->snd_nxt) {
		b->idle_restart = b->app_limited;
		b->first_sent = b->delivered_time = now(b);
	}
	s->delivered = b->delivered;
	s->delivered_time = b->delivered_time;
	s->first_sent = b->first_sent;
	s->app_limited = b->app_limited;
}

void tcp_bbr_delivered(struct tcp *t, const struct tcp_sent *s)
{
	struct bbr *b = t->bbr;

	b->delivered += s->end - s->seq;
	b->delivered_time = now(b);
	/* The record sent last tells of the shortest time; one from before BBR tells nothing. */
	if (!s->delivered_time ||
	    (b->sample.prior_time && s->delivered < b->sample.prior_delivered))
		return;
	b->sample.prior_delivered = s->delivered;
	b->sample.prior_time = s->delivered_time;
	b->sample.send_elapsed = s->time - s->first_sent;
	b->sample.app_limited = s->app_limited;
	b->first_sent = s->time;
}

/*
 * Congestion window and pace would let more out: the program has no more or, with data queued, the
 * peer's window takes none. A window that holds what the path does hides nothing of it.
 */
void tcp_bbr_limited(struct tcp *t)
{
	struct bbr *b = t->bbr;

	if (tcp_unsent(t) >= t->mss && b->mode != BBR_PROBE_RTT && tcp_pipe(t) >= inflight(b, 1))
		return;
	b->app_limited = b->delivered + tcp_pipe(t);
	if (!b->app_limited)
		b->app_limited = 1;
}

static void take_sample(struct bbr *b)
{
	uint64_t interval = now(b) - b->sample.prior_time, rate;
	uint32_t passed;

	if (b->sample.send_elapsed > interval)
		interval = b->sample.send_elapsed;
	/* Shorter than any round trip: acknowledgments that came together. */
	if (!interval || (b->min_rtt != TIME_NEVER && interval < b->min_rtt))
		return;
	rate = (b->delivered - b->sample.prior_delivered) * NSEC_PER_SEC / interval;
	if (b->sample.app_limited && rate < bandwidth(b))
		return;
	passed = b->round - b->rate_round;
	for (uint32_t i = 0; i < passed && i < BBR_ROUNDS; i++)
		b->rates[(b->round - i) % BBR_ROUNDS] = 0;
	b->rate_round = b->round;
	if (rate > b->rates[b->round % BBR_ROUNDS])
		b->rates[b->round % BBR_ROUNDS] = rate;
}

static void update_bandwidth(struct bbr *b)
{
	b->round_start = false;
	if (!b->sample.prior_time)
		return;
	if (b->sample.prior_delivered >= b->next_round) {
		b->next_round = b->delivered;
		b->round++;
		b->round_start = true;
		b->conserve = false;
	}
	take_sample(b);
	if (b->app_limited && b->delivered > b->app_limited)
		b->app_limited = 0;
}

/* ---- modes */

static void enter_probe_bw(struct bbr *b)
{
	b->mode = BBR_PROBE_BW;
	/* Flows on one path shall not probe together; not the slow phase, for there is no queue. */
	b->cycle = (2 + random_below(&b->tcp->stack->random, CYCLE - 1)) % CYCLE;
	b->cycle_time = now(b);
}

static void check_full(struct bbr *b)
{
	uint64_t rate = bandwidth(b);

	if (b->full || !b->round_start || b->sample.app_limited)
		return;
	if (rate >= GROWTH * b->full_rate) {
		b->full_rate = rate;
		b->full_rounds = 0;
		return;
	}
	b->full = ++b->full_rounds >= FULL_ROUNDS;
}

static void advance_cycle(struct bbr *b, uint32_t acked)
{
	double gain = cycle_gain[b->cycle];
	bool over = now(b) - b->cycle_time > b->min_rtt;
	uint32_t pipe = tcp_pipe(b->tcp) + acked;

	/* Faster until that much is in flight, slower until the queue is gone. */
	if (gain > 1)
		over = over && (b->tcp->lost_bytes || pipe >= inflight(b, gain));
	else if (gain < 1)
		over = over || pipe <= inflight(b, 1);
	if (!over)
		return;
	b->cycle = (b->cycle + 1) % CYCLE;
	b->cycle_time = now(b);
}

static void save_cwnd(struct bbr *b)
{
	uint32_t cwnd = b->tcp->cwnd;

	if ((b->was >= CONGESTION_RECOVERY || b->mode == BBR_PROBE_RTT) && b->prior_cwnd > cwnd)
		return;
	b->prior_cwnd = cwnd;
}

static void restore_cwnd(struct bbr *b)
{
	if (b->tcp->cwnd < b->prior_cwnd)
		b->tcp->cwnd = b->prior_cwnd;
}

static void probe_rtt(struct bbr *b)
{
	struct tcp *t = b->tcp;

	tcp_bbr_limited(t); /* on purpose: it must not lower the rate */
	if (!b->probe_done) {
		if (tcp_pipe(t) > MIN_SEGMENTS * t->mss)
			return;
		b->probe_done = now(b) + PROBE_RTT;
		b->probe_round_done = false;
		b->next_round = b->delivered;
		return;
	}
	b->probe_round_done |= b->round_start;
	if (!b->probe_round_done || now(b) < b->probe_done)
		return;
	b->min_rtt_time = now(b);
	restore_cwnd(b);
	if (b->full)
		enter_probe_bw(b);
	else
		b->mode = BBR_STARTUP;
}

static void update_min_rtt(struct bbr *b, uint64_t rtt)
{
	bool old = now(b) > b->min_rtt_time + MIN_RTT_AGE;

	if (rtt && (rtt < b->min_rtt || old)) {
		b->min_rtt = rtt;
		b->min_rtt_time = now(b);
	}
	if (old && !b->idle_restart && b->mode != BBR_PROBE_RTT) {
		save_cwnd(b);
		b->mode = BBR_PROBE_RTT;
		b->probe_done = 0;
	}
	if (b->mode == BBR_PROBE_RTT)
		probe_rtt(b);
}

static void update_mode(struct bbr *b, uint32_t acked)
{
	if (b->mode == BBR_PROBE_BW)
		advance_cycle(b, acked);
	check_full(b);
	if (b->mode == BBR_STARTUP && b->full)
		b->mode = BBR_DRAIN;
	if (b->mode == BBR_DRAIN && tcp_pipe(b->tcp) <= inflight(b, 1))
		enter_probe_bw(b);
}

/* ---- the window */

static void set_cwnd(struct bbr *b, uint32_t acked)
{
	struct tcp *t = b->tcp;
	double gain = b->mode == BBR_PROBE_BW	 ? GAIN_CWND
		      : b->mode == BBR_PROBE_RTT ? 1
						 : GAIN_HIGH;
	uint32_t target = inflight(b, gain) + 3 * portion(b), pipe = tcp_pipe(t);

	if (t->congestion == CONGESTION_RECOVERY && b->was < CONGESTION_RECOVERY) {
		b->conserve = true;
		b->next_round = b->delivered;
		t->cwnd = pipe + acked;
	} else if (t->congestion < CONGESTION_RECOVERY && b->was >= CONGESTION_RECOVERY) {
		b->conserve = false;
		restore_cwnd(b);
	}
	b->was = t->congestion;
	if (b->conserve) {
		if (t->cwnd < pipe + acked)
			t->cwnd = pipe + acked;
	} else if (b->full) {
		t->cwnd = t->cwnd + acked < target ? t->cwnd + acked : target;
	} else if (t->cwnd < target || b->delivered < 20u * t->mss) {
		t->cwnd += acked;
	}
	if (t->cwnd < MIN_SEGMENTS * t->mss || b->mode == BBR_PROBE_RTT)
		t->cwnd = MIN_SEGMENTS * t->mss;
	if (t->cwnd > 1u << 30)
		t->cwnd = 1u << 30;
}

void tcp_bbr_acked(struct tcp *t, uint32_t acked, uint64_t rtt)
{
	struct bbr *b = t->bbr;

	update_bandwidth(b);
	update_mode(b, acked);
	update_min_rtt(b, rtt);
	set_rate(b);
	set_cwnd(b, acked);
	if (acked)
		b->idle_restart = false;
	b->sample.prior_time = b->sample.prior_delivered = 0;
}

/* Recovery or a timeout begins. */
void tcp_bbr_save(struct tcp *t)
{
	save_cwnd(t->bbr);
}

/* ---- life */

void tcp_bbr_start(struct tcp *t)
{
	struct bbr *b;

	if (t->bbr)
		return;
	b = calloc(1, sizeof(*b));
	if (!b)
		return; /* CUBIC does it then */
	b->tcp = t;
	b->min_rtt = t->rtt_valid ? t->min_rtt : TIME_NEVER;
	b->min_rtt_time = b->delivered_time = b->first_sent = t->stack->now;
	b->was = t->congestion;
	b->prior_cwnd = t->cwnd;
	timer_init(&b->pace, pace_expired);
	first_rate(b);
	t->bbr = b;
}

void tcp_bbr_stop(struct tcp *t)
{
	if (!t->bbr)
		return;
	timer_cancel(&t->bbr->pace);
	free(t->bbr);
	t->bbr = NULL;
}
