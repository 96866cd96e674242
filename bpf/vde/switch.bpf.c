// SPDX-License-Identifier: GPL-2.0-only
/*
 * The switch for netdevs, as two XDP programs.
 *
 * switch_ingress runs on every netdev of the switch: it finds the VLAN, learns the source, looks
 * the destination up and redirects the frame, to one netdev through `unicast` (its tags already as
 * that port wants them) or to all of them through `flood` in canonical form. switch_egress runs on
 * each copy of a flooded frame as it leaves: it drops what the port is not to have, puts the tags
 * right and counts.
 *
 * The control plane writes ports, vlans, unicast, flood and the settings below; both write
 * addresses; the programs write counters and the ring. Nothing here takes a lock of its own:
 * entries are replaced whole, and a frame that meets a table half-way through a change is forwarded
 * by the old or by the new one.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "bpf/vde/switch.h"

char LICENSE[] SEC("license") = "GPL";

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

struct tag {
	__be16 type;
	__be16 value;
};

struct tagged_header {
	__u8 addresses[2 * ETH_ALEN];
	struct tag tag;
} __attribute__((packed));

static __always_inline struct tagged_header *header_of(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	return data + sizeof(struct tagged_header) <= end ? data : NULL;
}

static __always_inline struct vde_port *port_at(__u32 slot)
{
	struct vde_port *port = bpf_map_lookup_elem(&ports, &slot);

	return port && port->ifindex ? port : NULL;
}

static __always_inline struct vde_port *port_of(__u32 ifindex)
{
	__u32 *slot = bpf_map_lookup_elem(&slots, &ifindex);

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

static __always_inline int refuse(const struct vde_port *port, bool error)
{
	struct vde_counters *count = counters_of(port);

	if (count && error)
		count->in_errors++;
	else if (count)
		count->in_dropped++;
	return XDP_DROP;
}

static __always_inline void sent(const struct vde_port *port, __u64 bytes)
{
	struct vde_counters *count = counters_of(port);

	if (count) {
		count->out_frames++;
		count->out_bytes += bytes;
	}
}

/* Put a tag behind the addresses. */
static __always_inline bool push(struct xdp_md *ctx, __u16 type, __u16 value)
{
	struct tagged_header *head = header_of(ctx);
	__u8 kept[2 * ETH_ALEN];

	if (!head)
		return false;
	__builtin_memcpy(kept, head->addresses, sizeof(kept));
	if (bpf_xdp_adjust_head(ctx, -VDE_TAG_LENGTH))
		return false;
	head = header_of(ctx);
	if (!head)
		return false;
	__builtin_memcpy(head->addresses, kept, sizeof(kept));
	head->tag.type = bpf_htons(type);
	head->tag.value = bpf_htons(value);
	return true;
}

/* Take the tag behind the addresses away. */
static __always_inline bool pop(struct xdp_md *ctx)
{
	struct tagged_header *head = header_of(ctx);
	__u8 kept[2 * ETH_ALEN];

	if (!head)
		return false;
	__builtin_memcpy(kept, head->addresses, sizeof(kept));
	if (bpf_xdp_adjust_head(ctx, VDE_TAG_LENGTH))
		return false;
	head = header_of(ctx);
	if (!head)
		return false;
	__builtin_memcpy(head->addresses, kept, sizeof(kept));
	return true;
}

/*
 * From a port's form to the canonical one: TAGGED says that the frame has the port's tag, which may
 * have a priority but no VLAN.
 */
static __always_inline bool to_canonical(struct xdp_md *ctx, bool tagged, __u16 vlan)
{
	struct tagged_header *head = header_of(ctx);

	if (!head)
		return false;
	if (tagged) {
		head->tag.type = bpf_htons(VDE_TAG_VLAN);
		head->tag.value = (head->tag.value & bpf_htons(0xf000)) | bpf_htons(vlan);
		return true;
	}
	if (vlan || head->tag.type == bpf_htons(VDE_TAG_VLAN))
		return push(ctx, VDE_TAG_VLAN, vlan);
	return true;
}

/* From the canonical form to a port's: TAGGED says that the port wants a tag. */
static __always_inline bool from_canonical(struct xdp_md *ctx, bool tagged, __u16 tpid)
{
	struct tagged_header *head = header_of(ctx);

	if (!head)
		return false;
	if (head->tag.type != bpf_htons(VDE_TAG_VLAN))
		return tagged ? push(ctx, tpid, 0) : true;
	if (!tagged)
		return pop(ctx);
	head->tag.type = bpf_htons(tpid);
	return true;
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

/* A canonical frame to the user-space part only. */
static __always_inline int to_trunk(struct xdp_md *ctx, const struct vde_port *from)
{
	if (!push(ctx, VDE_TAG_PORT, from->slot))
		return refuse(from, true);
	return bpf_redirect_map(&unicast, VDE_TRUNK, 0);
}

/*
 * A canonical frame to everyone but the port it came from. The kernel does not multiply frames that
 * lie in several pieces: these the user-space part sends to all.
 */
static __always_inline int to_all(struct xdp_md *ctx, const struct vde_port *from)
{
	if (bpf_xdp_get_buff_len(ctx) > ctx->data_end - ctx->data)
		return to_trunk(ctx, from);
	return bpf_redirect_map(&flood, 0, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS);
}

/* A frame in the form of its way out to one netdev. */
static __always_inline int to_port(struct xdp_md *ctx, const struct vde_port *to)
{
	sent(to, bpf_xdp_get_buff_len(ctx));
	return bpf_redirect_map(&unicast, to->slot, 0);
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

SEC("xdp.frags")
int switch_ingress(struct xdp_md *ctx)
{
	struct tagged_header *head = header_of(ctx);
	struct vde_port *from = port_of(ctx->ingress_ifindex), *to;
	struct vde_address source = {};
	struct vde_station *station;
	struct vde_counters *count;
	struct vde_vlan *vlan;
	__u32 number;
	bool tagged, out_tagged;

	if (!from)
		return XDP_PASS;
	count = counters_of(from);
	if (!count)
		return XDP_DROP;
	count->in_frames++;
	count->in_bytes += bpf_xdp_get_buff_len(ctx);
	if (!head)
		return refuse(from, true);
	if (hub)
		return to_canonical(ctx, false, 0) ? to_all(ctx, from) : refuse(from, true);

	tagged = head->tag.type == bpf_htons(from->tpid);
	number = tagged ? bpf_ntohs(head->tag.value) & 0xfff : 0;
	if (!number)
		number = from->pvid;
	if (from->punt || (spanning_tree && is_link_local(head->addresses)))
		return to_canonical(ctx, tagged, number) ? to_trunk(ctx, from) : refuse(from, true);
	vlan = bpf_map_lookup_elem(&vlans, &number);
	if (number == VDE_NO_VLAN || !vlan || !has(vlan->member, from->slot))
		return refuse(from, false);

	source.vlan = number;
	__builtin_memcpy(source.mac, head->addresses + ETH_ALEN, ETH_ALEN);
	if (has(vlan->learning, from->slot))
		learn(&source, from->slot);
	if (!has(vlan->forwarding, from->slot))
		return refuse(from, false);

	station = station_of(head->addresses, number);
	if (station && station->slot == from->slot)
		return XDP_DROP;
	if (station && station->slot == VDE_TRUNK)
		return to_canonical(ctx, tagged, number) ? to_trunk(ctx, from) : refuse(from, true);
	to = station ? port_at(station->slot) : NULL;
	if (!to || !has(vlan->forwarding, to->slot) || !has(vlan->member, to->slot))
		return to_canonical(ctx, tagged, number) ? to_all(ctx, from) : refuse(from, true);
	/* Untagged on both sides, the canonical form would be made only to be undone. */
	out_tagged = has(vlan->tagged, to->slot);
	if ((tagged || out_tagged) &&
	    !(to_canonical(ctx, tagged, number) && from_canonical(ctx, out_tagged, to->tpid)))
		return refuse(from, true);
	return to_port(ctx, to);
}

SEC("xdp.frags/devmap")
int switch_egress(struct xdp_md *ctx)
{
	struct tagged_header *head = header_of(ctx);
	struct vde_port *to = port_of(ctx->egress_ifindex), *from;
	struct vde_vlan *vlan;
	bool tagged = false;
	__u32 number = 0;

	if (!to || !head)
		return XDP_DROP;
	if (to->slot == VDE_TRUNK) {
		from = port_of(ctx->ingress_ifindex);
		if (!from || !push(ctx, VDE_TAG_PORT, from->slot | VDE_FLOODED))
			return XDP_DROP;
		return XDP_PASS;
	}
	if (!hub) {
		if (head->tag.type == bpf_htons(VDE_TAG_VLAN))
			number = bpf_ntohs(head->tag.value) & 0xfff;
		vlan = bpf_map_lookup_elem(&vlans, &number);
		if (!vlan || !has(vlan->member, to->slot) || !has(vlan->forwarding, to->slot))
			return XDP_DROP;
		tagged = has(vlan->tagged, to->slot);
	}
	if (!from_canonical(ctx, tagged, to->tpid))
		return XDP_DROP;
	sent(to, bpf_xdp_get_buff_len(ctx));
	return XDP_PASS;
}
