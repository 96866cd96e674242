/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The protocol of IGMPv3 and MLDv2: state changes are reported at once and repeated robustness-1
 * times at random moments within a second; queries are answered after a random part of the time
 * they allow. While an older querier is heard, the older version's messages are sent.
 */
#include "lwipv6/ip/group_report.h"
#include <stdlib.h>

#define CHANGE_INTERVAL_MS 1000

struct group_querier *group_querier(const struct group *g)
{
	struct netif *n = g->netif;

	if (ip_is_v4(&g->addr))
		return n->igmp ? &n->igmp->querier : NULL;
	return n->mld ? &n->mld->querier : NULL;
}

bool group_is_silent(const struct group *g)
{
	if (ip_is_v4(&g->addr))
		return g->addr.addr[3] == htonl(0xe0000001);
	return ip_equal(&g->addr, &ip_all_nodes) || ip_scope(&g->addr) < 2;
}

static bool speaks_old(const struct group_querier *q)
{
	return q->older_until > q->netif->stack->now;
}

static void send_record(struct netif *netif, const struct ip_addr *group, enum group_record type,
			const struct ip_addr *sources, unsigned int n)
{
	if (ip_is_v4(group))
		igmp_send_record(netif, group, type, sources, n);
	else
		mld_send_record(netif, group, type, sources, n);
}

static void send_old(struct netif *netif, const struct ip_addr *group, bool leave)
{
	if (ip_is_v4(group))
		igmp_send_old(netif, group, leave);
	else
		mld_send_old(netif, group, leave);
}

static void send_change(struct group *g)
{
	struct group_querier *q = group_querier(g);

	if (!q || group_is_silent(g))
		return;
	if (speaks_old(q)) {
		if (list_empty(&g->members))
			return; /* the leave follows */
		send_old(g->netif, &g->addr, false);
		g->v1_reported = true;
		return;
	}
	if (g->mode_change_left) {
		send_record(g->netif, &g->addr,
			    g->mode == FILTER_EXCLUDE ? CHANGE_TO_EXCLUDE : CHANGE_TO_INCLUDE,
			    g->sources, g->nsources);
		return;
	}
	if (g->nallow)
		send_record(g->netif, &g->addr, ALLOW_NEW_SOURCES, g->allow, g->nallow);
	if (g->nblock)
		send_record(g->netif, &g->addr, BLOCK_OLD_SOURCES, g->block, g->nblock);
}

static void repeat(struct stack *stack, struct timer *timer)
{
	struct group *g = container_of(timer, struct group, change);

	send_change(g);
	if (g->mode_change_left)
		g->mode_change_left--;
	else if (g->source_change_left)
		g->source_change_left--;
	if (g->mode_change_left || g->source_change_left)
		timer_set(stack, timer,
			  stack->now +
				  random_below(&stack->random, CHANGE_INTERVAL_MS) * NSEC_PER_MSEC);
}

static void answer(struct group *g)
{
	struct group_querier *q = group_querier(g);

	if (!q || group_is_silent(g))
		return;
	if (speaks_old(q)) {
		send_old(g->netif, &g->addr, false);
		g->v1_reported = true;
	} else {
		send_record(g->netif, &g->addr,
			    g->mode == FILTER_EXCLUDE ? MODE_IS_EXCLUDE : MODE_IS_INCLUDE,
			    g->sources, g->nsources);
	}
}

static void answer_timer(struct stack *stack, struct timer *timer)
{
	answer(container_of(timer, struct group, query));
}

void group_report_init(struct group *g)
{
	timer_init(&g->change, repeat);
	timer_init(&g->query, answer_timer);
}

/* What is in @a and not in @b; allocated. */
static struct ip_addr *difference(const struct ip_addr *a, unsigned int na, const struct ip_addr *b,
				  unsigned int nb, unsigned int *n)
{
	struct ip_addr *d = na ? malloc(na * sizeof(*d)) : NULL;

	*n = 0;
	for (unsigned int i = 0; d && i < na; i++) {
		unsigned int j = 0;

		while (j < nb && !ip_equal(&a[i], &b[j]))
			j++;
		if (j == nb)
			d[(*n)++] = a[i];
	}
	return d;
}

void group_report_change(struct group *g, const struct group_state *was)
{
	struct group_querier *q = group_querier(g);
	struct stack *stack = g->netif->stack;

	free(g->allow);
	free(g->block);
	g->allow = g->block = NULL;
	g->nallow = g->nblock = 0;
	if (g->mode != was->mode) {
		g->mode_change_left = q ? q->robustness : 2;
		g->source_change_left = 0;
	} else {
		bool exclude = g->mode == FILTER_EXCLUDE;

		g->allow = difference(exclude ? was->sources : g->sources,
				      exclude ? was->nsources : g->nsources,
				      exclude ? g->sources : was->sources,
				      exclude ? g->nsources : was->nsources, &g->nallow);
		g->block = difference(exclude ? g->sources : was->sources,
				      exclude ? g->nsources : was->nsources,
				      exclude ? was->sources : g->sources,
				      exclude ? was->nsources : g->nsources, &g->nblock);
		if (!g->nallow && !g->nblock)
			return;
		g->source_change_left = q ? q->robustness : 2;
	}
	if (!q)
		return;
	timer_cancel(&g->change);
	repeat(stack, &g->change);
}

void group_report_leave(struct group *g)
{
	struct group_querier *q = group_querier(g);

	timer_cancel(&g->change);
	timer_cancel(&g->query);
	/* The change to INCLUDE{} went out with the last user; an older querier wants a leave. */
	if (q && speaks_old(q) && g->v1_reported && !group_is_silent(g))
		send_old(g->netif, &g->addr, true);
	else if (q && !group_is_silent(g))
		send_record(g->netif, &g->addr, CHANGE_TO_INCLUDE, NULL, 0);
}

static void general(struct stack *stack, struct timer *timer)
{
	struct group_querier *q = container_of(timer, struct group_querier, general);
	bool v4 = q->netif->igmp && q == &q->netif->igmp->querier;
	struct group *g;

	list_for_each_entry (g, &q->netif->groups, node)
		if (ip_is_v4(&g->addr) == v4)
			answer(g);
}

void group_querier_start(struct group_querier *q, struct netif *netif, uint8_t version)
{
	q->netif = netif;
	q->robustness = 2;
	q->version = version;
	timer_init(&q->general, general);
}

void group_querier_stop(struct group_querier *q)
{
	struct group *g;

	timer_cancel(&q->general);
	list_for_each_entry (g, &q->netif->groups, node)
		if (group_querier(g) == q) {
			timer_cancel(&g->change);
			timer_cancel(&g->query);
		}
}

void group_query(struct group_querier *q, bool v4, const struct ip_addr *group, uint64_t max_ns)
{
	struct stack *stack = q->netif->stack;
	uint64_t when = stack->now +
			random_below(&stack->random, max_ns / NSEC_PER_MSEC + 1) * NSEC_PER_MSEC;
	struct timer *timer = &q->general;

	if (group && !ip_is_any(group)) {
		struct group *g = group_find(q->netif, group);

		if (!g)
			return;
		timer = &g->query;
	}
	/* A general answer that comes sooner says everything. */
	if (timer_armed(&q->general) && q->general.when <= when)
		return;
	if (!timer_armed(timer) || timer->when > when)
		timer_set(stack, timer, when);
}

void group_answered(struct group_querier *q, const struct ip_addr *group)
{
	struct group *g = group_find(q->netif, group);

	if (g && q->older_until > q->netif->stack->now) {
		timer_cancel(&g->query);
		g->v1_reported = false;
	}
}

void group_tell_all(struct group_querier *q, bool v4)
{
	struct group *g;

	list_for_each_entry (g, &q->netif->groups, node)
		if (ip_is_v4(&g->addr) == v4) {
			g->mode_change_left = q->robustness;
			timer_set(q->netif->stack, &g->change, q->netif->stack->now);
		}
}

static uint8_t *put_address(uint8_t *at, const struct ip_addr *a, bool v4)
{
	memcpy(at, v4 ? (const void *)&a->addr[3] : a, v4 ? 4 : 16);
	return at + (v4 ? 4 : 16);
}

struct packet *group_record_new(struct netif *netif, uint8_t report, const struct ip_addr *group,
				enum group_record type, const struct ip_addr *sources,
				unsigned int n)
{
	bool v4 = ip_is_v4(group);
	uint32_t len = 12 + (v4 ? 4 : 16) * (n + 1);
	struct packet *p = packet_new(PACKET_HEADROOM, len);
	uint8_t *m;

	if (!p) {
		COUNT(netif->stack, memory_failures);
		return NULL;
	}
	m = packet_put(p, len);
	memset(m, 0, 12);
	m[0] = report;
	m[7] = 1; /* records */
	m[8] = type;
	m[10] = n >> 8;
	m[11] = n;
	m = put_address(m + 12, group, v4);
	for (unsigned int i = 0; i < n; i++)
		m = put_address(m, &sources[i], v4);
	return p;
}
