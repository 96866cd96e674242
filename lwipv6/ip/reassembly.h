/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reassembly (RFC 791, 815, 8200 4.5, 5722, 3128). All fragments waiting in a stack share
 * REASSEMBLY_BYTES and REASSEMBLY_PACKETS. When these would be exceeded, a sender that holds more
 * than a quarter of them makes room itself; else the oldest incomplete packet goes. Overlapping
 * fragments drop the whole packet. v4 packets wait 30 s, v6 packets 60 s.
 */
#ifndef LWIPV6_IP_REASSEMBLY_H
#define LWIPV6_IP_REASSEMBLY_H

#include "lwipv6/core/list.h"
#include <stdint.h>

struct packet;
struct stack;

#define REASSEMBLY_BYTES   (4u << 20)
#define REASSEMBLY_PACKETS 512

struct reassembly {
	struct list queues; /* oldest first */
	unsigned int count;
	uint32_t bytes;
};

void reassembly_init(struct reassembly *r);
void reassembly_clear(struct stack *stack);
/*
 * A fragment whose payload is at @p->data; @header is what precedes the payload in the result.
 * Returns the whole packet, header in front and lengths fixed, when this one completed it. Takes
 * @p.
 */
struct fragment_info {
	uint32_t id;
	uint32_t offset; /* of the payload, bytes */
	bool more;
	uint8_t protocol;    /* what follows the fragment header */
	uint32_t header_len; /* bytes before the payload: v4 header, or v6 unfragmentable part */
	uint16_t next_header_at; /* v6: offset of the next header byte to patch */
};
struct packet *reassembly_add(struct packet *p, const struct fragment_info *info);

#endif
