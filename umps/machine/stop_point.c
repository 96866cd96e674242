/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Breakpoints and suspects (section 16.3).
 */
#include <stdlib.h>

#include "umps/machine/machine.h"

/* Does a point of address space ASID mean this access of CPU? Physical ones compare PHYSICAL. */
static bool touches(const struct cpu *cpu, const struct umps_stop_point *p, uint32_t address,
		    uint32_t physical, uint32_t length)
{
	uint32_t at = p->asid == UMPS_ASID_PHYS ? physical : address;

	/* with VM off there are no address spaces */
	if (p->asid >= 0 && p->asid < UMPS_ASID_PHYS && cpu->machine->variant->status_vm &&
	    !(cpu->mode & 2))
		return false;
	if (p->asid >= 0 && p->asid < UMPS_ASID_PHYS &&
	    p->asid != (int)((cpu->entry_hi & ENTRYHI_ASID) >> 6))
		return false;
	return at <= p->last && at + (length - 1) >= p->first;
}

/* Is a running processor about to execute at a breakpoint? Then the machine is stopped there. */
bool breakpoint_hit(struct umps *m)
{
	for (int i = 0; m->breakpoints && i < m->n_cpus; i++) {
		const struct cpu *cpu = &m->cpus[i];
		uint32_t physical = 0;
		bool mapped;

		if (cpu->state != UMPS_CPU_RUNNING)
			continue;
		mapped = umps_translate(m, i, -1, cpu->pc, &physical);
		for (int n = 0; n < m->n_points; n++) {
			const struct umps_stop_point *p = &m->points[n];

			if (p->kind != UMPS_BREAKPOINT || !p->enabled ||
			    (p->asid == UMPS_ASID_PHYS && !mapped) ||
			    !touches(cpu, p, cpu->pc, physical, 4))
				continue;
			machine_stop(m, (struct umps_stop){.reason = UMPS_STOP_BREAKPOINT,
							   .cpu = i,
							   .id = p->id,
							   .address = cpu->pc});
			return true;
		}
	}
	return false;
}

void suspect_check(struct cpu *cpu, uint32_t address, uint32_t physical, uint32_t length,
		   bool write)
{
	struct umps *m = cpu->machine;

	for (int n = 0; n < m->n_points; n++) {
		const struct umps_stop_point *p = &m->points[n];

		if (p->kind == UMPS_SUSPECT && p->enabled && (write ? p->on_write : p->on_read) &&
		    touches(cpu, p, address, physical, length))
			machine_stop(m, (struct umps_stop){.reason = UMPS_STOP_SUSPECT,
							   .cpu = cpu->number,
							   .id = p->id,
							   .address = address,
							   .write = write});
	}
}

bool suspect_on_page(const struct umps *m, uint32_t page, uint32_t physical_page)
{
	for (int n = 0; n < m->n_points; n++) {
		const struct umps_stop_point *p = &m->points[n];
		uint32_t at = p->asid == UMPS_ASID_PHYS ? physical_page : page;

		if (p->kind == UMPS_SUSPECT && p->enabled && at <= p->last &&
		    at + (UMPS_PAGE - 1) >= p->first)
			return true;
	}
	return false;
}

static void points_changed(struct umps *m)
{
	m->breakpoints = m->suspects = false;
	for (int n = 0; n < m->n_points; n++) {
		if (!m->points[n].enabled)
			continue;
		if (m->points[n].kind == UMPS_BREAKPOINT)
			m->breakpoints = true;
		else
			m->suspects = true;
	}
	mmu_flush_all(m);
}

int umps_add_stop_point(struct umps *m, const struct umps_stop_point *point,
			struct umps_error *error)
{
	struct umps_stop_point *points;

	if (point->last < point->first || point->asid < -1 || point->asid > UMPS_ASID_PHYS ||
	    (point->kind == UMPS_BREAKPOINT && point->first != point->last))
		return fail(error,
			    "a stop point at 0x%08X..0x%08X in address space %d makes no sense",
			    point->first, point->last, point->asid);
	for (int n = 0; n < m->n_points; n++)
		if (m->points[n].kind == point->kind && m->points[n].asid == point->asid &&
		    m->points[n].first <= point->last && point->first <= m->points[n].last)
			return fail(
				error, "0x%08X..0x%08X overlaps the stop point at 0x%08X..0x%08X",
				point->first, point->last, m->points[n].first, m->points[n].last);
	points = realloc(m->points, (size_t)(m->n_points + 1) * sizeof(*points));
	if (!points)
		return fail(error, "out of memory for a stop point");
	m->points = points;
	points[m->n_points] = *point;
	points[m->n_points++].id = m->next_point++;
	points_changed(m);
	return m->next_point - 1;
}

static int point_index(const struct umps *m, int id)
{
	for (int n = 0; n < m->n_points; n++)
		if (m->points[n].id == id)
			return n;
	return -1;
}

int umps_remove_stop_point(struct umps *m, int id)
{
	int n = point_index(m, id);

	if (n < 0)
		return -1;
	m->n_points--;
	memmove(m->points + n, m->points + n + 1, (size_t)(m->n_points - n) * sizeof(*m->points));
	points_changed(m);
	return 0;
}

int umps_enable_stop_point(struct umps *m, int id, bool enabled)
{
	int n = point_index(m, id);

	if (n < 0)
		return -1;
	m->points[n].enabled = enabled;
	points_changed(m);
	return 0;
}

bool umps_get_stop_point(const struct umps *m, int index, struct umps_stop_point *point)
{
	if (index < 0 || index >= m->n_points)
		return false;
	*point = m->points[index];
	return true;
}

void umps_set_exception_stops(struct umps *m, unsigned mask)
{
	m->exception_stops = mask;
}
