/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Congestion windows, in bytes: slow start with an initial window of ten segments (RFC 6928), CUBIC
 * (RFC 9438) or Reno (RFC 5681) beyond the threshold. Losses call tcp_congestion_reduce(), once per
 * window of data. BBR has its own file and passes these by.
 *
 * The first slow start ends before it makes losses when round trips take longer (HyStart++, RFC
 * 9406). The RFC's limit L of what one acknowledgment adds is not kept: here one acknowledgment
 * answers a whole batch of segments, and so does that of a peer like us.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include "lwipv6/tcp/tcp.h"

#define CUBIC_C		0.4
#define CUBIC_BETA	0.7
#define HYSTART_SAMPLES 8
#define HYSTART_MIN	(4 * NSEC_PER_MSEC)
#define HYSTART_MAX	(16 * NSEC_PER_MSEC)
#define CSS_GROWTH	4
#define CSS_ROUNDS	5
#define RENO_ALPHA	(3.0 * (1 - CUBIC_BETA) / (1 + CUBIC_BETA))

static const char *const names[] = {[TCP_CUBIC] = "cubic", [TCP_RENO] = "reno", [TCP_BBR] = "bbr"};

int tcp_algorithm_find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strnlen(name, len) == strlen(names[i]) &&
		    !memcmp(name, names[i], strlen(names[i])))
			return i;
	return -ENOENT;
}

const char *tcp_algorithm_name(enum tcp_algorithm algorithm)
{
	return names[algorithm];
}

enum tcp_algorithm tcp_algorithm_of_host(void)
{
	FILE *file = fopen("/proc/sys/net/ipv4/tcp_congestion_control", "re");
	char name[16] = "";
	int algorithm;

	if (!file)
		return TCP_CUBIC;
	if (fscanf(file, "%15s", name) != 1)
		name[0] = 0;
	fclose(file);
	algorithm = tcp_algorithm_find(name, sizeof(name));
	return algorithm < 0 ? TCP_CUBIC : algorithm;
}

void tcp_congestion_choose(struct tcp *t, enum tcp_algorithm algorithm)
{
	t->algorithm = algorithm;
	if (algorithm == TCP_BBR || !t->bbr)
		return;
	tcp_bbr_stop(t);
	tcp_schedule(t); /* what BBR held back */
}

void tcp_congestion_init(struct tcp *t)
{
	t->mss = TCP_MSS_DEFAULT4;
	t->cwnd = 10 * t->mss;
	t->ssthresh = UINT32_MAX;
}

static double seconds(uint64_t ns)
{
	return (double)ns / NSEC_PER_SEC;
}

/* RFC 9438 4.2 to 4.5: the window one round trip ahead, never below what Reno would have. */
static uint32_t cubic_target(struct tcp *t)
{
	struct tcp_cubic *c = &t->cubic;
	double cwnd = (double)t->cwnd / t->mss, at, target;

	if (!c->epoch) {
		c->epoch = t->stack->now;
		if (c->w_max < cwnd)
			c->w_max = cwnd;
		c->k = cbrt((c->w_max - cwnd) / CUBIC_C);
		c->w_est = cwnd;
	}
	at = seconds(t->stack->now - c->epoch) + seconds(t->srtt) - c->k;
	target = CUBIC_C * at * at * at + c->w_max;
	if (target < c->w_est)
		target = c->w_est;
	if (target > 1.5 * cwnd)
		target = 1.5 * cwnd;
	return target * t->mss;
}

static void cubic_grow(struct tcp *t, uint32_t acked)
{
	uint32_t target = cubic_target(t);

	t->cubic.w_est += RENO_ALPHA * acked / t->cwnd;
	if (target > t->cwnd)
		t->cwnd += (uint64_t)(target - t->cwnd) * acked / t->cwnd;
}

static void reno_acked(struct tcp *t, uint32_t acked)
{
	t->cubic_acked += acked;
	if (t->cubic_acked >= t->cwnd) {
		t->cubic_acked -= t->cwnd;
		t->cwnd += t->mss;
	}
}

/* RFC 9406 4.2: a round of the first slow start ended. */
static void hystart_round(struct tcp *t, struct tcp_hystart *h)
{
	h->round_end = t->snd_nxt;
	h->last_rtt = h->rtt;
	h->rtt = TIME_NEVER;
	h->samples = 0;
	if (h->css && ++h->css_rounds >= CSS_ROUNDS)
		t->ssthresh = t->cwnd;
}

void tcp_congestion_rtt(struct tcp *t, uint64_t rtt)
{
	struct tcp_hystart *h = &t->sender->hystart;
	uint64_t threshold;

	if (t->ssthresh != UINT32_MAX)
		return;
	if (!h->round_end || seq_after_eq(t->snd_una, h->round_end))
		hystart_round(t, h);
	if (rtt < h->rtt)
		h->rtt = rtt;
	if (h->samples < HYSTART_SAMPLES)
		h->samples++;
	if (h->samples < HYSTART_SAMPLES)
		return;
	if (h->css) {
		h->css = h->rtt >= h->css_rtt; /* or it was a short delay: slow start goes on */
		return;
	}
	if (h->last_rtt == TIME_NEVER)
		return;
	threshold = h->last_rtt / 8;
	threshold = threshold < HYSTART_MIN   ? HYSTART_MIN
		    : threshold > HYSTART_MAX ? HYSTART_MAX
					      : threshold;
	if (h->rtt >= h->last_rtt + threshold) {
		h->css = true;
		h->css_rtt = h->rtt;
		h->css_rounds = 0;
	}
}

void tcp_congestion_acked(struct tcp *t, uint32_t acked)
{
	if (t->cwnd < t->ssthresh) {
		uint32_t room = t->ssthresh - t->cwnd, grow = acked < room ? acked : room;
		bool css = t->ssthresh == UINT32_MAX && t->sender && t->sender->hystart.css;

		t->cwnd += css ? grow / CSS_GROWTH : grow;
		acked -= grow;
	}
	if (acked && t->cwnd >= t->ssthresh) {
		if (t->algorithm == TCP_RENO)
			reno_acked(t, acked);
		else
			cubic_grow(t, acked);
	}
	if (t->cwnd > 1u << 30)
		t->cwnd = 1u << 30;
}

uint32_t tcp_congestion_reduce(struct tcp *t)
{
	struct tcp_cubic *c = &t->cubic;
	double cwnd = (double)t->cwnd / t->mss;
	uint32_t ssthresh;

	c->epoch = 0;
	t->cubic_acked = 0;
	/* Fast convergence: a flow that lost before its last maximum makes room (RFC 9438 4.7). */
	c->w_max = cwnd < c->w_max ? cwnd * (1 + CUBIC_BETA) / 2 : cwnd;
	ssthresh = t->algorithm == TCP_RENO ? (t->snd_nxt - t->snd_una) / 2
					    : (uint32_t)(t->cwnd * CUBIC_BETA);
	return ssthresh > 2u * t->mss ? ssthresh : 2u * t->mss;
}

/* RFC 5681 4.1 and 2861: halve for every timeout's worth of silence, not below the restart window.
 */
void tcp_congestion_idle(struct tcp *t)
{
	uint64_t idle = t->stack->now - t->last_sent;
	uint32_t restart = 10 * t->mss;

	if (t->cwnd < restart)
		return;
	if (t->ssthresh < t->cwnd / 4 * 3)
		t->ssthresh = t->cwnd / 4 * 3;
	for (; idle > t->rto && t->cwnd > restart; idle -= t->rto)
		t->cwnd /= 2;
	if (t->cwnd < restart)
		t->cwnd = restart;
	t->cubic.epoch = 0;
}
