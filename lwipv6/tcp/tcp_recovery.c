/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an acknowledgment says: delivered bytes, round-trip time, losses.
 *
 *   cumulative ACK and SACK blocks -> scoreboard records delivered
 *   newest delivered record -> RACK (RFC 8985): what was sent well before it is lost
 *   no SACK from this peer: three duplicates or a partial ACK mark the head (RFC 6582)
 *   lost bytes -> recovery with proportional rate reduction (RFC 9937)
 *   timeout -> loss state; F-RTO (RFC 5682) undoes it when the originals turn out delivered
 *
 * A hostile peer chooses what its acknowledgments say, so their cost is bounded: every record is
 * delivered, found lost and sent again once for each time that it was sent, what is in SACK side by
 * side is one record, and the records that a block begins at are looked for SEARCH steps far at
 * most, from the nearest of the first, the last and the one found before. Only a timeout walks all.
 */
#include <stdlib.h>
#include "lwipv6/tcp/tcp.h"

#define DUP_THRESHOLD	  3
#define REORDERING_ROUNDS 16  /* RFC 8985 6.2: recoveries that the widened window lasts */
#define SEARCH		  256 /* records passed by for one acknowledgment's blocks */
#define PIECE		  512 /* bytes: records that SACK has cut are no smaller on average */

/* What one acknowledgment delivered. */
struct delivery {
	uint32_t bytes;	  /* newly acknowledged or SACKed */
	uint32_t arrived; /* the same, or what duplicates without SACK stand for (RFC 9937) */
	uint64_t sent_at; /* newest record that was sent once: its round trip is known */
	bool original;	  /* something that was never retransmitted was delivered */
};

uint32_t tcp_pipe(const struct tcp *t)
{
	uint32_t flight = t->snd_nxt - t->snd_una;
	uint32_t gone = t->sacked_bytes + t->lost_bytes;

	if (!t->sack) /* each duplicate ACK stands for a segment that left */
		gone += t->dup_acks * t->mss;
	return flight > gone ? flight - gone : 0;
}

static bool sent_after(uint64_t time1, uint32_t end1, uint64_t time2, uint32_t end2)
{
	return time1 > time2 || (time1 == time2 && seq_after(end1, end2));
}

/* RFC 8985 6.2, steps 1 to 3, for a record just delivered. */
static void rack_advance(struct tcp *t, const struct tcp_sent *s, const struct tcp_segment *seg)
{
	uint64_t rtt = t->stack->now - s->time;

	if (s->ever_retransmitted) {
		/* The original may be what arrived. */
		if (t->timestamps && seg->has_timestamp &&
		    (int32_t)(seg->tsecr - (uint32_t)(s->time / NSEC_PER_MSEC + t->ts_offset)) < 0)
			return;
		if (t->min_rtt != TIME_NEVER && rtt < t->min_rtt)
			return;
	} else {
		if (t->rack_fack && seq_before(s->end, t->rack_fack))
			t->reordering_seen = 1;
	}
	if (!t->rack_fack || seq_after(s->end, t->rack_fack))
		t->rack_fack = s->end;
	t->rack_rtt = rtt;
	if (sent_after(s->time, s->end, t->rack_time, t->rack_end)) {
		t->rack_time = s->time;
		t->rack_end = s->end;
	}
	t->rack_advanced = 1;
}

static void delivered(struct tcp *t, struct tcp_sent *s, const struct tcp_segment *seg,
		      struct delivery *d)
{
	uint32_t len = s->end - s->seq;

	d->bytes += len;
	if (s->lost)
		t->lost_bytes -= len;
	if (s->retransmitted)
		t->retrans_bytes -= len;
	if (!s->ever_retransmitted) {
		d->original = true;
		if (s->time > d->sent_at)
			d->sent_at = s->time;
	}
	rack_advance(t, s, seg);
	if (t->bbr)
		tcp_bbr_delivered(t, s);
	s->lost = s->retransmitted = false;
	list_remove(&s->order);
	COUNT(t->stack, tcp_ack_steps);
}

static void take_cumulative(struct tcp *t, const struct tcp_segment *seg, struct delivery *d)
{
	struct tcp_sent *s, *next;

	list_for_each_entry_safe (s, next, &t->sent, node) {
		if (seq_after_eq(s->seq, seg->ack))
			break;
		if (seq_after(s->end, seg->ack) && !tcp_sent_split(t, s, seg->ack))
			break;
		if (s->sacked)
			t->sacked_bytes -= s->end - s->seq;
		else
			delivered(t, s, seg, d);
		tcp_sent_free(t, s);
		next = list_first(&t->sent, struct tcp_sent, node);
		if (!next)
			break;
	}
}

/*
 * Records are as many as there are runs that SACK tells apart. A peer that acknowledges every
 * second byte could make millions: beyond what honest segments need, blocks no longer cut.
 */
static bool may_split(const struct tcp *t)
{
	return t->nsent <
	       64 + (t->snd_nxt - t->snd_una) / (t->mss / 2 > PIECE ? t->mss / 2 : PIECE);
}

/* The first record that ends behind @seq, which is in flight; NULL when it is too far away. */
static struct tcp_sent *find_record(struct tcp *t, uint32_t seq, unsigned int *steps)
{
	struct tcp_sent *s = list_first(&t->sent, struct tcp_sent, node);
	struct tcp_sent *last = list_last(&t->sent, struct tcp_sent, node), *hint = t->sender->hint;
	uint32_t distance = seq - s->seq;

	if (last->end - seq < distance) {
		distance = last->end - seq;
		s = last;
	}
	if (hint && (seq_before(seq, hint->seq)	  ? hint->seq - seq
		     : seq_before(seq, hint->end) ? 0
						  : seq - hint->end) <= distance)
		s = hint;
	while (seq_before(seq, s->seq) && *steps) {
		s = list_entry(s->node.prev, struct tcp_sent, node);
		--*steps;
	}
	while (seq_before_eq(s->end, seq) && *steps) {
		s = list_entry(s->node.next, struct tcp_sent, node);
		--*steps;
	}
	t->sender->hint = s; /* too far away this time, it is nearer the next */
	return seq_before_eq(s->seq, seq) && seq_after(s->end, seq) ? s : NULL;
}

/* What is in SACK side by side is one record, which is returned. */
static struct tcp_sent *join_neighbours(struct tcp *t, struct tcp_sent *s)
{
	struct list *at = s->node.prev;

	if (at != &t->sent && list_entry(at, struct tcp_sent, node)->sacked)
		s = tcp_sent_join(t, s);
	at = s->node.next;
	if (at != &t->sent && list_entry(at, struct tcp_sent, node)->sacked)
		s = tcp_sent_join(t, list_entry(at, struct tcp_sent, node));
	return s;
}

/* Whether all of the block is in SACK now. */
static bool take_block(struct tcp *t, uint32_t start, uint32_t end, const struct tcp_segment *seg,
		       struct delivery *d, unsigned int *steps)
{
	struct tcp_sent *s;

	if (start == end)
		return true;
	s = find_record(t, start, steps);
	if (!s)
		return false;
	while (seq_before(start, end)) {
		if (!s->sacked) {
			if (seq_before(s->seq, start)) {
				s = may_split(t) ? tcp_sent_split(t, s, start) : NULL;
				if (!s)
					return false;
				t->sender->hint = s;
			}
			if (seq_after(s->end, end) && (!may_split(t) || !tcp_sent_split(t, s, end)))
				return false;
			delivered(t, s, seg, d);
			s->sacked = true;
			t->sacked_bytes += s->end - s->seq;
			s = join_neighbours(t, s);
		}
		start = s->end;
		s = list_entry(s->node.next, struct tcp_sent, node);
	}
	return true;
}

/* RFC 2883: the first block below the ACK, or inside the second, reports a duplicate. */
static bool is_dsack(const struct tcp_segment *seg)
{
	if (!seg->nsack)
		return false;
	if (seq_before(seg->sack[0].start, seg->ack))
		return true;
	return seg->nsack > 1 && seq_after_eq(seg->sack[0].start, seg->sack[1].start) &&
	       seq_before_eq(seg->sack[0].end, seg->sack[1].end);
}

/* Where in @block what the last acknowledgment did not tell begins. */
static uint32_t from_known(const struct tcp_sender *sender, const struct tcp_range *block)
{
	for (int i = 0; i < sender->nknown; i++) {
		const struct tcp_range *k = &sender->known[i];

		if (seq_before_eq(k->start, block->start) && seq_after(k->end, block->start))
			return seq_before(k->end, block->end) ? k->end : block->end;
	}
	return block->start;
}

static void take_sack(struct tcp *t, const struct tcp_segment *seg, struct delivery *d)
{
	bool dsack = is_dsack(seg);
	struct tcp_range known[TCP_SACK_BLOCKS];
	unsigned int steps = SEARCH;
	uint8_t nknown = 0;

	if (dsack && t->rack_window < 255 && (int32_t)(seg->ack - t->rack_dsack_round) >= 0) {
		/* RFC 8985 6.2 step 4: a needless retransmission widens the reordering window. */
		t->rack_dsack_round = t->snd_nxt;
		t->rack_window++;
		t->rack_persist = REORDERING_ROUNDS;
	}
	for (int i = dsack; i < seg->nsack; i++) {
		struct tcp_range block = {seg->sack[i].start, seg->sack[i].end};

		/* Only what was sent and is not acknowledged. */
		if (!seq_before(block.start, block.end) || seq_before(block.start, seg->ack) ||
		    seq_after(block.end, t->snd_nxt))
			continue;
		if (take_block(t, from_known(t->sender, &block), block.end, seg, d, &steps))
			known[nknown++] = block;
	}
	memcpy(t->sender->known, known, nknown * sizeof(known[0]));
	t->sender->nknown = nknown;
	COUNT_ADD(t->stack, tcp_ack_steps, SEARCH - steps);
}

/* RFC 8985 6.2 step 4. */
static uint64_t reordering_window(const struct tcp *t)
{
	uint64_t window;

	if (!t->reordering_seen &&
	    (t->congestion >= CONGESTION_RECOVERY || t->sacked_bytes >= DUP_THRESHOLD * t->mss))
		return 0;
	if (t->min_rtt == TIME_NEVER)
		return 0;
	window = t->min_rtt / 4 * (1 + t->rack_window);
	return window < t->srtt ? window : t->srtt;
}

/*
 * Step 5, over what is in flight from the oldest on. Returns how long until the next record would
 * be lost, 0 = none.
 */
static uint64_t rack_detect(struct tcp *t)
{
	uint64_t window = reordering_window(t);
	struct tcp_sent *s, *next;

	list_for_each_entry_safe (s, next, &t->sender->in_flight, order) {
		uint64_t due = s->time + t->rack_rtt + window;

		COUNT(t->stack, tcp_ack_steps);
		if (!sent_after(t->rack_time, t->rack_end, s->time, s->end))
			break;
		if (due > t->stack->now)
			return due - t->stack->now;
		tcp_sent_lost(t, s);
	}
	return 0;
}

/* NewReno: the first segment is what is missing. */
static void mark_head(struct tcp *t)
{
	struct tcp_sent *s = list_first(&t->sent, struct tcp_sent, node);

	if (!s || s->lost)
		return;
	if (s->end - s->seq > t->mss && !tcp_sent_split(t, s, s->seq + t->mss))
		return;
	tcp_sent_lost(t, s);
}

/* @arrived: what the acknowledgment in hand delivered. */
static void enter_reduction(struct tcp *t, enum tcp_congestion_state state, uint32_t arrived)
{
	t->prior_cwnd = t->cwnd;
	t->prior_ssthresh = t->ssthresh;
	t->prr_flight = t->snd_nxt - t->snd_una - t->sacked_bytes + arrived;
	t->prr_delivered = t->prr_out = 0;
	if (t->bbr)
		tcp_bbr_save(t);
	else
		t->ssthresh = tcp_congestion_reduce(t);
	t->recovery_point = t->snd_nxt;
	t->congestion = state;
	if (t->ecn)
		t->cwr_due = 1;
}

/*
 * RFC 9937 6.2: as much leaves as arrives, reduced in proportion; below ssthresh a segment more only
 * while recovery goes well (@safe: the edge moves and no further loss is seen).
 */
static void prr(struct tcp *t, uint32_t arrived, bool safe)
{
	uint32_t pipe = tcp_pipe(t);
	int64_t send;

	if (t->bbr)
		return;
	t->prr_delivered += arrived;
	if (pipe > t->ssthresh) {
		send = ((uint64_t)t->prr_delivered * t->ssthresh + t->prr_flight - 1) /
			       (t->prr_flight ? t->prr_flight : 1) -
		       t->prr_out;
	} else {
		send = (int64_t)t->prr_delivered - t->prr_out;
		if (send < (int64_t)arrived)
			send = arrived;
		if (safe)
			send += t->mss;
		if (send > (int64_t)t->ssthresh - pipe)
			send = (int64_t)t->ssthresh - pipe;
	}
	if (send < 0)
		send = 0;
	/* The first retransmission does not wait, nor, without SACK, what a partial acknowledgment
	 * shows (RFC 6582 3.2). */
	if ((!t->prr_out || (!t->sack && t->lost_bytes)) && send < t->mss)
		send = t->mss;
	t->cwnd = pipe + send;
}

static void leave_reduction(struct tcp *t)
{
	if (!t->bbr)
		t->cwnd = t->ssthresh > 2u * t->mss ? t->ssthresh : 2u * t->mss;
	t->congestion = CONGESTION_OPEN;
	t->dup_acks = 0;
	t->undo = 0;
	if (t->rack_persist && !--t->rack_persist)
		t->rack_window = 0;
}

static void undo(struct tcp *t)
{
	struct list *lost = &t->sender->lost;

	/* They were sent before what is in flight: they go to its front, the last one first. */
	while (!list_empty(lost)) {
		struct tcp_sent *s = list_last(lost, struct tcp_sent, order);

		s->lost = false;
		list_remove(&s->order);
		list_prepend(&t->sender->in_flight, &s->order);
	}
	t->lost_bytes = 0;
	if (t->cwnd < t->prior_cwnd)
		t->cwnd = t->prior_cwnd;
	t->ssthresh = t->prior_ssthresh;
	t->congestion = CONGESTION_OPEN;
	t->frto = t->undo = 0;
	COUNT(t->stack, tcp_spurious);
}

/* RFC 5682: after a timeout and one retransmission, do the originals arrive? */
static void frto(struct tcp *t, const struct delivery *d, bool advanced)
{
	struct tcp_sent *s;

	if (d->original) {
		undo(t);
		return;
	}
	if (advanced && tcp_unsent(t) && tcp_window_left(t))
		return; /* step 2b: new data goes out, the next ACK decides */
	t->frto = 0;
	list_for_each_entry (s, &t->sent, node)
		if (!s->sacked && !s->retransmitted)
			tcp_sent_lost(t, s);
}

static void take_rtt(struct tcp *t, const struct tcp_segment *seg, const struct delivery *d,
		     bool advanced)
{
	if (d->sent_at) {
		tcp_rtt_sample(t, t->stack->now - d->sent_at);
		tcp_congestion_rtt(t, t->stack->now - d->sent_at);
	} else if (advanced && t->timestamps && seg->has_timestamp && seg->tsecr) {
		tcp_rtt_sample(t,
			       (uint64_t)(uint32_t)(tcp_timestamp(t) - seg->tsecr) * NSEC_PER_MSEC);
	}
}

/* Echoes of ECN: once per round trip (RFC 3168 6.1.2). */
static void take_ece(struct tcp *t, const struct tcp_segment *seg, const struct delivery *d)
{
	if (!t->ecn || t->bbr || !(seg->flags & 0x40) || t->congestion != CONGESTION_OPEN)
		return;
	if (t->cwr_point && seq_before(seg->ack, t->cwr_point))
		return;
	enter_reduction(t, CONGESTION_CWR, d->arrived);
	t->cwr_point = t->snd_nxt;
}

/* RFC 8985 7.4 */
static void end_tlp(struct tcp *t, const struct tcp_segment *seg, bool duplicate)
{
	if (!t->tlp_out || seq_before(seg->ack, t->tlp_end))
		return;
	if (!t->tlp_is_retransmission || t->has_dsack_seen ||
	    (seg->ack == t->tlp_end && duplicate && !seg->nsack)) {
		t->tlp_out = 0;
	} else if (seq_after(seg->ack, t->tlp_end)) {
		/* Nothing arrived twice: the probe repaired a loss, which is congestion all the
		 * same. */
		t->tlp_out = 0;
		if (t->congestion == CONGESTION_OPEN && !t->bbr) {
			enter_reduction(t, CONGESTION_CWR, 0);
			prr(t, 0, false);
		}
	}
}

static void react(struct tcp *t, const struct tcp_segment *seg, const struct delivery *d,
		  uint32_t acked)
{
	bool advanced = acked;

	if (t->congestion == CONGESTION_LOSS && t->frto)
		frto(t, d, advanced);
	if (t->congestion >= CONGESTION_CWR && advanced &&
	    seq_after_eq(seg->ack, t->recovery_point))
		leave_reduction(t);
	if (t->lost_bytes && t->congestion < CONGESTION_RECOVERY) {
		enter_reduction(t, CONGESTION_RECOVERY, d->arrived);
		COUNT(t->stack, tcp_fast_recoveries);
	}
	if (t->bbr)
		tcp_bbr_acked(t, d->bytes, d->sent_at ? t->stack->now - d->sent_at : 0);
	else if (t->congestion == CONGESTION_RECOVERY || t->congestion == CONGESTION_CWR)
		prr(t, d->arrived, advanced && !t->sender->loss_found);
	else if (advanced && (t->cwnd_limited || t->congestion == CONGESTION_LOSS))
		/* Only what moves the edge: RFC 5681 3.2, 3042. */
		tcp_congestion_acked(t, acked);
	if (!t->lost_bytes && d->bytes)
		t->cwnd_limited = 0;
}

static void newreno(struct tcp *t, const struct tcp_segment *seg, bool advanced, bool duplicate)
{
	if (advanced) {
		t->dup_acks = 0;
		if (t->congestion == CONGESTION_RECOVERY && seq_before(seg->ack, t->recovery_point))
			mark_head(t);
	} else if (duplicate && t->dup_acks < 250) {
		t->dup_acks++;
		if (t->dup_acks == DUP_THRESHOLD && t->congestion == CONGESTION_OPEN)
			mark_head(t);
	}
}

/* RFC 9937 6: each duplicate before this acknowledgment has been counted as a segment. */
static uint32_t arrived_without_sack(const struct tcp *t, uint32_t bytes)
{
	uint32_t counted = t->dup_acks * t->mss;

	return bytes > counted ? bytes - counted : 0;
}

void tcp_ack(struct tcp *t, struct tcp_segment *seg)
{
	uint32_t una = t->snd_una;
	bool advanced = seq_after(seg->ack, una);
	bool duplicate = !advanced && seg->ack == una && !seg->len && t->snd_nxt != una &&
			 t->snd_wnd && !(seg->flags & (TH_SYN | TH_FIN)) &&
			 seg->window << t->snd_wscale == t->snd_wnd;
	struct delivery d = {0};

	t->rack_advanced = 0;
	if (t->sender)
		t->sender->loss_found = false;
	t->has_dsack_seen = is_dsack(seg);
	if (advanced) {
		take_cumulative(t, seg, &d);
		t->snd_una = seg->ack;
		tcp_sendq_acked(t, seg->ack);
		t->retransmits = t->probes = 0;
		t->persist_backoff = 0;
		t->soft_error = 0;
		t->first_unacked_time = t->stack->now;
		if (t->urgent_out && seq_after_eq(seg->ack, t->snd_up))
			t->urgent_out = 0;
		neighbour_confirm(t->hop.netif, &t->hop.addr);
	}
	if (t->sack && seg->nsack && !list_empty(&t->sent))
		take_sack(t, seg, &d);
	d.arrived = t->sack ? d.bytes : duplicate ? t->mss : arrived_without_sack(t, d.bytes);
	take_rtt(t, seg, &d, advanced);
	if (!t->sack)
		newreno(t, seg, advanced, duplicate);
	take_ece(t, seg, &d);
	t->rack_timeout = 0;
	if (t->sack && t->rack_advanced && (t->sacked_bytes || t->retrans_bytes))
		t->rack_timeout = rack_detect(t);
	react(t, seg, &d, advanced ? seg->ack - una : 0);
	end_tlp(t, seg, duplicate);
	if (advanced || d.bytes) {
		tcp_grow_sndbuf(t);
		tcp_arm(t, true);
	}
	if (advanced || t->lost_bytes || tcp_unsent(t) || t->fin_queued)
		tcp_schedule(t);
}

void tcp_rack_timeout(struct tcp *t)
{
	t->rack_timeout = rack_detect(t);
	if (t->lost_bytes && t->congestion < CONGESTION_RECOVERY) {
		enter_reduction(t, CONGESTION_RECOVERY, 0);
		COUNT(t->stack, tcp_fast_recoveries);
	}
	if (t->lost_bytes && t->congestion != CONGESTION_LOSS)
		prr(t, 0, false);
	tcp_schedule(t);
}

/* RFC 8985 7.3 */
void tcp_tlp_send(struct tcp *t)
{
	struct tcp_sent *last = list_last(&t->sent, struct tcp_sent, node);

	if (!last || tcp_route(t))
		return;
	COUNT(t->stack, tcp_tlp_probes);
	t->tlp_out = 1;
	if (tcp_unsent(t) && tcp_window_left(t)) {
		uint32_t len = tcp_unsent(t), window = tcp_window_left(t);
		int sent;

		if (len > window)
			len = window;
		if (len > t->mss)
			len = t->mss;
		t->tlp_is_retransmission = 0;
		sent = tcp_emit(t, t->snd_nxt, len, TH_ACK | TH_PUSH);
		if (sent > 0 && tcp_sent_add(t, t->snd_nxt, t->snd_nxt + sent))
			t->snd_nxt += sent;
	} else {
		t->tlp_is_retransmission = 1;
		if (last->end - last->seq > t->mss)
			last = tcp_sent_split(t, last, last->end - t->mss);
		if (last && !last->sacked)
			tcp_retransmit_record(t, last);
	}
	t->tlp_end = t->snd_nxt;
}

void tcp_rto_loss(struct tcp *t)
{
	bool first = t->congestion != CONGESTION_LOSS;
	struct tcp_sent *s, *head;

	if (first) {
		if (t->congestion == CONGESTION_OPEN ||
		    seq_after_eq(t->snd_una, t->recovery_point)) {
			t->prior_cwnd = t->cwnd;
			t->prior_ssthresh = t->ssthresh;
			if (t->bbr)
				tcp_bbr_save(t);
			else
				t->ssthresh = tcp_congestion_reduce(t);
			t->frto = 1;
		}
		t->recovery_point = t->snd_nxt;
		t->congestion = CONGESTION_LOSS;
	} else {
		t->frto = 0;
	}
	t->tlp_out = 0;
	t->dup_acks = 0;
	t->cwnd = t->mss;
	head = list_first(&t->sent, struct tcp_sent, node);
	/* RFC 2018 8: the receiver may have dropped what it reported; a head in SACK is the sign.
	 */
	bool reneged = head && head->sacked;

	if (reneged)
		t->sender->nknown = 0;
	list_for_each_entry (s, &t->sent, node) {
		if (s->sacked && reneged) {
			s->sacked = false;
			t->sacked_bytes -= s->end - s->seq;
		}
		if (s->sacked || (t->frto && s != head))
			continue;
		tcp_sent_lost(t, s);
		/* The lowest first, also of what was lost before. */
		list_remove(&s->order);
		list_append(&t->sender->lost, &s->order);
	}
	/* F-RTO sends the first segment only; what was in flight is not counted as gone yet. */
	if (t->frto)
		t->cwnd = tcp_pipe(t) + t->mss;
}
