/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of the datagram transports of one stack. */
#ifndef LWIPV6_TRANSPORT_TABLE_H
#define LWIPV6_TRANSPORT_TABLE_H

#include "lwipv6/core/list.h"

#define UDP_HASH 1024 /* by local port */

struct transport_table {
	struct list udp[UDP_HASH]; /* struct endpoint */
	struct list raw;	   /* struct endpoint */
	struct list packet;	   /* struct packet_tap */
};

#endif
