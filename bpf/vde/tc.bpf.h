// SPDX-License-Identifier: GPL-2.0-only
/*
 * The switch on socket buffers, at the tc ingress hook.
 *
 * A veth carries the socket buffers of its other end as they are: large segments not yet cut,
 * checksums not yet computed. XDP would have to copy each into a page and lose both; here they go
 * on to the next netdev untouched, and what that one cannot do itself the kernel does in between.
 *
 * The kernel has taken the outermost VLAN tag off the data and keeps it beside it, where it is
 * changed without moving bytes. A *shape* is what is known of it: whether it is a tag of the switch
 * or belongs to the contents.
 *
 * To the trunk a frame goes behind two tags of type 802.1ad, always: slot, then VLAN (switch.h).
 */
#ifndef BPF_VDE_TC_H
#define BPF_VDE_TC_H

#include <linux/pkt_cls.h>

struct shape {
	bool tagged;
	__u16 tpid;
	__u16 tci; /* of the tag it has, or would have: priority and VLAN */
};

struct flooding {
	struct __sk_buff *skb;
	const struct vde_port *from;
	const struct vde_vlan *vlan; /* NULL: hub */
	struct shape shape;
	bool failed;
};

static __always_inline __u64 segments(const struct __sk_buff *skb)
{
	return skb->gso_segs ?: 1;
}

/* Add, take off or change the tag; false when there is no memory for it. */
static __always_inline bool reshape(struct __sk_buff *skb, struct shape *shape, bool tagged,
				    __u16 tpid)
{
	if (shape->tagged && (!tagged || shape->tpid != tpid)) {
		if (bpf_skb_vlan_pop(skb))
			return false;
		shape->tagged = false;
	}
	if (tagged && !shape->tagged) {
		if (bpf_skb_vlan_push(skb, bpf_htons(tpid), shape->tci))
			return false;
		shape->tagged = true;
		shape->tpid = tpid;
	}
	return true;
}

/* Does it fit the port? Segments are cut to fit. */
static __always_inline bool fits(struct __sk_buff *skb, const struct vde_port *to)
{
	__u32 mtu = 0;

	return skb->len <= ETH_FRAME_LEN || skb->gso_segs ||
	       bpf_check_mtu(skb, to->ifindex, &mtu, 0, 0) == 0;
}

static __always_inline int tc_to_port(struct __sk_buff *skb, struct shape *shape,
				      const struct vde_port *from, const struct vde_port *to,
				      bool tagged)
{
	if (!fits(skb, to) || !reshape(skb, shape, tagged, to->tpid)) {
		refused(from, true);
		return TC_ACT_SHOT;
	}
	sent(to, segments(skb), skb->len + (shape->tagged ? VDE_TAG_LENGTH : 0));
	return to->peer ? bpf_redirect_peer(to->ifindex, 0) : bpf_redirect(to->ifindex, 0);
}

static __always_inline int tc_to_trunk(struct __sk_buff *skb, struct shape *shape,
				       const struct vde_port *from, __u16 flooded)
{
	__u32 slot = VDE_TRUNK;
	const struct vde_port *trunk = port_at(slot);

	if (!trunk || !reshape(skb, shape, false, 0) ||
	    bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021AD), shape->tci) ||
	    bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021AD), from->slot | flooded)) {
		refused(from, true);
		return TC_ACT_SHOT;
	}
	return bpf_redirect(trunk->ifindex, 0);
}

/* One port's copy of a flooded frame, if it is to have one. */
static long flood_to(__u32 slot, void *context)
{
	struct flooding *flooding = context;
	const struct vde_port *to = port_at(slot);
	bool tagged = false;

	if (slot == VDE_TRUNK || !to || !to->flood || to->slot == flooding->from->slot)
		return 0;
	if (flooding->vlan) {
		if (!has(flooding->vlan->member, slot) || !has(flooding->vlan->forwarding, slot))
			return 0;
		tagged = has(flooding->vlan->tagged, slot);
	}
	if (!fits(flooding->skb, to))
		return 0;
	if (!reshape(flooding->skb, &flooding->shape, tagged, to->tpid)) {
		flooding->failed = true;
		return 1;
	}
	sent(to, segments(flooding->skb), flooding->skb->len + (tagged ? VDE_TAG_LENGTH : 0));
	bpf_clone_redirect(flooding->skb, to->ifindex, 0);
	return 0;
}

static __always_inline int tc_to_all(struct __sk_buff *skb, const struct shape *shape,
				     const struct vde_port *from, const struct vde_vlan *vlan)
{
	struct flooding flooding = {.skb = skb, .from = from, .vlan = vlan, .shape = *shape};

	bpf_loop(slots_used, flood_to, &flooding, 0);
	if (flooding.failed) {
		refused(from, true);
		return TC_ACT_SHOT;
	}
	return tc_to_trunk(skb, &flooding.shape, from, VDE_FLOODED);
}

/* A copy of both addresses, which stays when the frame is changed. */
static __always_inline bool read_addresses(struct __sk_buff *skb, __u8 addresses[2 * ETH_ALEN])
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	if (data + 2 * ETH_ALEN > end)
		return bpf_skb_load_bytes(skb, 0, addresses, 2 * ETH_ALEN) == 0;
	__builtin_memcpy(addresses, data, 2 * ETH_ALEN);
	return true;
}

SEC("tc")
int switch_tc(struct __sk_buff *skb)
{
	struct vde_port *from = port_of(skb->ifindex), *to = NULL;
	struct vde_vlan *vlan = NULL;
	__u8 addresses[2 * ETH_ALEN];
	struct vde_counters *count;
	struct shape shape = {};
	bool has_tag = skb->vlan_present;

	if (!from)
		return TC_ACT_UNSPEC;
	count = counters_of(from);
	if (!count || !read_addresses(skb, addresses))
		return TC_ACT_SHOT;
	received(count, segments(skb), skb->len + (has_tag ? VDE_TAG_LENGTH : 0));
	if (!hub) {
		__u16 tci = skb->vlan_tci;

		shape.tagged = has_tag && skb->vlan_proto == bpf_htons(from->tpid);
		shape.tpid = from->tpid;
		shape.tci = shape.tagged ? tci : from->pvid;
		/* A tag of priority alone is replaced by one that names the VLAN. */
		if (shape.tagged && !(tci & VID)) {
			if (bpf_skb_vlan_pop(skb))
				return TC_ACT_SHOT;
			shape.tagged = false;
			shape.tci = (tci & ~VID) | from->pvid;
		}
	}
	switch (decide(from, addresses, shape.tci & VID, &to, &vlan)) {
	case TO_TRUNK:
		return tc_to_trunk(skb, &shape, from, 0);
	case TO_ALL:
		return tc_to_all(skb, &shape, from, hub ? NULL : vlan);
	case TO_PORT:
		if (to && vlan)
			return tc_to_port(skb, &shape, from, to, has(vlan->tagged, to->slot));
		return TC_ACT_SHOT;
	case REFUSED:
		refused(from, false);
		return TC_ACT_SHOT;
	default:
		return TC_ACT_SHOT;
	}
}

#endif
