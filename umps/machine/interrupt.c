/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interrupt controller (sections 7 and 8): from a device to a processor's Cause.IP, and
 * messages between processors.
 */
#include "umps/machine/machine.h"

#define MESSAGE_US	    20
#define POLICY_DYNAMIC	    0x10000000u
#define ROUTE(line, device) (((line)-2) * 8 + (device))

/* Any assertion wakes a waiting processor, enabled or not. */
void interrupt_line(struct cpu *cpu, int line, bool on)
{
	uint32_t bit = 1u << (8 + line);

	if (on) {
		cpu->cause |= bit;
		if (cpu->state == UMPS_CPU_WAITING) {
			cpu->woken = true;
			machine_break(cpu->machine);
		}
	} else {
		cpu->cause &= ~bit;
	}
	interrupt_check(cpu);
}

/*
 * Dynamic routing: the processor in the mask with the least urgent task, which is the largest
 * number in its task priority register (as umps3 has it),
 * searched from behind the last one chosen, so that equals take turns.
 */
static int route(struct umps *m, uint32_t entry)
{
	int best = -1;

	if (!(entry & POLICY_DYNAMIC))
		return (int)(entry & 0xFFFF) < m->n_cpus ? (int)(entry & 0xFFFF) : -1;
	for (int i = 0; i < m->n_cpus; i++) {
		int cpu = (m->next_target + i) % m->n_cpus;

		if ((entry >> cpu & 1) && (best < 0 || m->cpus[cpu].tpr > m->cpus[best].tpr))
			best = cpu;
	}
	if (best >= 0)
		m->next_target = (uint8_t)((best + 1) % m->n_cpus);
	return best;
}

void interrupt_raise_device(struct umps *m, struct device *d)
{
	if (d->routed_to < 0)
		d->routed_to = (int8_t)route(m, m->routing[ROUTE(d->line, d->number)]);
	if (d->routed_to < 0)
		return;
	m->cpus[d->routed_to].device_pending[d->line - UMPS_FIRST_LINE] |=
		(uint8_t)(1u << d->number);
	interrupt_line(&m->cpus[d->routed_to], d->line, true);
}

void interrupt_clear_device(struct umps *m, struct device *d)
{
	struct cpu *cpu = &m->cpus[d->routed_to < 0 ? 0 : d->routed_to];
	uint8_t *pending = &cpu->device_pending[d->line - UMPS_FIRST_LINE];

	if (d->routed_to < 0)
		return;
	d->routed_to = -1;
	*pending &= (uint8_t) ~(1u << d->number);
	interrupt_line(cpu, d->line, *pending != 0);
}

void interrupt_raise_interval(struct umps *m)
{
	if (m->interval_routed < 0)
		m->interval_routed = (int8_t)route(m, m->routing[ROUTE(2, 0)]);
	if (m->interval_routed >= 0)
		interrupt_line(&m->cpus[m->interval_routed], 2, true);
}

void interrupt_clear_interval(struct umps *m)
{
	if (m->interval_routed < 0)
		return;
	interrupt_line(&m->cpus[m->interval_routed], 2, false);
	m->interval_routed = -1;
}

bool interrupt_may_time(const struct umps *m, int cpu)
{
	uint32_t entry = m->routing[ROUTE(2, 0)];

	if (m->interval_routed >= 0)
		return m->interval_routed == cpu;
	return entry & POLICY_DYNAMIC ? entry >> cpu & 1 : (entry & 0xFFFF) == (uint32_t)cpu;
}

/* ---- messages */

void message_send(struct umps *m, const struct cpu *from, uint32_t value)
{
	for (int i = 0; i < m->n_cpus; i++)
		if (value >> (8 + i) & 1)
			event_add(m, (struct event){.tick = m->tod +
							    (uint64_t)MESSAGE_US * m->clock_rate,
						    .kind = EVENT_MESSAGE,
						    .a = from->number,
						    .b = (uint8_t)i,
						    .c = (uint8_t)value});
}

void message_deliver(struct umps *m, int origin, int recipient, int message)
{
	struct cpu *cpu = &m->cpus[recipient];

	for (int i = 0; i < cpu->inbox_length; i++)
		if (cpu->inbox[i].origin == origin)
			return;
	cpu->inbox[cpu->inbox_length].origin = (uint8_t)origin;
	cpu->inbox[cpu->inbox_length].message = (uint8_t)message;
	cpu->inbox_length++;
	interrupt_line(cpu, 0, true);
}

void message_remove(struct cpu *cpu)
{
	if (!cpu->inbox_length)
		return;
	cpu->inbox_length--;
	memmove(cpu->inbox, cpu->inbox + 1, cpu->inbox_length * sizeof(cpu->inbox[0]));
	interrupt_line(cpu, 0, cpu->inbox_length != 0);
}
