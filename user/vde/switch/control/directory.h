/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directory that is the switch for its clients: a listening stream socket "ctl" and one
 * datagram socket per endpoint, with the modes and owners that decide who may connect.
 */
#ifndef VDE_DIRECTORY_H
#define VDE_DIRECTORY_H

#include <jansson.h>
#include <sys/un.h>

#include "user/vde/switch/control/control.h"

struct directory;

/* Make it and listen on ctl; NULL with one line logged. */
struct directory *directory_open(const struct control_settings *settings);
/* Remove what is left in it that is ours. */
void directory_close(struct directory *directory);
int directory_listener(const struct directory *directory);

/* Bind the data socket of a client on this port and set its rights. 0 or -errno. */
int directory_bind(struct directory *directory, int fd, unsigned int port, uid_t user,
		   struct sockaddr_un *address);

/* May this user use the management socket, and so port 0? */
bool directory_admits_manager(const struct directory *directory, uid_t user);

json_t *directory_json(const struct directory *directory);

/* Bind a listening stream socket at a path; one that nobody listens on any more is replaced.
 * The descriptor, or -1 with one line logged. Mode and group (-1: leave it) are set. */
int listen_at(const char *path, int mode, gid_t group);

#endif
