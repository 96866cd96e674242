/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scheduler: round robin over ready processes, a slice of time each.
 *
 * It runs on the kernel's first stack. Processes come back to it with process_wait(). With nobody
 * ready it waits for an interrupt; since interrupts are off in the kernel, none is taken, but WAIT
 * ends when a line is asserted and the line is then served as a trap would.
 */
#include <umps/arch.h>
#include <umps/const.h>
#include <umps/cp0.h>
#include <umps/libumps.h>

#include "clock.h"
#include "interrupt.h"
#include "process.h"
#include "trap.h"

struct process *current;

static struct queue ready;
static unsigned int *scheduler_sp;

void process_make_ready(struct process *process)
{
	process->state = PROCESS_READY;
	queue_add(&ready, process);
}

void process_wait(enum process_state state)
{
	current->microseconds += clock_microseconds() - current->dispatched_at;
	current->state = state;
	switch_stacks(&current->kernel_sp, scheduler_sp);
}

void process_yield(void)
{
	queue_add(&ready, current);
	process_wait(PROCESS_READY);
}

void schedule(void)
{
	for (;;) {
		while (!(current = queue_take(&ready))) {
			clock_stop_slice();
			WAIT();
			interrupts_serve();
		}
		current->state = PROCESS_RUNNING;
		current->dispatched_at = clock_microseconds();
		trap_prepare(current);
		clock_start_slice();
		switch_stacks(&scheduler_sp, current->kernel_sp);
	}
}
