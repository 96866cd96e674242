/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which line of a C source file the code at an address was made from, as the ELF file of a kernel
 * compiled with -g tells.
 */
#ifndef UMPS_UI_SOURCE_H
#define UMPS_UI_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

struct source;

struct source_line {
	const char *file; /* its name without directories; owned by the source */
	int number;	  /* from 1 */
	int place;	  /* which file, for source_text() */
};

/* Reads the line table of the ELF file PATH. NULL: there is no such file, or nothing in it. */
struct source *source_open(const char *path);
/* NULL is allowed. */
void source_free(struct source *source);
/* The line of the code at ADDRESS; false if none is known. SOURCE may be NULL. */
bool source_at(const struct source *source, uint32_t address, struct source_line *line);
/* The text of line NUMBER of the same file, UTF-8 without newline; NULL if it cannot be read. */
const char *source_text(struct source *source, const struct source_line *line, int number);

#endif
