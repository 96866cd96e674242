/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The DHCPv4 client of one interface. */
#ifndef LWIPV6_CONFIG_DHCP4_H
#define LWIPV6_CONFIG_DHCP4_H

#include "lwipv6/config/dhcp4_message.h"
#include "lwipv6/transport/endpoint.h"

struct dhcp4 {
	struct netif *netif;
	struct endpoint udp;
	struct timer timer; /* next transmission, probe or change of state */
	uint8_t state;	    /* LWIP_DHCP_* */
	uint8_t tries;	    /* transmissions of this message, probes sent */
	uint8_t failures;   /* refusals and conflicts in a row: the next try waits longer */
	bool conflict;	    /* somebody uses the address: decline when the timer runs */
	bool bound;	    /* the address, routes and servers of @lease are in the stack */
	uint32_t xid;
	uint16_t seconds;
	uint64_t began;	    /* this acquisition */
	uint64_t sent;	    /* first transmission of this request: the lease counts from here */
	uint64_t renew_at, rebind_at, expires_at; /* TIME_NEVER = infinite lease */
	uint32_t reboot;	 /* address to ask for first, or 0 */
	struct dhcp4_reply lease; /* offered, then held */
	uint8_t router_hw[6];	 /* whose frame carried it */
	uint32_t mtu_before;	 /* the link's, when the lease changed it; else 0 */
	uint8_t client_id[DHCP4_CLIENT_ID];
};

/* Begin; 0, -EOPNOTSUPP (no Ethernet), -EADDRINUSE (port 68), -ENOMEM. */
int dhcp4_start(struct netif *netif);
/* Give the lease back and forget everything. */
void dhcp4_stop(struct netif *netif);
/* An ARP packet of another host was seen. */
void dhcp4_arp(struct netif *netif, uint32_t sender, uint32_t target);
/* Conflicting use of a bound address was found. */
void dhcp4_duplicate(struct netif_addr *a);
/* dhcp4_lease.c: put a lease into the stack, or take it out. @same: it only lasts longer. */
int dhcp4_apply(struct dhcp4 *d, bool same);
void dhcp4_withdraw(struct dhcp4 *d);

#endif
