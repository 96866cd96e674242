/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * umps-elf2umps: what the linker makes, turned into what the machine loads.
 */
#include <argp.h>
#include <errno.h>
#include <error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "umps/tools/elf_image.h"
#include "umps/tools/input.h"
#include "umps/tools/old_name.h"
#include "umps/tools/output.h"
#include "umps/tools/words.h"

const char *argp_program_version = "umps-elf2umps " VSQUARE_VERSION;

struct options {
	bool verbose, symbols, ignored;
	int kind; /* the option letter, 0 if none was given */
	const char *file;
};

static const struct argp_option known[] = {
	{"kernel", 'k', 0, 0, "Make a kernel: FILE.core.umps, and the symbol table FILE.stab.umps",
	 0},
	{"aout", 'a', 0, 0, "Make a user program: FILE.aout.umps", 0},
	{"bios", 'b', 0, 0, "Make a ROM from an object file: FILE.rom.umps", 0},
	{"map", 'm', 0, 0, "Write the symbol table FILE.stab.umps as well", 0},
	{"verbose", 'v', 0, 0, "Say what was found and written", 0},
	{0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'k':
	case 'a':
	case 'b':
		if (options->kind && options->kind != key)
			argp_error(state, "options -%c and -%c exclude each other", options->kind,
				   key);
		options->kind = key;
		break;
	case 'm':
		options->symbols = true;
		break;
	case 'v':
		options->verbose = true;
		break;
	case ARGP_KEY_ARG:
		if (!options->file)
			options->file = argument;
		else
			options->ignored = true;
		break;
	case ARGP_KEY_END:
		if (!options->kind)
			argp_error(state, "say what to make: -k, -a or -b");
		if (!options->file)
			argp_error(state, "FILE is missing");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp parser = {
	known,
	parse,
	"FILE",
	"Turns the ELF file FILE into a file for the uMPS machine. The name of the result is FILE "
	"with "
	"a suffix.\v"
	"Text and data become the segments of the image; the linker scripts of the development kit "
	"lay them out as it must be. The byte order is that of FILE.",
	0,
	0,
	0,
};

/*
 * Command lines as umps3-elf2umps took them: -v and -m, then a mode and FILE; whatever else stands
 * before the mode, and all that stands behind FILE, is skipped. False if it is not like that.
 */
static bool parse_old(int argc, char **argv, struct options *options)
{
	int mode = 1;

	while (mode < argc && strcmp(argv[mode], "-k") && strcmp(argv[mode], "-a") &&
	       strcmp(argv[mode], "-b"))
		mode++;
	if (mode + 1 >= argc || argv[mode + 1][0] == '-')
		return false;
	for (int i = 1; i < argc; i++) {
		if (i == mode) {
			options->kind = argv[i++][1];
			options->file = argv[i];
		} else if (i < mode && !strcmp(argv[i], "-v")) {
			options->verbose = true;
		} else if (i < mode && !strcmp(argv[i], "-m")) {
			options->symbols = true;
		} else {
			warn_of_ignored(argv[i]);
		}
	}
	return true;
}

static void print_header(const struct elf_image *image, size_t offset)
{
	static const char *const names[] = {
		"entry point",	       "text address",	    "text size in memory",
		"text offset",	       "text size in file", "data address",
		"data size in memory", "data offset",	    "data size in file"};
	int i;

	for (i = 0; i < 9; i++)
		printf("  %-20s 0x%08X\n", names[i],
		       get_word(image->bytes + offset + (i + 1) * WORD, image->big_endian));
}

static char *with_suffix(const char *file, const char *suffix)
{
	char *path;

	if (asprintf(&path, "%s%s", file, suffix) < 0)
		error(1, 0, "there is no memory for a file name");
	return path;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct elf_image image;
	struct umps_error problem;
	uint8_t *elf;
	char *path, *symbols = NULL;
	size_t length, symbols_size;

	program_invocation_name = argv[0] = program_invocation_short_name;
	argp_err_exit_status = 1;
	if (!called_by_old_name() || !parse_old(argc, argv, &options))
		argp_parse(&parser, argc, argv, 0, NULL, &options);
	if (options.ignored)
		fprintf(stderr, "%s: only \"%s\" is converted; what follows it is ignored\n",
			program_invocation_short_name, options.file);

	elf = input_read(options.file, &length);
	if (elf_image(elf, length,
		      options.kind == 'k'   ? IMAGE_CORE
		      : options.kind == 'a' ? IMAGE_AOUT
					    : IMAGE_ROM,
		      &image, &problem) != 0)
		error(1, 0, "cannot convert \"%s\": %s", options.file, problem.text);
	fputs(image.warnings, stderr);
	if (options.symbols || options.kind == 'k') {
		symbols = elf_symbols(elf, length, &symbols_size, &problem);
		if (!symbols)
			error(1, 0, "cannot convert \"%s\": %s", options.file, problem.text);
	}

	path = with_suffix(options.file, options.kind == 'k'   ? ".core.umps"
					 : options.kind == 'a' ? ".aout.umps"
							       : ".rom.umps");
	output_write(path, image.bytes, image.size);
	if (options.verbose) {
		printf("%s: %zu bytes, %s endian\n", path, image.size,
		       image.big_endian ? "big" : "little");
		if (options.kind != 'b')
			print_header(&image, options.kind == 'k' ? CORE_HEADER_SIZE : 0);
	}
	free(path);
	if (symbols) {
		path = with_suffix(options.file, ".stab.umps");
		output_write(path, symbols, symbols_size);
		if (options.verbose)
			printf("%s: %zu bytes\n", path, symbols_size);
		free(path);
	}
	free(symbols);
	free(image.bytes);
	free(elf);
	return 0;
}
