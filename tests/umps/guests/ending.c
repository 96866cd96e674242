/* SPDX-License-Identifier: GPL-2.0-only */
/* Ends in the way that END says: 0 return, 1 PANIC, 2 a dead loop, 3 power off, 4 all processors
 * halted. */
#include "guest.h"

#ifndef END
#define END 0
#endif

char klog_buffer[4][32] = {"first entry", "second entry"};
const char *volatile keep_klog = klog_buffer[0];

void PANIC(void);

int main(void)
{
	print("ending\n");
	if (END == 1)
		PANIC();
	if (END == 2)
		__asm__ volatile("1: b 1b");
	if (END == 3)
		REG(0x10000514) = 0xFF;
	if (END == 4)
		REG(0x10000510) = 0;
	for (volatile u32 i = 0; END >= 3 && i < 10000; i++)
		;
	return 0;
}
