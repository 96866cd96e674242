/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Neighbours of both families in one hash table: ARP entries and RFC 4861's neighbour cache follow
 * the same states. Unresolved entries hold at most NEIGHBOUR_QUEUE packets; the table holds at most
 * NEIGHBOUR_MAX entries and drops the least recently used that is not permanent.
 */
#ifndef LWIPV6_IP_NEIGHBOUR_H
#define LWIPV6_IP_NEIGHBOUR_H

#include <stdint.h>
#include "lwipv6/core/address.h"
#include "lwipv6/core/list.h"
#include "lwipv6/core/timer.h"

struct netif;
struct netif_addr;
struct packet;
struct stack;

#define NEIGHBOUR_QUEUE 64 /* the fragments of the largest datagram fit, MTU 1280 */
#define NEIGHBOUR_MAX	1024
#define NEIGHBOUR_HASH	256

/* Values of NUD_* in <linux/neighbour.h>. */
enum neighbour_state {
	NEIGHBOUR_INCOMPLETE = 0x01,
	NEIGHBOUR_REACHABLE = 0x02,
	NEIGHBOUR_STALE = 0x04,
	NEIGHBOUR_DELAY = 0x08,
	NEIGHBOUR_PROBE = 0x10,
	NEIGHBOUR_FAILED = 0x20,
	NEIGHBOUR_PERMANENT = 0x80
};

struct neighbour {
	struct list node, used; /* hash chain; least recently used first */
	struct netif *netif;
	struct ip_addr addr;
	uint8_t state, probes, hwaddr[6];
	bool is_router;
	uint64_t confirmed, last_used;
	struct timer timer;
	struct list queue; /* struct packet, network header first */
	unsigned int queued;
};

struct neighbour_table {
	struct list hash[NEIGHBOUR_HASH];
	struct list used;
	unsigned int count;
};

void neighbour_table_init(struct neighbour_table *t);
/* Send a packet (network header at data) to a neighbour: resolves, queues, frames. Takes @p. */
void neighbour_output(struct netif *netif, const struct ip_addr *addr, struct packet *p);
struct neighbour *neighbour_find(struct netif *netif, const struct ip_addr *addr);
/* What a received advertisement or ARP packet says of @addr. */
struct neighbour_news {
	const uint8_t *hwaddr; /* NULL = not told */
	bool solicited, override, router, is_advertisement;
	bool create; /* make an entry (solicitation, RS, RA, ARP request to us) */
};
void neighbour_learn(struct netif *netif, const struct ip_addr *addr,
		     const struct neighbour_news *n);
/* A transport protocol knows that packets arrive (RFC 4861 7.3.1). */
void neighbour_confirm(struct netif *netif, const struct ip_addr *addr);
/* Permanent or changed by hand; hwaddr NULL removes. 0, -ENOMEM, -ENOENT. */
int neighbour_set(struct netif *netif, const struct ip_addr *addr, const uint8_t *hwaddr,
		  bool permanent);
void neighbour_flush(struct netif *netif);

/* ---- neighbour discovery messages (ip/nd.c) */

/* The type's options start at @offset of the ICMPv6 message. Takes @p. */
void nd_input(struct packet *p);
/* @source unspecified = DAD; @to = solicited-node group or the neighbour itself. */
/* Duplicate address detection: one solicitation from the unspecified address. */
void nd_probe(struct netif_addr *a);
void nd_solicit(struct netif *netif, const struct ip_addr *source, const struct ip_addr *target,
		const struct ip_addr *to);
/* Unsolicited, to all nodes. */
void nd_announce(struct netif *netif, const struct ip_addr *target);
void nd_send_redirect(struct packet *cause, const struct ip_addr *target);

#endif
