/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets.
 *
 *   struct packet |  room: headroom | linear bytes | tailroom |     frags[0] frags[1] ...
 *                                   ^ data .. data+linear            slices of shared buffers
 *
 * A packet owns its room and holds references on the buffers of its frags; len counts both. Headers
 * are always in the linear part; a large payload (TCP's send queue, the tail of a 64 KiB frame) is
 * in frags and is never copied on its way. A packet has one owner: functions that take a packet
 * free it unless they say otherwise. Buffers are counted atomically, because a pair of stacks or
 * an application may hold one; packets are touched under one stack's lock.
 *
 * A packet may be larger than its link's MTU: then gso_size is the payload of each TCP segment, and
 * the interface either passes it on (virtio-net header) or cuts it (gso.c) just before the wire.
 */
#ifndef LWIPV6_CORE_PACKET_H
#define LWIPV6_CORE_PACKET_H

#include <stdint.h>
#include <sys/uio.h>
#include "lwipv6/core/address.h"
#include "lwipv6/core/list.h"

struct netif;

#define PACKET_FRAGS	24
#define PACKET_HEADROOM 128  /* link + IPv6 + extension headers + TCP options, from ip output up */
#define PACKET_FRAME	2048 /* room for an ordinary frame */
#define PACKET_MAX	(65535 + 64)

struct buffer {
	int refs;
	uint32_t size;
	void (*release)(void *base, void *arg); /* memory lent by the application, else NULL */
	void *release_arg;
	uint8_t *base;
};

struct frag {
	struct buffer *buffer;
	uint32_t offset, len;
};

enum packet_checksum {
	CHECKSUM_NONE,	 /* in: not verified. out: complete as it is */
	CHECKSUM_VALID,	 /* in: verified, or from inside this machine */
	CHECKSUM_PARTIAL /* out: the transport field holds the pseudo-header sum; finish at
			    checksum_start */
};

struct packet {
	struct list node;
	struct netif *netif; /* in: received on; out: goes out on; not valid in a socket's queue */
	int ifindex;	     /* in: of netif */
	uint8_t *data;
	uint32_t len;	 /* bytes from data on, linear and frags */
	uint32_t linear; /* of these, bytes in the room */
	uint32_t room;	 /* size of room[] */
	uint16_t nfrags;
	uint8_t checksum;  /* enum packet_checksum */
	uint8_t link_type; /* in: PACKET_HOST, _BROADCAST, _MULTICAST, _OTHERHOST as
			      <linux/if_packet.h> */
	uint16_t gso_size; /* TCP payload of each segment; 0 = one packet */
	uint16_t gso_segs;
	uint16_t checksum_start,
		checksum_offset;	  /* from the network header, for CHECKSUM_PARTIAL */
	uint16_t protocol;		  /* ethertype, host order */
	int16_t link, network, transport; /* offsets of the headers in room[]; -1 unknown */
	uint8_t next_header;		  /* of the transport header */
	uint8_t hop_limit, traffic_class;
	uint8_t forwarded : 1, fragmented : 1, locally_made : 1, reassembled : 1, dont_fragment : 1,
		router_alert : 1, hairpin : 1; /* NAT: mark is the outside interface */
	uint32_t flow_label;
	uint32_t mark;		 /* free for filter and NAT */
	struct ip_addr src, dst; /* after ip input, before ip output */
	uint64_t time;		 /* arrival, stack_now() */
	struct frag frags[PACKET_FRAGS];
	uint8_t room_bytes[];
};

/* NULL when memory is short. The packet is empty and data stands after @headroom bytes. */
struct packet *packet_new(uint32_t headroom, uint32_t size);
void packet_free(struct packet *p);
void packet_list_free(struct list *packets);
/* A copy with its linear bytes copied and its frags shared. */
struct packet *packet_clone(const struct packet *p);
/* A copy whose bytes are all linear, @headroom bytes before them, or NULL. */
struct packet *packet_flatten(const struct packet *p, uint32_t headroom);

static inline uint32_t packet_headroom(const struct packet *p)
{
	return p->data - p->room_bytes;
}

static inline uint32_t packet_tailroom(const struct packet *p)
{
	return p->room - packet_headroom(p) - p->linear;
}

static inline uint8_t *packet_at(const struct packet *p, int offset)
{
	return (uint8_t *)p->room_bytes + offset;
}

/* Prepend @n bytes; the room must be there (packet_headroom()). Returns the new data. */
static inline void *packet_push(struct packet *p, uint32_t n)
{
	p->data -= n;
	p->linear += n;
	p->len += n;
	return p->data;
}

/* Drop @n bytes in front, frags included. */
void packet_pull(struct packet *p, uint32_t n);
/* Append @n linear bytes; only without frags and within packet_tailroom(). */
static inline void *packet_put(struct packet *p, uint32_t n)
{
	void *at = p->data + p->linear;

	p->linear += n;
	p->len += n;
	return at;
}
/* Keep the first @len bytes. */
void packet_trim(struct packet *p, uint32_t len);
/* Append a slice of a buffer, taking a reference; false when all frags are used. */
bool packet_add_frag(struct packet *p, struct buffer *b, uint32_t offset, uint32_t len);
/* Bytes [@offset, @offset + @len) of the packet to @to. */
void packet_copy(const struct packet *p, uint32_t offset, void *to, uint32_t len);
/* The packet as an iovec; returns the number of entries, at most PACKET_FRAGS + 1. */
int packet_iovec(const struct packet *p, struct iovec *iov);
/* Memory the packet keeps from being freed, for the limits of queues. */
uint32_t packet_truesize(const struct packet *p);
/* One's complement sum (not inverted) of the bytes from @offset to the end. */
uint32_t packet_sum(const struct packet *p, uint32_t offset);

struct buffer *buffer_new(uint32_t size);
/* Wrap memory of the caller; @release(base, arg) is called when the last reference goes. */
struct buffer *buffer_wrap(void *base, uint32_t size, void (*release)(void *, void *), void *arg);
struct buffer *buffer_get(struct buffer *b);
void buffer_put(struct buffer *b);

#endif
