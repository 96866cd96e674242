/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Power, and the passing of time (section 2).
 *
 * A tick: the bus clock advances and what is due happens, then every running processor executes one
 * instruction, in order. Between two ticks on which something is due only instructions matter, so
 * an engine executes them in one go up to the horizon when a single processor runs; when several
 * do, they take turns by tick, or the translator runs them ahead of each other.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "umps/machine/machine.h"

/* Requests from outside and network links are looked at this often at least. */
#define MAX_STRETCH (1u << 18)

void machine_break(struct umps *m)
{
	m->horizon = m->tod;
}

/* The first reason to stop wins; it takes effect after the current tick. */
void machine_stop(struct umps *m, struct umps_stop stop)
{
	ahead_cut(m);
	if (!m->stopping)
		m->stop = stop;
	m->stopping = true;
	machine_break(m);
}

void machine_warn(struct umps *m, const char *format, ...)
{
	char sentence[512];
	va_list args;

	if (!m->host.warning)
		return;
	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	m->host.warning(m->host.context, sentence);
}

/* ---- processors on and off */

/* TLB entries stay as they were (section 10). */
void cpu_reset(struct umps *m, struct cpu *cpu, uint32_t pc, uint32_t sp)
{
	memset(cpu->r, 0, sizeof(cpu->r));
	cpu->r[29] = sp;
	cpu->hi = cpu->lo = 0;
	cpu->pc = pc;
	cpu->next_pc = pc + 4;
	cpu->in_slot = false;
	cpu->pending = PENDING_NOTHING;
	cpu->index = cpu->entry_lo = cpu->entry_hi = cpu->bad_vaddr = cpu->epc = 0;
	cpu->cause = 0;
	cpu->status = STATUS_RESET;
	cpu->timer = 0;
	cpu->random_origin = cpu->instructions;
	cpu->loop_next = NEVER;
	cpu->state = UMPS_CPU_RUNNING;
	cpu->woken = false;
	mode_update(cpu);
	mmu_flush(cpu);
	interrupt_check(cpu);
	timers_changed(m);
	machine_break(m);
}

void cpu_halt(struct umps *m, struct cpu *cpu)
{
	cpu->timer = local_timer(cpu);
	cpu->state = UMPS_CPU_HALTED;
	cpu->woken = false;
	timers_changed(m);
	machine_break(m);
}

/* ---- what is due at a tick */

static void event_run(struct umps *m, const struct event *e)
{
	m->stirred = m->tod;
	switch (e->kind) {
	case EVENT_DEVICE:
		device_event(m, &m->devices[e->a - UMPS_FIRST_LINE][e->b], e->c);
		break;
	case EVENT_MESSAGE:
		message_deliver(m, e->a, e->b, e->c);
		break;
	case EVENT_RESET_CPU:
		cpu_reset(m, &m->cpus[e->a], m->boot_pc, m->boot_sp);
		break;
	case EVENT_HALT_CPU:
		cpu_halt(m, &m->cpus[e->a]);
		break;
	default:
		m->powered_off = true;
		machine_stop(m, (struct umps_stop){.reason = UMPS_STOP_POWEROFF});
	}
}

static void local_timer_expired(struct cpu *cpu)
{
	cpu->timer = 0xFFFFFFFF;
	cpu->timer_tick = cpu->machine->tod;
	interrupt_line(cpu, 1, true);
}

/* The beginning of tick TICK, up to the point where processors execute. */
static void begin_tick(struct umps *m, uint64_t tick)
{
	m->tod = tick;
	if (m->interval_tick + m->interval_timer + 1 == tick) {
		m->interval_timer = 0xFFFFFFFF;
		m->interval_tick = tick;
		interrupt_raise_interval(m);
	}
	while (m->n_events && m->events[0].tick <= tick) {
		struct event e = event_take(m);

		event_run(m, &e);
	}
	for (int i = 0; i < m->n_cpus; i++)
		if (local_timer_due(&m->cpus[i]) == tick)
			local_timer_expired(&m->cpus[i]);
	timers_changed(m);
}

/* ---- executing */

/* How many processors have something to do; *alone is one of them, NULL if one is just waking up.
 */
static int active(const struct umps *m, struct cpu **alone)
{
	bool woken = false;
	int n = 0;

	*alone = NULL;
	for (int i = 0; i < m->n_cpus; i++) {
		if (m->cpus[i].state != UMPS_CPU_RUNNING && !m->cpus[i].woken)
			continue;
		*alone = &m->cpus[i];
		woken |= m->cpus[i].woken;
		n++;
	}
	if (woken)
		*alone = NULL;
	return n;
}

static void execute_watched(struct umps *m)
{
	do {
		m->tod++;
		for (int i = 0; i < m->n_cpus; i++)
			interpret_cycle(&m->cpus[i]);
	} while (m->tod < m->horizon && !breakpoint_hit(m));
}

/* Stop points and observers want to see every instruction. */
static bool watched(const struct umps *m)
{
	return m->breakpoints || (m->observer && m->observer->instruction);
}

/* A processor alone, to the horizon or until others wake up, which then have their turn in the same
 * tick. */
static void execute_alone(struct umps *m, struct cpu *cpu)
{
	if (m->engine == UMPS_TRANSLATOR && !m->suspects)
		translate_until_horizon(m, cpu);
	else
		interpret_until_horizon(m, cpu);
	for (int i = cpu->number + 1; i < m->n_cpus; i++)
		interpret_cycle(&m->cpus[i]);
}

/* A stretch of time up to the horizon, with nothing due in it but at its first tick. */
static void execute(struct umps *m)
{
	struct cpu *cpu;
	int n;

	n = active(m, &cpu);
	if (n == 0)
		m->tod = m->horizon;
	else if (watched(m))
		execute_watched(m);
	else if (n == 1 && cpu)
		execute_alone(m, cpu);
	else if (cpu && m->engine == UMPS_TRANSLATOR && !m->suspects &&
		 !(m->observer && m->observer->exception))
		ahead_run(m);
	else
		interpret_in_turns(m);
}

bool umps_is_idle(const struct umps *m)
{
	struct cpu *cpu;

	return active(m, &cpu) == 0;
}

bool umps_is_starved(const struct umps *m)
{
	for (int i = 0; i < UMPS_N_DEVICES; i++)
		if (m->devices[UMPS_TERMINAL - UMPS_FIRST_LINE][i].starved)
			return true;
	return false;
}

static void limit_horizon(struct umps *m, uint64_t until)
{
	uint64_t rest;

	m->horizon = m->next_due - 1;
	if (m->horizon > until)
		m->horizon = until;
	rest = rest_due(m);
	if (m->horizon > rest)
		m->horizon = rest > m->tod ? rest : m->tod + 1;
	if (!umps_is_idle(m) && m->horizon > m->tod + MAX_STRETCH)
		m->horizon = m->tod + MAX_STRETCH;
}

/* Reasons to stop between two ticks. */
static bool stops_here(struct umps *m, unsigned flags)
{
	struct umps_stop rest;

	if (m->out_of_memory)
		machine_stop(m, (struct umps_stop){.reason = UMPS_STOP_MEMORY});
	else if (m->powered_off)
		machine_stop(m, (struct umps_stop){.reason = UMPS_STOP_POWEROFF});
	else if (m->interrupt_request) {
		m->interrupt_request = 0;
		machine_stop(m, (struct umps_stop){.reason = UMPS_STOP_REQUEST});
	} else if (rest_reached(m, &rest))
		machine_stop(m, rest);
	else if ((flags & UMPS_RUN_IDLE_STOPS) && m->next_due > m->tod + 1 && umps_is_idle(m))
		machine_stop(m, (struct umps_stop){.reason = UMPS_STOP_IDLE, .wake = m->next_due});
	return m->stopping;
}

struct umps_stop machine_run(struct umps *m, uint64_t until, unsigned flags)
{
	bool first = true;

	m->stopping = false;
	while ((first || !breakpoint_hit(m)) && m->tod < until && !stops_here(m, flags)) {
		if (m->next_due <= m->tod + 1) {
			begin_tick(m, m->tod + 1);
			m->tod--; /* its instructions are still to be executed */
			if (m->stopping) {
				m->tod++;
				break;
			}
		}
		limit_horizon(m, until);
		execute(m);
		first = false;
		record_tick(m);
	}
	if (!m->stopping)
		m->stop = (struct umps_stop){.reason = UMPS_STOP_LIMIT};
	m->stopping = false;
	return m->stop;
}

struct umps_stop umps_run(struct umps *m, uint64_t until, unsigned flags)
{
	return m->recording ? record_run(m, until, flags) : machine_run(m, until, flags);
}

uint64_t umps_ticks(const struct umps *m)
{
	return m->tod;
}

void umps_interrupt(struct umps *m)
{
	m->interrupt_request = 1;
}

int umps_set_engine(struct umps *m, enum umps_engine engine)
{
	if (engine == UMPS_TRANSLATOR && !m->translator) {
		m->translator = translator_new(m);
		if (!m->translator)
			return -1;
	}
	m->engine = engine;
	return 0;
}

enum umps_engine umps_get_engine(const struct umps *m)
{
	return m->engine;
}

void umps_observe(struct umps *m, const struct umps_observer *observer)
{
	m->observer = NULL;
	if (!observer)
		return;
	m->observer_place = *observer;
	m->observer = &m->observer_place;
}
