/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decoding of a segment: header fields to host order, options by kind; malformed options end the
 * list. */
#include <string.h>
#include "lwipv6/tcp/tcp.h"

#define OPT_END	      0
#define OPT_NOP	      1
#define OPT_MSS	      2
#define OPT_WSCALE    3
#define OPT_SACK_OK   4
#define OPT_SACK      5
#define OPT_TIMESTAMP 8

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return ntohl(v);
}

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void parse_option(struct tcp_segment *seg, const uint8_t *o, uint8_t len)
{
	bool syn = seg->flags & TH_SYN;

	switch (o[0]) {
	case OPT_MSS:
		if (len == 4 && syn && get16(o + 2)) {
			seg->has_mss = true;
			seg->mss = get16(o + 2);
		}
		break;
	case OPT_WSCALE:
		if (len == 3 && syn) {
			seg->has_wscale = true;
			seg->wscale = o[2] > 14 ? 14 : o[2]; /* RFC 7323 2.3 */
		}
		break;
	case OPT_SACK_OK:
		if (len == 2 && syn)
			seg->sack_permitted = true;
		break;
	case OPT_SACK:
		if (len < 10 || (len - 2) % 8)
			break;
		for (int i = 0; i < (len - 2) / 8 && seg->nsack < TCP_SACK_BLOCKS; i++) {
			seg->sack[seg->nsack].start = get32(o + 2 + 8 * i);
			seg->sack[seg->nsack].end = get32(o + 6 + 8 * i);
			seg->nsack++;
		}
		break;
	case OPT_TIMESTAMP:
		if (len == 10) {
			seg->has_timestamp = true;
			seg->tsval = get32(o + 2);
			seg->tsecr = get32(o + 6);
		}
		break;
	}
}

bool tcp_parse(struct tcp_segment *seg, struct packet *p)
{
	const struct tcphdr *h = (struct tcphdr *)p->data;
	uint32_t header;
	const uint8_t *o;

	if (p->linear < sizeof(*h))
		return false;
	header = h->doff * 4;
	if (header < sizeof(*h) || header > p->linear)
		return false;
	*seg = (struct tcp_segment){
		.packet = p,
		.seq = ntohl(h->seq),
		.ack = ntohl(h->ack_seq),
		.window = ntohs(h->window),
		.urgent = ntohs(h->urg_ptr),
		.flags = h->th_flags,
		.ce = (p->traffic_class & 3) == 3,
		.len = p->len - header,
	};
	o = p->data + sizeof(*h);
	for (uint32_t left = header - sizeof(*h); left;) {
		if (o[0] == OPT_END)
			break;
		if (o[0] == OPT_NOP) {
			o++;
			left--;
			continue;
		}
		if (left < 2 || o[1] < 2 || o[1] > left)
			break;
		parse_option(seg, o, o[1]);
		left -= o[1];
		o += o[1];
	}
	return true;
}
