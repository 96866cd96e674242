/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Temporary addresses (RFC 8981): beside each stable address one with a random identifier,
 * preferred as source for at most a day and valid for two, so that a host cannot be followed by its
 * address. A new one is made shortly before the last is deprecated; old ones stay for the
 * connections they have.
 */
#include "lwipv6/config/slaac.h"

#define VALID_MAX     (2 * 86400 * NSEC_PER_SEC)
#define PREFERRED_MAX (86400 * NSEC_PER_SEC)
/* At random less than this, so that hosts do not renew together. */
#define DESYNC_S      (86400 * 2 / 5)
#define RENEW_EARLY   (5 * NSEC_PER_SEC)
#define TRIES	      3
#define MAX_ADDRESSES 32 /* of an interface, old ones counted */

static uint64_t left(uint64_t until, uint64_t now)
{
	return until == TIME_NEVER ? TIME_NEVER : until > now ? until - now : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* How long an address may be preferred from its making on: its identifier is random enough to tell.
 */
static uint64_t preferred_for(const struct ip_addr *addr)
{
	return PREFERRED_MAX - addr->addr[3] % DESYNC_S * NSEC_PER_SEC;
}

static void make(struct netif *netif, const struct netif_addr *stable)
{
	struct stack *stack = netif->stack;
	uint64_t now = stack->now, id = random_u64(&stack->random);
	struct address_spec spec = {
		.addr = ip_prefix(&stable->addr, 64),
		.plen = 64,
		.origin = ORIGIN_TEMPORARY,
		.no_prefix_route = true,
		.valid_ns = least(left(stable->valid_until, now), VALID_MAX),
	};
	struct netif_addr *a;

	memcpy(&spec.addr.addr[2], &id, 8);
	spec.preferred_ns = least(left(stable->preferred_until, now), preferred_for(&spec.addr));
	if (spec.preferred_ns <= RENEW_EARLY)
		return;
	if (!netif_addr_add(netif, &spec, &a))
		a->router = stable->router;
}

/* Refresh what there is of the prefix; when its latest ends, 0 without one that lasts. */
static uint64_t refresh(struct netif *netif, const struct netif_addr *stable, unsigned int *count)
{
	uint64_t now = netif->stack->now, latest = 0;
	struct netif_addr *a;

	list_for_each_entry (a, &netif->addresses, node) {
		uint64_t age = now - a->created, preferred = preferred_for(&a->addr);

		if (a->origin != ORIGIN_TEMPORARY)
			continue;
		++*count;
		if (!ip_prefix_equal(&a->addr, &stable->addr, 64))
			continue;
		/* 3.4: as the router says, but no longer than from the start. */
		netif_addr_set_lifetimes(a,
					 least(left(stable->preferred_until, now),
					       age < preferred ? preferred - age : 0),
					 least(left(stable->valid_until, now),
					       age < VALID_MAX ? VALID_MAX - age : 0));
		if (a->preferred_until > now + RENEW_EARLY && a->preferred_until > latest)
			latest = a->preferred_until;
	}
	return latest;
}

void temporary_update(struct netif *netif)
{
	struct stack *stack = netif->stack;
	uint64_t due = TIME_NEVER;
	struct netif_addr *a, *next;

	list_for_each_entry_safe (a, next, &netif->addresses, node) {
		unsigned int count = 0;
		uint64_t latest;

		if (a->origin != ORIGIN_SLAAC || a->state == ADDRESS_DUPLICATE)
			continue;
		latest = refresh(netif, a, &count);
		if (!latest && count < MAX_ADDRESSES && netif->slaac->duplicates < TRIES) {
			make(netif, a);
			latest = refresh(netif, a, &count);
		}
		if (latest && latest - RENEW_EARLY < due)
			due = latest - RENEW_EARLY;
	}
	timer_set(stack, &netif->slaac->renew, due);
}

static void renew(struct stack *stack, struct timer *timer)
{
	struct slaac *s = container_of(timer, struct slaac, renew);

	s->duplicates = 0;
	temporary_update(s->netif);
}

void temporary_init(struct slaac *s)
{
	timer_init(&s->renew, renew);
}

void temporary_duplicate(struct netif *netif)
{
	if (!netif->slaac)
		return;
	netif->slaac->duplicates++;
	temporary_update(netif);
}
