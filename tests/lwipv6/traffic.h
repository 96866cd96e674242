/* SPDX-License-Identifier: GPL-2.0-only */
/* What traffic.c wants of the link files: the stacks, configured and up. */
#ifndef TESTS_LWIPV6_TRAFFIC_H
#define TESTS_LWIPV6_TRAFFIC_H

#include <stdbool.h>
#include <time.h>

struct stack;

/* The client's and the server's; the same but for "pair". NULL where there is only one. */
extern struct stack *client_stack, *server_stack;
bool link_up(char *how);

static inline double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

#endif
