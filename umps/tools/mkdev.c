/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * umps-mkdev: makes the images that back disks, flash devices and tapes.
 *
 * A disk image is its geometry (seven words) and zeroed sectors; a flash image is its geometry
 * (three words) and the blocks of an input file, then zeroed blocks. A tape is the blocks of its
 * files, each with a marker behind it.
 */
#include <argp.h>
#include <errno.h>
#include <error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "umps/tools/old_name.h"
#include "umps/tools/output.h"
#include "umps/tools/words.h"

const char *argp_program_version = "umps-mkdev " VSQUARE_VERSION;

#define MICROSECONDS_PER_MINUTE 60000000

/* A number on the command line, by position. */
struct number {
	const char *name;
	unsigned low, high, value; /* value: the default, until replaced */
};

static struct number disk[] = {
	{"cylinders", 1, 65535, 32},	  {"heads", 1, 255, 2},
	{"sectors per track", 1, 255, 8}, {"rotations per minute", 360, 10800, 3600},
	{"seek time", 1, 10000, 100},	  {"data percentage of a sector", 10, 90, 80},
};
static struct number flash[] = {
	{"blocks", 1, 0xFFFFFF, 512},
	{"write time", 1, 100000, 1000},
};

struct options {
	int kind; /* 'd', 'f' or 't' */
	bool big_endian;
	const char *image, *input;
	int numbers;	    /* given so far */
	const char **files; /* of a tape */
	int n_files;
};

static const struct argp_option known[] = {
	{"disk", 'd', 0, 0, "Make a disk: IMAGE [CYLINDERS [HEADS [SECTORS [RPM [SEEK [DATA]]]]]]",
	 0},
	{"flash", 'f', 0, 0, "Make a flash device: IMAGE INPUT [BLOCKS [WRITE-TIME]]", 0},
	{"tape", 't', 0, 0, "Make a tape: IMAGE FILE...", 0},
	{"big-endian", 'B', 0, 0, "For a machine of that byte order", 0},
	{0},
};

static void set_number(const struct argp_state *state, struct number *number, const char *argument)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(argument, &end, 0);
	if (errno || end == argument || *end || *argument == '-' || value < number->low ||
	    value > number->high)
		argp_error(state, "%s: \"%s\" is not a number from %u to %u", number->name,
			   argument, number->low, number->high);
	number->value = value;
}

static void add_argument(const struct argp_state *state, struct options *options,
			 const char *argument)
{
	int most = options->kind == 'd' ? sizeof(disk) / sizeof(*disk)
					: sizeof(flash) / sizeof(*flash);

	if (!options->image) {
		if (!strstr(argument, ".umps"))
			argp_error(state, "the image's name \"%s\" must contain \".umps\"",
				   argument);
		options->image = argument;
	} else if (options->kind == 't') {
		options->files[options->n_files++] = argument;
	} else if (options->kind == 'f' && !options->input) {
		options->input = argument;
	} else if (options->numbers < most) {
		set_number(state, (options->kind == 'd' ? disk : flash) + options->numbers++,
			   argument);
	} else {
		argp_error(state, "there is no parameter for \"%s\"", argument);
	}
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'd':
	case 'f':
	case 't':
		if (options->kind && options->kind != key)
			argp_error(state, "options -%c and -%c exclude each other", options->kind,
				   key);
		options->kind = key;
		break;
	case 'B':
		options->big_endian = true;
		break;
	case ARGP_KEY_ARG:
		if (!options->kind)
			argp_error(state, "say what to make: -d, -f or -t");
		add_argument(state, options, argument);
		break;
	case ARGP_KEY_END:
		if (state->argc == 1)
			argp_state_help(state, called_by_old_name() ? stderr : stdout,
					ARGP_HELP_LONG | ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		if (!options->kind)
			argp_error(state, "say what to make: -d, -f or -t");
		if (!options->image)
			argp_error(state, "the name of the image is missing");
		if (options->kind == 't' && !options->n_files)
			argp_error(state, "name the files to put on the tape");
		if (options->kind == 'f' && !options->input)
			argp_error(state,
				   "the input file is missing; /dev/null makes an empty device");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp parser = {
	known,
	parse,
	"-d IMAGE.umps [CYLINDERS [HEADS [SECTORS [RPM [SEEK [DATA]]]]]]\n"
	"-f IMAGE.umps INPUT [BLOCKS [WRITE-TIME]]\n"
	"-t IMAGE.umps FILE...",
	"Makes the image of a disk, flash device or tape.\v"
	"Disk: 1 to 65535 cylinders (32), 1 to 255 heads (2) and sectors per track (8), 360 to "
	"10800 "
	"rotations per minute (3600), 1 to 10000 us per cylinder to seek (100), data on 10 to 90 % "
	"of a "
	"sector (80). Flash: 1 to 0xFFFFFF blocks (512), 1 to 100000 us to write one (1000). INPUT "
	"is cut "
	"into blocks of 4096 bytes; of a core file the first word is left out, so that block 0 is "
	"the "
	"first page of memory; the same with a FILE on a tape.",
	0,
	0,
	0,
};

static void put(FILE *stream, uint32_t word, bool big_endian)
{
	uint8_t bytes[WORD];

	put_word(bytes, word, big_endian);
	fwrite(bytes, 1, WORD, stream);
}

/* Extends the image by COUNT zeroed blocks, as a hole; a pipe, which has no length, gets the zeros.
 */
static void add_zero_blocks(FILE *stream, uint64_t count)
{
	static const uint8_t zeros[PAGE];
	off_t end = ftello(stream) + (off_t)(count * PAGE);

	if (fflush(stream) == 0 && ftruncate(fileno(stream), end) == 0 &&
	    fseeko(stream, end, SEEK_SET) == 0)
		return;
	if (errno != EINVAL)
		error(1, errno, "cannot make an image of %lld bytes", (long long)end);
	clearerr(stream);
	while (count-- && fwrite(zeros, 1, PAGE, stream) == PAGE)
		;
}

static void make_disk(FILE *stream, bool big_endian)
{
	uint32_t cylinders = disk[0].value, heads = disk[1].value, sectors = disk[2].value;

	put(stream, MAGIC_DISK, big_endian);
	put(stream, cylinders, big_endian);
	put(stream, heads, big_endian);
	put(stream, sectors, big_endian);
	put(stream, MICROSECONDS_PER_MINUTE / disk[3].value, big_endian);
	put(stream, disk[4].value, big_endian);
	put(stream, disk[5].value, big_endian);
	add_zero_blocks(stream, (uint64_t)cylinders * heads * sectors);
}

static void make_flash(FILE *stream, const char *input_path, bool big_endian)
{
	uint8_t block[PAGE], start[WORD];
	FILE *input = fopen(input_path, "r");
	uint32_t blocks = flash[0].value, used = 0;
	size_t length;

	if (!input)
		error(1, errno, "cannot open \"%s\"", input_path);
	put(stream, MAGIC_FLASH, big_endian);
	put(stream, blocks, big_endian);
	put(stream, flash[1].value, big_endian);

	length = fread(start, 1, WORD, input);
	if (length == WORD && get_word(start, big_endian) == MAGIC_CORE)
		length = 0;
	while (used < blocks) {
		memcpy(block, start, length);
		length += fread(block + length, 1, PAGE - length, input);
		if (length == 0)
			break;
		memset(block + length, 0, PAGE - length);
		fwrite(block, 1, PAGE, stream);
		used++;
		length = 0;
	}
	if (used == blocks && fgetc(input) != EOF)
		fprintf(stderr, "%s: \"%s\" was truncated: the device has only %u blocks\n",
			program_invocation_short_name, input_path, blocks);
	if (ferror(input))
		error(1, errno, "cannot read \"%s\"", input_path);
	fclose(input);
	add_zero_blocks(stream, blocks - used);
}

enum { MARKER_END, MARKER_FILE, MARKER_BLOCK };

/* The blocks of all files; the marker behind a block is written when it is known what follows. */
static void make_tape(FILE *stream, const struct options *options)
{
	bool big_endian = options->big_endian, any = false;

	put(stream, MAGIC_TAPE, big_endian);
	for (int i = 0; i < options->n_files; i++) {
		FILE *input = fopen(options->files[i], "r");
		uint8_t block[PAGE];
		size_t length;

		if (!input)
			error(1, errno, "cannot open \"%s\"", options->files[i]);
		length = fread(block, 1, WORD, input);
		if (length == WORD && get_word(block, big_endian) == MAGIC_CORE)
			length = 0;
		length += fread(block + length, 1, PAGE - length, input);
		if (length && any)
			put(stream, MARKER_FILE, big_endian);
		while (length) {
			int next;

			memset(block + length, 0, PAGE - length);
			fwrite(block, 1, PAGE, stream);
			any = true;
			next = fgetc(input);
			if (next == EOF)
				break;
			put(stream, MARKER_BLOCK, big_endian);
			block[0] = (uint8_t)next;
			length = 1 + fread(block + 1, 1, PAGE - 1, input);
		}
		if (ferror(input))
			error(1, errno, "cannot read \"%s\"", options->files[i]);
		fclose(input);
	}
	if (!any)
		error(1, 0, "there is nothing to put on the tape: all files are empty");
	put(stream, MARKER_END, big_endian);
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct output output;

	program_invocation_name = argv[0] = program_invocation_short_name;
	argp_err_exit_status = 1;
	options.files = calloc((size_t)argc, sizeof(*options.files));
	if (!options.files)
		error(1, 0, "there is no memory for the command line");
	argp_parse(&parser, argc, argv, 0, NULL, &options);
	if (options.kind == 't')
		for (int i = 0; i < options.n_files; i++)
			if (access(options.files[i], R_OK) < 0)
				error(1, errno, "cannot open \"%s\"", options.files[i]);
	output_open(&output, options.image);
	if (options.kind == 'd')
		make_disk(output.stream, options.big_endian);
	else if (options.kind == 't')
		make_tape(output.stream, &options);
	else
		make_flash(output.stream, options.input, options.big_endian);
	output_close(&output);
	return 0;
}
