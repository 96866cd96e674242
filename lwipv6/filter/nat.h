/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network address translation (RFC 4787, 5382, 5508, 7857), of both families.
 *
 *   inside host -> POST_ROUTING on the outside interface: source becomes the mapping's outer side
 *   outside host -> PRE_ROUTING: a destination that is a mapping's outer side becomes the inner one
 *   inside host -> PRE_ROUTING: the same for another inside host (hairpin), marked in the packet;
 *                  POST_ROUTING translates its source too, so that the answer comes back here
 *
 * A mapping belongs to an inner address and port, whatever it speaks with (endpoint-independent). The
 * stack's own traffic through an outside interface has mappings as well, of an address to itself, so
 * that a port is never given twice. A TCP mapping lives as long as its sessions; others expire after
 * their last packet outwards. Sessions per peer are kept for TCP, and for other protocols when the
 * filtering asks for the peer.
 */
#ifndef LWIPV6_FILTER_NAT_H
#define LWIPV6_FILTER_NAT_H

#include "lwipv6/filter/rules.h"
#include "lwipv6/filter/tcp_track.h"
#include "lwipv6/filter/view.h"

#define NAT_HASH 4096
#define NAT_HELD 32 /* SYNs from outside that wait for an answer, RFC 5382 REQ-4 */

struct nat_end {
	struct ip_addr addr;
	uint16_t port;
};

struct nat_mapping {
	struct list inner_hash, outer_hash;
	struct list age; /* of nat.open or .passing, least recently used first */
	struct nat *nat;
	struct netif *netif; /* the outside interface */
	uint8_t protocol;
	struct nat_end inner, outer;
	struct list sessions; /* struct nat_session.node */
	uint32_t nopen;	      /* sessions that are open TCP connections */
	struct timer expire;
};

struct nat_session {
	struct list node, hash;
	struct list age; /* of nat.opening while it is not open */
	struct nat_mapping *mapping;
	struct nat_end peer;
	struct tcp_track tcp;
	bool open;
	struct timer expire;
};

struct nat {
	struct stack *stack;
	const struct rules *rules;
	struct list inner[NAT_HASH], outer[NAT_HASH], sessions[NAT_HASH];
	struct list open, passing; /* mappings with and without an open session */
	struct list opening;	   /* sessions that are not open, least recently used first */
	uint32_t count, nsessions;
	uint64_t key[2];
	struct list held; /* struct packet: SYNs, oldest first */
	unsigned int nheld;
	struct timer held_timer;
};

struct nat *nat_new(struct stack *stack, const struct rules *rules);
void nat_free(struct nat *nat);

/* ---- nat.c: the tables */
struct nat_mapping *nat_by_inner(struct nat *nat, uint8_t protocol, const struct nat_end *inner,
				 const struct netif *netif);
struct nat_mapping *nat_by_outer(struct nat *nat, uint8_t protocol, const struct nat_end *outer);
/* A new mapping with the outer address given, of @port when not 0, else of a port chosen; NULL when
 * there is none, or no room. */
struct nat_mapping *nat_map(struct nat *nat, uint8_t protocol, const struct nat_end *inner,
			    const struct ip_addr *outer, uint16_t port, struct netif *netif);
void nat_unmap(struct nat_mapping *m);
struct nat_session *nat_session_find(struct nat_mapping *m, const struct nat_end *peer);
/* A packet of the mapping passes; @inwards or outwards. False when it must not. */
bool nat_pass(struct nat_mapping *m, const struct view *v, const struct nat_end *peer, bool inwards,
	      bool may_begin);
/* An outside interface or its address has gone; @addr NULL = all of them. */
void nat_forget(struct nat *nat, const struct netif *netif, const struct ip_addr *addr);

/* ---- nat_translate.c: what the hooks do. @v is refreshed when the packet was changed. */
enum hook_verdict nat_prerouting(struct nat *nat, struct packet *p, struct view *v);
enum hook_verdict nat_postrouting(struct nat *nat, struct packet *p, struct view *v, struct netif *out);
/* A segment from outside is about to reach this stack itself. */
enum hook_verdict nat_local_in(struct nat *nat, struct packet *p, const struct view *v);
/* Answer the SYNs held for long enough; or forget the one that @outwards, a SYN of ours, answers. */
void nat_release_held(struct nat *nat, const struct tuple *outwards);

#endif
