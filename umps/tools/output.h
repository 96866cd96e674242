/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Output files that appear whole or not at all: they are written beside their final place under
 * another name and renamed when complete.
 */
#ifndef UMPS_TOOLS_OUTPUT_H
#define UMPS_TOOLS_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

struct output {
	FILE *stream; /* write here */
	char *path, *partial;
};

/* All end the program with one sentence and status 1 on any error, and leave no partial file. */
void output_open(struct output *output, const char *path);
void output_close(struct output *output);
void output_write(const char *path, const void *bytes, size_t length);

#endif
