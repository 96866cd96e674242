/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * On uMPS2 what handlers.h of the uMPS3 guests does: 0x80000000 is mapped onto free RAM, here by page
 * tables that the ROM walks, and the interval timer interrupts. With VM on the kernel itself is
 * mapped, too: page for page, in the table of ksegOS.
 */
#ifndef TESTS_UMPS2_HANDLERS_H
#define TESTS_UMPS2_HANDLERS_H

#include "../guests/guest.h"

#define PAGES	   32
#define VALID	   0x600 /* D and V */
#define AREA(n)	   ((volatile u32 *)(0x20000000 + 140 * (n)))
#define INTERRUPT  0
#define STATUS_OFF 0x10000000
#define STATUS_ON  0x11000401 /* VMc, timer, interrupts */

static volatile u32 refills, interrupts, period;
static u32 of_kernel[1 + 2 * PAGES], of_program[1 + 2 * PAGES];

static void handle_interrupt(void)
{
	interrupts++;
	INTERVAL = period;
	load_state(AREA(INTERRUPT));
}

static void table(u32 *t, u32 from, u32 frame)
{
	t[0] = 0x2A000000 | PAGES;
	for (u32 i = 0; i < PAGES; i++) {
		t[1 + 2 * i] = from + i * 0x1000;
		t[2 + 2 * i] = (frame + i * 0x1000) | VALID;
	}
}

static inline void handlers_start(u32 ticks)
{
	volatile u32 *new = AREA(INTERRUPT + 1), *segments = (volatile u32 *)0x20000500;

	for (int i = 0; i < 35; i++)
		new[i] = 0;
	new[STATE_STATUS] = STATUS_OFF;
	new[STATE_PC] = (u32)handle_interrupt;
	new[3 + 29 - 2] = 0x2003E000; /* sp */
	table(of_kernel, 0x20000000, 0x20000000);
	table(of_program, 0x80000000, FREE_RAM);
	of_kernel[1 + 2 * (PAGES - 1)] = 0x2003F000; /* the stack is at the end of RAM */
	of_kernel[2 + 2 * (PAGES - 1)] = 0x2003F000 | VALID;
	segments[0] = (u32)of_kernel;
	segments[1] = (u32)of_program;
	period = ticks;
	INTERVAL = ticks;
	__asm__ volatile("mtc0 $0,$10\n\tnop\n\tmtc0 %0,$12\n\tnop\n\tnop" ::"r"(STATUS_ON));
}

static inline void handlers_stop(void)
{
	__asm__ volatile("mtc0 %0,$12\n\tnop\n\tnop" ::"r"(STATUS_OFF));
}

#endif
