/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to a frame, whatever plane it came from:
 *
 *   [impairment in] -> limits -> VLAN of the frame -> link-local groups -> learn -> look up
 *       -> ports that get it, each with or without a tag -> [impairment out] -> transmit()
 *
 * A forwarder is the working memory of one thread: it collects the frames of a batch per port that
 * gets them, so that each endpoint is given its frames in one call. Nothing is copied on the way:
 * frames point into the caller's buffers until forward_end().
 */
#ifndef VDE_SWITCH_FORWARD_H
#define VDE_SWITCH_FORWARD_H

#include <stdint.h>
#include <sys/uio.h>

#include "user/vde/switch/switch.h"

#define FORWARD_BATCH 64 /* frames between forward_begin() and forward_end() */

/*
 * One Ethernet frame without FCS, as it came from the wire. The buffer must have room for
 * FRAME_SHORT bytes: shorter frames are filled with zeros in place.
 */
struct frame {
	uint8_t *data;
	uint32_t len;
	/* Filled in by forward(). */
	uint16_t vlan;
	uint16_t
		tag_type; /* TPID of the tag it carries as far as the switch is concerned; 0 none */
	uint16_t tag;	  /* priority and VLAN to send when it leaves tagged */
	uint16_t copied;  /* 1 + the mirror's port that has a copy already; 0 none */
	const struct port_set
		*reached; /* ports that have it already, should it be flooded; NULL none */
};

/* A frame on its way out of a port; tag_type is the TPID it shall carry, 0 = no tag. */
struct egress {
	const struct frame *frame;
	uint16_t tag_type;
};

/*
 * The bytes of a frame as it leaves, in at most EGRESS_IOV pieces; number of pieces returned.
 * tag is four bytes of room that must live as long as the pieces.
 */
#define EGRESS_IOV 3
unsigned int egress_pieces(const struct egress *egress, struct iovec pieces[EGRESS_IOV],
			   uint8_t tag[4]);
uint32_t egress_length(const struct egress *egress);
/* The same bytes in one piece; egress_length() of them, which is returned. */
uint32_t egress_copy(const struct egress *egress, uint8_t *to);

struct forwarder;

/* One per thread, which must be registered with RCU. NULL when out of memory. */
struct forwarder *forwarder_new(struct vswitch *sw);
void forwarder_free(struct forwarder *forwarder);

/*
 * A batch. Between begin and end the thread is inside rcu_read_lock(); it must not block.
 * forward() takes a frame that an endpoint sent in; at most FORWARD_BATCH frames per batch. Told
 * by forward_expect() which ones come next, it finds what it needs of the MAC table in the cache.
 */
void forward_begin(struct forwarder *forwarder);
void forward_expect(struct forwarder *forwarder, const struct endpoint *from,
		    const struct frame *frames, unsigned int count);
void forward(struct forwarder *forwarder, struct endpoint *from, struct frame *frame);
void forward_end(struct forwarder *forwarder);

/* The same, of a frame that was flooded to these ports already; the set must live until forward_end(). */
void forward_rest(struct forwarder *forwarder, struct endpoint *from, struct frame *frame,
		  const struct port_set *reached);

/* Seconds of CLOCK_MONOTONIC, the time of the MAC table; may be called at any time. */
uint32_t forward_seconds(void);

/*
 * A frame to a link-local group (IEEE 802.1Q table 8-1) while spanning tree is on; it goes no
 * further. Called under rcu_read_lock() on any thread; set once, before planes start.
 */
typedef void forward_link_local(void *context, struct port *port, const struct frame *frame);
void forward_divert(forward_link_local *divert, void *context);

/* False: frames of this port must go through forward() in both directions. */
bool port_is_plain(const struct port *port);

/*
 * Where impairment lets a frame go on: it has come in through this port, or leaves it for good.
 */
void forward_in(struct forwarder *forwarder, struct port *port, struct frame *frame);
void forward_out(struct forwarder *forwarder, struct port *port, const struct egress *frames,
		 unsigned int count);

/*
 * From the control thread: send a frame made by the switch (a BPDU) out of one port, with a tag of
 * this type or without (0).
 */
void forward_send(struct forwarder *forwarder, struct port *port, struct frame *frame,
		  uint16_t tag_type);

#endif
