/* SPDX-License-Identifier: GPL-2.0-only */
/* All processors compute checksums of their own memory, and add them up under a lock now and then.
 */
#include "guest.h"

#ifndef ROUNDS
#define ROUNDS 100
#endif

#define NCPUS	  REG(0x10000500)
#define RESET_CPU REG(0x10000504)
#define BOOT_PC	  REG(0x10000508)
#define BOOT_SP	  REG(0x1000050C)

static volatile u32 lock, total, finished;

static void work(u32 me)
{
	u32 *mine = (u32 *)(FREE_RAM + 0x2000 * me), sum = me;

	for (u32 i = 0; i < 512; i++)
		mine[i] = i * me;
	for (u32 round = 0; round < ROUNDS; round++) {
		for (u32 i = 0; i < 512; i++) {
			sum = (sum << 1 | sum >> 31) ^ mine[i];
			mine[i] += sum;
		}
		while (!compare_and_set(&lock, 0, 1))
			;
		total += sum;
		lock = 0;
	}
	while (!compare_and_set(&lock, 0, 1))
		;
	finished++;
	lock = 0;
}

void secondary(void)
{
	u32 me;

	__asm__ volatile("mfc0 %0,$15\n\tnop" : "=r"(me));
	work(me);
	for (;;)
		__asm__ volatile(".word 0x42000020\n\tnop");
}

int main(void)
{
	u32 n = NCPUS;

	for (u32 i = 1; i < n; i++) {
		u32 start = TOD;

		BOOT_PC = (u32)secondary;
		BOOT_SP = FREE_RAM + 0x2000 * i + 0x2000;
		RESET_CPU = i;
		while (TOD - start < 100)
			;
	}
	work(0);
	while (finished != n)
		;
	show("total", total);
	show("tod", TOD);
	return 0;
}
