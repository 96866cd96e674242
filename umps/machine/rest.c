/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When a run is over: the machine has come to rest.
 *
 * A processor that executes a branch to itself with a NOP in the slot, and can take no interrupt,
 * does nothing any more ("it loops"): so end HALT and the panic routine of the ROM, and many
 * kernels. But what was begun before goes on without processors: characters and blocks are still
 * written, power goes off later, a processor that was reset starts, a message wakes another one. So
 * a run is over
 *
 *  - when no event is pending and every processor is halted, loops, or waits for an interrupt that
 *    cannot come any more; or
 *  - when a processor loops in HALT or in the panic routine while others go on, and no event has
 *    been pending for QUIET_US. (Many kernels halt while the other processors spin on a lock that
 *    nobody will ever let go.)
 *
 * Both are facts about the state at a tick, so every engine, run in any slices, from any saved
 * state, comes to rest at the same tick. For that, the loop is noticed at the tick whose
 * instruction is the branch (loop_next); an engine that skips loops moves loop_next along.
 */
#include "umps/machine/instruction.h"
#include "umps/machine/machine.h"

#define QUIET_US 200000u

bool interruptible(const struct cpu *cpu)
{
	return (cpu->status & STATUS_IEC) && (cpu->status & STATUS_IM);
}

/*
 * CPU is executing a branch to itself. If it will do so for ever, remember it, and the first time
 * end the stretch of time, so that rest_reached() is asked after this tick. (In the slot of another
 * branch it is executed but once.)
 */
void rest_notice_loop(struct cpu *cpu)
{
	struct umps *m = cpu->machine;
	uint32_t slot;
	bool first = cpu->loop_next != cpu->instructions;

	if (interruptible(cpu) || cpu->this_slot ||
	    umps_read_virtual(m, cpu->number, -1, cpu->this_pc + 4, &slot, sizeof(slot)) !=
		    sizeof(slot) ||
	    slot != 0)
		return;
	if (first)
		ahead_cut(m); /* this tick again, in turns: only then all processors are at it */
	cpu->loop_next = cpu->instructions + 2;
	if (!first)
		return;
	if (cpu->this_pc < UMPS_RAM_BASE)
		m->stirred = m->tod;
	machine_break(m);
}

/* If others loop already, this may be the last one to go on: then the tick matters, see above. */
void rest_notice_wait(struct cpu *cpu)
{
	struct umps *m = cpu->machine;

	for (int i = 0; i < m->n_cpus; i++)
		if (i != cpu->number && m->cpus[i].loop_next != NEVER) {
			ahead_cut(m);
			return;
		}
}

bool rest_loops(const struct cpu *cpu)
{
	static const uint32_t loop[2] = {SELF_BRANCH, 0};
	uint32_t start = cpu->pc, code[2];

	if (cpu->state != UMPS_CPU_RUNNING || interruptible(cpu) ||
	    cpu->loop_next != cpu->instructions + cpu->in_slot)
		return false;
	if (cpu->in_slot) {
		start = cpu->branch_pc;
		if (cpu->pc != start + 4 || cpu->next_pc != start)
			return false;
	}
	return umps_read_virtual(cpu->machine, cpu->number, -1, start, code, sizeof(code)) ==
		       sizeof(code) &&
	       !memcmp(code, loop, sizeof(loop));
}

/* Does CPU loop in the ROM? */
static bool loops_in_rom(const struct cpu *cpu)
{
	return cpu->pc < UMPS_RAM_BASE && rest_loops(cpu);
}

/* Is there anything that may still raise an interrupt on a processor that waits? */
static bool may_wake(const struct umps *m, const struct cpu *cpu)
{
	if (cpu->woken || (cpu->status & STATUS_TE) || interrupt_may_time(m, cpu->number) ||
	    umps_is_starved(m))
		return true;
	for (int i = 0; i < UMPS_N_DEVICES; i++)
		if (m->devices[UMPS_NETWORK - UMPS_FIRST_LINE][i].installed)
			return true;
	return false;
}

static bool goes_on(const struct umps *m, const struct cpu *cpu)
{
	if (cpu->state == UMPS_CPU_WAITING)
		return may_wake(m, cpu);
	return cpu->state == UMPS_CPU_RUNNING && !rest_loops(cpu);
}

/* The processor that halted the machine, or one that panicked, if any; NULL. */
static const struct cpu *halted_by(const struct umps *m)
{
	const struct cpu *found = NULL;

	for (int i = 0; i < m->n_cpus; i++) {
		const struct cpu *cpu = &m->cpus[i];

		if (loops_in_rom(cpu) && (!found || cpu->last_service != SERVICE_HALT))
			found = cpu;
	}
	return found;
}

static const struct cpu *any_loop(const struct umps *m)
{
	for (int i = 0; i < m->n_cpus; i++)
		if (rest_loops(&m->cpus[i]))
			return &m->cpus[i];
	return &m->cpus[0];
}

static uint64_t quiet_end(const struct umps *m)
{
	return m->stirred + (uint64_t)QUIET_US * m->clock_rate;
}

/* Is the run over, between two ticks? Then *STOP tells how. */
bool rest_reached(const struct umps *m, struct umps_stop *stop)
{
	const struct cpu *by;
	bool active = false;

	if (m->n_events)
		return false;
	for (int i = 0; i < m->n_cpus && !active; i++)
		active = goes_on(m, &m->cpus[i]);
	if (active && m->n_cpus == 1)
		return false;
	by = halted_by(m);
	if (active && (!by || m->tod < quiet_end(m)))
		return false;
	*stop = (struct umps_stop){.reason = !by				? UMPS_STOP_DEAD
					     : by->last_service == SERVICE_HALT ? UMPS_STOP_HALT
										: UMPS_STOP_PANIC};
	if (!by)
		by = any_loop(m);
	stop->cpu = by->number;
	stop->address = by->in_slot ? by->branch_pc : by->pc;
	return true;
}

/*
 * The tick at which the run will be over if no more happens: NEVER, or one that may be over already
 * when the last event has just happened.
 */
uint64_t rest_due(const struct umps *m)
{
	struct umps_stop stop;

	if (rest_reached(m, &stop))
		return m->tod;
	return m->n_cpus > 1 && !m->n_events && halted_by(m) ? quiet_end(m) : NEVER;
}
