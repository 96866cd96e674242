/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the spanning tree: trees of VLANs and what was set for them. */
#ifndef VDE_RSTP_PARTS_H
#define VDE_RSTP_PARTS_H

#include <pthread.h>

#include "user/vde/switch/rstp/rstp.h"
#include "user/vde/switch/rstp/tree.h"

/* The classic cost of a port whose speed is not known (1 Mb/s, 802.1D-2004 table 17-3). */
#define PATH_COST 20000000

struct rstp_tree {
	struct vswitch *sw;
	struct vlan *vlan;
	struct tree tree; /* its ports are there only while the spanning tree is on */
	/* Settings, which outlive the ports. */
	struct port_set edge;
	struct port_set bpdu_guard, root_guard, tcn_guard;
	uint32_t bonus[PORT_MAX + 1];
	uint32_t cost[PORT_MAX + 1]; /* 0: by the speed of what is on the port */
	/* Port states changed that the planes have not been told of; the note that has it done. */
	bool changed, note_waits;
};

struct rstp {
	unsigned int priority;
	struct times times; /* of every tree whose root this bridge is */
	unsigned int tx_hold_count;
	struct rstp_tree *trees[VLAN_COUNT];

	struct loop *loop; /* of the tree thread */
	struct timer *timer;
	pthread_t thread;
	bool started;
	struct forwarder *forwarder;
	/* All above, and the trees. Recursive: what one function of rstp.h does others do too. */
	pthread_mutex_t lock;
};

/* Hold the lock of the trees. */
void rstp_lock(struct vswitch *sw);
void rstp_unlock(struct vswitch *sw);

struct rstp_tree *rstp_tree(struct vswitch *sw, unsigned int vlan);
const char *rstp_role_name(const struct tree_port *port);
/* Priority, times and hold count to all trees. */
void rstp_apply(struct vswitch *sw);
/* The cost of a port in a tree now, its bonus taken off. */
uint32_t rstp_cost(const struct rstp_tree *tree, unsigned int port);

#endif
