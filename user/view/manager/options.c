// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of umview, kmview and view. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

static const char doc[] =
	"Run a command, or a shell, in a view: file systems, names and services that only it and "
	"what it starts can see."
	"\vThe exit status is that of the command, 128 plus the signal that ended it, or 125 when "
	"the view could not be started. viewctl(1) controls a view from inside.";

enum { OPTION_LINGER = 256 };

static const struct argp_option known[] = {
	{"preload", 'p', "SERVICE[,OPTIONS]", 0, "add a service before the command starts", 0},
	{"rc", 'f', "FILE", 0, "run this start-up file instead of ~/.viewosrc", 0},
	{"viewname", 'V', "NAME", 0, "the name of the view", 0},
	{"quiet", 'q', NULL, 0, "say less", 0},
	{"wait", 'w', NULL, 0,
	 "when the command has ended, wait for what it left behind instead of ending it", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'p':
		if (options->service_count == sizeof(options->services) / sizeof(char *))
			argp_error(state, "more than 64 services");
		options->services[options->service_count++] = argument;
		return 0;
	case 'f':
		options->rc = argument;
		return 0;
	case 'V':
		if (strlen(argument) > 63)
			argp_error(state, "a name has up to 63 bytes");
		options->name = argument;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case 'w':
		options->linger = true;
		return 0;
	case ARGP_KEY_ARGS:
		options->command = state->argv + state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void options_parse(struct options *options, int argc, char **argv)
{
	static char *shell[] = {"/bin/sh", NULL};
	const struct argp argp = {known, parse, "[COMMAND [ARGUMENT...]]", doc, NULL, NULL, NULL};

	argp_program_version = "view " VSQUARE_VERSION;
	argp_err_exit_status = 125;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, options);
	if (!options->command) {
		if (getenv("SHELL"))
			shell[0] = getenv("SHELL");
		options->command = shell;
	}
}
