/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The reference engine: one instruction at a time, written to be read beside section 3 of
 * docs/umps-machine.md.
 *
 * An instruction finds its operands in the registers, then the value that the instruction before
 * left pending arrives (a load or MTC0 is seen one instruction late), then its own result is
 * written. Loads, stores, MFC0 and MTC0 wait for the pending value first.
 */
#include "umps/machine/access.h"

void pending_complete(struct cpu *cpu)
{
	uint8_t kind = cpu->pending;

	cpu->pending = PENDING_NOTHING;
	if (kind == PENDING_GENERAL)
		cpu->r[cpu->pending_register] = cpu->pending_value;
	else if (kind == PENDING_CP0)
		cp0_write(cpu, cpu->pending_register, cpu->pending_value);
}

static void result(struct cpu *cpu, uint32_t reg, uint32_t value)
{
	cpu->r[reg] = value;
	cpu->r[0] = 0;
}

static void leave_pending(struct cpu *cpu, enum pending_kind kind, uint32_t reg, uint32_t value)
{
	if (kind == PENDING_GENERAL && reg == 0)
		return;
	cpu->pending = kind;
	cpu->pending_register = (uint8_t)reg;
	cpu->pending_value = value;
}

/* The next instruction is a delay slot; after it comes TARGET. */
static void jump(struct cpu *cpu, uint32_t target)
{
	cpu->next_pc = target;
	cpu->in_slot = true;
	cpu->branch_pc = cpu->this_pc;
}

static void branch(struct cpu *cpu, const struct instruction *i, bool taken)
{
	if (!taken) {
		jump(cpu, cpu->this_pc + 8);
		return;
	}
	jump(cpu, cpu->this_pc + 4 + (i->offset << 2));
	if (unlikely(i->word == SELF_BRANCH))
		rest_notice_loop(cpu);
}

static void load(struct cpu *cpu, const struct instruction *i, uint32_t address)
{
	uint32_t word;

	if (read_word(cpu, address, access_alignment[i->op & 7], &word))
		leave_pending(cpu, PENDING_GENERAL, i->rt,
			      load_result(i->op, word, address, cpu->r[i->rt]));
}

/* ---- the instructions */

static void multiply_divide(struct cpu *cpu, uint32_t function, uint32_t a, uint32_t b)
{
	uint32_t by_zero = cpu->machine->variant->zero_quotient;
	uint64_t product;

	switch (function) {
	case FN_MULT:
		product = (uint64_t)((int64_t)(int32_t)a * (int32_t)b);
		break;
	case FN_MULTU:
		product = (uint64_t)a * b;
		break;
	case FN_DIV:
		if (b == 0)
			product = by_zero;
		else if (a == 0x80000000 && b == 0xFFFFFFFF)
			product = a;
		else
			product = (uint64_t)(uint32_t)((int32_t)a % (int32_t)b) << 32 |
				  (uint32_t)((int32_t)a / (int32_t)b);
		break;
	default:
		product = b == 0 ? by_zero : (uint64_t)(a % b) << 32 | a / b;
	}
	cpu->hi = (uint32_t)(product >> 32);
	cpu->lo = (uint32_t)product;
}

static void add(struct cpu *cpu, uint32_t reg, uint32_t a, uint32_t b)
{
	int32_t sum;

	if (__builtin_add_overflow((int32_t)a, (int32_t)b, &sum))
		exception(cpu, EXC_OV);
	else
		result(cpu, reg, (uint32_t)sum);
}

static void subtract(struct cpu *cpu, uint32_t reg, uint32_t a, uint32_t b)
{
	int32_t difference;

	if (__builtin_sub_overflow((int32_t)a, (int32_t)b, &difference))
		exception(cpu, EXC_OV);
	else
		result(cpu, reg, (uint32_t)difference);
}

static void compare_and_set(struct cpu *cpu, const struct instruction *i, uint32_t address,
			    uint32_t old)
{
	uint32_t done;

	if (mmu_compare_and_set(cpu, address, old, cpu->r[i->rd], &done))
		result(cpu, i->rd, done);
}

const uint32_t special_reserved_bits[64] = {
	[FN_SLL] = RS,
	[FN_SRL] = RS,
	[FN_SRA] = RS,
	[FN_SLLV] = SHAMT,
	[FN_SRLV] = SHAMT,
	[FN_SRAV] = SHAMT,
	[FN_CAS] = SHAMT,
	[FN_JR] = SHAMT | RT | RD,
	[FN_JALR] = SHAMT | RT,
	[FN_MFHI] = SHAMT | RT | RS,
	[FN_MFLO] = SHAMT | RT | RS,
	[FN_MTHI] = SHAMT | RT | RD,
	[FN_MTLO] = SHAMT | RT | RD,
	[FN_MULT] = SHAMT | RD,
	[FN_MULTU] = SHAMT | RD,
	[FN_DIV] = SHAMT | RD,
	[FN_DIVU] = SHAMT | RD,
	[FN_ADD] = SHAMT,
	[FN_ADDU] = SHAMT,
	[FN_SUB] = SHAMT,
	[FN_SUBU] = SHAMT,
	[FN_AND] = SHAMT,
	[FN_OR] = SHAMT,
	[FN_XOR] = SHAMT,
	[FN_NOR] = SHAMT,
	[FN_SLT] = SHAMT,
	[FN_SLTU] = SHAMT,
};

static void special(struct cpu *cpu, const struct instruction *i, uint32_t a, uint32_t b)
{
	if (i->word & special_reserved_bits[i->function]) {
		exception(cpu, EXC_RI);
		return;
	}
	switch (i->function) {
	case FN_SLL:
		result(cpu, i->rd, b << i->shamt);
		break;
	case FN_SRL:
		result(cpu, i->rd, b >> i->shamt);
		break;
	case FN_SRA:
		result(cpu, i->rd, (uint32_t)((int32_t)b >> i->shamt));
		break;
	case FN_SLLV:
		result(cpu, i->rd, b << (a & 31));
		break;
	case FN_SRLV:
		result(cpu, i->rd, b >> (a & 31));
		break;
	case FN_SRAV:
		result(cpu, i->rd, (uint32_t)((int32_t)b >> (a & 31)));
		break;
	case FN_JR:
		jump(cpu, a);
		break;
	case FN_JALR:
		jump(cpu, a);
		result(cpu, i->rd, cpu->this_pc + 8);
		break;
	case FN_CAS:
		compare_and_set(cpu, i, a, b);
		break;
	case FN_SYSCALL:
		exception(cpu, EXC_SYS);
		break;
	case FN_BREAK:
		exception(cpu, EXC_BP);
		break;
	case FN_MFHI:
		result(cpu, i->rd, cpu->hi);
		break;
	case FN_MTHI:
		cpu->hi = a;
		break;
	case FN_MFLO:
		result(cpu, i->rd, cpu->lo);
		break;
	case FN_MTLO:
		cpu->lo = a;
		break;
	case FN_MULT:
	case FN_MULTU:
	case FN_DIV:
	case FN_DIVU:
		multiply_divide(cpu, i->function, a, b);
		break;
	case FN_ADD:
		add(cpu, i->rd, a, b);
		break;
	case FN_ADDU:
		result(cpu, i->rd, a + b);
		break;
	case FN_SUB:
		subtract(cpu, i->rd, a, b);
		break;
	case FN_SUBU:
		result(cpu, i->rd, a - b);
		break;
	case FN_AND:
		result(cpu, i->rd, a & b);
		break;
	case FN_OR:
		result(cpu, i->rd, a | b);
		break;
	case FN_XOR:
		result(cpu, i->rd, a ^ b);
		break;
	case FN_NOR:
		result(cpu, i->rd, ~(a | b));
		break;
	case FN_SLT:
		result(cpu, i->rd, (int32_t)a < (int32_t)b);
		break;
	case FN_SLTU:
		result(cpu, i->rd, a < b);
		break;
	default:
		exception(cpu, EXC_RI);
	}
}

/* The link is written before the comparison: a branch on $31 sees it. */
static void regimm(struct cpu *cpu, const struct instruction *i, uint32_t a)
{
	uint32_t link = cpu->this_pc + 8;
	bool negative = (int32_t)((i->rt & 16) && i->rs == 31 ? link : a) < 0;

	switch (i->rt) {
	case 0:	 /* BLTZ */
	case 16: /* BLTZAL */
		branch(cpu, i, negative);
		break;
	case 1:	 /* BGEZ */
	case 17: /* BGEZAL */
		branch(cpu, i, !negative);
		break;
	default:
		exception(cpu, EXC_RI);
		return;
	}
	if (i->rt & 16)
		cpu->r[31] = link;
}

static void cop0(struct cpu *cpu, const struct instruction *i)
{
	bool plain = (i->word & (SHAMT | 0x3F)) == 0;

	if (!cp0_usable(cpu))
		exception_coprocessor(cpu, 0);
	else if (i->rs == 0 && plain && cp0_readable(i->rd))
		leave_pending(cpu, PENDING_GENERAL, i->rt, cp0_read(cpu, i->rd));
	else if (i->rs == 4 && plain && cp0_readable(i->rd))
		leave_pending(cpu, PENDING_CP0, i->rd, cpu->r[i->rt]);
	else if (i->rs == 4 && plain && i->rd == CP0_TLBCLR)
		cp0_write(cpu, CP0_TLBCLR, 0);
	else if (i->rs == 8 && i->rt <= 1)
		branch(cpu, i, i->rt == 0);
	else if (i->rs & 16)
		cp0_execute(cpu, i->word);
	else
		exception_coprocessor(cpu, 0);
}

static void execute(struct cpu *cpu, const struct instruction *i, uint32_t a, uint32_t b)
{
	switch (i->op) {
	case OP_SPECIAL:
		special(cpu, i, a, b);
		break;
	case OP_REGIMM:
		regimm(cpu, i, a);
		break;
	case OP_JAL:
		cpu->r[31] = cpu->this_pc + 8;
		/* fall through */
	case OP_J:
		jump(cpu, ((cpu->this_pc + 4) & 0xF0000000) | (i->word << 2 & 0x0FFFFFFC));
		break;
	case OP_BEQ:
		branch(cpu, i, a == b);
		break;
	case OP_BNE:
		branch(cpu, i, a != b);
		break;
	case OP_BLEZ:
	case OP_BGTZ:
		if (i->rt)
			exception(cpu, EXC_RI);
		else
			branch(cpu, i, (i->op == OP_BLEZ) == ((int32_t)a <= 0));
		break;
	case OP_ADDI:
		add(cpu, i->rt, a, i->offset);
		break;
	case OP_ADDIU:
		result(cpu, i->rt, a + i->offset);
		break;
	case OP_SLTI:
		result(cpu, i->rt, (int32_t)a < (int32_t)i->offset);
		break;
	case OP_SLTIU:
		result(cpu, i->rt, a < i->offset);
		break;
	case OP_ANDI:
		result(cpu, i->rt, a & i->immediate);
		break;
	case OP_ORI:
		result(cpu, i->rt, a | i->immediate);
		break;
	case OP_XORI:
		result(cpu, i->rt, a ^ i->immediate);
		break;
	case OP_LUI:
		if (i->rs)
			exception(cpu, EXC_RI);
		else
			result(cpu, i->rt, i->immediate << 16);
		break;
	case OP_COP0:
		cop0(cpu, i);
		break;
	case OP_LB:
	case OP_LH:
	case OP_LWL:
	case OP_LW:
	case OP_LBU:
	case OP_LHU:
	case OP_LWR:
		load(cpu, i, a + i->offset);
		break;
	case OP_SB:
	case OP_SH:
	case OP_SWL:
	case OP_SW:
	case OP_SWR:
		store_value(cpu, i->op, a + i->offset, b);
		break;
	default: /* section 3.2: other coprocessors, their branches, loads and stores; the rest is
		    reserved */
		if ((i->op >= 17 && i->op <= 23) || (i->op >= 48 && i->op <= 51) ||
		    (i->op >= 56 && i->op <= 59))
			exception_coprocessor(cpu, i->op & 3);
		else
			exception(cpu, EXC_RI);
	}
}

/*
 * With a value pending: memory and MFC0/MTC0 instructions wait for it, COP0 operations run before
 * it arrives, all others read their operands before and write their results after.
 */
static void execute_after_pending(struct cpu *cpu, const struct instruction *i)
{
	bool move = i->op == OP_COP0 && (i->rs == 0 || i->rs == 4);
	uint32_t a = cpu->r[i->rs], b = cpu->r[i->rt];

	if (i->op == OP_COP0 && !move) {
		execute(cpu, i, a, b);
		pending_complete(cpu);
	} else {
		pending_complete(cpu);
		if (i->op >= OP_LB || move) {
			a = cpu->r[i->rs];
			b = cpu->r[i->rt];
		}
		execute(cpu, i, a, b);
	}
}

static inline void one_instruction(struct cpu *cpu)
{
	struct instruction i;
	uint32_t word;

	cpu->this_pc = cpu->pc;
	cpu->this_slot = cpu->in_slot;
	cpu->this_branch = cpu->branch_pc;
	if (likely(fetch_word(cpu, &word))) {
		cpu->pc = cpu->next_pc;
		cpu->next_pc = cpu->pc + 4;
		cpu->in_slot = false;
		i = decode(word);
		if (unlikely(cpu->pending))
			execute_after_pending(cpu, &i);
		else
			execute(cpu, &i, cpu->r[i.rs], cpu->r[i.rt]);
	}
	cpu->instructions++;
	if (unlikely(cpu->interrupt))
		exception_interrupt(cpu);
}

static void observe(struct cpu *cpu)
{
	struct umps *m = cpu->machine;
	uint32_t word;

	if (umps_read_virtual(m, cpu->number, -1, cpu->pc, &word, sizeof(word)) != sizeof(word))
		word = 0;
	m->observer->instruction(m->observer->context, cpu->number, cpu->pc, word);
}

/* Waking up takes the cycle in which it is noticed; an enabled interrupt is taken at its end. */
static void wake(struct cpu *cpu)
{
	cpu->state = UMPS_CPU_RUNNING;
	cpu->woken = false;
	machine_break(cpu->machine);
	if (cpu->interrupt)
		exception_interrupt(cpu);
}

static inline void one_cycle(struct cpu *cpu)
{
	if (likely(cpu->state == UMPS_CPU_RUNNING))
		one_instruction(cpu);
	else if (cpu->woken)
		wake(cpu);
}

void interpret_cycle(struct cpu *cpu)
{
	const struct umps *m = cpu->machine;

	if (m->observer && m->observer->instruction && cpu->state == UMPS_CPU_RUNNING &&
	    !m->replaying)
		observe(cpu);
	one_cycle(cpu);
}

__attribute__((flatten)) void interpret_until_horizon(struct umps *m, struct cpu *cpu)
{
	while (m->tod < m->horizon) {
		m->tod++;
		one_instruction(cpu);
	}
}

__attribute__((flatten)) void interpret_in_turns(struct umps *m)
{
	while (m->tod < m->horizon) {
		m->tod++;
		for (int i = 0; i < m->n_cpus; i++)
			one_cycle(&m->cpus[i]);
	}
}
