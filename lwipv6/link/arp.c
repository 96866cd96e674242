/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ARP (RFC 826) with conflict detection and defence (RFC 5227). Entries live in the neighbour
 * table; only packets that ask for an address of ours make new ones, the rest update what is known.
 */
#include <net/if_arp.h>
#include "lwipv6/config/dhcp4.h"
#include "lwipv6/link/ethernet.h"

struct arp_ethernet {
	uint16_t hardware, protocol;
	uint8_t hardware_len, protocol_len;
	uint16_t operation;
	uint8_t sender_hw[6];
	uint32_t sender;
	uint8_t target_hw[6];
	uint32_t target;
} __attribute__((packed));

static void arp_send(struct netif *netif, uint16_t operation, uint32_t sender,
		     const uint8_t *target_hw, uint32_t target, const uint8_t *to)
{
	struct packet *p = packet_new(PACKET_HEADROOM, sizeof(struct arp_ethernet));
	struct arp_ethernet *arp;

	if (!p) {
		COUNT(netif->stack, memory_failures);
		return;
	}
	arp = packet_put(p, sizeof(*arp));
	*arp = (struct arp_ethernet){.hardware = htons(ARPHRD_ETHER),
				     .protocol = htons(ETH_P_IP),
				     .hardware_len = 6,
				     .protocol_len = 4,
				     .operation = htons(operation),
				     .sender = sender,
				     .target = target};
	memcpy(arp->sender_hw, netif->hwaddr, 6);
	if (target_hw)
		memcpy(arp->target_hw, target_hw, 6);
	COUNT(netif->stack, arp_out);
	ethernet_output(netif, p, to ? to : ethernet_broadcast, ETH_P_ARP);
}

void arp_request(struct netif *netif, uint32_t source, uint32_t target, const uint8_t *to)
{
	arp_send(netif, ARPOP_REQUEST, source, NULL, target, to);
}

void arp_announce(struct netif *netif, uint32_t address)
{
	arp_send(netif, ARPOP_REQUEST, address, NULL, address, NULL);
}

static bool acceptable(const struct packet *p, const struct arp_ethernet *arp)
{
	return p->linear >= sizeof(*arp) && arp->hardware == htons(ARPHRD_ETHER) &&
	       arp->protocol == htons(ETH_P_IP) && arp->hardware_len == 6 &&
	       arp->protocol_len == 4 && !(arp->sender_hw[0] & 1);
}

void arp_input(struct packet *p)
{
	struct netif *netif = p->netif;
	const struct arp_ethernet *arp = (struct arp_ethernet *)p->data;
	struct ip_addr sender, target;
	struct netif_addr *ours;

	COUNT(netif->stack, arp_in);
	if (!acceptable(p, arp) || !memcmp(arp->sender_hw, netif->hwaddr, 6))
		goto out;
	sender = ip_from_v4(arp->sender);
	target = ip_from_v4(arp->target);
	if (netif->dhcp4)
		dhcp4_arp(netif, arp->sender, arp->target);
	ours = netif_addr_find_any_state(netif, &sender);
	if (ours && ours->state != ADDRESS_DUPLICATE) {
		netif_addr_conflict(ours, arp->sender_hw);
		goto out;
	}
	ours = netif_addr_find(netif->stack, netif, &target);
	bool request = arp->operation == htons(ARPOP_REQUEST);

	if (!ip_is_any(&sender) && !ip_is_multicast(&sender) &&
	    !netif_is_broadcast(netif, &sender)) {
		struct neighbour_news news = {
			.hwaddr = arp->sender_hw,
			.solicited = !request && ours,
			.override = true,
			.is_advertisement = !request,
			.create = request && ours && arp->sender != arp->target,
		};
		neighbour_learn(netif, &sender, &news);
	}
	if (request && ours)
		arp_send(netif, ARPOP_REPLY, arp->target, arp->sender_hw, arp->sender,
			 arp->sender_hw);
out:
	packet_free(p);
}
