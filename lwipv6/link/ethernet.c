/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ethernet: which frames are for us, and the header of those we send. */
#include "lwipv6/link/ethernet.h"
#include <linux/if_packet.h>
#include "lwipv6/ip/ip.h"
#include "lwipv6/transport/endpoint.h"

const uint8_t ethernet_broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

void ethernet_input(struct packet *p)
{
	struct netif *n = p->netif;
	const struct ether_header *eth = (struct ether_header *)p->data;

	if (p->linear < sizeof(*eth)) {
		n->statistics.rx_errors++;
		packet_free(p);
		return;
	}
	if (!memcmp(eth->ether_dhost, n->hwaddr, 6))
		p->link_type = PACKET_HOST;
	else if (!(eth->ether_dhost[0] & 1))
		p->link_type = PACKET_OTHERHOST;
	else if (!memcmp(eth->ether_dhost, ethernet_broadcast, 6))
		p->link_type = PACKET_BROADCAST;
	else
		p->link_type = PACKET_MULTICAST;
	if (p->link_type == PACKET_OTHERHOST && !(n->flags & IFF_PROMISC)) {
		packet_free(p);
		return;
	}
	p->protocol = ntohs(eth->ether_type);
	p->network = p->link + sizeof(*eth);
	if (!list_empty(&n->stack->transport.packet))
		packet_tap_input(p, false);
	if (p->link_type == PACKET_OTHERHOST) {
		packet_free(p);
		return;
	}
	packet_pull(p, sizeof(*eth));
	switch (p->protocol) {
	case ETH_P_IP:
		ip4_input(p);
		break;
	case ETH_P_IPV6:
		ip6_input(p);
		break;
	case ETH_P_ARP:
		arp_input(p);
		break;
	default:
		packet_free(p);
	}
}

void ethernet_output(struct netif *netif, struct packet *p, const uint8_t *to, uint16_t type)
{
	struct ether_header *eth = packet_push(p, sizeof(*eth));

	memcpy(eth->ether_dhost, to, 6);
	memcpy(eth->ether_shost, netif->hwaddr, 6);
	eth->ether_type = htons(type);
	p->link = packet_headroom(p);
	p->protocol = type;
	p->netif = netif;
	netif_transmit(p);
}

void ethernet_multicast(const struct ip_addr *group, uint8_t hwaddr[6])
{
	const uint8_t *g = (const uint8_t *)group;

	if (ip_is_v4(group))
		memcpy(hwaddr, (uint8_t[]){1, 0, 0x5e, g[13] & 0x7f, g[14], g[15]}, 6);
	else
		memcpy(hwaddr, (uint8_t[]){0x33, 0x33, g[12], g[13], g[14], g[15]}, 6);
}
