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

/* Addresses that the last reply no longer names, or names with lifetime 0. */
static void remove_others(struct dhcp6 *d, bool all)
{
	struct netif_addr *a, *next;

	list_for_each_entry_safe(a, next, &d->netif->addresses, node) {
		bool held = false;

		if (a->origin != ORIGIN_DHCP || ip_is_v4(&a->addr))
			continue;
		for (int i = 0; i < d->lease.naddresses && !all; i++)
			held |= d->lease.addresses[i].valid && ip_equal(&d->lease.addresses[i].addr, &a->addr);
		if (!held)
			netif_addr_remove(a);
	}
}

void dhcp6_apply_servers(struct dhcp6 *d)
{
	resolver_forget(d->netif, RESOLVER_DHCP6);
	for (int i = 0; i < d->lease.nservers; i++)
		resolver_server(d->netif, RESOLVER_DHCP6, &d->lease.servers[i], TIME_NEVER);
	for (int i = 0; i < d->lease.ndomains; i++)
		resolver_domain(d->netif, RESOLVER_DHCP6, d->lease.domains[i], TIME_NEVER);
}

void dhcp6_apply(struct dhcp6 *d)
{
	for (int i = 0; i < d->lease.naddresses; i++)
		if (d->lease.addresses[i].valid)
			apply_address(d->netif, &d->lease.addresses[i]);
	remove_others(d, false);
	dhcp6_apply_servers(d);
}

void dhcp6_withdraw(struct dhcp6 *d)
{
	remove_others(d, true);
	resolver_forget(d->netif, RESOLVER_DHCP6);
}
