/* SPDX-License-Identifier: GPL-2.0-only */
/* Two tasks that take turns on the only processor, without sleeping. */
#ifndef KMVIEW_TURNS_H
#define KMVIEW_TURNS_H

#include <linux/types.h>

struct kmview_turns {
	const void *queue; /* on which they compete; not counted, only compared */
	u64 vruntime;	   /* of who has run longest */
};

/**
 * kmview_turns_even() - The current task is about to yield to the other one: with the parameter even_turns, on
 * kernels before 6.6, it gives up what the scheduler owes it.
 * @turns: of the two tasks
 *
 * Elsewhere nothing is done.
 */
void kmview_turns_even(struct kmview_turns *turns);

#endif
