/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of DNS servers and search domains, and the calls with which a program reads it. */
#include "lwipv6/config/resolver.h"
#include <errno.h>
#include <stdlib.h>

static void resolver_free(struct resolver *r)
{
	timer_cancel(&r->life);
	list_remove(&r->node);
	free(r);
}

static void expired(struct stack *stack, struct timer *timer)
{
	resolver_free(container_of(timer, struct resolver, life));
}

/* Each source has room of its own, so that none can fill the list against the others. */
static unsigned int count(struct stack *stack, enum resolver_origin origin)
{
	struct resolver *r;
	unsigned int n = 0;

	list_for_each_entry (r, &stack->resolvers, node)
		n += r->origin == origin;
	return n;
}

static int keep(struct netif *netif, enum resolver_origin origin, const struct ip_addr *server,
		const char *domain, uint64_t lifetime_ns)
{
	struct stack *stack = netif->stack;
	struct resolver *r;

	list_for_each_entry (r, &stack->resolvers, node)
		if (r->netif == netif && r->origin == origin && ip_equal(&r->server, server) &&
		    !strcmp(r->domain, domain))
			goto found;
	if (!lifetime_ns)
		return 0;
	if (count(stack, origin) >= RESOLVERS_MAX)
		return -ENOBUFS;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->netif = netif;
	r->origin = origin;
	r->server = *server;
	strncpy(r->domain, domain, sizeof(r->domain) - 1);
	timer_init(&r->life, expired);
	list_append(&stack->resolvers, &r->node);
found:
	if (!lifetime_ns) {
		resolver_free(r);
		return 0;
	}
	r->expires = lifetime_ns == TIME_NEVER ? TIME_NEVER : stack->now + lifetime_ns;
	timer_set(stack, &r->life, r->expires);
	return 0;
}

int resolver_server(struct netif *netif, enum resolver_origin origin, const struct ip_addr *server,
		    uint64_t lifetime_ns)
{
	return keep(netif, origin, server, "", lifetime_ns);
}

int resolver_domain(struct netif *netif, enum resolver_origin origin, const char *domain,
		    uint64_t lifetime_ns)
{
	return keep(netif, origin, &ip_addr_any, domain, lifetime_ns);
}

void resolver_forget(struct netif *netif, enum resolver_origin origin)
{
	struct resolver *r, *next;

	list_for_each_entry_safe (r, next, &netif->stack->resolvers, node)
		if (r->netif == netif && r->origin == origin)
			resolver_free(r);
}

int lwip_resolvers(struct stack *stack, struct ip_addr *servers, int max)
{
	struct resolver *r;
	int n = 0;

	stack_enter(stack);
	list_for_each_entry (r, &stack->resolvers, node) {
		if (ip_is_any(&r->server))
			continue;
		if (n < max)
			servers[n] = r->server;
		n++;
	}
	stack_leave(stack);
	return n;
}

int lwip_search_domains(struct stack *stack, char *domains, size_t size)
{
	struct resolver *r;
	size_t used = 0;

	if (size)
		*domains = 0;
	stack_enter(stack);
	list_for_each_entry (r, &stack->resolvers, node) {
		size_t len = strlen(r->domain);

		if (!len || used + len + 2 > size)
			continue;
		if (used)
			domains[used++] = ' ';
		memcpy(domains + used, r->domain, len + 1);
		used += len;
	}
	stack_leave(stack);
	return used;
}
