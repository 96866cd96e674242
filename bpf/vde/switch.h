/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the BPF programs of the switch (switch.bpf.c) and its control plane
 * (user/vde/switch/planes/xdp) share: map entries, tags and events. Integers are native endian
 * unless they are written into frames.
 *
 * A netdev of the switch has a *slot*, a small index into the maps. Slot 0 is the *trunk*, a tap
 * whose descriptor the control plane holds: frames that the programs do not (or not only) forward
 * themselves leave by it to the user-space part of the switch. Nothing comes back through it; the
 * user-space part sends to a netdev by a packet socket.
 *
 * Frames inside the switch are in canonical form: the VLAN is a tag with the private type
 * VDE_TAG_VLAN after the addresses, or there is no such tag and the VLAN is 0. On the trunk a
 * second tag stands in front, always:
 *
 *   | destination 6 | source 6 | VDE_TAG_PORT 2 | slot 2 | [VDE_TAG_VLAN 2 | TCI 2] | type ... |
 *
 * slot is where the frame came in, plus VDE_FLOODED when it has already gone to all netdevs. At the
 * tc hook only tags of the types of IEEE 802.1Q can be put on, so frames from there have two of
 * 802.1ad instead, and always both:
 *
 *   | destination 6 | source 6 | VDE_TAG_SKB 2 | slot 2 | VDE_TAG_SKB 2 | TCI 2 | type ... |
 */
#ifndef BPF_VDE_SWITCH_H
#define BPF_VDE_SWITCH_H

#include <linux/types.h>

#define VDE_SLOTS   256
#define VDE_NEAR    4096 /* places for netdevs, by the rest of their index */
#define VDE_VLANS   4096
#define VDE_TRUNK   0
#define VDE_NO_VLAN 0xfff

#define VDE_TAG_PORT   0x88b5 /* the two types IEEE 802 leaves to local experiments */
#define VDE_TAG_VLAN   0x88b6
#define VDE_TAG_SKB    0x88a8
#define VDE_TAG_LENGTH 4
#define VDE_FLOODED    0x8000

/* Entry of `ports` by slot. A slot without a netdev has ifindex 0. */
struct vde_port {
	__u32 ifindex;
	__u16 slot;
	__u16 pvid; /* VLAN of untagged frames, or VDE_NO_VLAN */
	__u16 tpid; /* type of its tags: 0x8100, or 0x88a8 */
	__u16 punt; /* hand all its frames to the user-space part */
	__u8 flood; /* gets flooded frames; for XDP, membership in the devmap `flood` says the same
		     */
	__u8 peer;  /* a veth whose other end is in another network namespace */
	__u16 reserved;
};

#define VDE_SLOT_WORDS (VDE_SLOTS / 64)

/* Entry of `vlans` by number: one bit for each slot. */
struct vde_vlan {
	__u64 member[VDE_SLOT_WORDS];
	__u64 tagged[VDE_SLOT_WORDS]; /* frames leave with a tag */
	__u64 learning[VDE_SLOT_WORDS];
	__u64 forwarding[VDE_SLOT_WORDS];
};

struct vde_address {
	__u8 mac[6];
	__u16 vlan;
};

/* Entry of `addresses`. */
struct vde_station {
	__u64 seen; /* CLOCK_MONOTONIC_COARSE, nanoseconds, renewed about once a second */
	__u32 slot;
	__u32 reserved;
};

/* Entry of `counters` by slot, one for each processor. */
struct vde_counters {
	__u64 in_frames;
	__u64 in_bytes;
	__u64 in_dropped; /* not a member of the VLAN, or port not forwarding
			   */
	__u64 in_errors;  /* no room for a tag */
	__u64 out_frames; /* handed to the netdev; what it drops is in the netdev's own counters */
	__u64 out_bytes;
};

/*
 * Written to the ring `learned` when an address was learned on a slot, moved to it, or claimed: it
 * is known on a port that only the user-space part sees, which has to decide.
 */
struct vde_learned {
	struct vde_address address;
	__u16 slot;
	__u16 kind;
};

enum vde_learned_kind { VDE_LEARNED, VDE_MOVED, VDE_CLAIMED };

#endif
