/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forwarding between interfaces (RFC 1812 5, RFC 8200). Unicast only; links keep their scopes. */
#include <errno.h>
#include <linux/if_packet.h>
#include "lwipv6/core/checksum.h"
#include "lwipv6/ip/icmp.h"

static bool may_forward(const struct packet *p)
{
	const struct stack *stack = p->netif->stack;

	if (!(p->protocol == ETH_P_IP ? stack->settings.forwarding4 : stack->settings.forwarding6))
		return false;
	if (p->link_type != PACKET_HOST || ip_is_multicast(&p->dst) || ip_is_any(&p->src))
		return false;
	if (netif_is_broadcast(p->netif, &p->dst) || ip_is_loopback(&p->dst) ||
	    ip_is_loopback(&p->src))
		return false;
	/* 240/4 and 0/8 are nobody's (RFC 1812 5.3.7). */
	if (p->protocol == ETH_P_IP &&
	    (ntohl(p->dst.addr[3]) >> 28 == 15 || ntohl(p->dst.addr[3]) >> 24 == 0 ||
	     ntohl(p->src.addr[3]) >> 28 == 15))
		return false;
	return true;
}

static void decrement(struct packet *p)
{
	p->hop_limit--;
	if (p->protocol == ETH_P_IP) {
		struct iphdr *ip = (struct iphdr *)p->data;

		ip->check = checksum_update16(ip->check, htons(ip->ttl << 8),
					      htons((ip->ttl - 1) << 8));
		ip->ttl--;
	} else {
		((struct ip6_hdr *)p->data)->ip6_hlim--;
	}
}

/* The next hop is on the link the packet came from: the sender could go there itself. */
static void maybe_redirect(struct packet *p, const struct next_hop *hop)
{
	if (hop->netif != p->netif || p->hairpin || !p->netif->stack->settings.redirects ||
	    p->netif->kind != NETIF_ETHERNET || !route_on_link(p->netif->stack, p->netif, &p->src))
		return;
	if (p->protocol == ETH_P_IP)
		icmp4_redirect(p, &hop->addr);
	else
		nd_send_redirect(p, &hop->addr);
}

void ip_forward(struct packet *p)
{
	struct stack *stack = p->netif->stack;
	struct netif *in = p->netif;
	struct next_hop hop;
	uint32_t mtu;

	if (!may_forward(p)) {
		COUNT(stack, ip_dropped);
		packet_free(p);
		return;
	}
	if (p->hop_limit <= 1) {
		icmp_error(p, ICMP_CAUSE_HOP_LIMIT, 0);
		packet_free(p);
		return;
	}
	/* Beyond the source's scope (RFC 4443 3.1 code 2): link-local packets stay on their link.
	 */
	if (ip_is_linklocal(&p->src) || ip_is_linklocal(&p->dst)) {
		if (p->protocol != ETH_P_IP && !ip_is_linklocal(&p->dst))
			icmp_error(p, ICMP_CAUSE_SCOPE, 0);
		COUNT(stack, ip_dropped);
		packet_free(p);
		return;
	}
	int error = route_lookup(stack, &p->dst, NULL, NULL, &hop);

	if (error) {
		COUNT(stack, ip_no_route);
		icmp_error(p, error == -EHOSTUNREACH ? ICMP_CAUSE_PROHIBITED : ICMP_CAUSE_NO_ROUTE,
			   0);
		packet_free(p);
		return;
	}
	if (hop.netif->kind == NETIF_LOOPBACK) {
		COUNT(stack, ip_dropped);
		packet_free(p);
		return;
	}
	mtu = p->protocol == ETH_P_IP ? hop.netif->mtu : hop.netif->mtu6;
	if (p->gso_size ? (uint32_t)(p->transport - p->network) + 60 + p->gso_size > mtu + 40
			: p->len > mtu && !p->reassembled &&
				  (p->protocol != ETH_P_IP ||
				   ((struct iphdr *)p->data)->frag_off & htons(IP_DF))) {
		icmp_error(p, ICMP_CAUSE_TOO_BIG, mtu);
		packet_free(p);
		return;
	}
	maybe_redirect(p, &hop);
	decrement(p);
	p->forwarded = 1;
	if (!list_empty(&stack->hooks.point[HOOK_FORWARD]) &&
	    !hook_run(stack, HOOK_FORWARD, p, in, hop.netif))
		return;
	COUNT(stack, ip_forwarded);
	ip_send(stack, p, &hop, mtu);
}
