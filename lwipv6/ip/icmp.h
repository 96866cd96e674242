/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ICMPv4 and ICMPv6: echo, errors sent (with the suppression rules of RFC 1122 3.2.2 and RFC 4443
 * 2.4 and a token bucket), errors received and handed to the transport they are about.
 */
#ifndef LWIPV6_IP_ICMP_H
#define LWIPV6_IP_ICMP_H

#include "lwipv6/ip/ip.h"

/* The same causes for both versions; icmp_error() writes the version's type and code. */
enum icmp_cause {
	ICMP_CAUSE_NO_ROUTE,
	ICMP_CAUSE_HOST, /* address unreachable */
	ICMP_CAUSE_PROHIBITED,
	ICMP_CAUSE_PROTOCOL, /* argument: v6 offset of the next header field */
	ICMP_CAUSE_PORT,
	ICMP_CAUSE_TOO_BIG, /* argument: MTU */
	ICMP_CAUSE_HOP_LIMIT,
	ICMP_CAUSE_REASSEMBLY,
	ICMP_CAUSE_HEADER, /* argument: offset of the bad byte */
	ICMP_CAUSE_OPTION, /* v6 unrecognised option; argument: offset */
	ICMP_CAUSE_SCOPE   /* v6: beyond the scope of the source address */
};

void icmp4_input(struct packet *p);
void icmp6_input(struct packet *p);
/* Tell the sender of @cause, whose data stands at its network header. Leaves @cause to the caller.
 */
void icmp_error(struct packet *cause, enum icmp_cause what, uint32_t argument);

/* A received error, as transports see it. */
struct icmp_report {
	struct ip_addr local, remote; /* of the packet that we sent */
	struct ip_addr offender;      /* who sent the error */
	uint8_t protocol;
	uint8_t type, code;	/* as received */
	bool hard;		/* RFC 1122 4.2.3.9: may abort a connection attempt */
	int error;		/* positive errno */
	uint32_t mtu;		/* packet too big: the next hop's, else 0 */
	const uint8_t *payload; /* transport header quoted, linear */
	uint32_t payload_len;
};
void icmp_report(struct stack *stack, struct netif *in, const struct icmp_report *report);
/* Tell the sender of @cause of a better first hop. */
void icmp4_redirect(struct packet *cause, const struct ip_addr *gateway);

/* An ICMPv6 message built by a caller: checksum and output. @p->data at the ICMPv6 header. */
int icmp6_send(struct netif *netif, struct packet *p, const struct ip_addr *src,
	       const struct ip_addr *dst, uint8_t hop_limit, bool router_alert);

#endif
