/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gdb's breakpoints and watchpoints as the machine's breakpoints and suspects.
 *
 * gdb may have several watchpoints on one range (watch and rwatch); the machine has one suspect per
 * range. So there is one `struct point` per range and address space with the types that want it,
 * and a machine id while there are any.
 */
#include <stdlib.h>
#include <string.h>

#include "umps/gdb/server.h"

struct point {
	uint32_t first, last;
	int asid;	/* as in struct umps_stop_point */
	unsigned types; /* a bit for each type */
	bool watch;
	int id;
};

enum { WATCH_WRITE = 2, WATCH_READ = 3, WATCH_ACCESS = 4 };

/* Addresses below the TLB floor are the same in all address spaces. */
static int space_of(const struct server *s, uint32_t address)
{
	return s->asid == UMPS_ASID_PHYS || address >= umps_tlb_floor(s->machine) ? s->asid
										  : CURRENT_ASID;
}

static int set(struct server *s, struct point *p, struct umps_error *error)
{
	struct umps_stop_point point = {
		.kind = p->watch ? UMPS_SUSPECT : UMPS_BREAKPOINT,
		.enabled = true,
		.asid = p->asid,
		.first = p->first,
		.last = p->last,
		.on_read = p->types & (1u << WATCH_READ | 1u << WATCH_ACCESS),
		.on_write = p->types & (1u << WATCH_WRITE | 1u << WATCH_ACCESS),
	};

	p->id = umps_add_stop_point(s->machine, &point, error);
	return p->id < 0 ? -1 : 0;
}

/* The point for a range; ASID NULL: in whatever address space. */
static struct point *find(struct server *s, int type, uint32_t first, uint32_t last,
			  const int *asid)
{
	for (int i = 0; i < s->n_points; i++) {
		struct point *p = &s->points[i];

		if (p->watch == (type >= WATCH_WRITE) && p->first == first && p->last == last &&
		    (asid ? p->asid == *asid : (p->types >> type & 1)))
			return p;
	}
	return NULL;
}

int point_insert(struct server *s, int type, uint32_t address, uint32_t length,
		 struct umps_error *error)
{
	uint32_t last = type < WATCH_WRITE || !length ? address : address + (length - 1);
	int asid = space_of(s, address);
	struct point *p = find(s, type, address, last, &asid), *points;

	if (p) {
		umps_remove_stop_point(s->machine, p->id);
		p->types |= 1u << type;
		return set(s, p, error);
	}
	points = realloc(s->points, (size_t)(s->n_points + 1) * sizeof(*points));
	if (!points) {
		snprintf(error->text, sizeof(error->text), "out of memory for a stop point");
		return -1;
	}
	s->points = points;
	p = &points[s->n_points];
	*p = (struct point){.first = address,
			    .last = last,
			    .asid = asid,
			    .types = 1u << type,
			    .watch = type >= WATCH_WRITE};
	if (set(s, p, error) < 0)
		return -1;
	s->n_points++;
	return 0;
}

int point_remove(struct server *s, int type, uint32_t address, uint32_t length,
		 struct umps_error *error)
{
	uint32_t last = type < WATCH_WRITE || !length ? address : address + (length - 1);
	struct point *p = find(s, type, address, last, NULL);

	if (!p) {
		snprintf(error->text, sizeof(error->text), "there is no such stop point at 0x%08X",
			 address);
		return -1;
	}
	umps_remove_stop_point(s->machine, p->id);
	p->types &= ~(1u << type);
	if (p->types)
		return set(s, p, error);
	*p = s->points[--s->n_points];
	return 0;
}

void points_restore(struct server *s)
{
	for (int i = 0; i < s->n_points; i++)
		set(s, &s->points[i], NULL);
}

void points_clear(struct server *s)
{
	for (int i = 0; i < s->n_points; i++)
		umps_remove_stop_point(s->machine, s->points[i].id);
	free(s->points);
	s->points = NULL;
	s->n_points = 0;
}

int point_hit(const struct server *s, const struct umps_stop *stop, uint32_t *address)
{
	for (int i = 0; i < s->n_points; i++) {
		const struct point *p = &s->points[i];

		if (p->id != stop->id || !p->watch)
			continue;
		/* the access may begin before the range: a byte of a word */
		*address = stop->address < p->first ? p->first : stop->address;
		if (p->types >> WATCH_ACCESS & 1)
			return WATCH_ACCESS;
		return stop->write ? WATCH_WRITE : WATCH_READ;
	}
	*address = stop->address;
	return stop->write ? WATCH_WRITE : WATCH_READ;
}
