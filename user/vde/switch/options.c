/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of vde_switch; long options may begin with one or two dashes. */
#include <argp.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/vde/switch/console/argument.h"
#include "user/vde/switch/fdb/fdb.h"
#include "user/vde/switch/options.h"
#include "user/vde/switch/planes/plane.h"
#include "user/vde/switch/ports/ports.h"

const char *argp_program_version = "vde_switch " VSQUARE_VERSION;

enum key {
	KEY_MACADDR = 200,
	KEY_PRIORITY,
	KEY_HASHSIZE,
	KEY_DIRMODE,
	KEY_MGMTMODE,
	KEY_MGMTGROUP,
	KEY_NOSTDIN,
	KEY_PER_USER,
};

static const struct argp_option table[] = {
	{0, 0, 0, 0, "The switch:", 1},
	{"sock", 's', "DIR", 0, "Directory that clients connect to", 0},
	{"vdesock", 0, 0, OPTION_ALIAS, 0, 0},
	{"unix", 0, 0, OPTION_ALIAS, 0, 0},
	{"numports", 'n', "N", 0, "Ports 1 to N for users (32); port 0 is for management", 0},
	{"max-ports-per-user", KEY_PER_USER, "N", 0,
	 "Ports that one user may have at a time, but for root and the switch's own (three "
	 "quarters "
	 "of all)",
	 0},
	{"hub", 'x', 0, 0, "Be a hub: send every frame to every port", 0},
	{"fstp", 'F', 0, 0, "Turn the spanning tree (RSTP) on", 0},
	{"macaddr", KEY_MACADDR, "MAC", 0, "MAC address of the switch (random)", 0},
	{"priority", KEY_PRIORITY, "N", 0, "Spanning tree priority (0x8000)", 0},
	{"hashsize", KEY_HASHSIZE, "N", 0, "Buckets of the MAC table at start (128)", 0},
	{"tap", 't', "IF", 0, "Attach a tap interface; may be given more than once", 0},
	{0, 0, 0, 0, "Access:", 2},
	{"mod", 'm', "OCT", 0, "Mode of the sockets in DIR (0600)", 0},
	{"mode", 0, 0, OPTION_ALIAS, 0, 0},
	{"dirmode", KEY_DIRMODE, "OCT", 0, "Mode of DIR (follows from --mod)", 0},
	{"group", 'g', "GROUP", 0, "Group of both", 0},
	{0, 0, 0, 0, "Management:", 3},
	{"mgmt", 'M', "SOCK", 0, "Accept management sessions on this socket", 0},
	{"mgmtmode", KEY_MGMTMODE, "OCT", 0, "Its mode (0600)", 0},
	{"mgmtgroup", KEY_MGMTGROUP, "GROUP", 0, "Its group", 0},
	{"rcfile", 'f', "FILE", 0, "Commands to run at start", 0},
	{"nostdin", KEY_NOSTDIN, 0, 0, "No console on standard input", 0},
	{0, 0, 0, 0, "Process:", 4},
	{"daemon", 'd', 0, 0, "Run in the background", 0},
	{"pidfile", 'p', "FILE", 0, "Write the process id to FILE", 0},
	{"debugclients", 'D', 0, OPTION_HIDDEN, "Accepted for compatibility", 0},
	{"version", 'v', 0, 0, "Print the version", -1},
	{"help", 'h', 0, 0, "Print this help", -1},
	{0},
};

static int octal(struct argp_state *state, const char *name, const char *text)
{
	char *end;
	unsigned long mode = strtoul(text, &end, 8);

	if (end == text || *end || mode > 07777)
		argp_error(state, "--%s %s: give a mode in octal, like 0660", name, text);
	return mode;
}

static gid_t group(struct argp_state *state, const char *name, const char *text)
{
	struct group *entry = getgrnam(text);
	unsigned int id;

	if (entry)
		return entry->gr_gid;
	if (argument_number(text, 0, UINT32_MAX - 1, &id))
		argp_error(state, "--%s %s: there is no such group", name, text);
	return id;
}

static unsigned int number(struct argp_state *state, const char *name, const char *text,
			   unsigned int min, unsigned int max)
{
	unsigned int value = 0;

	if (strpbrk(text, " \t") || argument_numbers(text, 1, 1, &value) != 1 || value < min ||
	    value > max)
		argp_error(state, "--%s %s: give a number from %u to %u", name, text, min, max);
	return value;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;
	const char *rest;

	switch (key) {
	case 's':
		options->control.dir = argument;
		break;
	case 'n':
		options->numports =
			numports_allowed(number(state, "numports", argument, 1, UINT32_MAX));
		break;
	case KEY_PER_USER:
		options->ports_per_user =
			number(state, "max-ports-per-user", argument, 1, PORT_MAX);
		break;
	case 'x':
		options->hub = true;
		break;
	case 'F':
		options->fstp = true;
		break;
	case KEY_MACADDR:
		rest = argument_mac(argument, options->mac);
		if (!rest || *rest || options->mac[0] & 1)
			argp_error(state,
				   "--macaddr %s: give a unicast address, like "
				   "00:ff:12:34:56:78",
				   argument);
		options->has_mac = true;
		break;
	case KEY_PRIORITY:
		options->priority = number(state, "priority", argument, 0, 0xffff);
		break;
	case KEY_HASHSIZE:
		options->hashsize = number(state, "hashsize", argument, 1, 1 << 20);
		break;
	case 't':
		/* Hooks name one that the user has named, too. */
		for (unsigned int i = 0; i < options->tap_count; i++)
			if (strcmp(options->taps[i], argument) == 0)
				return 0;
		if (options->tap_count == TAPS_MAX)
			argp_error(state, "--tap: at most %d taps", TAPS_MAX);
		options->taps[options->tap_count++] = argument;
		break;
	case 'm':
		options->control.mode = octal(state, "mod", argument);
		break;
	case KEY_DIRMODE:
		options->control.dir_mode = octal(state, "dirmode", argument);
		break;
	case 'g':
		options->control.group = group(state, "group", argument);
		break;
	case 'M':
		options->management = argument;
		break;
	case KEY_MGMTMODE:
		options->control.management_mode = octal(state, "mgmtmode", argument);
		break;
	case KEY_MGMTGROUP:
		options->control.management_group = group(state, "mgmtgroup", argument);
		break;
	case 'f':
		options->rcfile = argument;
		break;
	case KEY_NOSTDIN:
		options->no_stdin = true;
		break;
	case 'd':
		options->daemon = true;
		break;
	case 'p':
		options->pidfile = argument;
		break;
	case 'D':
		break;
	case 'v':
		printf("%s\n", argp_program_version);
		exit(0);
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: no arguments but options are understood", argument);
		break;
	case ARGP_KEY_INIT:
		for (unsigned int i = 0; i < options->plane_count; i++)
			state->child_inputs[i] = options->planes[i];
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void options_read(struct options *options, struct vswitch *sw, int argc, char **argv)
{
	struct argp_child children[PLANES_MAX + 1] = {0};
	struct argp argp = {
		table,	  parse,
		0,	  "A virtual Ethernet switch for virtual machines, namespaces and hosts.",
		children, 0,
		0};

	*options = (struct options){
		.control = {.mode = -1,
			    .dir_mode = -1,
			    .group = -1,
			    .management_mode = 0600,
			    .management_group = -1},
		.numports = 32,
		.priority = 0x8000,
		.hashsize = FDB_BUCKETS,
	};
	for (struct plane *plane = sw->planes; plane && options->plane_count < PLANES_MAX;
	     plane = plane->next)
		if (plane->ops->options) {
			children[options->plane_count].argp = plane->ops->options;
			options->planes[options->plane_count++] = plane;
		}
	argp_parse(&argp, argc, argv, ARGP_LONG_ONLY | ARGP_NO_HELP, NULL, options);
}
