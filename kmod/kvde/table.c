// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses: the module's copy of the switch's MAC table, which learns by itself and tells the switch.
 *
 * An address that was seen a moment ago elsewhere does not move (persistence), so a forged source cannot draw frames
 * while the rightful station talks. Where the switch has put an address at port 0, only the switch moves it: it is
 * told of a claim, once for each time of persistence.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "switch.h"

struct address {
	u8 mac[6];
	u16 vlan;
};

struct station {
	struct rhash_head node;
	struct address address;
	u32 port;
	unsigned long seen;
	struct rcu_head rcu;
};

static const struct rhashtable_params params = {
	.key_len = sizeof(struct address),
	.key_offset = offsetof(struct station, address),
	.head_offset = offsetof(struct station, node),
	.max_size = KVDE_ADDRESSES,
	.automatic_shrinking = true,
};

static struct address address_of(u16 vlan, const u8 *mac)
{
	struct address at = { .vlan = vlan };

	memcpy(at.mac, mac, sizeof(at.mac));
	return at;
}

static struct station *find_station(struct kvde *sw, u16 vlan, const u8 *mac)
{
	struct address at = address_of(vlan, mac);

	return rhashtable_lookup(&sw->addresses, &at, params);
}

static int add_station(struct kvde *sw, u16 vlan, const u8 *mac, u32 port)
{
	struct station *station;
	int err;

	if (atomic_read(&sw->addresses.nelems) >= KVDE_ADDRESSES)
		return -ENOSPC;
	station = kzalloc(sizeof(*station), GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	if (!station)
		return -ENOMEM;
	station->address = address_of(vlan, mac);
	station->port = port;
	station->seen = jiffies;
	err = rhashtable_insert_fast(&sw->addresses, &station->node, params);
	if (err)
		kfree(station);
	return err;
}

static void remove_station(struct kvde *sw, struct station *station)
{
	if (!rhashtable_remove_fast(&sw->addresses, &station->node, params))
		kfree_rcu(station, rcu);
}

int kvde_table_init(struct kvde *sw)
{
	return rhashtable_init(&sw->addresses, &params);
}

static void free_station(void *object, void *unused)
{
	kfree(object);
}

void kvde_table_free(struct kvde *sw)
{
	rhashtable_free_and_destroy(&sw->addresses, free_station, NULL);
}

int kvde_lookup(struct kvde *sw, u16 vlan, const u8 *mac)
{
	const struct station *station = find_station(sw, vlan, mac);

	return station ? (int)READ_ONCE(station->port) : -1;
}

void kvde_learn(struct kvde *sw, u16 vlan, const u8 *mac, u32 port)
{
	struct station *station;
	unsigned long now = jiffies;
	u32 was;

	if (mac[0] & 1)
		return;
	station = find_station(sw, vlan, mac);
	if (!station) {
		if (!add_station(sw, vlan, mac, port))
			kvde_up_event(sw, KVDE_LEARNED, port, vlan, mac);
		return;
	}
	was = READ_ONCE(station->port);
	if (was == port) {
		if (READ_ONCE(station->seen) != now)
			WRITE_ONCE(station->seen, now);
		return;
	}
	if (now - READ_ONCE(station->seen) <= READ_ONCE(sw->persistence))
		return;
	WRITE_ONCE(station->seen, now);
	if (was && cmpxchg(&station->port, was, port) != was)
		return;
	kvde_up_event(sw, was ? KVDE_MOVED : KVDE_CLAIMED, port, vlan, mac);
}

int kvde_address_set(struct kvde *sw, const struct kvde_address *address)
{
	struct station *station;
	int err = 0;

	rcu_read_lock();
	station = find_station(sw, address->vlan, address->mac);
	if (!station) {
		err = add_station(sw, address->vlan, address->mac, address->port);
	} else if (READ_ONCE(station->port) != address->port) {
		WRITE_ONCE(station->port, address->port);
		WRITE_ONCE(station->seen, jiffies);
	}
	rcu_read_unlock();
	/* Learned at this moment. */
	return err == -EEXIST ? -EAGAIN : err;
}

int kvde_address_del(struct kvde *sw, const struct kvde_address *address)
{
	struct station *station;

	rcu_read_lock();
	station = find_station(sw, address->vlan, address->mac);
	if (station)
		remove_station(sw, station);
	rcu_read_unlock();
	return station ? 0 : -ENOENT;
}

int kvde_address_get(struct kvde *sw, struct kvde_address *address)
{
	const struct station *station;

	rcu_read_lock();
	station = find_station(sw, address->vlan, address->mac);
	if (station) {
		address->port = READ_ONCE(station->port);
		address->idle = (jiffies - READ_ONCE(station->seen)) / HZ;
	}
	rcu_read_unlock();
	return station ? 0 : -ENOENT;
}

void kvde_flush(struct kvde *sw)
{
	struct rhashtable_iter iter;
	struct station *station;

	rhashtable_walk_enter(&sw->addresses, &iter);
	rhashtable_walk_start(&iter);
	while ((station = rhashtable_walk_next(&iter)))
		if (!IS_ERR(station))
			remove_station(sw, station);
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}
