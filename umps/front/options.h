/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UMPS_FRONT_OPTIONS_H
#define UMPS_FRONT_OPTIONS_H

#include <argp.h>
#include <stdbool.h>

#include "umps/machine/umps.h"

/* What all front ends that serve somebody take: a port, whether to record, and which machine. */
struct serving_options {
	const char *path;		  /* machine file or kernel, never NULL after parsing */
	const enum umps_machine *machine; /* NULL: as the file says */
	int port;			  /* 0: any free one */
	bool no_record;
};

/* The children of such a front end's argp; its parser gives them their struct serving_options at
 * ARGP_KEY_INIT: state->child_inputs[0] = &... */
extern const struct argp_child serving_children[];

#define MACHINE_HELP "umps3 (default) or umps2, if the machine file does not tell"
/* The machine called NAME; if there is none, ends the program with a sentence. */
const enum umps_machine *option_machine(struct argp_state *state, const char *name);

/* An option's number from 0 to MAX; anything else ends the program with a sentence. */
int option_number(struct argp_state *state, const char *text, int max, const char *what);

#endif
