/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directory that is the switch for its clients: a listening stream socket "ctl" and one
 * datagram socket per endpoint, with the modes and owners that decide who may connect.
 */
#ifndef VDE_DIRECTORY_H
#define VDE_DIRECTORY_H

#include <jansson.h>
#include <sys/un.h>

#include "user/vde/names/names.h"
#include "user/vde/switch/control/control.h"

struct directory;

/* Make it and listen on ctl; NULL with one line logged. */
struct directory *directory_open(const struct control_settings *settings);
/* Remove what is left in it that is ours. */
void directory_close(struct directory *directory);
int directory_listener(const struct directory *directory);

/*
 * Bind the data socket of a client on this port, with its rights; *address is for the client,
 * *made for directory_unbind(). 0 or -errno (-EEXIST: something that is no socket has its name).
 */
int directory_bind(struct directory *directory, int fd, unsigned int port, uid_t user,
		   struct sockaddr_un *address, struct name_made *made);
/* Remove the name of a data socket. */
void directory_unbind(struct directory *directory, const struct sockaddr_un *address,
		      const struct name_made *made);

/* May this user use the management socket, and so port 0? */
bool directory_admits_manager(const struct directory *directory, uid_t user);

json_t *directory_json(const struct directory *directory);

#endif
