/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VLAN membership. A VLAN that is removed keeps its (empty) structure, because data threads may be
 * looking at it.
 */
#include <errno.h>
#include <stdlib.h>

#include "user/vde/switch/fdb/fdb.h"
#include "user/vde/switch/ports/ports.h"
#include "user/vde/switch/rstp/rstp.h"
#include "user/vde/switch/vlan/vlan.h"

struct vlan *vlan_existing(struct vswitch *sw, unsigned int id)
{
	struct vlan *vlan = id < VLAN_COUNT ? vlan_get(sw, id) : NULL;

	return vlan && vlan->exists ? vlan : NULL;
}

static int make(struct vswitch *sw, unsigned int id)
{
	struct vlan *vlan = vlan_get(sw, id);

	if (!vlan) {
		vlan = calloc(1, sizeof(*vlan));
		if (!vlan)
			return -ENOMEM;
		vlan->id = id;
		atomic_store_explicit(&sw->vlans[id], vlan, memory_order_release);
	}
	if (rstp_vlan(sw, vlan, true))
		return -ENOMEM;
	vlan->exists = true;
	vlan_changed(sw, vlan);
	return 0;
}

int vlan_init(struct vswitch *sw)
{
	return make(sw, 0);
}

void vlan_free(struct vswitch *sw)
{
	for (unsigned int id = 0; id < VLAN_COUNT; id++)
		free(sw->vlans[id]);
}

int vlan_create(struct vswitch *sw, unsigned int id)
{
	if (id < 1 || id > VLAN_LAST)
		return -EINVAL;
	return vlan_existing(sw, id) ? -EEXIST : make(sw, id);
}

static bool has_members(const struct vlan *vlan)
{
	for (unsigned int w = 0; w < PORT_WORDS; w++)
		if (vlan->members.word[w])
			return true;
	return false;
}

int vlan_remove(struct vswitch *sw, unsigned int id)
{
	struct vlan *vlan = vlan_existing(sw, id);

	if (id < 1 || id > VLAN_LAST)
		return -EINVAL;
	if (!vlan)
		return -ENXIO;
	if (has_members(vlan))
		return -EADDRINUSE;
	rstp_vlan(sw, vlan, false);
	vlan->exists = false;
	vlan_changed(sw, vlan);
	return 0;
}

static void join(struct vswitch *sw, struct vlan *vlan, struct port *port, bool tagged)
{
	port_set_put(&vlan->tagged, port->number, tagged);
	port_set_put(&vlan->members, port->number, true);
	rstp_member(sw, vlan, port);
	vlan_changed(sw, vlan);
}

static void leave(struct vswitch *sw, struct vlan *vlan, struct port *port)
{
	port_set_put(&vlan->members, port->number, false);
	port_set_put(&vlan->tagged, port->number, false);
	fdb_flush(sw->fdb, vlan->id, port->number);
	rstp_member(sw, vlan, port);
	vlan_changed(sw, vlan);
}

int vlan_set_untagged(struct vswitch *sw, struct port *port, unsigned int id)
{
	struct vlan *new = id == VLAN_NONE ? NULL : vlan_existing(sw, id);
	unsigned int old = port->untagged_vlan;

	if (id != VLAN_NONE && !new)
		return -ENXIO;
	if (old == id)
		return 0;
	if (old != VLAN_NONE)
		leave(sw, vlan_get(sw, old), port);
	fdb_flush(sw->fdb, FDB_ANY, port->number);
	port->untagged_vlan = id;
	if (new)
		join(sw, new, port, false);
	port_changed(sw, port);
	return 0;
}

int vlan_add_port(struct vswitch *sw, unsigned int id, struct port *port)
{
	struct vlan *vlan = vlan_existing(sw, id);

	if (!vlan)
		return -ENXIO;
	if (port_set_has(&vlan->members, port->number))
		return -EEXIST;
	join(sw, vlan, port, true);
	return 0;
}

int vlan_del_port(struct vswitch *sw, unsigned int id, struct port *port)
{
	struct vlan *vlan = vlan_existing(sw, id);

	if (!vlan || !port_set_has(&vlan->members, port->number))
		return -ENXIO;
	if (port->untagged_vlan == id)
		return -EADDRINUSE;
	leave(sw, vlan, port);
	return 0;
}

void vlan_leave_all(struct vswitch *sw, struct port *port)
{
	for (unsigned int id = 0; id < VLAN_COUNT; id++) {
		struct vlan *vlan = vlan_existing(sw, id);

		if (vlan && port_set_has(&vlan->members, port->number))
			leave(sw, vlan, port);
	}
	port->untagged_vlan = VLAN_NONE;
}
