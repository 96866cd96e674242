// SPDX-License-Identifier: GPL-2.0-only
/*
 * VLAN tags in frames of sockets: there is no room in front of the addresses, so what is behind them moves; most frames
 * have some bytes of room at their end.
 */
#include <linux/if_ether.h>
#include <linux/if_vlan.h>

#include "compat.h"
#include "switch.h"

#define ADDRESSES (2 * ETH_ALEN)

struct sk_buff *kvde_copy(const struct sk_buff *skb)
{
	return skb_copy_expand(skb, 0, VLAN_HLEN, GFP_ATOMIC | __GFP_NOWARN);
}

static void write_tag(struct sk_buff *skb, struct kvde_tag tag)
{
	put_unaligned_be16(tag.tpid, skb->data + ADDRESSES);
	put_unaligned_be16(tag.tci, skb->data + ADDRESSES + 2);
}

struct sk_buff *kvde_retag(struct sk_buff *skb, struct kvde_tag has, struct kvde_tag wanted)
{
	struct sk_buff *copy;

	if (has.tpid && wanted.tpid) {
		write_tag(skb, wanted);
	} else if (has.tpid) {
		memmove(skb->data + VLAN_HLEN, skb->data, ADDRESSES);
		skb_pull(skb, VLAN_HLEN);
	} else if (wanted.tpid) {
		if (skb_tailroom(skb) < VLAN_HLEN) {
			copy = kvde_copy(skb);
			consume_skb(skb);
			if (!copy)
				return NULL;
			skb = copy;
		}
		skb_put(skb, VLAN_HLEN);
		memmove(skb->data + ADDRESSES + VLAN_HLEN, skb->data + ADDRESSES, skb->len - VLAN_HLEN - ADDRESSES);
		write_tag(skb, wanted);
	}
	return skb;
}
