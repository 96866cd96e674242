/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual memory: 32 pages per process, brought in when touched, written to the swap disk when
 * their frame is needed for another and they were modified.
 */
#ifndef PIAZZA_PAGER_H
#define PIAZZA_PAGER_H

#include <stdbool.h>

#include "process.h"

void pager_start(void);

/* The number of the page that an EntryHi or address lies in, -1 if no process has it. */
int pager_page_number(unsigned int address);

void pager_fault(unsigned int address);	   /* current touched a page that is not in memory */
void pager_modified(unsigned int address); /* current writes to a page for the first time */
void pager_release(struct process *process);

/*
 * Where the byte at ADDRESS of the current process is in memory, good up to the end of its page and
 * until the process waits; NULL if it may not be read or, if WRITE, written.
 */
void *pager_touch(unsigned int address, bool write);

/* Copies between the kernel and the current process, or ends the process. */
void pager_copy_in(void *to, unsigned int from, int length);
void pager_copy_out(unsigned int to, const void *from, int length);

int pager_resident(const struct process *process);
void pager_statistics(struct memory_info *info);

#endif
