/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DNS servers and search domains learned by DHCP and router advertisements, with lifetimes. */
#ifndef LWIPV6_CONFIG_RESOLVER_H
#define LWIPV6_CONFIG_RESOLVER_H

#include "lwipv6/link/netif.h"

#define RESOLVERS_MAX	16 /* of each origin */
#define RESOLVER_DOMAIN 256

enum resolver_origin { RESOLVER_MANUAL, RESOLVER_DHCP4, RESOLVER_DHCP6, RESOLVER_RA };

struct resolver {
	struct list node; /* of stack->resolvers */
	struct netif *netif;
	enum resolver_origin origin;
	struct ip_addr server; /* unspecified: this entry is a search domain */
	char domain[RESOLVER_DOMAIN];
	uint64_t expires; /* TIME_NEVER = never */
	struct timer life;
};

/* Add or refresh; lifetime 0 removes. */
int resolver_server(struct netif *netif, enum resolver_origin origin, const struct ip_addr *server,
		    uint64_t lifetime_ns);
int resolver_domain(struct netif *netif, enum resolver_origin origin, const char *domain,
		    uint64_t lifetime_ns);
/* Everything an interface learned from one source. */
void resolver_forget(struct netif *netif, enum resolver_origin origin);

#endif
