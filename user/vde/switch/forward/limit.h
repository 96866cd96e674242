/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits on what a port may send in: bytes per second of everything, frames per second of
 * broadcasts, multicasts and frames to unknown addresses (storm control).
 *
 * Each limit is a token bucket kept as the time at which it will be full again (the generic cell
 * rate algorithm, ITU-T I.371): a frame that would push that time more than LIMIT_BURST ahead of
 * now is refused. Endpoints of one port on several threads share the bucket.
 */
#ifndef VDE_LIMIT_H
#define VDE_LIMIT_H

#include "user/vde/switch/switch.h"

#define LIMIT_BURST 100000000ull /* nanoseconds of traffic that may come at once */

/* May `units` (bytes or frames) pass at this time? Takes them from the bucket if so. */
static inline bool limit_admits(struct limit *limit, uint64_t units, uint64_t now)
{
	uint64_t rate = atomic_load_explicit(&limit->per_second, memory_order_relaxed);
	uint64_t due = atomic_load_explicit(&limit->due, memory_order_relaxed), next;

	if (!rate)
		return true;
	do {
		if (due > now + LIMIT_BURST)
			return false;
		next = (due > now ? due : now) + units * 1000000000ull / rate;
	} while (!atomic_compare_exchange_weak_explicit(
		&limit->due, &due, next, memory_order_relaxed, memory_order_relaxed));
	return true;
}

#endif
