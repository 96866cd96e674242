// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vde plug: join two networks, a network and a command, or a network and stdin/stdout.
 *
 * Theory: work out from the arguments what the two ends are, open them, run a plain cable. The
 * forms are those of vde_plug: nothing, VNL, VNL VNL, = COMMAND..., VNL = COMMAND...
 */
#include <stdlib.h>
#include <string.h>

#include "user/vde/cmd/cable.h"
#include "user/vde/cmd/command.h"

enum { KEY_PORT2 = 256 };

struct plug {
	struct cable_options options;
	struct end_options second;
	const char *vnl[2];
	unsigned int count;
	char **command;
};

static int parse(int key, char *text, struct argp_state *state)
{
	struct plug *plug = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &plug->options;
		break;
	case KEY_PORT2:
		if (parse_port(text, &plug->second.port))
			argp_error(state, "%s: a port is a number from 0 to 4095", text);
		break;
	case 'G':
		plug->second.group = text;
		break;
	case 'M':
		if (parse_mode(text, &plug->second.mode))
			argp_error(state, "%s: a mode is an octal number up to 777", text);
		break;
	case ARGP_KEY_ARG:
		if (strcmp(text, "=") == 0) {
			if (state->next == state->argc)
				argp_error(state, "a command must follow \"=\"");
			if (plug->count > 1)
				argp_error(state, "a command joins one network, not two");
			plug->command = state->argv + state->next;
			state->next = state->argc;
		} else if (plug->count < 2) {
			plug->vnl[plug->count++] = text;
		} else {
			argp_error(state, "a cable has two ends: \"%s\" is too many", text);
		}
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option options[] = {
	{"port2", KEY_PORT2, "N", 0, "Port of the second switch", 1},
	{"group2", 'G', "GROUP", 0, "Group for the second switch", 1},
	{"mode2", 'M', "OCTAL", 0, "Mode for the second switch", 1},
	{"mod2", 0, NULL, OPTION_ALIAS, NULL, 1},
	{}};

static const struct argp_child children[] = {{&cable_argp, 0, NULL, 0}, {}};

static const struct argp parser = {
	options,
	parse,
	"[VNL]\nVNL VNL\n[VNL] = COMMAND [ARGUMENT...]",
	"Join two networks, a network and a command, or a network and stdin and stdout.\v"
	"On stdio each frame follows its length, two bytes, big-endian. VNL \"-\" is stdio too.",
	children,
	NULL,
	NULL};

int plug_main(int argc, char **argv)
{
	struct plug plug = {};
	struct cable cable = {};
	int status = 1, signals;

	argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &plug);
	if (!plug.options.end.description)
		plug.options.end.description = "vde plug";
	plug.second.description = plug.options.end.description;
	if (plug.options.daemon && daemon_start())
		return 1;
	signals = signals_open();
	cable.end[0] = end_open(plug.vnl[0] ? plug.vnl[0] : "", &plug.options.end);
	if (!cable.end[0])
		return 1;
	if (plug.command)
		cable.end[1] = end_open_command(plug.command, plug.options.daemon);
	else
		cable.end[1] = end_open(plug.vnl[1] ? plug.vnl[1] : "-", &plug.second);
	if (cable.end[1]) {
		daemon_ready(plug.options.pidfile);
		status = cable_run(&cable, signals);
	}
	end_close(cable.end[1]);
	end_close(cable.end[0]);
	return status;
}
