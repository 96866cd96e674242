// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One MAC table: the switch's is the truth, the module's is a copy that also learns.
 *
 *   the module learns -> record -> fdb_learn() -> the others
 *   the others learn -> fdb -> kvde_address_changed() -> the module
 *
 * Where the switch does not accept what the module learned, since it saw the address elsewhere a moment ago, the module
 * is corrected. Addresses of ports that the module does not carry are at its port 0.
 */
#include <string.h>
#include <urcu.h>

#include "user/vde/switch/planes/kvde/parts.h"

static struct kvde_address address_of(unsigned int vlan, const uint8_t mac[6], unsigned int port)
{
	struct kvde_address address = {.vlan = vlan, .port = port};

	memcpy(address.mac, mac, sizeof(address.mac));
	return address;
}

static void put(const struct kvde_state *kvde, unsigned int vlan, const uint8_t mac[6],
		unsigned int port)
{
	struct kvde_address address =
		address_of(vlan, mac, port_set_has(&kvde->adopted, port) ? port : 0);

	kvde_call(kvde, KVDE_ADDRESS_SET, &address);
}

void kvde_address_learned(struct plane *plane, const struct kvde_record *record)
{
	const struct kvde_state *kvde = plane->state;
	int port;

	rcu_read_lock();
	fdb_learn(plane->sw->fdb, record->vlan, record->mac, record->port, forward_seconds());
	port = fdb_lookup(plane->sw->fdb, record->vlan, record->mac);
	rcu_read_unlock();
	if (port != FDB_NOWHERE && (port != record->port || record->type == KVDE_CLAIMED))
		put(kvde, record->vlan, record->mac, port);
}

static bool sync_one(void *context, const struct fdb_entry *entry)
{
	put(context, entry->vlan, entry->mac, entry->port);
	return true;
}

void kvde_addresses_sync(struct plane *plane)
{
	struct kvde_state *kvde = plane->state;

	if (kvde->fd >= 0)
		fdb_each(plane->sw->fdb, forward_seconds(), sync_one, kvde);
}

struct moved {
	const struct kvde_state *kvde;
	unsigned int port;
};

static bool moved_one(void *context, const struct fdb_entry *entry)
{
	const struct moved *moved = context;

	if (entry->port == moved->port)
		put(moved->kvde, entry->vlan, entry->mac, entry->port);
	return true;
}

void kvde_addresses_moved(struct plane *plane, unsigned int port)
{
	struct moved moved = {plane->state, port};

	fdb_each(plane->sw->fdb, forward_seconds(), moved_one, &moved);
}

void kvde_address_changed(struct plane *plane, const struct fdb_entry *entry,
			  enum fdb_change change)
{
	struct kvde_state *kvde = plane->state;

	if (kvde->fd < 0)
		return;
	if (!entry) { /* changes were lost */
		kvde_call(kvde, KVDE_FLUSH, NULL);
		kvde_addresses_sync(plane);
	} else if (change == FDB_REMOVED) {
		struct kvde_address address = address_of(entry->vlan, entry->mac, 0);

		kvde_call(kvde, KVDE_ADDRESS_DEL, &address);
	} else {
		put(kvde, entry->vlan, entry->mac, entry->port);
	}
}

unsigned int kvde_address_idle(struct plane *plane, const struct fdb_entry *entry)
{
	struct kvde_state *kvde = plane->state;
	struct kvde_address address = address_of(entry->vlan, entry->mac, 0);

	/* What is at port 0 the others see. */
	if (kvde->fd < 0 || !port_set_has(&kvde->adopted, entry->port) ||
	    kvde_call(kvde, KVDE_ADDRESS_GET, &address) || !address.port)
		return UINT32_MAX;
	return address.idle;
}
