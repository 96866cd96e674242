/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options that umps gdb and umps ui share.
 */
#include <stdlib.h>

#include "umps/front/options.h"

enum { OPTION_NO_RECORD = 512, OPTION_MACHINE };

static const struct argp_option options[] = {
	{"port", 'p', "PORT", 0, "listen on this TCP port of 127.0.0.1 (0: any free one)", 0},
	{"machine", OPTION_MACHINE, "NAME", 0, MACHINE_HELP, 0},
	{"no-record", OPTION_NO_RECORD, NULL, 0,
	 "do not record: faster, but time cannot be reversed", 0},
	{0}};

const enum umps_machine *option_machine(struct argp_state *state, const char *name)
{
	static enum umps_machine machine;

	if (!umps_machine_from_name(name, &machine))
		argp_error(state, "--machine: \"%s\" is neither umps3 nor umps2", name);
	return &machine;
}

int option_number(struct argp_state *state, const char *text, int max, const char *what)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (!*text || *end || n < 0 || n > max)
		argp_error(state, "%s \"%s\" is not a number of 0 to %d", what, text, max);
	return (int)n;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct serving_options *o = state->input;

	switch (key) {
	case 'p':
		o->port = option_number(state, argument, 65535, "port");
		break;
	case OPTION_MACHINE:
		o->machine = option_machine(state, argument);
		break;
	case OPTION_NO_RECORD:
		o->no_record = true;
		break;
	case ARGP_KEY_ARG:
		if (o->path)
			argp_error(state,
				   "one machine file or kernel is enough, \"%s\" is too much",
				   argument);
		o->path = argument;
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "name a machine file (.json) or a kernel");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {options, parse, NULL, NULL, NULL, NULL, NULL};
const struct argp_child serving_children[] = {{&argp, 0, NULL, 0}, {0}};
