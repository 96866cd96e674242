/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output of test kernels: terminal 0 by polling.
 */
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include <umps/arch.h>
#include <umps/const.h>
#include <umps/types.h>

static void put_char(char c)
{
	volatile termreg_t *terminal = (termreg_t *)DEV_REG_ADDR(IL_TERMINAL, 0);

	terminal->transm_command = (unsigned char)c << 8 | 2;
	while ((terminal->transm_status & 0xFF) == BUSY)
		;
}

static void put_text(const char *text)
{
	while (*text)
		put_char(*text++);
}

static void put_hex(unsigned int value)
{
	int shift;

	for (shift = 28; shift >= 0; shift -= 4)
		put_char("0123456789abcdef"[value >> shift & 0xF]);
}

static void put_line(const char *name, unsigned int value)
{
	put_text(name);
	put_char(' ');
	put_hex(value);
	put_char('\n');
}

#endif
