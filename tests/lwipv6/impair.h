/* SPDX-License-Identifier: GPL-2.0-only */
/* A line between two sides that loses, duplicates, reorders and delays frames, for want of netem.
 */
#ifndef TESTS_LWIPV6_IMPAIR_H
#define TESTS_LWIPV6_IMPAIR_H

#include <stddef.h>

struct impairment;

/* @how is "LOSS%,DUPLICATE%,REORDER%,DELAY_MS"; @out gets what leaves at side 0 or 1, in the thread
 * of impair_due(). For ever: there is no end but the process'. */
struct impairment *impair_new(const char *how,
			      void (*out)(void *arg, int side, const void *frame, size_t len),
			      void *arg);
/* A frame that came in at @side, from any thread. */
void impair_put(struct impairment *im, int side, const void *frame, size_t len);
/* Let go what is due; to be called every millisecond. */
void impair_due(struct impairment *im);

#endif
