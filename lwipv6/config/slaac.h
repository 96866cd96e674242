/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State of stateless autoconfiguration on one interface. */
#ifndef LWIPV6_CONFIG_SLAAC_H
#define LWIPV6_CONFIG_SLAAC_H

#include "lwipv6/link/netif.h"

struct slaac {
	struct netif *netif;
	struct timer solicit;
	uint64_t interval;	 /* until the next router solicitation */
	struct timer renew;	 /* temporary addresses: when the next one is due */
	unsigned int duplicates; /* of temporary addresses in a row */
};

/* The stable opaque address of an interface in a /64. */
struct ip_addr slaac_address(struct netif *netif, const struct ip_addr *prefix, uint8_t counter);

/* ---- temporary.c */
void temporary_init(struct slaac *s);
/* An advertisement was taken: make and refresh the temporary addresses beside the stable ones. */
void temporary_update(struct netif *netif);
/* The one just made was somebody else's. */
void temporary_duplicate(struct netif *netif);

#endif
