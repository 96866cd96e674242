/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a user has set for a machine stays for the next time: speed, stops, stop points, traced
 * regions, and what the page wants to know again ("layout", which only the page understands).
 *
 * One file for each machine, $XDG_STATE_HOME/umps/NAME-HASH.json (default: ~/.local/state), written
 * whole beside its place and then renamed. What is wrong in it is left out.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "umps/ui/session.h"

/* Creates the directory; NULL if there is no place for settings. */
static char *settings_path(const struct session *s)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME"), *name;
	uint64_t hash = 0xCBF29CE484222325;
	char machine[PATH_MAX], *path, *slash;
	int length;

	if (!realpath(s->path, machine))
		return NULL;
	name = strrchr(machine, '/') + 1;
	for (const char *c = machine; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 0x100000001B3;
	if (state && state[0] == '/')
		length = asprintf(&path, "%s/umps/%s-%016llx.json", state, name,
				  (unsigned long long)hash);
	else if (home && home[0] == '/')
		length = asprintf(&path, "%s/.local/state/umps/%s-%016llx.json", home, name,
				  (unsigned long long)hash);
	else
		return NULL;
	if (length < 0)
		return NULL;
	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0700); /* or it exists, or writing tells */
		*slash = '/';
	}
	return path;
}

/* ---- reading */

static bool whole_number(const json_t *object, const char *name, int64_t min, int64_t max,
			 int64_t *value)
{
	const json_t *field = json_object_get(object, name);

	*value = json_integer_value(field);
	return json_is_integer(field) && *value >= min && *value <= max;
}

static void read_point(struct session *s, const json_t *from)
{
	const char *kind = json_string_value(json_object_get(from, "kind")),
		   *symbol = json_string_value(json_object_get(from, "symbol"));
	struct kept_point *points, *kept;
	int64_t first, last, asid, offset;

	if (!kind || (strcmp(kind, "breakpoint") && strcmp(kind, "suspect")) ||
	    !whole_number(from, "first", 0, UINT32_MAX, &first) ||
	    !whole_number(from, "last", first, UINT32_MAX, &last) ||
	    !whole_number(from, "asid", -1, UMPS_ASID_PHYS, &asid) ||
	    !whole_number(from, "offset", 0, UINT32_MAX, &offset))
		return;
	points = realloc(s->points, (size_t)(s->n_points + 1) * sizeof(*points));
	if (!points)
		abort();
	s->points = points;
	kept = &points[s->n_points++];
	*kept = (struct kept_point){
		.point = {.kind = kind[0] == 'b' ? UMPS_BREAKPOINT : UMPS_SUSPECT,
			  .enabled = json_is_true(json_object_get(from, "enabled")),
			  .asid = (int)asid,
			  .first = (uint32_t)first,
			  .last = (uint32_t)last,
			  .on_read = json_is_true(json_object_get(from, "read")),
			  .on_write = json_is_true(json_object_get(from, "write"))},
		.offset = (uint32_t)offset};
	snprintf(kept->symbol, sizeof(kept->symbol), "%s", symbol ? symbol : "");
}

static void read_trace(struct session *s, const json_t *from)
{
	const char *name = json_string_value(json_object_get(from, "name"));
	struct umps_error error;
	int64_t address, words;

	if (name && whole_number(from, "address", 0, UINT32_MAX, &address) &&
	    whole_number(from, "words", 1, MAX_TRACE_WORDS, &words))
		session_add_trace(s, name, (uint32_t)address, (uint32_t)words, &error);
}

void settings_apply(struct session *s, const json_t *from)
{
	int64_t value;
	json_t *one;
	size_t i;

	if (whole_number(from, "speed", 0, N_SPEEDS - 1, &value))
		s->speed = (int)value;
	if (whole_number(from, "mask", 0, STOP_MASK, &value))
		s->stop_mask = (unsigned)value & STOP_MASK;
	json_array_foreach (json_object_get(from, "points"), i, one)
		read_point(s, one);
	json_array_foreach (json_object_get(from, "traces"), i, one)
		read_trace(s, one);
	session_set_layout(s, json_object_get(from, "layout"));
}

void settings_read(struct session *s)
{
	char *path = settings_path(s);
	json_t *from = path ? json_load_file(path, 0, NULL) : NULL;

	settings_apply(s, from);
	json_decref(from);
	free(path);
}

/* ---- writing */

json_t *settings_json(const struct session *s)
{
	json_t *points = json_array(), *traces = json_array(), *all;

	for (int i = 0; i < s->n_points; i++) {
		const struct kept_point *k = &s->points[i];

		json_array_append_new(
			points,
			json_pack("{s:s, s:I, s:I, s:i, s:b, s:b, s:b, s:s, s:I}", "kind",
				  k->point.kind == UMPS_BREAKPOINT ? "breakpoint" : "suspect",
				  "first", (json_int_t)k->point.first, "last",
				  (json_int_t)k->point.last, "asid", k->point.asid, "enabled",
				  k->point.enabled, "read", k->point.on_read, "write",
				  k->point.on_write, "symbol", k->symbol, "offset",
				  (json_int_t)k->offset));
	}
	for (int i = 0; i < s->n_traces; i++)
		json_array_append_new(traces,
				      json_pack("{s:s, s:I, s:I}", "name", s->traces[i].name,
						"address", (json_int_t)s->traces[i].address,
						"words", (json_int_t)s->traces[i].words));
	all = json_pack("{s:s, s:i, s:i, s:o, s:o}", "machine", s->path, "speed", s->speed, "mask",
			(int)s->stop_mask, "points", points, "traces", traces);
	if (all && s->layout)
		json_object_set(all, "layout", s->layout);
	return all;
}

void settings_write(struct session *s)
{
	char *path = settings_path(s), *partial = NULL;
	json_t *all = settings_json(s);

	if (path && all && asprintf(&partial, "%s.%d", path, (int)getpid()) >= 0 &&
	    (json_dump_file(all, partial, JSON_INDENT(1)) < 0 || rename(partial, path) < 0)) {
		fprintf(stderr, "umps ui: the settings cannot be kept in %s: %s\n", path,
			strerror(errno));
		unlink(partial);
	}
	json_decref(all);
	free(partial);
	free(path);
}
