/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the classic switch has as plugins: dump, pdump and iplog, with the same commands. They are
 * built in, since its own are made against the inside of a switch with one thread; plugin/add and
 * plugin/del switch them on and off.
 */
#ifndef VDE_PLUGINS_H
#define VDE_PLUGINS_H

#include "user/vde/switch/console/console.h"

struct plugin {
	const char *name, *help;
	const struct command *commands;
	/* 0 or -errno; stop() undoes it and everything the commands did. */
	int (*start)(struct vswitch *sw);
	void (*stop)(struct vswitch *sw);
};

extern const struct plugin plugin_dump, plugin_pdump, plugin_iplog;

void plugin_commands(struct console *console);
void plugins_stop(struct vswitch *sw);

/*
 * A file to write to, begun anew or appended to; NULL with errno. Nothing waits for it: a named
 * pipe that nobody reads is refused (ENXIO), a full one loses what is written.
 */
FILE *plugin_file(const char *path, bool append);

#endif
