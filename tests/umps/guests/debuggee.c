/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel to be debugged: it counts, calls functions, maps a page for two address spaces, makes a
 * system call, reads a line from the terminal and says what it read.
 */
#include "guest.h"

#define PAGE 0x80000000u

volatile int counter;
volatile int limit = 10;
volatile u32 system_calls;
char line[64];

static inline void map(u32 index, u32 asid, u32 frame)
{
	__asm__ volatile("mtc0 %0, $10\n\tmtc0 %1, $2\n\tmtc0 %2, $0\n\tnop\n\ttlbwi" ::"r"(
				 PAGE | asid << 6),
			 "r"(frame | 0x600), "r"(index << 8));
}

static inline void enter_space(u32 asid)
{
	__asm__ volatile("mtc0 %0, $10\n\tnop" ::"r"(asid << 6));
}

int factorial(int n)
{
	if (n < 2)
		return 1;
	return n * factorial(n - 1);
}

void count(void)
{
	while (counter < limit)
		counter = counter + 1;
}

/* One instruction sequence, run at the same virtual address in two address spaces. */
void touch_page(u32 asid, u32 value)
{
	enter_space(asid);
	REG(PAGE) = value;
	REG(PAGE + 4) = 0x03E00008; /* jr ra */
	REG(PAGE + 8) = 0;
	((void (*)(void))(PAGE + 4))();
}

void handler(void)
{
	volatile u32 *state = SAVED(0);

	system_calls = system_calls + 1;
	state[STATE_PC] += 4;
	load_state(state);
}

char get(void)
{
	volatile u32 *t = TERMINAL(0);
	char c;

	t[1] = 2;
	while ((t[0] & 0xFF) == 3)
		;
	c = (char)(t[0] >> 8);
	t[1] = 1;
	return c;
}

void read_line(void)
{
	int n = 0;

	while (n < 63 && (line[n] = get()) != '\n')
		n++;
	line[n] = 0;
}

int main(void)
{
	PASS_UP(0)[2] = (u32)handler;
	PASS_UP(0)[3] = 0x20001000;
	count();
	show("factorial", (u32)factorial(5));
	map(1, 1, FREE_RAM);
	map(2, 2, FREE_RAM + 0x1000);
	touch_page(1, 0x11111111);
	touch_page(2, 0x22222222);
	enter_space(0);
	__asm__ volatile("syscall");
	show("calls", system_calls);
	print("name? ");
	read_line();
	print("hello, ");
	print(line);
	put('\n');
	return 0;
}
