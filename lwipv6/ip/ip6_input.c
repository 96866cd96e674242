/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * IPv6 input (RFC 8200): header checks, the chain of extension headers, reassembly, for us or not.
 *
 * walk() goes along the chain. It is run twice: find_transport() looks without acting, so that
 * hooks and forwarding know the protocol; process() acts on what is addressed to us.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include "lwipv6/ip/group.h"
#include "lwipv6/ip/icmp.h"

#define IP6_NO_NEXT	 59
#define OPT_PAD1	 0
#define OPT_ROUTER_ALERT 5
#define MAX_HEADERS	 16

static bool addresses_good(const struct packet *p)
{
	struct netif *n = p->netif;

	if (ip_is_multicast(&p->src) || ip_is_any(&p->dst) || ip_is_v4(&p->src) ||
	    ip_is_v4(&p->dst))
		return false;
	if (n->kind != NETIF_LOOPBACK && (ip_is_loopback(&p->src) || ip_is_loopback(&p->dst)))
		return false;
	/* Interface-local and reserved scope from a link: RFC 4291 2.7. */
	if (ip_is_multicast(&p->dst) && n->kind != NETIF_LOOPBACK && ip_scope(&p->dst) <= 1)
		return false;
	if ((p->link_type == PACKET_BROADCAST || p->link_type == PACKET_MULTICAST) &&
	    !ip_is_multicast(&p->dst))
		return false;
	return true;
}

/* Options of a hop-by-hop or destination header at @at; true when the packet goes on. */
static bool options_good(struct packet *p, uint32_t at, uint32_t len)
{
	const uint8_t *o = p->data + at;
	uint32_t i = 2;

	while (i < len) {
		if (o[i] == OPT_PAD1) {
			i++;
			continue;
		}
		if (i + 2 > len || i + 2 + o[i + 1] > len) {
			icmp_error(p, ICMP_CAUSE_HEADER, at + i);
			return false;
		}
		if (o[i] == OPT_ROUTER_ALERT && o[i + 1] == 2) {
			p->router_alert = 1;
		} else if (o[i] != 1) { /* PadN */
			switch (o[i] >> 6) {
			case 1:
				return false;
			case 3:
				if (ip_is_multicast(&p->dst))
					return false;
				/* fall through */
			case 2:
				icmp_error(p, ICMP_CAUSE_OPTION, at + i);
				return false;
			}
		}
		i += 2 + o[i + 1];
	}
	return true;
}

/* The length of the extension header at @at, or 0 when it is not whole in the packet. */
static uint32_t header_length(const struct packet *p, uint32_t at, uint8_t kind)
{
	uint32_t len;

	if (at + 8 > p->linear)
		return 0;
	len = kind == IPPROTO_FRAGMENT ? 8 : p->data[at + 1] * 8 + 8;
	return at + len <= p->linear ? len : 0;
}

static bool is_extension(uint8_t kind)
{
	return kind == IPPROTO_HOPOPTS || kind == IPPROTO_ROUTING || kind == IPPROTO_FRAGMENT ||
	       kind == IPPROTO_DSTOPTS;
}

/* Find the transport header; false when the chain is cut. Sets next_header and transport. */
static bool find_transport(struct packet *p)
{
	const struct ip6_hdr *ip = (struct ip6_hdr *)p->data;
	uint8_t kind = ip->ip6_nxt;
	uint32_t at = sizeof(*ip), len;

	while (is_extension(kind)) {
		len = header_length(p, at, kind);
		if (!len)
			return false;
		if (kind == IPPROTO_FRAGMENT && ntohs(*(uint16_t *)(p->data + at + 2)) & 0xfff8) {
			kind = IPPROTO_FRAGMENT; /* not the first: nothing more to see */
			break;
		}
		kind = p->data[at];
		at += len;
	}
	p->next_header = kind;
	p->transport = p->network + at;
	return true;
}

static bool for_us(struct packet *p)
{
	if (ip_is_multicast(&p->dst)) {
		struct group *g;

		if (ip_equal(&p->dst, &ip_all_nodes))
			return true;
		g = group_find(p->netif, &p->dst);
		return g && group_accepts(g, &p->src);
	}
	if (ip_is_linklocal(&p->dst))
		return netif_addr_find(p->netif->stack,
				       p->netif->kind == NETIF_LOOPBACK ? NULL : p->netif, &p->dst);
	return netif_addr_find(p->netif->stack, NULL, &p->dst);
}

/* RFC 7112: all headers up to the transport's must stand in the first fragment. */
static bool first_fragment_whole(const struct packet *p, uint8_t kind, uint32_t at)
{
	while (is_extension(kind)) {
		uint32_t len = header_length(p, at, kind);

		if (!len || at + len >= p->len)
			return false;
		kind = p->data[at];
		at += len;
	}
	switch (kind) {
	case IPPROTO_TCP:
		return at + 20 <= p->len;
	case IPPROTO_UDP:
	case IPPROTO_ICMPV6:
		return at + 8 <= p->len;
	}
	return true;
}

/* The fragment header at @at; the whole packet when this was the last piece, else NULL. */
static struct packet *reassemble(struct packet *p, uint32_t at, uint16_t next_header_at)
{
	const uint8_t *h = p->data + at;
	uint16_t field = ntohs(*(uint16_t *)(h + 2));
	struct fragment_info info = {
		.id = ntohl(*(uint32_t *)(h + 4)),
		.offset = field & 0xfff8,
		.more = field & 1,
		.protocol = h[0],
		.header_len = at,
		.next_header_at = next_header_at,
	};

	if (info.more && (p->len - at - 8) % 8) {
		icmp_error(p, ICMP_CAUSE_HEADER, offsetof(struct ip6_hdr, ip6_plen));
		packet_free(p);
		return NULL;
	}
	if (!info.offset && !first_fragment_whole(p, info.protocol, at + 8)) {
		icmp_error(p, ICMP_CAUSE_HEADER, at);
		packet_free(p);
		return NULL;
	}
	packet_pull(p, at + 8);
	return reassembly_add(p, &info);
}

static void describe(struct packet *p)
{
	const struct ip6_hdr *ip = (struct ip6_hdr *)p->data;
	uint32_t flow = ntohl(ip->ip6_flow);

	p->protocol = ETH_P_IPV6;
	p->network = packet_headroom(p);
	p->src = ip_from_in6(&ip->ip6_src);
	p->dst = ip_from_in6(&ip->ip6_dst);
	p->hop_limit = ip->ip6_hlim;
	p->traffic_class = flow >> 20;
	p->flow_label = flow & 0xfffff;
	p->next_header = ip->ip6_nxt;
	p->transport = p->network + sizeof(*ip);
}

/*
 * Act on the chain of a packet for us. Returns the packet to deliver, with next_header and
 * transport set, or NULL. A reassembled packet starts again behind the headers already done.
 */
static struct packet *process(struct packet *p)
{
	uint32_t at = sizeof(struct ip6_hdr), kind_at = offsetof(struct ip6_hdr, ip6_nxt), len;
	unsigned int headers = 0;
	uint8_t kind = p->data[kind_at];

	while (is_extension(kind)) {
		len = header_length(p, at, kind);
		if (!len || ++headers > MAX_HEADERS)
			goto drop;
		switch (kind) {
		case IPPROTO_HOPOPTS:
			if (at != sizeof(struct ip6_hdr)) { /* only directly behind the header */
				icmp_error(p, ICMP_CAUSE_PROTOCOL, kind_at);
				goto drop;
			}
			break; /* options were seen before */
		case IPPROTO_DSTOPTS:
			if (!options_good(p, at, len))
				goto drop;
			break;
		case IPPROTO_ROUTING:
			/* RFC 5095 and 8200 4.4: no type is processed here. */
			if (p->data[at + 3]) {
				icmp_error(p, ICMP_CAUSE_HEADER, at + 2);
				goto drop;
			}
			break;
		case IPPROTO_FRAGMENT:
			p = reassemble(p, at, kind_at);
			if (!p)
				return NULL;
			kind = p->data[kind_at];
			continue;
		}
		kind_at = at;
		kind = p->data[at];
		at += len;
	}
	p->next_header = kind;
	p->transport = p->network + at;
	p->mark = kind_at; /* where an unknown protocol is reported */
	return p;
drop:
	COUNT(p->netif->stack, ip_dropped);
	packet_free(p);
	return NULL;
}

static bool header_good(struct packet *p)
{
	const struct ip6_hdr *ip = (struct ip6_hdr *)p->data;
	uint32_t total;

	if (p->linear < sizeof(*ip) || ip->ip6_vfc >> 4 != 6)
		return false;
	total = sizeof(*ip) + ntohs(ip->ip6_plen);
	/* A super-segment may be longer than the field can say. */
	if (p->gso_size && !ip->ip6_plen)
		total = p->len;
	if (total > p->len)
		return false;
	packet_trim(p, total);
	return true;
}

void ip6_input(struct packet *p)
{
	struct stack *stack = p->netif->stack;
	bool hooked = !list_empty(&stack->hooks.point[HOOK_PRE_ROUTING]);

	COUNT(stack, ip_in);
	if (!header_good(p)) {
		COUNT(stack, ip_header_errors);
		packet_free(p);
		return;
	}
	describe(p);
	if (!addresses_good(p))
		goto drop;
	if (p->next_header == IPPROTO_HOPOPTS) {
		uint32_t len = header_length(p, sizeof(struct ip6_hdr), IPPROTO_HOPOPTS);

		if (!len || !options_good(p, sizeof(struct ip6_hdr), len))
			goto drop;
	}
	bool local = for_us(p);

	if (local || hooked) {
		/* With hooks every packet is made whole first; process() then is the look-ahead
		 * too. */
		if (local || (find_transport(p), p->next_header == IPPROTO_FRAGMENT)) {
			p = process(p);
			if (!p)
				return;
		}
		if (hooked) {
			if (!hook_run(stack, HOOK_PRE_ROUTING, p, p->netif, NULL))
				return;
			local = for_us(p);
		}
	}
	if (!local) {
		find_transport(p);
		ip_forward(p);
		return;
	}
	if (hook_run(stack, HOOK_LOCAL_IN, p, p->netif, NULL))
		ip_deliver(p);
	return;
drop:
	COUNT(stack, ip_dropped);
	packet_free(p);
}
