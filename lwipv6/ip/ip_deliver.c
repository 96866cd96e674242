/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From IP to the transports: raw sockets see a copy, then the protocol gets the packet. */
#include "lwipv6/ip/group.h"
#include "lwipv6/ip/icmp.h"
#include "lwipv6/tcp/tcp.h"
#include "lwipv6/transport/endpoint.h"

void ip_deliver(struct packet *p)
{
	struct stack *stack = p->netif->stack;
	bool v4 = p->protocol == ETH_P_IP, taken = raw_input(p);

	packet_pull(p, p->transport - (int)packet_headroom(p));
	switch (p->next_header) {
	case IPPROTO_TCP:
		tcp_input(p);
		return;
	case IPPROTO_UDP:
		udp_input(p);
		return;
	case IPPROTO_ICMP:
		if (!v4)
			break;
		icmp4_input(p);
		return;
	case IPPROTO_ICMPV6:
		if (v4)
			break;
		icmp6_input(p);
		return;
	case IPPROTO_IGMP:
		if (!v4)
			break;
		igmp_input(p);
		return;
	case IPPROTO_NONE:
		packet_free(p);
		return;
	}
	if (!taken) {
		COUNT(stack, ip_no_protocol);
		packet_push(p, packet_headroom(p) - p->network);
		icmp_error(p, ICMP_CAUSE_PROTOCOL, p->mark);
	}
	packet_free(p);
}

void ip_loop_back(struct stack *stack, struct packet *p, struct netif *netif)
{
	if (stack->backlog_len >= 65536) {
		COUNT(stack, ip_dropped);
		packet_free(p);
		return;
	}
	p->netif = netif;
	p->ifindex = netif->index;
	p->link_type = 0;
	p->link = p->network = packet_headroom(p);
	p->locally_made = p->forwarded = 0;
	p->mark = 0;
	if (p->checksum == CHECKSUM_NONE)
		p->checksum = CHECKSUM_VALID;
	p->time = stack->now;
	netif->statistics.rx_packets++;
	netif->statistics.rx_bytes += p->len;
	list_append(&stack->backlog, &p->node);
	stack->backlog_len++;
}
