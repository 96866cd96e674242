/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of internet sockets that are numbers, in one table; options.c. */
#ifndef LWIPV6_SOCKET_OPTIONS_H
#define LWIPV6_SOCKET_OPTIONS_H

#include "lwipv6/socket/socket.h"

/* setsockopt() and getsockopt() of every socket, under the stack's lock; negative errno. */
int option_set(struct socket *s, int level, int name, const void *value, socklen_t len);
int option_get(struct socket *s, int level, int name, void *value, socklen_t *len);
/* @child was accepted by @listener: it has its options. */
void option_inherit(struct socket *child, const struct socket *listener);
#endif
