/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The timer wheel. Level l has 64 slots of 64^l ticks; a timer goes to the level on which its
 * distance fits and moves down as its time comes nearer. occupied[] finds the next slot in use
 * without walking empty ones, so an idle stack, or a virtual clock that jumps by hours, costs
 * nothing per tick.
 */
#include "lwipv6/core/timer.h"
#include "lwipv6/core/stack.h"

#define TICK NSEC_PER_MSEC
#define BITS 6

static uint64_t tick_after(uint64_t when)
{
	return when / TICK + (when % TICK != 0);
}

void timer_wheel_init(struct timer_wheel *wheel, uint64_t now)
{
	wheel->tick = now / TICK;
	for (int l = 0; l < TIMER_LEVELS; l++) {
		wheel->occupied[l] = 0;
		for (int i = 0; i < TIMER_SLOTS; i++)
			list_init(&wheel->slot[l][i]);
	}
}

void timer_init(struct timer *timer, void (*run)(struct stack *, struct timer *))
{
	list_init(&timer->node);
	timer->when = TIME_NEVER;
	timer->run = run;
}

static void place(struct timer_wheel *wheel, struct timer *timer)
{
	uint64_t tick = tick_after(timer->when), far = 1ULL << (BITS * TIMER_LEVELS);
	int level = 0;

	if (tick < wheel->tick)
		tick = wheel->tick;
	if (tick - wheel->tick >= far - (far >> BITS))
		tick = wheel->tick + far - (far >> BITS) - 1; /* looked at again on the way */
	/* The slot must not be the one the wheel stands in, unless on the lowest level. */
	while (level < TIMER_LEVELS - 1 &&
	       (tick >> (BITS * level)) - (wheel->tick >> (BITS * level)) >= TIMER_SLOTS)
		level++;
	list_append(&wheel->slot[level][(tick >> (BITS * level)) % TIMER_SLOTS], &timer->node);
	wheel->occupied[level] |= 1ULL << ((tick >> (BITS * level)) % TIMER_SLOTS);
}

void timer_set(struct stack *stack, struct timer *timer, uint64_t when)
{
	list_remove(&timer->node);
	if (when == TIME_NEVER) {
		timer->when = TIME_NEVER;
		return;
	}
	timer->when = when;
	place(&stack->timers, timer);
	stack_timer_advanced(stack, when);
}

void timer_cancel(struct timer *timer)
{
	list_remove(&timer->node);
	timer->when = TIME_NEVER;
}

/* Ticks from the wheel's position to the next slot in use on @level; -1 = none. */
static int64_t next_slot(struct timer_wheel *wheel, int level)
{
	uint64_t at = wheel->tick >> (BITS * level), bits;
	unsigned int shift = at % TIMER_SLOTS, ahead, slot;

	/* A slot that cancelled timers left empty is found out here: nobody shall wake for it. */
	while ((bits = wheel->occupied[level])) {
		bits = shift ? bits >> shift | bits << (TIMER_SLOTS - shift) : bits;
		ahead = __builtin_ctzll(bits);
		slot = (at + ahead) % TIMER_SLOTS;
		if (!list_empty(&wheel->slot[level][slot]))
			return ((at + ahead) << (BITS * level)) - wheel->tick;
		wheel->occupied[level] &= ~(1ULL << slot);
	}
	return -1;
}

static uint64_t next_tick(struct timer_wheel *wheel)
{
	uint64_t best = TIME_NEVER;

	for (int l = 0; l < TIMER_LEVELS; l++) {
		int64_t d = next_slot(wheel, l);

		if (d < 0 && wheel->occupied[l])
			d = 0; /* the slot the wheel stands in, on a higher level */
		if (d >= 0 && wheel->tick + d < best)
			best = wheel->tick + d;
	}
	return best;
}

uint64_t timer_next(struct timer_wheel *wheel)
{
	uint64_t tick = next_tick(wheel);

	return tick == TIME_NEVER ? TIME_NEVER : tick * TICK;
}

/* Empty the slot of the current tick on a level into the levels below. */
static void cascade(struct timer_wheel *wheel, int level)
{
	unsigned int slot = (wheel->tick >> (BITS * level)) % TIMER_SLOTS;
	struct list due;

	if (!(wheel->occupied[level] & 1ULL << slot))
		return;
	wheel->occupied[level] &= ~(1ULL << slot);
	list_init(&due);
	list_splice(&due, &wheel->slot[level][slot]);
	while (!list_empty(&due)) {
		struct timer *t = list_first(&due, struct timer, node);

		list_remove(&t->node);
		place(wheel, t);
	}
}

void timer_run(struct stack *stack, uint64_t now)
{
	struct timer_wheel *wheel = &stack->timers;
	uint64_t end = now / TICK, next;

	while ((next = next_tick(wheel)) <= end) {
		struct list due;

		wheel->tick = next;
		for (int l = TIMER_LEVELS - 1; l > 0; l--)
			cascade(wheel, l);
		list_init(&due);
		list_splice(&due, &wheel->slot[0][next % TIMER_SLOTS]);
		wheel->occupied[0] &= ~(1ULL << next % TIMER_SLOTS);
		while (!list_empty(&due)) {
			struct timer *t = list_first(&due, struct timer, node);

			list_remove(&t->node);
			if (tick_after(t->when) > next) {
				place(wheel, t);
				continue;
			}
			t->when = TIME_NEVER;
			t->run(stack, t);
		}
		if (!(wheel->occupied[0] & 1ULL << next % TIMER_SLOTS) && next < end)
			wheel->tick = next + 1;
	}
	if (wheel->tick < end)
		wheel->tick = end;
}
