/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Segmentation in software. Headers are copied for each segment, the payload is shared. What
 * differs between segments: IP length and identification, TCP sequence, FIN and PSH (last), CWR
 * (first).
 */
#include "lwipv6/link/gso.h"
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include "lwipv6/core/checksum.h"

#define TH_CWR_BIT 0x80

void gso_finish_checksum(struct packet *p)
{
	uint32_t start = p->network - (int)packet_headroom(p) + p->checksum_start;
	uint16_t sum = checksum_fold(packet_sum(p, start));
	uint8_t *field = p->data + start + p->checksum_offset;

	if (!sum && p->next_header == IPPROTO_UDP)
		sum = 0xffff;
	memcpy(field, &sum, 2);
	p->checksum = CHECKSUM_VALID;
}

/* Append bytes [@at, @at + @len) of @p to @s by reference, or copied when they are linear. */
static bool share(struct packet *s, const struct packet *p, uint32_t at, uint32_t len)
{
	if (at < p->linear) {
		uint32_t n = p->linear - at < len ? p->linear - at : len;

		memcpy(packet_put(s, n), p->data + at, n);
		at += n;
		len -= n;
	}
	uint32_t base = p->linear;

	for (int i = 0; i < p->nfrags && len; i++) {
		const struct frag *f = &p->frags[i];

		if (at < base + f->len) {
			uint32_t skip = at - base, n = f->len - skip < len ? f->len - skip : len;

			if (!packet_add_frag(s, f->buffer, f->offset + skip, n))
				return false;
			at += n;
			len -= n;
		}
		base += f->len;
	}
	return !len;
}

static void fix_headers(struct packet *s, const struct packet *p, uint32_t index, uint32_t payload,
			bool last)
{
	uint32_t network = p->network - (int)packet_headroom(p);
	uint32_t transport = p->transport - (int)packet_headroom(p);
	struct tcphdr *tcp = (struct tcphdr *)(s->data + transport);
	uint32_t tcp_len = s->len - transport;
	struct ip_addr src, dst;

	if (s->data[network] >> 4 == 4) {
		struct iphdr *ip = (struct iphdr *)(s->data + network);

		ip->tot_len = htons(s->len - network);
		ip->id = htons(ntohs(ip->id) + index);
		ip->check = 0;
		ip->check = checksum_fold(checksum_add(0, ip, ip->ihl * 4));
		src = ip_from_v4(ip->saddr);
		dst = ip_from_v4(ip->daddr);
	} else {
		struct ip6_hdr *ip = (struct ip6_hdr *)(s->data + network);

		ip->ip6_plen = htons(s->len - network - sizeof(*ip));
		src = ip_from_in6(&ip->ip6_src);
		dst = ip_from_in6(&ip->ip6_dst);
	}
	tcp->seq = htonl(ntohl(tcp->seq) + index * payload);
	if (!last)
		tcp->th_flags &= ~(TH_FIN | TH_PUSH);
	if (index)
		tcp->th_flags &= ~TH_CWR_BIT;
	/* The pseudo-header sum, as CHECKSUM_PARTIAL wants it. */
	tcp->check = ~checksum_fold(checksum_pseudo(&src, &dst, IPPROTO_TCP, tcp_len));
	s->checksum = CHECKSUM_PARTIAL;
	s->checksum_start = transport - network;
	s->checksum_offset = offsetof(struct tcphdr, check);
}

bool gso_split(struct packet *p, struct list *out)
{
	uint32_t transport = p->transport - (int)packet_headroom(p);
	const struct tcphdr *tcp = (const struct tcphdr *)(p->data + transport);
	uint32_t headers = transport + tcp->doff * 4, size = p->gso_size, at = headers;
	bool good = p->linear >= headers;

	for (uint32_t index = 0; good && at < p->len; index++, at += size) {
		uint32_t n = p->len - at < size ? p->len - at : size;
		uint32_t linear = at < p->linear ? (p->linear - at < n ? p->linear - at : n) : 0;
		struct packet *s = packet_new(packet_headroom(p), headers + linear);

		if (!s || !(memcpy(packet_put(s, headers), p->data, headers), share(s, p, at, n))) {
			packet_free(s);
			good = false;
			break;
		}
		s->netif = p->netif;
		s->protocol = p->protocol;
		s->next_header = p->next_header;
		s->link = p->link;
		s->network = p->network;
		s->transport = p->transport;
		fix_headers(s, p, index, size, at + n == p->len);
		list_append(out, &s->node);
	}
	packet_free(p);
	return good;
}
