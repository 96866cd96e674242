/* SPDX-License-Identifier: GPL-2.0-only */
/* Computes while the interval timer interrupts every 500 ticks, through the ROM and back. */
#include "handlers.h"

#ifndef ROUNDS
#define ROUNDS 1000000
#endif

int main(void)
{
	u32 x = 1, sum = 0;

	handlers_start(500);
	for (u32 i = 0; i < ROUNDS; i++) {
		x = x * 1103515245 + 12345;
		sum += x >> 16;
	}
	handlers_stop();
	show("sum", sum);
	show("interrupts", interrupts);
	show("tod", TOD);
	return 0;
}
