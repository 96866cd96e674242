/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ends with something still under way, in the way that CASE says: see tests/umps/rest.sh. What it
 * prints, or finds on its devices afterwards, shows whether that was waited for.
 */
#include "guest.h"

void HALT(void);
void PANIC(void);
void WAIT(void);

#define INTERRUPTS_OFF() __asm__ volatile("mtc0 $0,$12\n\tnop")
#define RESET_CPU	 REG(0x10000504)
#define BOOT_PC		 REG(0x10000508)
#define BOOT_SP		 REG(0x1000050C)
#define HALT_CPU	 REG(0x10000510)
#define POWER		 REG(0x10000514)
#define OUTBOX		 REG(0x10000404)
#define DISK		 DEVICE(3, 0)
#define FLASH		 DEVICE(4, 0)
#define PRINTER		 DEVICE(6, 0)

static char stack[4096];
static volatile u32 spinning;

static void for_ever(void)
{
	for (;;)
		;
}

static void start(void (*entry)(void))
{
	BOOT_PC = (u32)entry;
	BOOT_SP = (u32)stack + sizeof(stack) - 64;
	RESET_CPU = 1;
}

static void says_and_halts(void)
{
	__asm__ volatile("mtc0 %0,$12\n\tnop" ::"r"(0x10000000));
	print("second processor\n");
	HALT();
}

static void waits_and_says(void)
{
	INTERRUPTS_OFF();
	WAIT();
	print("woken\n");
	for_ever();
}

static void timer_and_says(void)
{
	__asm__ volatile("mtc0 %0,$9\n\tnop\n\tmtc0 %1,$12\n\tnop" ::"r"(3000), "r"(0x18000000));
	WAIT();
	print("woken\n");
	for_ever();
}

static void spins(void)
{
	for (;;)
		spinning++;
}

static void work(u32 n)
{
	for (volatile u32 i = 0; i < n; i++)
		;
}

static void works_and_says(void)
{
	work(2000 * REG(0x10000024));
	print("still working\n");
	for_ever();
}

int main(void)
{
	u32 *block = (u32 *)FREE_RAM;

	print("begin\n");
	for (u32 i = 0; i < 1024; i++)
		block[i] = 0x72657374; /* "tser" */
	switch (CASE) {
	case 1: /* power off, then nothing */
		show("at", TOD);
		POWER = 0xFF;
		for_ever();
	case 2: /* another processor, then nothing */
		start(says_and_halts);
		for_ever();
	case 3: /* a disk write, then HALT */
		DISK[2] = FREE_RAM;
		DISK[1] = 4;
		HALT();
	case 4: /* a flash write, then PANIC */
		FLASH[2] = FREE_RAM;
		FLASH[1] = 1 << 8 | 3;
		PANIC();
	case 5:		      /* characters on their way, then no processor runs */
		HALT_CPU = 0; /* in 50 us */
		PRINTER[2] = 'P';
		PRINTER[1] = 2;
		TERMINAL(0)[3] = 2 | 'T' << 8;
		for_ever();
	case 6: /* a message to one who waits, then nothing */
		start(waits_and_says);
		work(1000);
		OUTBOX = 2 << 8 | 1;
		for_ever();
	case 7: /* a processor waits for its timer */
		start(timer_and_says);
		for_ever();
	case 8: /* a processor waits for what cannot come */
		start(waits_and_says);
		for_ever();
	case 9: /* HALT, while another works and says something */
		start(works_and_says);
		HALT();
	case 10: /* HALT, while another spins for ever */
		start(spins);
		HALT();
	case 11: /* a read by DMA replaces the loop */
		DISK[2] = (u32)block & ~0xFFFu;
		block[0] = 0x1000FFFF;
		block[1] = 0;
		DISK[1] = 3;
		((void (*)(void))block)();
	case 12: /* interrupts on, but all are masked */
		__asm__ volatile("mtc0 %0,$12\n\tnop" ::"r"(0x10000001));
		for_ever();
	}
	return 0;
}
