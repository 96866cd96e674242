/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Several running processors in translated code, with the results of taking turns by tick.
 *
 * In a *window* of time in which nothing is due, each processor runs ahead through all of it, one
 * after the other. That gives what turns give as long as no processor uses memory that another one
 * writes in the same window. So every use of a page is claimed when it enters the fast pages (which
 * are empty when a window opens):
 *
 *  - A page that only one processor uses, or that is only read, costs nothing more.
 *  - When a claim conflicts, processors have already run too far: all of them, and all memory
 *    written, go back to the start of the window, the page is henceforth claimed word by word, and
 *    the first half of the window runs again. A word on which claims conflict becomes *shared*.
 *  - A use of a shared word at a tick waits until all others have come to that tick: they are run
 *    from there, inside the use. Words that are not used by several processors for some windows
 *    are no longer shared.
 *  - What concerns more than memory (a store to a device register, a timer, code rewritten, a
 *    reason to stop) cuts the window: back to its start, then only up to the tick before, and that
 *    tick in turns.
 *
 * Instructions are not claimed when translated code executes them: stores to words that were
 * translated cut the window, and nothing is translated from a page written in the same window.
 *
 * Where processors share or ring devices so often that windows do not pay, they take turns for a
 * while.
 */
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>

#include "umps/translator/block.h"

#define FIRST_LENGTH   1024u
#define MIN_LENGTH     256u
#define MAX_LENGTH_LOG 17
#define POOR_LENGTH    128u  /* a window cut this early does not pay */
#define POOR_SHARING   24u   /* nor one with a shared use in fewer instructions */
#define MAX_CONFLICTS  8     /* nor one that had to go back that often */
#define FIRST_REST     1024u /* ticks in turns after a poor window, doubled each time */
#define MAX_REST_LOG   6
#define PATIENCE       32 /* windows until something is no longer shared */
#define MAX_BY_WORD    64 /* pages claimed word by word; others are shared as a whole */
#define SAVED_OF_CPU   offsetof(struct cpu, pages)

/* Who uses a page or word in window `window`. */
struct claim {
	uint64_t window;
	uint16_t users;
	int8_t writer;	/* -1 none */
	uint8_t shared; /* windows for which it will still be shared; 0: it is not */
};

struct page_claims {
	struct claim page, *words; /* words: NULL, or shared means only "word by word" */
	uint64_t saved;		   /* the window in which it was copied */
};

struct written {
	uint32_t frame;
	uint8_t bytes[UMPS_PAGE];
};

struct ahead {
	uint64_t window, start, end;
	bool cut;
	jmp_buf retry;
	uint64_t done[UMPS_MAX_CPUS]; /* last tick executed */
	int depth;		      /* processors that stand within a use of a shared word */
	uint8_t *cpus;		      /* as they were at the start */

	struct page_claims *pages; /* by frame, the BIOS data page last */
	uint32_t n_frames, n_by_word;
	struct written *written;
	uint32_t n_written, max_written;

	uint32_t length, poor, rest, shared_uses, conflicts;
};

/* ---- the start of a window, and back to it */

static uint8_t *frame_memory(const struct umps *m, uint32_t frame)
{
	return frame * UMPS_PAGE < m->ram_size ? m->ram + frame * UMPS_PAGE : m->bios_data;
}

static void window_open(struct umps *m)
{
	struct ahead *a = m->ahead;

	a->window++;
	a->n_written = a->shared_uses = 0;
	a->depth = 0;
	for (int i = 0; i < m->n_cpus; i++) {
		a->done[i] = a->start;
		mmu_forget_pages(&m->cpus[i]);
	}
	m->ahead_open = true;
}

static void remember_processors(struct umps *m)
{
	for (int i = 0; i < m->n_cpus; i++)
		memcpy(m->ahead->cpus + SAVED_OF_CPU * (size_t)i, &m->cpus[i], SAVED_OF_CPU);
}

static void go_back(struct umps *m)
{
	struct ahead *a = m->ahead;

	m->ahead_open = false;
	for (int i = 0; i < m->n_cpus; i++) {
		uint64_t tag = m->cpus[i].jump_tag;

		memcpy(&m->cpus[i], a->cpus + SAVED_OF_CPU * (size_t)i, SAVED_OF_CPU);
		m->cpus[i].jump_tag = tag; /* tags are not used twice */
		mmu_flush(&m->cpus[i]);
	}
	for (uint32_t i = 0; i < a->n_written; i++)
		memcpy(frame_memory(m, a->written[i].frame), a->written[i].bytes, UMPS_PAGE);
	m->tod = a->start;
}

/* Ends the window, if one is open, before the tick being executed. */
void ahead_cut(struct umps *m)
{
	struct ahead *a = m->ahead;

	if (!m->ahead_open)
		return;
	a->end = m->tod - 1;
	a->cut = true;
	longjmp(a->retry, 1);
}

/* ---- one processor running ahead of others */

static void run_to(struct umps *m, struct cpu *cpu, uint64_t tick)
{
	struct ahead *a = m->ahead;
	struct translator_time kept = m->translator->time;
	uint64_t tod = m->tod, horizon = m->horizon;

	while (cpu->state == UMPS_CPU_RUNNING && a->done[cpu->number] < tick) {
		m->tod = a->done[cpu->number];
		m->horizon = tick;
		translate_until_horizon(m, cpu);
		a->done[cpu->number] = m->tod;
	}
	m->translator->time = kept;
	m->tod = tod;
	m->horizon = horizon;
}

/* CPU is about to use a shared word: all others come to this moment. */
static void others_catch_up(struct umps *m, const struct cpu *cpu)
{
	struct ahead *a = m->ahead;

	a->done[cpu->number] = m->tod - 1;
	a->shared_uses++;
	a->depth++;
	for (int i = 0; i < m->n_cpus; i++)
		if (i != cpu->number)
			run_to(m, &m->cpus[i], m->tod - (i > cpu->number));
	a->depth--;
}

/* ---- claims */

enum claimed { FREE, SHARED, CONFLICT };

static enum claimed claim(const struct ahead *a, struct claim *c, int cpu, bool write)
{
	uint16_t me = (uint16_t)(1u << cpu);

	if (c->window != a->window) {
		if (c->shared && !(c->users & (c->users - 1)))
			c->shared--;
		c->window = a->window;
		c->users = 0;
		c->writer = -1;
	}
	if (c->shared) {
		c->users |= me;
		if (c->users != me)
			c->shared = PATIENCE;
		return SHARED;
	}
	if (write ? c->users & ~me : c->writer >= 0 && c->writer != cpu)
		return CONFLICT;
	c->users |= me;
	if (write)
		c->writer = (int8_t)cpu;
	return FREE;
}

static void by_word(struct ahead *a, struct page_claims *p)
{
	if (a->n_by_word == MAX_BY_WORD)
		return;
	p->words = calloc(FRAME_WORDS, sizeof(*p->words));
	if (p->words)
		a->n_by_word++;
}

static enum claimed claim_word(struct ahead *a, struct page_claims *p, uint32_t word, int cpu,
			       bool write)
{
	enum claimed result = claim(a, &p->page, cpu, write);

	if (result == FREE && p->words) { /* no longer shared */
		free(p->words);
		p->words = NULL;
		a->n_by_word--;
	}
	if (result == CONFLICT) {
		p->page.shared = PATIENCE;
		by_word(a, p);
	}
	if (result != SHARED || !p->words)
		return result;
	result = claim(a, &p->words[word], cpu, write);
	if (result == CONFLICT)
		p->words[word].shared = PATIENCE;
	return result;
}

static void save_page(struct umps *m, uint32_t frame)
{
	struct ahead *a = m->ahead;

	if (a->pages[frame].saved == a->window)
		return;
	if (a->n_written == a->max_written) {
		uint32_t max = a->max_written ? 2 * a->max_written : 16;
		struct written *more = realloc(a->written, max * sizeof(*more));

		if (!more) {
			ahead_cut(m); /* turns need no copies */
			return;
		}
		a->written = more;
		a->max_written = max;
	}
	a->written[a->n_written].frame = frame;
	memcpy(a->written[a->n_written++].bytes, frame_memory(m, frame), UMPS_PAGE);
	a->pages[frame].saved = a->window;
}

/* The frame of a physical address that can be written, or -1. */
static int frame_at(const struct umps *m, uint32_t physical)
{
	if (physical - UMPS_RAM_BASE < m->ram_size)
		return (int)((physical - UMPS_RAM_BASE) / UMPS_PAGE);
	return physical - BIOS_DATA_BASE < UMPS_PAGE ? (int)(m->ram_size / UMPS_PAGE) : -1;
}

void ahead_use(struct cpu *cpu, uint32_t physical, bool write)
{
	struct umps *m = cpu->machine;
	struct ahead *a = m->ahead;
	int frame = frame_at(m, physical);

	if (frame < 0)
		return;
	switch (claim_word(a, &a->pages[frame], physical % UMPS_PAGE / 4, cpu->number, write)) {
	case CONFLICT: /* and others may follow: try less */
		a->end = ++a->conflicts < MAX_CONFLICTS ? a->start + (a->end - a->start + 1) / 2
							: a->start;
		longjmp(a->retry, 1);
	case SHARED:
		others_catch_up(m, cpu);
		break;
	default:
		break;
	}
	if (write)
		save_page(m, (uint32_t)frame);
}

/* May uses of this page go unseen from now on? */
bool ahead_owns(const struct umps *m, uint32_t physical)
{
	int frame = frame_at(m, physical);

	return frame < 0 || !m->ahead->pages[frame].page.shared;
}

/* Code among shared data is executed word by word, which is as bad as sharing it. */
bool ahead_fetch(struct cpu *cpu, uint32_t physical)
{
	ahead_use(cpu, physical, false);
	if (ahead_owns(cpu->machine, physical))
		return true;
	cpu->machine->ahead->shared_uses++;
	return false;
}

bool ahead_wrote(const struct umps *m, int frame)
{
	return m->ahead_open && m->ahead->pages[frame].saved == m->ahead->window;
}

/* Must code stay where it is, because a processor is about to return to it? */
bool ahead_nested(const struct umps *m)
{
	return m->ahead_open && m->ahead->depth > 0;
}

/* ---- windows */

static bool pays(const struct umps *m, uint64_t ticks)
{
	const struct ahead *a = m->ahead;

	return (!a->cut || ticks >= POOR_LENGTH) && a->conflicts < MAX_CONFLICTS &&
	       a->shared_uses * (uint64_t)POOR_SHARING <= ticks * (uint64_t)m->n_cpus;
}

/* What was learned for the next window. */
static void adapt(struct umps *m)
{
	struct ahead *a = m->ahead;

	if (pays(m, m->tod - a->start)) {
		a->poor = 0;
	} else {
		a->rest = FIRST_REST << a->poor;
		if (a->poor < MAX_REST_LOG)
			a->poor++;
	}
	if (!a->cut && !a->conflicts && a->length < 1u << MAX_LENGTH_LOG)
		a->length *= 2;
	else if ((a->cut || a->conflicts) && a->length > MIN_LENGTH)
		a->length /= 2;
}

static void window_run(struct umps *m)
{
	struct ahead *a = m->ahead;
	uint64_t last = a->start;
	bool running = false;

	window_open(m);
	for (int i = 0; i < m->n_cpus; i++)
		run_to(m, &m->cpus[i], a->end);
	m->ahead_open = false;
	for (int i = 0; i < m->n_cpus; i++) {
		running |= m->cpus[i].state == UMPS_CPU_RUNNING;
		if (a->done[i] > last)
			last = a->done[i];
	}
	m->tod = running ? a->end : last; /* all wait since then */
}

static void in_turns(struct umps *m, uint64_t ticks)
{
	if (m->horizon > m->tod + ticks)
		m->horizon = m->tod + ticks;
	interpret_in_turns(m);
}

/* At least one tick, at most up to the horizon. */
void ahead_run(struct umps *m)
{
	struct ahead *a = m->ahead;

	a->start = m->tod;
	if (a->rest) {
		in_turns(m, a->rest);
		a->rest -= (uint32_t)(m->tod - a->start);
		return;
	}
	a->end = a->start + a->length < m->horizon ? a->start + a->length : m->horizon;
	a->cut = false;
	a->conflicts = a->shared_uses = 0;
	remember_processors(m);
	if (setjmp(a->retry))
		go_back(m);
	if (a->end > a->start)
		window_run(m);
	adapt(m);
	if (a->cut || m->tod == a->start)
		in_turns(m, 1);
}

/* Other memory than before: what was learned is worth nothing. */
void ahead_reset(struct umps *m)
{
	struct ahead *a = m->ahead;

	if (!a)
		return;
	for (uint32_t i = 0; i < a->n_frames; i++) {
		free(a->pages[i].words);
		a->pages[i] = (struct page_claims){0};
	}
	a->n_by_word = a->poor = a->rest = 0;
	a->length = FIRST_LENGTH;
}

bool ahead_new(struct umps *m)
{
	struct ahead *a = calloc(1, sizeof(*a));

	if (!a)
		return false;
	m->ahead = a;
	a->n_frames = m->ram_size / UMPS_PAGE + 1;
	a->pages = calloc(a->n_frames, sizeof(*a->pages));
	a->cpus = calloc((size_t)m->n_cpus, SAVED_OF_CPU);
	if (!a->pages || !a->cpus)
		return false;
	ahead_reset(m);
	return true;
}

void ahead_free(struct umps *m)
{
	struct ahead *a = m->ahead;

	if (!a)
		return;
	if (a->pages)
		ahead_reset(m);
	free(a->pages);
	free(a->cpus);
	free(a->written);
	free(a);
	m->ahead = NULL;
}
