/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The event loop of a stack, as stack.c and the public calls use it. */
#ifndef LWIPV6_CORE_LOOP_H
#define LWIPV6_CORE_LOOP_H

#include "lwipv6/core/stack.h"

struct stack *stack_new(unsigned long flags, lwip_capfun capfun, uint64_t seed);
void stack_destroy(struct stack *stack);
/* Run what was caused; the lock is held and stays so. */
void stack_settle(struct stack *stack);

/* ---- fork.c, and what it needs of stack.c and descriptor.c */
void stack_watch_fork(void);
/* The list of the process' stacks (struct stack.all), its lock, and an empty one for a child. */
struct list *stack_all(void);
void stack_all_lock(void);
void stack_all_unlock(void);
void stack_all_forget(void);
/* The locks of the descriptors over a fork; in the child every socket is gone. */
void descriptor_fork_lock(void);
void descriptor_fork_unlock(void);
void descriptor_forked(void);
/* Close what programs left open; called without the lock. */
void descriptor_stack_gone(struct stack *stack);

int loop_open(struct stack *stack);
int loop_start(struct stack *stack);
void loop_stop(struct stack *stack);
void loop_close(struct stack *stack);
/* Read the clock into stack->now. */
void loop_clock(struct stack *stack);
/* Make whoever sleeps in the stack look again; from any thread. */
void loop_kick(struct stack *stack);
/* Lock held, about to leave: do what the stack's thread left to us. */
void loop_take_over(struct stack *stack);
/* Whether the thread that is receiving would do better to return to its program. */
bool loop_may_stop(const struct stack *stack);
/* One round: sleep at most until @deadline, then handle frames and timers. Lock held. */
void loop_round(struct stack *stack, uint64_t deadline);

#endif
