/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Group membership: the merge of users' source filters into the interface's (RFC 3376 3.2: any
 * EXCLUDE wins, with the intersection of the EXCLUDE lists minus what some INCLUDE wants; else the
 * union of the INCLUDE lists). Changes are handed to IGMP or MLD.
 */
#include "lwipv6/ip/group.h"
#include <errno.h>
#include <stdlib.h>
#include "lwipv6/ip/group_report.h"

struct group *group_find(const struct netif *netif, const struct ip_addr *addr)
{
	struct group *g;

	list_for_each_entry (g, &netif->groups, node)
		if (ip_equal(&g->addr, addr))
			return g;
	return NULL;
}

static bool contains(const struct ip_addr *list, unsigned int n, const struct ip_addr *a)
{
	for (unsigned int i = 0; i < n; i++)
		if (ip_equal(&list[i], a))
			return true;
	return false;
}

bool membership_accepts(const struct membership *m, const struct ip_addr *src)
{
	return contains(m->sources, m->nsources, src) == (m->mode == FILTER_INCLUDE);
}

bool group_accepts(const struct group *g, const struct ip_addr *src)
{
	const struct membership *m;

	list_for_each_entry (m, &g->members, node)
		if (membership_accepts(m, src))
			return true;
	return false;
}

/* The merged filter; *sources is allocated. */
static int merge(const struct group *g, enum filter_mode *mode, struct ip_addr **sources,
		 unsigned int *n)
{
	const struct membership *m;
	unsigned int total = 0;

	*mode = FILTER_INCLUDE;
	*sources = NULL;
	*n = 0;
	list_for_each_entry (m, &g->members, node) {
		total += m->nsources;
		if (m->mode == FILTER_EXCLUDE)
			*mode = FILTER_EXCLUDE;
	}
	if (!total)
		return 0;
	*sources = malloc(total * sizeof(**sources));
	if (!*sources)
		return -ENOMEM;
	list_for_each_entry (m, &g->members, node)
		for (unsigned int i = 0; i < m->nsources; i++) {
			bool excluded = *mode == FILTER_EXCLUDE;

			if (contains(*sources, *n, &m->sources[i]))
				continue;
			/* In EXCLUDE mode: what nobody accepts. In INCLUDE mode: what somebody
			 * does. */
			if (group_accepts(g, &m->sources[i]) != excluded)
				(*sources)[(*n)++] = m->sources[i];
		}
	return 0;
}

static void changed(struct group *g)
{
	struct group_state was = {.mode = g->mode, .nsources = g->nsources, .sources = g->sources};

	if (merge(g, &g->mode, &g->sources, &g->nsources) < 0)
		COUNT(g->netif->stack, memory_failures);
	group_report_change(g, &was);
	free(was.sources);
}

int group_join(struct netif *netif, const struct ip_addr *addr, struct membership *m)
{
	struct group *g = group_find(netif, addr);

	if (!ip_is_multicast(addr))
		return -EINVAL;
	if (!g) {
		g = calloc(1, sizeof(*g));
		if (!g)
			return -ENOMEM;
		g->netif = netif;
		g->addr = *addr;
		g->mode = FILTER_INCLUDE;
		list_init(&g->members);
		group_report_init(g);
		list_append(&netif->groups, &g->node);
	}
	m->group = g;
	m->mode = FILTER_EXCLUDE;
	m->nsources = 0;
	m->sources = NULL;
	list_init(&m->user_node);
	list_append(&g->members, &m->node);
	changed(g);
	return 0;
}

void group_leave(struct membership *m)
{
	struct group *g = m->group;

	if (!g)
		return; /* its interface has gone */
	list_remove(&m->node);
	free(m->sources);
	m->sources = NULL;
	m->group = NULL;
	changed(g);
	if (!list_empty(&g->members))
		return;
	/* The leave is reported; its repetitions need only the address: group_report.c keeps them.
	 */
	group_report_leave(g);
	list_remove(&g->node);
	free(g->sources);
	free(g->allow);
	free(g->block);
	free(g);
}

void group_drop_all(struct netif *netif)
{
	while (!list_empty(&netif->groups)) {
		struct group *g = list_first(&netif->groups, struct group, node);

		while (g->members.next->next != &g->members)
			group_leave(list_first(&g->members, struct membership, node));
		group_leave(list_first(&g->members, struct membership, node));
	}
}

int group_filter(struct membership *m, enum filter_mode mode, const struct ip_addr *sources,
		 unsigned int n)
{
	struct ip_addr *copy = NULL;

	if (!m->group)
		return -ENODEV;

	if (n > GROUP_SOURCES)
		return -ENOBUFS;
	if (n) {
		copy = malloc(n * sizeof(*copy));
		if (!copy)
			return -ENOMEM;
		memcpy(copy, sources, n * sizeof(*copy));
	}
	free(m->sources);
	m->sources = copy;
	m->nsources = n;
	m->mode = mode;
	changed(m->group);
	return 0;
}
