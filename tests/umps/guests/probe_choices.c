/* SPDX-License-Identifier: GPL-2.0-only */
/* Section 19: where umps3 3.0.5 is wrong, the choices taken. Not run on umps3. */
#include "probe.h"

#define PAIR(name, a, b, operation)                                                                \
	do {                                                                                       \
		u32 hi, lo;                                                                        \
		__asm__ volatile(operation "\n\tmfhi %0\n\tmflo %1"                                \
				 : "=r"(hi), "=r"(lo)                                              \
				 : "r"(a), "r"(b)                                                  \
				 : "hi", "lo");                                                    \
		show(name " HI", hi);                                                              \
		show(name " LO", lo);                                                              \
	} while (0)

int main(void)
{
	probes_start();
	PAIR("19.1 DIV of 0x80000000 by -1", 0x80000000, 0xFFFFFFFF, "div $0, %2, %3");
	PAIR("19.2 MULTU of 0xFFFFFFFF squared", 0xFFFFFFFF, 0xFFFFFFFF, "multu %2, %3");
	PAIR("19.2 MULT of 0x80000000 squared", 0x80000000, 0x80000000, "mult %2, %3");
	TRY("19.3 data bus error is 6", c1, CODE(c1, "lui $2, 0x3000\n\tlw $3, 0($2)\n\tnop"));
	TRY("19.4 coprocessor 1", c2, CODE(c2, ".word 0x44000000"));
	show("19.4 CE in bits 29..28", cause);
	TRY("19.4 coprocessor 3", c3, CODE(c3, ".word 0x4C000000"));
	show("19.4 CE in bits 29..28", cause);
	TRY("19.8 LH unaligned sets BadVAddr", c4,
	    CODE(c4, "lui $2, 0x2000\n\tlh $3, 5($2)\n\tnop"));
	TRY("19.8 SH unaligned sets BadVAddr", c5, CODE(c5, "lui $2, 0x2000\n\tsh $3, 7($2)"));
	show("19.9 disk write from nowhere", operate_device(DEVICE(3, 0), 4, 0x30000000));
	show("19.9 flash write from nowhere", operate_device(DEVICE(4, 0), 3, 0x30000000));
	TRY("19.11 fetch from the registers", c6, CODE(c6, "lui $2, 0x1000\n\tjr $2\n\tnop"));
	show("19.16 BIOS reserved registers", REG(0x20000000));
	return 0;
}
