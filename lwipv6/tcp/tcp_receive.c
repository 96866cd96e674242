/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Received data: trimmed to what is new, queued in order or kept out of order, acknowledged soon or
 * at once. Packets are queued as they are; short ones are copied together, so that a flood of
 * single bytes does not hold a frame's room for each.
 */
#include <errno.h>
#include <stdlib.h>
#include "lwipv6/tcp/tcp.h"

#define OOO_MEMORY(t) (2u * (t)->rcvbuf + (64u << 10))

uint32_t tcp_receive_window(struct tcp *t)
{
	uint32_t promised = t->rcv_adv - t->rcv_nxt;
	uint32_t free_space = t->rcvbuf > t->rcvq_bytes ? t->rcvbuf - t->rcvq_bytes : 0;
	uint32_t step = t->rcvbuf / 2 < t->mss ? t->rcvbuf / 2 : t->mss;
	uint32_t limit = 65535u << t->rcv_wscale;

	if ((int32_t)promised < 0)
		promised = 0;
	if (free_space > limit)
		free_space = limit;
	/* RFC 9293 3.8.6.2.2: grow the window by a segment or half the buffer, never in crumbs. */
	if (free_space < promised + step && promised)
		free_space = promised;
	else if (free_space < step && !promised)
		free_space = 0;
	/* What grows is rounded up: a peer that was told of the whole buffer in its SYN waits for
	 * half of that. What does not grow keeps its edge. */
	if (free_space <= promised)
		return promised;
	return (free_space + (1u << t->rcv_wscale) - 1) >> t->rcv_wscale << t->rcv_wscale;
}

/* Queue a packet whose data continues rcv_nxt. Takes it. */
static void queue_in_order(struct tcp *t, struct packet *p)
{
	struct packet *last = list_last(&t->rcvq, struct packet, node);

	t->rcv_nxt += p->len;
	t->bytes_in += p->len;
	if (t->receive_shut) {
		t->copied_seq = t->rcv_nxt;
		packet_free(p);
		return;
	}
	t->rcvq_bytes += p->len;
	if (last && !last->nfrags && !p->nfrags && packet_tailroom(last) >= p->len) {
		memcpy(packet_put(last, p->len), p->data, p->len);
		last->time = p->time;
		packet_free(p);
		return;
	}
	list_append(&t->rcvq, &p->node);
}

/* Put the range in front of the blocks to report; ranges that it touches are swallowed. */
static void note_block(struct tcp *t, uint32_t start, uint32_t end)
{
	struct tcp_range blocks[TCP_SACK_BLOCKS];
	int n = 1;

	for (int i = 0; i < t->nrecent; i++) {
		struct tcp_range *r = &t->recent[i];

		if (seq_before_eq(r->start, end) && seq_after_eq(r->end, start)) {
			if (seq_before(r->start, start))
				start = r->start;
			if (seq_after(r->end, end))
				end = r->end;
		} else if (n < TCP_SACK_BLOCKS) {
			blocks[n++] = *r;
		}
	}
	blocks[0] = (struct tcp_range){start, end};
	memcpy(t->recent, blocks, n * sizeof(blocks[0]));
	t->nrecent = n;
}

/* Forget the blocks that rcv_nxt has passed. */
static void drop_blocks(struct tcp *t)
{
	int n = 0;

	for (int i = 0; i < t->nrecent; i++)
		if (seq_after(t->recent[i].end, t->rcv_nxt))
			t->recent[n++] = t->recent[i];
	t->nrecent = n;
}

static void dsack(struct tcp *t, uint32_t start, uint32_t end)
{
	COUNT(t->stack, tcp_duplicates);
	if (!t->sack)
		return;
	t->dsack = (struct tcp_range){start, end};
	t->has_dsack = true;
}

/* Keep what came too early, sorted; overlaps are cut off the newcomer. Takes @p. */
static void queue_out_of_order(struct tcp *t, struct packet *p, uint32_t seq)
{
	uint32_t end = seq + p->len;
	struct packet *at, *next;

	COUNT(t->stack, tcp_out_of_order);
	if (t->ooo_memory + packet_truesize(p) > OOO_MEMORY(t)) {
		COUNT(t->stack, tcp_memory_pruned);
		packet_free(p);
		return;
	}
	list_for_each_entry_safe (at, next, &t->ooo, node) {
		uint32_t at_end = at->mark + at->len;

		if (seq_after_eq(seq, at_end))
			continue;
		if (seq_before_eq(end, at->mark))
			break;
		if (seq_after_eq(seq, at->mark)) {
			uint32_t overlap = at_end - seq;

			if (seq_before_eq(end, at_end)) {
				dsack(t, seq, end);
				packet_free(p);
				return;
			}
			packet_pull(p, overlap);
			seq = at_end;
			continue;
		}
		if (seq_before(end, at_end)) {
			packet_trim(p, at->mark - seq);
			end = at->mark;
			break;
		}
		/* The newcomer covers @at. */
		t->ooo_memory -= packet_truesize(at);
		list_remove(&at->node);
		packet_free(at);
	}
	p->mark = seq;
	t->ooo_memory += packet_truesize(p);
	list_insert(&at->node, &p->node);
	if (t->sack)
		note_block(t, seq, end);
}

/* What was early has become due. */
static void take_from_ooo(struct tcp *t)
{
	while (!list_empty(&t->ooo)) {
		struct packet *p = list_first(&t->ooo, struct packet, node);
		bool fin;

		if (seq_after(p->mark, t->rcv_nxt))
			break;
		list_remove(&p->node);
		t->ooo_memory -= packet_truesize(p);
		fin = p->router_alert; /* marks a FIN behind out-of-order data */
		uint32_t old = t->rcv_nxt - p->mark;

		if (old >= p->len && !(fin && old == p->len)) {
			packet_free(p);
			continue;
		}
		packet_pull(p, old);
		queue_in_order(t, p);
		if (fin) {
			t->rcv_nxt++;
			t->fin_received = 1;
			packet_list_free(&t->ooo);
			t->ooo_memory = 0;
		}
	}
	drop_blocks(t);
}

static void acknowledge(struct tcp *t, const struct tcp_segment *seg, bool was_hole)
{
	bool quick = t->quick_acks && !(seg->flags & TH_PUSH);

	t->quick_acks -= !!t->quick_acks;
	if (seg->len >= t->rcv_mss)
		t->rcv_mss = seg->len > t->mss ? t->mss : seg->len;
	t->segs_since_ack += t->rcv_mss ? (seg->len + t->rcv_mss - 1) / t->rcv_mss : 1;
	/* At once: gaps and their filling, FIN, every second full segment; in the beginning each that
	 * is followed by more, for the peer may be allowed to send one. */
	if (quick || !t->stack->settings.delayed_ack || was_hole || !list_empty(&t->ooo) ||
	    t->fin_received || t->quickack || t->has_dsack ||
	    t->rcv_nxt - t->last_ack_sent >= 2u * t->rcv_mss) {
		t->ack_now = 1;
		tcp_schedule(t);
		return;
	}
	if (!t->ack_delayed) {
		t->ack_delayed = 1;
		timer_set(t->stack, &t->delack, t->stack->now + t->stack->settings.delayed_ack);
	}
}

void tcp_receive_data(struct tcp *t, struct tcp_segment *seg)
{
	struct packet *p = seg->packet;
	bool fin = seg->flags & TH_FIN, was_hole = !list_empty(&t->ooo);
	uint32_t start = seg->seq, end = start + seg->len;

	if (t->fin_received || t->state == TCP_S_CLOSE_WAIT || t->state == TCP_S_CLOSING ||
	    t->state == TCP_S_LAST_ACK || t->state == TCP_S_TIME_WAIT) {
		tcp_answer(t, true);
		return;
	}
	seg->packet = NULL;
	packet_trim(p, seg->len);
	if (seq_before(start, t->rcv_nxt)) {
		uint32_t old = t->rcv_nxt - start;

		dsack(t, start, seq_before(end, t->rcv_nxt) ? end : t->rcv_nxt);
		packet_pull(p, old > p->len ? p->len : old);
		start = t->rcv_nxt;
	}
	if (seq_after(end, t->rcv_adv)) {
		/* Beyond what was promised; the front is taken. */
		packet_trim(p, seq_after(t->rcv_adv, start) ? t->rcv_adv - start : 0);
		fin = false;
		end = start + p->len;
	}
	if (seq_after(start, t->rcv_nxt)) {
		p->router_alert = fin;
		if (p->len || fin)
			queue_out_of_order(t, p, start);
		else
			packet_free(p);
		t->ack_now = 1;
		tcp_schedule(t);
		return;
	}
	t->pushed = !!(seg->flags & TH_PUSH);
	if (p->len)
		queue_in_order(t, p);
	else
		packet_free(p);
	if (fin && t->rcv_nxt == end) {
		t->rcv_nxt++;
		t->fin_received = 1;
	}
	if (was_hole)
		take_from_ooo(t);
	acknowledge(t, seg, was_hole);
	stream_data(t);
}

/* The program took @n bytes: open the window, and let the buffer follow the rate it reads at. */
void tcp_consumed(struct tcp *t, uint32_t n)
{
	uint32_t promised = t->rcv_adv - t->rcv_nxt, window;
	uint64_t round = t->srtt > 10 * NSEC_PER_MSEC ? t->srtt : 10 * NSEC_PER_MSEC;

	t->copied_seq += n;
	if (t->urgent_in && seq_after_eq(t->copied_seq, t->rcv_up))
		t->urgent_in = t->urgent_has_byte = 0;
	if (t->stack->now - t->growth_time >= round) {
		uint32_t copied = t->copied_seq - t->growth_seq;

		if (!t->user_rcvbuf && 2 * copied > t->rcvbuf && t->rcvbuf < TCP_RCVBUF)
			t->rcvbuf = 2 * copied < TCP_RCVBUF ? 2 * copied : TCP_RCVBUF;
		t->growth_seq = t->copied_seq;
		t->growth_time = t->stack->now;
	}
	if (t->fin_received || t->state == TCP_S_CLOSED)
		return;
	/* The peer has no more for now, perhaps because its buffer is full, and the program, which
	 * has taken everything, did not answer lately: nothing is to be waited for. */
	if (t->ack_delayed && t->pushed && !t->interactive && !t->rcvq_bytes) {
		t->ack_now = 1;
		tcp_schedule(t);
	}
	window = tcp_receive_window(t);
	/* An update is worth a segment when it opens a closed window or much of an open one. */
	if (window > promised && (promised < 2u * t->rcv_mss || window >= 2 * promised)) {
		t->ack_now = 1;
		tcp_schedule(t);
	}
}

/* The urgent byte, if it is next, is kept apart unless SO_OOBINLINE. */
static uint32_t until_mark(const struct tcp *t)
{
	uint32_t to_mark = t->rcv_up - 1 - t->copied_seq;

	if (!t->urgent_in || seq_before(t->rcv_up - 1, t->copied_seq))
		return UINT32_MAX;
	return to_mark;
}

ssize_t tcp_read(struct tcp *t, const struct iovec *iov, int n, int flags, uint32_t skip,
		 uint64_t *time)
{
	bool peek = flags & MSG_PEEK, discard = flags & MSG_TRUNC;
	uint32_t mark = until_mark(t), done = 0;
	struct packet *p, *next;
	int i = 0;
	size_t at = 0;

	/* Reading stops at the mark. What begins there passes the urgent byte over, and with it goes
	 * what MSG_OOB could still have read. */
	if (!mark && !t->oob_inline) {
		struct packet *first = list_first(&t->rcvq, struct packet, node);

		if (first && !peek) {
			packet_pull(first, 1);
			t->rcvq_bytes--;
			t->copied_seq++;
			t->urgent_in = t->urgent_has_byte = 0;
			if (!first->len) {
				list_remove(&first->node);
				packet_free(first);
			}
		} else {
			skip++;
		}
	}
	if (!mark)
		mark = UINT32_MAX;
	if (mark != UINT32_MAX)
		mark = mark > skip ? mark - skip : UINT32_MAX;
	list_for_each_entry_safe (p, next, &t->rcvq, node) {
		uint32_t offset = skip < p->len ? skip : p->len;

		skip -= offset;
		*time = p->time;
		while (offset < p->len && i < n && done < mark) {
			uint32_t part = p->len - offset;

			if (part > iov[i].iov_len - at)
				part = iov[i].iov_len - at;
			if (part > mark - done)
				part = mark - done;
			if (!discard && part)
				packet_copy(p, offset, (uint8_t *)iov[i].iov_base + at, part);
			offset += part;
			done += part;
			at += part;
			if (at == iov[i].iov_len) {
				i++;
				at = 0;
			}
		}
		if (!peek) {
			if (offset < p->len) {
				packet_pull(p, offset);
				break;
			}
			list_remove(&p->node);
			packet_free(p);
		}
		if (i == n || done >= mark)
			break;
	}
	if (!peek && done) {
		t->rcvq_bytes -= done;
		tcp_consumed(t, done);
	}
	return done;
}
