/* SPDX-License-Identifier: GPL-2.0-only */
/* Dies in the way that CASE says, in functions whose names the post-mortem should tell. */
#include "guest.h"

void PANIC(void);

__attribute__((noinline)) void give_up(void)
{
	PANIC();
	__asm__ volatile("");
}

__attribute__((noinline)) void spoil(volatile u32 *address)
{
	*address = 1;
}

__attribute__((noinline)) void wander(void (*nowhere)(void))
{
	nowhere();
	__asm__ volatile("");
}

__attribute__((noinline)) void stand_still(void)
{
	for (;;)
		;
}

static void handler(void)
{
	print("trap\n");
	give_up();
}

int main(void)
{
	print("begin\n");
	switch (CASE) {
	case 1:
		give_up();
		break;
	case 2:
		spoil((volatile u32 *)0x30000000);
		break;
	case 3:
		wander((void (*)(void))0x10);
		break;
	case 4:
		PASS_UP(0)[2] = (u32)handler;
		PASS_UP(0)[3] = 0x20001000;
		spoil((volatile u32 *)0x20000001);
		break;
	case 5:
		stand_still();
	}
	return 0;
}
