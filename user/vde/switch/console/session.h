/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who talks to the console: connections to the management socket, and standard input.
 */
#ifndef VDE_SESSION_H
#define VDE_SESSION_H

#include "user/vde/switch/console/console.h"

/* Listen for sessions on a socket of this path. 0, or -1 with one line logged. */
int sessions_listen(struct console *console, const char *path, int mode, gid_t group);
/* A session on standard input and output, whose end stops the switch. 0 or -errno. */
int sessions_stdin(struct console *console);
/* Take leave of all and remove the socket. */
void sessions_close(struct console *console);

/*
 * The switch opens files with its own rights. Who may use the management socket but is neither root
 * nor the switch's user may not have it do so.
 */
bool session_may_name_files(const struct session *session);

/* The session ends when its command is done. */
void session_logout(struct session *session);

/* Which events (bits of events_bit()) the session gets. */
uint32_t *session_events(struct session *session);

/* The path and mode of the management socket; NULL when there is none. */
const char *sessions_path(const struct console *console, int *mode);

/* To every session that wants one of these events. */
void sessions_tell(struct console *console, uint32_t event_bit, const char *text, size_t len);
uint32_t sessions_wanted(const struct console *console);

#endif
