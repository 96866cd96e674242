/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TCP's tables of one stack: connections by 4-tuple, listeners by port, local ports in use. */
#ifndef LWIPV6_TCP_TABLE_H
#define LWIPV6_TCP_TABLE_H

#include <stdint.h>
#include "lwipv6/core/list.h"

#define TCP_LISTEN_HASH	 64
#define TCP_REQUEST_HASH 256

struct tcp_table {
	struct list *connections; /* buckets, grown by doubling; struct tcp.hash */
	uint32_t mask, count;
	struct list listeners[TCP_LISTEN_HASH]; /* struct tcp_listener.hash, by port */
	struct list requests[TCP_REQUEST_HASH]; /* struct tcp_request.hash, by peer */
	struct list bound;   /* struct tcp_bind: sockets bound, neither listening nor connected */
	struct list pending; /* struct tcp.pending: output owed at the end of this batch */
	uint64_t isn_key[2], cookie_key[2], port_key[2], stamp_key[2];
	uint32_t challenge_acks; /* sent in the current second */
	uint64_t challenge_second;
	uint32_t syn_requests; /* half open, in all listeners */
};

#endif
