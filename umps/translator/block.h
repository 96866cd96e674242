/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Translated code: straight runs of guest instructions ("blocks") and how they are found and
 * joined.
 *
 * A block is made for a virtual address, the host memory its instructions came from, and the
 * register whose load is still pending when it starts (0: none); it lies within one guest page. It
 * ends behind a branch and its delay slot, or before an instruction that only the interpreter
 * executes. It never ends between a branch and its slot.
 *
 *   block.c       finding, joining, and forgetting blocks whose memory was written
 *   analyze.c     how far a block can reach
 *   translate.c   instructions to code            registers.c   guest registers in host registers
 *   runtime.c     entering code; what it calls    ahead.c       several processors
 */
#ifndef UMPS_TRANSLATOR_BLOCK_H
#define UMPS_TRANSLATOR_BLOCK_H

#include "umps/machine/access.h"
#include "umps/translator/emit.h"

#define MAX_LENGTH   64
#define CODE_BYTES   (8u << 20)
#define CODE_RESERVE (64u << 10) /* more than any block needs */
#define MAX_BLOCKS   16384
#define HASH_SIZE    8192
#define KNOWN_JUMPS  256
#define FRAME_WORDS  (UMPS_PAGE / 4)
#define MAX_REWRITES 200 /* of a page's code, then its code is interpreted */

struct block;

/* A way out of a block to a known address: a jump that goes to a detour that leaves, or to the next
 * block. */
struct link {
	struct block *from, *to; /* to: NULL while not joined */
	uint8_t *distance, *detour;
	uint32_t pc;
	uint8_t pending;
	struct link *next; /* among the links to the same block */
};

struct block {
	uint32_t pc;
	uint8_t pending;
	uint8_t length; /* instructions = ticks; 0: the first instruction must be interpreted */
	bool dead;
	uint8_t vm; /* bit 1 of the processor's mode */
	const uint8_t *host;
	uint8_t *code;
	struct block *next_same_hash, *next_same_frame;
	struct link out[2];
	struct link *in;
};

/* An indirect jump's target and the code there. */
struct known_jump {
	uint64_t key;
	uint8_t *code;
};

/* As of the last entry into code. */
struct translator_time {
	uint64_t tod, horizon, instructions;
	uint32_t budget;
	bool invalidated; /* blocks died since */
};

struct translator {
	struct umps *machine;
	uint8_t *code, *code_at, *code_start; /* code_start: behind the entry and exit glue */
	uint8_t *leave;			      /* the exit glue */
	struct entered (*enter)(struct cpu *cpu, const uint8_t *code, uint32_t ticks);
	struct block *blocks;
	int n_blocks;
	struct block *hash[HASH_SIZE];

	/* by frame of RAM, the BIOS data page last */
	int n_frames;
	struct block **frame_blocks;
	uint32_t (*code_words)[FRAME_WORDS / 32]; /* which words were translated */
	uint8_t *rewrites;

	struct translator_time time;
	struct known_jump known_jumps[UMPS_MAX_CPUS][KNOWN_JUMPS];
};

/* What translated code returns: ticks not used, and the link to join if it left through one. */
struct entered {
	uint64_t ticks_left;
	struct link *link;
};

/* block.c */
struct block *block_find(struct translator *t, struct cpu *cpu, const uint8_t *host);
/* NULL: not now, the interpreter goes on. */
struct block *block_make(struct translator *t, struct cpu *cpu, const uint8_t *host,
			 uint32_t available);
void link_join(struct translator *t, struct link *link, struct block *to);
uint64_t jump_key(const struct cpu *cpu, uint32_t pc, uint8_t pending);

/* ahead.c */
bool ahead_new(struct umps *m);
void ahead_free(struct umps *m);
bool ahead_wrote(const struct umps *m, int frame);
bool ahead_nested(const struct umps *m);

/* analyze.c */
enum instruction_class { CLASS_STOP, CLASS_PLAIN, CLASS_LOAD, CLASS_STORE, CLASS_BRANCH };
enum instruction_class classify(const struct instruction *i);
/* How many instructions from WORDS on form a block; *branch: it ends with a branch and its slot. */
int block_reach(const uint8_t *words, uint32_t available, uint8_t pending, bool *branch);

/* translate.c; false: no room left */
bool block_translate(struct translator *t, struct block *block, bool branch);

/* runtime.c: what translated code calls. Bit 63 of the result: leave the block now. */
#define LEAVE (1ull << 63)
struct site {	       /* which instruction calls; one word in code */
	uint8_t after; /* instructions behind it in the block */
	bool slot;
	uint8_t op, zero;
};
uint64_t translated_load(struct cpu *cpu, uint32_t address, uint32_t old, uint32_t site,
			 uint32_t pc, uint32_t ticks);
uint64_t translated_store(struct cpu *cpu, uint32_t address, uint32_t value, uint32_t site,
			  uint32_t pc, uint32_t ticks);
uint64_t translated_overflow(struct cpu *cpu, uint32_t unused1, uint32_t unused2, uint32_t site,
			     uint32_t pc, uint32_t ticks);

#endif
