/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running translated code: the loop that finds, enters and joins blocks, and the functions that
 * code calls when it cannot go on alone.
 *
 * While code runs, time is known only as "ticks left"; every call out brings tod and the count of
 * instructions up to date first. Whatever has no block (delayed-load conflicts, COP0, traps, the
 * last ticks before a deadline) goes to the interpreter, one instruction at a time.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "umps/translator/block.h"
#include "umps/translator/registers.h"

/* ---- called by code */

/* The state as the interpreter has it while executing the calling instruction. */
static void synchronize(struct cpu *cpu, struct site site, uint32_t pc, uint32_t ticks)
{
	struct umps *m = cpu->machine;
	struct translator *t = m->translator;
	uint64_t executed = t->time.budget - ticks - site.after;

	m->tod = t->time.tod + executed;
	cpu->instructions = t->time.instructions + executed - 1;
	cpu->this_pc = pc;
	cpu->this_slot = site.slot;
	cpu->this_branch = pc - 4;
}

static struct site site_of(uint32_t word)
{
	struct site site;

	memcpy(&site, &word, sizeof(site));
	return site;
}

uint64_t translated_load(struct cpu *cpu, uint32_t address, uint32_t old, uint32_t site_word,
			 uint32_t pc, uint32_t ticks)
{
	struct site site = site_of(site_word);
	uint32_t word;

	synchronize(cpu, site, pc, ticks);
	if (!read_word(cpu, address, access_alignment[site.op & 7], &word))
		return LEAVE;
	return load_result(site.op, word, address, old);
}

/* A store may ring a device, wake a processor, or change code: then the block ends behind it. */
uint64_t translated_store(struct cpu *cpu, uint32_t address, uint32_t value, uint32_t site_word,
			  uint32_t pc, uint32_t ticks)
{
	struct umps *m = cpu->machine;
	struct site site = site_of(site_word);

	synchronize(cpu, site, pc, ticks);
	if (!store_value(cpu, site.op, address, value))
		return LEAVE;
	if (m->horizon == m->translator->time.horizon && !cpu->interrupt &&
	    !m->translator->time.invalidated)
		return 0;
	cpu->pc = site.slot ? cpu->next_pc : pc + 4;
	cpu->next_pc = cpu->pc + 4;
	if (cpu->interrupt)
		exception_interrupt(cpu);
	return LEAVE;
}

uint64_t translated_overflow(struct cpu *cpu, uint32_t unused1, uint32_t unused2,
			     uint32_t site_word, uint32_t pc, uint32_t ticks)
{
	synchronize(cpu, site_of(site_word), pc, ticks);
	exception(cpu, EXC_OV);
	return LEAVE;
}

/* ---- the loop */

static void interpret_one(struct umps *m, struct cpu *cpu)
{
	m->tod++;
	interpret_cycle(cpu);
}

/* The block at the processor's place; NULL if the interpreter must go first. */
static struct block *next_block(struct translator *t, struct cpu *cpu)
{
	uint32_t offset = cpu->pc - cpu->fetch_base;
	struct block *b;

	if (cpu->in_slot || cpu->interrupt || cpu->pending == PENDING_CP0 ||
	    offset >= cpu->fetch_size || (offset & 3))
		return NULL;
	b = block_find(t, cpu, cpu->fetch_host + offset);
	if (!b)
		b = block_make(t, cpu, cpu->fetch_host + offset, cpu->fetch_size - offset);
	return b && b->length ? b : NULL;
}

static void know_jump(struct cpu *cpu, const struct block *b)
{
	struct known_jump *jump = &cpu->known_jumps[b->pc / 4 % KNOWN_JUMPS];

	jump->key = jump_key(cpu, b->pc, b->pending);
	jump->code = b->code;
}

/*
 * A branch to itself: nothing but time passes, two ticks at a time. One that no interrupt ends is
 * interpreted at first, so that the machine notices (rest.c).
 */
static bool skip_empty_loop(struct umps *m, struct cpu *cpu)
{
	static const uint32_t loop[2] = {SELF_BRANCH, 0};
	uint32_t offset = cpu->pc - cpu->fetch_base;
	uint64_t ticks = (m->horizon - m->tod) & ~1ull;
	bool noticed = cpu->loop_next == cpu->instructions;

	if ((!interruptible(cpu) && !noticed) || cpu->in_slot || cpu->pending || cpu->interrupt ||
	    offset >= cpu->fetch_size || offset + 8 > cpu->fetch_size || (offset & 3) ||
	    memcmp(cpu->fetch_host + offset, loop, sizeof(loop)))
		return false;
	m->tod += ticks;
	cpu->instructions += ticks;
	if (noticed)
		cpu->loop_next = cpu->instructions;
	return ticks != 0;
}

static void enter_block(struct umps *m, struct cpu *cpu, struct block *b, struct link **link)
{
	struct translator *t = m->translator;
	struct entered result;
	uint64_t executed;

	t->time = (struct translator_time){.tod = m->tod,
					   .horizon = m->horizon,
					   .instructions = cpu->instructions,
					   .budget = (uint32_t)(m->horizon - m->tod)};
	cpu->entered_tag = jump_key(cpu, 0, 0);
	result = t->enter(cpu, b->code, t->time.budget);
	executed = t->time.budget - (uint32_t)result.ticks_left;
	m->tod = t->time.tod + executed;
	cpu->instructions = t->time.instructions + executed;
	cpu->next_pc = cpu->pc + 4;
	cpu->in_slot = false;
	*link = t->time.invalidated ? NULL : result.link;
}

void translate_until_horizon(struct umps *m, struct cpu *cpu)
{
	struct translator *t = m->translator;
	struct link *link = NULL;

	while (m->tod < m->horizon) {
		struct block *b = next_block(t, cpu);

		if (!b || b->length > m->horizon - m->tod) {
			link = NULL;
			if (b || !skip_empty_loop(m, cpu))
				interpret_one(m, cpu);
			continue;
		}
		if (link && !t->time.invalidated && link->pc == b->pc &&
		    link->pending == b->pending)
			link_join(t, link, b);
		know_jump(cpu, b);
		enter_block(m, cpu, b, &link);
	}
}

/* ---- making one */

static void emit_glue(struct translator *t)
{
	static const uint8_t saved[] = {RBX, RBP, R12, R13, R14, R15};
	struct emitter e = {.at = t->code, .end = t->code + CODE_BYTES};

	t->enter = (struct entered(*)(struct cpu *, const uint8_t *, uint32_t))(uintptr_t)e.at;
	for (unsigned i = 0; i < sizeof(saved); i++)
		emit_push(&e, saved[i]);
	emit_push(&e, RAX); /* aligns the stack for calls */
	emit_mov64(&e, CPU, RDI);
	emit_mov(&e, TICKS, RDX);
	emit_memory(&e, true, LOAD32, FAST, CPU, offsetof(struct cpu, fast));
	emit_jump_register(&e, RSI);
	t->leave = e.at;
	emit_mov(&e, RAX, TICKS);
	emit_pop(&e, RCX);
	for (int i = sizeof(saved) - 1; i >= 0; i--)
		emit_pop(&e, saved[i]);
	emit8(&e, 0xC3); /* ret */
	t->code_start = t->code_at = e.at;
}

struct translator *translator_new(struct umps *m)
{
#ifdef __x86_64__
	struct translator *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->machine = m;
	t->n_frames = (int)(m->ram_size / UMPS_PAGE) + 1;
	t->blocks = calloc(MAX_BLOCKS, sizeof(*t->blocks));
	t->frame_blocks = calloc((size_t)t->n_frames, sizeof(struct block *));
	t->code_words = calloc((size_t)t->n_frames, sizeof(*t->code_words));
	t->rewrites = calloc((size_t)t->n_frames, 1);
	t->code = mmap(NULL, CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->code == MAP_FAILED)
		t->code = NULL;
	if (!t->blocks || !t->frame_blocks || !t->code_words || !t->rewrites || !t->code ||
	    (m->n_cpus > 1 && !ahead_new(m))) {
		translator_free(t);
		return NULL;
	}
	emit_glue(t);
	for (int i = 0; i < m->n_cpus; i++) {
		m->cpus[i].known_jumps = t->known_jumps[i];
		m->cpus[i].jump_tag = 1ull << 48;
	}
	return t;
#else
	return NULL;
#endif
}

void translator_free(struct translator *t)
{
	if (!t)
		return;
	ahead_free(t->machine);
	if (t->code)
		munmap(t->code, CODE_BYTES);
	free(t->blocks);
	free(t->frame_blocks);
	free(t->code_words);
	free(t->rewrites);
	free(t);
}
