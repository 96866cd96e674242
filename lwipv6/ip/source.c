/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 6724: source address selection, destination ordering, the default policy table. */
#include <stdlib.h>
#include "lwipv6/ip/ip.h"

static const struct policy {
	struct ip_addr prefix;
	uint8_t plen, precedence, label;
} policies[] = {
	{{{0, 0, 0, LWIP_HTONL_(1)}}, 128, 50, 0},
	{{{0, 0, LWIP_HTONL_(0xffff), 0}}, 96, 35, 4},
	{{{LWIP_HTONL_(0x20020000), 0, 0, 0}}, 16, 30, 2},
	{{{LWIP_HTONL_(0x20010000), 0, 0, 0}}, 32, 5, 5},
	{{{LWIP_HTONL_(0xfc000000), 0, 0, 0}}, 7, 3, 13},
	{{{0, 0, 0, 0}}, 96, 1, 3},
	{{{LWIP_HTONL_(0xfec00000), 0, 0, 0}}, 10, 1, 11},
	{{{LWIP_HTONL_(0x3ffe0000), 0, 0, 0}}, 16, 1, 12},
	{{{0, 0, 0, 0}}, 0, 40, 1},
};

static const struct policy *policy_of(const struct ip_addr *a)
{
	const struct policy *best = NULL;

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		if (ip_prefix_equal(&policies[i].prefix, a, policies[i].plen) &&
		    (!best || policies[i].plen > best->plen))
			best = &policies[i];
	return best;
}

int policy_label(const struct ip_addr *a)
{
	return policy_of(a)->label;
}

int policy_precedence(const struct ip_addr *a)
{
	return policy_of(a)->precedence;
}

/* Whether @a is a better source for @dst than @b. */
static bool better_source(const struct netif *out, const struct ip_addr *dst,
			  const struct netif_addr *a, const struct netif_addr *b, bool temporary)
{
	int sa = ip_scope(&a->addr), sb = ip_scope(&b->addr), sd = ip_scope(dst);

	if (ip_equal(&a->addr, dst) != ip_equal(&b->addr, dst)) /* rule 1 */
		return ip_equal(&a->addr, dst);
	if (sa != sb) /* rule 2 */
		return sa < sb ? sa >= sd : sb < sd;
	if (a->state != b->state) /* rule 3; an optimistic address is the worst (RFC 4429) */
		return a->state == ADDRESS_PREFERRED || b->state == ADDRESS_TENTATIVE;
	if ((a->netif == out) != (b->netif == out)) /* rule 5 */
		return a->netif == out;
	int label = policy_label(dst), la = policy_label(&a->addr), lb = policy_label(&b->addr);

	if ((la == label) != (lb == label)) /* rule 6 */
		return la == label;
	bool ta = a->origin == ORIGIN_TEMPORARY, tb = b->origin == ORIGIN_TEMPORARY;

	if (ta != tb) /* rule 7 */
		return temporary ? ta : tb;
	unsigned int ca = ip_common_prefix(&a->addr, dst), cb = ip_common_prefix(&b->addr, dst);

	if (ca > a->plen)
		ca = a->plen;
	if (cb > b->plen)
		cb = b->plen;
	return ca > cb; /* rule 8 */
}

bool source_select(struct stack *stack, const struct netif *out, const struct ip_addr *dst,
		   struct ip_addr *src)
{
	struct netif_addr *best = NULL, *a;
	bool v4 = ip_is_v4(dst);
	struct netif *n;

	list_for_each_entry (n, &stack->netifs, node) {
		if (!netif_is_up(n))
			continue;
		list_for_each_entry (a, &n->addresses, node) {
			if (ip_is_v4(&a->addr) != v4 || !netif_addr_usable(a))
				continue;
			/* Candidates are the interface's own; another's only where it has none. */
			if (n != out && (ip_needs_zone(&a->addr) || ip_is_loopback(&a->addr)))
				continue;
			if (best && n != out && best->netif == out)
				continue;
			if (!best || (n == out && best->netif != out) ||
			    better_source(out, dst, a, best, stack->settings.temporary_addresses))
				best = a;
		}
	}
	if (!best)
		return false;
	*src = best->addr;
	return true;
}

/* What section 6 compares of one destination. */
struct destination {
	struct ip_addr addr, src;
	bool usable, deprecated;
	unsigned int order;
};

static int compare(const void *pa, const void *pb)
{
	const struct destination *a = pa, *b = pb;

	if (a->usable != b->usable) /* rule 1 */
		return b->usable - a->usable;
	bool sa = ip_scope(&a->addr) == ip_scope(&a->src),
	     sb = ip_scope(&b->addr) == ip_scope(&b->src);

	if (sa != sb) /* rule 2 */
		return sb - sa;
	if (a->deprecated != b->deprecated) /* rule 3 */
		return a->deprecated - b->deprecated;
	bool la = policy_label(&a->addr) == policy_label(&a->src),
	     lb = policy_label(&b->addr) == policy_label(&b->src);

	if (la != lb) /* rule 5 */
		return lb - la;
	int precedence = policy_precedence(&b->addr) - policy_precedence(&a->addr);

	if (precedence) /* rule 6 */
		return precedence;
	if (ip_scope(&a->addr) != ip_scope(&b->addr)) /* rule 8 */
		return ip_scope(&a->addr) - ip_scope(&b->addr);
	if (ip_is_v4(&a->addr) == ip_is_v4(&b->addr)) { /* rule 9 */
		int common =
			ip_common_prefix(&b->addr, &b->src) - ip_common_prefix(&a->addr, &a->src);

		if (common)
			return common;
	}
	return (int)a->order - (int)b->order; /* rule 10 */
}

void destination_sort(struct stack *stack, struct ip_addr *dst, unsigned int n)
{
	struct destination *d = calloc(n, sizeof(*d));

	if (!d)
		return;
	for (unsigned int i = 0; i < n; i++) {
		struct next_hop hop;
		struct netif_addr *a;

		d[i].addr = dst[i];
		d[i].order = i;
		d[i].usable = !route_lookup(stack, &dst[i], NULL, NULL, &hop) &&
			      source_select(stack, hop.netif, &dst[i], &d[i].src);
		a = d[i].usable ? netif_addr_find(stack, NULL, &d[i].src) : NULL;
		d[i].deprecated = a && a->state == ADDRESS_DEPRECATED;
	}
	qsort(d, n, sizeof(*d), compare);
	for (unsigned int i = 0; i < n; i++)
		dst[i] = d[i].addr;
	free(d);
}
