/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ICMPv4 messages (RFC 792, 1122 3.2.2, 1191, 6633): echo, errors received, redirects. */
#include <linux/if_packet.h>
#include "lwipv6/core/checksum.h"
#include "lwipv6/ip/icmp.h"

/* Echo to a broadcast or multicast is not answered (RFC 1122 3.2.2.6 lets us choose). */
static void echo(struct packet *p)
{
	struct stack *stack = p->netif->stack;
	struct ip_options options = {.traffic_class = p->traffic_class};
	struct packet *reply;
	struct icmphdr *icmp;

	if (ip_is_multicast(&p->dst) || netif_is_broadcast(p->netif, &p->dst))
		return;
	reply = packet_flatten(p, PACKET_HEADROOM);
	if (!reply)
		return;
	icmp = (struct icmphdr *)reply->data;
	icmp->type = ICMP_ECHOREPLY;
	icmp->checksum = 0;
	icmp->checksum = checksum_fold(packet_sum(reply, 0));
	reply->checksum = CHECKSUM_NONE;
	COUNT(stack, icmp_out);
	ip_output(stack, reply, &p->dst, &p->src, IPPROTO_ICMP, &options);
}

/* RFC 1191 7: a router that gives no MTU gets the next plateau below the packet's length. */
static uint32_t plateau(uint32_t length)
{
	static const uint32_t plateaus[] = {32000, 17914, 8166, 4352, 2002,
					    1492,  1006,  508,	296,  68};

	for (unsigned int i = 0; i < sizeof(plateaus) / sizeof(plateaus[0]); i++)
		if (plateaus[i] < length)
			return plateaus[i];
	return 68;
}

static void error_received(struct packet *p)
{
	const struct icmphdr *icmp = (struct icmphdr *)p->data;
	const struct iphdr *quoted = (struct iphdr *)(p->data + 8);
	struct icmp_report r = {.type = icmp->type, .code = icmp->code, .offender = p->src};
	uint32_t header;

	if (p->linear < 8 + sizeof(*quoted) || quoted->version != 4)
		return;
	header = quoted->ihl * 4;
	if (header < sizeof(*quoted) || p->linear < 8 + header + 8 ||
	    quoted->frag_off & htons(IP_OFFMASK))
		return;
	r.local = ip_from_v4(quoted->saddr);
	r.remote = ip_from_v4(quoted->daddr);
	r.protocol = quoted->protocol;
	r.payload = p->data + 8 + header;
	r.payload_len = p->linear - 8 - header;
	if (icmp->type == ICMP_DEST_UNREACH && icmp->code == ICMP_FRAG_NEEDED) {
		r.mtu = ntohs(icmp->un.frag.mtu);
		if (!r.mtu)
			r.mtu = plateau(ntohs(quoted->tot_len));
	}
	if (netif_addr_find(p->netif->stack, NULL, &r.local))
		icmp_report(p->netif->stack, p->netif, &r);
}

/* RFC 1122 3.2.2.2: only hosts, only from the router in use, only to a neighbour. */
static void redirect_received(struct packet *p)
{
	struct stack *stack = p->netif->stack;
	const struct icmphdr *icmp = (struct icmphdr *)p->data;
	const struct iphdr *quoted = (struct iphdr *)(p->data + 8);
	struct ip_addr gateway = ip_from_v4(icmp->un.gateway), dst;
	struct next_hop hop;

	if (p->linear < 8 + sizeof(*quoted) || !stack->settings.redirects ||
	    stack->settings.forwarding4)
		return;
	dst = ip_from_v4(quoted->daddr);
	if (route_lookup(stack, &dst, NULL, NULL, &hop) || hop.netif != p->netif ||
	    !ip_equal(&hop.addr, &p->src) || !route_on_link(stack, p->netif, &gateway) ||
	    netif_addr_find(stack, NULL, &gateway))
		return;
	struct route *old = route_find(stack, &dst, 128, NULL, p->netif);

	if (old && old->origin == ROUTE_REDIRECT)
		route_remove(old);
	struct route_spec spec = {.dst = dst,
				  .plen = 128,
				  .nexthop = gateway,
				  .netif = p->netif,
				  .origin = ROUTE_REDIRECT,
				  .lifetime_ns = 600 * NSEC_PER_SEC};

	route_add(stack, &spec, NULL);
}

void icmp4_redirect(struct packet *cause, const struct ip_addr *gateway)
{
	struct stack *stack = cause->netif->stack;
	struct ip_options options = {.netif = cause->netif};
	uint32_t quote = cause->len < 548 ? cause->len : 548;
	struct packet *p = packet_new(PACKET_HEADROOM, 8 + quote);
	struct icmphdr *icmp;

	if (!p)
		return;
	icmp = packet_put(p, 8);
	*icmp = (struct icmphdr){
		.type = ICMP_REDIRECT, .code = ICMP_REDIR_HOST, .un.gateway = gateway->addr[3]};
	packet_copy(cause, 0, packet_put(p, quote), quote);
	icmp->checksum = checksum_fold(packet_sum(p, 0));
	COUNT(stack, icmp_out);
	ip_output(stack, p, &ip_addr_any, &cause->src, IPPROTO_ICMP, &options);
}

void icmp4_input(struct packet *p)
{
	const struct icmphdr *icmp = (struct icmphdr *)p->data;

	COUNT(p->netif->stack, icmp_in);
	if (p->linear >= sizeof(*icmp) &&
	    (p->checksum != CHECKSUM_NONE || !checksum_fold(packet_sum(p, 0)))) {
		switch (icmp->type) {
		case ICMP_ECHO:
			echo(p);
			break;
		case ICMP_DEST_UNREACH:
		case ICMP_TIME_EXCEEDED:
		case ICMP_PARAMETERPROB:
			error_received(p);
			break;
		case ICMP_REDIRECT:
			redirect_received(p);
			break;
		}
	}
	packet_free(p);
}
