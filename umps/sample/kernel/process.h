/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes and the scheduler.
 *
 * A process has two lives: in user mode, where its registers are in `user` whenever it is not
 * running, and in the kernel, on a stack of its own, where it may wait for something in the middle
 * of a function. A kernel process, such as the network's, only has the second.
 */
#ifndef PIAZZA_PROCESS_H
#define PIAZZA_PROCESS_H

#include <umps/types.h>

#include "format.h"
#include "semaphore.h"
#include "system_calls.h"

#define MAX_PROCESSES 12
#define KERNEL_STACK  4096
#define N_PAGES	      32 /* 31 from 0x80000000 on, and the stack's, the last below 0xC0000000 */

enum process_state {
	PROCESS_FREE,
	PROCESS_READY,
	PROCESS_RUNNING,
	PROCESS_WAITING,
	PROCESS_SLEEPING
};

/* One page of a process: in a frame of memory, on the swap disk, in the program's file, or new. */
struct page {
	unsigned int entry_lo; /* for the TLB; valid if the page is in memory */
	int swap_block;	       /* on disk, or -1 */
};

struct process {
	struct process *next; /* in the queue it is in */
	enum process_state state;
	int number, parent, terminal;
	char name[NAME_SIZE], argument[ARGUMENT_SIZE];
	unsigned int asid;

	state_t user;
	unsigned int *kernel_sp;    /* while it does not run in the kernel */
	void (*kernel_main)(void);  /* of a kernel process; NULL for others */
	unsigned int microseconds;  /* of processor time */
	unsigned int dispatched_at; /* clock, in microseconds */
	unsigned int wake_at;	    /* clock ticks; if PROCESS_SLEEPING */
	struct semaphore ended;

	struct page pages[N_PAGES];
	int first_block, file_pages, text_pages; /* its program, on the flash device */
};

extern struct process processes[MAX_PROCESSES];
extern struct process *current;

/* A process that runs MAIN in the kernel, for ever. */
void process_start_kernel(const char *name, void (*main)(void));
/* A process for the program NAME; NULL if there is no such program or no room. */
struct process *process_spawn(const char *name, const char *argument, int terminal, int parent);
/* Ends the current process, with a message on its terminal if WHY is not NULL. */
void process_end(const char *why);

/* Current gives up the processor: until made ready again; or to whoever is ready. */
void process_wait(enum process_state state);
void process_make_ready(struct process *process);
void process_yield(void);

/* Runs processes for ever. */
void schedule(void);

/* switch.S: saves the registers a function must keep on the stack, *SAVE = its sp; goes on at LOAD.
 */
void switch_stacks(unsigned int **save, unsigned int *load);

#endif
