/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Instruction words (section 3.2) and their fields.
 */
#ifndef UMPS_MACHINE_INSTRUCTION_H
#define UMPS_MACHINE_INSTRUCTION_H

#include <stdint.h>

enum opcode {
	OP_SPECIAL,
	OP_REGIMM,
	OP_J,
	OP_JAL,
	OP_BEQ,
	OP_BNE,
	OP_BLEZ,
	OP_BGTZ,
	OP_ADDI,
	OP_ADDIU,
	OP_SLTI,
	OP_SLTIU,
	OP_ANDI,
	OP_ORI,
	OP_XORI,
	OP_LUI,
	OP_COP0,
	OP_LB = 32,
	OP_LH,
	OP_LWL,
	OP_LW,
	OP_LBU,
	OP_LHU,
	OP_LWR,
	OP_SB = 40,
	OP_SH,
	OP_SWL,
	OP_SW,
	OP_SWR = 46
};

enum function {
	FN_SLL = 0,
	FN_SRL = 2,
	FN_SRA,
	FN_SLLV,
	FN_SRLV = 6,
	FN_SRAV,
	FN_JR,
	FN_JALR,
	FN_CAS = 11,
	FN_SYSCALL,
	FN_BREAK,
	FN_MFHI = 16,
	FN_MTHI,
	FN_MFLO,
	FN_MTLO,
	FN_MULT = 24,
	FN_MULTU,
	FN_DIV,
	FN_DIVU,
	FN_ADD = 32,
	FN_ADDU,
	FN_SUB,
	FN_SUBU,
	FN_AND,
	FN_OR,
	FN_XOR,
	FN_NOR,
	FN_SLT = 42,
	FN_SLTU
};

#define SELF_BRANCH 0x1000FFFFu /* beq $0,$0,. */

struct instruction {
	uint32_t word, op, rs, rt, rd, shamt, function;
	uint32_t immediate, offset; /* zero and sign extended */
};

static inline struct instruction decode(uint32_t word)
{
	return (struct instruction){
		.word = word,
		.op = word >> 26,
		.rs = word >> 21 & 31,
		.rt = word >> 16 & 31,
		.rd = word >> 11 & 31,
		.shamt = word >> 6 & 31,
		.function = word & 63,
		.immediate = word & 0xFFFF,
		.offset = (uint32_t)(int16_t)word,
	};
}

/* Which of the fields rs, rt, rd, shamt must be zero in SPECIAL instructions, by function. */
#define RS    0x03E00000u
#define RT    0x001F0000u
#define RD    0x0000F800u
#define SHAMT 0x000007C0u
extern const uint32_t special_reserved_bits[64];

#endif
