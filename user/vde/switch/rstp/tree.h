/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One spanning tree of one bridge: the Rapid Spanning Tree Protocol of IEEE 802.1D-2004, clause 17.
 *
 * Names are those of the standard, spelled as C; section numbers are its. Nothing here sends, waits
 * or knows the switch: tree_receive() and tree_second() move the state machines until nothing
 * changes any more (tree_run()), and the callbacks carry out what they decide. One thread.
 */
#ifndef VDE_RSTP_TREE_H
#define VDE_RSTP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/vde/switch/rstp/bpdu.h"

/* Table 17-1: what a bridge has until it is told otherwise; seconds, and BPDUs a second. */
#define HELLO_TIME    2
#define MAX_AGE	      20
#define FORWARD_DELAY 15
#define TX_HOLD_COUNT 6
#define MIGRATE_TIME  3

enum port_role { ROLE_DISABLED, ROLE_ROOT, ROLE_DESIGNATED, ROLE_ALTERNATE, ROLE_BACKUP };
enum info_is { INFO_DISABLED, INFO_AGED, INFO_MINE, INFO_RECEIVED };

/* 17.5, 17.6: smaller is better, compared in this order. */
struct priority_vector {
	uint64_t root;
	uint32_t cost;
	uint64_t bridge;
	uint16_t designated_port;
	uint16_t port; /* that received it */
};

/* What a state machine's current state is; the machines are in machines.c. */
enum migration { CHECKING_RSTP, SELECTING_STP, SENSING };
enum transition { TRANSITION_BLOCKING, TRANSITION_DONE };
enum change { CHANGE_INACTIVE, CHANGE_LEARNING, CHANGE_ACTIVE };

struct tree_port {
	struct tree *tree;
	struct tree_port *next; /* by number */
	unsigned int number;
	uint16_t id;	    /* 9.2.7: priority and number */
	uint32_t path_cost; /* of this port */
	bool admin_edge;
	bool restricted_role; /* root guard: never the root port */
	bool restricted_tcn;  /* topology changes that come from there are not believed */
	bool bpdu_guard;      /* a BPDU shuts it */
	bool shut;	      /* it did, until the link or the guard is set anew */

	/* 17.19, in its order. */
	bool agree, agreed, disputed;
	struct priority_vector designated_priority, msg_priority, port_priority;
	struct times designated_times, msg_times, port_times;
	bool fdb_flush, forward, forwarding, learn, learning, new_info, oper_edge, enabled;
	enum info_is info_is;
	bool proposed, proposing, rcvd_bpdu, rcvd_msg, rcvd_rstp, rcvd_stp, rcvd_tc, rcvd_tc_ack,
		rcvd_tcn, re_root, reselect, selected, send_rstp, sync, synced, tc_ack, tc_prop,
		updt_info;
	enum port_role role, selected_role;
	unsigned int tx_count;

	/* Timers, seconds to go: 17.17. */
	unsigned int edge_delay_while, fd_while, hello_when, mdelay_while, rb_while,
		rcvd_info_while, rr_while, tc_while;

	struct bpdu bpdu; /* received and not yet looked at */
	enum migration migration;
	enum transition transition;
	enum change change;
	bool was_learning, was_forwarding; /* as last reported */
	enum port_role was_role;
	bool restarted; /* transmit machine is to begin */
};

struct tree_actions {
	void (*send)(struct tree_port *port, const struct bpdu *bpdu);
	/* learning, forwarding or role are other than at the last call. */
	void (*state)(struct tree_port *port);
	void (*flush)(struct tree_port *port);
	void (*root_changed)(struct tree *tree);
	/* A BPDU came where the guard allows none; the port neither learns nor forwards now. */
	void (*shut)(struct tree_port *port);
};

struct tree {
	const struct tree_actions *actions;
	void *owner;
	uint64_t bridge;	   /* identifier: priority and MAC address */
	struct times bridge_times; /* when this bridge is the root; message_age is 0 */
	unsigned int tx_hold_count;
	struct priority_vector root_priority;
	struct times root_times;
	struct tree_port *root_port; /* NULL: this bridge is the root */
	struct tree_port *ports;
	unsigned int topology_changes;
};

void tree_init(struct tree *tree, const struct tree_actions *actions, void *owner, uint64_t bridge);
void tree_free(struct tree *tree);

struct tree_port *tree_port(struct tree *tree, unsigned int number);
/* A disabled port; NULL when out of memory. */
struct tree_port *tree_add_port(struct tree *tree, unsigned int number, uint32_t path_cost);
void tree_remove_port(struct tree_port *port);

/* Settings of the bridge, at any time: the tree is not begun anew. */
void tree_set_bridge(struct tree *tree, uint64_t bridge);
void tree_set_times(struct tree *tree, const struct times *times, unsigned int tx_hold_count);

void tree_enable_port(struct tree_port *port, bool enabled);
/* BPDU guard, root guard, restricted TCN. */
void tree_set_guards(struct tree_port *port, bool bpdu, bool root, bool tcn);
void tree_set_edge(struct tree_port *port, bool edge);
void tree_set_cost(struct tree_port *port, uint32_t path_cost);

/* A BPDU arrived. */
void tree_receive(struct tree_port *port, const struct bpdu *bpdu);
/* To be called every second. */
void tree_second(struct tree *tree);

/* Between tree.c and machines.c: 17.21. */
void tree_run(struct tree *tree);
void updt_roles_tree(struct tree *tree);
enum rcvd_info {
	SUPERIOR_DESIGNATED_INFO,
	REPEATED_DESIGNATED_INFO,
	INFERIOR_DESIGNATED_INFO,
	INFERIOR_ROOT_ALTERNATE_INFO,
	OTHER_INFO
};
enum rcvd_info rcv_info(struct tree_port *port);
int vector_compare(const struct priority_vector *a, const struct priority_vector *b);
bool run_machines(struct tree *tree);

#endif
