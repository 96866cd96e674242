/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One block of guest instructions to x86-64 code.
 *
 * The code first takes its length from the ticks left; if they do not suffice it leaves, so no
 * event is ever due inside. Loads and stores look at the fast pages and otherwise call
 * translated_load() or translated_store() from a detour behind the code; the detour first stores
 * all changed registers, so that an exception finds the exact state. Ways out to known addresses
 * are jumps that can be joined to the next block; indirect ones are looked up.
 */
#include <stddef.h>

#include "umps/translator/block.h"
#include "umps/translator/registers.h"

#define OFFSET(field) ((int32_t)offsetof(struct cpu, field))
#define MAX_DETOURS   (MAX_LENGTH + 2)

_Static_assert(offsetof(struct cpu, r) == 0, "general registers come first");
_Static_assert(offsetof(struct cpu, hi) == 4 * GUEST_HI && offsetof(struct cpu, lo) == 4 * GUEST_LO,
	       "HI and LO follow them");
_Static_assert(sizeof(struct fast_page) == 16 && FAST_PAGES == 256,
	       "the index is computed by shift and mask");
_Static_assert(sizeof(struct known_jump) == 16 && KNOWN_JUMPS == 256, "here too");

/* A call out of line. */
struct detour {
	uint8_t *jump, *back;
	struct cached cached[N_CACHED];
	const void *function;
	uint32_t pc;
	struct site site;
	int value;	 /* host register with the store's value or the load's old one; -1 none */
	int result;	 /* host register that gets the load's value; -1 none */
	bool needs_next; /* a store in a delay slot: R13 is what comes after it */
};

struct context {
	struct translator *t;
	struct block *b;
	struct emitter e;
	struct registers r;
	int n; /* instruction being translated */
	uint32_t pc;
	bool slot, last; /* in the delay slot; the last one, which leaves its load pending */
	struct detour detours[MAX_DETOURS];
	int n_detours;
};

static struct detour *add_detour(struct context *c, const void *function,
				 const struct instruction *i)
{
	struct detour *s = &c->detours[c->n_detours++];

	*s = (struct detour){.function = function,
			     .pc = c->pc,
			     .site = {.after = (uint8_t)(c->b->length - 1 - c->n),
				      .slot = c->slot,
				      .op = (uint8_t)i->op},
			     .value = -1,
			     .result = -1};
	memcpy(s->cached, c->r.cached, sizeof(s->cached));
	return s;
}

/* ---- memory */

/* EAX = rs + offset; then RAX = its host address, or to the detour. */
static void address(struct context *c, const struct instruction *i)
{
	emit_lea(&c->e, RAX, register_use(&c->r, (int)i->rs), (int32_t)i->offset);
}

static uint8_t *look_up(struct context *c, uint32_t op, bool write)
{
	struct emitter *e = &c->e;
	uint8_t *miss;

	if (op == OP_LWL || op == OP_LWR || op == OP_SWL || op == OP_SWR)
		return emit_jump(e);
	emit_mov(e, RCX, RAX);
	emit_shift(e, SHIFT_RIGHT, RCX, 8);
	emit_alu_constant(e, ALU_AND, RCX, 0xFF0);
	emit_mov(e, RDX, RAX);
	emit_alu_constant(e, ALU_AND, RDX, ~(UMPS_PAGE - 1) | (access_alignment[op & 7] - 1u));
	emit_indexed(e, false, 0x3B, RDX, FAST, RCX, write ? offsetof(struct fast_page, write) : 0);
	miss = emit_jump_if(e, CC_NE);
	emit_indexed(e, true, 0x03, RAX, FAST, RCX, offsetof(struct fast_page, host));
	return miss;
}

static void leave_pending(struct context *c, uint32_t reg, int host)
{
	struct emitter *e = &c->e;

	if (!reg)
		return;
	emit_memory(e, false, STORE32, host, CPU, OFFSET(pending_value));
	emit_store_constant(e, true, CPU, OFFSET(pending_register), reg);
	emit_store_constant(e, true, CPU, OFFSET(pending), PENDING_GENERAL);
}

static void translate_load(struct context *c, const struct instruction *i)
{
	static const unsigned moves[8] = {LOAD8_SIGNED, LOAD16_SIGNED, 0, LOAD32,
					  LOAD8,	LOAD16,	       0, 0};
	bool partial = i->op == OP_LWL || i->op == OP_LWR, lost = i->rt == 0 || c->last;
	int old = partial ? register_use(&c->r, (int)i->rt) : -1, to;
	struct detour *s;

	address(c, i);
	to = lost ? RDX : register_claim(&c->r, (int)i->rt);
	s = add_detour(c, translated_load, i);
	s->value = old;
	s->result = to;
	s->jump = look_up(c, i->op, false);
	if (!partial)
		emit_memory(&c->e, false, moves[i->op & 7], to, RAX, 0);
	s->back = c->e.at;
	if (!lost)
		register_defined(&c->r, (int)i->rt, to);
	else if (c->last)
		leave_pending(c, i->rt, RDX);
}

static void translate_store(struct context *c, const struct instruction *i)
{
	static const unsigned moves[8] = {STORE8, STORE16, 0, STORE32, 0, 0, 0, 0};
	int value = register_use(&c->r, (int)i->rt);
	struct detour *s;

	address(c, i);
	s = add_detour(c, translated_store, i);
	s->value = value;
	s->needs_next = c->slot;
	s->jump = look_up(c, i->op, true);
	if (moves[i->op & 7])
		emit_memory(&c->e, false, moves[i->op & 7], value, RAX, 0);
	s->back = c->e.at;
}

static void emit_detour(struct context *c, const struct detour *s)
{
	struct emitter *e = &c->e;
	uint8_t *leave;
	uint32_t site;

	memcpy(&site, &s->site, sizeof(site));
	emit_target(e, s->jump);
	registers_store(e, s->cached);
	if (s->needs_next)
		emit_memory(e, false, STORE32, BRANCH, CPU, OFFSET(next_pc));
	if (s->value >= 0)
		emit_mov(e, RDX, s->value);
	emit_mov64(e, RDI, CPU);
	emit_mov(e, RSI, RAX);
	emit_constant(e, RCX, site);
	emit_constant(e, R8, s->pc);
	emit_mov(e, R9, TICKS);
	emit_call(e, s->function);
	emit_test64(e, RAX);
	leave = emit_jump_if(e, CC_S);
	if (s->result >= 0)
		emit_mov(e, s->result, RAX);
	registers_load(e, s->cached, s->result);
	if (s->back && !e->full)
		emit_patch(emit_jump(e), s->back);
	emit_target(e, leave);
	emit_lea(e, TICKS, TICKS, s->site.after);
	emit_constant(e, RDX, 0);
	if (!e->full)
		emit_patch(emit_jump(e), c->t->leave);
}

/* ---- arithmetic */

/* to = a OP b for commutative OP */
static void commutative(struct context *c, enum alu op, int to, int a, int b)
{
	if (to == b) {
		emit_alu(&c->e, op, to, a);
		return;
	}
	emit_mov(&c->e, to, a);
	emit_alu(&c->e, op, to, b);
}

static void subtract(struct context *c, int to, int a, int b)
{
	if (to == b && to != a) {
		emit_unary(&c->e, 3, to); /* neg */
		emit_alu(&c->e, ALU_ADD, to, a);
		return;
	}
	emit_mov(&c->e, to, a);
	emit_alu(&c->e, ALU_SUB, to, b);
}

/* The result is made in EAX, so that the operands survive an overflow. */
static void trapping(struct context *c, const struct instruction *i, enum alu op, int a, int b,
		     uint32_t rd)
{
	struct detour *s;

	emit_mov(&c->e, RAX, a);
	if (b >= 0)
		emit_alu(&c->e, op, RAX, b);
	else
		emit_alu_constant(&c->e, op, RAX, i->offset);
	s = add_detour(c, translated_overflow, i);
	s->jump = emit_jump_if(&c->e, CC_O);
	if (rd)
		emit_mov(&c->e, register_define(&c->r, (int)rd), RAX);
}

static void compare(struct context *c, enum condition cc, uint32_t rd)
{
	emit_set(&c->e, cc, RAX);
	if (rd)
		emit_mov(&c->e, register_define(&c->r, (int)rd), RAX);
}

static void define_pair(struct context *c, int lo, int hi)
{
	emit_mov(&c->e, register_define(&c->r, GUEST_LO), lo);
	emit_mov(&c->e, register_define(&c->r, GUEST_HI), hi);
}

/* Section 3.3: division by zero gives a constant and 0; by -1 it is a negation. */
static void divide(struct context *c, bool is_signed, int a, int b)
{
	struct emitter *e = &c->e;
	uint8_t *zero, *minus_one = NULL, *done[2] = {NULL, NULL};

	emit_mov(e, RCX, b);
	emit_test(e, RCX, RCX);
	zero = emit_jump_if(e, CC_E);
	emit_mov(e, RAX, a);
	if (is_signed) {
		emit_alu_constant(e, ALU_CMP, RCX, 0xFFFFFFFF);
		minus_one = emit_jump_if(e, CC_E);
		emit8(e, 0x99); /* cdq */
		emit_unary(e, 7, RCX);
	} else {
		emit_constant(e, RDX, 0);
		emit_unary(e, 6, RCX);
	}
	done[0] = emit_jump(e);
	emit_target(e, zero);
	emit_constant(e, RAX, c->t->machine->variant->zero_quotient);
	emit_constant(e, RDX, 0);
	if (is_signed) {
		done[1] = emit_jump(e);
		emit_target(e, minus_one);
		emit_unary(e, 3, RAX);
		emit_constant(e, RDX, 0);
		emit_target(e, done[1]);
	}
	emit_target(e, done[0]);
	define_pair(c, RAX, RDX);
}

static void shift_constant(struct context *c, enum shift op, const struct instruction *i)
{
	int from = register_use(&c->r, (int)i->rt), to = register_define(&c->r, (int)i->rd);

	emit_mov(&c->e, to, from);
	if (i->shamt)
		emit_shift(&c->e, op, to, i->shamt);
}

static void shift_variable(struct context *c, enum shift op, const struct instruction *i)
{
	int count = register_use(&c->r, (int)i->rs), from = register_use(&c->r, (int)i->rt), to;

	emit_mov(&c->e, RCX, count);
	to = register_define(&c->r, (int)i->rd);
	emit_mov(&c->e, to, from);
	emit_shift_variable(&c->e, op, to);
}

static void move(struct context *c, int to_guest, int from_guest)
{
	int from = register_use(&c->r, from_guest);

	emit_mov(&c->e, register_define(&c->r, to_guest), from);
}

static void three_registers(struct context *c, const struct instruction *i)
{
	int a = register_use(&c->r, (int)i->rs), b = register_use(&c->r, (int)i->rt), to;

	switch (i->function) {
	case FN_SLT:
	case FN_SLTU:
		emit_alu(&c->e, ALU_CMP, a, b);
		compare(c, i->function == FN_SLT ? CC_L : CC_B, i->rd);
		return;
	case FN_ADD:
		trapping(c, i, ALU_ADD, a, b, i->rd);
		return;
	case FN_SUB:
		trapping(c, i, ALU_SUB, a, b, i->rd);
		return;
	default:
		break;
	}
	to = register_define(&c->r, (int)i->rd);
	switch (i->function) {
	case FN_ADDU:
		commutative(c, ALU_ADD, to, a, b);
		break;
	case FN_SUBU:
		subtract(c, to, a, b);
		break;
	case FN_AND:
		commutative(c, ALU_AND, to, a, b);
		break;
	case FN_XOR:
		commutative(c, ALU_XOR, to, a, b);
		break;
	default: /* OR, NOR */
		commutative(c, ALU_OR, to, a, b);
		if (i->function == FN_NOR)
			emit_unary(&c->e, 2, to); /* not */
	}
}

static void translate_special(struct context *c, const struct instruction *i)
{
	int a, b;

	switch (i->function) {
	case FN_SLL:
		shift_constant(c, SHIFT_LEFT, i);
		break;
	case FN_SRL:
		shift_constant(c, SHIFT_RIGHT, i);
		break;
	case FN_SRA:
		shift_constant(c, SHIFT_ARITHMETIC, i);
		break;
	case FN_SLLV:
		shift_variable(c, SHIFT_LEFT, i);
		break;
	case FN_SRLV:
		shift_variable(c, SHIFT_RIGHT, i);
		break;
	case FN_SRAV:
		shift_variable(c, SHIFT_ARITHMETIC, i);
		break;
	case FN_MFHI:
	case FN_MFLO:
		move(c, (int)i->rd, i->function == FN_MFHI ? GUEST_HI : GUEST_LO);
		break;
	case FN_MTHI:
	case FN_MTLO:
		move(c, i->function == FN_MTHI ? GUEST_HI : GUEST_LO, (int)i->rs);
		break;
	case FN_MULT:
	case FN_MULTU:
		a = register_use(&c->r, (int)i->rs);
		b = register_use(&c->r, (int)i->rt);
		emit_mov(&c->e, RAX, a);
		emit_unary(&c->e, i->function == FN_MULT ? 5 : 4, b);
		define_pair(c, RAX, RDX);
		break;
	case FN_DIV:
	case FN_DIVU:
		a = register_use(&c->r, (int)i->rs);
		b = register_use(&c->r, (int)i->rt);
		divide(c, i->function == FN_DIV, a, b);
		break;
	default:
		three_registers(c, i);
	}
}

static void translate_immediate(struct context *c, const struct instruction *i)
{
	int a, to;

	if (i->op == OP_LUI) {
		emit_constant(&c->e, register_define(&c->r, (int)i->rt), i->immediate << 16);
		return;
	}
	if (i->rs == 0 && (i->op == OP_ADDIU || i->op == OP_ORI)) {
		emit_constant(&c->e, register_define(&c->r, (int)i->rt),
			      i->op == OP_ORI ? i->immediate : i->offset);
		return;
	}
	a = register_use(&c->r, (int)i->rs);
	switch (i->op) {
	case OP_ADDI:
		trapping(c, i, ALU_ADD, a, -1, i->rt);
		return;
	case OP_SLTI:
	case OP_SLTIU:
		emit_alu_constant(&c->e, ALU_CMP, a, i->offset);
		compare(c, i->op == OP_SLTI ? CC_L : CC_B, i->rt);
		return;
	default:
		break;
	}
	to = register_define(&c->r, (int)i->rt);
	if (i->op == OP_ADDIU) {
		if (to == a)
			emit_alu_constant(&c->e, ALU_ADD, to, i->offset);
		else
			emit_lea(&c->e, to, a, (int32_t)i->offset);
		return;
	}
	emit_mov(&c->e, to, a);
	emit_alu_constant(&c->e,
			  i->op == OP_ANDI  ? ALU_AND
			  : i->op == OP_ORI ? ALU_OR
					    : ALU_XOR,
			  to, i->immediate);
}

static void translate_plain(struct context *c, const struct instruction *i)
{
	switch (classify(i)) {
	case CLASS_LOAD:
		translate_load(c, i);
		break;
	case CLASS_STORE:
		translate_store(c, i);
		break;
	default:
		if (i->op == OP_SPECIAL)
			translate_special(c, i);
		else
			translate_immediate(c, i);
	}
}

/* ---- ways out */

static void emit_link(struct context *c, struct link *link, uint8_t *distance, uint32_t pc,
		      uint8_t pending)
{
	*link = (struct link){.from = c->b, .distance = distance, .pc = pc, .pending = pending};
}

static void emit_link_detour(struct context *c, struct link *link)
{
	struct emitter *e = &c->e;

	link->detour = e->at;
	emit_target(e, link->distance);
	emit_store_constant(e, false, CPU, OFFSET(pc), link->pc);
	emit_constant64(e, RDX, (uint64_t)(uintptr_t)link);
	if (!e->full)
		emit_patch(emit_jump(e), c->t->leave);
}

/* To the address in R13: known jumps are tried before leaving. */
static void emit_indirect(struct context *c, uint8_t pending)
{
	struct emitter *e = &c->e;
	uint8_t *miss;

	emit_mov(e, RAX, BRANCH);
	if (pending) {
		emit_constant64(e, RDX, (uint64_t)pending << 32);
		emit_or64(e, RAX, RDX);
	}
	emit_memory(e, true, 0x0B, RAX, CPU, OFFSET(entered_tag));
	emit_mov(e, RCX, BRANCH);
	emit_shift(e, SHIFT_LEFT, RCX, 2);
	emit_alu_constant(e, ALU_AND, RCX, 0xFF0);
	emit_memory(e, true, LOAD32, RDX, CPU, OFFSET(known_jumps));
	emit_indexed(e, true, 0x3B, RAX, RDX, RCX, offsetof(struct known_jump, key));
	miss = emit_jump_if(e, CC_NE);
	emit_indexed(e, false, 0xFF, 4, RDX, RCX, offsetof(struct known_jump, code));
	emit_target(e, miss);
	emit_memory(e, false, STORE32, BRANCH, CPU, OFFSET(pc));
	emit_constant(e, RDX, 0);
	if (!e->full)
		emit_patch(emit_jump(e), c->t->leave);
}

/* Sets the flags for a conditional branch. */
static enum condition test_condition(struct context *c, const struct instruction *i)
{
	int a = register_use(&c->r, (int)i->rs);

	switch (i->op) {
	case OP_BEQ:
	case OP_BNE:
		if (i->rt == 0)
			emit_test(&c->e, a, a);
		else
			emit_alu(&c->e, ALU_CMP, a, register_use(&c->r, (int)i->rt));
		return i->op == OP_BEQ ? CC_E : CC_NE;
	case OP_BLEZ:
		emit_test(&c->e, a, a);
		return CC_LE;
	case OP_BGTZ:
		emit_test(&c->e, a, a);
		return CC_G;
	default:
		emit_test(&c->e, a, a);
		return i->rt & 1 ? CC_GE : CC_L;
	}
}

/* Does the slot change what the branch looks at? */
static bool slot_interferes(const struct instruction *branch, const struct instruction *slot,
			    enum instruction_class class)
{
	uint32_t written = slot->op == OP_SPECIAL ? slot->rd : slot->rt;

	return class == CLASS_STORE || (branch->op == OP_REGIMM && (branch->rt & 16)) ||
	       written == branch->rs || written == branch->rt;
}

static void translate_slot(struct context *c, const struct instruction *slot)
{
	c->n++;
	c->pc += 4;
	c->slot = c->last = true;
	translate_plain(c, slot);
}

static void translate_jump(struct context *c, const struct instruction *i,
			   const struct instruction *slot, uint8_t pending)
{
	bool indirect = i->op == OP_SPECIAL;
	uint32_t target = ((c->pc + 4) & 0xF0000000) | (i->word << 2 & 0x0FFFFFFC),
		 after = c->pc + 8;

	if (indirect)
		emit_mov(&c->e, BRANCH, register_use(&c->r, (int)i->rs));
	else if (classify(slot) == CLASS_STORE)
		emit_constant(&c->e, BRANCH, target);
	if (i->op == OP_JAL)
		emit_constant(&c->e, register_define(&c->r, 31), after);
	else if (indirect && i->function == FN_JALR)
		emit_constant(&c->e, register_define(&c->r, (int)i->rd), after);
	translate_slot(c, slot);
	registers_store(&c->e, c->r.cached);
	if (indirect)
		emit_indirect(c, pending);
	else
		emit_link(c, &c->b->out[0], emit_jump(&c->e), target, pending);
}

static void translate_branch(struct context *c, const struct instruction *i,
			     const struct instruction *slot, uint8_t pending)
{
	uint32_t target = c->pc + 4 + (i->offset << 2), after = c->pc + 8;
	enum condition cc;

	if (slot_interferes(i, slot, classify(slot))) {
		if (i->op == OP_REGIMM && (i->rt & 16))
			emit_constant(&c->e, register_define(&c->r, 31), after);
		emit_constant(&c->e, BRANCH, after);
		emit_constant(&c->e, RAX, target);
		cc = test_condition(c, i);
		emit_conditional_move(&c->e, cc, BRANCH, RAX);
		translate_slot(c, slot);
		registers_store(&c->e, c->r.cached);
		emit_alu_constant(&c->e, ALU_CMP, BRANCH, target);
		cc = CC_E;
	} else {
		translate_slot(c, slot);
		cc = test_condition(c, i);
		registers_store(&c->e, c->r.cached);
	}
	emit_link(c, &c->b->out[0], emit_jump_if(&c->e, cc), target, pending);
	emit_link(c, &c->b->out[1], emit_jump(&c->e), after, pending);
}

/* ---- the block */

static struct instruction instruction_at(const struct block *b, int n)
{
	uint32_t word;

	memcpy(&word, b->host + 4 * n, sizeof(word));
	return decode(word);
}

static void translate_end(struct context *c, bool branch, uint8_t pending)
{
	struct instruction i, slot;

	if (!branch) {
		registers_store(&c->e, c->r.cached);
		emit_link(c, &c->b->out[0], emit_jump(&c->e), c->b->pc + 4u * c->b->length,
			  pending);
		return;
	}
	i = instruction_at(c->b, c->b->length - 2);
	slot = instruction_at(c->b, c->b->length - 1);
	if (i.op == OP_SPECIAL || i.op == OP_J || i.op == OP_JAL)
		translate_jump(c, &i, &slot, pending);
	else
		translate_branch(c, &i, &slot, pending);
}

/* The start: take the ticks or leave; let the load before arrive. */
static uint8_t *translate_start(struct context *c)
{
	struct emitter *e = &c->e;
	uint8_t *too_few;

	emit_alu_constant(e, ALU_SUB, TICKS, c->b->length);
	too_few = emit_jump_if(e, CC_L);
	if (c->b->pending) {
		emit_memory(e, false, LOAD32, register_define(&c->r, c->b->pending), CPU,
			    OFFSET(pending_value));
		emit_store_constant(e, true, CPU, OFFSET(pending), PENDING_NOTHING);
	}
	return too_few;
}

static void emit_too_few(struct context *c, uint8_t *too_few)
{
	struct emitter *e = &c->e;

	emit_target(e, too_few);
	emit_alu_constant(e, ALU_ADD, TICKS, c->b->length);
	emit_store_constant(e, false, CPU, OFFSET(pc), c->b->pc);
	emit_constant(e, RDX, 0);
	if (!e->full)
		emit_patch(emit_jump(e), c->t->leave);
}

bool block_translate(struct translator *t, struct block *b, bool branch)
{
	struct context c = {.t = t, .b = b, .pc = b->pc};
	struct instruction last = instruction_at(b, b->length - 1);
	uint8_t pending = classify(&last) == CLASS_LOAD ? (uint8_t)last.rt : 0, *too_few;
	int straight = b->length - (branch ? 2 : 0);

	c.e = (struct emitter){.at = t->code_at, .end = t->code + CODE_BYTES};
	registers_start(&c.r, &c.e);
	b->code = c.e.at;
	too_few = translate_start(&c);
	for (c.n = 0; c.n < straight; c.n++, c.pc += 4) {
		struct instruction i = instruction_at(b, c.n);

		c.last = c.n == b->length - 1;
		translate_plain(&c, &i);
	}
	translate_end(&c, branch, pending);
	for (int n = 0; n < c.n_detours; n++)
		emit_detour(&c, &c.detours[n]);
	for (int n = 0; n < 2; n++)
		if (b->out[n].from)
			emit_link_detour(&c, &b->out[n]);
	emit_too_few(&c, too_few);
	if (c.e.full)
		return false;
	t->code_at = c.e.at;
	return true;
}
