/* SPDX-License-Identifier: GPL-2.0-only */
/* Sections 4.5, 5.2, 6: the TLB. Made for a floor of 0x80000000. */
#include "probe.h"

#define V	0x200
#define D	0x400
#define G	0x100
#define PAGE(n) (FREE_RAM + 0x1000 * (n))

static void tlb_write(u32 index, u32 hi, u32 lo)
{
	MTC0(0, index << 8);
	MTC0(10, hi);
	MTC0(2, lo);
	__asm__ volatile("nop\n\t.word 0x42000002\n\tnop");
}

static void tlb_probe(u32 hi)
{
	MTC0(10, hi);
	__asm__ volatile("nop\n\t.word 0x42000008\n\tnop");
}

#define VIRTUAL(address) (*(volatile u32 *)(address))

int main(void)
{
	u32 start;

	probes_start();
	for (u32 i = 0; i < 16; i++)
		tlb_write(i, 0x70000000, 0);
	REG(PAGE(0)) = 0x11111111;
	REG(PAGE(1)) = 0x22222222;
	TRY("5.2 no match, load", t1, CODE(t1, "lui $2, 0x8000\n\tlw $3, 4($2)\n\tnop"));
	show("5.2 EntryHi", MFC0(10));
	TRY("5.2 no match, store", t2, CODE(t2, "lui $2, 0x8000\n\tsw $3, 0x1008($2)"));
	show("5.2 EntryHi", MFC0(10));
	TRY("5.2 no match, fetch", t3, CODE(t3, "lui $2, 0x9000\n\tjr $2\n\tnop"));
	tlb_write(3, 0x80000000, PAGE(0));
	TRY("5.2 not valid, load", t4, CODE(t4, "lui $2, 0x8000\n\tlw $3, 4($2)\n\tnop"));
	TRY("5.2 not valid, store", t5, CODE(t5, "lui $2, 0x8000\n\tsw $3, 4($2)"));
	tlb_write(3, 0x80000000, PAGE(0) | V);
	show("5.2 valid, load", VIRTUAL(0x80000000));
	TRY("5.2 not dirty, store", t6, CODE(t6, "lui $2, 0x8000\n\tsw $3, 4($2)"));
	tlb_write(3, 0x80000000, PAGE(0) | V | D);
	VIRTUAL(0x80000000) = 0x33333333;
	show("5.2 dirty, store", REG(PAGE(0)));
	tlb_write(5, 0x80000000, PAGE(1) | V | D);
	show("4.5 the highest match wins", VIRTUAL(0x80000000));
	tlb_probe(0x80000000);
	show("4.5 TLBP finds it", MFC0(0));
	tlb_probe(0x80000040);
	show("4.5 TLBP in another address space", MFC0(0));
	tlb_write(5, 0x80000000, PAGE(1) | V | D | G);
	tlb_probe(0x80000040);
	show("4.5 TLBP of a global entry", MFC0(0));
	MTC0(10, 0x80000080);
	show("4.5 global entry, other ASID", VIRTUAL(0x80000000));
	tlb_write(5, 0x70000000, 0);
	MTC0(10, 0x00000080);
	TRY("4.5 other ASID, load", t7, CODE(t7, "lui $2, 0x8000\n\tlw $3, 4($2)\n\tnop"));
	show("5.2 EntryHi keeps the ASID", MFC0(10));
	MTC0(0, 3 << 8);
	__asm__ volatile("nop\n\t.word 0x42000001\n\tnop");
	show("4.5 TLBR EntryHi", MFC0(10));
	show("4.5 TLBR EntryLo", MFC0(2));
	tlb_write(0, 0x81000000, PAGE(0) | V);
	__asm__ volatile("mtc0 $0, $4\n\tnop\n\tnop");
	tlb_probe(0x80000000);
	show("4 TLBCLR clears entry 3", MFC0(0));
	tlb_probe(0x81000000);
	show("4 TLBCLR keeps entry 0", MFC0(0));
	for (u32 i = 0; i < 8; i++) {
		MTC0(10, 0x82000000 + 0x1000 * i);
		MTC0(2, PAGE(0) | V);
		__asm__ volatile("nop\n\t.word 0x42000006\n\tnop");
		tlb_probe(0x82000000 + 0x1000 * i);
		show("4.4 TLBWR went to", MFC0(0));
	}
	TRY("5.2 mapped to nowhere, load", t8, {
		tlb_write(3, 0x80000000, 0x30000000 | V | D);
		CODE(t8, "lui $2, 0x8000\n\tlw $3, 4($2)\n\tnop");
	});
	tlb_write(3, 0x80000000, 0x10000000 | V | D);
	show("5.1 registers through the TLB", VIRTUAL(0x80000024));
	tlb_write(3, 0x80000000, PAGE(0) | V | D);
	REG(PAGE(0)) = 0x03E00008;     /* jr $31 */
	REG(PAGE(0) + 4) = 0x34021234; /* ori $2, $0, 0x1234 */
	show("5.2 code in a mapped page", ((u32(*)(void))0x80000000)());
	REG(PAGE(0) + 4) = 0x34024321;
	show("3 code written behind its back", ((u32(*)(void))0x80000000)());
	REG(PAGE(1)) = 0x03E00008;
	REG(PAGE(1) + 4) = 0x34025678;
	tlb_write(3, 0x80000000, PAGE(1) | V | D);
	show("4.5 code after remapping", ((u32(*)(void))0x80000000)());
	start = TOD;
	TRY("6 user mode, kernel address", t9,
	    CODE(t9, "lui $2, 0x1000\n\tori $2, $2, 0x8\n\tlui $3, 0x2000\n\tmtc0 $2, $12\n\tlui "
		     "$2, 0x8000\n\t"
		     "jr $2\n\t.word 0x42000010"));
	REG(PAGE(1)) = 0x8C630000; /* lw $3, 0($3): a kernel address */
	REG(PAGE(1) + 4) = 0;
	TRY("6 user mode, load from kernel address", t10,
	    CODE(t10, "lui $2, 0x1000\n\tori $2, $2, 0x8\n\tlui $3, 0x2000\n\tmtc0 $2, $12\n\tlui "
		      "$2, 0x8000\n\t"
		      "jr $2\n\t.word 0x42000010"));
	REG(PAGE(1)) = 0x40026000; /* mfc0 $2, Status without CU0 */
	TRY("4 user mode without CU0", t11,
	    CODE(t11,
		 "ori $2, $0, 0x8\n\tmtc0 $2, $12\n\tlui $2, 0x8000\n\tjr $2\n\t.word 0x42000010"));
	show("2 ticks", TOD - start);
	show("2 ticks in all", TOD);
	return 0;
}
