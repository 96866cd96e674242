/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which instructions can be translated, and where a block must end.
 *
 * Exact delayed loads: code writes a loaded register at once, which is right unless the next
 * instruction reads its operands before the value arrives. A block ends before such a pair; the
 * interpreter takes it from there.
 */
#include "umps/translator/block.h"

static enum instruction_class classify_special(const struct instruction *i)
{
	if (i->word & special_reserved_bits[i->function])
		return CLASS_STOP;
	switch (i->function) {
	case FN_JR:
	case FN_JALR:
		return CLASS_BRANCH;
	case FN_SLL:
	case FN_SRL:
	case FN_SRA:
	case FN_SLLV:
	case FN_SRLV:
	case FN_SRAV:
	case FN_MFHI:
	case FN_MTHI:
	case FN_MFLO:
	case FN_MTLO:
	case FN_MULT:
	case FN_MULTU:
	case FN_DIV:
	case FN_DIVU:
	case FN_ADD:
	case FN_ADDU:
	case FN_SUB:
	case FN_SUBU:
	case FN_AND:
	case FN_OR:
	case FN_XOR:
	case FN_NOR:
	case FN_SLT:
	case FN_SLTU:
		return CLASS_PLAIN;
	default:
		return CLASS_STOP;
	}
}

enum instruction_class classify(const struct instruction *i)
{
	switch (i->op) {
	case OP_SPECIAL:
		return classify_special(i);
	case OP_REGIMM:
		return (i->rt & ~17u) == 0 ? CLASS_BRANCH : CLASS_STOP;
	case OP_BEQ:
		return i->word == SELF_BRANCH ? CLASS_STOP : CLASS_BRANCH;
	case OP_J:
	case OP_JAL:
	case OP_BNE:
		return CLASS_BRANCH;
	case OP_BLEZ:
	case OP_BGTZ:
		return i->rt ? CLASS_STOP : CLASS_BRANCH;
	case OP_LUI:
		return i->rs ? CLASS_STOP : CLASS_PLAIN;
	case OP_ADDI:
	case OP_ADDIU:
	case OP_SLTI:
	case OP_SLTIU:
	case OP_ANDI:
	case OP_ORI:
	case OP_XORI:
		return CLASS_PLAIN;
	case OP_LB:
	case OP_LH:
	case OP_LWL:
	case OP_LW:
	case OP_LBU:
	case OP_LHU:
	case OP_LWR:
		return CLASS_LOAD;
	case OP_SB:
	case OP_SH:
	case OP_SWL:
	case OP_SW:
	case OP_SWR:
		return CLASS_STORE;
	default:
		return CLASS_STOP;
	}
}

/* Would the instruction read REG before a pending value arrives there? */
static bool reads_old(const struct instruction *i, enum instruction_class class, uint32_t reg)
{
	if (!reg || class == CLASS_LOAD || class == CLASS_STORE || i->op == OP_J || i->op == OP_JAL)
		return false;
	return i->rs == reg ||
	       (i->rt == reg && (i->op == OP_SPECIAL || i->op == OP_BEQ || i->op == OP_BNE));
}

static struct instruction fetch(const uint8_t *words, int n)
{
	uint32_t word;

	memcpy(&word, words + 4 * n, sizeof(word));
	return decode(word);
}

int block_reach(const uint8_t *words, uint32_t available, uint8_t pending, bool *branch)
{
	uint32_t loaded = pending;
	int room = (int)(available / 4);

	*branch = false;
	if (room > MAX_LENGTH)
		room = MAX_LENGTH;
	for (int n = 0; n < room; n++) {
		struct instruction i = fetch(words, n), slot;
		enum instruction_class class = classify(&i), slot_class;

		if (reads_old(&i, class, loaded))
			return n ? n - 1 : 0;
		if (class == CLASS_STOP)
			return n;
		if (class == CLASS_BRANCH) {
			if (n + 1 == room)
				return n;
			slot = fetch(words, n + 1);
			slot_class = classify(&slot);
			if (slot_class == CLASS_STOP || slot_class == CLASS_BRANCH)
				return n;
			*branch = true;
			return n + 2;
		}
		loaded = class == CLASS_LOAD ? i.rt : 0;
	}
	return room;
}
