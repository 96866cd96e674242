/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a DHCPv6 lease means to the stack: host addresses, DNS servers, search domains. */
#include "lwipv6/config/dhcp6.h"
#include "lwipv6/config/resolver.h"

static uint64_t lifetime(uint32_t seconds)
{
	return seconds == DHCP6_INFINITE ? TIME_NEVER : seconds * NSEC_PER_SEC;
}

static void apply_address(struct netif *netif, const struct dhcp6_address *l)
{
	struct netif_addr *a = netif_addr_find_any_state(netif, &l->addr);
	/* RFC 5942 and 8415 18.2.10.1: a lease says nothing of what is on the link. */
	struct address_spec spec = {.addr = l->addr,
				    .plen = 128,
				    .origin = ORIGIN_DHCP,
				    .preferred_ns = lifetime(l->preferred),
				    .valid_ns = lifetime(l->valid)};

	if (!a)
		netif_addr_add(netif, &spec, NULL);
	else if (a->origin == ORIGIN_DHCP)
		netif_addr_set_lifetimes(a, spec.preferred_ns, spec.valid_ns);
}

static void remove_address(struct netif_addr *a)
{
	if (a && a->origin == ORIGIN_DHCP)
		netif_addr_remove(a);
}

void dhcp6_apply_servers(struct dhcp6 *d)
{
	resolver_forget(d->netif, RESOLVER_DHCP6);
	for (int i = 0; i < d->lease.nservers; i++)
		resolver_server(d->netif, RESOLVER_DHCP6, &d->lease.servers[i], TIME_NEVER);
	for (int i = 0; i < d->lease.ndomains; i++)
		resolver_domain(d->netif, RESOLVER_DHCP6, d->lease.domains[i], TIME_NEVER);
}

static uint32_t left(const struct netif *netif, uint64_t until)
{
	uint64_t now = netif->stack->now;

	if (until == TIME_NEVER)
		return DHCP6_INFINITE;
	return until > now ? (until - now) / NSEC_PER_SEC : 0;
}

void dhcp6_keep(struct dhcp6 *d, struct dhcp6_reply *r)
{
	for (int i = 0; i < d->lease.naddresses; i++) {
		const struct ip_addr *addr = &d->lease.addresses[i].addr;
		const struct netif_addr *a = netif_addr_find_any_state(d->netif, addr);
		bool named = false;

		for (int k = 0; k < r->naddresses; k++)
			named |= ip_equal(&r->addresses[k].addr, addr);
		if (!named && a && a->origin == ORIGIN_DHCP && r->naddresses < DHCP6_ADDRESSES)
			r->addresses[r->naddresses++] = (struct dhcp6_address){
				*addr, left(d->netif, a->preferred_until), left(d->netif, a->valid_until)};
	}
}

void dhcp6_apply(struct dhcp6 *d)
{
	for (int i = 0; i < d->lease.naddresses; i++) {
		const struct dhcp6_address *l = &d->lease.addresses[i];

		if (l->valid)
			apply_address(d->netif, l);
		else
			remove_address(netif_addr_find_any_state(d->netif, &l->addr));
	}
	dhcp6_apply_servers(d);
}

void dhcp6_withdraw(struct dhcp6 *d)
{
	for (int i = 0; i < d->lease.naddresses; i++)
		remove_address(netif_addr_find_any_state(d->netif, &d->lease.addresses[i].addr));
	resolver_forget(d->netif, RESOLVER_DHCP6);
}
