/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events of the stack as messages to the netlink groups. Nothing is built when nobody listens. */
#include "lwipv6/netlink/netlink.h"

static unsigned int group_of(enum stack_event event, const void *object)
{
	switch (event) {
	case EVENT_NETIF_NEW:
	case EVENT_NETIF_GONE:
	case EVENT_NETIF_CHANGED:
	case EVENT_NETIF_UP:
	case EVENT_NETIF_DOWN:
		return RTNLGRP_LINK;
	case EVENT_ADDRESS_NEW:
	case EVENT_ADDRESS_GONE:
	case EVENT_ADDRESS_DUPLICATE:
		return ip_is_v4(&((const struct netif_addr *)object)->addr) ? RTNLGRP_IPV4_IFADDR
									    : RTNLGRP_IPV6_IFADDR;
	case EVENT_ROUTE_NEW:
	case EVENT_ROUTE_GONE:
		return ip_is_v4(&((const struct route *)object)->dst) ? RTNLGRP_IPV4_ROUTE
								      : RTNLGRP_IPV6_ROUTE;
	case EVENT_NEIGHBOUR_CHANGED:
	case EVENT_NEIGHBOUR_GONE:
		return RTNLGRP_NEIGH;
	}
	return 0;
}

static void fill(struct nl_builder *b, struct nl_label label, enum stack_event event,
		 const void *object)
{
	bool gone = event == EVENT_NETIF_GONE || event == EVENT_ADDRESS_GONE ||
		    event == EVENT_ROUTE_GONE || event == EVENT_NEIGHBOUR_GONE;

	switch (group_of(event, object)) {
	case RTNLGRP_LINK:
		label.type = gone ? RTM_DELLINK : RTM_NEWLINK;
		nl_fill_link(b, object, label, netif_is_up(object) && event != EVENT_NETIF_DOWN,
			     true);
		return;
	case RTNLGRP_IPV4_IFADDR:
	case RTNLGRP_IPV6_IFADDR:
		label.type = gone ? RTM_DELADDR : RTM_NEWADDR;
		nl_fill_address(b, object, label);
		return;
	case RTNLGRP_IPV4_ROUTE:
	case RTNLGRP_IPV6_ROUTE:
		label.type = gone ? RTM_DELROUTE : RTM_NEWROUTE;
		nl_fill_route(b, object, label);
		return;
	case RTNLGRP_NEIGH:
		label.type = gone ? RTM_DELNEIGH : RTM_NEWNEIGH;
		nl_fill_neighbour(b, object, label);
		return;
	}
}

void netlink_notify(struct stack *stack, enum stack_event event, void *object)
{
	const struct netlink_table *t = &stack->netlink;
	unsigned int group = group_of(event, object);
	struct nl_builder b = {0};
	struct nl_label label = {.sequence = t->requester ? t->sequence : 0};

	if (!netlink_heard(stack, group))
		return;
	fill(&b, label, event, object);
	netlink_publish(stack, group, &b);
	nl_free(&b);
}
