/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Talking to the manager of the view that this process is in. */
#ifndef VIEW_CLIENT_H
#define VIEW_CLIENT_H

#include <jansson.h>
#include <stddef.h>

/*
 * One request, an object with "command", and its reply; fd, if not -1, goes along. NULL: not in a
 * view, or the manager did not answer (errno). The reply, to decref, has "error" if it was refused.
 */
json_t *client_ask(json_t *request, int fd); /* takes the reference */

/* The view's own directory; -1: not in a view. */
int client_directory(char *path, size_t size);

/* Is there a manager to ask? */
int client_inside(void);

#endif
