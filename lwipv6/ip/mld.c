/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* MLD messages, host side: version 2 (RFC 3810), falling back to 1 (RFC 2710). */
#include <stdlib.h>
#include "lwipv6/ip/group_report.h"
#include "lwipv6/ip/icmp.h"

#define V2_REPORT     143
#define OLDER_PRESENT (260 * NSEC_PER_SEC)

static const struct ip_addr v2_routers = {{LWIP_HTONL_(0xff020000), 0, 0, LWIP_HTONL_(0x16)}};

/* From a link-local address, or :: while there is none (RFC 3810 5.2.13). */
static void send_message(struct netif *netif, struct packet *p, const struct ip_addr *to)
{
	struct netif_addr *a = netif_linklocal(netif);

	icmp6_send(netif, p, a ? &a->addr : &ip_addr_any, to, 1, true);
}

void mld_send_record(struct netif *netif, const struct ip_addr *group, enum group_record type,
		     const struct ip_addr *sources, unsigned int n)
{
	struct packet *p = group_record_new(netif, V2_REPORT, group, type, sources, n);

	if (p)
		send_message(netif, p, &v2_routers);
}

void mld_send_old(struct netif *netif, const struct ip_addr *group, bool leave)
{
	struct packet *p = packet_new(PACKET_HEADROOM, 24);

	if (!p) {
		COUNT(netif->stack, memory_failures);
		return;
	}
	memset(packet_put(p, 24), 0, 24);
	p->data[0] = leave ? MLD_LISTENER_REDUCTION : MLD_LISTENER_REPORT;
	memcpy(p->data + 8, group, 16);
	send_message(netif, p, leave ? &ip_all_routers : group);
}

static uint32_t code_value(uint16_t code)
{
	return code < 32768 ? code : (0x1000u | (code & 0xfff)) << ((code >> 12 & 7) + 3);
}

void mld_input(struct packet *p)
{
	struct mld_state *state = p->netif->mld;
	struct ip_addr group;

	/* RFC 3810 6.2 and 5.1.14: link-local source, hop limit 1, router alert. */
	if (!state || p->linear < 24 || p->hop_limit != 1 || !p->router_alert ||
	    (!ip_is_linklocal(&p->src) && !ip_is_any(&p->src)))
		goto out;
	group = ip_from_in6(p->data + 8);
	if (p->data[0] == MLD_LISTENER_QUERY) {
		uint32_t max = code_value(ntohs(*(uint16_t *)(p->data + 4)));

		if (ip_is_any(&p->src))
			goto out;
		if (p->len < 28)
			state->querier.older_until = p->netif->stack->now + OLDER_PRESENT;
		else if (p->data[24] & 7)
			state->querier.robustness = p->data[24] & 7;
		group_query(&state->querier, false, &group, max * NSEC_PER_MSEC);
	} else if (p->data[0] == MLD_LISTENER_REPORT) {
		group_answered(&state->querier, &group);
	}
out:
	packet_free(p);
}

void mld_start(struct netif *netif)
{
	struct mld_state *state = calloc(1, sizeof(*state));

	if (!state) {
		COUNT(netif->stack, memory_failures);
		return;
	}
	group_querier_start(&state->querier, netif, 2);
	netif->mld = state;
	group_join(netif, &ip_all_nodes, &state->all_nodes);
	group_tell_all(&state->querier, false);
}

void mld_stop(struct netif *netif)
{
	if (!netif->mld)
		return;
	group_leave(&netif->mld->all_nodes);
	group_querier_stop(&netif->mld->querier);
	free(netif->mld);
	netif->mld = NULL;
}
