/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disassembler of the machine's instruction set: MIPS I without a floating point unit, with CAS and
 * WAIT. One table per opcode level says the mnemonic, the order of the operands and which fields
 * must be zero; the processor refuses a word in which they are not.
 */
#include <stdbool.h>
#include <stdio.h>

#include "umps/tools/disassemble.h"

enum syntax {
	ILLEGAL,
	RD_RT_SHAMT,
	RD_RS_RT,
	RD_RS,
	RS_RT,
	RD,
	RS,
	CODE,
	RT_RS_SIGNED,
	RT_RS_HEX,
	RT_HEX,
	RT_MEMORY,
	RS_RT_BRANCH,
	RS_BRANCH,
	JUMP
};

/* Fields that an instruction may require to be zero. */
#define FIELD_RS    (0x1Fu << 21)
#define FIELD_RT    (0x1Fu << 16)
#define FIELD_RD    (0x1Fu << 11)
#define FIELD_SHAMT (0x1Fu << 6)

struct instruction {
	const char *name;
	enum syntax syntax;
	uint32_t zero;
};

static const struct instruction special[64] = {
	[000] = {"sll", RD_RT_SHAMT, FIELD_RS},
	[002] = {"srl", RD_RT_SHAMT, FIELD_RS},
	[003] = {"sra", RD_RT_SHAMT, FIELD_RS},
	[004] = {"sllv", RD_RS_RT, FIELD_SHAMT},
	[006] = {"srlv", RD_RS_RT, FIELD_SHAMT},
	[007] = {"srav", RD_RS_RT, FIELD_SHAMT},
	[010] = {"jr", RS, FIELD_RT | FIELD_RD | FIELD_SHAMT},
	[011] = {"jalr", RD_RS, FIELD_RT | FIELD_SHAMT},
	[013] = {"cas", RD_RS_RT, FIELD_SHAMT},
	[014] = {"syscall", CODE, 0},
	[015] = {"break", CODE, 0},
	[020] = {"mfhi", RD, FIELD_RS | FIELD_RT | FIELD_SHAMT},
	[021] = {"mthi", RS, FIELD_RT | FIELD_RD | FIELD_SHAMT},
	[022] = {"mflo", RD, FIELD_RS | FIELD_RT | FIELD_SHAMT},
	[023] = {"mtlo", RS, FIELD_RT | FIELD_RD | FIELD_SHAMT},
	[030] = {"mult", RS_RT, FIELD_RD | FIELD_SHAMT},
	[031] = {"multu", RS_RT, FIELD_RD | FIELD_SHAMT},
	[032] = {"div", RS_RT, FIELD_RD | FIELD_SHAMT},
	[033] = {"divu", RS_RT, FIELD_RD | FIELD_SHAMT},
	[040] = {"add", RD_RS_RT, FIELD_SHAMT},
	[041] = {"addu", RD_RS_RT, FIELD_SHAMT},
	[042] = {"sub", RD_RS_RT, FIELD_SHAMT},
	[043] = {"subu", RD_RS_RT, FIELD_SHAMT},
	[044] = {"and", RD_RS_RT, FIELD_SHAMT},
	[045] = {"or", RD_RS_RT, FIELD_SHAMT},
	[046] = {"xor", RD_RS_RT, FIELD_SHAMT},
	[047] = {"nor", RD_RS_RT, FIELD_SHAMT},
	[052] = {"slt", RD_RS_RT, FIELD_SHAMT},
	[053] = {"sltu", RD_RS_RT, FIELD_SHAMT},
};

static const struct instruction branch_on_sign[32] = {
	[000] = {"bltz", RS_BRANCH, 0},
	[001] = {"bgez", RS_BRANCH, 0},
	[020] = {"bltzal", RS_BRANCH, 0},
	[021] = {"bgezal", RS_BRANCH, 0},
};

static const struct instruction by_opcode[64] = {
	[002] = {"j", JUMP, 0},
	[003] = {"jal", JUMP, 0},
	[004] = {"beq", RS_RT_BRANCH, 0},
	[005] = {"bne", RS_RT_BRANCH, 0},
	[006] = {"blez", RS_BRANCH, FIELD_RT},
	[007] = {"bgtz", RS_BRANCH, FIELD_RT},
	[010] = {"addi", RT_RS_SIGNED, 0},
	[011] = {"addiu", RT_RS_SIGNED, 0},
	[012] = {"slti", RT_RS_SIGNED, 0},
	[013] = {"sltiu", RT_RS_SIGNED, 0},
	[014] = {"andi", RT_RS_HEX, 0},
	[015] = {"ori", RT_RS_HEX, 0},
	[016] = {"xori", RT_RS_HEX, 0},
	[017] = {"lui", RT_HEX, FIELD_RS},
	[040] = {"lb", RT_MEMORY, 0},
	[041] = {"lh", RT_MEMORY, 0},
	[042] = {"lwl", RT_MEMORY, 0},
	[043] = {"lw", RT_MEMORY, 0},
	[044] = {"lbu", RT_MEMORY, 0},
	[045] = {"lhu", RT_MEMORY, 0},
	[046] = {"lwr", RT_MEMORY, 0},
	[050] = {"sb", RT_MEMORY, 0},
	[051] = {"sh", RT_MEMORY, 0},
	[052] = {"swl", RT_MEMORY, 0},
	[053] = {"sw", RT_MEMORY, 0},
	[056] = {"swr", RT_MEMORY, 0},
};

static const char *const coprocessor_0_operation[64] = {
	[001] = "tlbr", [002] = "tlbwi", [006] = "tlbwr",
	[010] = "tlbp", [020] = "rfe",	 [040] = "wait",
};

static const char *const general[32] = {
	"$00", "$at", "$v0", "$v1", "$a0", "$a1", "$a2", "$a3", "$t0", "$t1", "$t2",
	"$t3", "$t4", "$t5", "$t6", "$t7", "$s0", "$s1", "$s2", "$s3", "$s4", "$s5",
	"$s6", "$s7", "$t8", "$t9", "$k0", "$k1", "$gp", "$sp", "$s8", "$ra",
};

static const char *const coprocessor_0[32] = {
	[0] = "$Index",	   [1] = "$Random",  [2] = "$EntryLo", [8] = "$BadVAddr", [9] = "$Timer",
	[10] = "$EntryHi", [12] = "$Status", [13] = "$Cause",  [14] = "$EPC",	  [15] = "$PRId",
};

/* What a word is called whose opcode is known but which is no instruction. */
static const char *illegal(uint32_t opcode)
{
	if (opcode == 000)
		return "ri/ill (r-type)";
	if (opcode < 010)
		return "ri/ill (branch type)";
	if (opcode < 020)
		return "ri/ill (immediate)";
	if (opcode < 030)
		return "ri/ill (R4000)";
	if (opcode < 040)
		return "ri/ill (unknown)";
	if (opcode < 060)
		return "ri/ill (load/store)";
	return "ri/ill (R4000)";
}

static void coprocessor(uint32_t word, char *text)
{
	uint32_t operation = word >> 21 & 0x1F, rt = word >> 16 & 0x1F, rd = word >> 11 & 0x1F;
	const char *name;

	snprintf(text, DISASSEMBLY_SIZE, "CP%u ri/ill/unimp", word >> 26 & 3);
	if (word >> 26 != 020)
		return;
	if (operation == 4 && rd == 4) {
		snprintf(text, DISASSEMBLY_SIZE, "TLBCLR");
	} else if (operation == 0 || operation == 4) {
		if (!(word & 0x7FF) && coprocessor_0[rd])
			snprintf(text, DISASSEMBLY_SIZE, "%s\t%s, %s", operation ? "mtc0" : "mfc0",
				 general[rt], coprocessor_0[rd]);
	} else if (operation == 010 && rt < 2) {
		snprintf(text, DISASSEMBLY_SIZE, "%s\t%+d", rt ? "bc0t" : "bc0f",
			 (int16_t)word * 4);
	} else if (operation == 020 && !(word & (FIELD_RT | FIELD_RD | FIELD_SHAMT))) {
		name = coprocessor_0_operation[word & 0x3F];
		if (name)
			snprintf(text, DISASSEMBLY_SIZE, "%s", name);
	}
}

void disassemble(uint32_t word, char text[DISASSEMBLY_SIZE])
{
	uint32_t opcode = word >> 26, immediate = word & 0xFFFF;
	const char *rs = general[word >> 21 & 0x1F], *rt = general[word >> 16 & 0x1F],
		   *rd = general[word >> 11 & 0x1F];
	int offset = (int16_t)word;
	const struct instruction *i;

	if (word == 0) {
		snprintf(text, DISASSEMBLY_SIZE, "nop");
		return;
	}
	if ((opcode & 074) == 020 || (opcode & 064) == 060) { /* COPz; LWCz, SWCz */
		coprocessor(word, text);
		return;
	}
	i = opcode == 0	  ? &special[word & 0x3F]
	    : opcode == 1 ? &branch_on_sign[word >> 16 & 0x1F]
			  : &by_opcode[opcode];
	switch (word & i->zero ? ILLEGAL : i->syntax) {
	case ILLEGAL:
		snprintf(text, DISASSEMBLY_SIZE, "%s", illegal(opcode));
		break;
	case RD_RT_SHAMT:
		snprintf(text, DISASSEMBLY_SIZE, "%s\t%s, %s, %02u", i->name, rd, rt,
			 word >> 6 & 0x1F);
		break;
	case RD_RS_RT:
		snprintf(text, DISASSEMBLY_SIZE, "%s\t%s, %s, %s", i->name, rd, rs, rt);
		break;
	case RD_RS:
		snprintf(text, DISASSEMBLY_SIZE, "%s\t%s, %s", i->name, rd, rs);
		break;
	case RS_RT:
		snprintf(text, DISASSEMBLY_SIZE, "%s\t%s, %s", i->name, rs, rt);
		break;
	case RD:
		snprintf(text, DISASSEMBLY_SIZE, "%s\t%s", i->name, rd);
		break;
	case RS:
		snprintf(text, DISASSEMBLY_SIZE, "%s\t%s", i->name, rs);
		break;
	case CODE:
		snprintf(text, DISASSEMBLY_SIZE, "%s\t(%u)", i->name, word >> 6 & 0xFFFFF);
		break;
	case RT_RS_SIGNED:
		snprintf(text, DISASSEMBLY_SIZE, "%s\t%s, %s, %+d", i->name, rt, rs, offset);
		break;
	case RT_RS_HEX:
		snprintf(text, DISASSEMBLY_SIZE, "%s\t%s, %s, 0x%08X", i->name, rt, rs, immediate);
		break;
	case RT_HEX:
		snprintf(text, DISASSEMBLY_SIZE, "%s\t%s, 0x%04X", i->name, rt, immediate);
		break;
	case RT_MEMORY:
		snprintf(text, DISASSEMBLY_SIZE, "%s\t%s, %+d(%s)", i->name, rt, offset, rs);
		break;
	case RS_RT_BRANCH:
		snprintf(text, DISASSEMBLY_SIZE, "%s\t%s, %s, %+d", i->name, rs, rt, offset * 4);
		break;
	case RS_BRANCH:
		snprintf(text, DISASSEMBLY_SIZE, "%s\t%s, %+d", i->name, rs, offset * 4);
		break;
	case JUMP:
		snprintf(text, DISASSEMBLY_SIZE, "%s\t(4 bit PC)+0x%07X", i->name,
			 (word & 0x3FFFFFF) << 2);
		break;
	}
}
