/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reassembly. A queue keeps its pieces sorted; the whole packet is built when the first and the
 * last are there and no byte is missing. See reassembly.h for the limits.
 */
#include "lwipv6/ip/reassembly.h"
#include <stdlib.h>
#include "lwipv6/core/checksum.h"
#include "lwipv6/ip/icmp.h"

#define V4_TIMEOUT (30 * NSEC_PER_SEC)
#define V6_TIMEOUT (60 * NSEC_PER_SEC)
#define V4_TINY	   8 /* RFC 3128: a first fragment must hold the ports */

struct reassembly_queue {
	struct list node;
	struct stack *stack;
	struct ip_addr src, dst;
	uint32_t id, total; /* total: payload length, 0 = last piece not seen */
	uint32_t received, memory;
	uint8_t protocol; /* v4 only: part of the key */
	bool v4, poisoned;
	uint8_t ecn;	    /* bit per ECN codepoint seen, RFC 3168 5.3 */
	struct list pieces; /* struct packet: mark = offset */
	struct timer timer;
};

void reassembly_init(struct reassembly *r)
{
	list_init(&r->queues);
}

static void queue_free(struct reassembly_queue *q)
{
	timer_cancel(&q->timer);
	list_remove(&q->node);
	q->stack->reassembly.count--;
	q->stack->reassembly.bytes -= q->memory;
	packet_list_free(&q->pieces);
	free(q);
}

void reassembly_clear(struct stack *stack)
{
	while (!list_empty(&stack->reassembly.queues))
		queue_free(list_first(&stack->reassembly.queues, struct reassembly_queue, node));
}

static void timed_out(struct stack *stack, struct timer *timer)
{
	struct reassembly_queue *q = container_of(timer, struct reassembly_queue, timer);
	struct packet *first = list_first(&q->pieces, struct packet, node);

	COUNT(stack, ip_reassembly_failed);
	/* Only who sent the first fragment is told: it alone can be quoted usefully. */
	if (first && !first->mark && !q->poisoned) {
		struct packet *quote = packet_clone(first);

		if (quote) {
			packet_push(quote, packet_headroom(quote) - quote->network);
			icmp_error(quote, ICMP_CAUSE_REASSEMBLY, 0);
			packet_free(quote);
		}
	}
	queue_free(q);
}

/*
 * Make room for what @src sends: by its own oldest packet when it holds more than a quarter of what
 * there is, so that one sender of first fragments does not push out those of others; else by the
 * oldest of all.
 */
static void make_room(struct reassembly *r, const struct ip_addr *src)
{
	struct reassembly_queue *q, *own = NULL;
	unsigned int count = 0;
	uint32_t bytes = 0;

	list_for_each_entry (q, &r->queues, node) {
		if (!ip_equal(&q->src, src))
			continue;
		if (!own)
			own = q;
		count++;
		bytes += q->memory;
	}
	if (count <= REASSEMBLY_PACKETS / 4 && bytes <= REASSEMBLY_BYTES / 4)
		own = list_first(&r->queues, struct reassembly_queue, node);
	queue_free(own);
}

static struct reassembly_queue *queue_find(struct packet *p, const struct fragment_info *info)
{
	struct stack *stack = p->netif->stack;
	struct reassembly *r = &stack->reassembly;
	bool v4 = p->protocol == ETH_P_IP;
	struct reassembly_queue *q;

	list_for_each_entry (q, &r->queues, node)
		if (q->id == info->id && q->v4 == v4 && ip_equal(&q->src, &p->src) &&
		    ip_equal(&q->dst, &p->dst) && (!v4 || q->protocol == info->protocol))
			return q;
	if (r->count >= REASSEMBLY_PACKETS) {
		COUNT(stack, ip_reassembly_failed);
		make_room(r, &p->src);
	}
	q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	q->stack = stack;
	q->src = p->src;
	q->dst = p->dst;
	q->id = info->id;
	q->protocol = info->protocol;
	q->v4 = v4;
	list_init(&q->pieces);
	list_append(&r->queues, &q->node);
	r->count++;
	timer_init(&q->timer, timed_out);
	timer_set(stack, &q->timer, stack->now + (v4 ? V4_TIMEOUT : V6_TIMEOUT));
	return q;
}

/* Put @p in its place; false when it overlaps what is there. Exact duplicates are dropped. */
static bool insert(struct reassembly_queue *q, struct packet *p)
{
	uint32_t start = p->mark, end = start + p->len;
	struct packet *at;

	list_for_each_entry (at, &q->pieces, node) {
		if (at->mark == start && at->len == p->len) {
			packet_free(p);
			return true;
		}
		if (start < at->mark + at->len && at->mark < end)
			return false;
		if (at->mark >= end)
			break;
	}
	list_insert(&at->node, &p->node);
	q->received += p->len;
	q->memory += packet_truesize(p);
	q->stack->reassembly.bytes += packet_truesize(p);
	q->ecn |= 1 << (p->traffic_class & 3);
	return true;
}

/* Drop the contents, but remember the packet so that its other pieces are dropped as well. */
static void poison(struct reassembly_queue *q)
{
	q->poisoned = true;
	packet_list_free(&q->pieces);
	q->stack->reassembly.bytes -= q->memory;
	q->memory = 0;
	COUNT(q->stack, ip_reassembly_failed);
}

static uint8_t merged_ecn(const struct reassembly_queue *q, uint8_t first)
{
	return q->ecn & 1 << 3 && !(q->ecn & 1 << 0) ? 3 : first;
}

static struct packet *assemble(struct reassembly_queue *q, const struct fragment_info *info)
{
	struct packet *first = list_first(&q->pieces, struct packet, node), *piece, *whole;
	uint32_t header = q->v4 ? ((struct iphdr *)packet_at(first, first->network))->ihl * 4
				: info->header_len;

	/* v6: the unfragmentable part is the first fragment's, without its fragment header. */
	if (!q->v4)
		header = first->data - packet_at(first, first->network) - 8;
	whole = packet_new(PACKET_HEADROOM, header + q->total);
	if (!whole) {
		COUNT(q->stack, memory_failures);
		queue_free(q);
		return NULL;
	}
	whole->netif = first->netif;
	whole->ifindex = first->ifindex;
	whole->link_type = first->link_type;
	whole->time = first->time;
	whole->src = first->src;
	whole->dst = first->dst;
	whole->hop_limit = first->hop_limit;
	whole->protocol = first->protocol;
	whole->flow_label = first->flow_label;
	whole->reassembled = 1;
	whole->network = packet_headroom(whole);
	whole->traffic_class =
		(first->traffic_class & ~3) | merged_ecn(q, first->traffic_class & 3);
	memcpy(packet_put(whole, header), packet_at(first, first->network), header);
	list_for_each_entry (piece, &q->pieces, node)
		packet_copy(piece, 0, packet_put(whole, piece->len), piece->len);
	if (q->v4) {
		struct iphdr *ip = (struct iphdr *)whole->data;

		ip->tot_len = htons(whole->len);
		ip->frag_off = 0;
		ip->tos = whole->traffic_class;
		ip->check = 0;
		ip->check = checksum_fold(checksum_add(0, ip, header));
	} else {
		struct ip6_hdr *ip = (struct ip6_hdr *)whole->data;

		ip->ip6_plen = htons(whole->len - sizeof(*ip));
		whole->data[info->next_header_at] = first->data[-8];
	}
	COUNT(q->stack, ip_reassembled);
	queue_free(q);
	return whole;
}

static bool piece_good(const struct packet *p, const struct fragment_info *info)
{
	uint32_t end = info->offset + p->len;
	uint32_t uncounted = p->protocol == ETH_P_IP ? 0 : sizeof(struct ip6_hdr);

	if (end + info->header_len - uncounted > UINT16_MAX)
		return false;
	if (info->more && (!p->len || p->len % 8))
		return false;
	if (p->protocol != ETH_P_IP)
		return true;
	/* RFC 1858 and 3128: no transport header split over fragments, nor overwritten at offset 1.
	 */
	if (info->protocol == IPPROTO_TCP)
		return info->offset != 8 && (info->offset || !info->more || p->len >= 20);
	return info->offset || !info->more || p->len >= V4_TINY;
}

/* RFC 6946: an atomic fragment is a whole packet and touches no queue. */
static struct packet *atomic_fragment(struct packet *p, const struct fragment_info *info)
{
	uint8_t *at = packet_at(p, p->network);
	uint32_t header = p->data - at - 8;
	uint8_t next = p->data[-8];

	/* The fragment header is cut out of the room: the headers move over it. */
	memmove(at + 8, at, header);
	packet_push(p, header);
	p->network = packet_headroom(p);
	((struct ip6_hdr *)p->data)->ip6_plen = htons(p->len - sizeof(struct ip6_hdr));
	p->data[info->next_header_at] = next;
	return p;
}

struct packet *reassembly_add(struct packet *p, const struct fragment_info *info)
{
	struct stack *stack = p->netif->stack;
	struct reassembly *r = &stack->reassembly;
	struct reassembly_queue *q;
	uint32_t end = info->offset + p->len;
	struct ip_addr src = p->src;

	if (p->protocol != ETH_P_IP && !info->offset && !info->more)
		return atomic_fragment(p, info);
	if (!piece_good(p, info))
		goto refuse;
	q = queue_find(p, info);
	if (!q)
		goto refuse;
	if (q->poisoned)
		goto drop;
	if (!info->more) {
		struct packet *last = list_last(&q->pieces, struct packet, node);

		if ((q->total && q->total != end) || (last && last->mark + last->len > end)) {
			poison(q);
			goto drop;
		}
		q->total = end;
	} else if (q->total && end > q->total) {
		poison(q);
		goto drop;
	}
	p->mark = info->offset;
	if (!insert(q, p)) {
		poison(q);
		goto drop;
	}
	if (q->total && q->received == q->total)
		return assemble(q, info);
	while (r->bytes > REASSEMBLY_BYTES) {
		COUNT(stack, ip_reassembly_failed);
		make_room(r, &src);
	}
	return NULL;
refuse:
	COUNT(stack, ip_reassembly_failed);
drop:
	packet_free(p);
	return NULL;
}
