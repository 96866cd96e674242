/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * umps-objdump: shows what is in core, a.out and ROM files.
 */
#include <argp.h>
#include <errno.h>
#include <error.h>
#include <stdio.h>
#include <stdlib.h>

#include "umps/tools/image_view.h"
#include "umps/tools/input.h"
#include "umps/tools/old_name.h"

const char *argp_program_version = "umps-objdump " VSQUARE_VERSION;

#define OPTION_JSON 1

struct options {
	bool header, code, words, bytes, json;
	const char *file;
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
		if (state->argc == 1 && called_by_old_name())
			argp_state_help(state, stderr,
					ARGP_HELP_LONG | ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		if (!options->file)
			argp_error(state, "FILE is missing");
		if (!options->header && !options->code && !options->words && !options->bytes &&
		    !options->json) {
			if (!called_by_old_name())
				argp_error(state, "say what to show: -h, -d, -x, -b or -a");
			fprintf(stderr, "%s: nothing is shown without -h, -d, -x, -b or -a\n",
				program_invocation_short_name);
		}
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp parser = {
	known, parse, "FILE", "Shows the contents of the core, a.out or ROM file FILE.", 0, 0, 0,
};

int main(int argc, char **argv)
{
	struct options options = {0};
	struct image image;
	struct umps_error problem;
	uint8_t *bytes;
	size_t length;

	program_invocation_name = argv[0] = program_invocation_short_name;
	argp_err_exit_status = 1;
	argp_parse(&parser, argc, argv, 0, NULL, &options);
	bytes = input_read(options.file, &length);
	if (image_recognise(&image, bytes, length, &problem) != 0)
		error(1, 0, "cannot show \"%s\": %s", options.file, problem.text);
	if (options.json && image_show_json(&image, options.file, stdout) != 0)
		error(1, 0, "cannot show the name of \"%s\" as JSON: it is not UTF-8",
		      options.file);
	if (options.header)
		image_show_header(&image, options.file, stdout);
	if (options.code)
		image_show_code(&image, stdout);
	if (options.words)
		image_show_words(&image, stdout);
	if (options.bytes)
		image_show_bytes(&image, stdout);
	free(bytes);
	if (fflush(stdout) || ferror(stdout))
		error(1, 0, "cannot write the output");
	return 0;
}
