/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of processes: how they begin and end.
 */
#include <umps/const.h>
#include <umps/cp0.h>
#include <umps/libumps.h>

#include "pager.h"
#include "process.h"
#include "program.h"
#include "terminal.h"
#include "trap.h"

#define FIRST_PC  (KUSEG + 0xB0) /* after the program's header */
#define STACK_TOP 0xC0000000
/* User mode with all interrupts and the local timer on, once the ROM has popped it. */
#define USER_STATUS (STATUS_KUp | STATUS_IEp | STATUS_IM_MASK | STATUS_TE)

#define SAVED_WORDS 10 /* by switch_stacks() */
#define SAVED_RA    9

struct process processes[MAX_PROCESSES];

static unsigned int kernel_stacks[MAX_PROCESSES][KERNEL_STACK / sizeof(unsigned int)];
static int last_number;

/* Where a new process begins, on its kernel stack. */
static void first_steps(void)
{
	if (current->kernel_main)
		current->kernel_main();
	trap_return();
}

static struct process *new_process(const char *name)
{
	struct process *process;
	unsigned int *top;
	int i;

	for (process = processes; process->state != PROCESS_FREE; process++)
		if (process == &processes[MAX_PROCESSES - 1])
			return NULL;
	memset(process, 0, sizeof(*process));
	process->number = ++last_number;
	process->asid = process - processes + 1;
	format(process->name, NAME_SIZE, "%s", name);
	for (i = 0; i < N_PAGES; i++)
		process->pages[i].swap_block = -1;

	/* 16 bytes for arguments that a callee may store, as everywhere. */
	top = kernel_stacks[process - processes] + KERNEL_STACK / sizeof(unsigned int) - 4;
	process->kernel_sp = top - SAVED_WORDS;
	process->kernel_sp[SAVED_RA] = (unsigned int)first_steps;
	return process;
}

void process_start_kernel(const char *name, void (*main)(void))
{
	struct process *process = new_process(name);

	if (!process)
		PANIC();
	process->kernel_main = main;
	process_make_ready(process);
}

struct process *process_spawn(const char *name, const char *argument, int terminal, int parent)
{
	struct process *process;
	struct program program;

	if (!program_find(name, &program))
		return NULL;
	process = new_process(name);
	if (!process)
		return NULL;
	process->parent = parent;
	process->terminal = terminal;
	format(process->argument, ARGUMENT_SIZE, "%s", argument);
	process->first_block = program.first_block;
	process->file_pages = program.file_pages;
	process->text_pages = program.text_pages;
	process->user.entry_hi = process->asid << ENTRYHI_ASID_BIT;
	process->user.status = USER_STATUS;
	process->user.pc_epc = process->user.reg_t9 = FIRST_PC;
	process->user.reg_sp = STACK_TOP;
	process_make_ready(process);
	return process;
}

/* The top of the kernel stack of PROCESS, where a trap begins. */
unsigned int trap_stack(const struct process *process)
{
	return (unsigned int)(kernel_stacks[process - processes] +
			      KERNEL_STACK / sizeof(unsigned int) - 4);
}

void process_end(const char *why)
{
	char text[96];
	int length;

	if (why) {
		length = format(text, sizeof(text), "%s (process %d) was ended: %s\n",
				current->name, current->number, why);
		terminal_write(current->terminal, text, length);
	}
	pager_release(current);
	system_call_release(current->number);
	semaphore_give(&current->ended);
	while (current->ended.waiting.first)
		semaphore_give(&current->ended);
	process_wait(PROCESS_FREE);
}
