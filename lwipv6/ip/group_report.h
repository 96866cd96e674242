/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reports of memberships. IGMPv3 (RFC 3376) and MLDv2 (RFC 3810) are one protocol with two
 * encodings; group_report.c runs it, igmp.c and mld.c write and read the messages.
 */
#ifndef LWIPV6_IP_GROUP_REPORT_H
#define LWIPV6_IP_GROUP_REPORT_H

#include "lwipv6/ip/group.h"

struct group_state {
	enum filter_mode mode;
	unsigned int nsources;
	struct ip_addr *sources;
};

/* Values of both protocols. */
enum group_record {
	MODE_IS_INCLUDE = 1,
	MODE_IS_EXCLUDE,
	CHANGE_TO_INCLUDE,
	CHANGE_TO_EXCLUDE,
	ALLOW_NEW_SOURCES,
	BLOCK_OLD_SOURCES
};

struct group_querier {
	struct netif *netif;
	uint8_t robustness;
	uint8_t version;      /* 3/2 of IGMP, 2/1 of MLD: what we speak now */
	uint64_t older_until; /* an older querier is present */
	struct timer general; /* answer to a general query */
};

struct igmp_state {
	struct group_querier querier;
	uint64_t v1_until;
};

struct mld_state {
	struct group_querier querier;
	struct membership all_nodes;
};

void group_report_init(struct group *g);
void group_report_change(struct group *g, const struct group_state *was);
void group_report_leave(struct group *g);
/* The querier of a group's family, or NULL when the interface is down. */
struct group_querier *group_querier(const struct group *g);
void group_querier_start(struct group_querier *q, struct netif *netif, uint8_t version);
void group_querier_stop(struct group_querier *q);
/* A query was received: answer within @max_ns. @group NULL = general. */
void group_query(struct group_querier *q, bool v4, const struct ip_addr *group, uint64_t max_ns);
/* A neighbour answered an older querier for us. */
void group_answered(struct group_querier *q, const struct ip_addr *group);
/* Memberships of before the interface came up are told now. */
void group_tell_all(struct group_querier *q, bool v4);
/* A report of one record, the same in both protocols but for the size of addresses. NULL: no
 * memory. */
struct packet *group_record_new(struct netif *netif, uint8_t report, const struct ip_addr *group,
				enum group_record type, const struct ip_addr *sources,
				unsigned int n);
/* Groups that are never reported: all-hosts, all-nodes, scopes 0 and 1. */
bool group_is_silent(const struct group *g);

/* Encoders: one record in one report. @old: speak the older version's report or leave. */
void igmp_send_record(struct netif *netif, const struct ip_addr *group, enum group_record type,
		      const struct ip_addr *sources, unsigned int n);
void mld_send_record(struct netif *netif, const struct ip_addr *group, enum group_record type,
		     const struct ip_addr *sources, unsigned int n);
void igmp_send_old(struct netif *netif, const struct ip_addr *group, bool leave);
void mld_send_old(struct netif *netif, const struct ip_addr *group, bool leave);

#endif
