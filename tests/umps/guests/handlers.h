/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handlers for guests that run on: a TLB refill that maps 0x80000000 onto free RAM, and an interval
 * timer that interrupts every so many microseconds.
 */
#ifndef TESTS_UMPS_HANDLERS_H
#define TESTS_UMPS_HANDLERS_H

#include "guest.h"

static volatile u32 refills, interrupts, period;

static void handle_refill(void)
{
	u32 page = SAVED(0)[0] >> 12 & 0xFF;

	refills++;
	__asm__ volatile(
		"mtc0 %0,$10\n\tnop\n\tmtc0 %1,$2\n\tnop\n\tnop\n\t.word 0x42000006\n\tnop" ::"r"(
			SAVED(0)[0]),
		"r"((FREE_RAM + page * 0x1000) | 0x600));
	load_state(SAVED(0));
}

static void handle_interrupt(void)
{
	interrupts++;
	INTERVAL = period;
	load_state(SAVED(0));
}

static inline void handlers_start(u32 ticks)
{
	PASS_UP(0)[0] = (u32)handle_refill;
	PASS_UP(0)[1] = 0x2003F000;
	PASS_UP(0)[2] = (u32)handle_interrupt;
	PASS_UP(0)[3] = 0x2003F000;
	period = ticks;
	INTERVAL = ticks;
	__asm__ volatile("mtc0 %0,$12\n\tnop" ::"r"(0x10000401));
}

static inline void handlers_stop(void)
{
	__asm__ volatile("mtc0 %0,$12\n\tnop\n\tnop" ::"r"(0x10000000));
}

#endif
