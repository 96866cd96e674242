/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies of frames for packet sockets, in both directions. */
#include "lwipv6/transport/endpoint.h"

void packet_tap_open(struct packet_tap *tap)
{
	list_append(&tap->stack->transport.packet, &tap->node);
}

void packet_tap_close(struct packet_tap *tap)
{
	list_remove(&tap->node);
}

void packet_tap_input(const struct packet *p, bool outgoing)
{
	struct packet_tap *tap, *next;

	list_for_each_entry_safe (tap, next, &p->netif->stack->transport.packet, node) {
		if (tap->netif && tap->netif != p->netif)
			continue;
		/* Outgoing frames are for those who want all (packet(7)). */
		if (tap->protocol != ETH_P_ALL && (outgoing || tap->protocol != p->protocol))
			continue;
		tap->receive(tap, p, outgoing);
	}
}
