/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the console. */
#ifndef VDE_CONSOLE_PARTS_H
#define VDE_CONSOLE_PARTS_H

#include "user/vde/names/names.h"
#include "user/vde/switch/console/console.h"

#define TABLES_MAX 32

struct console {
	struct vswitch *sw;
	const struct command *tables[TABLES_MAX];
	unsigned int table_count;
	unsigned int load_depth;

	/* session.c */
	struct session *sessions;
	struct name_listener listener;
	struct watch *watch;
	char *path;
	int mode;
};

extern const struct command basic_commands[], event_commands[];

const char *console_banner(void);

#endif
