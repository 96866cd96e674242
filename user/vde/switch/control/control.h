/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How clients come and go: the switch directory with its control socket, and taps.
 */
#ifndef VDE_CONTROL_H
#define VDE_CONTROL_H

#include "user/vde/switch/switch.h"

struct control_settings {
	const char *dir; /* NULL: the default of the user */
	int mode;	 /* of sockets, -1: default */
	int dir_mode;	 /* -1: follows from mode */
	gid_t group;	 /* -1: none */
	/* The management socket, whose rights decide who may have port 0. */
	int management_mode;
	gid_t management_group;
};

struct control;

/* Make the directory and listen. NULL with one line logged. */
struct control *control_open(struct vswitch *sw, const struct control_settings *settings);
/* Take leave of every client and remove all files. */
void control_close(struct control *control);

/* Join a tap interface to a port of its own; 0 or -errno with one line logged. */
int control_add_tap(struct vswitch *sw, const char *interface);

/* Leave room for many descriptors. */
void control_raise_limits(void);

struct console;
void control_commands(struct console *console);

#endif
