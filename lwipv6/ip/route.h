/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Routes, ordered by prefix length (longest first), then preference (RFC 4191), then metric.
 * An IPv4 route's prefix is at least 96 bits; ::/0 given to lwip_add_route with an IPv4 next hop
 * means the IPv4 default route.
 *
 * Path MTUs (RFC 1191, 8201) live in a table beside the routes, at most PATH_MTU_ENTRIES, oldest
 * replaced first; they are forgotten after ten minutes, so that a wider path is found again.
 */
#ifndef LWIPV6_IP_ROUTE_H
#define LWIPV6_IP_ROUTE_H

#include <stdbool.h>
#include <stdint.h>
#include "lwipv6/core/address.h"
#include "lwipv6/core/list.h"
#include "lwipv6/core/timer.h"

struct stack;
struct netif;

/* Values of rtm_protocol. */
enum route_origin {
	ROUTE_KERNEL = 2,
	ROUTE_STATIC = 4,
	ROUTE_RA = 9,
	ROUTE_DHCP = 16,
	ROUTE_REDIRECT = 1
};

struct route {
	struct list node;
	struct stack *stack;
	struct ip_addr dst;
	uint8_t plen; /* of 128 */
	uint8_t origin;
	int8_t preference;	/* RFC 4191: -1 low, 0 medium, 1 high */
	bool unreachable;	/* prohibit: answers -EHOSTUNREACH */
	struct ip_addr nexthop; /* unspecified = on-link */
	struct ip_addr source;	/* preferred source, or unspecified */
	struct netif *netif;
	uint32_t metric;
	int flags;
	struct timer expire;
};

#define PATH_MTU_ENTRIES 256
#define PATH_MTU_MIN4	 552 /* as Linux: a forged tiny MTU must not cripple us */
#define ROUTES_LEARNED	 128 /* by router advertisements and redirects */

struct path_mtu {
	struct ip_addr dst;
	uint32_t mtu;
	bool locked;	  /* as low as it goes: routers shall fragment */
	uint64_t expires; /* 0 = free */
};

struct route_table {
	struct list routes;
	unsigned int learned;
	uint32_t generation;	   /* changes whenever a lookup could give another answer */
	struct path_mtu *path_mtu; /* array, allocated with the first entry */
};

struct route_spec {
	struct ip_addr dst, nexthop, source;
	unsigned int plen;
	struct netif *netif; /* NULL = the one whose prefix covers nexthop */
	enum route_origin origin;
	int preference;
	uint32_t metric;
	int flags;
	uint64_t lifetime_ns; /* TIME_NEVER = infinite */
};

/* Where a packet goes. */
struct next_hop {
	struct netif *netif;
	struct ip_addr addr; /* the neighbour */
	const struct route *route;
};

void route_table_init(struct route_table *t);
/* 0, -EEXIST, -ENETUNREACH (no interface covers nexthop), -ENOMEM. */
int route_add(struct stack *stack, const struct route_spec *spec, struct route **out);
void route_remove(struct route *r);
/* The route of exactly this destination, next hop (NULL = any) and interface (NULL = any). */
struct route *route_find(struct stack *stack, const struct ip_addr *dst, unsigned int plen,
			 const struct ip_addr *nexthop, const struct netif *netif);
/*
 * Choose a next hop. @out restricts to an interface (NULL = any); @src, when not NULL, prefers the
 * routers of the prefix it belongs to (RFC 8028). 0, -ENETUNREACH, -EHOSTUNREACH.
 */
int route_lookup(struct stack *stack, const struct ip_addr *dst, struct netif *out,
		 const struct ip_addr *src, struct next_hop *hop);
/* Whether some prefix route says that @addr is on @netif's link. */
bool route_on_link(struct stack *stack, const struct netif *netif, const struct ip_addr *addr);
void route_remove_netif(struct stack *stack, const struct netif *netif);

/* Largest IP packet for @dst through @netif. */
uint32_t path_mtu(struct stack *stack, const struct netif *netif, const struct ip_addr *dst);
/* A report of @mtu. Of IPv4 no less than PATH_MTU_MIN4 is believed; below that the path is locked. */
void path_mtu_lower(struct stack *stack, const struct ip_addr *dst, uint32_t mtu);
/* Whether packets to @dst must go without DF although their sender discovers the path's MTU. */
bool path_mtu_locked(struct stack *stack, const struct ip_addr *dst);

#endif
