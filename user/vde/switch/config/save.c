/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration as JSON. */
#include "user/vde/switch/config/config.h"
#include "user/vde/switch/fdb/fdb.h"
#include "user/vde/switch/forward/delay.h"
#include "user/vde/switch/ports/ports.h"
#include "user/vde/switch/rstp/parts.h"
#include "user/vde/switch/vlan/vlan.h"

static json_t *id_or_null(unsigned int id)
{
	return id == UINT32_MAX ? json_null() : json_integer(id);
}

static json_t *impairment(struct vswitch *sw, struct port *port)
{
	json_t *object = delay_json(sw, port);

	/* What it has done so far is no setting. */
	json_object_del(object, "port");
	json_object_del(object, "in");
	json_object_del(object, "out");
	json_object_del(object, "current");
	return object;
}

static json_t *port_config(struct vswitch *sw, struct port *port)
{
	json_t *object = port_settings_json(port);

	json_object_set_new(object, "untagged_vlan", json_integer(port->untagged_vlan));
	json_object_set_new(object, "allocatable", json_boolean(port->allocatable));
	json_object_set_new(object, "user", id_or_null(port->acl_user));
	json_object_set_new(object, "group", id_or_null(port->acl_group));
	if (port->delay_in)
		json_object_set_new(object, "impairment", impairment(sw, port));
	return object;
}

static json_t *vlan_config(struct vswitch *sw, const struct vlan *vlan)
{
	struct rstp_tree *tree = rstp_tree(sw, vlan->id);
	json_t *tagged = json_array(), *edge = json_array(), *bonus = json_object();
	json_t *cost = json_object(), *object;

	for (unsigned int i = 0; i <= sw->numports; i++) {
		char key[12];

		if (port_set_has(&vlan->tagged, i))
			json_array_append_new(tagged, json_integer(i));
		if (port_set_has(&tree->edge, i))
			json_array_append_new(edge, json_integer(i));
		snprintf(key, sizeof(key), "%u", i);
		if (tree->bonus[i])
			json_object_set_new(bonus, key, json_integer(tree->bonus[i]));
		if (tree->cost[i])
			json_object_set_new(cost, key, json_integer(tree->cost[i]));
	}
	object = json_pack("{s:i, s:o, s:o, s:o, s:o}", "vlan", (int)vlan->id, "tagged", tagged,
			   "edge", edge, "bonus", bonus, "cost", cost);
	for (enum rstp_guard guard = 0; guard < RSTP_GUARDS; guard++) {
		json_t *guarded = json_array();

		for (unsigned int i = 0; i <= sw->numports; i++)
			if (rstp_has_guard(tree, i, guard))
				json_array_append_new(guarded, json_integer(i));
		json_object_set_new(object, rstp_guard_names[guard], guarded);
	}
	return object;
}

json_t *config_json(struct vswitch *sw)
{
	json_t *ports = json_array(), *vlans = json_array();

	for (unsigned int i = 0; i <= sw->numports; i++)
		if (sw->ports[i].exists)
			json_array_append_new(ports, port_config(sw, &sw->ports[i]));
	for (unsigned int id = 0; id < VLAN_COUNT; id++)
		if (vlan_existing(sw, id))
			json_array_append_new(vlans, vlan_config(sw, vlan_existing(sw, id)));
	const struct times *times = &sw->rstp->times;

	return json_pack("{s:i, s:b, s:b, s:i, s:i, s:i, s:i, s:i, s:{s:i, s:i, s:i}, s:o, s:o}",
			 "numports", (int)sw->numports, "hub", (int)sw->hub, "spanning_tree",
			 (int)sw->spanning_tree, "priority", (int)sw->rstp->priority, "max_age",
			 (int)times->max_age, "hello", (int)times->hello, "forward_delay",
			 (int)times->forward_delay, "tx_hold_count", (int)sw->rstp->tx_hold_count,
			 "hash", "gc_interval", (int)sw->gc_interval, "expire", (int)sw->expire,
			 "min_persistence", (int)fdb_persistence(sw->fdb), "vlans", vlans, "ports",
			 ports);
}
