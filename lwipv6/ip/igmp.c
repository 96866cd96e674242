/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IGMP messages, host side: version 3 (RFC 3376), falling back to 2 and 1 (RFC 2236). */
#include <errno.h>
#include <netinet/igmp.h>
#include <stdlib.h>
#include "lwipv6/core/checksum.h"
#include "lwipv6/ip/group_report.h"
#include "lwipv6/ip/ip.h"

#define V3_REPORT     0x22
#define OLDER_PRESENT (400 * NSEC_PER_SEC) /* robustness x query interval + response time */

static const struct ip_addr v3_routers = {{0, 0, IP64_PREFIX, LWIP_HTONL_(0xe0000016)}};
static const struct ip_addr all_routers = {{0, 0, IP64_PREFIX, LWIP_HTONL_(0xe0000002)}};

static void send_message(struct netif *netif, struct packet *p, const struct ip_addr *to)
{
	struct ip_options options = {.netif = netif,
				     .hop_limit = 1,
				     .router_alert = true,
				     .traffic_class = 0xc0,
				     .any_source = true};
	struct ip_addr src = ip_v4_any;

	((struct igmp *)p->data)->igmp_cksum = checksum_fold(packet_sum(p, 0));
	source_select(netif->stack, netif, to, &src);
	ip_output(netif->stack, p, &src, to, IPPROTO_IGMP, &options);
}

void igmp_send_record(struct netif *netif, const struct ip_addr *group, enum group_record type,
		      const struct ip_addr *sources, unsigned int n)
{
	struct packet *p = group_record_new(netif, V3_REPORT, group, type, sources, n);

	if (p)
		send_message(netif, p, &v3_routers);
}

void igmp_send_old(struct netif *netif, const struct ip_addr *group, bool leave)
{
	bool v1 = netif->igmp->v1_until > netif->stack->now;
	struct packet *p;
	struct igmp *m;

	if (leave && v1)
		return;
	p = packet_new(PACKET_HEADROOM, sizeof(*m));
	if (!p) {
		COUNT(netif->stack, memory_failures);
		return;
	}
	m = packet_put(p, sizeof(*m));
	memset(m, 0, sizeof(*m));
	m->igmp_type = leave ? IGMP_V2_LEAVE_GROUP
		       : v1  ? IGMP_V1_MEMBERSHIP_REPORT
			     : IGMP_V2_MEMBERSHIP_REPORT;
	m->igmp_group.s_addr = group->addr[3];
	send_message(netif, p, leave ? &all_routers : group);
}

/* Codes above 127 are floating point (RFC 3376 4.1.1). */
static uint32_t code_value(uint8_t code)
{
	return code < 128 ? code : (0x10u | (code & 0xf)) << ((code >> 4 & 7) + 3);
}

void igmp_input(struct packet *p)
{
	struct igmp_state *state = p->netif->igmp;
	const struct igmp *m = (struct igmp *)p->data;
	struct ip_addr group;

	if (!state || p->linear < 8 || p->hop_limit != 1 || checksum_fold(packet_sum(p, 0)))
		goto out;
	group = ip_from_v4(m->igmp_group.s_addr);
	if (m->igmp_type == IGMP_MEMBERSHIP_QUERY) {
		uint64_t max = code_value(m->igmp_code) * 100 * NSEC_PER_MSEC,
			 now = p->netif->stack->now;

		if (p->len < 12) {
			state->querier.older_until = now + OLDER_PRESENT;
			if (!m->igmp_code) {
				state->v1_until = now + OLDER_PRESENT;
				max = 10 * NSEC_PER_SEC;
			}
		} else if (p->data[8] & 7) {
			state->querier.robustness = p->data[8] & 7;
		}
		group_query(&state->querier, true, &group, max);
	} else if (m->igmp_type == IGMP_V2_MEMBERSHIP_REPORT ||
		   m->igmp_type == IGMP_V1_MEMBERSHIP_REPORT) {
		group_answered(&state->querier, &group);
	}
out:
	packet_free(p);
}

static struct ip_addr all_hosts(void)
{
	return ip_from_v4(htonl(0xe0000001));
}

void igmp_start(struct netif *netif)
{
	struct ip_addr group = all_hosts();
	struct igmp_state *state = calloc(1, sizeof(*state));
	struct membership *m = calloc(1, sizeof(*m));

	if (!state || !m) {
		COUNT(netif->stack, memory_failures);
		free(state);
		free(m);
		return;
	}
	group_querier_start(&state->querier, netif, 3);
	netif->igmp = state;
	if (group_find(netif, &group) || group_join(netif, &group, m) < 0)
		free(m);
	group_tell_all(&state->querier, true);
}

void igmp_stop(struct netif *netif)
{
	struct ip_addr addr = all_hosts();
	struct group *g = group_find(netif, &addr);
	struct membership *m = g ? list_first(&g->members, struct membership, node) : NULL;

	if (m) {
		group_leave(m);
		free(m);
	}
	if (netif->igmp)
		group_querier_stop(&netif->igmp->querier);
	free(netif->igmp);
	netif->igmp = NULL;
}
