/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Symbol tables (section 12.4).
 */
#include <stdlib.h>

#include "umps/machine/machine.h"

#define MAGIC	    "MPSA"
#define MIN_SIZE    4
#define MAX_BYTES   (16u << 20)
#define MAX_SYMBOLS 1000000u

static int by_kind_and_address(const void *a, const void *b)
{
	const struct umps_symbol *x = a, *y = b;

	if (x->function != y->function)
		return x->function ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

/* One line: name, kind, start, size, separated by blanks and colons. */
static bool parse_line(char *line, struct umps_symbol *s)
{
	char *save, *name = strtok_r(line, " :\t", &save), *kind = strtok_r(NULL, " :\t", &save);
	char *start = strtok_r(NULL, " :\t", &save), *size = strtok_r(NULL, " :\t", &save), *end;

	if (!name || !kind || !start || !size || (strcmp(kind, "FUN") && strcmp(kind, "OBJ")))
		return false;
	s->name = name;
	s->function = kind[0] == 'F';
	s->start = (uint32_t)strtoul(start, &end, 16);
	if (*end)
		return false;
	s->size = (uint32_t)strtoul(size, &end, 16);
	if (s->size < MIN_SIZE)
		s->size = MIN_SIZE;
	return !*end;
}

/* Assembler functions have no size: they reach to the next one. */
static void extend_functions(struct symbol_table *t)
{
	for (int i = 0; i + 1 < t->functions; i++)
		if (t->symbols[i].size == MIN_SIZE && t->symbols[i + 1].start > t->symbols[i].start)
			t->symbols[i].size = t->symbols[i + 1].start - t->symbols[i].start;
}

static int parse(struct symbol_table *t, const char *path, struct umps_error *error)
{
	unsigned functions, objects;
	char *save, *line;

	if (strncmp(t->names, MAGIC, 4))
		return fail(error,
			    "symbol-table.file: %s does not start with " MAGIC
			    "; make it with umps-elf2umps -k or -m",
			    path);
	line = strtok_r(t->names + 4, "\n", &save);
	if (!line || sscanf(line, "%8X %8X", &functions, &objects) != 2 ||
	    functions > MAX_SYMBOLS || objects > MAX_SYMBOLS)
		return fail(error,
			    "symbol-table.file: %s: its first line must give the numbers of "
			    "functions and objects",
			    path);
	t->symbols = calloc(functions + objects + 1, sizeof(*t->symbols));
	if (!t->symbols)
		return fail(error, "symbol-table.file: %s: out of memory", path);
	while ((line = strtok_r(NULL, "\n", &save))) {
		if ((unsigned)t->count == functions + objects)
			return fail(error,
				    "symbol-table.file: %s: more than the %u symbols that its "
				    "first line announces",
				    path, functions + objects);
		if (!parse_line(line, &t->symbols[t->count]))
			return fail(error, "symbol-table.file: %s: symbol %d is malformed", path,
				    t->count + 1);
		t->functions += t->symbols[t->count].function;
		t->count++;
	}
	qsort(t->symbols, (size_t)t->count, sizeof(*t->symbols), by_kind_and_address);
	extend_functions(t);
	return 0;
}

int symbols_load(struct symbol_table *t, const char *path, int asid, struct umps_error *error)
{
	size_t length;

	t->asid = asid;
	t->names = (char *)file_read(path, MAX_BYTES, &length, error);
	if (!t->names)
		return -1;
	if (parse(t, path, error) < 0) {
		symbols_free(t);
		return -1;
	}
	return 0;
}

void symbols_free(struct symbol_table *t)
{
	free(t->symbols);
	free(t->names);
	*t = (struct symbol_table){.asid = t->asid};
}

const struct umps_symbol *umps_symbol_at(const struct umps *m, int asid, uint32_t address)
{
	const struct symbol_table *t = &m->symbols;

	if (asid != t->asid)
		return NULL;
	for (int kind = 0; kind < 2; kind++) {
		int low = kind ? t->functions : 0, high = kind ? t->count : t->functions;

		while (low < high) { /* the first that starts behind ADDRESS */
			int middle = (low + high) / 2;

			if (t->symbols[middle].start <= address)
				low = middle + 1;
			else
				high = middle;
		}
		if (low > (kind ? t->functions : 0) &&
		    address - t->symbols[low - 1].start < t->symbols[low - 1].size)
			return &t->symbols[low - 1];
	}
	return NULL;
}

const struct umps_symbol *umps_symbol_named(const struct umps *m, const char *name)
{
	for (int i = 0; i < m->symbols.count; i++)
		if (!strcmp(m->symbols.symbols[i].name, name))
			return &m->symbols.symbols[i];
	return NULL;
}

const struct umps_symbol *umps_symbol(const struct umps *m, int index)
{
	return index >= 0 && index < m->symbols.count ? &m->symbols.symbols[index] : NULL;
}

int umps_symbol_asid(const struct umps *m)
{
	return m->symbols.asid;
}
