/* SPDX-License-Identifier: GPL-2.0-only */
/* Sections 3, 5 and 6: which exceptions instructions raise, and what the handler sees. */
#include "probe.h"

static u32 zero_page = 0;

int main(void)
{
	probes_start();
	TRY("3.2 SYNC is reserved", p1, CODE(p1, ".word 0x0000000F"));
	TRY("3.2 MOVZ is reserved", p2, CODE(p2, ".word 0x0044100A"));
	TRY("3.2 ADD with shamt is reserved", p3, CODE(p3, ".word 0x00441060"));
	TRY("3.2 SLL with rs is reserved", p4, CODE(p4, ".word 0x00441040"));
	TRY("3.2 MULT with rd is reserved", p5, CODE(p5, ".word 0x00441018"));
	TRY("3.2 JALR with rt is reserved", p6, CODE(p6, ".word 0x0041F809"));
	TRY("3.2 JR with rd is reserved", p7, CODE(p7, ".word 0x00401008"));
	TRY("3.2 BLEZ with rt is reserved", p8, CODE(p8, ".word 0x18410001\n\tnop\n\tnop"));
	TRY("3.2 LUI with rs is reserved", p9, CODE(p9, ".word 0x3C220001"));
	TRY("3.2 REGIMM 2 is reserved", p10, CODE(p10, ".word 0x04020001\n\tnop\n\tnop"));
	TRY("3.2 opcode 30 is reserved", p11, CODE(p11, ".word 0x60000000"));
	TRY("3.2 opcode 47 is reserved", p12, CODE(p12, ".word 0x9C000000"));
	TRY("3.2 LDC1 is reserved", p13, CODE(p13, ".word 0xD4000000"));
	TRY("3.2 code field of SYSCALL is ignored", p14, CODE(p14, ".word 0x0123450C"));
	TRY("3.2 code field of BREAK is ignored", p15, CODE(p15, "li $4, 9\n\t.word 0x0123450D"));
	TRY("3.3 ADD overflow", p20,
	    CODE(p20, "lui $2, 0x7FFF\n\tori $2, $2, 0xFFFF\n\tadd $2, $2, $2"));
	TRY("3.3 ADDI overflow", p21, CODE(p21, "lui $2, 0x8000\n\taddi $2, $2, -1"));
	TRY("3.3 SUB overflow", p22, CODE(p22, "lui $2, 0x8000\n\tli $3, 1\n\tsub $2, $2, $3"));
	TRY("3.3 ADDU does not trap", p23, CODE(p23, "lui $2, 0x8000\n\taddu $2, $2, $2"));
	TRY("3.5 LW unaligned", p30, CODE(p30, "lui $2, 0x2000\n\tlw $3, 2($2)\n\tnop"));
	TRY("3.5 SW unaligned", p31, CODE(p31, "lui $2, 0x2000\n\tsw $3, 1($2)"));
	TRY("6 load from nowhere", p40, CODE(p40, "lui $2, 0x3000\n\tlw $3, 0($2)\n\tnop"));
	TRY("6 store to nowhere is code 6", p41, CODE(p41, "lui $2, 0x3000\n\tsw $3, 0($2)"));
	TRY("5.1 store to ROM", p42, CODE(p42, "sw $3, 64($0)"));
	TRY("5.1 load behind the ROM", p43,
	    CODE(p43, "lui $2, 0x0000\n\tlw $3, 0x4000($2)\n\tnop"));
	TRY("5.1 unassigned registers read 0", p44,
	    CODE(p44, "lui $2, 0x1000\n\tlw $3, 0x3F0($2)\n\tnop"));
	TRY("5.1 behind the registers", p45,
	    CODE(p45, "lui $2, 0x1000\n\tlw $3, 0x518($2)\n\tnop"));
	TRY("6 fetch from nowhere", p46, CODE(p46, "lui $2, 0x3000\n\tjr $2\n\tnop"));
	TRY("6 fetch unaligned", p47, CODE(p47, "lui $2, 0x2000\n\tori $2, $2, 2\n\tjr $2\n\tnop"));
	TRY("6 SYSCALL in a delay slot", p50, CODE(p50, "beq $0, $0, 1f\n\tsyscall\n1:\tnop"));
	TRY("6 SYSCALL in the slot of a branch not taken", p51,
	    CODE(p51, "bne $0, $0, 1f\n\tsyscall\n1:\tnop"));
	TRY("6 load error in the slot of JR", p52,
	    CODE(p52, "lui $2, 0x3000\n\tjr $31\n\tlw $3, 0($2)"));
	TRY("6 SYSCALL in the slot of a branch in a slot", p53,
	    CODE(p53, "beq $0, $0, 1f\n\tbeq $0, $0, 2f\n\tnop\n1:\tsyscall\n2:\tnop"));
	TRY("3.2 COP1", p60, CODE(p60, ".word 0x44000000"));
	TRY("3.2 LWC2", p61, CODE(p61, ".word 0xC8000000"));
	TRY("4 CFC0", p62, CODE(p62, ".word 0x40400000"));
	TRY("4 MFC0 of register 3", p63, CODE(p63, ".word 0x40021800"));
	TRY("4 MTC0 to Random is ignored", p64, CODE(p64, "mtc0 $2, $1\n\tnop"));
	TRY("4 BC0F branches, BC0T does not", p65,
	    CODE(p65, ".word 0x41000002\n\tnop\n\tsyscall\n\t.word 0x41010001\n\tnop\n\tnop"));
	TRY("4 BC0FL", p66, CODE(p66, ".word 0x41020001\n\tnop\n\tnop"));
	TRY("4 COP0 function 3", p67, CODE(p67, ".word 0x42000003"));
	TRY("3.6 CAS on a device register", p70,
	    CODE(p70, "lui $2, 0x1000\n\tori $2, $2, 0x54\n\tli $3, 0\n\tli $4, 1\n\t.word "
		      "0x0043200B\n\tnop"));
	TRY("3.6 CAS on the BIOS data page", p71,
	    CODE(p71, "lui $2, 0x0FFF\n\tori $2, $2, 0xF800\n\t.word 0x0043200B\n\tnop"));
	TRY("3.6 CAS unaligned", p72,
	    CODE(p72, "lui $2, 0x2000\n\tori $2, $2, 1\n\t.word 0x0043200B\n\tnop"));
	show("3.4 unused", zero_page);
	return 0;
}
