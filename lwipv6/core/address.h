/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses. The engine knows one kind: 128 bits, network order; IPv4 is ::ffff:a.b.c.d.
 * Prefix lengths are over 128 bits too: an IPv4 /24 is 120 inside, 24 at the edges.
 */
#ifndef LWIPV6_CORE_ADDRESS_H
#define LWIPV6_CORE_ADDRESS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "lwipv6/lwipv6.h"

#define IP_TEXT_SIZE INET6_ADDRSTRLEN

static inline bool ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static inline bool ip_is_v4(const struct ip_addr *a)
{
	return !a->addr[0] && !a->addr[1] && a->addr[2] == IP64_PREFIX;
}

static inline struct ip_addr ip_from_v4(uint32_t be)
{
	return (struct ip_addr){{0, 0, IP64_PREFIX, be}};
}

static inline struct ip_addr ip_from_in6(const void *in6)
{
	struct ip_addr a;

	memcpy(&a, in6, sizeof(a));
	return a;
}

/* The unspecified address, :: or 0.0.0.0. */
static inline bool ip_is_any(const struct ip_addr *a)
{
	return !a->addr[0] && !a->addr[1] && !a->addr[3] &&
	       (!a->addr[2] || a->addr[2] == IP64_PREFIX);
}

static inline bool ip_is_multicast(const struct ip_addr *a)
{
	if (ip_is_v4(a))
		return (ntohl(a->addr[3]) >> 28) == 14;
	return (ntohl(a->addr[0]) >> 24) == 0xff;
}

static inline bool ip_is_limited_broadcast(const struct ip_addr *a)
{
	return ip_is_v4(a) && a->addr[3] == 0xffffffff;
}

/* fe80::/10 or 169.254/16 */
static inline bool ip_is_linklocal(const struct ip_addr *a)
{
	if (ip_is_v4(a))
		return (ntohl(a->addr[3]) >> 16) == 0xa9fe;
	return (ntohl(a->addr[0]) >> 22) == 0xfe80 >> 6;
}

static inline bool ip_is_loopback(const struct ip_addr *a)
{
	if (ip_is_v4(a))
		return (ntohl(a->addr[3]) >> 24) == 127;
	return !a->addr[0] && !a->addr[1] && !a->addr[2] && a->addr[3] == htonl(1);
}

/* An IPv6 address that means nothing off its link: the zone is needed beside it. */
static inline bool ip_needs_zone(const struct ip_addr *a)
{
	if (ip_is_v4(a))
		return false;
	return ip_is_linklocal(a) ||
	       ((ntohl(a->addr[0]) >> 24) == 0xff && ((ntohl(a->addr[0]) >> 16) & 0xf) <= 2);
}

bool ip_prefix_equal(const struct ip_addr *a, const struct ip_addr *b, unsigned int plen);
unsigned int ip_common_prefix(const struct ip_addr *a, const struct ip_addr *b);
/* -1 when the one bits of @mask are not contiguous. */
int ip_mask_to_plen(const struct ip_addr *mask);
struct ip_addr ip_plen_to_mask(unsigned int plen);
struct ip_addr ip_prefix(const struct ip_addr *a, unsigned int plen);
/* The last address of the prefix: for IPv4 the directed broadcast. */
struct ip_addr ip_prefix_last(const struct ip_addr *a, unsigned int plen);
/* ff02::1:ffXX:XXXX, RFC 4291 2.7.1 */
struct ip_addr ip_solicited_node(const struct ip_addr *a);
/* Multicast scope and unicast scope on one scale, RFC 6724 3.1 (2 link, 5 site, 14 global). */
int ip_scope(const struct ip_addr *a);
uint32_t ip_hash(const struct ip_addr *a, uint32_t seed);
/* Text forms: dotted for IPv4, RFC 5952 for IPv6; @text holds IP_TEXT_SIZE bytes. */
const char *ip_to_text(const struct ip_addr *a, char *text);
bool ip_from_text(const char *text, struct ip_addr *a);
/* "ADDRESS/LENGTH" (a bare address is a host); false with nothing changed when malformed. */
bool ip_prefix_from_text(const char *text, struct ip_addr *a, unsigned int *plen);

#define IP_V4_BITS 96 /* added to an IPv4 prefix length */
extern const struct ip_addr ip_all_nodes, ip_all_routers, ip_v4_any, ip_v4_broadcast;

#endif
