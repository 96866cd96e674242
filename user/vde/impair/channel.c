/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A channel: what happens to each frame that is sent, and the heap of frames on their way, ordered
 * by the time they are due and, at the same time, by the order they were sent in.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/vde/impair/parts.h"

#define FRAMING	   2  /* bytes of stream framing that sizes include */
#define COPIES_MAX 16 /* of one frame, when duplication is (almost) certain */

struct held {
	uint64_t due, order;
	uintptr_t tag;
	size_t len;
	uint8_t frame[];
};

struct impair_channel {
	struct impair_model *model;
	enum impair_way way;
	bool bursting;	    /* Gilbert model: in the bad state */
	uint64_t line_free; /* bandwidth: when the last frame has left the line's head */
	uint64_t last_due;  /* fifo */
	uint64_t taken;	    /* speed: when the sender may send again */
	uint64_t order;
	struct held **heap;
	size_t used, size;
	struct impair_counters counters;
};

struct impair_channel *impair_channel_new(struct impair_model *model, enum impair_way way)
{
	struct impair_channel *c = calloc(1, sizeof(*c));

	if (c) {
		c->model = model;
		c->way = way;
	}
	return c;
}

void impair_channel_free(struct impair_channel *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->used; i++)
		free(c->heap[i]);
	free(c->heap);
	free(c);
}

static bool before(const struct held *a, const struct held *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static bool push(struct impair_channel *c, struct held *held)
{
	size_t i;

	if (c->used == c->size) {
		size_t size = c->size ? 2 * c->size : 64;
		struct held **heap = realloc(c->heap, size * sizeof(*heap));

		if (!heap)
			return false;
		c->heap = heap;
		c->size = size;
	}
	for (i = c->used++; i && before(held, c->heap[(i - 1) / 2]); i = (i - 1) / 2)
		c->heap[i] = c->heap[(i - 1) / 2];
	c->heap[i] = held;
	return true;
}

static struct held *pop(struct impair_channel *c)
{
	struct held *top = c->heap[0], *last = c->heap[--c->used];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < c->used) {
		if (child + 1 < c->used && before(c->heap[child + 1], c->heap[child]))
			child++;
		if (!before(c->heap[child], last))
			break;
		c->heap[i] = c->heap[child];
		i = child;
	}
	c->heap[i] = last;
	return top;
}

static double value(struct impair_channel *c, enum impair_kind kind)
{
	return dice_value(c->model, c->way, kind);
}

/*
 * Independent losses, or the two-state model of Gilbert (1960): bursts of mean length B at a mean
 * loss L come from leaving the good state with L / (B (1 - L)) and the bad one with 1 / B.
 */
static bool is_lost(struct impair_channel *c)
{
	double loss = value(c, IMPAIR_LOSS) / 100, burst = value(c, IMPAIR_LOST_BURST);

	if (loss <= 0) {
		c->bursting = false;
		return false;
	}
	if (burst <= 0 || loss >= 1)
		return dice_roll(c->model) < loss;
	if (c->bursting)
		c->bursting = dice_roll(c->model) >= 1 / burst;
	else
		c->bursting = dice_roll(c->model) < loss / (burst * (1 - loss));
	return c->bursting;
}

static uint64_t transfer_time(double bytes, double per_second)
{
	return per_second > 0 ? (uint64_t)(bytes / per_second * 1e9) : 0;
}

/* When a frame sent now arrives. */
static uint64_t arrival(struct impair_channel *c, uint64_t now, size_t size)
{
	double bandwidth = value(c, IMPAIR_BANDWIDTH);
	uint64_t due = now;

	if (bandwidth > 0) {
		if (c->line_free < now)
			c->line_free = now;
		c->line_free += transfer_time(size, bandwidth);
		due = c->line_free;
	}
	due += (uint64_t)(value(c, IMPAIR_DELAY) * 1e6);
	if (impair_fifo(c->model) && due < c->last_due)
		due = c->last_due;
	c->last_due = due;
	return due;
}

static void send_copy(struct impair_channel *c, uint64_t now, const void *frame, size_t len,
		      uintptr_t tag)
{
	double room = value(c, IMPAIR_CHANBUFSIZE);
	size_t size = len + FRAMING;
	struct held *held;

	if (room > 0 && c->counters.queued_bytes + size > room) {
		c->counters.overflow++;
		return;
	}
	held = malloc(sizeof(*held) + (len < IMPAIR_ROOM ? IMPAIR_ROOM : len));
	if (held) {
		held->len = len;
		held->tag = tag;
		held->order = c->order++;
		held->due = arrival(c, now, size);
		memcpy(held->frame, frame, len);
	}
	if (!held || !push(c, held)) {
		free(held);
		c->counters.overflow++;
		return;
	}
	c->counters.queued_bytes += size;
}

void impair_send(struct impair_channel *c, uint64_t now, const void *frame, size_t len,
		 uintptr_t tag)
{
	double mtu = value(c, IMPAIR_MTU), dup = value(c, IMPAIR_DUP) / 100;
	uint64_t taking;

	c->counters.sent++;
	taking = transfer_time(len + FRAMING, value(c, IMPAIR_SPEED));
	if (taking)
		c->taken = (c->taken > now ? c->taken : now) + taking;
	if (mtu > 0 && len + FRAMING > mtu) {
		c->counters.too_long++;
		return;
	}
	if (is_lost(c)) {
		c->counters.lost++;
		return;
	}
	send_copy(c, now, frame, len, tag);
	for (int copies = 1; copies < COPIES_MAX && dice_roll(c->model) < dup; copies++) {
		c->counters.duplicates++;
		send_copy(c, now, frame, len, tag);
	}
}

uint64_t impair_due(const struct impair_channel *c)
{
	return c->used ? c->heap[0]->due : UINT64_MAX;
}

static void add_noise(struct impair_channel *c, struct held *held)
{
	double flips = value(c, IMPAIR_NOISE) * held->len / (1 << 20);
	uint64_t count = (uint64_t)flips;

	if (dice_roll(c->model) < flips - count)
		count++;
	if (count)
		c->counters.corrupted++;
	for (; count; count--) {
		uint64_t bit = (uint64_t)(dice_roll(c->model) * held->len * 8);

		held->frame[bit / 8] ^= 1 << bit % 8;
	}
}

void impair_flow_one(struct impair_channel *c, impair_deliver *deliver, void *context)
{
	struct held *held = pop(c);

	c->counters.queued_bytes -= held->len + FRAMING;
	c->counters.delivered++;
	add_noise(c, held);
	deliver(context, held->frame, held->len, held->tag);
	free(held);
}

void impair_flow(struct impair_channel *c, uint64_t now, impair_deliver *deliver, void *context)
{
	while (impair_due(c) <= now)
		impair_flow_one(c, deliver, context);
}

uint64_t impair_ready(const struct impair_channel *c, uint64_t now)
{
	return c->taken > now ? c->taken : 0;
}

struct impair_counters impair_count(const struct impair_channel *c)
{
	return c->counters;
}
