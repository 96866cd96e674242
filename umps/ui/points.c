/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stop points and traced regions as the user set them. The machine has its own copy of the stop
 * points, which ends with it; the ones here are set again in the next, at the new place of the
 * symbol they were set at.
 */
#include <stdlib.h>
#include <string.h>

#include "umps/ui/session.h"

static void remember_symbol(const struct session *s, struct kept_point *kept)
{
	int asid = kept->point.asid < 0 ? umps_symbol_asid(s->machine) : kept->point.asid;
	const struct umps_symbol *symbol = umps_symbol_at(s->machine, asid, kept->point.first);

	kept->symbol[0] = 0;
	if (!symbol)
		return;
	snprintf(kept->symbol, sizeof(kept->symbol), "%s", symbol->name);
	kept->offset = kept->point.first - symbol->start;
}

int session_add_point(struct session *s, struct umps_stop_point *point, struct umps_error *error)
{
	struct kept_point *points;

	point->id = umps_add_stop_point(s->machine, point, error);
	if (point->id < 0)
		return -1;
	points = realloc(s->points, (size_t)(s->n_points + 1) * sizeof(*points));
	if (!points)
		abort();
	s->points = points;
	points[s->n_points].point = *point;
	remember_symbol(s, &points[s->n_points++]);
	s->changes++;
	return 0;
}

static struct kept_point *find(struct session *s, int id)
{
	for (int i = 0; i < s->n_points; i++)
		if (s->points[i].point.id == id)
			return &s->points[i];
	return NULL;
}

int session_remove_point(struct session *s, int id)
{
	struct kept_point *kept = find(s, id);

	if (!kept)
		return -1;
	umps_remove_stop_point(s->machine, id);
	*kept = s->points[--s->n_points];
	s->changes++;
	return 0;
}

int session_enable_point(struct session *s, int id, bool enabled)
{
	struct kept_point *kept = find(s, id);

	if (!kept)
		return -1;
	kept->point.enabled = enabled;
	umps_enable_stop_point(s->machine, id, enabled);
	s->changes++;
	return 0;
}

void session_restore_points(struct session *s)
{
	uint32_t address;
	int n = 0;

	for (int i = 0; i < s->n_points; i++) {
		struct kept_point *kept = &s->points[i];
		const struct umps_symbol *symbol =
			*kept->symbol ? umps_symbol_named(s->machine, kept->symbol) : NULL;
		uint32_t length = kept->point.last - kept->point.first;

		if (symbol) {
			kept->point.first = symbol->start + kept->offset;
			kept->point.last = kept->point.first + length;
		}
		kept->point.id = umps_add_stop_point(s->machine, &kept->point, NULL);
		if (kept->point.id >= 0)
			s->points[n++] = *kept;
	}
	s->n_points = n;
	for (int i = 0; i < s->n_traces; i++)
		if (parse_address(s, s->traces[i].name, &address) && address % 4 == 0)
			s->traces[i].address = address;
}

int session_add_trace(struct session *s, const char *name, uint32_t address, uint32_t words,
		      struct umps_error *error)
{
	struct trace *t = &s->traces[s->n_traces];

	if (s->n_traces == MAX_TRACES || words < 1 || words > MAX_TRACE_WORDS || address % 4) {
		snprintf(error->text, sizeof(error->text),
			 "a traced region has 1 to %d words at a multiple of 4, and there are %d "
			 "regions at most",
			 MAX_TRACE_WORDS, MAX_TRACES);
		return -1;
	}
	*t = (struct trace){.id = s->next_trace++, .address = address, .words = words};
	snprintf(t->name, sizeof(t->name), "%s", name);
	s->n_traces++;
	s->changes++;
	return 0;
}

int session_remove_trace(struct session *s, int id)
{
	for (int i = 0; i < s->n_traces; i++) {
		if (s->traces[i].id != id)
			continue;
		s->n_traces--;
		memmove(&s->traces[i], &s->traces[i + 1],
			(size_t)(s->n_traces - i) * sizeof(s->traces[0]));
		s->changes++;
		return 0;
	}
	return -1;
}
