/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stream socket, shared by stream.c (calls) and stream_options.c. */
#ifndef LWIPV6_SOCKET_STREAM_H
#define LWIPV6_SOCKET_STREAM_H

#include "lwipv6/socket/socket.h"
#include "lwipv6/tcp/tcp.h"

struct tcp_socket {
	struct socket socket; /* first */
	struct list bound;    /* of tcp_table.bound, while bound and nothing else */
	struct tcp *tcp;      /* the connection; of a listener, the options its children get */
	struct tcp_listener *listener;
	bool is_bound : 1, port_chosen : 1 /* by us */, v6only : 1, reuse_address : 1,
		reuse_port : 1, connecting : 1, connected : 1, send_shut : 1,
		freebind : 1 /* IP_FREEBIND */, tell_unread : 1 /* TCP_INQ */;
};

int stream_setsockopt(struct socket *s, int level, int name, const void *value, socklen_t len);
int stream_getsockopt(struct socket *s, int level, int name, void *value, socklen_t *len);
void stream_info(const struct tcp *t, struct tcp_info *info);

#endif
