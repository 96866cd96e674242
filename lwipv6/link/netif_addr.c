/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses of interfaces: duplicate detection, announcements, lifetimes.
 *
 * IPv6 (RFC 4862 5.4): tentative until one solicitation stayed unanswered for RetransTimer. An
 * address set by hand is in use meanwhile, without the override flag, and withdrawn on a conflict.
 * IPv4 (RFC 5227): an address set by hand is announced twice, 2 s apart, and used at once; one
 * found by DHCP was probed by the client. Later conflicts: defend once per 10 s, give up at the
 * second within them.
 */
#include <errno.h>
#include <stdlib.h>
#include "lwipv6/config/config.h"
#include "lwipv6/ip/group.h"
#include "lwipv6/ip/ip.h"
#include "lwipv6/link/ethernet.h"
#include "lwipv6/tcp/tcp.h"

#define DEFEND_INTERVAL	  (10 * NSEC_PER_SEC)
#define ANNOUNCE_INTERVAL (2 * NSEC_PER_SEC)

/* The stack's own membership in the solicited-node group of an address. */
struct solicited {
	struct netif_addr base; /* first: a netif_addr is all that others see */
	struct membership membership;
	bool joined;
};

bool netif_addr_usable(const struct netif_addr *a)
{
	return a->state == ADDRESS_PREFERRED || a->state == ADDRESS_DEPRECATED ||
	       (a->state == ADDRESS_TENTATIVE &&
		(a->origin == ORIGIN_MANUAL || a->optimistic || ip_is_v4(&a->addr)));
}

static void settle(struct netif_addr *a)
{
	a->state =
		a->preferred_until <= a->netif->stack->now ? ADDRESS_DEPRECATED : ADDRESS_PREFERRED;
	a->netif->stack->routes.generation++;
	stack_notify(a->netif->stack, EVENT_ADDRESS_NEW, a);
}

static void dad_timer(struct stack *stack, struct timer *timer)
{
	struct netif_addr *a = container_of(timer, struct netif_addr, dad);
	struct netif *netif = a->netif;

	if (ip_is_v4(&a->addr)) {
		arp_announce(netif, a->addr.addr[3]);
		if (--a->dad_left)
			timer_set(stack, &a->dad, stack->now + ANNOUNCE_INTERVAL);
		return;
	}
	if (a->dad_left) {
		a->dad_left--;
		nd_probe(a);
		timer_set(stack, &a->dad, stack->now + netif->retrans_ms * NSEC_PER_MSEC);
		return;
	}
	settle(a);
}

static void life_timer(struct stack *stack, struct timer *timer)
{
	struct netif_addr *a = container_of(timer, struct netif_addr, life);

	if (a->valid_until <= stack->now) {
		netif_addr_remove(a);
		return;
	}
	if (a->state == ADDRESS_PREFERRED && a->preferred_until <= stack->now)
		settle(a);
	timer_set(stack, &a->life,
		  a->preferred_until > stack->now && a->preferred_until < a->valid_until
			  ? a->preferred_until
			  : a->valid_until);
}

void netif_addr_start(struct netif_addr *a)
{
	struct stack *stack = a->netif->stack;
	struct solicited *s = container_of(a, struct solicited, base);

	if (a->netif->kind != NETIF_ETHERNET) {
		settle(a);
		return;
	}
	if (ip_is_v4(&a->addr)) {
		settle(a);
		a->dad_left = 2;
		timer_set(stack, &a->dad, stack->now);
		return;
	}
	if (!s->joined) {
		struct ip_addr group = ip_solicited_node(&a->addr);

		s->joined = !group_join(a->netif, &group, &s->membership);
	}
	if (a->nodad) {
		settle(a);
		return;
	}
	a->state = ADDRESS_TENTATIVE;
	a->dad_left = 1;
	/* Not for addresses set by hand, which are likelier to be there twice, nor on routers. */
	a->optimistic = stack->settings.optimistic && !stack->settings.forwarding6 &&
			a->origin != ORIGIN_MANUAL;
	if (a->optimistic) {
		stack->routes.generation++;
		stack_notify(stack, EVENT_ADDRESS_NEW, a);
	}
	/* RFC 4862 5.4.2: random delay, so that hosts started together do not collide. */
	timer_set(stack, &a->dad,
		  stack->now + (a->origin == ORIGIN_MANUAL
					? 0
					: random_below(&stack->random, 1000) * NSEC_PER_MSEC));
}

static uint64_t until(uint64_t now, uint64_t lifetime)
{
	return lifetime == TIME_NEVER || now + lifetime < now ? TIME_NEVER : now + lifetime;
}

void netif_addr_set_lifetimes(struct netif_addr *a, uint64_t preferred_ns, uint64_t valid_ns)
{
	struct stack *stack = a->netif->stack;

	a->preferred_until = until(stack->now, preferred_ns);
	a->valid_until = until(stack->now, valid_ns);
	if (a->state == ADDRESS_DEPRECATED && a->preferred_until > stack->now)
		settle(a);
	if (a->state == ADDRESS_PREFERRED && a->preferred_until <= stack->now)
		settle(a);
	timer_set(stack, &a->life,
		  a->preferred_until > stack->now && a->preferred_until < a->valid_until
			  ? a->preferred_until
			  : a->valid_until);
}

static bool may_be_assigned(const struct ip_addr *addr)
{
	return !ip_is_any(addr) && !ip_is_multicast(addr) && !ip_is_limited_broadcast(addr);
}

int netif_addr_add(struct netif *netif, const struct address_spec *spec, struct netif_addr **out)
{
	struct stack *stack = netif->stack;
	struct solicited *s;
	struct netif_addr *a;

	if (!may_be_assigned(&spec->addr) || spec->plen > 128 ||
	    (ip_is_v4(&spec->addr) && spec->plen < IP_V4_BITS))
		return -EINVAL;
	if (netif_addr_find_any_state(netif, &spec->addr))
		return -EADDRINUSE;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	a = &s->base;
	a->netif = netif;
	a->addr = spec->addr;
	a->plen = spec->plen;
	a->origin = spec->origin;
	a->nodad = spec->nodad;
	a->state = ADDRESS_TENTATIVE;
	a->created = stack->now;
	timer_init(&a->dad, dad_timer);
	timer_init(&a->life, life_timer);
	list_append(&netif->addresses, &a->node);
	netif_addr_set_lifetimes(a, spec->preferred_ns, spec->valid_ns);
	if (!spec->no_prefix_route && spec->plen < 128) {
		struct route_spec route = {
			.dst = ip_prefix(&a->addr, a->plen),
			.plen = a->plen,
			.netif = netif,
			.source = a->addr,
			.origin = ROUTE_KERNEL,
			.lifetime_ns = TIME_NEVER,
			.metric = ip_is_v4(&a->addr) ? 0 : 256,
		};
		route_add(stack, &route, NULL);
	}
	stack->routes.generation++;
	if (out)
		*out = a;
	if (netif_is_up(netif))
		netif_addr_start(a);
	else
		stack_notify(stack, EVENT_ADDRESS_NEW, a);
	return 0;
}

/* The connected route goes with the last address of its prefix. */
static void remove_prefix_route(struct netif_addr *gone)
{
	struct netif *netif = gone->netif;
	struct ip_addr prefix = ip_prefix(&gone->addr, gone->plen);
	struct netif_addr *a;
	struct route *r;

	list_for_each_entry (a, &netif->addresses, node)
		if (a != gone && a->plen == gone->plen &&
		    ip_prefix_equal(&a->addr, &gone->addr, a->plen))
			return;
	r = route_find(netif->stack, &prefix, gone->plen, &ip_addr_any, netif);
	if (r && r->origin == ROUTE_KERNEL)
		route_remove(r);
}

void netif_addr_remove(struct netif_addr *a)
{
	struct stack *stack = a->netif->stack;
	struct solicited *s = container_of(a, struct solicited, base);
	struct ip_addr addr = a->addr;

	remove_prefix_route(a);
	timer_cancel(&a->dad);
	timer_cancel(&a->life);
	list_remove(&a->node);
	if (s->joined)
		group_leave(&s->membership);
	stack->routes.generation++;
	stack_notify(stack, EVENT_ADDRESS_GONE, a);
	if (!netif_addr_find(stack, NULL, &addr))
		tcp_address_gone(stack, &addr);
	free(s);
}

struct netif_addr *netif_addr_find_any_state(struct netif *netif, const struct ip_addr *addr)
{
	struct netif_addr *a;

	list_for_each_entry (a, &netif->addresses, node)
		if (ip_equal(&a->addr, addr))
			return a;
	return NULL;
}

struct netif_addr *netif_addr_find(struct stack *stack, struct netif *netif,
				   const struct ip_addr *addr)
{
	struct netif *n;

	list_for_each_entry (n, &stack->netifs, node) {
		struct netif_addr *a;

		if (netif && n != netif)
			continue;
		a = netif_addr_find_any_state(n, addr);
		if (a && netif_addr_usable(a))
			return a;
	}
	return NULL;
}

bool netif_is_broadcast(const struct netif *netif, const struct ip_addr *addr)
{
	struct netif_addr *a;

	if (!ip_is_v4(addr))
		return false;
	if (addr->addr[3] == 0xffffffff)
		return true;
	if (!(netif->flags & IFF_BROADCAST))
		return false;
	list_for_each_entry (a, &netif->addresses, node) {
		struct ip_addr last = ip_prefix_last(&a->addr, a->plen);

		if (ip_is_v4(&a->addr) && a->plen < 127 && ip_equal(&last, addr))
			return true;
	}
	return false;
}

struct netif_addr *netif_linklocal(const struct netif *netif)
{
	struct netif_addr *a;

	list_for_each_entry (a, &netif->addresses, node)
		if (!ip_is_v4(&a->addr) && ip_is_linklocal(&a->addr) && netif_addr_usable(a))
			return a;
	return NULL;
}

void netif_addr_conflict(struct netif_addr *a, const uint8_t *hwaddr)
{
	struct stack *stack = a->netif->stack;

	COUNT(stack, arp_conflicts);
	if (ip_is_v4(&a->addr)) {
		if (!a->conflicts || stack->now - a->defended >= DEFEND_INTERVAL) {
			a->conflicts = 1;
			a->defended = stack->now;
			arp_announce(a->netif, a->addr.addr[3]);
			return;
		}
		if (a->origin == ORIGIN_MANUAL)
			return; /* set by hand: kept, one defence per interval (RFC 5227 2.4 c) */
	} else {
		timer_cancel(&a->dad);
	}
	a->state = ADDRESS_DUPLICATE;
	stack->routes.generation++;
	stack_notify(stack, EVENT_ADDRESS_DUPLICATE, a);
	if (!ip_is_v4(&a->addr) && a->origin != ORIGIN_MANUAL)
		slaac_duplicate(a);
}
