/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The routing table and the table of path MTUs. */
#include "lwipv6/ip/route.h"
#include <errno.h>
#include <stdlib.h>
#include "lwipv6/ip/ip.h"

#define PATH_MTU_LIFETIME (10 * 60 * NSEC_PER_SEC)

void route_table_init(struct route_table *t)
{
	list_init(&t->routes);
	t->generation = 1;
}

static bool comes_before(const struct route *a, const struct route *b)
{
	if (a->plen != b->plen)
		return a->plen > b->plen;
	if (a->preference != b->preference)
		return a->preference > b->preference;
	return a->metric < b->metric;
}

static bool is_learned(uint8_t origin)
{
	return origin == ROUTE_RA || origin == ROUTE_REDIRECT;
}

static void expire(struct stack *stack, struct timer *timer)
{
	route_remove(container_of(timer, struct route, expire));
}

static struct netif *netif_covering(struct stack *stack, const struct ip_addr *nexthop)
{
	struct netif *n;
	struct netif_addr *a;

	list_for_each_entry (n, &stack->netifs, node)
		list_for_each_entry (a, &n->addresses, node)
			if (ip_is_v4(&a->addr) == ip_is_v4(nexthop) &&
			    ip_prefix_equal(&a->addr, nexthop, a->plen))
				return n;
	return NULL;
}

int route_add(struct stack *stack, const struct route_spec *spec, struct route **out)
{
	struct netif *netif = spec->netif ? spec->netif : netif_covering(stack, &spec->nexthop);
	unsigned int plen = spec->plen;
	struct ip_addr dst = ip_prefix(&spec->dst, plen);
	struct route *r, *at;

	if (!netif)
		return -ENETUNREACH;
	if (plen < IP_V4_BITS && ip_is_any(&spec->dst) && ip_is_v4(&spec->nexthop)) {
		plen = IP_V4_BITS; /* ::/0 through an IPv4 router is the IPv4 default route */
		dst = ip_v4_any;
	}
	list_for_each_entry (r, &stack->routes.routes, node)
		if (r->plen == plen && ip_equal(&r->dst, &dst) && r->netif == netif &&
		    ip_equal(&r->nexthop, &spec->nexthop) && r->metric == spec->metric)
			return -EEXIST;
	if (is_learned(spec->origin) && stack->routes.learned >= ROUTES_LEARNED)
		return -ENOBUFS; /* whoever is on the link must not fill our memory */
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	stack->routes.learned += is_learned(spec->origin);
	r->stack = stack;
	r->dst = dst;
	r->plen = plen;
	r->origin = spec->origin;
	r->preference = spec->preference;
	r->nexthop = spec->nexthop;
	r->source = spec->source;
	r->netif = netif;
	r->metric = spec->metric;
	r->flags = spec->flags;
	timer_init(&r->expire, expire);
	if (spec->lifetime_ns != TIME_NEVER && spec->lifetime_ns)
		timer_set(stack, &r->expire, stack->now + spec->lifetime_ns);
	list_for_each_entry (at, &stack->routes.routes, node)
		if (comes_before(r, at))
			break;
	list_insert(&at->node, &r->node);
	stack->routes.generation++;
	stack_notify(stack, EVENT_ROUTE_NEW, r);
	if (out)
		*out = r;
	return 0;
}

void route_remove(struct route *r)
{
	struct stack *stack = r->stack;

	list_remove(&r->node);
	timer_cancel(&r->expire);
	stack->routes.learned -= is_learned(r->origin);
	stack->routes.generation++;
	stack_notify(stack, EVENT_ROUTE_GONE, r);
	free(r);
}

struct route *route_find(struct stack *stack, const struct ip_addr *dst, unsigned int plen,
			 const struct ip_addr *nexthop, const struct netif *netif)
{
	struct route *r;

	list_for_each_entry (r, &stack->routes.routes, node)
		if (r->plen == plen && ip_prefix_equal(&r->dst, dst, plen) &&
		    (!netif || r->netif == netif) && (!nexthop || ip_equal(&r->nexthop, nexthop)))
			return r;
	return NULL;
}

void route_remove_netif(struct stack *stack, const struct netif *netif)
{
	struct route *r, *next;

	list_for_each_entry_safe (r, next, &stack->routes.routes, node)
		if (r->netif == netif)
			route_remove(r);
}

/* A route whose router is known to be dead is passed over while there is another (RFC 4861 6.3.6).
 */
static bool router_dead(const struct route *r)
{
	struct neighbour *n;

	if (ip_is_any(&r->nexthop) || r->netif->kind != NETIF_ETHERNET)
		return false;
	n = neighbour_find(r->netif, &r->nexthop);
	return n && (n->state == NEIGHBOUR_FAILED ||
		     (n->state == NEIGHBOUR_INCOMPLETE && n->probes > 1));
}

/* RFC 8028: the router that announced the prefix of @src; failing that, the interface that has it.
 */
static int suits_source(const struct route *r, const struct ip_addr *src)
{
	struct netif_addr *a;

	if (!src || ip_is_any(src))
		return 1;
	a = netif_addr_find_any_state(r->netif, src);
	if (!a)
		return 0;
	return 1 + (!ip_is_any(&a->router) && ip_equal(&a->router, &r->nexthop));
}

/* Multicast and limited broadcast without a route: the first interface that can. */
static struct netif *any_multicast_netif(struct stack *stack, const struct ip_addr *dst)
{
	struct netif *n, *loopback = NULL;

	list_for_each_entry (n, &stack->netifs, node) {
		if (!netif_is_up(n))
			continue;
		if (n->kind == NETIF_LOOPBACK)
			loopback = n;
		else if (!ip_is_limited_broadcast(dst) || n->flags & IFF_BROADCAST)
			return n;
	}
	return loopback;
}

int route_lookup(struct stack *stack, const struct ip_addr *dst, struct netif *out,
		 const struct ip_addr *src, struct next_hop *hop)
{
	const struct route *best = NULL;
	bool v4 = ip_is_v4(dst), best_dead = false;
	int best_suits = 0;
	struct route *r;

	hop->route = NULL;
	hop->addr = *dst;
	/* On a given link these need no route. */
	if (out && netif_is_up(out) &&
	    (ip_is_multicast(dst) || ip_is_limited_broadcast(dst) ||
	     (!v4 && ip_is_linklocal(dst)))) {
		hop->netif = out;
		return 0;
	}
	list_for_each_entry (r, &stack->routes.routes, node) {
		if (best && r->plen < best->plen && !best_dead)
			break;
		if (!netif_is_up(r->netif) || (out && r->netif != out))
			continue;
		if ((v4 && r->plen < IP_V4_BITS) || !ip_prefix_equal(&r->dst, dst, r->plen))
			continue;
		bool dead = router_dead(r);
		int suits = suits_source(r, src);

		if (best && (dead || !best_dead) && (dead > best_dead || suits <= best_suits))
			continue;
		best = r;
		best_dead = dead;
		best_suits = suits;
	}
	if (!best) {
		struct netif *n = out;

		if (ip_is_multicast(dst) || ip_is_limited_broadcast(dst) ||
		    (!v4 && ip_is_linklocal(dst)))
			n = any_multicast_netif(stack, dst);
		else if (!out || out->kind != NETIF_POINT_TO_POINT)
			return -ENETUNREACH;
		if (!n || !netif_is_up(n))
			return -ENETUNREACH;
		hop->netif = n;
		return 0;
	}
	if (best->unreachable)
		return -EHOSTUNREACH;
	hop->netif = best->netif;
	hop->route = best;
	if (!ip_is_any(&best->nexthop))
		hop->addr = best->nexthop;
	return 0;
}

bool route_on_link(struct stack *stack, const struct netif *netif, const struct ip_addr *addr)
{
	struct route *r;

	if (!ip_is_v4(addr) && ip_is_linklocal(addr))
		return true;
	list_for_each_entry (r, &stack->routes.routes, node)
		if (r->netif == netif && ip_is_any(&r->nexthop) &&
		    ip_prefix_equal(&r->dst, addr, r->plen))
			return true;
	return false;
}

static struct path_mtu *path_mtu_find(struct stack *stack, const struct ip_addr *dst)
{
	struct path_mtu *table = stack->routes.path_mtu;

	for (int i = 0; table && i < PATH_MTU_ENTRIES; i++)
		if (table[i].expires > stack->now && ip_equal(&table[i].dst, dst))
			return &table[i];
	return NULL;
}

uint32_t path_mtu(struct stack *stack, const struct netif *netif, const struct ip_addr *dst)
{
	uint32_t mtu = ip_is_v4(dst) ? netif->mtu : netif->mtu6;
	struct path_mtu *known = path_mtu_find(stack, dst);

	return known && known->mtu < mtu ? known->mtu : mtu;
}

bool path_mtu_locked(struct stack *stack, const struct ip_addr *dst)
{
	struct path_mtu *known = path_mtu_find(stack, dst);

	return known && known->locked;
}

void path_mtu_lower(struct stack *stack, const struct ip_addr *dst, uint32_t mtu)
{
	struct path_mtu *entry = path_mtu_find(stack, dst), *table;

	if (!stack->routes.path_mtu)
		stack->routes.path_mtu = calloc(PATH_MTU_ENTRIES, sizeof(*table));
	table = stack->routes.path_mtu;
	if (!table)
		return;
	if (!entry) {
		entry = table;
		for (int i = 1; i < PATH_MTU_ENTRIES; i++)
			if (table[i].expires < entry->expires)
				entry = &table[i];
		*entry = (struct path_mtu){.dst = *dst, .mtu = UINT32_MAX};
	}
	if (ip_is_v4(dst) && mtu < PATH_MTU_MIN4) {
		mtu = PATH_MTU_MIN4;
		entry->locked = true;
	}
	if (mtu < entry->mtu)
		entry->mtu = mtu;
	entry->expires = stack->now + PATH_MTU_LIFETIME;
	stack->routes.generation++;
}
