// SPDX-License-Identifier: GPL-2.0-only
/*
 * The switch for netdevs: two XDP programs here and, for netdevs that do better with socket
 * buffers, one for the tc hook (tc.bpf.h). decide.bpf.h, which they share, says where a frame goes.
 *
 * switch_ingress runs on every netdev of the switch: it redirects the frame, to one netdev through
 * `unicast` (its tags already as that port wants them) or to all of them through `flood` in
 * canonical form. switch_egress runs on each copy of a flooded frame as it leaves: it drops what
 * the port is not to have, puts the tags right and counts.
 */
#include "bpf/vde/decide.bpf.h"

char LICENSE[] SEC("license") = "GPL";

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

static __always_inline int refuse(const struct vde_port *port, bool error)
{
	refused(port, error);
	return XDP_DROP;
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

SEC("xdp.frags")
int switch_ingress(struct xdp_md *ctx)
{
	struct tagged_header *head = header_of(ctx);
	struct vde_port *from = port_of(ctx->ingress_ifindex), *to = NULL;
	struct vde_counters *count;
	struct vde_vlan *vlan = NULL;
	__u64 length = bpf_xdp_get_buff_len(ctx);
	__u32 number;
	bool tagged, out_tagged;

	if (!from)
		return XDP_PASS;
	count = counters_of(from);
	if (!count)
		return XDP_DROP;
	received(count, 1, length);
	if (!head)
		return refuse(from, true);

	tagged = !hub && head->tag.type == bpf_htons(from->tpid);
	number = tagged ? bpf_ntohs(head->tag.value) & VID : 0;
	if (!number && !hub)
		number = from->pvid;
	switch (decide(from, head->addresses, number, &to, &vlan)) {
	case TO_TRUNK:
		return to_canonical(ctx, tagged, number) ? to_trunk(ctx, from) : refuse(from, true);
	case TO_ALL:
		return to_canonical(ctx, tagged, number) ? to_all(ctx, from) : refuse(from, true);
	case TO_PORT:
		break;
	case REFUSED:
		return refuse(from, false);
	default:
		return XDP_DROP;
	}
	if (!to || !vlan)
		return XDP_DROP;
	/* Untagged on both sides, the canonical form would be made only to be undone. */
	out_tagged = has(vlan->tagged, to->slot);
	if ((tagged || out_tagged) &&
	    !(to_canonical(ctx, tagged, number) && from_canonical(ctx, out_tagged, to->tpid)))
		return refuse(from, true);
	sent(to, 1, length + (out_tagged - tagged) * VDE_TAG_LENGTH);
	return bpf_redirect_map(&unicast, to->slot, 0);
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
			number = bpf_ntohs(head->tag.value) & VID;
		vlan = bpf_map_lookup_elem(&vlans, &number);
		if (!vlan || !has(vlan->member, to->slot) || !has(vlan->forwarding, to->slot))
			return XDP_DROP;
		tagged = has(vlan->tagged, to->slot);
	}
	if (!from_canonical(ctx, tagged, to->tpid))
		return XDP_DROP;
	sent(to, 1, bpf_xdp_get_buff_len(ctx));
	return XDP_PASS;
}

#include "bpf/vde/tc.bpf.h"
