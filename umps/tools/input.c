/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Input files, read whole; pipes and devices as well.
 */
#include <errno.h>
#include <error.h>
#include <stdio.h>
#include <stdlib.h>

#include "umps/tools/input.h"

/* A flash device has at most 2^24 - 1 blocks; nobody has one of more than 1 GiB. */
#define MAX_INPUT (1u << 30)

uint8_t *input_read(const char *path, size_t *length)
{
	FILE *file = fopen(path, "r");
	size_t capacity = 1 << 16, used = 0;
	uint8_t *bytes = NULL, *larger;

	if (!file)
		error(1, errno, "cannot open \"%s\"", path);
	do {
		capacity *= 2;
		larger = capacity <= MAX_INPUT ? realloc(bytes, capacity) : NULL;
		if (!larger)
			error(1, 0, "\"%s\" is too large: more than %zu bytes", path, capacity / 2);
		bytes = larger;
		used += fread(bytes + used, 1, capacity - used, file);
	} while (used == capacity);
	if (ferror(file))
		error(1, errno, "cannot read \"%s\"", path);
	fclose(file);
	*length = used;
	return bytes;
}
