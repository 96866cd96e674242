/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What guests for uMPS2 share: printing on terminal 0 by polling.
 */
#ifndef GUEST2_H
#define GUEST2_H

#include "umps/arch.h"
#include "umps/bios_defs.h"
#include "umps/cp0.h"
#include "umps/libumps.h"
#include "umps/types.h"

#define AREAS	 ((state_t *)BIOS_LEGACY_EXCVEC_BASE)
#define SEGMENTS ((volatile unsigned (*)[3])BIOS_SEGMENT_TABLE)
#define WORD(address) (*(volatile unsigned *)(address))

static inline void put(char c)
{
	volatile unsigned *terminal = (volatile unsigned *)DEV_REG_ADDR(IL_TERMINAL, 0);

	while ((terminal[2] & 0xFF) == 3)
		;
	terminal[3] = (unsigned)c << 8 | 2;
}

static inline void print(const char *text)
{
	while (*text)
		put(*text++);
}

static inline void print_number(unsigned n)
{
	char digits[12];
	int i = 0;

	do {
		digits[i++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	while (i)
		put(digits[--i]);
}

static inline void print_hex(unsigned n)
{
	print("0x");
	for (int i = 28; i >= 0; i -= 4)
		put("0123456789ABCDEF"[n >> i & 15]);
}

/* "WHAT 0x..." on a line. */
static inline void show(const char *what, unsigned value)
{
	print(what);
	put(' ');
	print_hex(value);
	put('\n');
}

#endif
