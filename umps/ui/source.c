/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Source lines: libdw reads the line tables of an ELF file into one table by address; the source
 * files are read when a line of theirs is first shown, and kept.
 *
 * The compiler wrote down where the files were then. One that is not there any more, because the
 * folder was copied or moved, is looked for beside the ELF file.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "umps/ui/source.h"

#define MAX_FILE_BYTES (4u << 20)

struct entry {
	uint32_t address;
	int file, number; /* number 0: no code of a known line from here on */
};

struct file {
	char *path;
	bool read; /* an attempt was made */
	char *bytes;
	char **lines;
	int n_lines;
};

struct source {
	char *folder; /* of the ELF file, with a slash at its end, or "" */
	struct entry *entries;
	size_t n_entries, max_entries;
	struct file *files;
	int n_files;
};

/* ---- the table */

static int file_named(struct source *s, const char *folder, const char *name)
{
	struct file *more;
	char *path = NULL;

	if (name[0] == '/' || !folder ? !(path = strdup(name))
				      : asprintf(&path, "%s/%s", folder, name) < 0)
		return -1;
	for (int i = 0; i < s->n_files; i++)
		if (!strcmp(s->files[i].path, path)) {
			free(path);
			return i;
		}
	more = realloc(s->files, (size_t)(s->n_files + 1) * sizeof(*more));
	if (!more) {
		free(path);
		return -1;
	}
	s->files = more;
	s->files[s->n_files] = (struct file){.path = path};
	return s->n_files++;
}

static bool add_entry(struct source *s, struct entry entry)
{
	if (s->n_entries == s->max_entries) {
		size_t max = s->max_entries ? 2 * s->max_entries : 1024;
		struct entry *more = realloc(s->entries, max * sizeof(*more));

		if (!more)
			return false;
		s->entries = more;
		s->max_entries = max;
	}
	s->entries[s->n_entries++] = entry;
	return true;
}

static void add_unit(struct source *s, Dwarf_Die *unit)
{
	Dwarf_Attribute attribute;
	Dwarf_Lines *lines;
	size_t n;
	const char *folder = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));

	if (dwarf_getsrclines(unit, &lines, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		Dwarf_Line *line = dwarf_onesrcline(lines, i);
		const char *name = dwarf_linesrc(line, NULL, NULL);
		struct entry entry = {.file = -1};
		Dwarf_Addr address;
		bool end = true;

		if (dwarf_lineaddr(line, &address) || dwarf_lineendsequence(line, &end))
			continue;
		entry.address = (uint32_t)address;
		if (!end && name && !dwarf_lineno(line, &entry.number))
			entry.file = file_named(s, folder, name);
		if (entry.file < 0 || entry.number < 0)
			entry.number = 0;
		if (!add_entry(s, entry))
			return;
	}
}

/* By address; where one sequence ends and another begins, the beginning counts. */
static int by_address(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (x->number > 0) - (y->number > 0);
}

static void read_table(struct source *s, int fd)
{
	Dwarf *dwarf = dwarf_begin(fd, DWARF_C_READ);
	Dwarf_Off offset = 0, next;
	size_t header;

	if (!dwarf)
		return;
	for (; !dwarf_nextcu(dwarf, offset, &next, &header, NULL, NULL, NULL); offset = next) {
		Dwarf_Die unit;

		if (dwarf_offdie(dwarf, offset + header, &unit))
			add_unit(s, &unit);
	}
	dwarf_end(dwarf);
	if (s->n_entries)
		qsort(s->entries, s->n_entries, sizeof(*s->entries), by_address);
}

struct source *source_open(const char *path)
{
	struct source *s = calloc(1, sizeof(*s));
	const char *slash = strrchr(path, '/');
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (s && fd >= 0)
		s->folder = strndup(path, slash ? (size_t)(slash + 1 - path) : 0);
	if (s && s->folder)
		read_table(s, fd);
	if (fd >= 0)
		close(fd);
	if (s && s->n_entries)
		return s;
	source_free(s);
	return NULL;
}

void source_free(struct source *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->n_files; i++) {
		free(s->files[i].path);
		free(s->files[i].bytes);
		free(s->files[i].lines);
	}
	free(s->files);
	free(s->entries);
	free(s->folder);
	free(s);
}

bool source_at(const struct source *s, uint32_t address, struct source_line *line)
{
	size_t low = 0, high = s ? s->n_entries : 0;
	const struct entry *entry;
	const char *slash;

	while (low < high) { /* the first entry behind ADDRESS */
		size_t middle = low + (high - low) / 2;

		if (s->entries[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || s->entries[low - 1].number == 0)
		return false;
	entry = &s->entries[low - 1];
	slash = strrchr(s->files[entry->file].path, '/');
	line->file = slash ? slash + 1 : s->files[entry->file].path;
	line->number = entry->number;
	line->place = entry->file;
	return true;
}

/* ---- the texts */

static char *read_bytes(const char *path)
{
	FILE *stream = fopen(path, "re");
	char *bytes = NULL;
	size_t length = 0;

	if (!stream)
		return NULL;
	bytes = malloc(MAX_FILE_BYTES + 1);
	if (bytes)
		length = fread(bytes, 1, MAX_FILE_BYTES, stream);
	fclose(stream);
	if (bytes) {
		char *fits = realloc(bytes, length + 1);

		bytes = fits ? fits : bytes;
		bytes[length] = 0;
	}
	return bytes;
}

static void split(struct file *f)
{
	int n = 1;

	for (const char *at = f->bytes; *at; at++)
		n += *at == '\n';
	f->lines = calloc((size_t)n, sizeof(*f->lines));
	if (!f->lines)
		return;
	for (char *at = f->bytes; at; f->n_lines++) {
		f->lines[f->n_lines] = at;
		at = strchr(at, '\n');
		if (at)
			*at++ = 0;
	}
}

static void read_file(const struct source *s, struct file *f)
{
	const char *slash = strrchr(f->path, '/');
	char *beside;

	f->read = true;
	f->bytes = read_bytes(f->path);
	if (!f->bytes && asprintf(&beside, "%s%s", s->folder, slash ? slash + 1 : f->path) >= 0) {
		f->bytes = read_bytes(beside);
		free(beside);
	}
	if (f->bytes)
		split(f);
}

const char *source_text(struct source *s, const struct source_line *line, int number)
{
	struct file *f = &s->files[line->place];

	if (!f->read)
		read_file(s, f);
	return number >= 1 && number <= f->n_lines ? f->lines[number - 1] : NULL;
}
