// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a frame goes that came in by a port (IEEE 802.1Q clause 8.6): the same as the switch's own
 * user/vde/switch/forward/forward.c says, as far as only adopted ports are concerned.
 *
 *   VLAN -> link-local groups -> learn -> port forwarding? -> known address: that port
 *                                                          -> else all of the VLAN
 *
 * What concerns others than adopted ports goes up to the switch: whole, or marked with the set of ports that have it.
 */
#include <linux/etherdevice.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>

#include "compat.h"
#include "switch.h"

#define FRAME_SHORT 60

/* A frame on its way, and what was found out about it. */
struct way {
	struct kvde_adopted *from;
	struct sk_buff *skb;
	struct kvde_tag tag; /* that it has */
	u16 tci;	     /* priority and VLAN that it leaves with */
	const struct kvde_vlan *vlan;
};

static void drop_frame(struct kvde_adopted *port, struct sk_buff *skb)
{
	kvde_count(port, in_dropped, 1);
	kfree_skb(skb);
}

static void count_in(const struct way *way)
{
	kvde_count(way->from, in_frames, 1);
	kvde_count(way->from, in_bytes, way->skb->len);
}

/* False: a frame that no port is to see, consumed. */
static bool is_frame(struct kvde_adopted *port, struct sk_buff *skb)
{
	if (!skb->len) { /* how old clients say that they close */
		consume_skb(skb);
		return false;
	}
	if (skb->len < KVDE_FRAME_MIN || skb->len > KVDE_FRAME_MAX) {
		kvde_count(port, in_errors, 1);
		kfree_skb(skb);
		return false;
	}
	if (skb_linearize(skb) || (skb->len < FRAME_SHORT && __skb_put_padto(skb, FRAME_SHORT, false))) {
		drop_frame(port, skb);
		return false;
	}
	return true;
}

/* Which VLAN the frame is in; false: none that the port is a member of. */
static bool find_vlan(struct way *way)
{
	const struct kvde_members *members;
	u16 type = get_unaligned_be16(way->skb->data + 2 * ETH_ALEN), pvid = READ_ONCE(way->from->pvid), id = pvid;

	way->tci = pvid;
	way->tag = (struct kvde_tag){};
	if (type == READ_ONCE(way->from->tpid) && way->skb->len >= VLAN_ETH_HLEN) {
		way->tag =
			(struct kvde_tag){ .tpid = type, .tci = get_unaligned_be16(way->skb->data + 2 * ETH_ALEN + 2) };
		way->tci = way->tag.tci;
		id = way->tci & VLAN_VID_MASK;
		if (!id) {
			id = pvid;
			way->tci |= pvid;
		}
	}
	if (id == KVDE_NO_VLAN)
		return false;
	members = rcu_dereference(way->from->sw->vlans[id]);
	way->vlan = members ? &members->vlan : NULL;
	return way->vlan && kvde_has(way->vlan->member, way->from->number);
}

static struct kvde_tag tag_for(const struct way *way, const struct kvde_adopted *to)
{
	if (!kvde_has(way->vlan->tagged, to->number))
		return (struct kvde_tag){};
	return (struct kvde_tag){ .tpid = READ_ONCE(to->tpid), .tci = way->tci };
}

static bool same_tag(struct kvde_tag a, struct kvde_tag b)
{
	return a.tpid == b.tpid && (!a.tpid || a.tci == b.tci);
}

static void send_to_one(struct way *way, struct kvde_adopted *to)
{
	struct kvde_tag wanted = tag_for(way, to);

	count_in(way);
	if (!same_tag(way->tag, wanted))
		way->skb = kvde_retag(way->skb, way->tag, wanted);
	if (way->skb)
		kvde_deliver(to, way->skb);
	else
		kvde_count(to, out_dropped, 1);
}

/*
 * The frame in the form that a port wants, for one port more. forms: what has been made so far; clones share their bytes,
 * which nobody changes any more.
 */
#define FORMS 4 /* as it came, without a tag, and with each of the two types of tags */
struct form {
	struct kvde_tag tag;
	struct sk_buff *skb;
};

static struct sk_buff *one_more(const struct way *way, struct form *forms, struct kvde_tag wanted)
{
	struct sk_buff *skb;
	unsigned int i;

	for (i = 0; i < FORMS && forms[i].skb; i++)
		if (same_tag(forms[i].tag, wanted))
			return skb_clone(forms[i].skb, GFP_ATOMIC | __GFP_NOWARN);
	if (i == FORMS)
		return NULL;
	skb = kvde_copy(way->skb);
	if (skb)
		skb = kvde_retag(skb, way->tag, wanted);
	forms[i] = (struct form){ .tag = wanted, .skb = skb };
	return skb ? skb_clone(skb, GFP_ATOMIC | __GFP_NOWARN) : NULL;
}

static void send_to_all(struct way *way)
{
	struct kvde *sw = way->from->sw;
	struct kvde_set *set = rcu_dereference(sw->adopted);
	struct form forms[FORMS] = { { .tag = way->tag, .skb = way->skb } };
	bool up = way->vlan->flags & KVDE_VLAN_UP;
	unsigned int word, i;

	if (!up)
		count_in(way);
	for (word = 0; set && word < set->words; word++) {
		u64 ports = set->word[word] & way->vlan->member[word] & way->vlan->forwarding[word];

		if (word == way->from->number / 64)
			ports &= ~(1ull << way->from->number % 64);
		for (; ports; ports &= ports - 1) {
			struct kvde_adopted *to = rcu_dereference(sw->ports[word * 64 + __ffs64(ports)]);
			struct sk_buff *skb = to ? one_more(way, forms, tag_for(way, to)) : NULL;

			if (skb)
				kvde_deliver(to, skb);
			else if (to)
				kvde_count(to, out_dropped, 1);
		}
	}
	for (i = 1; i < FORMS; i++)
		consume_skb(forms[i].skb);
	if (up && set && refcount_inc_not_zero(&set->refs))
		kvde_up_frame(way->from, way->skb, set);
	else if (up)
		kvde_up_frame(way->from, way->skb, NULL);
	else
		consume_skb(way->skb);
}

void kvde_forward(struct kvde_adopted *port, struct sk_buff *skb)
{
	struct way way = { .from = port, .skb = skb };
	struct kvde *sw = port->sw;
	struct kvde_adopted *to;
	const u8 *mac;
	int number;

	if (!is_frame(port, skb))
		return;
	mac = skb->data;
	if (!find_vlan(&way)) {
		drop_frame(port, skb);
		return;
	}
	if (READ_ONCE(sw->flags) & KVDE_SPANNING_TREE && is_link_local_ether_addr(mac)) {
		kvde_up_frame(port, skb, NULL);
		return;
	}
	if (kvde_has(way.vlan->learning, port->number))
		kvde_learn(sw, way.vlan->vlan, mac + ETH_ALEN, port->number);
	if (!kvde_has(way.vlan->forwarding, port->number)) {
		drop_frame(port, skb);
		return;
	}
	number = is_multicast_ether_addr(mac) ? -1 : kvde_lookup(sw, way.vlan->vlan, mac);
	if (number > 0 && kvde_has(way.vlan->member, number) && kvde_has(way.vlan->forwarding, number)) {
		to = rcu_dereference(sw->ports[number]);
		if (to == port) {
			count_in(&way);
			consume_skb(skb);
		} else if (to) {
			send_to_one(&way, to);
		} else {
			kvde_up_frame(port, skb, NULL);
		}
	} else if (!number) {
		kvde_up_frame(port, skb, NULL);
	} else {
		send_to_all(&way);
	}
}
