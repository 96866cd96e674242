/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plain cable: frames from either of two ends go to the other, in order, none changed.
 */
#ifndef VDE_CMD_CABLE_H
#define VDE_CMD_CABLE_H

#include "user/vde/cmd/end.h"

/* Options that all cables have: -p -g -m -D, -d and -P. A child of their argp parsers. */
struct cable_options {
	struct end_options end;
	bool daemon;
	const char *pidfile;
};
struct argp;
extern const struct argp cable_argp;

/* An octal mode as an option's argument. 0 or -1. */
int parse_mode(const char *text, mode_t *mode);
int parse_port(const char *text, int *port);

struct cable {
	struct end *end[2]; /* end 1 may be NULL: frames of end 0 are only seen */
	unsigned long long frames[2], lost[2]; /* from end 0, from end 1 */
	/* Told of every frame that an end gave; the cable ends when it returns false. May be NULL.
	 */
	bool (*see)(void *context, int from, const void *frame, size_t length);
	void *context;
};

/*
 * Run until an end closes or a signal (signals >= 0) comes: 0, or 1 when an end failed
 * (complained). An end that takes no frame for 50 ms loses it.
 */
int cable_run(struct cable *cable, int signals);

#endif
