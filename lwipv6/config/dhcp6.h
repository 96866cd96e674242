/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The DHCPv6 client of one interface. */
#ifndef LWIPV6_CONFIG_DHCP6_H
#define LWIPV6_CONFIG_DHCP6_H

#include "lwipv6/config/dhcp6_message.h"
#include "lwipv6/transport/endpoint.h"

struct dhcp6 {
	struct netif *netif;
	struct endpoint udp;
	struct timer timer; /* next transmission or change of state */
	uint8_t state;	    /* LWIP_DHCP_* */
	bool stateful;	    /* addresses too, not only servers */
	bool declining, offered; /* @lease is the best advertisement so far */
	uint8_t tries;
	uint32_t xid;
	uint32_t timeout_ms;  /* RT of RFC 8415 15 */
	uint64_t began;	      /* this exchange */
	uint64_t renew_at, rebind_at, expires_at;
	uint32_t sol_max_rt, inf_max_rt; /* seconds */
	struct dhcp6_reply lease;
	uint8_t ndeclined;
	struct dhcp6_address declined[DHCP6_ADDRESSES]; /* found on another host */
};

/* Begin, or widen from stateless to stateful; 0, -EOPNOTSUPP, -EADDRINUSE (port 546), -ENOMEM. */
int dhcp6_start(struct netif *netif, bool stateful);
void dhcp6_stop(struct netif *netif);
/* A router advertised the M and O flags (RFC 4861 4.2). */
void dhcp6_advertised(struct netif *netif, bool managed, bool other);
/* DAD failed for a leased address; the caller removes it. */
void dhcp6_duplicate(struct netif_addr *a);
/* dhcp6_lease.c */
void dhcp6_apply(struct dhcp6 *d);
/* Add to a reply the addresses held that it does not name: they stay until they end (RFC 8415 18.2.10.1). */
void dhcp6_keep(struct dhcp6 *d, struct dhcp6_reply *r);
void dhcp6_apply_servers(struct dhcp6 *d);
void dhcp6_withdraw(struct dhcp6 *d);

#endif
