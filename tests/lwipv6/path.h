/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two stacks on a virtual clock and a path between them, each way with its rate, delay, queue and
 * losses:
 *
 *   10.0.0.1 --- way[0]: queue, rate, losses, delay ---> 10.0.0.2
 *   fd00::1  <-- way[1] -------------------------------- fd00::2
 *
 * Without a rate and a delay frames arrive at once: whatever takes time then is a timer of a stack.
 */
#ifndef TESTS_LWIPV6_PATH_H
#define TESTS_LWIPV6_PATH_H

#include "tests/lwipv6/wire.h"

struct path {
	struct stack *stack[2];
	struct netif *netif[2];
	uint64_t now; /* ns */
	unsigned int seed;
	struct way {
		struct path *path;
		int from;
		double rate;	    /* bytes per second; 0 = no limit */
		uint64_t delay;	    /* ns */
		size_t queue_limit; /* bytes; 0 = no limit */
		unsigned int loss;  /* of 1000, of frames above 100 bytes; all = of every frame */
		bool all;
		uint64_t free_at; /* when the bottleneck is free again */
		size_t queue_max; /* bytes that stood in the queue at most */
		unsigned int frames;
		uint64_t last; /* when the last frame left the stack */
		struct held *first, *end;
	} way[2];
};

void path_open(struct path *p, unsigned int mtu);
void path_close(struct path *p);
/* A connection from stack 0 to stack 1; @set is called on each socket before it connects or
 * listens. False when there is none after a virtual minute. */
bool path_connect(struct path *p, int fds[2], void (*set)(int side, int fd, void *arg), void *arg);
/* Deliver what is due now; whether there was anything. */
bool path_deliver(struct path *p);
/* A millisecond, then everything that is due; @work runs after each batch until it says false. */
void path_step(struct path *p, bool (*work)(void *arg), void *arg);
#endif
