/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs on the flash device. Its block 0 is the directory: entries of a name and the number of
 * the program's first block, up to an empty name. Programs are .aout.umps files as they are.
 */
#ifndef PIAZZA_PROGRAM_H
#define PIAZZA_PROGRAM_H

#include <stdbool.h>

#include "system_calls.h"

struct program {
	int first_block;
	int file_pages; /* text and data */
	int text_pages; /* may not be written */
};

bool program_find(const char *name, struct program *program);
/* The name of the program in directory entry SLOT; NULL past the last. */
const char *program_name(int slot);

#endif
