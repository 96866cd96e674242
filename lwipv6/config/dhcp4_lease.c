/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a DHCPv4 lease means to the stack: address, routes, MTU, DNS servers and search domains. */
#include <errno.h>
#include "lwipv6/config/dhcp4.h"
#include "lwipv6/config/resolver.h"

/* A server that says no mask means that of the address' class. */
static unsigned int mask_length(const struct dhcp4_reply *l)
{
	uint32_t mask = ntohl(l->mask), address = ntohl(l->address);

	if (mask && !(~mask & (~mask + 1)))
		return __builtin_popcount(mask);
	return address >> 31 == 0 ? 8 : address >> 30 == 2 ? 16 : 24;
}

static uint64_t left(const struct dhcp4 *d)
{
	uint64_t now = d->netif->stack->now;

	if (d->expires_at == TIME_NEVER)
		return TIME_NEVER;
	return d->expires_at > now ? d->expires_at - now : 1;
}

static void add_route(const struct dhcp4 *d, uint32_t dst, unsigned int plen, uint32_t router)
{
	struct route_spec spec = {
		.dst = ip_from_v4(dst),
		.plen = plen + IP_V4_BITS,
		.nexthop = router ? ip_from_v4(router) : ip_addr_any,
		.source = ip_from_v4(d->lease.address),
		.netif = d->netif,
		.origin = ROUTE_DHCP,
		.lifetime_ns = TIME_NEVER, /* goes with the lease */
	};

	route_add(d->netif->stack, &spec, NULL);
}

static void remove_routes(struct netif *netif)
{
	struct route *r, *next;

	list_for_each_entry_safe(r, next, &netif->stack->routes.routes, node)
		if (r->netif == netif && r->origin == ROUTE_DHCP)
			route_remove(r);
}

static void set_mtu(struct dhcp4 *d, uint32_t mtu)
{
	/* RFC 2132 5.1: 68 at least. What is larger than the link can carry is no help. */
	if (mtu >= 68 && mtu < d->netif->mtu) {
		if (!d->mtu_before)
			d->mtu_before = d->netif->mtu;
		netif_set_mtu(d->netif, mtu);
	}
}

static void forget_extras(struct dhcp4 *d)
{
	remove_routes(d->netif);
	resolver_forget(d->netif, RESOLVER_DHCP4);
	if (d->mtu_before)
		netif_set_mtu(d->netif, d->mtu_before);
	d->mtu_before = 0;
}

int dhcp4_apply(struct dhcp4 *d, bool same)
{
	const struct dhcp4_reply *l = &d->lease;
	struct netif *netif = d->netif;
	struct ip_addr addr = ip_from_v4(l->address);
	struct netif_addr *a = netif_addr_find_any_state(netif, &addr);
	struct address_spec spec = {.addr = addr,
				    .plen = mask_length(l) + IP_V4_BITS,
				    .origin = ORIGIN_DHCP,
				    .preferred_ns = left(d),
				    .valid_ns = left(d)};

	if (a && a->origin != ORIGIN_DHCP)
		return -EADDRINUSE;
	if (a && a->plen != spec.plen) {
		netif_addr_remove(a);
		a = NULL;
	}
	if (a) {
		netif_addr_set_lifetimes(a, spec.preferred_ns, spec.valid_ns);
	} else {
		int error = netif_addr_add(netif, &spec, NULL);

		if (error)
			return error;
	}
	d->bound = true;
	if (!same) {
		forget_extras(d);
		for (int i = 0; i < l->nroutes; i++)
			add_route(d, l->routes[i].dst, l->routes[i].plen, l->routes[i].router);
		if (!l->classless && l->router)
			add_route(d, 0, 0, l->router);
		set_mtu(d, l->mtu);
	}
	for (int i = 0; i < l->nservers; i++) {
		struct ip_addr server = ip_from_v4(l->servers[i]);

		if (!ip_is_any(&server))
			resolver_server(netif, RESOLVER_DHCP4, &server, left(d));
	}
	for (int i = 0; i < l->ndomains; i++)
		resolver_domain(netif, RESOLVER_DHCP4, l->domains[i], left(d));
	return 0;
}

void dhcp4_withdraw(struct dhcp4 *d)
{
	struct ip_addr addr = ip_from_v4(d->lease.address);
	struct netif_addr *a = netif_addr_find_any_state(d->netif, &addr);

	if (!d->bound)
		return;
	d->bound = false;
	forget_extras(d);
	if (a && a->origin == ORIGIN_DHCP)
		netif_addr_remove(a);
}
