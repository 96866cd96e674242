/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interfaces: making, finding, up and down, and the two directions of frames. */
#include "lwipv6/link/netif.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "lwipv6/config/config.h"
#include "lwipv6/config/resolver.h"
#include "lwipv6/ip/group.h"
#include "lwipv6/ip/ip.h"
#include "lwipv6/link/capture.h"
#include "lwipv6/link/ethernet.h"
#include "lwipv6/link/gso.h"
#include "lwipv6/tcp/tcp.h"
#include "lwipv6/transport/endpoint.h"

static int next_unit(struct stack *stack, const char *prefix)
{
	struct netif *n;
	int unit = 0;

	list_for_each_entry (n, &stack->netifs, node)
		if (!strcmp(n->ops->prefix, prefix) && n->unit >= unit)
			unit = n->unit + 1;
	return unit;
}

struct netif *netif_new(struct stack *stack, const struct netif_ops *ops, enum netif_kind kind,
			void *driver, uint32_t mtu)
{
	struct netif *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->stack = stack;
	n->ops = ops;
	n->driver = driver;
	n->kind = kind;
	n->fd = -1;
	n->mtu = n->mtu6 = mtu;
	n->unit = next_unit(stack, ops->prefix);
	n->index = stack->next_ifindex++;
	snprintf(n->name, sizeof(n->name), "%s%d", ops->prefix, n->unit);
	list_init(&n->addresses);
	list_init(&n->groups);
	n->hop_limit = 64;
	n->base_reachable_ms = 30000;
	n->reachable_ms = 15000 + random_below(&stack->random, 30000);
	n->retrans_ms = 1000;
	switch (kind) {
	case NETIF_LOOPBACK:
		n->flags = IFF_LOOPBACK;
		n->offload = OFFLOAD_CHECKSUM | OFFLOAD_TSO4 | OFFLOAD_TSO6;
		break;
	case NETIF_ETHERNET:
		n->flags = IFF_BROADCAST | IFF_MULTICAST;
		n->hwlen = 6;
		netif_random_hwaddr(n);
		break;
	case NETIF_POINT_TO_POINT:
		n->flags = IFF_POINTOPOINT | IFF_MULTICAST | IFF_NOARP;
		break;
	}
	list_append(&stack->netifs, &n->node);
	stack_notify(stack, EVENT_NETIF_NEW, n);
	return n;
}

void netif_free(struct netif *netif)
{
	struct stack *stack = netif->stack;

	netif_down(netif);
	while (!list_empty(&netif->addresses))
		netif_addr_remove(list_first(&netif->addresses, struct netif_addr, node));
	group_drop_all(netif);
	route_remove_netif(stack, netif);
	neighbour_flush(netif);
	tcp_request_netif_gone(stack, netif);
	resolver_forget(netif, RESOLVER_MANUAL);
	stack_notify(stack, EVENT_NETIF_GONE, netif);
	capture_stop(netif);
	if (netif->fd >= 0)
		stack_unwatch(stack, netif->fd);
	if (netif->ops->close)
		netif->ops->close(netif);
	list_remove(&netif->node);
	stack->routes.generation++;
	free(netif);
}

struct netif *netif_by_index(struct stack *stack, int index)
{
	struct netif *n;

	list_for_each_entry (n, &stack->netifs, node)
		if (n->index == index)
			return n;
	return NULL;
}

struct netif *netif_by_name(struct stack *stack, const char *name)
{
	struct netif *n;

	list_for_each_entry (n, &stack->netifs, node)
		if (!strncmp(n->name, name, IFNAMSIZ))
			return n;
	return NULL;
}

void netif_random_hwaddr(struct netif *netif)
{
	uint64_t r = random_u64(&netif->stack->random);

	memcpy(netif->hwaddr, &r, 6);
	netif->hwaddr[0] = (netif->hwaddr[0] & 0xfc) | 2; /* locally administered, unicast */
}

int netif_up(struct netif *netif)
{
	struct netif_addr *a, *next;

	if (netif_is_up(netif))
		return 0;
	netif->flags |= IFF_UP | IFF_RUNNING;
	netif->stack->routes.generation++;
	if (netif->kind != NETIF_LOOPBACK) {
		igmp_start(netif);
		mld_start(netif);
	}
	list_for_each_entry_safe (a, next, &netif->addresses, node)
		netif_addr_start(a);
	if (netif->kind != NETIF_LOOPBACK)
		slaac_start(netif);
	stack_notify(netif->stack, EVENT_NETIF_UP, netif);
	return 0;
}

int netif_down(struct netif *netif)
{
	struct netif_addr *a, *next;

	if (!netif_is_up(netif))
		return 0;
	stack_notify(netif->stack, EVENT_NETIF_DOWN, netif);
	if (netif->kind != NETIF_LOOPBACK) {
		slaac_stop(netif);
		igmp_stop(netif);
		mld_stop(netif);
	}
	/* Addresses that were found by protocols go; those set by hand wait for the next up. */
	list_for_each_entry_safe (a, next, &netif->addresses, node) {
		timer_cancel(&a->dad);
		if (a->origin != ORIGIN_MANUAL)
			netif_addr_remove(a);
	}
	neighbour_flush(netif);
	netif->flags &= ~(IFF_UP | IFF_RUNNING);
	netif->stack->routes.generation++;
	return 0;
}

int netif_set_mtu(struct netif *netif, uint32_t mtu)
{
	if (mtu < 68 || mtu > 65535)
		return -EINVAL;
	netif->mtu = netif->mtu6 = mtu;
	netif->stack->routes.generation++;
	stack_notify(netif->stack, EVENT_NETIF_CHANGED, netif);
	return 0;
}

int netif_set_hwaddr(struct netif *netif, const uint8_t *hwaddr)
{
	if (netif->kind != NETIF_ETHERNET)
		return -EOPNOTSUPP;
	if (hwaddr[0] & 1)
		return -EADDRNOTAVAIL;
	memcpy(netif->hwaddr, hwaddr, 6);
	stack_notify(netif->stack, EVENT_NETIF_CHANGED, netif);
	return 0;
}

void netif_receive(struct packet *p)
{
	struct netif *n = p->netif;

	p->time = n->stack->now;
	p->ifindex = n->index;
	p->link = packet_headroom(p);
	n->statistics.rx_packets++;
	n->statistics.rx_bytes += p->len;
	capture_frame(n, p);
	if (!netif_is_up(n)) {
		n->statistics.rx_dropped++;
		packet_free(p);
		return;
	}
	if (n->kind == NETIF_ETHERNET) {
		ethernet_input(p);
		return;
	}
	uint8_t version = p->linear ? p->data[0] >> 4 : 0;

	p->link_type = 0;
	p->protocol = version == 4 ? ETH_P_IP : ETH_P_IPV6;
	p->network = p->link;
	packet_tap_input(p, false);
	if (version == 4) {
		ip4_input(p);
	} else if (version == 6) {
		ip6_input(p);
	} else {
		n->statistics.rx_errors++;
		packet_free(p);
	}
}

static void transmit_one(struct netif *n, struct packet *p)
{
	if (p->checksum == CHECKSUM_PARTIAL && !(n->offload & OFFLOAD_CHECKSUM))
		gso_finish_checksum(p);
	n->statistics.tx_packets++;
	n->statistics.tx_bytes += p->len;
	capture_frame(n, p);
	n->ops->transmit(n, p);
}

void netif_transmit(struct packet *p)
{
	struct netif *n = p->netif;
	bool v4 = p->protocol == ETH_P_IP;
	unsigned int needed = p->next_header == IPPROTO_UDP ? OFFLOAD_USO
			      : v4			    ? OFFLOAD_TSO4
							    : OFFLOAD_TSO6;

	if (!netif_is_up(n)) {
		n->statistics.tx_dropped++;
		packet_free(p);
		return;
	}
	if (!list_empty(&n->stack->transport.packet))
		packet_tap_input(p, true);
	if (!p->gso_size || n->offload & needed) {
		transmit_one(n, p);
		return;
	}
	struct list segments;

	list_init(&segments);
	if (!gso_split(p, &segments)) {
		COUNT(n->stack, memory_failures);
		n->statistics.tx_dropped++;
	}
	while (!list_empty(&segments)) {
		struct packet *s = list_first(&segments, struct packet, node);

		list_remove(&s->node);
		transmit_one(n, s);
	}
}
