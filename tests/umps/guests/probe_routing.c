/* SPDX-License-Identifier: GPL-2.0-only */
/* Section 8.2: which processor dynamic routing chooses, for several task priorities. Made for four.
 */
#include "guest.h"

#define RESET_CPU	  REG(0x10000504)
#define BOOT_PC		  REG(0x10000508)
#define BOOT_SP		  REG(0x1000050C)
#define TPR		  REG(0x10000408)
#define IRT(line, device) REG(0x10000300 + 4 * (((line)-2) * 8 + (device)))

static const u8 priorities[5][4] = {
	{15, 15, 15, 15}, {15, 3, 9, 5}, {15, 9, 5, 3}, {2, 9, 9, 3}, {15, 4, 4, 7}};
static volatile u32 who, ready, set;

/* Each takes interrupts by waiting with them off, and says so. */
void secondary(void)
{
	u32 me, cause;

	__asm__ volatile("mfc0 %0,$15\n\tnop" : "=r"(me));
	for (;;) {
		TPR = priorities[set][me];
		ready |= 1 << me;
		__asm__ volatile(".word 0x42000020\n\tnop");
		__asm__ volatile("mfc0 %0,$13\n\tnop" : "=r"(cause));
		if (!(cause & 0x4000)) {
			REG(0x10000400) = 0; /* a message: new priorities */
			continue;
		}
		DEVICE(6, 0)[1] = 1;
		who = me;
	}
}

static void raise(u32 mask)
{
	u32 limit = 300;

	who = 0xF;
	IRT(6, 0) = 1 << 28 | mask;
	DEVICE(6, 0)[1] = 9;
	while (who == 0xF && --limit && !PENDING(6))
		;
	if (PENDING(6)) {
		DEVICE(6, 0)[1] = 1;
		who = 0;
	}
	put(who == 0xF ? '-' : (char)('0' + who));
	for (volatile int i = 0; i < 50; i++)
		;
}

int main(void)
{
	for (u32 i = 1; i < 4; i++) {
		BOOT_PC = (u32)secondary;
		BOOT_SP = FREE_RAM + 0x1000 * i;
		RESET_CPU = i;
		while (!(ready >> i & 1))
			;
	}
	for (u32 s = 0; s < 5; s++) {
		set = s;
		TPR = priorities[s][0];
		REG(0x10000404) = 0xE << 8;
		for (volatile int i = 0; i < 100; i++)
			;
		print("8.2 priorities");
		for (u32 i = 0; i < 4; i++)
			print_hex(priorities[s][i]), put(' ');
		for (u32 i = 0; i < 6; i++)
			raise(0xE);
		put(' ');
		for (u32 i = 0; i < 6; i++)
			raise(0xF);
		put(' ');
		for (u32 i = 0; i < 4; i++)
			raise(0xA);
		put(' ');
		raise(0x10);
		put('\n');
	}
	return 0;
}
