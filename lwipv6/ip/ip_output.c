/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * IP output: choose route and source, build the header, pass the hooks, send or fragment. Packets
 * to our own addresses and copies of multicasts that we are members of come back by ip_loop_back().
 */
#include <errno.h>
#include "lwipv6/core/checksum.h"
#include "lwipv6/ip/group.h"
#include "lwipv6/ip/icmp.h"

#define RECORD_ALERT "\x94\x04\0\0" /* RFC 2113 router alert */

static void build4(struct stack *stack, struct packet *p, const struct ip_options *o,
		   const struct next_hop *hop)
{
	uint32_t header = sizeof(struct iphdr) + (o->router_alert ? 4 : 0);
	struct iphdr *ip = packet_push(p, header);

	memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = header / 4;
	ip->tos = o->traffic_class;
	ip->tot_len = htons(p->len > 65535 ? 0 : p->len);
	ip->frag_off = o->dont_fragment ? htons(IP_DF) : 0;
	/* RFC 6864: only what may be fragmented needs an identification. */
	ip->id = o->dont_fragment ? 0 : random_u64(&stack->random);
	ip->ttl = p->hop_limit;
	ip->protocol = p->next_header;
	ip->saddr = p->src.addr[3];
	ip->daddr = p->dst.addr[3];
	if (o->router_alert)
		memcpy(ip + 1, RECORD_ALERT, 4);
	ip->check = checksum_fold(checksum_add(0, ip, header));
	p->protocol = ETH_P_IP;
}

static void build6(struct packet *p, const struct ip_options *o)
{
	uint8_t next = p->next_header;
	uint32_t payload;
	struct ip6_hdr *ip;

	if (o->router_alert) { /* RFC 2711, value 0: MLD */
		static const uint8_t alert[8] = {0, 0, 5, 2, 0, 0, 1, 0};
		uint8_t *hbh = packet_push(p, sizeof(alert));

		memcpy(hbh, alert, sizeof(alert));
		hbh[0] = next;
		next = IPPROTO_HOPOPTS;
	}
	payload = p->len;
	ip = packet_push(p, sizeof(*ip));
	ip->ip6_flow =
		htonl(6u << 28 | (uint32_t)o->traffic_class << 20 | (o->flow_label & 0xfffff));
	ip->ip6_plen = htons(payload > 65535 ? 0 : payload);
	ip->ip6_nxt = next;
	ip->ip6_hlim = p->hop_limit;
	memcpy(&ip->ip6_src, &p->src, 16);
	memcpy(&ip->ip6_dst, &p->dst, 16);
	p->protocol = ETH_P_IPV6;
}

int ip_send(struct stack *stack, struct packet *p, const struct next_hop *hop, uint32_t mtu)
{
	struct netif *out = hop->netif;

	p->netif = out;
	if (!list_empty(&stack->hooks.point[HOOK_POST_ROUTING]) &&
	    !hook_run(stack, HOOK_POST_ROUTING, p, NULL, out))
		return 0;
	if (out->kind == NETIF_LOOPBACK) {
		ip_loop_back(stack, p, out);
		return 0;
	}
	if (p->len > mtu && !p->gso_size)
		return ip_fragment(stack, p, hop, mtu);
	COUNT(stack, ip_out);
	neighbour_output(out, &hop->addr, p);
	return 0;
}

/* A copy of a multicast or broadcast for members on this host. */
static void copy_to_self(struct stack *stack, const struct packet *p, struct netif *out)
{
	struct packet *copy = packet_clone(p);

	if (copy)
		ip_loop_back(stack, copy, out);
	else
		COUNT(stack, memory_failures);
}

int ip_output_hop(struct stack *stack, struct packet *p, const struct ip_addr *src,
		  const struct ip_addr *dst, uint8_t protocol, const struct ip_options *o,
		  const struct next_hop *hop)
{
	bool v4 = ip_is_v4(dst), multicast = ip_is_multicast(dst);
	struct next_hop rerouted;
	uint32_t mtu;

	p->src = *src;
	p->dst = *dst;
	p->next_header = protocol;
	p->transport = packet_headroom(p);
	p->hop_limit = o->hop_limit ? o->hop_limit
		       : v4	    ? stack->settings.default_ttl
				    : hop->netif->hop_limit;
	p->traffic_class = o->traffic_class;
	p->locally_made = 1;
	/* IPv6 counts its payload, IPv4 the whole packet. */
	if (p->len + (v4 ? sizeof(struct iphdr) + (o->router_alert ? 4 : 0)
			 : (o->router_alert ? 8 : 0)) >
		    UINT16_MAX &&
	    !p->gso_size) {
		packet_free(p);
		return -EMSGSIZE;
	}
	if (v4)
		build4(stack, p, o, hop);
	else
		build6(p, o);
	p->network = packet_headroom(p);
	if (p->checksum == CHECKSUM_PARTIAL)
		p->checksum_start += p->transport - p->network;
	p->dont_fragment = o->dont_fragment;
	if (!list_empty(&stack->hooks.point[HOOK_LOCAL_OUT])) {
		if (!hook_run(stack, HOOK_LOCAL_OUT, p, NULL, hop->netif))
			return 0;
		if (!ip_equal(&p->dst, dst)) {
			int error = route_lookup(stack, &p->dst, NULL, NULL, &rerouted);

			if (error) {
				packet_free(p);
				return error;
			}
			hop = &rerouted;
			if (netif_addr_find(stack, NULL, &p->dst))
				rerouted.netif = stack->loopback;
		}
	}
	mtu = o->ignore_path_mtu ? hop->netif->mtu : path_mtu(stack, hop->netif, &p->dst);
	if (o->dont_fragment && p->len > mtu && !p->gso_size) {
		packet_free(p);
		return -EMSGSIZE;
	}
	if (hop->netif->kind != NETIF_LOOPBACK &&
	    ((multicast && o->multicast_loop && group_find(hop->netif, dst)) ||
	     (!multicast && netif_is_broadcast(hop->netif, dst))))
		copy_to_self(stack, p, hop->netif);
	return ip_send(stack, p, hop, mtu);
}

int ip_output(struct stack *stack, struct packet *p, const struct ip_addr *src,
	      const struct ip_addr *dst, uint8_t protocol, const struct ip_options *o)
{
	struct ip_addr chosen = *src;
	struct next_hop hop;
	int error = 0;

	if (netif_addr_find(stack, ip_needs_zone(dst) ? o->netif : NULL, dst)) {
		hop = (struct next_hop){.netif = stack->loopback, .addr = *dst};
		if (ip_is_any(&chosen))
			chosen = *dst;
	} else {
		error = route_lookup(stack, dst, o->netif, src, &hop);
	}
	/* With the interface forced, 0.0.0.0 and :: may be meant (DHCP, duplicate detection). */
	if (!error && ip_is_any(&chosen) && !o->any_source) {
		if (hop.route && !ip_is_any(&hop.route->source) &&
		    netif_addr_find(stack, NULL, &hop.route->source) && ip_is_v4(dst))
			chosen = hop.route->source;
		else if (!source_select(stack, hop.netif, dst, &chosen))
			error = -EADDRNOTAVAIL;
	}
	if (error) {
		COUNT(stack, ip_no_route);
		packet_free(p);
		return error;
	}
	if (ip_is_v4(dst) && ip_is_any(&chosen))
		chosen = ip_v4_any;
	return ip_output_hop(stack, p, &chosen, dst, protocol, o, &hop);
}

uint32_t flow_label(struct stack *stack, const struct ip_addr *src, const struct ip_addr *dst,
		    uint16_t sport, uint16_t dport, uint8_t protocol)
{
	struct {
		struct ip_addr src, dst;
		uint16_t sport, dport;
		uint32_t protocol;
	} flow = {*src, *dst, sport, dport, protocol};
	uint32_t label = siphash(stack->random.key, &flow, sizeof(flow)) & 0xfffff;

	return label ? label : 1;
}
