/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Datagram and raw sockets of IP, shared by datagram.c, datagram_options.c, membership.c. */
#ifndef LWIPV6_SOCKET_DATAGRAM_H
#define LWIPV6_SOCKET_DATAGRAM_H

#include "lwipv6/ip/group.h"
#include "lwipv6/socket/socket.h"
#include "lwipv6/transport/endpoint.h"

struct datagram_socket {
	struct socket socket; /* first */
	struct endpoint endpoint;
	struct list queue; /* struct packet; mark holds the source port */
	uint32_t queued;   /* memory of the queue */
	bool read_shut, write_shut;
	bool header_included; /* IP_HDRINCL */
	bool recv_info, recv_hops, recv_class, recv_error, recv_original;
	int checksum_offset; /* IPV6_CHECKSUM, -1 = off */
	uint8_t unicast_hops;
	struct icmp6_filter filter;
	struct list errors; /* struct queued_error, IP_RECVERR */
	unsigned int nerrors;
	struct stack_time {
		struct timespec last;
	} stamp;
};

static inline struct datagram_socket *datagram(struct socket *s)
{
	return container_of(s, struct datagram_socket, socket);
}

int datagram_setsockopt(struct socket *s, int level, int name, const void *value, socklen_t len);
int datagram_getsockopt(struct socket *s, int level, int name, void *value, socklen_t *len);
/* Group options of both families; -ENOPROTOOPT when it is not one. */
int membership_setsockopt(struct datagram_socket *d, int level, int name, const void *value,
			  socklen_t len);
void membership_leave_all(struct datagram_socket *d);

#endif
