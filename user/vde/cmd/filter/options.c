// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line of vde filter: the options of the classic wirefilter, whose values go to the
 * impairment engine as they are.
 */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "user/vde/cmd/command.h"
#include "user/vde/cmd/filter/filter.h"

enum { KEY_DAEMON = 256, KEY_PIDFILE, KEY_BLINK, KEY_BLINK_ID, KEY_MODE };

/* "A:B": the names of two networks; a colon of a VNL ("://") or within [...] or {...} is not it. */
static char *middle(char *text)
{
	int depth = 0;

	for (char *at = text; *at; at++) {
		depth += *at == '[' || *at == '{';
		depth -= *at == ']' || *at == '}';
		if (*at == ':' && depth == 0 && strncmp(at, "://", 3))
			return at;
	}
	return NULL;
}

static void set(struct argp_state *state, enum impair_kind kind, const char *text)
{
	struct filter *filter = state->input;

	if (impair_set(filter->model, kind, text))
		argp_error(state,
			   "%s %s: a value is [LR|RL]NUMBER[+SPREAD][K|M|G][U|N], within its range",
			   impair_kind_name(kind), text);
}

static int parse(int key, char *text, struct argp_state *state)
{
	struct filter *filter = state->input;
	static const struct {
		int key;
		enum impair_kind kind;
	} kinds[] = {
		{'l', IMPAIR_LOSS},	   {'L', IMPAIR_LOST_BURST}, {'d', IMPAIR_DELAY},
		{'D', IMPAIR_DUP},	   {'b', IMPAIR_BANDWIDTH},  {'s', IMPAIR_SPEED},
		{'c', IMPAIR_CHANBUFSIZE}, {'n', IMPAIR_NOISE},	     {'m', IMPAIR_MTU},
	};
	char *colon;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (kinds[i].key == key) {
			set(state, kinds[i].kind, text);
			return 0;
		}
	switch (key) {
	case 'v':
		colon = middle(text);
		if (!colon)
			argp_error(state, "-v %s: give two networks, NAME:NAME", text);
		*colon = 0;
		filter->names[0] = text;
		filter->names[1] = colon + 1;
		break;
	case 'N':
		impair_set_fifo(filter->model, false);
		break;
	case 'f':
		filter->script = text;
		break;
	case 'M':
		filter->console_path = text;
		break;
	case KEY_MODE:
		if (parse_mode(text, &filter->console_mode))
			argp_error(state, "%s: a mode is an octal number up to 777", text);
		break;
	case KEY_DAEMON:
		filter->daemon = true;
		break;
	case KEY_PIDFILE:
		filter->pidfile = text;
		break;
	case KEY_BLINK:
		filter->blink_path = text;
		break;
	case KEY_BLINK_ID:
		filter->blink_id = text;
		break;
	case ARGP_KEY_ARG:
		if (state->arg_num > 1 || (state->arg_num == 0 && filter->names[0]))
			argp_error(state, "a cable has two ends: \"%s\" is too many", text);
		filter->names[state->arg_num] = text;
		break;
	case ARGP_KEY_END:
		if (state->arg_num == 1)
			argp_error(state, "a cable has two ends: only \"%s\" was given",
				   filter->names[0]);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option options[] = {
	{NULL, 0, NULL, 0, "The cable:", 1},
	{"vde-plug", 'v', "A:B", 0, "The two networks (- is framed stdio)", 1},
	{NULL, 0, NULL, 0, "Values, [LR|RL]NUMBER[+SPREAD][K|M|G][U|N]:", 2},
	{"loss", 'l', "PERCENT", 0, "Lose frames", 2},
	{"lostburst", 'L', "FRAMES", 0, "Mean length of bursts of loss", 2},
	{"delay", 'd', "MS", 0, "Delay frames", 2},
	{"dup", 'D', "PERCENT", 0, "Duplicate frames", 2},
	{"bandwidth", 'b', "BYTES/S", 0, "Rate of the channel", 2},
	{"speed", 's', "BYTES/S", 0, "Rate at which frames are taken", 2},
	{"chanbufsize", 'c', "BYTES", 0, "Bytes that may be on their way", 2},
	{"capacity", 0, NULL, OPTION_ALIAS, NULL, 2},
	{"noise", 'n', "BITS/MIB", 0, "Flip bits", 2},
	{"mtu", 'm', "BYTES", 0, "Lose longer frames", 2},
	{"nofifo", 'N', NULL, 0, "Let frames overtake each other", 2},
	{NULL, 0, NULL, 0, "Running:", 3},
	{"rcfile", 'f', "FILE", 0, "Carry out console commands at the start", 3},
	{"mgmt", 'M', "SOCKET", 0, "Offer a console there", 3},
	{"mgmtmode", KEY_MODE, "OCTAL", 0, "Mode of that socket (700)", 3},
	{"daemon", KEY_DAEMON, NULL, 0, "Run in the background", 3},
	{"pidfile", KEY_PIDFILE, "FILE", 0, "Write our process id to FILE", 3},
	{"blink", KEY_BLINK, "SOCKET", 0, "Send a datagram for each frame that passes", 3},
	{"blinkid", KEY_BLINK_ID, "NAME", 0, "Name in those datagrams (filter)", 3},
	{}};

static const struct argp parser = {
	options, parse,
	"[A B]", "A cable between two networks that loses, delays and spoils frames.",
	NULL,	 NULL,
	NULL};

void filter_options(struct filter *filter, int argc, char **argv)
{
	argp_parse(&parser, argc, argv, 0, NULL, filter);
}
