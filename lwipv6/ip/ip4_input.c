/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * IPv4 input (RFC 791, 1122 3.2): header checks, options skipped, reassembly, for us or not.
 */
#include <linux/if_packet.h>
#include "lwipv6/core/checksum.h"
#include "lwipv6/ip/group.h"
#include "lwipv6/ip/icmp.h"

/* Lengths, version and checksum; trims what the link padded. */
static bool header_good(struct packet *p)
{
	const struct iphdr *ip = (struct iphdr *)p->data;
	uint32_t header, total;

	if (p->linear < sizeof(*ip) || ip->version != 4)
		return false;
	header = ip->ihl * 4;
	total = ntohs(ip->tot_len);
	if (header < sizeof(*ip) || p->linear < header || total < header || total > p->len)
		return false;
	if (p->checksum == CHECKSUM_NONE && checksum_fold(checksum_add(0, ip, header)))
		return false;
	packet_trim(p, total);
	return true;
}

/* Sources and destinations that never are legitimate (RFC 1122 3.2.1.3, RFC 1812 5.3.7). */
static bool addresses_good(const struct packet *p)
{
	struct netif *n = p->netif;
	bool loopback = n->kind == NETIF_LOOPBACK;

	if (ip_is_multicast(&p->src) || netif_is_broadcast(n, &p->src))
		return false;
	if (!loopback && (ip_is_loopback(&p->src) || ip_is_loopback(&p->dst)))
		return false;
	if (ip_is_any(&p->dst))
		return false;
	/* A unicast packet in a broadcast frame: RFC 1122 3.3.6. */
	if ((p->link_type == PACKET_BROADCAST || p->link_type == PACKET_MULTICAST) &&
	    !ip_is_multicast(&p->dst) && !netif_is_broadcast(n, &p->dst))
		return false;
	return true;
}

/* Options are skipped, but must be well formed (RFC 1122 3.2.1.8); source routes are refused. */
static int options_bad_at(const struct iphdr *ip)
{
	const uint8_t *o = (const uint8_t *)(ip + 1);
	int len = ip->ihl * 4 - sizeof(*ip), i = 0;

	while (i < len && o[i] != IPOPT_EOL) {
		if (o[i] == IPOPT_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= len || o[i + 1] < 2 || i + o[i + 1] > len)
			return sizeof(*ip) + i;
		if (o[i] == IPOPT_LSRR || o[i] == IPOPT_SSRR)
			return -2;
		i += o[i + 1];
	}
	return -1;
}

static bool for_us(struct packet *p)
{
	struct netif *n = p->netif;

	if (netif_is_broadcast(n, &p->dst))
		return true;
	if (ip_is_multicast(&p->dst)) {
		struct group *g = group_find(n, &p->dst);

		return g && group_accepts(g, &p->src);
	}
	if (n->kind == NETIF_LOOPBACK && ip_is_loopback(&p->dst))
		return true;
	/* An interface that asks for its first address takes what is sent to it (DHCP). */
	if (p->netif->dhcp4 && p->link_type == PACKET_HOST && p->next_header == IPPROTO_UDP &&
	    p->linear >= (uint32_t)(p->transport - packet_headroom(p)) + 4 &&
	    !memcmp(packet_at(p, p->transport) + 2, (uint8_t[]){0, 68}, 2))
		return true;
	return netif_addr_find(n->stack, NULL, &p->dst);
}

static struct packet *reassemble(struct packet *p)
{
	const struct iphdr *ip = (struct iphdr *)p->data;
	uint16_t field = ntohs(ip->frag_off);
	struct fragment_info info = {
		.id = ntohs(ip->id),
		.offset = (field & IP_OFFMASK) * 8,
		.more = field & IP_MF,
		.protocol = ip->protocol,
		.header_len = ip->ihl * 4,
	};

	packet_pull(p, info.header_len);
	return reassembly_add(p, &info);
}

static void describe(struct packet *p)
{
	const struct iphdr *ip = (struct iphdr *)p->data;

	p->protocol = ETH_P_IP;
	p->network = packet_headroom(p);
	p->transport = p->network + ip->ihl * 4;
	p->src = ip_from_v4(ip->saddr);
	p->dst = ip_from_v4(ip->daddr);
	p->next_header = ip->protocol;
	p->hop_limit = ip->ttl;
	p->traffic_class = ip->tos;
}

void ip4_input(struct packet *p)
{
	struct stack *stack = p->netif->stack;
	const struct iphdr *ip = (struct iphdr *)p->data;
	int bad;

	COUNT(stack, ip_in);
	if (!header_good(p)) {
		COUNT(stack, ip_header_errors);
		packet_free(p);
		return;
	}
	describe(p);
	if (!addresses_good(p)) {
		COUNT(stack, ip_dropped);
		packet_free(p);
		return;
	}
	bad = ip->ihl > 5 ? options_bad_at(ip) : -1;
	if (bad != -1) {
		COUNT(stack, ip_header_errors);
		if (bad > 0)
			icmp_error(p, ICMP_CAUSE_HEADER, bad);
		packet_free(p);
		return;
	}
	bool hooked = !list_empty(&stack->hooks.point[HOOK_PRE_ROUTING]);
	bool local = for_us(p);

	if (ip->frag_off & htons(IP_MF | IP_OFFMASK) && (hooked || local)) {
		p = reassemble(p);
		if (!p)
			return;
		describe(p);
	}
	if (hooked) {
		if (!hook_run(stack, HOOK_PRE_ROUTING, p, p->netif, NULL))
			return;
		local = for_us(p);
	}
	if (!local) {
		ip_forward(p);
		return;
	}
	if (hook_run(stack, HOOK_LOCAL_IN, p, p->netif, NULL))
		ip_deliver(p);
}
