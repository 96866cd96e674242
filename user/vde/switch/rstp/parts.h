/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the spanning tree: trees of VLANs and what was set for them. */
#ifndef VDE_RSTP_PARTS_H
#define VDE_RSTP_PARTS_H

#include "user/vde/switch/rstp/rstp.h"
#include "user/vde/switch/rstp/tree.h"

/* The classic cost of a port (a 1 Mb/s link, 802.1D-2004 table 17-3), less its bonus. */
#define PATH_COST 20000000

struct rstp_tree {
	struct vswitch *sw;
	struct vlan *vlan;
	struct tree tree; /* its ports are there only while the spanning tree is on */
	/* Settings, which outlive the ports. */
	struct port_set edge;
	uint32_t bonus[PORT_MAX + 1];
};

struct rstp {
	unsigned int priority;
	struct forwarder *forwarder;
	struct timer *timer;
	struct rstp_tree *trees[VLAN_COUNT];
};

struct rstp_tree *rstp_tree(struct vswitch *sw, unsigned int vlan);
const char *rstp_role_name(const struct tree_port *port);
/* Another priority takes effect. */
void rstp_restart(struct vswitch *sw);

#endif
