/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queues of processes, and semaphores made of a number and a queue.
 */
#include "semaphore.h"
#include "process.h"

void queue_add(struct queue *queue, struct process *process)
{
	process->next = NULL;
	if (queue->first)
		queue->last->next = process;
	else
		queue->first = process;
	queue->last = process;
}

struct process *queue_take(struct queue *queue)
{
	struct process *process = queue->first;

	if (process)
		queue->first = process->next;
	return process;
}

void semaphore_take(struct semaphore *semaphore)
{
	if (semaphore->value > 0) {
		semaphore->value--;
		return;
	}
	queue_add(&semaphore->waiting, current);
	process_wait(PROCESS_WAITING);
}

void semaphore_give(struct semaphore *semaphore)
{
	struct process *process = queue_take(&semaphore->waiting);

	if (process)
		process_make_ready(process);
	else
		semaphore->value++;
}
