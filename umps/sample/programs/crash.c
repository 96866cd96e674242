/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does what a program must not; its argument says what. The kernel ends it, and only it.
 */
#include <umps/libumps.h>

#include "program.h"

int main(void)
{
	switch (argument_number(0)) {
	case 0: /* the kernel's memory */
		*(volatile int *)0x20001000 = 1;
		break;
	case 1: /* memory that it does not have */
		*(volatile int *)0x90000000 = 1;
		break;
	case 2: /* its own instructions */
		*(volatile int *)0x800000B0 = 1;
		break;
	case 3: /* an instruction of the kernel */
		setSTATUS(0);
		break;
	case 4: /* no instruction at all */
		asm volatile(".word 0x0000003F");
		break;
	case 5: /* a text somewhere else, for the kernel to write */
		SYSCALL(CALL_WRITE, 0x20001000, 10, 0);
		break;
	case 6: /* a system call that does not exist */
		SYSCALL(1000, 0, 0, 0);
		break;
	}
	print("nobody stopped me\n");
	return 0;
}
