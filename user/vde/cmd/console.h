/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of management consoles: those of switches and of `vde filter`, ours and the classic
 * ones.
 *
 * A command is answered by lines and a status line, "1" and three decimal digits of errno. A
 * listing stands between "0000 DATA END WITH '.'" and "."; a prompt, "NAME$ ", ends it all. Events,
 * "3" and three octal digits, may come at any time.
 */
#ifndef VDE_CMD_CONSOLE_H
#define VDE_CMD_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

struct console_link;

struct console_reply {
	int status;    /* errno of the command; 0 = success, -1 = the session has ended */
	char *message; /* text of the status line */
	char *listing; /* lines, each with its newline; "" = none */
};

/* NULL with a complaint. event() gets each event's line as it arrives; it may be NULL. */
struct console_link *console_open(const char *path, void (*event)(void *context, const char *line),
				  void *context);
void console_close(struct console_link *link);

int console_input(const struct console_link *link);
const char *console_prompt(const struct console_link *link);

/*
 * One command; waits for its answer at most `seconds` (0 = for ever). 0, or -1 with a complaint:
 * the link is of no more use. The reply is the caller's to free with console_reply_free().
 */
int console_command(struct console_link *link, const char *command, unsigned int seconds,
		    struct console_reply *reply);
void console_reply_free(struct console_reply *reply);

/* Take what arrived outside of any command: events. 0, or -1 when the console has closed. */
int console_take_events(struct console_link *link);

#endif
