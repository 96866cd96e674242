/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Endpoints of UDP and raw IP, below sockets: the DHCP clients and the resolver use them as well.
 * All calls want the stack's lock; receive() and error() run under it.
 */
#ifndef LWIPV6_TRANSPORT_ENDPOINT_H
#define LWIPV6_TRANSPORT_ENDPOINT_H

#include <netinet/udp.h>
#include "lwipv6/ip/icmp.h"
#include "lwipv6/ip/ip.h"

struct endpoint {
	struct list node;
	struct stack *stack;
	uint8_t protocol; /* IPPROTO_UDP, or any for raw */
	int family;	  /* AF_INET, AF_INET6 */
	bool v6only, reuse_address, reuse_port, broadcast;
	bool freebind; /* may be bound to an address that is not ours */
	bool bound, connected, raw;
	struct ip_addr local, remote;	  /* unspecified = any */
	uint16_t local_port, remote_port; /* host order */
	struct netif *netif;		  /* only from and to this one, or NULL */
	struct ip_options options;
	struct netif *multicast_netif;
	uint8_t multicast_hops; /* 1 by default */
	bool multicast_loop;
	struct list memberships; /* struct membership.user_node */
	bool no_checksum_v4, accept_zero_checksum_v6;
	struct next_hop hop; /* of the connected peer, while hop_generation is the routes' */
	uint32_t hop_generation;
	/* A datagram: p->data at the payload (raw v4: at the IP header), p->src, p->dst. Takes @p.
	 */
	void (*receive)(struct endpoint *e, struct packet *p, uint16_t source_port);
	void (*error)(struct endpoint *e, const struct icmp_report *report);
	void *user;
};

void endpoint_init(struct endpoint *e, struct stack *stack, int family, uint8_t protocol);

/* @port 0 picks one at random (RFC 6056). 0, -EADDRINUSE, -EADDRNOTAVAIL. */
int udp_bind(struct endpoint *e, const struct ip_addr *local, uint16_t port);
/* Fix the peer; unspecified address disconnects. Chooses the local address. */
int udp_connect(struct endpoint *e, const struct ip_addr *remote, uint16_t port);
void udp_close(struct endpoint *e);
/* @p->data at the payload, with PACKET_HEADROOM before it. @src NULL or unspecified = choose;
 * @remote NULL = the connected peer. Takes @p. 0 or a negative errno. */
int udp_send(struct endpoint *e, struct packet *p, const struct ip_addr *src,
	     const struct ip_addr *remote, uint16_t port, const struct ip_options *options);
/* Whether datagrams of @size bytes to the connected peer may be handed to udp_send() as one packet
 * with gso_size: the link cuts it, and nobody on the way wants to see single ones. */
bool udp_may_join(struct endpoint *e, uint32_t size);
/* Data of the largest datagram to @dst. */
uint32_t udp_largest(const struct ip_addr *dst);
void udp_input(struct packet *p); /* p->data at the UDP header */
void udp_icmp(struct stack *stack, const struct icmp_report *report);

void raw_open(struct endpoint *e);
void raw_close(struct endpoint *e);
/* A copy to every raw endpoint of the protocol; true when there was one. Leaves @p. */
bool raw_input(struct packet *p);
void raw_icmp(struct stack *stack, const struct icmp_report *report);

/* ---- link layer taps: packet sockets */

struct packet_tap {
	struct list node;
	struct stack *stack;
	struct netif *netif; /* NULL = all */
	uint16_t protocol;   /* ethertype, host order; ETH_P_ALL; 0 = none */
	/* A frame, link header at data. Not taken: clone to keep. @outgoing = sent by this stack.
	 */
	void (*receive)(struct packet_tap *tap, const struct packet *p, bool outgoing);
	void *user;
};

void packet_tap_open(struct packet_tap *tap);
void packet_tap_close(struct packet_tap *tap);
void packet_tap_input(const struct packet *p, bool outgoing);

#endif
