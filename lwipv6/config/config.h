/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What configures a stack by itself, as the engine calls it. Everything here runs under the stack's
 * lock. The services hear of interfaces and addresses through one stack_listener (config.c), which
 * starts and stops them.
 */
#ifndef LWIPV6_CONFIG_CONFIG_H
#define LWIPV6_CONFIG_CONFIG_H

#include "lwipv6/link/netif.h"

struct endpoint;

#define DUID_SIZE 10 /* DUID-LL: type, hardware type, address (RFC 8415 11.4) */

struct config_state {
	struct stack_listener listener;
	bool has_duid;
	uint8_t duid[DUID_SIZE];
};

int config_init(struct stack *stack);
void config_fini(struct stack *stack);
/* Start or stop what NETIF_FLAG_DHCP and NETIF_FLAG_DHCP6 of an interface that is up ask for. */
int config_dhcp_start(struct netif *netif);

/* The UDP endpoint of a client on one interface, bound to @port; 0 or -EADDRINUSE. */
int config_client_endpoint(struct netif *netif, struct endpoint *e, int family, uint16_t port,
			   void (*receive)(struct endpoint *, struct packet *, uint16_t),
			   void *client);

/* One identity for both DHCPs (RFC 4361 6.1): the DUID is the stack's, the IAID the interface's. */
const uint8_t *config_duid(struct netif *netif);
uint32_t config_iaid(const struct netif *netif);
/* DHCPv4's client identifier: 255, IAID, DUID; DHCP4_CLIENT_ID bytes. */
void config_client_id(struct netif *netif, uint8_t *id);

/* slaac.c: link-local address, router solicitations, router advertisements received. */
void slaac_start(struct netif *netif); /* interface up; netif->autoconf says whether SLAAC or only
					  link-local */
void slaac_stop(struct netif *netif);
/* A valid advertisement (hop limit 255, link-local source, code 0): p->data at the ICMPv6 header.
 */
void slaac_advertisement(struct netif *netif, const struct packet *p);
/* DAD failed for an address that SLAAC made. */
void slaac_duplicate(struct netif_addr *a);

#endif
