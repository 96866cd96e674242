/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Raw IP endpoints: a copy of what their protocol receives; v4 with the IP header, v6 without. */
#include "lwipv6/transport/endpoint.h"

void raw_open(struct endpoint *e)
{
	e->raw = true;
	list_append(&e->stack->transport.raw, &e->node);
}

void raw_close(struct endpoint *e)
{
	list_remove(&e->node);
}

static bool wants(const struct endpoint *e, const struct packet *p)
{
	bool v4 = p->protocol == ETH_P_IP;

	if (e->protocol != p->next_header || (e->family == AF_INET) != v4)
		return false;
	if (e->netif && e->netif != p->netif)
		return false;
	if (!ip_is_any(&e->local) && !ip_equal(&e->local, &p->dst))
		return false;
	return !e->connected || ip_equal(&e->remote, &p->src);
}

bool raw_input(struct packet *p)
{
	struct stack *stack = p->netif->stack;
	struct endpoint *e, *next;
	bool any = false;

	list_for_each_entry_safe (e, next, &stack->transport.raw, node) {
		struct packet *copy;

		if (!wants(e, p))
			continue;
		any = true;
		copy = packet_clone(p);
		if (!copy)
			continue;
		if (e->family == AF_INET6)
			packet_pull(copy, copy->transport - (int)packet_headroom(copy));
		COUNT(stack, raw_in);
		e->receive(e, copy, 0);
	}
	return any;
}

void raw_icmp(struct stack *stack, const struct icmp_report *r)
{
	struct endpoint *e, *next;

	list_for_each_entry_safe (e, next, &stack->transport.raw, node)
		if (e->protocol == r->protocol && e->error && e->connected &&
		    ip_equal(&e->remote, &r->remote))
			e->error(e, r);
}
