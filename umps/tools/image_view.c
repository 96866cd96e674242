/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Core, a.out and ROM files as text: header, instructions, dumps.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "umps/machine/error.h"
#include "umps/tools/disassemble.h"
#include "umps/tools/image_view.h"
#include "umps/tools/words.h"

#define LINE 16 /* bytes of a dump line */

int image_recognise(struct image *image, const uint8_t *bytes, size_t length,
		    struct umps_error *error)
{
	uint32_t magic = 0;
	size_t skip;

	image->big_endian = false;
	if (length >= WORD) {
		image->big_endian = bytes[3] == 'M' && bytes[2] == 'P' && bytes[1] == 'S';
		magic = get_word(bytes, image->big_endian);
	}
	switch (magic) {
	case MAGIC_CORE:
		image->type = "core";
		skip = WORD;
		break;
	case MAGIC_AOUT:
		image->type = "a.out";
		skip = 0;
		break;
	case MAGIC_ROM:
		image->type = "ROM";
		skip = 2 * WORD;
		break;
	default:
		return fail(error, "its first word 0x%08X is not that of a core, a.out or ROM file",
			    magic);
	}
	image->bytes = bytes + (skip < length ? skip : length);
	image->size = length > skip ? length - skip : 0;
	image->header = NULL;
	if (magic != MAGIC_ROM) {
		size_t offset = magic == MAGIC_CORE ? PAGE : 0;

		if (image->size < offset + AOUT_WORDS * WORD)
			return fail(error, "it ends, after %zu bytes, inside its header", length);
		image->header = image->bytes + offset;
	}
	return 0;
}

static uint32_t field(const struct image *image, enum aout_header number)
{
	return get_word(image->header + number * WORD, image->big_endian);
}

void image_show_header(const struct image *image, const char *file, FILE *out)
{
	static const char *const names[] = {
		"Program (virtual) starting address",
		".text (virtual) start address",
		".text memory size",
		".text file start offset",
		".text file size",
		".data (virtual) start address",
		".data memory size",
		".data file start offset",
		".data file size",
	};
	int i;

	if (!image->header) {
		fprintf(out, "%s : %s file type : it has no a.out header\n\n", file, image->type);
		return;
	}
	fprintf(out, "%s : %s file type\n\n", file, image->type);
	for (i = 0; i < 9; i++)
		fprintf(out, "%-34s : 0x%08X\n", names[i], field(image, AOUT_ENTRY + i));
	fputc('\n', out);
}

int image_show_json(const struct image *image, const char *file, FILE *out)
{
	static const char *const names[] = {
		"entry",	  "text-address", "text-memory-size", "text-offset",
		"text-file-size", "data-address", "data-memory-size", "data-offset",
		"data-file-size",
	};
	json_t *object =
		json_pack("{s:s, s:s, s:s, s:I}", "file", file, "type", image->type, "byte-order",
			  image->big_endian ? "big" : "little", "size", (json_int_t)image->size);
	int i;

	if (!object)
		return -1;
	for (i = 0; image->header && i < 9; i++)
		json_object_set_new(object, names[i], json_integer(field(image, AOUT_ENTRY + i)));
	if (image->header)
		json_object_set_new(object, "gp", json_integer(field(image, AOUT_GP)));
	json_dumpf(object, out, JSON_INDENT(4));
	fputc('\n', out);
	json_decref(object);
	return 0;
}

void image_show_code(const struct image *image, FILE *out)
{
	size_t offset = 0, length = image->size & ~(size_t)(WORD - 1), i;
	uint32_t address = 0, word;
	char text[DISASSEMBLY_SIZE];
	int nops = 0;

	if (image->header) {
		address = field(image, AOUT_ENTRY);
		offset = (size_t)(image->header - image->bytes) +
			 (uint32_t)(address - field(image, AOUT_TEXT_ADDRESS));
		length = field(image, AOUT_TEXT_MEMORY_SIZE);
	}
	for (i = 0; i < length && offset + i + WORD <= image->size; i += WORD) {
		word = get_word(image->bytes + offset + i, image->big_endian);
		nops = word ? 0 : nops + 1;
		if (nops == 2)
			fprintf(out, "*\n");
		if (nops >= 2)
			continue;
		disassemble(word, text);
		fprintf(out, "0x%08X : %s\n", address + (uint32_t)i, text);
	}
	fputc('\n', out);
}

/* The bytes in lines of 16, as bytes or as words; of a run of zeros only two lines are shown. */
static void dump(const struct image *image, bool words, FILE *out)
{
	int zeros = 0, i, step = words ? WORD : 1;
	uint8_t line[LINE];
	size_t offset, length;

	for (offset = 0; offset < image->size; offset += LINE) {
		length = image->size - offset < LINE ? image->size - offset : LINE;
		memset(line, 0, LINE);
		memcpy(line, image->bytes + offset, length);
		zeros = memcmp(line, (uint8_t[LINE]){0}, LINE) ? 0 : zeros + 1;
		if (zeros == 3)
			fprintf(out, "*\n");
		if (zeros >= 3)
			continue;
		fprintf(out, "0x%08zX : ", offset);
		for (i = 0; i < (int)length; i += step)
			if (words)
				fprintf(out, "0x%08X  ", get_word(line + i, image->big_endian));
			else
				fprintf(out, "%02X  ", line[i]);
		fputc('\n', out);
	}
	fputc('\n', out);
}

void image_show_words(const struct image *image, FILE *out)
{
	dump(image, true, out);
}

void image_show_bytes(const struct image *image, FILE *out)
{
	dump(image, false, out);
}
