/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Core, a.out and ROM files as text. Offsets are offsets in memory: the magic word of a core file,
 * and the magic word and size of a ROM, are left out.
 */
#ifndef UMPS_TOOLS_IMAGE_VIEW_H
#define UMPS_TOOLS_IMAGE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "umps/machine/umps.h"

struct image {
	const char *type;
	bool big_endian;
	const uint8_t *bytes; /* as in memory; borrowed */
	size_t size;
	const uint8_t *header; /* NULL for a ROM */
};

/*
 * Finds out what the bytes of a file are; they must outlive IMAGE. The byte order is the one in
 * which the first word is a magic word. -1 and a sentence if it is none of the three.
 */
int image_recognise(struct image *image, const uint8_t *bytes, size_t length,
		    struct umps_error *error);

void image_show_header(const struct image *image, const char *file, FILE *out);
void image_show_code(const struct image *image, FILE *out); /* from the entry point on */
void image_show_words(const struct image *image, FILE *out);
void image_show_bytes(const struct image *image, FILE *out);
/* The header as a JSON object; -1 if FILE is not UTF-8. */
int image_show_json(const struct image *image, const char *file, FILE *out);

#endif
