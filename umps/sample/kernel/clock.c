/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two timers: the interval timer of the bus beats ten times a second and wakes sleepers, the local
 * timer of the processor ends the running process's slice.
 */
#include <umps/arch.h>
#include <umps/libumps.h>

#include "clock.h"
#include "process.h"

typedef unsigned int cpu_t; /* the type that LDIT() and STCK() use */
#include <umps/const.h>

#define TICK_MICROSECONDS  100000
#define SLICE_MICROSECONDS 5000
#define FOR_EVER	   0x7FFFFFFF

static unsigned int ticks;
static bool slice_over;

void clock_start(void)
{
	LDIT(TICK_MICROSECONDS);
}

unsigned int clock_microseconds(void)
{
	unsigned int now;

	STCK(now);
	return now;
}

void clock_tick(void)
{
	struct process *process;

	LDIT(TICK_MICROSECONDS);
	ticks++;
	for (process = processes; process < processes + MAX_PROCESSES; process++)
		if (process->state == PROCESS_SLEEPING && (int)(ticks - process->wake_at) >= 0)
			process_make_ready(process);
}

void clock_sleep(unsigned int milliseconds)
{
	/* One more, because the present tick is partly over. */
	current->wake_at = ticks + milliseconds / (TICK_MICROSECONDS / 1000) + 1;
	process_wait(PROCESS_SLEEPING);
}

void clock_start_slice(void)
{
	slice_over = false;
	setTIMER(SLICE_MICROSECONDS * *(volatile unsigned int *)BUS_REG_TIME_SCALE);
}

void clock_stop_slice(void)
{
	setTIMER(FOR_EVER);
}

void clock_end_slice(void)
{
	slice_over = true;
	setTIMER(FOR_EVER);
}

bool clock_slice_over(void)
{
	return slice_over;
}
