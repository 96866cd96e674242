/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loopback interface: what is sent comes back through the stack's backlog. */
#include "lwipv6/ip/ip.h"

static void transmit(struct netif *netif, struct packet *p)
{
	ip_loop_back(netif->stack, p, netif);
}

static const struct netif_ops loopback_ops = {.prefix = "lo", .transmit = transmit};

struct netif *loopback_open(struct stack *stack)
{
	struct netif *n = netif_new(stack, &loopback_ops, NETIF_LOOPBACK, NULL, 65535);
	struct address_spec v4 = {.addr = ip_from_v4(htonl(0x7f000001)),
				  .plen = IP_V4_BITS + 8,
				  .preferred_ns = TIME_NEVER,
				  .valid_ns = TIME_NEVER};
	struct address_spec v6 = {.addr = {{0, 0, 0, htonl(1)}},
				  .plen = 128,
				  .preferred_ns = TIME_NEVER,
				  .valid_ns = TIME_NEVER};

	if (!n || netif_addr_add(n, &v6, NULL) || netif_addr_add(n, &v4, NULL))
		return NULL;
	netif_up(n);
	return n;
}
