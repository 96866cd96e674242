/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tiny shell on terminal 0, with interrupts: reads lines, waits in between, keeps each line on
 * disk 0. "quit" halts, anything else is echoed in brackets.
 */
#include "probe.h"

static char line[64];
static u32 lines;

static void wait(void)
{
	__asm__ volatile(".word 0x42000020\n\tnop");
}

static char receive(void)
{
	volatile u32 *t = TERMINAL(0);
	u32 status_word;

	t[1] = 2;
	while ((t[0] & 0xFF) == 3)
		wait();
	status_word = t[0];
	t[1] = 1;
	return (char)(status_word >> 8);
}

static void __attribute__((noinline)) keep(void)
{
	volatile u32 *disk = DEVICE(3, 0);

	for (u32 i = 0; i < 64; i++)
		((volatile char *)FREE_RAM)[i] = line[i];
	disk[2] = FREE_RAM;
	disk[1] = 4 | (lines++ & 7) << 8;
	while (disk[0] == 3)
		wait();
	disk[1] = 1;
}

int main(void)
{
	probes_start();
	for (;;) {
		u32 n = 0;
		char c;

		print("> ");
		while ((c = receive()) != '\n')
			if (n < sizeof(line) - 1)
				line[n++] = c;
		line[n] = 0;
		if (line[0] == 'q')
			break;
		keep();
		put('[');
		print(line);
		print("]\n");
	}
	return 0;
}
