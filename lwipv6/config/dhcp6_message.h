/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DHCPv6 messages as bytes (RFC 8415, 3646). No state: what a server said goes into struct
 * dhcp6_reply, what the client says comes out of struct dhcp6_request. Times are seconds.
 */
#ifndef LWIPV6_CONFIG_DHCP6_MESSAGE_H
#define LWIPV6_CONFIG_DHCP6_MESSAGE_H

#include <stddef.h>
#include "lwipv6/config/domain.h"
#include "lwipv6/core/address.h"

#define DHCP6_SERVER_PORT 547
#define DHCP6_CLIENT_PORT 546
#define DHCP6_MESSAGE	  1024
#define DHCP6_ADDRESSES	  8
#define DHCP6_SERVERS	  4
#define DHCP6_DOMAINS	  4
#define DHCP6_DUID	  130 /* RFC 8415 11.1 */
#define DHCP6_INFINITE	  UINT32_MAX

enum dhcp6_type {
	DHCP6_SOLICIT = 1,
	DHCP6_ADVERTISE,
	DHCP6_REQUEST,
	DHCP6_CONFIRM,
	DHCP6_RENEW,
	DHCP6_REBIND,
	DHCP6_REPLY,
	DHCP6_RELEASE,
	DHCP6_DECLINE,
	DHCP6_INFORMATION_REQUEST = 11
};

enum dhcp6_status {
	DHCP6_SUCCESS,
	DHCP6_UNSPECIFIED,
	DHCP6_NO_ADDRESSES,
	DHCP6_NO_BINDING,
	DHCP6_NOT_ON_LINK,
	DHCP6_USE_MULTICAST
};

struct dhcp6_address {
	struct ip_addr addr;
	uint32_t preferred, valid;
};

struct dhcp6_reply {
	uint8_t type;
	uint32_t xid; /* 24 bits, host order */
	uint16_t status, ia_status;
	uint8_t preference;
	bool rapid_commit, has_ia;
	uint32_t t1, t2;
	uint32_t sol_max_rt, inf_max_rt, refresh; /* 0 = not said */
	uint8_t server_id[DHCP6_DUID];
	uint8_t server_id_len;
	uint8_t naddresses, nservers, ndomains;
	struct dhcp6_address addresses[DHCP6_ADDRESSES];
	struct ip_addr servers[DHCP6_SERVERS];
	char domains[DHCP6_DOMAINS][DOMAIN_SIZE];
};

/* False when malformed, without server identifier, or for another client (@duid) or IAID. */
bool dhcp6_parse(const uint8_t *m, size_t len, const uint8_t *duid, uint8_t duid_len, uint32_t iaid,
		 struct dhcp6_reply *r);

struct dhcp6_request {
	enum dhcp6_type type;
	uint32_t xid;
	uint16_t elapsed; /* hundredths of a second */
	const uint8_t *duid;
	uint8_t duid_len;
	uint32_t iaid; /* network order */
	const uint8_t *server_id;
	uint8_t server_id_len; /* 0 = to all servers */
	const struct dhcp6_address *addresses;
	uint8_t naddresses;
};
/* Writes at most DHCP6_MESSAGE bytes; returns how many. */
size_t dhcp6_build(const struct dhcp6_request *r, uint8_t *m);

#endif
