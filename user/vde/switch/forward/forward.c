/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The path of a frame (IEEE 802.1Q clause 8.6 in the order of forward.h).
 *
 * No locks: the model is read as relaxed atomics, endpoint sets and delay lines under RCU. Frames
 * that leave are collected per port; a port that has any is on the list of dirty ports, which
 * forward_end() empties. A mirror may put a port on that list while it is being emptied.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <urcu.h>

#include "user/vde/switch/fdb/fdb.h"
#include "user/vde/switch/forward/delay.h"
#include "user/vde/switch/forward/forward.h"
#include "user/vde/switch/forward/limit.h"
#include "user/vde/switch/forward/observe.h"
#include "user/vde/switch/planes/plane.h"

#define ADDRESSES 12
#define VID	  0xfff

struct batch {
	unsigned int count;
	bool dirty;
	struct egress frames[FORWARD_BATCH];
};

struct forwarder {
	struct vswitch *sw;
	uint64_t now;	  /* of this batch; 0: nobody has asked yet */
	uint32_t seconds; /* of this batch, for the MAC table */
	/* Frames of one port usually come together: they are counted when another port's turn
	 * comes. */
	struct port *counted;
	uint64_t frames_in, bytes_in;

	struct batch *batch[PORT_MAX + 1];
	unsigned int dirty_count;
	uint16_t dirty[2 * (PORT_MAX + 1)]; /* a mirror's port may stand in it twice */
};

#define get(field) atomic_load_explicit(&(field), memory_order_relaxed)

static forward_link_local *divert_link_local;
static void *divert_context;

void forward_divert(forward_link_local *divert, void *context)
{
	divert_link_local = divert;
	divert_context = context;
}

struct forwarder *forwarder_new(struct vswitch *sw)
{
	struct forwarder *f = calloc(1, sizeof(*f));

	if (f)
		f->sw = sw;
	return f;
}

void forwarder_free(struct forwarder *f)
{
	if (!f)
		return;
	for (unsigned int i = 0; i <= PORT_MAX; i++)
		free(f->batch[i]);
	free(f);
}

uint32_t forward_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

/* Nanoseconds of CLOCK_MONOTONIC; few frames need them. */
static uint64_t now_of(struct forwarder *f)
{
	struct timespec now;

	if (!f->now) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		f->now = now.tv_sec * 1000000000ull + now.tv_nsec;
	}
	return f->now;
}

bool port_is_plain(const struct port *port)
{
	return !get(port->mirror) && !get(port->mirror_target) && !get(port->captured) &&
	       !get(port->limited) && !rcu_dereference(port->delay_in) &&
	       !rcu_dereference(port->delay_out);
}

static void count_in(struct forwarder *f, struct port *port, unsigned int frames, uint64_t bytes)
{
	if (f->counted != port) {
		if (f->frames_in) {
			count(&f->counted->counters.frames_in, f->frames_in);
			count(&f->counted->counters.bytes_in, f->bytes_in);
		}
		f->counted = port;
		f->frames_in = f->bytes_in = 0;
	}
	f->frames_in += frames;
	f->bytes_in += bytes;
}

static void flush(struct forwarder *f, struct port *port);

/* Put a frame among those that leave through a port at the end of the batch. */
static void output(struct forwarder *f, struct port *port, const struct frame *frame,
		   uint16_t tag_type)
{
	struct batch *batch = f->batch[port->number];

	if (!batch) {
		batch = f->batch[port->number] = calloc(1, sizeof(*batch));
		if (!batch) {
			count(&port->counters.drops_out, 1);
			return;
		}
	}
	if (batch->count == FORWARD_BATCH)
		flush(f, port);
	if (!batch->dirty) {
		batch->dirty = true;
		f->dirty[f->dirty_count++] = port->number;
	}
	batch->frames[batch->count++] = (struct egress){frame, tag_type};
}

static void mirror(struct forwarder *f, struct port *port, const struct frame *frame,
		   uint16_t tag_type)
{
	unsigned int to = get(port->mirror_to);

	/* Between two ports that are both mirrored a frame is in the one and out of the other. */
	if (frame->copied == to + 1 || !port_set_has(&f->sw->active, to))
		return;
	/* Frames are the forwarder's, const only to those who send them. */
	((struct frame *)frame)->copied = to + 1;
	output(f, &f->sw->ports[to], frame, tag_type);
}

void forward_out(struct forwarder *f, struct port *port, const struct egress *frames,
		 unsigned int n)
{
	const struct endpoint_set *set = rcu_dereference(port->endpoints);
	uint8_t mirrored = get(port->mirror);
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < n; i++)
		bytes += egress_length(&frames[i]);
	count(&port->counters.frames_out, n);
	count(&port->counters.bytes_out, bytes);
	if (get(port->captured))
		for (unsigned int i = 0; i < n; i++)
			observe_frame(port, &frames[i], DIRECTION_OUT);
	if (mirrored & MIRROR_OUT)
		for (unsigned int i = 0; i < n; i++)
			mirror(f, port, frames[i].frame, frames[i].tag_type);
	for (unsigned int i = 0; set && i < set->count; i++)
		set->at[i]->plane->ops->transmit(f, set->at[i], frames, n);
}

/* Let a port's collected frames go, through its impairment if it has one. */
static void flush(struct forwarder *f, struct port *port)
{
	struct batch *batch = f->batch[port->number];
	struct delay_line *line = rcu_dereference(port->delay_out);
	unsigned int n = batch->count;

	batch->count = 0;
	if (!line) {
		forward_out(f, port, batch->frames, n);
		return;
	}
	for (unsigned int i = 0; i < n; i++)
		delay_frame(line, &batch->frames[i], now_of(f));
}

/* To every port but the source that is in all of the given sets. */
static void flood(struct forwarder *f, const struct port *from, const struct frame *frame,
		  const struct vlan *vlan)
{
	unsigned int words = get(f->sw->numports) / 64 + 1;

	for (unsigned int w = 0; w < words; w++) {
		uint64_t ports = get(f->sw->active.word[w]) & ~get(f->sw->mirror_targets.word[w]);

		if (vlan)
			ports &= get(vlan->members.word[w]) & get(vlan->forwarding.word[w]);
		else if (w == 0)
			ports &= ~1ull; /* a hub leaves port 0 alone */
		if (frame->reached)
			ports &= ~get(frame->reached->word[w]);
		if (w == from->number / 64)
			ports &= ~(1ull << from->number % 64);
		for (; ports; ports &= ports - 1) {
			struct port *to = &f->sw->ports[w * 64 + __builtin_ctzll(ports)];
			bool tagged = vlan && port_set_has(&vlan->tagged, to->number);

			output(f, to, frame, tagged ? get(to->tag_type) : 0);
		}
	}
}

static bool is_link_local(const uint8_t *address)
{
	static const uint8_t group[5] = {0x01, 0x80, 0xc2, 0x00, 0x00};

	return memcmp(address, group, sizeof(group)) == 0 && address[5] < 0x10;
}

static bool is_broadcast(const uint8_t *address)
{
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	return memcmp(address, all, sizeof(all)) == 0;
}

/* The two bytes of a frame at this place. */
static unsigned int word_at(const struct frame *frame, unsigned int place)
{
	return frame->data[place] << 8 | frame->data[place + 1];
}

void forward_expect(struct forwarder *f, const struct endpoint *from, const struct frame *frames,
		    unsigned int count)
{
	unsigned int untagged = get(from->port->untagged_vlan);
	unsigned int tag_type = get(from->port->tag_type);

	if (!fdb_is_large(f->sw->fdb))
		return;
	for (const struct frame *frame = frames; frame < frames + count; frame++) {
		unsigned int vlan = 0;

		/* Guessed wrong, what is fetched is of no use; forward() looks closer. */
		if (frame->len < FRAME_MIN)
			continue;
		if (word_at(frame, ADDRESSES) == tag_type)
			vlan = word_at(frame, ADDRESSES + 2) & VID;
		if (!vlan)
			vlan = untagged;
		fdb_prefetch(f->sw->fdb, vlan, frame->data);
		fdb_prefetch(f->sw->fdb, vlan, frame->data + 6);
	}
}

/* Which VLAN the frame is in; NULL: none that the port is a member of. */
static struct vlan *classify(struct forwarder *f, const struct port *port, struct frame *frame)
{
	unsigned int type = word_at(frame, ADDRESSES), untagged = get(port->untagged_vlan);
	struct vlan *vlan;

	frame->tag_type = 0;
	frame->tag = frame->vlan = untagged;
	if (type == get(port->tag_type)) {
		frame->tag_type = type;
		frame->tag = word_at(frame, ADDRESSES + 2);
		frame->vlan = frame->tag & VID;
		if (!frame->vlan) {
			frame->vlan = untagged;
			frame->tag |= untagged;
		}
	}
	if (frame->vlan == VLAN_NONE)
		return NULL;
	vlan = vlan_get(f->sw, frame->vlan);
	return vlan && port_set_has(&vlan->members, port->number) ? vlan : NULL;
}

/* The port of a unicast address if it is known and may be sent to; NULL: flood. */
static struct port *destination(struct forwarder *f, const struct vlan *vlan,
				const struct frame *frame)
{
	int number = fdb_lookup(f->sw->fdb, vlan->id, frame->data);

	if (number == FDB_NOWHERE || !port_set_has(&f->sw->active, number) ||
	    port_set_has(&f->sw->mirror_targets, number) || !port_set_has(&vlan->members, number) ||
	    !port_set_has(&vlan->forwarding, number))
		return NULL;
	return &f->sw->ports[number];
}

static bool storm(struct forwarder *f, struct port *port, enum limit_kind kind)
{
	if (!get(port->limited) || limit_admits(&port->limit[kind], 1, now_of(f)))
		return false;
	count(&port->counters.drops_in, 1);
	return true;
}

static void forward_in_vlan(struct forwarder *f, struct port *port, struct frame *frame)
{
	bool group = frame->data[0] & 1, source_group = frame->data[6] & 1;
	struct vlan *vlan = classify(f, port, frame);
	struct port *to;

	if (get(port->mirror) & MIRROR_IN)
		mirror(f, port, frame, frame->tag_type);
	if (!vlan) {
		count(&port->counters.drops_in, 1);
		return;
	}
	if (group && get(f->sw->spanning_tree) && is_link_local(frame->data)) {
		divert_link_local(divert_context, port, frame);
		return;
	}
	if (!source_group && port_set_has(&vlan->learning, port->number))
		fdb_learn(f->sw->fdb, vlan->id, frame->data + 6, port->number, f->seconds);
	if (!port_set_has(&vlan->forwarding, port->number)) {
		count(&port->counters.drops_in, 1);
		return;
	}
	if (group) {
		if (!storm(f, port, is_broadcast(frame->data) ? LIMIT_BROADCAST : LIMIT_MULTICAST))
			flood(f, port, frame, vlan);
		return;
	}
	to = destination(f, vlan, frame);
	if (!to) {
		if (!storm(f, port, LIMIT_UNKNOWN))
			flood(f, port, frame, vlan);
	} else if (to != port) {
		bool tagged = port_set_has(&vlan->tagged, to->number);

		output(f, to, frame, tagged ? get(to->tag_type) : 0);
	}
}

void forward_in(struct forwarder *f, struct port *port, struct frame *frame)
{
	frame->tag_type = 0;
	frame->copied = 0;
	/* A mirror's port only shows; what is behind it does not take part. */
	if (get(port->mirror_target)) {
		count(&port->counters.drops_in, 1);
		return;
	}
	if (get(port->limited) && !limit_admits(&port->limit[LIMIT_RATE], frame->len, now_of(f))) {
		count(&port->counters.drops_in, 1);
		return;
	}
	if (!get(f->sw->hub)) {
		forward_in_vlan(f, port, frame);
		return;
	}
	if (get(port->mirror) & MIRROR_IN)
		mirror(f, port, frame, 0);
	flood(f, port, frame, NULL);
}

void forward_rest(struct forwarder *f, struct endpoint *from, struct frame *frame,
		  const struct port_set *reached)
{
	struct port *port = from->port;
	struct delay_line *line;

	if (frame->len < FRAME_MIN || frame->len > FRAME_MAX) {
		count(&port->counters.errors_in, 1);
		return;
	}
	if (frame->len < FRAME_SHORT) {
		memset(frame->data + frame->len, 0, FRAME_SHORT - frame->len);
		frame->len = FRAME_SHORT;
	}
	frame->tag_type = 0;
	frame->reached = reached;
	count_in(f, port, 1, frame->len);
	if (get(port->captured))
		observe_frame(port, &(struct egress){frame, 0}, DIRECTION_IN);
	line = rcu_dereference(port->delay_in);
	if (line)
		delay_frame(line, &(struct egress){frame, 0}, now_of(f));
	else
		forward_in(f, port, frame);
}

void forward(struct forwarder *f, struct endpoint *from, struct frame *frame)
{
	forward_rest(f, from, frame, NULL);
}

void forward_begin(struct forwarder *f)
{
	rcu_read_lock();
	f->now = 0;
	f->seconds = forward_seconds();
}

void forward_end(struct forwarder *f)
{
	count_in(f, NULL, 0, 0);
	for (unsigned int i = 0; i < f->dirty_count; i++) {
		struct batch *batch = f->batch[f->dirty[i]];

		/* Not dirty before its frames go: a mirror may then list it again. */
		batch->dirty = false;
		flush(f, &f->sw->ports[f->dirty[i]]);
	}
	f->dirty_count = 0;
	rcu_read_unlock();
}

void forward_send(struct forwarder *f, struct port *port, struct frame *frame, uint16_t tag_type)
{
	if (get(port->mirror_target))
		return;
	forward_begin(f);
	frame->tag_type = 0;
	frame->copied = 0;
	frame->reached = NULL;
	output(f, port, frame, tag_type);
	forward_end(f);
}
