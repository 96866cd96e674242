/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What filter and NAT see of a packet, and the rewriting of its addresses and ports with checksums
 * kept right (RFC 1624). A "port" is that of TCP and UDP, the identifier of an ICMP query, else 0.
 */
#ifndef LWIPV6_FILTER_VIEW_H
#define LWIPV6_FILTER_VIEW_H

#include "lwipv6/ip/icmp.h"

struct tuple {
	struct ip_addr src, dst;
	uint16_t sport, dport; /* host order */
	uint8_t protocol;
};

struct view {
	struct tuple t;
	bool v6;
	uint8_t tcp_flags;
	uint8_t icmp_type, icmp_code;
	bool icmp_query; /* echo and the like: sport and dport are its identifier */
	bool icmp_error; /* @quoted is the packet that it is about */
	struct tuple quoted;
	uint32_t transport, quoted_at, quoted_transport; /* offsets from p->data */
};

/* False when the packet is too short for its protocol, or is an ICMP error that quotes too little. */
bool view_packet(const struct packet *p, struct view *v);
/* The ICMP checksum of @p is right, or need not be looked at. */
bool view_icmp_good(const struct packet *p, const struct view *v);

/* Set source or destination of @p; ICMP queries have one port field for both. */
void rewrite_source(struct packet *p, const struct view *v, const struct ip_addr *addr, uint16_t port);
void rewrite_destination(struct packet *p, const struct view *v, const struct ip_addr *addr, uint16_t port);
/* The same inside the packet that an ICMP error quotes, then the sums of the error itself. */
void rewrite_quoted(struct packet *p, const struct view *v, bool source, const struct ip_addr *addr,
		    uint16_t port);
/* Only the address of the outer header, of an ICMP error. */
void rewrite_outer(struct packet *p, const struct view *v, bool source, const struct ip_addr *addr);

static inline struct tuple tuple_reversed(const struct tuple *t)
{
	return (struct tuple){t->dst, t->src, t->dport, t->sport, t->protocol};
}

static inline bool tuple_equal(const struct tuple *a, const struct tuple *b)
{
	return a->protocol == b->protocol && a->sport == b->sport && a->dport == b->dport &&
	       ip_equal(&a->src, &b->src) && ip_equal(&a->dst, &b->dst);
}

#endif
