/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stateless address autoconfiguration (RFC 4862) with stable opaque interface identifiers (RFC
 * 7217), router discovery (RFC 4861 6.3, 7559), route preferences (RFC 4191) and DNS options (RFC
 * 8106). Temporary addresses are in temporary.c.
 */
#include "lwipv6/config/slaac.h"
#include <stdlib.h>
#include "lwipv6/config/config.h"
#include "lwipv6/config/dhcp6.h"
#include "lwipv6/config/resolver.h"
#include "lwipv6/ip/icmp.h"

#define RS_INITIAL   (4 * NSEC_PER_SEC)
#define RS_MAX	     (3600 * NSEC_PER_SEC)
#define TWO_HOURS    (7200 * NSEC_PER_SEC)
#define MAX_PREFIXES 16
#define DAD_TRIES    3
#define OPT_PREFIX   3
#define OPT_MTU	     5
#define OPT_ROUTE    24
#define OPT_RDNSS    25
#define OPT_DNSSL    31

/* RFC 7217 5: F(prefix, interface, network, counter, secret). */
struct ip_addr slaac_address(struct netif *netif, const struct ip_addr *prefix, uint8_t counter)
{
	struct {
		struct ip_addr prefix;
		char name[IFNAMSIZ];
		uint8_t hwaddr[6], counter, zero;
	} input = {.prefix = *prefix, .counter = counter};
	uint64_t key[2], id;
	struct ip_addr a = *prefix;

	memcpy(key, netif->stack->settings.secret, sizeof(key));
	memcpy(input.name, netif->name, IFNAMSIZ);
	memcpy(input.hwaddr, netif->hwaddr, 6);
	id = siphash(key, &input, sizeof(input));
	memcpy(&a.addr[2], &id, 8);
	return a;
}

static void solicit(struct stack *stack, struct timer *timer)
{
	struct slaac *s = container_of(timer, struct slaac, solicit);
	struct netif_addr *linklocal = netif_linklocal(s->netif);
	bool settled = linklocal && linklocal->state != ADDRESS_TENTATIVE;
	uint32_t len = settled ? 16 : 8;
	struct packet *p = packet_new(PACKET_HEADROOM, len);

	if (p) {
		memset(packet_put(p, len), 0, len);
		p->data[0] = ND_ROUTER_SOLICIT;
		if (settled) {
			p->data[8] = 1; /* source link-layer address */
			p->data[9] = 1;
			memcpy(p->data + 10, s->netif->hwaddr, 6);
		}
		icmp6_send(s->netif, p, settled ? &linklocal->addr : &ip_addr_any, &ip_all_routers,
			   255, false);
	}
	/* RFC 7559: until a router answers, less and less often, a tenth at random. */
	timer_set(stack, timer,
		  stack->now + s->interval / 10 * 9 +
			  random_below(&stack->random, s->interval / NSEC_PER_MSEC / 5 + 1) *
				  NSEC_PER_MSEC);
	s->interval = s->interval * 2 > RS_MAX ? RS_MAX : s->interval * 2;
}

static struct netif_addr *add(struct netif *netif, const struct ip_addr *prefix, uint8_t counter,
			      enum address_origin origin, uint64_t preferred, uint64_t valid)
{
	struct netif_addr *a = NULL;
	struct address_spec spec = {
		.addr = slaac_address(netif, prefix, counter),
		.plen = 64,
		.origin = origin,
		.no_prefix_route = true,
		.preferred_ns = preferred,
		.valid_ns = valid,
	};

	netif_addr_add(netif, &spec, &a);
	return a;
}

void slaac_start(struct netif *netif)
{
	static const struct ip_addr linklocal = {{LWIP_HTONL_(0xfe800000), 0, 0, 0}};
	struct stack *stack = netif->stack;
	struct slaac *s;

	add(netif, &linklocal, 0, ORIGIN_LINKLOCAL, TIME_NEVER, TIME_NEVER);
	if (!(netif->autoconf & NETIF_FLAG_AUTOCONF) || stack->settings.forwarding6)
		return;
	s = calloc(1, sizeof(*s));
	if (!s) {
		COUNT(stack, memory_failures);
		return;
	}
	s->netif = netif;
	s->interval = RS_INITIAL;
	timer_init(&s->solicit, solicit);
	temporary_init(s);
	netif->slaac = s;
	timer_set(stack, &s->solicit,
		  stack->now + random_below(&stack->random, 1000) * NSEC_PER_MSEC);
}

void slaac_stop(struct netif *netif)
{
	struct route *r, *next;

	if (!netif->slaac)
		return;
	timer_cancel(&netif->slaac->solicit);
	timer_cancel(&netif->slaac->renew);
	free(netif->slaac);
	netif->slaac = NULL;
	list_for_each_entry_safe (r, next, &netif->stack->routes.routes, node)
		if (r->netif == netif && r->origin == ROUTE_RA)
			route_remove(r);
	resolver_forget(netif, RESOLVER_RA);
}

void slaac_duplicate(struct netif_addr *a)
{
	struct ip_addr prefix = ip_prefix(&a->addr, 64);
	uint64_t now = a->netif->stack->now, preferred = a->preferred_until, valid = a->valid_until;
	enum address_origin origin = a->origin;
	struct netif *netif = a->netif;
	struct ip_addr router = a->router;
	uint8_t counter = 0;

	if (origin == ORIGIN_TEMPORARY) {
		netif_addr_remove(a);
		temporary_duplicate(netif);
		return;
	}
	/* Which attempt was it? The next identifier comes from the next counter (RFC 7217 6). */
	while (counter < DAD_TRIES) {
		struct ip_addr tried = slaac_address(netif, &prefix, counter++);

		if (ip_equal(&tried, &a->addr))
			break;
	}
	netif_addr_remove(a);
	if (counter < DAD_TRIES && (origin == ORIGIN_SLAAC || origin == ORIGIN_LINKLOCAL)) {
		a = add(netif, &prefix, counter, origin,
			preferred == TIME_NEVER ? TIME_NEVER : preferred - now,
			valid == TIME_NEVER ? TIME_NEVER : valid - now);
		if (a)
			a->router = router;
	}
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return ntohl(v);
}

static uint64_t lifetime(uint32_t seconds)
{
	return seconds == UINT32_MAX ? TIME_NEVER : seconds * NSEC_PER_SEC;
}

/* Add, refresh or, with lifetime 0, remove a route that a router told. */
static void tell_route(struct netif *netif, const struct ip_addr *dst, unsigned int plen,
		       const struct ip_addr *nexthop, int preference, uint64_t life)
{
	struct route *r = route_find(netif->stack, dst, plen, nexthop, netif);
	struct route_spec spec = {.dst = *dst,
				  .plen = plen,
				  .nexthop = *nexthop,
				  .netif = netif,
				  .origin = ROUTE_RA,
				  .preference = preference,
				  .metric = 1024,
				  .lifetime_ns = life};

	if (r && r->origin != ROUTE_RA)
		return;
	if (r && life && r->preference == preference) {
		timer_set(netif->stack, &r->expire,
			  life == TIME_NEVER ? TIME_NEVER : netif->stack->now + life);
		return;
	}
	if (r)
		route_remove(r);
	if (life)
		route_add(netif->stack, &spec, NULL);
}

/* RFC 4862 5.5.3 */
static void prefix_option(struct netif *netif, const uint8_t *o, const struct ip_addr *from)
{
	struct ip_addr prefix = ip_from_in6(o + 16);
	uint64_t valid = lifetime(get32(o + 4)), preferred = lifetime(get32(o + 8));
	uint64_t now = netif->stack->now;
	unsigned int plen = o[2], prefixes = 0;
	struct netif_addr *a;
	bool known = false;

	if (plen > 128 || ip_is_linklocal(&prefix) || ip_is_multicast(&prefix) || preferred > valid)
		return;
	prefix = ip_prefix(&prefix, plen);
	if (o[3] & 0x80)
		tell_route(netif, &prefix, plen, &ip_addr_any, 0, valid);
	if (!(o[3] & 0x40) || plen != 64)
		return;
	list_for_each_entry (a, &netif->addresses, node) {
		uint64_t left, granted = valid;

		if (a->origin != ORIGIN_SLAAC)
			continue;
		prefixes++;
		if (!ip_prefix_equal(&a->addr, &prefix, 64))
			continue;
		known = true;
		left = a->valid_until == TIME_NEVER ? TIME_NEVER : a->valid_until - now;
		/* The two-hour rule: an unauthenticated router cannot cut an address short. */
		if (valid <= TWO_HOURS && valid < left)
			granted = left <= TWO_HOURS ? left : TWO_HOURS;
		netif_addr_set_lifetimes(a, preferred, granted);
		if (valid)
			a->router = *from;
	}
	if (!known && valid && prefixes < MAX_PREFIXES) {
		a = add(netif, &prefix, 0, ORIGIN_SLAAC, preferred, valid);
		if (a)
			a->router = *from;
	}
	if (netif->stack->settings.temporary_addresses)
		temporary_update(netif);
}

static void route_option(struct netif *netif, const uint8_t *o, uint32_t len,
			 const struct ip_addr *from)
{
	struct ip_addr prefix = {{0}};
	unsigned int plen = o[2], bits = o[3] >> 3 & 3;

	if (plen > 128 || bits == 2 || len < 8 + (plen > 64 ? 16u : plen ? 8u : 0))
		return;
	memcpy(&prefix, o + 8, len - 8 < 16 ? len - 8 : 16);
	tell_route(netif, &prefix, plen, from,
		   bits == 1   ? 1
		   : bits == 3 ? -1
			       : 0,
		   lifetime(get32(o + 4)));
}

static void search_option(struct netif *netif, const uint8_t *o, uint32_t len)
{
	char name[DOMAIN_SIZE];
	uint32_t at = 8;

	while (domain_next(o, len, &at, false, name))
		resolver_domain(netif, RESOLVER_RA, name, lifetime(get32(o + 4)));
}

static void option(struct netif *netif, const uint8_t *o, uint32_t len, const struct ip_addr *from)
{
	switch (o[0]) {
	case OPT_PREFIX:
		if (len == 32)
			prefix_option(netif, o, from);
		break;
	case OPT_MTU:
		if (len == 8 && get32(o + 4) >= IP_MIN_MTU6 && get32(o + 4) <= netif->mtu) {
			netif->mtu6 = get32(o + 4);
			netif->stack->routes.generation++;
		}
		break;
	case OPT_ROUTE:
		if (len <= 24)
			route_option(netif, o, len, from);
		break;
	case OPT_RDNSS:
		for (uint32_t at = 8; at + 16 <= len; at += 16) {
			struct ip_addr server = ip_from_in6(o + at);

			resolver_server(netif, RESOLVER_RA, &server, lifetime(get32(o + 4)));
		}
		break;
	case OPT_DNSSL:
		if (len > 8)
			search_option(netif, o, len);
		break;
	}
}

void slaac_advertisement(struct netif *netif, const struct packet *p)
{
	const uint8_t *ra = p->data;
	uint32_t reachable = get32(ra + 8), retrans = get32(ra + 12), at = 16;
	unsigned int router_life = ra[6] << 8 | ra[7], bits = ra[5] >> 3 & 3;

	if (!netif->slaac)
		return;
	if (ra[4])
		netif->hop_limit = ra[4];
	if (reachable && reachable <= 3600000 && reachable != netif->base_reachable_ms) {
		netif->base_reachable_ms = reachable;
		netif->reachable_ms =
			reachable / 2 + random_below(&netif->stack->random, reachable);
	}
	if (retrans && retrans <= 3600000)
		netif->retrans_ms = retrans;
	tell_route(netif, &ip_addr_any, 0, &p->src,
		   bits == 1   ? 1
		   : bits == 3 ? -1
			       : 0,
		   router_life * NSEC_PER_SEC);
	if (router_life)
		timer_cancel(&netif->slaac->solicit);
	dhcp6_advertised(netif, ra[5] & 0x80, ra[5] & 0x40);
	while (at + 8 <= p->linear) { /* nd.c has checked the lengths */
		option(netif, ra + at, ra[at + 1] * 8, &p->src);
		at += ra[at + 1] * 8;
	}
}
