// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the XDP programs and the tc program share: the maps, learning, and where a frame goes.
 *
 * The control plane writes ports, vlans, unicast, flood and the settings below; both write
 * addresses; the programs write counters and the ring. Nothing here takes a lock of its own:
 * entries are replaced whole, and a frame that meets a table half-way through a change is forwarded
 * by the old or by the new one.
 */
#ifndef BPF_VDE_DECIDE_H
#define BPF_VDE_DECIDE_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "bpf/vde/switch.h"

#define VID 0xfff

/* Slots below this may be in use. */
volatile __u32 slots_used = VDE_SLOTS;

/*
 * The slot of the netdev that last took this place, for most netdevs their own: read without a
 * call, where calls cost as much as what they do (the kernel's protection of returns).
 */
volatile __u8 near_slots[VDE_NEAR];

/* Settings; sizes of addresses, unicast and flood are set by the loader. */
volatile bool hub;
volatile bool spanning_tree; /* BPDUs go to the control plane */
volatile __u64 persistence =
	3000000000ull; /* nanoseconds: an address seen within it does not move */

#define REFRESH 1000000000ull

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VDE_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VDE_SLOTS);
	__type(key, __u32);
	__type(value, struct vde_port);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VDE_VLANS);
	__type(key, __u32);
	__type(value, struct vde_vlan);
} vlans SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 17);
	__type(key, struct vde_address);
	__type(value, struct vde_station);
} addresses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VDE_SLOTS);
	__type(key, __u32);
	__type(value, struct vde_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, VDE_SLOTS);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} unicast SEC(".maps"), flood SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} learned SEC(".maps");

static __always_inline struct vde_port *port_at(__u32 slot)
{
	struct vde_port *port = bpf_map_lookup_elem(&ports, &slot);

	return port && port->ifindex ? port : NULL;
}

static __always_inline struct vde_port *port_of(__u32 ifindex)
{
	struct vde_port *port = port_at(near_slots[ifindex % VDE_NEAR]);
	__u32 *slot;

	if (port && port->ifindex == ifindex)
		return port;
	slot = bpf_map_lookup_elem(&slots, &ifindex);
	return slot ? port_at(*slot) : NULL;
}

static __always_inline struct vde_counters *counters_of(const struct vde_port *port)
{
	__u32 slot = port->slot;

	return bpf_map_lookup_elem(&counters, &slot);
}

static __always_inline bool has(const __u64 *words, __u32 slot)
{
	return words[slot / 64 % VDE_SLOT_WORDS] >> (slot % 64) & 1;
}

static __always_inline void received(struct vde_counters *count, __u64 frames, __u64 bytes)
{
	count->in_frames += frames;
	count->in_bytes += bytes;
}

static __always_inline void sent(const struct vde_port *port, __u64 frames, __u64 bytes)
{
	struct vde_counters *count = counters_of(port);

	if (count) {
		count->out_frames += frames;
		count->out_bytes += bytes;
	}
}

/* A frame ends here: because of an error, or because the port may not send it. */
static __always_inline void refused(const struct vde_port *port, bool error)
{
	struct vde_counters *count = counters_of(port);

	if (count && error)
		count->in_errors++;
	else if (count)
		count->in_dropped++;
}

static __always_inline void tell(const struct vde_address *address, __u32 slot, __u16 kind)
{
	struct vde_learned event = {.address = *address, .slot = slot, .kind = kind};

	bpf_ringbuf_output(&learned, &event, sizeof(event), 0);
}

static __always_inline void learn(const struct vde_address *address, __u32 slot)
{
	struct vde_station *old, new = {.seen = bpf_ktime_get_coarse_ns(), .slot = slot};

	if (address->mac[0] & 1)
		return;
	old = bpf_map_lookup_elem(&addresses, address);
	if (old && old->slot == slot) {
		if (new.seen - old->seen > REFRESH)
			old->seen = new.seen;
		return;
	}
	if (old && new.seen - old->seen <= persistence)
		return;
	if (old && old->slot == VDE_TRUNK) {
		old->seen = new.seen; /* one claim for each time of persistence */
		tell(address, slot, VDE_CLAIMED);
	} else if (!bpf_map_update_elem(&addresses, address, &new, BPF_ANY)) {
		tell(address, slot, old ? VDE_MOVED : VDE_LEARNED);
	}
}

/* 01:80:c2:00:00:00 to 0f, which a bridge with spanning tree does not forward. */
static __always_inline bool is_link_local(const __u8 *mac)
{
	return mac[0] == 0x01 && mac[1] == 0x80 && mac[2] == 0xc2 && !mac[3] && !mac[4] &&
	       mac[5] < 0x10;
}

static __always_inline struct vde_station *station_of(const __u8 *mac, __u16 vlan)
{
	struct vde_address address = {.vlan = vlan};

	if (mac[0] & 1)
		return NULL;
	__builtin_memcpy(address.mac, mac, ETH_ALEN);
	return bpf_map_lookup_elem(&addresses, &address);
}

enum verdict { TO_NOBODY, REFUSED, TO_TRUNK, TO_ALL, TO_PORT };

/*
 * Where a frame goes that came in on a port, in this VLAN, with these addresses (destination, then
 * source). TO_PORT fills in *to and *vlan.
 */
static __always_inline enum verdict decide(const struct vde_port *from, const __u8 *addresses_at,
					   __u32 number, struct vde_port **to,
					   struct vde_vlan **vlan)
{
	struct vde_address source = {.vlan = number};
	struct vde_station *station;

	if (hub)
		return TO_ALL;
	if (from->punt || (spanning_tree && is_link_local(addresses_at)))
		return TO_TRUNK;
	*vlan = bpf_map_lookup_elem(&vlans, &number);
	if (number == VDE_NO_VLAN || !*vlan || !has((*vlan)->member, from->slot))
		return REFUSED;

	__builtin_memcpy(source.mac, addresses_at + ETH_ALEN, ETH_ALEN);
	if (has((*vlan)->learning, from->slot))
		learn(&source, from->slot);
	if (!has((*vlan)->forwarding, from->slot))
		return REFUSED;

	station = station_of(addresses_at, number);
	if (station && station->slot == from->slot)
		return TO_NOBODY;
	if (station && station->slot == VDE_TRUNK)
		return TO_TRUNK;
	*to = station ? port_at(station->slot) : NULL;
	/* A port that has just left the programs may still have addresses here. */
	if (*to && (*to)->punt)
		return TO_TRUNK;
	if (!*to || !has((*vlan)->forwarding, (*to)->slot) || !has((*vlan)->member, (*to)->slot))
		return TO_ALL;
	return TO_PORT;
}

#endif
