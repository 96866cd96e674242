/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ICMPv6 messages (RFC 4443): echo, errors received, dispatch of neighbour discovery and MLD. */
#include <linux/if_packet.h>
#include "lwipv6/core/checksum.h"
#include "lwipv6/ip/group.h"
#include "lwipv6/ip/icmp.h"

int icmp6_send(struct netif *netif, struct packet *p, const struct ip_addr *src,
	       const struct ip_addr *dst, uint8_t hop_limit, bool router_alert)
{
	struct stack *stack = netif->stack;
	struct ip_options options = {.hop_limit = hop_limit, .router_alert = router_alert};
	struct icmp6_hdr *icmp = (struct icmp6_hdr *)p->data;
	struct ip_addr from = *src;

	if (ip_needs_zone(dst))
		options.netif = netif;
	/* Only discovery and MLD speak from the unspecified address. */
	if (ip_is_any(&from) && hop_limit)
		options.any_source = true;
	if (ip_is_any(&from) && !hop_limit) {
		struct next_hop hop;
		int error = route_lookup(stack, dst, options.netif, NULL, &hop);

		if (!error && !source_select(stack, hop.netif, dst, &from))
			error = -1;
		if (error) {
			packet_free(p);
			return error;
		}
	}
	icmp->icmp6_cksum = 0;
	icmp->icmp6_cksum = checksum_fold(
		checksum_add(packet_sum(p, 0),
			     &(uint32_t){checksum_pseudo(&from, dst, IPPROTO_ICMPV6, p->len)}, 4));
	p->checksum = CHECKSUM_NONE;
	COUNT(stack, icmp_out);
	return ip_output(stack, p, &from, dst, IPPROTO_ICMPV6, &options);
}

static void echo(struct packet *p)
{
	struct packet *reply = packet_flatten(p, PACKET_HEADROOM);
	struct ip_addr src = p->dst;

	if (!reply)
		return;
	reply->data[0] = ICMP6_ECHO_REPLY;
	if (ip_is_multicast(&p->dst))
		src = ip_addr_any; /* RFC 4443 4.2: a unicast address of the interface */
	icmp6_send(p->netif, reply, &src, &p->src, 0, false);
}

static void error_received(struct packet *p)
{
	const struct icmp6_hdr *icmp = (struct icmp6_hdr *)p->data;
	const struct ip6_hdr *quoted = (struct ip6_hdr *)(p->data + 8);
	struct icmp_report r = {
		.type = icmp->icmp6_type, .code = icmp->icmp6_code, .offender = p->src};
	uint32_t at = 8 + sizeof(*quoted);

	if (p->linear < at)
		return;
	r.local = ip_from_in6(&quoted->ip6_src);
	r.remote = ip_from_in6(&quoted->ip6_dst);
	r.protocol = quoted->ip6_nxt;
	/* Skip the extension headers that we may have sent. */
	while (r.protocol == IPPROTO_HOPOPTS || r.protocol == IPPROTO_DSTOPTS ||
	       r.protocol == IPPROTO_FRAGMENT) {
		if (at + 8 > p->linear)
			return;
		uint8_t kind = r.protocol;

		r.protocol = p->data[at];
		at += kind == IPPROTO_FRAGMENT ? 8 : p->data[at + 1] * 8 + 8;
	}
	if (at + 8 > p->linear)
		return;
	r.payload = p->data + at;
	r.payload_len = p->linear - at;
	if (r.type == ICMP6_PACKET_TOO_BIG) {
		r.mtu = ntohl(icmp->icmp6_mtu);
		if (r.mtu < IP_MIN_MTU6) /* RFC 8201 4, 8021: never below */
			r.mtu = IP_MIN_MTU6;
	}
	if (netif_addr_find(p->netif->stack, NULL, &r.local))
		icmp_report(p->netif->stack, p->netif, &r);
}

void icmp6_input(struct packet *p)
{
	const struct icmp6_hdr *icmp = (struct icmp6_hdr *)p->data;
	struct stack *stack = p->netif->stack;

	COUNT(stack, icmp_in);
	if (p->linear < sizeof(*icmp))
		goto drop;
	if (p->checksum == CHECKSUM_NONE) {
		uint32_t pseudo = checksum_pseudo(&p->src, &p->dst, IPPROTO_ICMPV6, p->len);

		if (checksum_fold(checksum_add(packet_sum(p, 0), &pseudo, 4)))
			goto drop;
	}
	switch (icmp->icmp6_type) {
	case ICMP6_ECHO_REQUEST:
		echo(p);
		break;
	case ICMP6_DST_UNREACH:
	case ICMP6_PACKET_TOO_BIG:
	case ICMP6_TIME_EXCEEDED:
	case ICMP6_PARAM_PROB:
		error_received(p);
		break;
	case ND_ROUTER_SOLICIT:
	case ND_ROUTER_ADVERT:
	case ND_NEIGHBOR_SOLICIT:
	case ND_NEIGHBOR_ADVERT:
	case ND_REDIRECT:
		nd_input(p);
		return;
	case MLD_LISTENER_QUERY:
	case MLD_LISTENER_REPORT:
	case MLD_LISTENER_REDUCTION:
		mld_input(p);
		return;
	}
drop:
	packet_free(p);
}
