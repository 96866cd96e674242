/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a connection under BBR keeps; tcp_bbr.c. */
#ifndef LWIPV6_TCP_TCP_BBR_H
#define LWIPV6_TCP_TCP_BBR_H

#include "lwipv6/tcp/tcp.h"

#define BBR_ROUNDS 10

enum bbr_mode { BBR_STARTUP, BBR_DRAIN, BBR_PROBE_BW, BBR_PROBE_RTT };

struct bbr {
	struct tcp *tcp;
	struct timer pace;  /* when the next portion may leave */
	uint64_t next_send; /* the same, to the nanosecond */
	uint64_t rate;	    /* of pacing, bytes per second */
	/* Deliveries, in bytes and times of this connection. */
	uint64_t delivered, delivered_time;
	uint64_t first_sent; /* when the flight began that is being acknowledged */
	/* Up to here samples show what the program sent, not the path; or 0. */
	uint64_t app_limited;
	struct {
		uint64_t prior_delivered, prior_time, send_elapsed;
		bool app_limited;
	} sample; /* of the acknowledgment in hand; prior_time 0 = none */
	/* The path. */
	uint64_t rates[BBR_ROUNDS]; /* largest of each of the last round trips with a sample */
	uint32_t round, rate_round;
	uint64_t next_round; /* the round ends when what is sent after this was delivered */
	uint64_t min_rtt, min_rtt_time;
	/* Where we are. */
	uint8_t mode; /* enum bbr_mode */
	uint8_t was;  /* enum tcp_congestion_state at the last acknowledgment */
	uint8_t cycle, full_rounds;
	bool full, round_start, conserve, idle_restart, probe_round_done;
	uint64_t full_rate, cycle_time, probe_done;
	uint32_t prior_cwnd;
};

#endif
