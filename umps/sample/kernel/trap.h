/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From user mode into the kernel and back. The kernel itself causes no exceptions: it takes no
 * interrupts and reaches the memory of programs through pager_touch() only.
 */
#ifndef PIAZZA_TRAP_H
#define PIAZZA_TRAP_H

#include "process.h"

void trap_start(void);					/* once */
void trap_prepare(const struct process *process);	/* it is about to run */
unsigned int trap_stack(const struct process *process); /* where its traps begin */
void trap_return(void);					/* current goes on in user mode */

/* system_call.c: serves what current asks for; gives back what a process that ends has made. */
void system_call(void);
void system_call_release(int process);

#endif
