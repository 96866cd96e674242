/* SPDX-License-Identifier: GPL-2.0-only */
/* Section 3.3 to 3.5: arithmetic, delay slots of loads and MTC0, unaligned access. */
#include "probe.h"

static u32 memory[4] = {0x03020100, 0x87868584, 0x0B0A0908, 0xFFFFFFFF};

/* Two inputs in $8, $9 (the address of memory in $10), the result in $11. */
#define RESULT(name, a, b, text)                                                                   \
	do {                                                                                       \
		register u32 in8 __asm__("$8") = (a);                                              \
		register u32 in9 __asm__("$9") = (b);                                              \
		register void *in10 __asm__("$10") = memory;                                       \
		register u32 out __asm__("$11") = 0x11111111;                                      \
		__asm__ volatile(".set push\n.set noreorder\n.set noat\n" text "\n.set pop"        \
				 : "+r"(out), "+r"(in8), "+r"(in9), "+r"(in10)::"$12", "$13",      \
				   "memory", "hi", "lo");                                          \
		show(name, out);                                                                   \
	} while (0)

int main(void)
{
	probes_start();
	RESULT("3.4 ALU after a load sees the old value", 5, 0, "lw $8,0($10)\nmove $11,$8");
	RESULT("3.4 two later sees the new one", 5, 0, "lw $8,0($10)\nnop\nmove $11,$8");
	RESULT("3.4 a store sees the new one", 5, 0,
	       "lw $8,4($10)\nsw $8,8($10)\nlw $11,8($10)\nnop");
	RESULT("3.4 an address sees the new one", 5, 0,
	       "sw $10,8($10)\nmove $8,$0\nlw $8,8($10)\nlw $11,0($8)\nnop");
	RESULT("3.4 the second of two loads wins", 5, 0, "lw $11,0($10)\nlw $11,4($10)\nnop\nnop");
	RESULT("3.4 an ALU result wins over the load before", 5, 7,
	       "lw $11,0($10)\naddu $11,$8,$9\nnop");
	RESULT("3.4 a branch sees the old value", 0, 0,
	       "lw $8,4($10)\nbeq $8,$0,1f\nli $11,1\nli $11,2\n1:");
	RESULT("3.4 a load in a slot is pending at the target", 9, 0,
	       "b 1f\nlw $8,0($10)\n1:move $11,$8");
	RESULT("3.4 MULT sees the old value", 3, 4, "lw $8,0($10)\nmult $8,$9\nmflo $11");
	RESULT("3.4 MFC0 is delayed", 3, 4, "li $11,1\nmfc0 $11,$15\nmove $12,$11\nmove $11,$12");
	RESULT("3.4 JALR link with a pending load", 3, 4,
	       "la $12,1f\nlw $13,0($10)\njalr $11,$12\nnop\n1:subu $11,$11,$12");
	RESULT("3.2 BLTZAL links when not taken", 3, 4,
	       "move $13,$31\nbltzal $8,1f\nnop\n1:la $12,1b\nsubu $11,$31,$12\nmove $31,$13");
	RESULT("3.2 BGEZAL of its own link register", 3, 4,
	       "move $13,$31\nli $31,-1\n.word 0x07F10002\nli $11,1\nli $11,2\n1:move $31,$13");
	RESULT("3.3 MULT low", 0xFFFFFFFE, 3, "mult $8,$9\nmflo $11");
	RESULT("3.3 MULT high", 0xFFFFFFFE, 3, "mult $8,$9\nmfhi $11");
	RESULT("3.3 MULTU high", 0x12345678, 0x9ABC, "multu $8,$9\nmfhi $11");
	RESULT("3.3 DIV quotient", -7, 2, "div $0,$8,$9\nmflo $11");
	RESULT("3.3 DIV remainder", -7, 2, "div $0,$8,$9\nmfhi $11");
	RESULT("3.3 DIVU quotient", -7, 2, "divu $0,$8,$9\nmflo $11");
	RESULT("3.3 DIV by zero LO", -7, 0, "div $0,$8,$9\nmflo $11");
	RESULT("3.3 DIV by zero HI", -7, 0, "div $0,$8,$9\nmfhi $11");
	RESULT("3.3 DIVU by zero LO", 7, 0, "divu $0,$8,$9\nmflo $11");
	RESULT("3.3 SLLV uses 5 bits", 33, 1, "sllv $11,$9,$8");
	RESULT("3.3 SRAV", 4, 0x80000000, "srav $11,$9,$8");
	RESULT("3.3 SLTIU with a negative immediate", 5, 0, "sltiu $11,$8,-1");
	for (int i = 0; i < 4; i++) {
		u32 at = (u32)memory + (u32)i;

		RESULT("3.5 LWL", at, 0, "li $11,0x7FFF\nlwl $11,0($8)\nnop\nnop");
		RESULT("3.5 LWR", at, 0, "li $11,0x7FFF\nlwr $11,0($8)\nnop\nnop");
		RESULT("3.5 LB", at + 4, 0, "lb $11,0($8)\nnop");
		RESULT("3.5 LBU", at + 4, 0, "lbu $11,0($8)\nnop");
		RESULT("3.5 SWL", at, 0xA1B2C3D4, "sw $0,8($10)\nswl $9,8($8)\nlw $11,8($10)\nnop");
		RESULT("3.5 SWR", at, 0xA1B2C3D4, "sw $0,8($10)\nswr $9,8($8)\nlw $11,8($10)\nnop");
		RESULT("3.5 SB", at, 0xA1B2C3D4, "sw $0,8($10)\nsb $9,8($8)\nlw $11,8($10)\nnop");
	}
	RESULT("3.5 LH", 0, 0, "lh $11,6($10)\nnop");
	RESULT("3.5 LHU", 0, 0, "lhu $11,6($10)\nnop");
	RESULT("3.6 CAS equal", 0, 5, "sw $9,8($10)\naddiu $12,$10,8\nli $11,77\n.word 0x0189580B");
	RESULT("3.6 CAS stored", 0, 5, "lw $11,8($10)\nnop");
	RESULT("3.6 CAS different", 0, 5, "addiu $12,$10,8\nli $11,78\n.word 0x0189580B");
	RESULT("3.6 CAS kept", 0, 5, "lw $11,8($10)\nnop");
	RESULT("3.4 MTC0 is seen two later", 0x1000, 0, "mtc0 $8,$10\nmfc0 $11,$10\nnop");
	RESULT("3.4 TLBP after MTC0 uses the old EntryHi", 0x40000000, 0,
	       "mtc0 $0,$10\nnop\nmtc0 $8,$10\n.word 0x42000008\nnop\nmfc0 $11,$0\nnop");
	RESULT("3.4 TLBWI after MTC0 uses the old EntryLo", 0x1200, 0x300,
	       "li $12,0x100\nmtc0 $12,$0\nnop\nmtc0 $8,$2\nnop\nmtc0 $9,$2\n.word "
	       "0x42000002\nnop\nmtc0 $0,$2\nnop\n.word "
	       "0x42000001\nnop\nmfc0 $11,$2\nnop");
	RESULT("3.4 RFE after MTC0 Status", 0x10000024, 0,
	       "mtc0 $8,$12\n.word 0x42000010\nnop\nmfc0 $11,$12\nlui $12,0x1000\nmtc0 "
	       "$12,$12\nnop");
	RESULT("4.2 Cause ignores MTC0", 0xFF00, 0, "mtc0 $8,$13\nnop\nmfc0 $11,$13\nnop");
	RESULT("4.1 Status write mask", 0xFFBFFFFC, 0,
	       "mtc0 $8,$12\nnop\nmfc0 $11,$12\nlui $12,0x1000\nmtc0 $12,$12\nnop");
	RESULT("4 EntryHi mask", 0xFFFFFFFF, 0, "mtc0 $8,$10\nnop\nmfc0 $11,$10\nnop");
	RESULT("4 EntryLo mask", 0xFFFFFFFF, 0, "mtc0 $8,$2\nnop\nmfc0 $11,$2\nnop");
	RESULT("4 Index mask", 0xFFFFFFFF, 0, "mtc0 $8,$0\nnop\nmfc0 $11,$0\nnop");
	show("ticks", TOD);
	return 0;
}
