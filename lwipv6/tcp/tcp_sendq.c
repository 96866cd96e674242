/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The send queue: chunks of bytes by sequence, and the scoreboard of what was sent when. Bytes are
 * copied once, into a chunk's buffer; segments refer to slices of it. A record of the scoreboard
 * covers all that went out in one burst and is split only where SACK or loss tells its parts apart.
 */
#include <errno.h>
#include <stdlib.h>
#include "lwipv6/tcp/tcp.h"

#define CHUNK_MIN 2048
#define CHUNK_MAX 65536

uint32_t tcp_send_space(const struct tcp *t)
{
	uint32_t used = t->snd_end - t->snd_una;

	uint32_t space = used < t->sndbuf ? t->sndbuf - used : 0, unsent = tcp_unsent(t);

	if (!t->notsent_lowat)
		return space;
	if (unsent >= t->notsent_lowat)
		return 0;
	return space < t->notsent_lowat - unsent ? space : t->notsent_lowat - unsent;
}

bool tcp_writable(const struct tcp *t)
{
	uint32_t used = t->snd_end - t->snd_una;

	return used <= t->sndbuf - t->sndbuf / 3 &&
	       (!t->notsent_lowat || (uint64_t)tcp_unsent(t) * 2 < t->notsent_lowat);
}

void tcp_grow_sndbuf(struct tcp *t)
{
	/* BBR sends on while a hole is repaired, and what was sent stays here until it is filled. */
	uint32_t wanted = (t->bbr ? 3 : 2) * t->cwnd;

	if (t->user_sndbuf || wanted <= t->sndbuf)
		return;
	t->sndbuf = wanted < TCP_SNDBUF ? wanted : TCP_SNDBUF;
}

static struct tcp_chunk *chunk_new(struct tcp *t, struct buffer *b, uint32_t offset, uint32_t len)
{
	struct tcp_chunk *c = malloc(sizeof(*c));

	if (!c)
		return NULL;
	c->buffer = b;
	c->offset = offset;
	c->len = len;
	c->seq = t->snd_end;
	list_append(&t->chunks, &c->node);
	t->snd_end += len;
	return c;
}

int tcp_write_buffer(struct tcp *t, struct buffer *b, uint32_t offset, uint32_t len)
{
	if (!chunk_new(t, b, offset, len))
		return -ENOBUFS;
	buffer_get(b);
	return 0;
}

/* Room behind the last chunk. */
static uint32_t append(struct tcp *t, const uint8_t *data, uint32_t len)
{
	struct tcp_chunk *c = list_last(&t->chunks, struct tcp_chunk, node);
	uint32_t room;

	if (!c || c->buffer->release)
		return 0;
	room = c->buffer->size - c->offset - c->len;
	if (len > room)
		len = room;
	memcpy(c->buffer->base + c->offset + c->len, data, len);
	c->len += len;
	t->snd_end += len;
	return len;
}

ssize_t tcp_write(struct tcp *t, const struct iovec *iov, int n)
{
	uint32_t space = tcp_send_space(t);
	size_t total = 0, left = 0;

	for (int i = 0; i < n; i++)
		left += iov[i].iov_len;
	if (left > space)
		left = space;
	for (int i = 0; i < n && left; i++) {
		const uint8_t *data = iov[i].iov_base;
		size_t part = iov[i].iov_len < left ? iov[i].iov_len : left;

		left -= part;
		while (part) {
			uint32_t done = append(t, data, part);

			if (!done) {
				uint32_t size = part + left;
				struct buffer *b;

				size = size < CHUNK_MIN	  ? CHUNK_MIN
				       : size > CHUNK_MAX ? CHUNK_MAX
							  : size;
				b = buffer_new(size);
				if (!b || !chunk_new(t, b, 0, 0)) {
					buffer_put(b);
					return total ? (ssize_t)total : -ENOBUFS;
				}
				continue;
			}
			data += done;
			part -= done;
			total += done;
		}
	}
	return total;
}

static void chunk_free(struct tcp *t, struct tcp_chunk *c)
{
	if (t->send_hint == c)
		t->send_hint = NULL;
	list_remove(&c->node);
	buffer_put(c->buffer);
	free(c);
}

void tcp_sendq_acked(struct tcp *t, uint32_t una)
{
	struct tcp_chunk *c, *next;

	list_for_each_entry_safe (c, next, &t->chunks, node) {
		if (seq_after(c->seq + c->len, una))
			break;
		chunk_free(t, c);
	}
}

uint32_t tcp_sendq_slice(struct tcp *t, struct packet *p, uint32_t seq, uint32_t len)
{
	struct tcp_chunk *c = t->send_hint, *first = list_first(&t->chunks, struct tcp_chunk, node);
	uint32_t done = 0;

	if (!first)
		return 0;
	/* A retransmission stands near the first or near the last that was made. */
	if (!c || (seq_before(seq, c->seq) && seq - first->seq < c->seq - seq))
		c = first;
	while (seq_before(seq, c->seq))
		c = list_entry(c->node.prev, struct tcp_chunk, node);
	for (; &c->node != &t->chunks && done < len;
	     c = list_entry(c->node.next, struct tcp_chunk, node)) {
		uint32_t skip = seq + done - c->seq, n;

		if (skip >= c->len)
			continue;
		n = c->len - skip < len - done ? c->len - skip : len - done;
		if (!packet_add_frag(p, c->buffer, c->offset + skip, n))
			break;
		t->send_hint = c;
		done += n;
	}
	return done;
}

static bool sender_new(struct tcp *t)
{
	t->sender = calloc(1, sizeof(*t->sender));
	if (!t->sender)
		return false;
	list_init(&t->sender->in_flight);
	list_init(&t->sender->lost);
	t->sender->hystart.last_rtt = t->sender->hystart.rtt = TIME_NEVER;
	return true;
}

struct tcp_sent *tcp_sent_add(struct tcp *t, uint32_t seq, uint32_t end)
{
	struct tcp_sent *last = list_last(&t->sent, struct tcp_sent, node), *s;

	if (last && last->end == seq && last->time == t->stack->now && !last->ever_retransmitted &&
	    !last->sacked && !last->lost) {
		last->end = end;
		return last;
	}
	if (!t->sender && !sender_new(t))
		return NULL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	list_init(&s->order);
	s->seq = seq;
	s->end = end;
	s->time = t->stack->now;
	if (t->bbr)
		tcp_bbr_sent(t, s);
	list_append(&t->sent, &s->node);
	list_append(&t->sender->in_flight, &s->order);
	t->nsent++;
	return s;
}

void tcp_sent_flies(struct tcp *t, struct tcp_sent *s)
{
	list_remove(&s->order);
	list_append(&t->sender->in_flight, &s->order);
}

void tcp_sent_lost(struct tcp *t, struct tcp_sent *s)
{
	struct tcp_sent *first = list_first(&t->sender->lost, struct tcp_sent, order);
	uint32_t len = s->end - s->seq;

	if (s->lost)
		return;
	if (s->retransmitted)
		t->retrans_bytes -= len;
	s->retransmitted = false;
	s->lost = true;
	t->lost_bytes += len;
	t->sender->loss_found = true;
	list_remove(&s->order);
	if (first && seq_before(s->seq, first->seq))
		list_prepend(&t->sender->lost, &s->order);
	else
		list_append(&t->sender->lost, &s->order);
}

/* Cut @s at @at: @s keeps the front, the rest is returned. NULL when memory is short. */
struct tcp_sent *tcp_sent_split(struct tcp *t, struct tcp_sent *s, uint32_t at)
{
	struct tcp_sent *rest = malloc(sizeof(*rest));

	if (!rest)
		return NULL;
	*rest = *s;
	rest->seq = at;
	s->end = at;
	list_prepend(&s->node, &rest->node);
	if (list_empty(&s->order))
		list_init(&rest->order);
	else
		list_prepend(&s->order, &rest->order);
	t->nsent++;
	return rest;
}

struct tcp_sent *tcp_sent_join(struct tcp *t, struct tcp_sent *s)
{
	struct tcp_sent *before = list_entry(s->node.prev, struct tcp_sent, node);

	before->end = s->end;
	before->ever_retransmitted |= s->ever_retransmitted;
	if (t->sender->hint == s)
		t->sender->hint = before;
	tcp_sent_free(t, s);
	return before;
}

void tcp_sent_free(struct tcp *t, struct tcp_sent *s)
{
	if (t->sender->hint == s)
		t->sender->hint = NULL;
	list_remove(&s->node);
	list_remove(&s->order);
	free(s);
	t->nsent--;
}

void tcp_sent_free_all(struct tcp *t)
{
	while (!list_empty(&t->sent)) {
		struct tcp_sent *s = list_first(&t->sent, struct tcp_sent, node);

		tcp_sent_free(t, s);
	}
	t->sacked_bytes = t->lost_bytes = t->retrans_bytes = 0;
}

void tcp_sendq_free(struct tcp *t)
{
	while (!list_empty(&t->chunks))
		chunk_free(t, list_first(&t->chunks, struct tcp_chunk, node));
	tcp_sent_free_all(t);
	free(t->sender);
	t->sender = NULL;
}
