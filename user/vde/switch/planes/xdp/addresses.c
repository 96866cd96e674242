// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One MAC table: the switch's is the truth, the programs' is a copy that also learns.
 *
 *   programs learn -> ring -> addresses_take() -> fdb_learn() -> the others
 *   the others learn -> fdb -> addresses_changed() -> programs
 *
 * When the switch does not accept what the programs learned (it saw the address elsewhere a moment
 * ago), the programs are corrected. Addresses of ports that are not ours alone are on the trunk.
 */
#include <string.h>

#include "user/vde/switch/planes/xdp/parts.h"

static unsigned int slot_of_port(const struct xdp_plane *xdp, unsigned int port)
{
	for (unsigned int slot = 1; slot < VDE_SLOTS; slot++) {
		const struct xdp_endpoint *endpoint = xdp->endpoints[slot];

		if (endpoint && endpoint->alone && endpoint->base.port->number == port)
			return slot;
	}
	return VDE_TRUNK;
}

static void put(struct xdp_plane *xdp, unsigned int vlan, const uint8_t mac[6], unsigned int port)
{
	unsigned int slot = slot_of_port(xdp, port), idle;

	/* Right already: leave the time it was seen alone. */
	if (datapath_find(xdp->datapath, vlan, mac, &idle) != (int)slot)
		datapath_learn(xdp->datapath, vlan, mac, slot);
}

static void learned(void *context, const struct vde_learned *event)
{
	struct plane *plane = context;
	struct xdp_plane *xdp = plane->state;
	const struct xdp_endpoint *endpoint = xdp->endpoints[event->slot];
	unsigned int vlan = event->address.vlan;
	const uint8_t *mac = event->address.mac;
	int port;

	if (!endpoint)
		return;
	rcu_read_lock();
	fdb_learn(plane->sw->fdb, vlan, mac, endpoint->base.port->number, forward_seconds());
	port = fdb_lookup(plane->sw->fdb, vlan, mac);
	rcu_read_unlock();
	if (port != FDB_NOWHERE)
		put(xdp, vlan, mac, port);
}

void addresses_take(void *context, uint32_t events)
{
	struct plane *plane = context;
	struct xdp_plane *xdp = plane->state;

	datapath_take_events(xdp->datapath, learned, plane);
}

static bool sync_one(void *context, const struct fdb_entry *entry)
{
	put(context, entry->vlan, entry->mac, entry->port);
	return true;
}

void addresses_sync(struct plane *plane)
{
	struct xdp_plane *xdp = plane->state;

	if (xdp->datapath)
		fdb_each(plane->sw->fdb, forward_seconds(), sync_one, xdp);
}

static bool is_known(void *context, const struct vde_address *address)
{
	const struct plane *plane = context;
	int port;

	rcu_read_lock();
	port = fdb_lookup(plane->sw->fdb, address->vlan, address->mac);
	rcu_read_unlock();
	return port != FDB_NOWHERE;
}

void addresses_changed(struct plane *plane, const struct fdb_entry *entry, enum fdb_change change)
{
	struct xdp_plane *xdp = plane->state;

	if (!xdp->datapath)
		return;
	if (!entry) {
		/* Changes were lost, additions or removals. */
		datapath_prune(xdp->datapath, is_known, plane);
		addresses_sync(plane);
	} else if (change == FDB_REMOVED) {
		datapath_forget(xdp->datapath, entry->vlan, entry->mac);
	} else {
		put(xdp, entry->vlan, entry->mac, entry->port);
	}
}

unsigned int addresses_idle(struct plane *plane, const struct fdb_entry *entry)
{
	struct xdp_plane *xdp = plane->state;
	unsigned int idle;
	int slot = xdp->datapath ? datapath_find(xdp->datapath, entry->vlan, entry->mac, &idle) : 0;

	/* What is on the trunk the others see. */
	return slot > VDE_TRUNK ? idle : UINT32_MAX;
}
