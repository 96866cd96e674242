/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * umps-objdump: shows what is in core, a.out and ROM files.
 *
 * Addresses in dumps are offsets in memory: the magic word of a core file, and the magic word and
 * size of a ROM, are left out. The byte order is the one in which the first word is a magic word.
 */
#include <argp.h>
#include <error.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "umps/tools/disassemble.h"
#include "umps/tools/input.h"
#include "umps/tools/words.h"

const char *argp_program_version = "umps-objdump " VSQUARE_VERSION;

#define OPTION_JSON 1
#define LINE	    16 /* bytes of a dump line */

struct options {
	bool header, code, words, bytes, json;
	const char *file;
};

struct image {
	const char *type;
	bool big_endian;
	const uint8_t *bytes; /* as in memory */
	size_t size;
	const uint8_t *header; /* NULL for a ROM */
};

static const struct argp_option known[] = {
	{"header", 'h', 0, 0, "Show the header", 0},
	{"disassemble", 'd', 0, 0, "Disassemble the text", 0},
	{"words", 'x', 0, 0, "Dump all words", 0},
	{"bytes", 'b', 0, 0, "Dump all bytes", 0},
	{"all", 'a', 0, 0, "All of these", 0},
	{"json", OPTION_JSON, 0, 0, "Show the header as JSON", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'h':
		options->header = true;
		break;
	case 'd':
		options->code = true;
		break;
	case 'x':
		options->words = true;
		break;
	case 'b':
		options->bytes = true;
		break;
	case 'a':
		options->header = options->code = options->words = options->bytes = true;
		break;
	case OPTION_JSON:
		options->json = true;
		break;
	case ARGP_KEY_ARG:
		if (options->file)
			argp_error(state, "one file at a time: \"%s\" is one too many", argument);
		options->file = argument;
		break;
	case ARGP_KEY_END:
		if (!options->file)
			argp_error(state, "FILE is missing");
		if (!options->header && !options->code && !options->words && !options->bytes &&
		    !options->json)
			argp_error(state, "say what to show: -h, -d, -x, -b or -a");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp parser = {
	known, parse, "FILE", "Shows the contents of the core, a.out or ROM file FILE.", 0, 0, 0,
};

static void recognise(struct image *image, const uint8_t *bytes, size_t length, const char *file)
{
	uint32_t magic = 0;
	size_t skip;

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
		error(1, 0,
		      "cannot show \"%s\": its first word 0x%08X is not that of a core, a.out or "
		      "ROM file",
		      file, magic);
		return;
	}
	image->bytes = bytes + (skip < length ? skip : length);
	image->size = length > skip ? length - skip : 0;
	image->header = NULL;
	if (magic != MAGIC_ROM) {
		size_t offset = magic == MAGIC_CORE ? PAGE : 0;

		if (image->size < offset + AOUT_WORDS * WORD)
			error(1, 0,
			      "cannot show \"%s\": it ends, after %zu bytes, inside its header",
			      file, length);
		image->header = image->bytes + offset;
	}
}

static uint32_t field(const struct image *image, enum aout_header number)
{
	return get_word(image->header + number * WORD, image->big_endian);
}

static void show_header(const struct image *image, const char *file)
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
		printf("%s : %s file type : it has no a.out header\n\n", file, image->type);
		return;
	}
	printf("%s : %s file type\n\n", file, image->type);
	for (i = 0; i < 9; i++)
		printf("%-34s : 0x%08X\n", names[i], field(image, AOUT_ENTRY + i));
	putchar('\n');
}

static void show_header_as_json(const struct image *image, const char *file)
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
		error(1, 0, "cannot show the name of \"%s\" as JSON: it is not UTF-8", file);
	for (i = 0; image->header && i < 9; i++)
		json_object_set_new(object, names[i], json_integer(field(image, AOUT_ENTRY + i)));
	if (image->header)
		json_object_set_new(object, "gp", json_integer(field(image, AOUT_GP)));
	json_dumpf(object, stdout, JSON_INDENT(4));
	putchar('\n');
	json_decref(object);
}

static void show_code(const struct image *image)
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
			printf("*\n");
		if (nops >= 2)
			continue;
		disassemble(word, text);
		printf("0x%08X : %s\n", address + (uint32_t)i, text);
	}
	putchar('\n');
}

/* The bytes in lines of 16, as bytes or as words; of a run of zeros only two lines are shown. */
static void dump(const struct image *image, bool words)
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
			printf("*\n");
		if (zeros >= 3)
			continue;
		printf("0x%08zX : ", offset);
		for (i = 0; i < (int)length; i += step)
			if (words)
				printf("0x%08X  ", get_word(line + i, image->big_endian));
			else
				printf("%02X  ", line[i]);
		putchar('\n');
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct image image = {0};
	uint8_t *bytes;
	size_t length;

	argp_err_exit_status = 1;
	argp_parse(&parser, argc, argv, 0, NULL, &options);
	bytes = input_read(options.file, &length);
	recognise(&image, bytes, length, options.file);
	if (options.json)
		show_header_as_json(&image, options.file);
	if (options.header)
		show_header(&image, options.file);
	if (options.code)
		show_code(&image);
	if (options.words)
		dump(&image, true);
	if (options.bytes)
		dump(&image, false);
	free(bytes);
	if (fflush(stdout) || ferror(stdout))
		error(1, 0, "cannot write the output");
	return 0;
}
