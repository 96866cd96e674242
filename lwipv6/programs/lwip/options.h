/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of a command: exactly one of set, number, text is where the value goes. */
#ifndef LWIPV6_PROGRAMS_LWIP_OPTIONS_H
#define LWIPV6_PROGRAMS_LWIP_OPTIONS_H

#include "lwipv6/programs/lwip/lwip.h"

struct option_spec {
	const char *name; /* "-c" */
	bool *set;
	long *number, min, max;
	const char **text;
};

/* Take the options out of @argv, the rest moves together. False told. @specs ends with a NULL name.
 */
bool read_options(struct session *s, const struct option_spec *specs, int *argc, char **argv);

#endif
