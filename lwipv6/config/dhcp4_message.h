/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DHCPv4 messages as bytes (RFC 2131 2, 2132, 3396, 3397, 3442, 4361). No state: what a server said
 * goes into struct dhcp4_reply, what the client says comes out of struct dhcp4_request.
 */
#ifndef LWIPV6_CONFIG_DHCP4_MESSAGE_H
#define LWIPV6_CONFIG_DHCP4_MESSAGE_H

#include <stddef.h>
#include "lwipv6/config/domain.h"

#define DHCP4_SERVER_PORT 67
#define DHCP4_CLIENT_PORT 68
#define DHCP4_MESSAGE	  576 /* what every host must take, RFC 2131 2 */
#define DHCP4_ROUTES	  16
#define DHCP4_SERVERS	  4
#define DHCP4_DOMAINS	  4
#define DHCP4_CLIENT_ID	  15 /* type 255, IAID, DUID-LL */
#define DHCP4_INFINITE	  UINT32_MAX

enum dhcp4_type {
	DHCP4_DISCOVER = 1,
	DHCP4_OFFER,
	DHCP4_REQUEST,
	DHCP4_DECLINE,
	DHCP4_ACK,
	DHCP4_NAK,
	DHCP4_RELEASE
};

/* Addresses are in network order, times in seconds, 0 = not said. */
struct dhcp4_reply {
	uint8_t type;
	uint32_t xid;
	uint32_t address, server, mask, router;
	uint32_t lease, t1, t2;
	uint16_t mtu;
	uint8_t nservers, nroutes, ndomains;
	bool classless; /* option 121 was there: the router option does not count */
	uint32_t servers[DHCP4_SERVERS]; /* DNS */
	struct {
		uint32_t dst, router;
		uint8_t plen;
	} routes[DHCP4_ROUTES];
	char domains[DHCP4_DOMAINS][DOMAIN_SIZE];
};

/* False when it is no reply to this client or is malformed; @r is then undefined. */
bool dhcp4_parse(const uint8_t *m, size_t len, const uint8_t hwaddr[6], struct dhcp4_reply *r);

struct dhcp4_request {
	enum dhcp4_type type;
	uint32_t xid;
	uint16_t seconds; /* since the client began */
	uint32_t client;    /* ciaddr */
	uint32_t requested; /* option 50, or 0 */
	uint32_t server;    /* option 54, or 0 */
	uint16_t max_message;
	const uint8_t *hwaddr, *client_id;
	uint8_t client_id_len;
	bool broadcast; /* the answer cannot come by unicast */
};
/* Writes at most DHCP4_MESSAGE bytes; returns how many. */
size_t dhcp4_build(const struct dhcp4_request *r, uint8_t *m);

#endif
