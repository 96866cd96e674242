/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest kernel: says hello on terminal 0 and halts the machine by returning.
 *
 * A terminal is two devices in one: a receiver and a transmitter. A character is sent by writing
 * it, with the command, to the transmitter's command register; the transmitter is then busy for a
 * while.
 */
#include <umps/arch.h>
#include <umps/const.h>
#include <umps/types.h>

#define TRANSMIT    2
#define STATUS_MASK 0xFF

static void put_character(char c)
{
	volatile termreg_t *terminal = (volatile termreg_t *)DEV_REG_ADDR(IL_TERMINAL, 0);

	terminal->transm_command = (unsigned char)c << 8 | TRANSMIT;
	while ((terminal->transm_status & STATUS_MASK) == BUSY)
		;
}

int main(void)
{
	const char *text = "Hello from the bare machine.\n";

	while (*text)
		put_character(*text++);
	return 0;
}
