/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of vde_switch. */
#ifndef VDE_OPTIONS_H
#define VDE_OPTIONS_H

#include "user/vde/switch/control/control.h"

#define TAPS_MAX   64
#define PLANES_MAX 8

struct options {
	struct control_settings control;
	unsigned int numports, hashsize, priority;
	unsigned int ports_per_user; /* 0: three quarters of numports */
	bool hub, fstp, has_mac;
	uint8_t mac[6];
	bool daemon, no_stdin;
	const char *pidfile, *rcfile, *management;
	const char *taps[TAPS_MAX];
	unsigned int tap_count;

	struct plane *planes[PLANES_MAX]; /* that have options */
	unsigned int plane_count;
};

/* Read them, those of the planes too; prints and exits when asked for help or on a mistake. */
void options_read(struct options *options, struct vswitch *sw, int argc, char **argv);

#endif
