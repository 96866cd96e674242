/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree as a whole: its ports, what is received, which port gets which role (17.21), and the
 * loop that runs the state machines of machines.c until none of them moves.
 */
#include <stdlib.h>
#include <string.h>

#include "user/vde/switch/rstp/tree.h"

#define PORT_PRIORITY 0x8000
#define ADDRESS	      0xffffffffffffull /* of a bridge identifier */
#define ROUNDS_MAX    1000

int vector_compare(const struct priority_vector *a, const struct priority_vector *b)
{
#define STEP(field)                                                                                \
	if (a->field != b->field)                                                                  \
	return a->field < b->field ? -1 : 1
	STEP(root);
	STEP(cost);
	STEP(bridge);
	STEP(designated_port);
	STEP(port);
#undef STEP
	return 0;
}

static bool same_times(const struct times *a, const struct times *b)
{
	return a->message_age == b->message_age && a->max_age == b->max_age &&
	       a->hello == b->hello && a->forward_delay == b->forward_delay;
}

void tree_init(struct tree *tree, const struct tree_actions *actions, void *owner, uint64_t bridge)
{
	*tree = (struct tree){
		.actions = actions,
		.owner = owner,
		.bridge = bridge,
		.bridge_times = {.max_age = MAX_AGE,
				 .hello = HELLO_TIME,
				 .forward_delay = FORWARD_DELAY},
		.tx_hold_count = TX_HOLD_COUNT,
	};
	updt_roles_tree(tree);
}

static void reselect(struct tree *tree)
{
	for (struct tree_port *port = tree->ports; port; port = port->next) {
		port->reselect = true;
		port->selected = false;
	}
	if (tree->ports)
		tree_run(tree);
	else
		updt_roles_tree(tree);
}

void tree_set_bridge(struct tree *tree, uint64_t bridge)
{
	if (tree->bridge == bridge)
		return;
	tree->bridge = bridge;
	reselect(tree);
}

void tree_set_times(struct tree *tree, const struct times *times, unsigned int tx_hold_count)
{
	tree->bridge_times = *times;
	tree->tx_hold_count = tx_hold_count;
	for (struct tree_port *port = tree->ports; port; port = port->next)
		port->tx_count = 0;
	reselect(tree);
}

void tree_free(struct tree *tree)
{
	while (tree->ports) {
		struct tree_port *port = tree->ports;

		tree->ports = port->next;
		free(port);
	}
}

struct tree_port *tree_port(struct tree *tree, unsigned int number)
{
	struct tree_port *port = tree->ports;

	while (port && port->number != number)
		port = port->next;
	return port;
}

struct tree_port *tree_add_port(struct tree *tree, unsigned int number, uint32_t path_cost)
{
	struct tree_port *port = calloc(1, sizeof(*port)), **link = &tree->ports;

	if (!port)
		return NULL;
	*port = (struct tree_port){
		.tree = tree,
		.number = number,
		.id = PORT_PRIORITY | (number & 0xfff),
		.path_cost = path_cost,
		.info_is = INFO_DISABLED,
		.send_rstp = true,
		.fd_while = tree->bridge_times.max_age,
		.rr_while = tree->bridge_times.forward_delay,
		.mdelay_while = MIGRATE_TIME,
		.edge_delay_while = MIGRATE_TIME,
		.reselect = true,
		.sync = true,
		.re_root = true,
		.restarted = true,
	};
	while (*link && (*link)->number < number)
		link = &(*link)->next;
	port->next = *link;
	*link = port;
	tree_run(tree);
	return port;
}

void tree_remove_port(struct tree_port *port)
{
	struct tree *tree = port->tree;
	struct tree_port **link = &tree->ports;

	tree_enable_port(port, false);
	while (*link != port)
		link = &(*link)->next;
	*link = port->next;
	free(port);
}

void tree_enable_port(struct tree_port *port, bool enabled)
{
	port->shut = false;
	if (port->enabled == enabled)
		return;
	port->enabled = enabled;
	port->restarted = true;
	tree_run(port->tree);
}

void tree_set_edge(struct tree_port *port, bool edge)
{
	port->admin_edge = edge;
	port->oper_edge = edge;
	tree_run(port->tree);
}

void tree_set_guards(struct tree_port *port, bool bpdu, bool root, bool tcn)
{
	port->bpdu_guard = bpdu;
	port->restricted_tcn = tcn;
	port->restricted_role = root;
	if (port->shut) {
		port->shut = false;
		port->enabled = true;
		port->restarted = true;
	}
	port->reselect = true;
	port->selected = false;
	tree_run(port->tree);
}

void tree_set_cost(struct tree_port *port, uint32_t path_cost)
{
	port->path_cost = path_cost;
	port->reselect = true;
	port->selected = false;
	tree_run(port->tree);
}

void tree_receive(struct tree_port *port, const struct bpdu *bpdu)
{
	if (!port->enabled)
		return;
	if (port->bpdu_guard) {
		port->shut = true;
		port->enabled = false;
		port->restarted = true;
		tree_run(port->tree);
		port->tree->actions->shut(port);
		return;
	}
	port->bpdu = *bpdu;
	port->rcvd_bpdu = true;
	tree_run(port->tree);
}

static void count_down(unsigned int *timer)
{
	if (*timer)
		(*timer)--;
}

/* 17.22, the port timers state machine. */
void tree_second(struct tree *tree)
{
	for (struct tree_port *port = tree->ports; port; port = port->next) {
		count_down(&port->hello_when);
		count_down(&port->tc_while);
		count_down(&port->fd_while);
		count_down(&port->rcvd_info_while);
		count_down(&port->rr_while);
		count_down(&port->rb_while);
		count_down(&port->mdelay_while);
		count_down(&port->edge_delay_while);
		count_down(&port->tx_count);
	}
	tree_run(tree);
}

/* 17.21.8 */
enum rcvd_info rcv_info(struct tree_port *port)
{
	const struct bpdu *bpdu = &port->bpdu;
	int order;

	if (bpdu->type == BPDU_TCN) {
		port->rcvd_tcn = !port->restricted_tcn;
		return OTHER_INFO;
	}
	port->msg_priority = (struct priority_vector){.root = bpdu->root,
						      .cost = bpdu->cost,
						      .bridge = bpdu->bridge,
						      .designated_port = bpdu->port,
						      .port = port->id};
	port->msg_times = bpdu->times;
	order = vector_compare(&port->msg_priority, &port->port_priority);
	/*
	 * What is said of a root with our address but not our identifier is about ourselves as we were
	 * before the priority changed. In a ring such words would go round, each bridge believing the
	 * next, until they are too old (counting to infinity), and frames with them.
	 */
	if ((bpdu->root & ADDRESS) == (port->tree->bridge & ADDRESS) &&
	    bpdu->root != port->tree->bridge && bpdu->role == BPDU_ROLE_DESIGNATED)
		return INFERIOR_DESIGNATED_INFO;
	/* An agreement to another root than the one that is proposed now is an old one. */
	if (bpdu->role == BPDU_ROLE_ROOT || bpdu->role == BPDU_ROLE_ALTERNATE)
		return order >= 0 && bpdu->root == port->port_priority.root
			       ? INFERIOR_ROOT_ALTERNATE_INFO
			       : OTHER_INFO;
	/* This port's own BPDUs come back: a loop in the cable, which tells nothing. */
	if (bpdu->role != BPDU_ROLE_DESIGNATED ||
	    (bpdu->bridge == port->tree->bridge && bpdu->port == port->id))
		return OTHER_INFO;
	if (order == 0 && port->info_is == INFO_RECEIVED &&
	    same_times(&port->msg_times, &port->port_times))
		return REPEATED_DESIGNATED_INFO;
	/* 17.6: the same sender may also make things worse. */
	if (order < 0 || (order == 0 && port->info_is == INFO_RECEIVED) ||
	    (port->info_is == INFO_RECEIVED &&
	     (bpdu->bridge & ADDRESS) == (port->port_priority.bridge & ADDRESS) &&
	     (bpdu->port & 0xfff) == (port->port_priority.designated_port & 0xfff)))
		return SUPERIOR_DESIGNATED_INFO;
	return INFERIOR_DESIGNATED_INFO;
}

static void choose_root(struct tree *tree)
{
	struct priority_vector best = {.root = tree->bridge, .bridge = tree->bridge};
	struct tree_port *root_port = NULL;

	for (struct tree_port *port = tree->ports; port; port = port->next) {
		struct priority_vector path = port->port_priority;

		if (port->info_is != INFO_RECEIVED || port->restricted_role ||
		    (path.bridge & ADDRESS) == (tree->bridge & ADDRESS))
			continue;
		path.cost += port->path_cost;
		path.port = port->id;
		if (vector_compare(&path, &best) < 0) {
			best = path;
			root_port = port;
		}
	}
	tree->root_port = root_port;
	tree->root_priority = best;
	if (root_port) {
		tree->root_times = root_port->port_times;
		tree->root_times.message_age++;
	} else {
		tree->root_times = tree->bridge_times;
	}
}

static void choose_role(struct tree *tree, struct tree_port *port)
{
	port->designated_priority = (struct priority_vector){.root = tree->root_priority.root,
							     .cost = tree->root_priority.cost,
							     .bridge = tree->bridge,
							     .designated_port = port->id,
							     .port = port->id};
	port->designated_times = tree->root_times;
	port->designated_times.hello = tree->bridge_times.hello;
	port->updt_info = false;
	switch (port->info_is) {
	case INFO_DISABLED:
		port->selected_role = ROLE_DISABLED;
		return;
	case INFO_AGED:
		port->selected_role = ROLE_DESIGNATED;
		port->updt_info = true;
		return;
	case INFO_MINE:
		port->selected_role = ROLE_DESIGNATED;
		port->updt_info =
			vector_compare(&port->port_priority, &port->designated_priority) != 0 ||
			!same_times(&port->port_times, &port->designated_times);
		return;
	case INFO_RECEIVED:
		break;
	}
	if (port == tree->root_port) {
		port->selected_role = ROLE_ROOT;
	} else if (vector_compare(&port->designated_priority, &port->port_priority) < 0) {
		port->selected_role = ROLE_DESIGNATED;
		port->updt_info = true;
	} else {
		bool own = (port->port_priority.bridge & ADDRESS) == (tree->bridge & ADDRESS);

		port->selected_role = own ? ROLE_BACKUP : ROLE_ALTERNATE;
	}
}

/* 17.21.25 */
void updt_roles_tree(struct tree *tree)
{
	uint64_t old_root = tree->root_priority.root;
	const struct tree_port *old_port = tree->root_port;

	choose_root(tree);
	for (struct tree_port *port = tree->ports; port; port = port->next)
		choose_role(tree, port);
	if (old_root && (old_root != tree->root_priority.root || old_port != tree->root_port))
		tree->actions->root_changed(tree);
}

/* Tell what changed since the last time. */
static void report(struct tree *tree)
{
	for (struct tree_port *port = tree->ports; port; port = port->next) {
		if (port->was_learning == port->learning &&
		    port->was_forwarding == port->forwarding && port->was_role == port->role)
			continue;
		port->was_learning = port->learning;
		port->was_forwarding = port->forwarding;
		port->was_role = port->role;
		tree->actions->state(port);
	}
}

void tree_run(struct tree *tree)
{
	unsigned int rounds = 0;

	/* The machines settle in a few rounds; the bound only guards against a mistake in them. */
	while (run_machines(tree) && ++rounds < ROUNDS_MAX)
		report(tree);
	report(tree);
}
