/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What test guests share: device registers, output on terminal 0 by polling, exceptions passed up.
 * Guests run on any uMPS3 machine; what they print says what they saw.
 */
#ifndef TESTS_UMPS_GUEST_H
#define TESTS_UMPS_GUEST_H

typedef unsigned int u32;
typedef unsigned char u8;

#ifdef UMPS2 /* these registers lie a word lower there */
#define LOWER 4
#else
#define LOWER 0
#endif

#define REG(address)	(*(volatile u32 *)(address))
#define TOD_HIGH	REG(0x10000018)
#define TOD		REG(0x1000001C)
#define INTERVAL	REG(0x10000020)
#define DEVICE(line, n) ((volatile u32 *)(0x10000054 - LOWER + ((line)-3) * 0x80 + (n)*0x10))
#define TERMINAL(n)	DEVICE(7, n)
#define PENDING(line)	REG(0x10000040 - LOWER + ((line)-3) * 4)
#define PASS_UP(cpu)	((volatile u32 *)(0x0FFFF900 + 16 * (cpu)))
#define SAVED(cpu)	((volatile u32 *)(0x0FFFF000 + 140 * (cpu)))
#define FREE_RAM	0x20020000 /* guests are smaller */
#define STATE_CAUSE	1
#define STATE_STATUS	2
#define STATE_PC	3

static inline void put(char c)
{
	volatile u32 *t = TERMINAL(0);

	t[3] = 2 | (u32)(u8)c << 8;
	while ((t[2] & 0xFF) == 3)
		;
	t[3] = 1;
}

static inline void print(const char *s)
{
	while (*s)
		put(*s++);
}

static inline void print_hex(u32 n)
{
	for (int i = 28; i >= 0; i -= 4)
		put("0123456789ABCDEF"[n >> i & 15]);
}

/* "name=XXXXXXXX" and a newline */
static inline void show(const char *name, u32 value)
{
	print(name);
	put('=');
	print_hex(value);
	put('\n');
}

/* A command to a disk or flash device, by polling; its status. */
static inline u32 operate_device(volatile u32 *device, u32 command, u32 memory)
{
	u32 status;

	device[2] = memory;
	device[1] = command;
	while (device[0] == 3)
		;
	status = device[0];
	device[1] = 1;
	return status;
}

/* CAS, for which the assembler has no name. */
static inline u32 compare_and_set(volatile u32 *p, u32 old, u32 new)
{
	u32 result = new;

	__asm__ volatile(".set push\n.set noreorder\nmove $8,%1\nmove $9,%2\nmove $10,%0\n"
			 ".word 0x0109500B\nmove %0,$10\n.set pop"
			 : "+r"(result)
			 : "r"(p), "r"(old)
			 : "$8", "$9", "$10", "memory");
	return result;
}

static inline void load_state(volatile u32 *state)
{
	register u32 a0 __asm__("a0") = 1;
	register volatile u32 *a1 __asm__("a1") = state;

	__asm__ volatile("break" ::"r"(a0), "r"(a1) : "memory");
}

#endif
