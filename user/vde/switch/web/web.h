/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The management page: an HTTP server (libmicrohttpd) that runs in the control thread's loop.
 *
 *   GET /                    the page
 *   GET /list?LISTING        what a listing lists, as JSON: /list?port/counters
 *   POST /run                a command as the body, with the token in the header X-Token
 *   POST /capture/start?PORT begin to record a port; the number of the recording
 *   POST /capture/stop?ID    end it; the recording
 *
 * Without a token everything that changes the switch is refused. Requests whose Host is another
 * name than the server's are refused, so that no foreign page can reach it through the browser.
 */
#ifndef VDE_WEB_H
#define VDE_WEB_H

#include "user/vde/switch/switch.h"

/*
 * Serve on "[ADDRESS:]PORT", loopback by default; token NULL or "" for a page that only shows.
 * 0 or -errno: -EEXIST it is served already, -EINVAL no such address.
 */
int web_start(struct vswitch *sw, const char *address, const char *token);
void web_stop(struct vswitch *sw);

struct console;
void web_commands(struct console *console);

#endif
