// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of umview, kmview and view. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"

#define SYSTEM_SCRIPT "/etc/viewosrc"

static const char doc[] =
	"Run a command, or a shell, in a view: file systems, names and services that only it and "
	"what it starts can see."
	"\vThe exit status is that of the command, 128 plus the signal that ended it, or 125 when "
	"the view could not be started. viewctl(1) controls a view from inside.";

enum { OPTION_NOTHING = 256, OPTION_FLUSH_LIMIT };

static const struct argp_option known[] = {
	{"preload", 'p', "SERVICE[,OPTIONS]", 0, "add a service before the command starts", 0},
	{"rc", 'f', "FILE", 0, "run this start-up file instead of ~/.viewosrc", 0},
	{"norc", 'N', NULL, 0, "run no start-up files", 0},
	{"viewname", 'V', "NAME", 0, "the name of the view", 0},
	{"vu_name", 0, NULL, OPTION_ALIAS | OPTION_HIDDEN, NULL, 0},
	{"quiet", 'q', NULL, 0, "say less", 0},
	{"secure", 's', NULL, 0, "the command begins as root to itself, as viewctl su makes it", 0},
	{"wait", 'w', NULL, 0,
	 "when the command has ended, wait for what it left behind instead of ending it", 0},
	{"flush-limit", OPTION_FLUSH_LIMIT, "SECONDS", 0,
	 "at the end wait no longer than this for what file-system servers still write", 0},
	/* Of the old commands; what they asked for is so in any case. */
	{"nonesting", 'x', NULL, OPTION_HIDDEN, NULL, 0},
	{"userrecursion", 'u', NULL, OPTION_HIDDEN, NULL, 0},
	{"nokernelpatch", 'n', NULL, OPTION_HIDDEN, NULL, 0},
	{"nokmulti", OPTION_NOTHING, NULL, OPTION_HIDDEN, NULL, 0},
	{"noksysvm", OPTION_NOTHING, NULL, OPTION_HIDDEN, NULL, 0},
	{"nokviewos", OPTION_NOTHING, NULL, OPTION_HIDDEN, NULL, 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

struct parsed {
	struct options *options;
	const char *script;
	bool no_scripts;
};

static int seconds_of(const char *argument, struct argp_state *state)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(argument, &end, 10);
	if (errno || end == argument || *end || number < 1 || number > 1000000)
		argp_error(state, "\"%s\" is no number of seconds from 1 to 1000000", argument);
	return number;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct parsed *parsed = state->input;
	struct options *options = parsed->options;

	switch (key) {
	case 'p':
		if (options->service_count == sizeof(options->services) / sizeof(char *))
			argp_error(state, "more than 64 services");
		options->services[options->service_count++] = argument;
		return 0;
	case 'f':
		if (access(argument, X_OK) < 0)
			argp_failure(state, 125, errno, "the start-up file %s cannot be executed",
				     argument);
		parsed->script = argument;
		return 0;
	case 'N':
		parsed->no_scripts = true;
		return 0;
	case 'V':
		if (strlen(argument) > 63)
			argp_error(state, "a name has up to 63 bytes");
		options->name = argument;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case 's':
		options->secure = true;
		return 0;
	case 'w':
		options->linger = true;
		return 0;
	case OPTION_FLUSH_LIMIT:
		options->flush_limit = seconds_of(argument, state);
		return 0;
	case 'x':
	case 'u':
	case 'n':
	case OPTION_NOTHING:
		return 0;
	case ARGP_KEY_ARGS:
		options->command = state->argv + state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The system's, then the user's or the one asked for; those that are executable. */
static void find_scripts(const struct parsed *parsed)
{
	static char own[PATH_MAX];
	const char *home = getenv("HOME"), *script = parsed->script;
	unsigned int count = 0;

	if (parsed->no_scripts)
		return;
	if (access(SYSTEM_SCRIPT, X_OK) == 0)
		parsed->options->scripts[count++] = SYSTEM_SCRIPT;
	if (!script && home && snprintf(own, sizeof(own), "%s/.viewosrc", home) < PATH_MAX &&
	    access(own, X_OK) == 0)
		script = own;
	if (script)
		parsed->options->scripts[count] = script;
}

/* Shells of Debian show this variable in their prompt. */
static void choose_shell(struct options *options)
{
	static char *shell[] = {"/bin/sh", NULL};

	if (getenv("SHELL") && *getenv("SHELL"))
		shell[0] = getenv("SHELL");
	options->command = shell;
	setenv("debian_chroot", options->name ? options->name : program_invocation_short_name, 1);
}

void options_parse(struct options *options, int argc, char **argv)
{
	const struct argp argp = {known, parse, "[COMMAND [ARGUMENT...]]", doc, NULL, NULL, NULL};
	struct parsed parsed = {.options = options};

	argp_program_version = "view " VSQUARE_VERSION;
	argp_err_exit_status = 125;
	options->quiet = getenv("_VIEWOS_QUIET") != NULL;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &parsed);
	find_scripts(&parsed);
	if (options->quiet)
		setenv("_VIEWOS_QUIET", "1", 1);
	if (!options->command)
		choose_shell(options);
}
