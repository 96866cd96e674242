/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The management console: commands, listings, events.
 *
 * A room adds a table of commands with console_add(). A command does something (run) or lists
 * something (list + print): list() makes a JSON value, which is printed as JSON for "json COMMAND"
 * and by print() in the classic text format otherwise, so both always say the same.
 *
 * Everything here belongs to the control thread.
 */
#ifndef VDE_CONSOLE_H
#define VDE_CONSOLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "user/vde/switch/console/listing.h"
#include "user/vde/switch/switch.h"

/* One command being carried out. */
struct call {
	struct vswitch *sw;
	struct session *session; /* who typed it; NULL: a script at start, or a program */
	char *argument;		 /* the rest of the line, without surrounding blanks; "" = none.
				  * May be cut up. */
	FILE *out; /* for a command that prints while it runs; NULL: nobody reads it */
};

struct command {
	const char *path;   /* "port/print"; without run and list it heads a menu: "port" */
	const char *syntax; /* "[N]" */
	const char *help;
	bool names_file; /* its argument is a file that the switch opens: not for everybody */
	/* 0 or a positive errno, which becomes the status 1000 + errno. */
	int (*run)(struct call *call);
	/* A listing: a new reference in *listing, even an empty one when the result is an errno. */
	int (*list)(struct call *call, json_t **listing);
	void (*print)(FILE *out, const json_t *listing);
};

/* The end of a table has path NULL; the table must live as long as the console. */
void console_add(struct console *console, const struct command *table);
void console_remove(struct console *console, const struct command *table);

/*
 * Run one command line for a program (web): its listing (NULL if it makes none) goes to *listing, a
 * new reference. 0 or a positive errno.
 */
int console_run(struct console *console, const char *line, json_t **listing);

/* The same for people: everything it prints goes to out, the status line last. */
int console_execute(struct console *console, struct session *session, const char *line, FILE *out);

/* Run the commands of a file, each echoed to out with its results; 0 or a positive errno. */
int console_load(struct console *console, struct session *session, const char *path, FILE *out);

/* Log the failed commands of what console_load() printed. */
void console_log_failures(char *output);

struct console *console_new(struct vswitch *sw);
void console_free(struct console *console);

/* Events: 3 + three octal digits, path, text, to the sessions that subscribed. */
enum event {
	EVENT_HASH_ADD = 011,
	EVENT_HASH_DEL = 012,
	EVENT_PORT_ADD = 021,
	EVENT_PORT_DEL = 022,
	EVENT_PORT_DESCR = 023,
	EVENT_EP_ADD = 031,
	EVENT_EP_DEL = 032,
	EVENT_FSTP_ADD = 041,
	EVENT_FSTP_DEL = 042,
	EVENT_FSTP_STATUS = 044,
	EVENT_FSTP_ROOT = 045,
	EVENT_DUMP_IN = 0101,
	EVENT_DUMP_OUT = 0102,
	EVENT_NEW_IP = 0301,
};
__attribute__((format(printf, 3, 4))) void event_raise(struct vswitch *sw, enum event event,
						       const char *format, ...);
/* Does anybody listen? Saves making the text. */
bool event_wanted(struct vswitch *sw, enum event event);

#endif
