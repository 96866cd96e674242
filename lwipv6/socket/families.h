/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of socket kinds; each ends with family 0. */
#ifndef LWIPV6_SOCKET_FAMILIES_H
#define LWIPV6_SOCKET_FAMILIES_H

#include "lwipv6/socket/socket.h"

extern const struct socket_family socket_stream_families[], socket_datagram_families[],
	socket_packet_families[], socket_netlink_families[];

#endif
