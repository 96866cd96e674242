/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Semaphores: the one thing processes wait on. The kernel runs with interrupts off and only gives
 * up the processor in semaphore_take(), so nothing here needs a lock.
 */
#ifndef PIAZZA_SEMAPHORE_H
#define PIAZZA_SEMAPHORE_H

struct process;

struct queue {
	struct process *first, *last;
};

struct semaphore {
	int value;
	struct queue waiting; /* in order of arrival */
};

void queue_add(struct queue *queue, struct process *process);
struct process *queue_take(struct queue *queue); /* NULL if empty */

void semaphore_take(struct semaphore *semaphore); /* P: waits while the value is 0 */
void semaphore_give(struct semaphore *semaphore); /* V: lets the first waiting process go on */

#endif
