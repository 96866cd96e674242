/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The blocks there are: found by address, joined to each other, and forgotten when the guest writes
 * where their instructions came from.
 *
 * A page of memory with translated code is marked in code_pages, which keeps it out of the fast
 * pages for writing, so that every store to it comes to translator_wrote().
 */
#include <stdlib.h>

#include "umps/translator/block.h"

static uint32_t hash(uint32_t pc, const uint8_t *host, uint8_t pending)
{
	return (pc / 4 ^ (uint32_t)((uintptr_t)host / UMPS_PAGE * 0x9E5) ^ pending * 0x3Du) %
	       HASH_SIZE;
}

/* The frame number of host memory, or -1 for ROMs, which the guest cannot write. */
static int frame_of(const struct umps *m, const uint8_t *host)
{
	if (host >= m->ram && host < m->ram + m->ram_size)
		return (int)((host - m->ram) / UMPS_PAGE);
	if (host >= m->bios_data && host < m->bios_data + UMPS_PAGE)
		return (int)(m->ram_size / UMPS_PAGE);
	return -1;
}

uint64_t jump_key(const struct cpu *cpu, uint32_t pc, uint8_t pending)
{
	return cpu->jump_tag | (uint64_t)cpu->mode << 40 | (uint64_t)pending << 32 | pc;
}

/* Known jumps carry a generation: advancing it forgets all of them. */
void translator_forget_jumps(struct cpu *cpu)
{
	struct known_jump *jumps = cpu->known_jumps;

	cpu->jump_tag += 1ull << 48;
	if (cpu->jump_tag == 0 && jumps)
		memset(jumps, 0, KNOWN_JUMPS * sizeof(*jumps));
	if (cpu->jump_tag == 0)
		cpu->jump_tag = 1ull << 48;
}

static void forget_all_jumps(struct umps *m)
{
	for (int i = 0; i < m->n_cpus; i++)
		translator_forget_jumps(&m->cpus[i]);
}

/* ---- joining */

/*
 * Does the way from one block to another on another page lead to the same place in every processor
 * and mode in which it can be taken? With VM bits, blocks of either setting are different ones, and
 * user mode may have RAM but not what is below.
 */
static bool same_for_all(const struct umps *m, const struct block *from, const struct block *to)
{
	uint32_t limit = m->tlb_floor < KUSEG_BASE ? m->tlb_floor : KUSEG_BASE;

	if (!m->variant->status_vm)
		return from->pc < limit && to->pc < limit;
	if (from->pc < UMPS_RAM_BASE && to->pc < UMPS_RAM_BASE)
		return true;
	return !from->vm && !to->vm && from->pc >= UMPS_RAM_BASE && to->pc >= UMPS_RAM_BASE;
}

void link_join(struct translator *t, struct link *link, struct block *to)
{
	uint32_t from = link->from->pc;

	/* Only where the way from one to the other cannot change: on one page, or in what is never
	 * translated. */
	if (link->from->dead ||
	    (((from ^ to->pc) & ~(UMPS_PAGE - 1)) && !same_for_all(t->machine, link->from, to)))
		return;
	link->to = to;
	link->next = to->in;
	to->in = link;
	emit_patch(link->distance, to->code);
}

static void link_cut(struct link *link)
{
	struct link **at = &link->to->in;

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	link->to = NULL;
	emit_patch(link->distance, link->detour);
}

/* ---- forgetting */

static void block_kill(struct translator *t, struct block *b)
{
	struct block **at = &t->hash[hash(b->pc, b->host, b->pending)];

	while (*at != b)
		at = &(*at)->next_same_hash;
	*at = b->next_same_hash;
	while (b->in)
		link_cut(b->in);
	for (int i = 0; i < 2; i++)
		if (b->out[i].to)
			link_cut(&b->out[i]);
	b->dead = true;
}

static void frame_forget(struct translator *t, int frame)
{
	for (struct block *b = t->frame_blocks[frame]; b; b = b->next_same_frame)
		block_kill(t, b);
	t->frame_blocks[frame] = NULL;
	memset(t->code_words[frame], 0, sizeof(t->code_words[frame]));
	t->machine->code_pages[frame] = 0;
	if (t->rewrites[frame] < MAX_REWRITES)
		t->rewrites[frame]++;
	t->time.invalidated = true;
	forget_all_jumps(t->machine);
}

static bool has_code(const struct translator *t, int frame, uint32_t first, uint32_t last)
{
	for (uint32_t word = first / 4; word <= last / 4; word++)
		if (t->code_words[frame][word / 32] >> word % 32 & 1)
			return true;
	return false;
}

void translator_wrote(struct umps *m, uint32_t physical, uint32_t length)
{
	while (length) {
		uint32_t offset = physical % UMPS_PAGE,
			 n = UMPS_PAGE - offset < length ? UMPS_PAGE - offset : length;
		int frame = physical - BIOS_DATA_BASE < UMPS_PAGE
				    ? (int)(m->ram_size / UMPS_PAGE)
				    : (int)((physical - UMPS_RAM_BASE) / UMPS_PAGE);

		if (m->code_pages[frame] &&
		    has_code(m->translator, frame, offset, offset + n - 1)) {
			ahead_cut(m);
			frame_forget(m->translator, frame);
		}
		physical += n;
		length -= n;
	}
}

void translator_flush(struct umps *m)
{
	struct translator *t = m->translator;

	memset(t->hash, 0, sizeof(t->hash));
	memset(t->frame_blocks, 0, (size_t)t->n_frames * sizeof(*t->frame_blocks));
	memset(t->code_words, 0, (size_t)t->n_frames * sizeof(*t->code_words));
	memset(t->rewrites, 0, (size_t)t->n_frames);
	memset(m->code_pages, 0, (size_t)t->n_frames);
	t->n_blocks = 0;
	t->code_at = t->code_start;
	t->time.invalidated = true;
	forget_all_jumps(m);
}

/* ---- finding and making */

struct block *block_find(struct translator *t, struct cpu *cpu, const uint8_t *host)
{
	uint8_t pending = cpu->pending ? cpu->pending_register : 0;

	for (struct block *b = t->hash[hash(cpu->pc, host, pending)]; b; b = b->next_same_hash)
		if (b->pc == cpu->pc && b->host == host && b->pending == pending &&
		    b->vm == cpu->mode >> 1)
			return b;
	return NULL;
}

/* From now on stores to FRAME must be seen: take it out of all fast pages. */
static void frame_mark(struct umps *m, int frame, const uint8_t *host)
{
	uintptr_t page = (uintptr_t)host & ~(uintptr_t)(UMPS_PAGE - 1);

	m->code_pages[frame] = 1;
	for (int i = 0; i < m->n_cpus; i++)
		for (int mode = 0; mode < m->variant->address_spaces; mode++)
			for (int n = 0; n < FAST_PAGES; n++) {
				struct fast_page *p = &m->cpus[i].pages[mode][n];

				if (p->write != NO_PAGE && p->host + p->write == page)
					p->write = NO_PAGE;
			}
}

static void remember_source(struct translator *t, struct block *b, int words)
{
	int frame = frame_of(t->machine, b->host);
	uint32_t first = (uint32_t)((uintptr_t)b->host % UMPS_PAGE / 4);

	if (frame < 0)
		return;
	for (int i = 0; i < words; i++)
		t->code_words[frame][(first + i) / 32] |= 1u << (first + i) % 32;
	b->next_same_frame = t->frame_blocks[frame];
	t->frame_blocks[frame] = b;
	if (!t->machine->code_pages[frame])
		frame_mark(t->machine, frame, b->host);
}

struct block *block_make(struct translator *t, struct cpu *cpu, const uint8_t *host,
			 uint32_t available)
{
	int frame = frame_of(t->machine, host), read;
	struct block *b, **bucket;
	bool branch;

	if (frame >= 0 && ahead_wrote(t->machine, frame))
		return NULL;
	if (t->n_blocks == MAX_BLOCKS || t->code_at + CODE_RESERVE > t->code + CODE_BYTES) {
		if (ahead_nested(t->machine))
			return NULL;
		translator_flush(t->machine);
	}
	b = &t->blocks[t->n_blocks];
	memset(b, 0, sizeof(*b));
	b->pc = cpu->pc;
	b->host = host;
	b->pending = cpu->pending ? cpu->pending_register : 0;
	b->vm = cpu->mode >> 1;
	if (frame < 0 || t->rewrites[frame] < MAX_REWRITES)
		b->length = (uint8_t)block_reach(host, available, b->pending, &branch);
	if (b->length && !block_translate(t, b, branch))
		b->length = 0;
	t->n_blocks++;
	bucket = &t->hash[hash(b->pc, b->host, b->pending)];
	b->next_same_hash = *bucket;
	*bucket = b;
	if (frame >= 0 && t->rewrites[frame] >= MAX_REWRITES)
		return b; /* always interpreted, whatever it becomes */
	read = b->length + 2 < (int)(available / 4) ? b->length + 2
						    : (int)(available / 4); /* what it depends on */
	remember_source(t, b, read);
	return b;
}
