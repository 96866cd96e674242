/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the first block of tape 3, rewinds it, and waits for a line while somebody changes the tape,
 * until there is none.
 */
#include "guest.h"

#define TAPE	 ((volatile unsigned *)DEV_REG_ADDR(IL_TAPE, 3))
#define TERMINAL ((volatile unsigned *)DEV_REG_ADDR(IL_TERMINAL, 0))

static unsigned block[1024];

static void tape(unsigned command)
{
	TAPE[2] = (unsigned)block;
	TAPE[1] = command;
	while (TAPE[0] == 3)
		;
}

static void read_line(void)
{
	do {
		TERMINAL[1] = 2;
		while ((TERMINAL[0] & 0xFF) == 3)
			;
	} while (TERMINAL[0] >> 8 != '\n');
}

int main(void)
{
	while (TAPE[3] != 0) {
		tape(3);
		for (int i = 0; i < 4; i++)
			put(((char *)block)[i]);
		tape(0);
		print(" tape?\n");
		read_line();
	}
	print("empty\n");
	return 0;
}
