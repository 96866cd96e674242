/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time: the clock, sleeping, and the slices of the scheduler.
 */
#ifndef PIAZZA_CLOCK_H
#define PIAZZA_CLOCK_H

#include <stdbool.h>

void clock_start(void);
unsigned int
clock_microseconds(void); /* since power on, from the low word of the machine's clock */
void clock_sleep(unsigned int milliseconds); /* the current process, in steps of 100 */
void clock_tick(void);			     /* from the interval timer, every 100 ms */

void clock_start_slice(void);
void clock_stop_slice(void); /* nobody runs */
void clock_end_slice(void);  /* from the local timer */
bool clock_slice_over(void);

#endif
