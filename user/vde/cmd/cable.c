// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory: one thread polls both ends and the signals; an end that is ready gives up to BATCH
 * frames, so that a flood from one side does not hold up the other.
 */
#include "user/vde/cmd/cable.h"

#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "user/vde/cmd/command.h"

#define BATCH	   64
#define DOWN_PAUSE 100 /* milliseconds between looks at a tap that is down */
#define PATIENCE   50  /* milliseconds that a full end is waited for */

int parse_mode(const char *text, mode_t *mode)
{
	char *rest;
	unsigned long value = strtoul(text, &rest, 8);

	if (rest == text || *rest || value > 0777)
		return -1;
	*mode = value;
	return 0;
}

int parse_port(const char *text, int *port)
{
	char *rest;
	unsigned long value = strtoul(text, &rest, 10);

	if (rest == text || *rest || value > 4095)
		return -1;
	*port = value;
	return 0;
}

static int parse(int key, char *text, struct argp_state *state)
{
	struct cable_options *options = state->input;

	switch (key) {
	case 'p':
		if (parse_port(text, &options->end.port))
			argp_error(state, "%s: a port is a number from 0 to 4095", text);
		break;
	case 'g':
		options->end.group = text;
		break;
	case 'm':
		if (parse_mode(text, &options->end.mode))
			argp_error(state, "%s: a mode is an octal number up to 777", text);
		break;
	case 'D':
		options->end.description = text;
		break;
	case 'd':
		options->daemon = true;
		break;
	case 'P':
		options->pidfile = text;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option options[] = {
	{"port", 'p', "N", 0, "Port of the switch (any)", 1},
	{"group", 'g', "GROUP", 0, "Group that may use the switch's socket to us", 1},
	{"mode", 'm', "OCTAL", 0, "Mode of that socket", 1},
	{"mod", 0, NULL, OPTION_ALIAS, NULL, 1},
	{"description", 'D', "TEXT", 0, "What the switch shows as our description", 1},
	{"descr", 0, NULL, OPTION_ALIAS, NULL, 1},
	{"daemon", 'd', NULL, 0, "Run in the background; return when the cable is plugged in", 2},
	{"pidfile", 'P', "FILE", 0, "Write our process id to FILE", 2},
	{}};

const struct argp cable_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

/* To the other end; 0, or -1 when that end is no more. */
static int deliver(struct cable *cable, int from, const void *frame, size_t length)
{
	struct end *to = cable->end[!from];
	int result = to ? end_send(to, frame, length) : 0;

	if (result < 0 && errno == EAGAIN) {
		end_wait_room(to, PATIENCE);
		result = end_send(to, frame, length);
	}
	if (!result)
		cable->frames[from]++;
	else if (result > 0 || errno == EAGAIN)
		cable->lost[from]++;
	else
		return -1;
	return 0;
}

/* 1: go on, 0: an end has closed, -1: an end has failed. */
static int move_frames(struct cable *cable, int from)
{
	uint8_t frame[END_FRAME_MAX];

	for (int i = 0; i < BATCH || end_pending(cable->end[from]); i++) {
		ssize_t n = end_receive(cable->end[from], frame, sizeof(frame));

		if (n < 0 && errno == EPROTO)
			complain("%s: not a stream of frames", end_name(cable->end[from]));
		else if (n < 0 && errno)
			complain("%s: %m", end_name(cable->end[from]));
		if (n < 0)
			return errno ? -1 : 0;
		if (n == 0)
			return 1;
		if (cable->see && !cable->see(cable->context, from, frame, n))
			return 0;
		if (deliver(cable, from, frame, n)) {
			if (errno == EPIPE || errno == ECONNREFUSED || errno == ECONNRESET ||
			    errno == ENOTCONN)
				return 0;
			complain("%s: %m", end_name(cable->end[!from]));
			return -1;
		}
	}
	return 1;
}

int cable_run(struct cable *cable, int signals)
{
	int ends = cable->end[1] ? 2 : 1;
	struct pollfd wait[5] = {
		{.fd = end_input(cable->end[0]), .events = POLLIN},
		{.fd = ends > 1 ? end_input(cable->end[1]) : -1, .events = POLLIN},
		{.fd = end_hangup(cable->end[0]), .events = POLLIN},
		{.fd = ends > 1 ? end_hangup(cable->end[1]) : -1, .events = POLLIN},
		{.fd = signals, .events = POLLIN},
	};

	for (int from = 0; from < ends; from++)
		if (end_set_nonblocking(cable->end[from]))
			return complain("%s: %m", end_name(cable->end[from]));
	for (;;) {
		bool down = wait[0].fd < 0 || (ends > 1 && wait[1].fd < 0);

		if (poll(wait, 5, down ? DOWN_PAUSE : -1) < 0 && errno != EINTR)
			return complain("cannot wait for frames: %m");
		for (int from = 0; from < ends; from++) {
			int result = wait[from].revents ? move_frames(cable, from) : 1;

			if (result <= 0)
				return result ? 1 : 0;
			/* A tap that is down says so all the time: look again after a pause. */
			down = wait[from].revents == POLLERR;
			wait[from].fd = down ? -1 : end_input(cable->end[from]);
		}
		if (wait[2].revents || wait[3].revents || wait[4].revents)
			return 0;
	}
}
