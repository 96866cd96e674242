/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Multicast groups of an interface, with the source filters its users asked for, merged as RFC 3376
 * 3.2 says; igmp.c and mld.c report changes and answer queries.
 */
#ifndef LWIPV6_IP_GROUP_H
#define LWIPV6_IP_GROUP_H

#include "lwipv6/link/netif.h"

#define GROUP_SOURCES 64 /* per membership, as IP_MAX_MSF asks for bounds */

enum filter_mode { FILTER_INCLUDE, FILTER_EXCLUDE };

/* One user's interest: a socket's or the stack's own. */
struct membership {
	struct list node;      /* of the group */
	struct list user_node; /* of the socket */
	struct group *group;
	enum filter_mode mode;
	unsigned int nsources;
	struct ip_addr *sources; /* GROUP_SOURCES at most, allocated as needed */
};

struct group {
	struct list node; /* of the netif */
	struct netif *netif;
	struct ip_addr addr;
	struct list members;
	/* The merged state last reported, and what is still to be repeated (robustness). */
	enum filter_mode mode;
	unsigned int nsources;
	struct ip_addr *sources;
	uint8_t mode_change_left, source_change_left;
	unsigned int nallow, nblock;
	struct ip_addr *allow, *block; /* source changes still to be repeated */
	struct timer change;	       /* next repetition */
	struct timer query;	       /* answer to a group query */
	bool v1_reported;	       /* MLDv1/IGMPv2: we sent the last report */
};

/* Join (or find) with EXCLUDE{} = all sources. The stack's own groups use these two. */
int group_join(struct netif *netif, const struct ip_addr *addr, struct membership *m);
void group_leave(struct membership *m);
/* The interface goes: its users' memberships lose their group. */
void group_drop_all(struct netif *netif);
/* Change the filter; @sources is copied. */
int group_filter(struct membership *m, enum filter_mode mode, const struct ip_addr *sources,
		 unsigned int n);
struct group *group_find(const struct netif *netif, const struct ip_addr *addr);
/* Whether a packet from @src to the group is wanted by anyone on @netif, or by @m. */
bool group_accepts(const struct group *g, const struct ip_addr *src);
bool membership_accepts(const struct membership *m, const struct ip_addr *src);

void igmp_input(struct packet *p);
void mld_input(struct packet *p); /* p->data at the ICMPv6 header */
void igmp_start(struct netif *netif);
void igmp_stop(struct netif *netif);
void mld_start(struct netif *netif);
void mld_stop(struct netif *netif);

#endif
