// SPDX-License-Identifier: GPL-2.0-only
/* What the switch says about its VLANs and ports: copies that are replaced whole, for who reads them under RCU. */
#include <linux/slab.h>

#include "switch.h"

int kvde_set_vlan(struct kvde *sw, const struct kvde_vlan *vlan)
{
	struct kvde_members *new, *old;

	if (vlan->vlan >= KVDE_VLANS || vlan->flags & ~KVDE_VLAN_UP)
		return -EINVAL;
	new = kmalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	new->vlan = *vlan;
	old = rcu_replace_pointer(sw->vlans[vlan->vlan], new, lockdep_is_held(&sw->lock));
	if (old)
		kfree_rcu(old, rcu);
	return 0;
}

bool kvde_port_is_valid(const struct kvde_port *port)
{
	return port->port > 0 && port->port < KVDE_PORTS && port->pvid < KVDE_VLANS &&
	       (port->tpid == ETH_P_8021Q || port->tpid == ETH_P_8021AD);
}

int kvde_set_port(struct kvde *sw, const struct kvde_port *arg)
{
	struct kvde_adopted *port;

	if (!kvde_port_is_valid(arg))
		return -EINVAL;
	port = rcu_dereference_protected(sw->ports[arg->port], lockdep_is_held(&sw->lock));
	if (!port)
		return -ENOENT;
	WRITE_ONCE(port->pvid, arg->pvid);
	WRITE_ONCE(port->tpid, arg->tpid);
	return 0;
}
