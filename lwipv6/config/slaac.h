/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State of stateless autoconfiguration on one interface. */
#ifndef LWIPV6_CONFIG_SLAAC_H
#define LWIPV6_CONFIG_SLAAC_H

#include "lwipv6/link/netif.h"

struct slaac {
	struct netif *netif;
	struct timer solicit;
	uint64_t interval; /* until the next router solicitation */
};

/* The stable opaque address of an interface in a /64. */
struct ip_addr slaac_address(struct netif *netif, const struct ip_addr *prefix, uint8_t counter);

#endif
