/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fetches, loads and stores as both engines do them: the fast pages first, then sub-word rules
 * (section 3.5).
 */
#ifndef UMPS_MACHINE_ACCESS_H
#define UMPS_MACHINE_ACCESS_H

#include "umps/machine/instruction.h"
#include "umps/machine/machine.h"

/* Alignment that a load or store needs, by the low bits of its opcode. */
static const uint8_t access_alignment[8] = {1, 2, 1, 4, 1, 2, 1, 4};

static inline uint8_t *fast_memory(uint32_t tag, uintptr_t host, uint32_t address,
				   uint32_t alignment)
{
	return likely(tag == (address & (~(UMPS_PAGE - 1) | (alignment - 1))))
		       ? (uint8_t *)(host + (address & ~3u))
		       : NULL;
}

/* The instruction at this_pc; false: an exception was entered. */
static inline bool fetch_word(struct cpu *cpu, uint32_t *word)
{
	uint32_t offset = cpu->this_pc - cpu->fetch_base;

	if (unlikely(offset >= cpu->fetch_size || (offset & 3)))
		return mmu_fetch(cpu, word);
	memcpy(word, cpu->fetch_host + offset, sizeof(*word));
	return true;
}

static inline bool read_word(struct cpu *cpu, uint32_t address, uint32_t alignment, uint32_t *word)
{
	const struct fast_page *page = &cpu->fast[address / UMPS_PAGE % FAST_PAGES];
	const uint8_t *memory = fast_memory(page->read, page->host, address, alignment);

	if (!memory)
		return mmu_read(cpu, address, alignment, word);
	memcpy(word, memory, sizeof(*word));
	return true;
}

/* What load OP gives for WORD at ADDRESS; OLD is the register's value, of which LWL and LWR keep a
 * part. */
static inline uint32_t load_result(uint32_t op, uint32_t word, uint32_t address, uint32_t old)
{
	uint32_t shift = address % 4 * 8;

	switch (op) {
	case OP_LB:
		return (uint32_t)(int8_t)(word >> shift);
	case OP_LBU:
		return (uint8_t)(word >> shift);
	case OP_LH:
		return (uint32_t)(int16_t)(word >> shift);
	case OP_LHU:
		return (uint16_t)(word >> shift);
	case OP_LWL: /* the word's low bytes become the register's high ones */
		return word << (24 - shift) | (old & ((1u << (24 - shift)) - 1));
	case OP_LWR:
		return word >> shift | (old & ~(0xFFFFFFFFu >> shift));
	default:
		return word;
	}
}

/* Store OP of VALUE at ADDRESS; false: an exception was entered. */
static inline bool store_value(struct cpu *cpu, uint32_t op, uint32_t address, uint32_t value)
{
	const struct fast_page *page = &cpu->fast[address / UMPS_PAGE % FAST_PAGES];
	uint32_t shift = address % 4 * 8, mask, old, alignment = access_alignment[op & 7];
	uint8_t *memory;

	switch (op) {
	case OP_SB:
		mask = 0xFFu << shift;
		value <<= shift;
		break;
	case OP_SH:
		mask = 0xFFFFu << shift;
		value <<= shift;
		break;
	case OP_SWL:
		mask = 0xFFFFFFFFu >> (24 - shift);
		value >>= 24 - shift;
		break;
	case OP_SWR:
		mask = 0xFFFFFFFFu << shift;
		value <<= shift;
		break;
	default:
		mask = 0xFFFFFFFFu;
	}
	memory = fast_memory(page->write, page->host, address, alignment);
	if (!memory)
		return op == OP_SW ? mmu_write(cpu, address, value)
				   : mmu_merge(cpu, address, alignment, mask, value);
	memcpy(&old, memory, sizeof(old));
	value = (old & ~mask) | (value & mask);
	memcpy(memory, &value, sizeof(value));
	return true;
}

#endif
