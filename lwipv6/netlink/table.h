/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Netlink of one stack: its sockets, and who hears of changes. */
#ifndef LWIPV6_NETLINK_TABLE_H
#define LWIPV6_NETLINK_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include "lwipv6/core/list.h"

struct netlink_socket;

struct netlink_table {
	struct list sockets; /* struct netlink_socket.node */
	/* The request being served: notifications carry its sequence number and port. */
	struct netlink_socket *requester;
	uint32_t sequence;
	bool echo; /* NLM_F_ECHO: the requester hears of it though it is in no group */
};

#endif
