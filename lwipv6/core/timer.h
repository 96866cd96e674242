/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Timers of one stack: a hierarchical wheel of 1 ms ticks.
 *
 * A timer is embedded in what it serves. Setting and cancelling cost O(1); 100,000 connections keep
 * theirs armed at no cost. A callback runs once, with the stack's lock held, never before its time
 * and in order of ticks; it may set its own timer again, cancel others, or free what contains it.
 * All functions want the stack's lock. Times are nanoseconds of stack_now().
 */
#ifndef LWIPV6_CORE_TIMER_H
#define LWIPV6_CORE_TIMER_H

#include <stdint.h>
#include "lwipv6/core/list.h"

struct stack;

#define NSEC_PER_SEC  1000000000ULL
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_USEC 1000ULL
#define TIME_NEVER    UINT64_MAX

struct timer {
	struct list node;
	uint64_t when; /* TIME_NEVER when not armed */
	void (*run)(struct stack *stack, struct timer *timer);
};

#define TIMER_LEVELS 6
#define TIMER_SLOTS  64

struct timer_wheel {
	uint64_t tick;			 /* every timer of an earlier tick has run */
	uint64_t occupied[TIMER_LEVELS]; /* bit per slot that may hold timers */
	struct list slot[TIMER_LEVELS][TIMER_SLOTS];
};

void timer_wheel_init(struct timer_wheel *wheel, uint64_t now);
void timer_init(struct timer *timer, void (*run)(struct stack *, struct timer *));
/* Arm, or move, to an absolute time. */
void timer_set(struct stack *stack, struct timer *timer, uint64_t when);
void timer_cancel(struct timer *timer);
static inline bool timer_armed(const struct timer *timer)
{
	return timer->when != TIME_NEVER;
}
/* Run what is due at @now. */
void timer_run(struct stack *stack, uint64_t now);
/* A time at or before the first timer, TIME_NEVER without timers. */
uint64_t timer_next(struct timer_wheel *wheel);

#endif
