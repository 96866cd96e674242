/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * IP of both versions: input from the link, output from the transports, forwarding, errors.
 *
 *   ethernet_input / tun -> ip4_input, ip6_input -> [hooks] -> ip_deliver -> udp, tcp, icmp, raw
 *                                                 -> ip_forward
 *   transport -> ip_output -> [hooks] -> ip_send -> fragment / neighbour_output
 *
 * Between input and delivery a packet's data stands at the network header and its src, dst,
 * next_header, hop_limit, traffic_class, transport (offset) are set.
 */
#ifndef LWIPV6_IP_IP_H
#define LWIPV6_IP_IP_H

#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include "lwipv6/link/netif.h"

#define IP_MIN_MTU6 1280

/* What a sender chooses; zero-initialised it means the defaults. */
struct ip_options {
	struct netif *netif;   /* force the outgoing interface (bound device, zone, pktinfo) */
	int16_t hop_limit;     /* 0 = the default of the interface or the stack */
	uint8_t traffic_class; /* TOS or class, ECN bits included */
	uint32_t flow_label;   /* host order, 20 bits */
	bool dont_fragment;    /* v4 DF; v6: do not fragment here either: -EMSGSIZE */
	bool ignore_path_mtu;  /* IP_PMTUDISC_PROBE */
	bool router_alert;     /* IGMP, MLD */
	bool multicast_loop;   /* also to local members */
	bool any_source;       /* the source need not be ours (forwarded, transparent) */
};

/*
 * Send a transport packet: @p->data at the transport header, checksum done or PARTIAL relative to
 * it. src unspecified = choose (except DAD and DHCP, which force the interface and keep 0.0.0.0).
 * Takes @p. 0 or a negative errno (-EMSGSIZE, -ENETUNREACH, -EHOSTUNREACH, -EACCES, -ENOBUFS).
 */
int ip_output(struct stack *stack, struct packet *p, const struct ip_addr *src,
	      const struct ip_addr *dst, uint8_t protocol, const struct ip_options *options);
/* The same with a route already looked up. */
int ip_output_hop(struct stack *stack, struct packet *p, const struct ip_addr *src,
		  const struct ip_addr *dst, uint8_t protocol, const struct ip_options *options,
		  const struct next_hop *hop);
/* A packet with its network header made, past LOCAL_OUT or FORWARD: POST_ROUTING, fragment, send.
 */
int ip_send(struct stack *stack, struct packet *p, const struct next_hop *hop, uint32_t mtu);

/* A network packet from a link; p->data at the network header. Takes @p. */
void ip4_input(struct packet *p);
void ip6_input(struct packet *p);
/* A packet for this stack, past the hooks: to its transport. Takes @p. */
void ip_deliver(struct packet *p);
/* Not for us: check, decrement, route on. Takes @p. */
void ip_forward(struct packet *p);
/* Packets this stack sends to itself; taken up again by stack_leave(). */
void ip_loop_back(struct stack *stack, struct packet *p, struct netif *netif);

/* Fragment and send, ip/fragment.c. Takes @p. */
int ip_fragment(struct stack *stack, struct packet *p, const struct next_hop *hop, uint32_t mtu);

/* RFC 6724: choose a source for @dst leaving through @out; false when there is none. */
bool source_select(struct stack *stack, const struct netif *out, const struct ip_addr *dst,
		   struct ip_addr *src);
/* RFC 6724 section 6: sort destinations, best first. */
void destination_sort(struct stack *stack, struct ip_addr *dst, unsigned int n);
/* The policy table's label and precedence. */
int policy_label(const struct ip_addr *a);
int policy_precedence(const struct ip_addr *a);

/* A flow label that stays the same for a flow (RFC 6437), 20 bits. */
uint32_t flow_label(struct stack *stack, const struct ip_addr *src, const struct ip_addr *dst,
		    uint16_t sport, uint16_t dport, uint8_t protocol);

#endif
