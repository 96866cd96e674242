/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * x86-64 instructions as bytes: 32-bit operations on registers and on memory at base +
 * displacement.
 *
 * Nothing is checked but the room left: when it ends, `full` is set and bytes are dropped; the
 * caller throws the code away.
 */
#ifndef UMPS_TRANSLATOR_EMIT_H
#define UMPS_TRANSLATOR_EMIT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum host { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

/* "op r/m, r" opcodes of the arithmetic group; the immediate form uses bits 5..3. */
enum alu {
	ALU_ADD = 0x01,
	ALU_OR = 0x09,
	ALU_AND = 0x21,
	ALU_SUB = 0x29,
	ALU_XOR = 0x31,
	ALU_CMP = 0x39
};
enum shift { SHIFT_LEFT = 4, SHIFT_RIGHT = 5, SHIFT_ARITHMETIC = 7 };
enum condition {
	CC_O = 0,
	CC_B = 2,
	CC_AE,
	CC_E,
	CC_NE,
	CC_S = 8,
	CC_NS,
	CC_L = 12,
	CC_GE,
	CC_LE,
	CC_G
};
/* opcodes of loads and stores, with 0x0F as the first byte if two */
enum move {
	LOAD32 = 0x8B,
	STORE32 = 0x89,
	STORE16 = 0x6689,
	STORE8 = 0x88,
	LOAD8 = 0x0FB6,
	LOAD16 = 0x0FB7,
	LOAD8_SIGNED = 0x0FBE,
	LOAD16_SIGNED = 0x0FBF
};

struct emitter {
	uint8_t *at, *end;
	bool full;
};

static inline void emit8(struct emitter *e, unsigned byte)
{
	if (e->at == e->end)
		e->full = true;
	else
		*e->at++ = (uint8_t)byte;
}

static inline void emit32(struct emitter *e, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		emit8(e, value >> 8 * i);
}

static inline void emit_rex(struct emitter *e, bool wide, int reg, int index, int base,
			    bool byte_reg)
{
	unsigned rex =
		0x40 | (unsigned)wide << 3 | (reg >= R8) << 2 | (index >= R8) << 1 | (base >= R8);

	if (rex != 0x40 || byte_reg)
		emit8(e, rex);
}

/* op reg, rm (or op rm, reg), both registers */
static inline void emit_rr(struct emitter *e, unsigned op, int reg, int rm)
{
	emit_rex(e, false, reg, 0, rm, false);
	if (op > 0xFF)
		emit8(e, op >> 8);
	emit8(e, op);
	emit8(e, 0xC0 | (reg & 7) << 3 | (rm & 7));
}

/* op with reg and [base + disp] */
static inline void emit_memory(struct emitter *e, bool wide, unsigned op, int reg, int base,
			       int32_t disp)
{
	bool small = disp >= -128 && disp < 128;

	if (op >> 8 == 0x66) {
		emit8(e, 0x66);
		op &= 0xFF;
	}
	emit_rex(e, wide, reg, 0, base, op == STORE8);
	if (op > 0xFF)
		emit8(e, op >> 8);
	emit8(e, op);
	emit8(e, (small ? 0x40 : 0x80) | (reg & 7) << 3 | (base & 7));
	if ((base & 7) == RSP)
		emit8(e, 0x24);
	if (small)
		emit8(e, (unsigned)disp);
	else
		emit32(e, (uint32_t)disp);
}

/* op with reg and [base + index + disp], scale 1 */
static inline void emit_indexed(struct emitter *e, bool wide, unsigned op, int reg, int base,
				int index, int8_t disp)
{
	emit_rex(e, wide, reg, index, base, false);
	emit8(e, op);
	emit8(e, 0x44 | (reg & 7) << 3);
	emit8(e, (index & 7) << 3 | (base & 7));
	emit8(e, (unsigned)disp);
}

static inline void emit_mov(struct emitter *e, int to, int from)
{
	if (to != from)
		emit_rr(e, 0x89, from, to);
}

static inline void emit_mov64(struct emitter *e, int to, int from)
{
	emit_rex(e, true, from, 0, to, false);
	emit8(e, 0x89);
	emit8(e, 0xC0 | (from & 7) << 3 | (to & 7));
}

static inline void emit_or64(struct emitter *e, int to, int from)
{
	emit_rex(e, true, from, 0, to, false);
	emit8(e, ALU_OR);
	emit8(e, 0xC0 | (from & 7) << 3 | (to & 7));
}

static inline void emit_test64(struct emitter *e, int reg)
{
	emit_rex(e, true, reg, 0, reg, false);
	emit8(e, 0x85);
	emit8(e, 0xC0 | (reg & 7) << 3 | (reg & 7));
}

static inline void emit_constant(struct emitter *e, int to, uint32_t value)
{
	if (!value) {
		emit_rr(e, ALU_XOR, to, to);
		return;
	}
	emit_rex(e, false, 0, 0, to, false);
	emit8(e, 0xB8 | (to & 7));
	emit32(e, value);
}

static inline void emit_constant64(struct emitter *e, int to, uint64_t value)
{
	emit_rex(e, true, 0, 0, to, false);
	emit8(e, 0xB8 | (to & 7));
	emit32(e, (uint32_t)value);
	emit32(e, (uint32_t)(value >> 32));
}

static inline void emit_alu(struct emitter *e, enum alu op, int to, int from)
{
	emit_rr(e, op, from, to);
}

static inline void emit_alu_constant(struct emitter *e, enum alu op, int to, uint32_t value)
{
	bool small = (int32_t)value >= -128 && (int32_t)value < 128;

	emit_rex(e, false, 0, 0, to, false);
	emit8(e, small ? 0x83 : 0x81);
	emit8(e, 0xC0 | (op & 0x38) | (to & 7));
	if (small)
		emit8(e, value);
	else
		emit32(e, value);
}

static inline void emit_test(struct emitter *e, int a, int b)
{
	emit_rr(e, 0x85, b, a);
}

static inline void emit_shift(struct emitter *e, enum shift op, int reg, unsigned count)
{
	emit_rex(e, false, 0, 0, reg, false);
	emit8(e, 0xC1);
	emit8(e, 0xC0 | op << 3 | (reg & 7));
	emit8(e, count);
}

/* by CL */
static inline void emit_shift_variable(struct emitter *e, enum shift op, int reg)
{
	emit_rex(e, false, 0, 0, reg, false);
	emit8(e, 0xD3);
	emit8(e, 0xC0 | op << 3 | (reg & 7));
}

/* NOT 2, NEG 3, MUL 4, IMUL 5, DIV 6, IDIV 7 */
static inline void emit_unary(struct emitter *e, unsigned op, int reg)
{
	emit_rex(e, false, 0, 0, reg, false);
	emit8(e, 0xF7);
	emit8(e, 0xC0 | op << 3 | (reg & 7));
}

static inline void emit_lea(struct emitter *e, int to, int base, int32_t disp)
{
	emit_memory(e, false, 0x8D, to, base, disp);
}

/* to = condition as 0 or 1; to is RAX, RCX or RDX */
static inline void emit_set(struct emitter *e, enum condition cc, int to)
{
	emit8(e, 0x0F);
	emit8(e, 0x90 | cc);
	emit8(e, 0xC0 | to);
	emit_rr(e, LOAD8, to, to);
}

static inline void emit_conditional_move(struct emitter *e, enum condition cc, int to, int from)
{
	emit_rex(e, false, to, 0, from, false);
	emit8(e, 0x0F);
	emit8(e, 0x40 | cc);
	emit8(e, 0xC0 | (to & 7) << 3 | (from & 7));
}

/* Stores a constant to [base + disp]. */
static inline void emit_store_constant(struct emitter *e, bool byte, int base, int32_t disp,
				       uint32_t value)
{
	emit_memory(e, false, byte ? 0xC6 : 0xC7, 0, base, disp);
	if (byte)
		emit8(e, value);
	else
		emit32(e, value);
}

/* Jumps with 32-bit distances; they return the place of the distance for emit_target(). */
static inline uint8_t *emit_jump(struct emitter *e)
{
	emit8(e, 0xE9);
	emit32(e, 0);
	return e->at - 4;
}

static inline uint8_t *emit_jump_if(struct emitter *e, enum condition cc)
{
	emit8(e, 0x0F);
	emit8(e, 0x80 | cc);
	emit32(e, 0);
	return e->at - 4;
}

static inline void emit_patch(uint8_t *distance, const uint8_t *target)
{
	int32_t d = (int32_t)(target - (distance + 4));

	memcpy(distance, &d, sizeof(d));
}

/* The jump goes to here. */
static inline void emit_target(struct emitter *e, uint8_t *distance)
{
	if (!e->full)
		emit_patch(distance, e->at);
}

static inline void emit_push(struct emitter *e, int reg)
{
	emit_rex(e, false, 0, 0, reg, false);
	emit8(e, 0x50 | (reg & 7));
}

static inline void emit_pop(struct emitter *e, int reg)
{
	emit_rex(e, false, 0, 0, reg, false);
	emit8(e, 0x58 | (reg & 7));
}

static inline void emit_jump_register(struct emitter *e, int reg)
{
	emit_rex(e, false, 0, 0, reg, false);
	emit8(e, 0xFF);
	emit8(e, 0xE0 | (reg & 7));
}

static inline void emit_call(struct emitter *e, const void *function)
{
	emit_constant64(e, RAX, (uint64_t)(uintptr_t)function);
	emit8(e, 0xFF);
	emit8(e, 0xD0);
}

#endif
