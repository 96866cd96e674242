/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ethernet framing and ARP (RFC 826, 894, 2464, 5227). */
#ifndef LWIPV6_LINK_ETHERNET_H
#define LWIPV6_LINK_ETHERNET_H

#include <net/ethernet.h>
#include "lwipv6/link/netif.h"

extern const uint8_t ethernet_broadcast[6];

/* A frame: classify, drop what is not for us, pass on by type. Takes @p. */
void ethernet_input(struct packet *p);
/* Put the link header in front and transmit. */
void ethernet_output(struct netif *netif, struct packet *p, const uint8_t *to, uint16_t type);
/* The group's Ethernet address, RFC 1112 6.4 and RFC 2464 7. */
void ethernet_multicast(const struct ip_addr *group, uint8_t hwaddr[6]);

void arp_input(struct packet *p);
/* @target is asked for; @source may be 0.0.0.0 (a probe). @to NULL = broadcast. */
void arp_request(struct netif *netif, uint32_t source, uint32_t target, const uint8_t *to);
/* RFC 5227 announcement of an address of ours. */
void arp_announce(struct netif *netif, uint32_t address);

#endif
