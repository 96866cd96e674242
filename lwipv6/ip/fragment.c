/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fragmentation: IPv4 in hosts and routers unless DF, IPv6 in the sending host only. A packet whose
 * checksum was left to the link gets it here, because the link sees only pieces.
 */
#include <errno.h>
#include "lwipv6/core/checksum.h"
#include "lwipv6/ip/icmp.h"
#include "lwipv6/link/gso.h"

static int fragment4(struct stack *stack, struct packet *p, const struct next_hop *hop,
		     uint32_t mtu)
{
	const struct iphdr *ip = (struct iphdr *)p->data;
	uint32_t header = ip->ihl * 4, step = (mtu - header) & ~7u, payload = p->len - header;
	uint16_t was = ntohs(ip->frag_off);

	for (uint32_t at = 0; at < payload; at += step) {
		uint32_t n = payload - at < step ? payload - at : step;
		struct packet *f = packet_new(PACKET_HEADROOM, header + n);
		struct iphdr *fip;

		if (!f) {
			COUNT(stack, memory_failures);
			packet_free(p);
			return -ENOBUFS;
		}
		fip = packet_put(f, header);
		memcpy(fip, ip, header);
		packet_copy(p, header + at, packet_put(f, n), n);
		fip->tot_len = htons(header + n);
		fip->frag_off = htons((was & ~IP_OFFMASK) | ((was & IP_OFFMASK) + at / 8) |
				      (at + n < payload ? IP_MF : 0));
		fip->check = 0;
		fip->check = checksum_fold(checksum_add(0, fip, header));
		f->network = packet_headroom(f);
		f->protocol = ETH_P_IP;
		f->checksum = CHECKSUM_VALID;
		COUNT(stack, ip_out);
		neighbour_output(hop->netif, &hop->addr, f);
	}
	COUNT(stack, ip_fragmented);
	packet_free(p);
	return 0;
}

static int fragment6(struct stack *stack, struct packet *p, const struct next_hop *hop,
		     uint32_t mtu)
{
	uint32_t header = sizeof(struct ip6_hdr), step, payload, id = random_u64(&stack->random);
	uint8_t next = ((struct ip6_hdr *)p->data)->ip6_nxt;

	if (mtu < IP_MIN_MTU6)
		mtu = IP_MIN_MTU6;
	step = (mtu - header - 8) & ~7u;
	payload = p->len - header;
	for (uint32_t at = 0; at < payload; at += step) {
		uint32_t n = payload - at < step ? payload - at : step;
		struct packet *f = packet_new(PACKET_HEADROOM, header + 8 + n);
		struct ip6_hdr *ip;
		uint8_t *frag;

		if (!f) {
			COUNT(stack, memory_failures);
			packet_free(p);
			return -ENOBUFS;
		}
		ip = packet_put(f, header);
		memcpy(ip, p->data, header);
		ip->ip6_plen = htons(8 + n);
		ip->ip6_nxt = IPPROTO_FRAGMENT;
		frag = packet_put(f, 8);
		frag[0] = next;
		frag[1] = 0;
		*(uint16_t *)(frag + 2) = htons(at | (at + n < payload));
		*(uint32_t *)(frag + 4) = htonl(id);
		packet_copy(p, header + at, packet_put(f, n), n);
		f->network = packet_headroom(f);
		f->protocol = ETH_P_IPV6;
		f->checksum = CHECKSUM_VALID;
		COUNT(stack, ip_out);
		neighbour_output(hop->netif, &hop->addr, f);
	}
	COUNT(stack, ip_fragmented);
	packet_free(p);
	return 0;
}

int ip_fragment(struct stack *stack, struct packet *p, const struct next_hop *hop, uint32_t mtu)
{
	bool v4 = p->protocol == ETH_P_IP;

	if (p->checksum == CHECKSUM_PARTIAL)
		gso_finish_checksum(p);
	if (v4 && !(((struct iphdr *)p->data)->frag_off & htons(IP_DF)))
		return fragment4(stack, p, hop, mtu);
	/* What came in pieces goes on in pieces: hooks had it put together. */
	if (!v4 && !p->dont_fragment &&
	    (!p->forwarded ||
	     (p->reassembled && ((struct ip6_hdr *)p->data)->ip6_nxt == p->next_header)))
		return fragment6(stack, p, hop, mtu);
	if (p->forwarded)
		icmp_error(p, ICMP_CAUSE_TOO_BIG, mtu);
	packet_free(p);
	return -EMSGSIZE;
}
