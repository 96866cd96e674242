/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The complete state of a machine as bytes, and back.
 *
 * One walk over the state serves both directions. Values kept as "so much at that tick" are first
 * brought to the present, so equal states give equal bytes. Disk and flash contents are not
 * included: see record.c.
 */
#include <stdlib.h>

#include "umps/machine/machine.h"

#define MAGIC	  "umps-state-3"
#define OLD_MAGIC "umps-state-2" /* without what walk_rest() adds */

struct walk {
	uint8_t *bytes;
	size_t length, at;
	bool saving, bad, old;
};

static void item(struct walk *w, void *data, size_t size)
{
	if (w->bad)
		return;
	if (w->saving && w->at + size > w->length) {
		uint8_t *more = realloc(w->bytes, 2 * (w->at + size));

		if (!more) {
			w->bad = true;
			return;
		}
		w->length = 2 * (w->at + size);
		w->bytes = more;
	}
	if (w->at + size > w->length) {
		w->bad = true;
		return;
	}
	if (w->saving)
		memcpy(w->bytes + w->at, data, size);
	else
		memcpy(data, w->bytes + w->at, size);
	w->at += size;
}

#define ITEM(w, what) item((w), &(what), sizeof(what))

static void present(struct umps *m)
{
	m->interval_timer = interval_value(m);
	m->interval_tick = m->tod;
	for (int i = 0; i < m->n_cpus; i++) {
		struct cpu *cpu = &m->cpus[i];

		cpu->timer = local_timer(cpu);
		cpu->timer_tick = m->tod;
		if (!cpu->in_slot)
			cpu->branch_pc = 0;
		if (!cpu->pending)
			cpu->pending_register = 0, cpu->pending_value = 0;
	}
}

static void walk_cpu(struct walk *w, struct cpu *c)
{
	ITEM(w, c->r);
	ITEM(w, c->hi);
	ITEM(w, c->lo);
	ITEM(w, c->pc);
	ITEM(w, c->next_pc);
	ITEM(w, c->branch_pc);
	ITEM(w, c->in_slot);
	ITEM(w, c->pending);
	ITEM(w, c->pending_register);
	ITEM(w, c->pending_value);
	ITEM(w, c->state);
	ITEM(w, c->woken);
	ITEM(w, c->last_service);
	ITEM(w, c->instructions);
	ITEM(w, c->random_origin);
	ITEM(w, c->index);
	ITEM(w, c->entry_lo);
	ITEM(w, c->entry_hi);
	ITEM(w, c->bad_vaddr);
	ITEM(w, c->status);
	ITEM(w, c->cause);
	ITEM(w, c->epc);
	ITEM(w, c->timer);
	ITEM(w, c->timer_tick);
	ITEM(w, c->tlb);
	ITEM(w, c->tpr);
	ITEM(w, c->bios_reserved);
	ITEM(w, c->device_pending);
	ITEM(w, c->inbox_length);
	if (c->inbox_length > UMPS_MAX_CPUS)
		w->bad = true;
	else
		item(w, c->inbox, c->inbox_length * sizeof(c->inbox[0]));
}

static void walk_input(struct walk *w, struct device *d)
{
	size_t length = d->input_length;

	ITEM(w, length);
	if (!w->saving) {
		if (w->bad || length > w->length - w->at) {
			w->bad = true;
			return;
		}
		/* never made smaller: the way back to what was there before needs no memory */
		if (length > d->input_capacity) {
			uint8_t *more = realloc(d->input, length);

			if (!more) {
				w->bad = true;
				return;
			}
			d->input = more;
			d->input_capacity = length;
		}
		d->input_start = 0;
		d->input_length = length;
	}
	if (length)
		item(w, d->input + d->input_start, length);
}

static void walk_frames(struct walk *w, struct device *d)
{
	ITEM(w, d->n_frames);
	if (d->n_frames < 0 || d->n_frames > FRAME_QUEUE)
		w->bad = true;
	if (!w->saving)
		d->first_frame = 0;
	for (int i = 0; i < d->n_frames && !w->bad; i++)
		ITEM(w, d->frames[(d->first_frame + i) % FRAME_QUEUE]);
	ITEM(w, d->mode);
	ITEM(w, d->address);
	ITEM(w, d->read_pending);
	ITEM(w, d->poll_start);
	ITEM(w, d->packet_length);
	ITEM(w, d->outcome);
	item(w, d->packet, 2 * UMPS_PAGE);
}

static void walk_device(struct walk *w, struct device *d)
{
	ITEM(w, d->failing);
	ITEM(w, d->unacknowledged);
	ITEM(w, d->reg);
	ITEM(w, d->result);
	ITEM(w, d->completes);
	ITEM(w, d->routed_to);
	if (d->line == UMPS_TERMINAL) {
		ITEM(w, d->starved);
		ITEM(w, d->receive_start);
		walk_input(w, d);
	} else if (d->line == UMPS_NETWORK) {
		walk_frames(w, d);
	} else if (d->line != UMPS_PRINTER) {
		ITEM(w, d->cylinder);
		ITEM(w, d->buffered);
		ITEM(w, d->target);
		if (d->line == UMPS_TAPE && d->kind == &tape_kind)
			ITEM(w, d->position);
		item(w, d->buffer, UMPS_PAGE);
	}
}

static void walk_events(struct walk *w, struct umps *m)
{
	int n = m->n_events;
	struct event e;

	ITEM(w, n);
	if (!w->saving) {
		m->n_events = 0;
		if (n < 0 || (size_t)n > w->length / sizeof(e) || !events_reserve(m, n))
			w->bad = true;
	}
	for (int i = 0; i < n && !w->bad; i++) {
		if (w->saving)
			e = m->events[i];
		ITEM(w, e);
		if (!w->saving && !w->bad) {
			event_add(m, (struct event){.tick = NEVER});
			m->events[i] = e;
		}
	}
}

/* Who loops for ever, and what exceptions there were: kept here as older files end before it. */
static void walk_rest(struct walk *w, struct umps *m)
{
	ITEM(w, m->stirred);
	for (int i = 0; i < m->n_cpus; i++) {
		struct cpu *cpu = &m->cpus[i];
		uint64_t next = cpu->instructions + cpu->in_slot;
		uint8_t loops = cpu->loop_next == next;

		ITEM(w, loops);
		cpu->loop_next = loops ? next : NEVER;
		ITEM(w, cpu->exceptions);
		ITEM(w, cpu->refills);
		ITEM(w, cpu->last_exception);
		ITEM(w, cpu->last_fault);
	}
}

/* A file that does not say who loops: whoever stands in a loop does. Exceptions are unknown. */
static void assume_rest(struct umps *m)
{
	m->stirred = m->tod;
	for (int i = 0; i < m->n_cpus; i++) {
		struct cpu *cpu = &m->cpus[i];

		cpu->loop_next = cpu->instructions + cpu->in_slot;
		memset(cpu->exceptions, 0, sizeof(cpu->exceptions));
		memset(cpu->refills, 0, sizeof(cpu->refills));
	}
}

static void walk_machine(struct walk *w, struct umps *m)
{
	ITEM(w, m->tod);
	ITEM(w, m->interval_timer);
	ITEM(w, m->interval_tick);
	ITEM(w, m->powered_off);
	ITEM(w, m->routing);
	ITEM(w, m->interval_routed);
	ITEM(w, m->next_target);
	ITEM(w, m->boot_pc);
	ITEM(w, m->boot_sp);
	for (int i = 0; i < m->n_cpus; i++)
		walk_cpu(w, &m->cpus[i]);
	for (int line = 0; line < UMPS_N_LINES; line++)
		for (int i = 0; i < UMPS_N_DEVICES; i++)
			if (m->devices[line][i].installed)
				walk_device(w, &m->devices[line][i]);
	walk_events(w, m);
	item(w, m->bios_data, UMPS_PAGE);
	item(w, m->ram, m->ram_size);
	if (w->old)
		assume_rest(m);
	else
		walk_rest(w, m);
}

/* What must be equal for a snapshot to fit. */
struct shape {
	char magic[16];
	uint32_t cpus, tlb_size, tlb_floor, clock_rate, ram_size, exec_size, boot_size;
	uint8_t installed[UMPS_N_LINES];
	uint8_t machine; /* enum umps_machine */
	uint8_t zero[2];
};

static struct shape shape_of(const struct umps *m)
{
	struct shape s = {.magic = MAGIC,
			  .cpus = (uint32_t)m->n_cpus,
			  .tlb_size = m->tlb_size,
			  .tlb_floor = m->tlb_floor,
			  .clock_rate = m->clock_rate,
			  .ram_size = m->ram_size,
			  .exec_size = m->exec_rom.size,
			  .boot_size = m->boot_rom.size,
			  .machine = (uint8_t)m->config->machine};

	for (int line = 0; line < UMPS_N_LINES; line++)
		for (int i = 0; i < UMPS_N_DEVICES; i++)
			s.installed[line] |= (uint8_t)(m->devices[line][i].installed << i);
	return s;
}

void *umps_snapshot(const struct umps *m, size_t *length)
{
	struct shape shape = shape_of(m);
	struct walk w = {.saving = true};

	present((struct umps *)m);
	ITEM(&w, shape);
	walk_machine(&w, (struct umps *)m);
	if (w.bad) { /* no memory */
		free(w.bytes);
		return NULL;
	}
	*length = w.at;
	return w.bytes;
}

/* ---- a state from a file may hold anything */

static bool truth(const bool *value)
{
	return *(const uint8_t *)value <= 1;
}

static bool cpu_sane(const struct umps *m, const struct cpu *c)
{
	bool sane = c->r[0] == 0 && c->in_slot <= 1 && (c->in_slot || c->next_pc == c->pc + 4) &&
		    c->pending <= PENDING_CP0 && c->pending_register < 32 &&
		    c->state <= UMPS_CPU_WAITING && c->woken <= (c->state == UMPS_CPU_WAITING) &&
		    !(c->status & ~STATUS_WRITABLE) && c->timer_tick == m->tod && c->tpr <= 15;

	for (int i = 0; i < c->inbox_length; i++)
		sane = sane && c->inbox[i].origin < m->n_cpus;
	return sane;
}

static bool device_sane(const struct umps *m, const struct device *d)
{
	bool sane = truth(&d->failing) && truth(&d->unacknowledged[0]) &&
		    truth(&d->unacknowledged[1]) && d->routed_to >= -1 && d->routed_to < m->n_cpus;

	if (!sane || d->line == UMPS_PRINTER)
		return sane;
	if (d->line == UMPS_TERMINAL)
		return truth(&d->starved);
	if (d->kind == &tape_kind)
		return d->position <= d->blocks;
	if (d->line != UMPS_NETWORK)
		return (d->line == UMPS_FLASH || d->cylinder < d->cylinders) && d->buffered >= -1 &&
		       d->buffered < d->blocks && d->target >= 0 && d->target < 0xFFFFFF * 256ll;
	for (int i = 0; i < d->n_frames; i++)
		sane = sane && d->frames[i].length <= sizeof(d->frames[i].bytes);
	return sane && truth(&d->read_pending) && d->mode < 8 && d->packet_length <= UMPS_PAGE;
}

static bool event_sane(const struct umps *m, const struct event *e)
{
	switch (e->kind) {
	case EVENT_DEVICE:
		return e->a >= UMPS_FIRST_LINE && e->a <= UMPS_TERMINAL && e->b < UMPS_N_DEVICES &&
		       e->c <= 1 && m->devices[e->a - UMPS_FIRST_LINE][e->b].installed;
	case EVENT_MESSAGE:
		return e->a < m->n_cpus && e->b < m->n_cpus;
	case EVENT_RESET_CPU:
	case EVENT_HALT_CPU:
		return e->a < m->n_cpus;
	default:
		return e->kind == EVENT_POWER_OFF;
	}
}

/* May the machine run from here? */
static bool sane(const struct umps *m)
{
	if (m->tod >> 62 || m->stirred > m->tod || m->interval_tick != m->tod ||
	    !truth(&m->powered_off) || m->interval_routed < -1 || m->interval_routed >= m->n_cpus)
		return false;
	for (int i = 0; i < m->n_cpus; i++)
		if (!cpu_sane(m, &m->cpus[i]))
			return false;
	for (int line = 0; line < UMPS_N_LINES; line++)
		for (int i = 0; i < UMPS_N_DEVICES; i++)
			if (m->devices[line][i].installed && !device_sane(m, &m->devices[line][i]))
				return false;
	for (int i = 0; i < m->n_events; i++)
		if (!event_sane(m, &m->events[i]) ||
		    m->events[i].tick < (i ? m->events[i - 1].tick : m->tod))
			return false;
	return true;
}

/* Everything that is derived from the state. */
static void rebuild(struct umps *m)
{
	for (int i = 0; i < m->n_cpus; i++) {
		struct cpu *cpu = &m->cpus[i];

		mode_update(cpu);
		interrupt_check(cpu);
	}
	mmu_flush_all(m);
	if (m->translator)
		translator_flush(m);
	ahead_reset(m);
	timers_changed(m);
	machine_break(m);
}

int umps_restore(struct umps *m, const void *snapshot, size_t length, struct umps_error *error)
{
	struct walk w = {.bytes = (uint8_t *)snapshot, .length = length};
	struct shape shape, mine = shape_of(m);
	void *before;
	size_t before_length;

	ITEM(&w, shape);
	if (!w.bad && !memcmp(shape.magic, OLD_MAGIC, sizeof(OLD_MAGIC))) {
		w.old = true;
		memcpy(shape.magic, mine.magic, sizeof(shape.magic));
	}
	if (w.bad || memcmp(shape.magic, mine.magic, sizeof(shape.magic)))
		return fail(error, "this is not a snapshot of a machine");
	if (memcmp(&shape, &mine, sizeof(shape)))
		return fail(error, "the snapshot is of another machine: processors, memory, TLB, "
				   "clock rate, ROMs and devices "
				   "must be the same");
	before = umps_snapshot(m, &before_length);
	if (!before)
		return fail(error, "out of memory for what the machine is now; it is as it was");
	walk_machine(&w, m);
	if (w.bad || w.at != length || !sane(m)) {
		w = (struct walk){.bytes = before, .length = before_length, .at = sizeof(shape)};
		walk_machine(&w, m);
		rebuild(m);
		free(before);
		return fail(error, "the snapshot is cut short or damaged, or there is no memory; "
				   "the machine is as it was");
	}
	free(before);
	rebuild(m);
	record_changed(m);
	return 0;
}
