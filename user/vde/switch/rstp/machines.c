/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state machines of IEEE 802.1D-2004, 17.23 to 17.31, one function each. A function makes at
 * most one transition and says whether it did; each transition undoes its own condition.
 */
#include <string.h>

#include "user/vde/switch/rstp/tree.h"

#define for_each_port(tree, p) for (struct tree_port *p = (tree)->ports; p; p = p->next)

/* 17.20.5: RSTP neighbours confirm, so waiting a hello is enough. */
static unsigned int forward_delay(const struct tree_port *port)
{
	return port->send_rstp ? port->designated_times.hello
			       : port->designated_times.forward_delay;
}

/* The standard's FwdDelay and MaxAge of a port. */
static unsigned int fwd_delay(const struct tree_port *port)
{
	return port->designated_times.forward_delay;
}

static bool is_settled(const struct tree_port *port)
{
	return port->selected && !port->updt_info;
}

/* 17.20.3 */
static bool all_synced(const struct tree *tree)
{
	for_each_port(tree, p) if (!p->selected || p->role != p->selected_role ||
				   (p->role != ROLE_ROOT && !p->synced)) return false;
	return true;
}

/* 17.20.10 */
static bool re_rooted(const struct tree_port *port)
{
	for_each_port(port->tree, p) if (p != port && p->rr_while) return false;
	return true;
}

static void set_sync_tree(struct tree *tree)
{
	for_each_port(tree, p) p->sync = true;
}

static void set_re_root_tree(struct tree *tree)
{
	for_each_port(tree, p) p->re_root = true;
}

static void set_tc_prop_tree(struct tree_port *port)
{
	for_each_port(port->tree, p) if (p != port) p->tc_prop = true;
}

/* 17.21.7 */
static void new_tc_while(struct tree_port *port)
{
	if (port->tc_while)
		return;
	if (port->send_rstp) {
		port->tc_while = port->tree->bridge_times.hello + 1;
		port->new_info = true;
	} else {
		port->tc_while =
			port->tree->root_times.max_age + port->tree->root_times.forward_delay;
	}
}

/* 17.23: port receive. */
static bool port_receive(struct tree_port *port)
{
	if (!port->enabled) {
		bool moved = port->rcvd_bpdu || port->edge_delay_while != MIGRATE_TIME;

		port->rcvd_bpdu = port->rcvd_rstp = port->rcvd_stp = port->rcvd_msg = false;
		port->edge_delay_while = MIGRATE_TIME;
		return moved;
	}
	if (!port->rcvd_bpdu || port->rcvd_msg)
		return false;
	if (port->bpdu.type == BPDU_RST)
		port->rcvd_rstp = true;
	else
		port->rcvd_stp = true;
	port->oper_edge = port->rcvd_bpdu = false;
	port->rcvd_msg = true;
	port->edge_delay_while = MIGRATE_TIME;
	return true;
}

static void migrate(struct tree_port *port, enum migration to)
{
	port->migration = to;
	if (to == SENSING) {
		port->rcvd_rstp = port->rcvd_stp = false;
		return;
	}
	port->send_rstp = to == CHECKING_RSTP;
	port->mdelay_while = MIGRATE_TIME;
}

/* 17.24: port protocol migration. */
static bool protocol_migration(struct tree_port *port)
{
	switch (port->migration) {
	case CHECKING_RSTP:
		if (!port->enabled && port->mdelay_while != MIGRATE_TIME)
			migrate(port, CHECKING_RSTP);
		else if (port->enabled && !port->mdelay_while)
			migrate(port, SENSING);
		else
			return false;
		return true;
	case SENSING:
		if (!port->enabled || (!port->send_rstp && port->rcvd_rstp))
			migrate(port, CHECKING_RSTP);
		else if (port->send_rstp && port->rcvd_stp)
			migrate(port, SELECTING_STP);
		else
			return false;
		return true;
	case SELECTING_STP:
		if (port->enabled && port->mdelay_while)
			return false;
		migrate(port, SENSING);
		return true;
	}
	return false;
}

/* 17.25: bridge detection, with AutoEdge. */
static bool bridge_detection(struct tree_port *port)
{
	bool edge = port->oper_edge;

	if (!port->enabled)
		edge = port->admin_edge;
	else if (!port->edge_delay_while && port->send_rstp && port->proposing)
		edge = true;
	if (edge == port->oper_edge)
		return false;
	port->oper_edge = edge;
	return true;
}

static void transmit(struct tree_port *port, enum bpdu_type type)
{
	struct bpdu bpdu = {
		.type = type,
		.role = port->role == ROLE_ROOT		? BPDU_ROLE_ROOT
			: port->role == ROLE_DESIGNATED ? BPDU_ROLE_DESIGNATED
							: BPDU_ROLE_ALTERNATE,
		.tc = port->tc_while != 0,
		.tc_ack = type == BPDU_CONFIG && port->tc_ack,
		.proposal = port->proposing,
		.learning = port->learning,
		.forwarding = port->forwarding,
		.agreement = port->agree,
		.root = port->designated_priority.root,
		.cost = port->designated_priority.cost,
		.bridge = port->designated_priority.bridge,
		.port = port->designated_priority.designated_port,
		.times = port->designated_times,
	};

	port->new_info = false;
	port->tx_count++;
	if (type != BPDU_TCN)
		port->tc_ack = false;
	port->tree->actions->send(port, &bpdu);
}

/* 17.26: port transmit. */
static bool port_transmit(struct tree_port *port)
{
	if (!port->enabled)
		return false;
	if (port->restarted) {
		port->restarted = false;
		port->new_info = true;
		port->tx_count = 0;
		port->hello_when = port->tree->bridge_times.hello;
		return true;
	}
	if (!is_settled(port))
		return false;
	if (!port->hello_when) {
		port->new_info = port->new_info || port->role == ROLE_DESIGNATED ||
				 (port->role == ROLE_ROOT && port->tc_while);
		port->hello_when = port->tree->bridge_times.hello;
		return true;
	}
	if (!port->new_info || port->tx_count >= port->tree->tx_hold_count)
		return false;
	if (port->send_rstp)
		transmit(port, BPDU_RST);
	else if (port->role == ROLE_ROOT)
		transmit(port, BPDU_TCN);
	else if (port->role == ROLE_DESIGNATED)
		transmit(port, BPDU_CONFIG);
	else
		return false;
	return true;
}

static void record_proposal(struct tree_port *port)
{
	if (port->bpdu.role == BPDU_ROLE_DESIGNATED && port->bpdu.proposal)
		port->proposed = true;
}

static void record_agreement(struct tree_port *port)
{
	if (port->bpdu.type == BPDU_RST && port->bpdu.agreement) {
		port->agreed = true;
		port->proposing = false;
	} else {
		port->agreed = false;
	}
}

static void record_dispute(struct tree_port *port)
{
	if (port->bpdu.type == BPDU_RST && port->bpdu.learning) {
		port->agreed = false;
		port->disputed = true;
	}
}

static void set_tc_flags(struct tree_port *port)
{
	port->rcvd_tc = (port->rcvd_tc || port->bpdu.tc) && !port->restricted_tcn;
	port->rcvd_tc_ack = port->rcvd_tc_ack || port->bpdu.tc_ack;
}

/* 17.21.23 */
static void updt_rcvd_info_while(struct tree_port *port)
{
	const struct times *t = &port->port_times;

	port->rcvd_info_while = t->message_age + 1 <= t->max_age ? 3 * t->hello : 0;
}

static void receive(struct tree_port *port)
{
	switch (rcv_info(port)) {
	case SUPERIOR_DESIGNATED_INFO:
		port->agreed = port->proposing = false;
		record_proposal(port);
		set_tc_flags(port);
		port->agree = port->agree && port->info_is == INFO_RECEIVED &&
			      vector_compare(&port->msg_priority, &port->port_priority) <= 0;
		port->port_priority = port->msg_priority;
		port->port_times = port->msg_times;
		/* 17.21.12: a hello below a second would make the information stale at once. */
		if (!port->port_times.hello)
			port->port_times.hello = 1;
		updt_rcvd_info_while(port);
		port->info_is = INFO_RECEIVED;
		port->reselect = true;
		port->selected = false;
		break;
	case REPEATED_DESIGNATED_INFO:
		record_proposal(port);
		set_tc_flags(port);
		updt_rcvd_info_while(port);
		break;
	case INFERIOR_DESIGNATED_INFO:
		record_dispute(port);
		break;
	case INFERIOR_ROOT_ALTERNATE_INFO:
		record_agreement(port);
		set_tc_flags(port);
		break;
	case OTHER_INFO:
		break;
	}
	port->rcvd_msg = false;
}

/* 17.27: port information. */
static bool port_information(struct tree_port *port)
{
	if (!port->enabled) {
		if (port->info_is == INFO_DISABLED && !port->rcvd_msg)
			return false;
		port->rcvd_msg = port->proposing = port->proposed = false;
		port->agree = port->agreed = false;
		port->rcvd_info_while = 0;
		port->info_is = INFO_DISABLED;
		port->reselect = true;
		port->selected = false;
		return true;
	}
	if (port->info_is == INFO_DISABLED ||
	    (port->info_is == INFO_RECEIVED && !port->rcvd_info_while && !port->updt_info &&
	     !port->rcvd_msg)) {
		port->info_is = INFO_AGED;
		port->reselect = true;
		port->selected = false;
		return true;
	}
	if (port->selected && port->updt_info) {
		port->proposing = port->proposed = false;
		port->agreed =
			port->agreed && port->info_is == INFO_MINE &&
			vector_compare(&port->designated_priority, &port->port_priority) <= 0;
		port->synced = port->synced && port->agreed;
		port->port_priority = port->designated_priority;
		port->port_times = port->designated_times;
		port->updt_info = false;
		port->info_is = INFO_MINE;
		port->new_info = true;
		return true;
	}
	if (port->info_is != INFO_AGED && port->rcvd_msg && !port->updt_info) {
		receive(port);
		return true;
	}
	return false;
}

/* 17.28: port role selection. */
static bool role_selection(struct tree *tree)
{
	bool wanted = false;

	for_each_port(tree, p) wanted = wanted || p->reselect;
	if (!wanted)
		return false;
	for_each_port(tree, p) p->reselect = false;
	updt_roles_tree(tree);
	for_each_port(tree, p) p->selected = true;
	return true;
}

static bool enter_role(struct tree_port *port)
{
	port->role = port->selected_role;
	switch (port->role) {
	case ROLE_ROOT:
		port->rr_while = fwd_delay(port);
		break;
	case ROLE_DESIGNATED:
		break;
	default:
		port->learn = port->forward = false;
		port->transition = TRANSITION_BLOCKING;
	}
	return true;
}

static bool start_learning(struct tree_port *port)
{
	port->fd_while = forward_delay(port);
	port->learn = true;
	return true;
}

static bool start_forwarding(struct tree_port *port)
{
	port->fd_while = 0;
	port->forward = true;
	return true;
}

/* 17.29.2 */
static bool root_port(struct tree_port *port)
{
	if (port->proposed && !port->agree) {
		set_sync_tree(port->tree);
		port->proposed = false;
	} else if ((all_synced(port->tree) && !port->agree) || (port->proposed && port->agree)) {
		port->proposed = port->sync = false;
		port->agree = port->new_info = true;
	} else if ((port->agreed && !port->synced) || (port->sync && port->synced)) {
		port->synced = true;
		port->sync = false;
	} else if (!port->forward && !port->re_root) {
		set_re_root_tree(port->tree);
	} else if (port->rr_while != fwd_delay(port)) {
		port->rr_while = fwd_delay(port);
	} else if (port->re_root && port->forward) {
		port->re_root = false;
	} else if (!port->fd_while || (re_rooted(port) && !port->rb_while)) {
		if (!port->learn)
			return start_learning(port);
		if (!port->forward)
			return start_forwarding(port);
		return false;
	} else {
		return false;
	}
	return true;
}

/* 17.29.3 */
static bool designated_port(struct tree_port *port)
{
	if (!port->forward && !port->agreed && !port->proposing && !port->oper_edge) {
		port->proposing = port->new_info = true;
		port->edge_delay_while = MIGRATE_TIME;
	} else if ((!port->learning && !port->forwarding && !port->synced) ||
		   (port->agreed && !port->synced) || (port->oper_edge && !port->synced) ||
		   (port->sync && port->synced)) {
		port->rr_while = 0;
		port->synced = true;
		port->sync = false;
	} else if (!port->rr_while && port->re_root) {
		port->re_root = false;
	} else if (((port->sync && !port->synced) || (port->re_root && port->rr_while) ||
		    port->disputed) &&
		   !port->oper_edge && (port->learn || port->forward)) {
		port->learn = port->forward = port->disputed = false;
		port->fd_while = forward_delay(port);
	} else if ((!port->fd_while || port->agreed || port->oper_edge) &&
		   (!port->rr_while || !port->re_root) && !port->sync) {
		if (!port->learn)
			return start_learning(port);
		if (!port->forward) {
			port->agreed = port->send_rstp;
			return start_forwarding(port);
		}
		return false;
	} else {
		return false;
	}
	return true;
}

/* 17.29.4, and 17.29.1 for disabled ports: neither learns. */
static bool blocked_port(struct tree_port *port)
{
	bool disabled = port->role == ROLE_DISABLED;
	unsigned int fd_while = disabled ? port->tree->bridge_times.max_age : forward_delay(port);

	if (port->transition == TRANSITION_BLOCKING) {
		if (port->learning || port->forwarding)
			return false;
		port->transition = TRANSITION_DONE;
	} else if (!disabled && port->proposed && !port->agree) {
		set_sync_tree(port->tree);
		port->proposed = false;
		return true;
	} else if (!disabled &&
		   ((all_synced(port->tree) && !port->agree) || (port->proposed && port->agree))) {
		port->proposed = false;
		port->agree = port->new_info = true;
		return true;
	} else if (port->role == ROLE_BACKUP &&
		   port->rb_while != 2 * port->tree->bridge_times.hello) {
		port->rb_while = 2 * port->tree->bridge_times.hello;
		return true;
	} else if (port->fd_while == fd_while && !port->sync && !port->re_root && port->synced) {
		return false;
	}
	port->fd_while = fd_while;
	port->synced = true;
	port->rr_while = 0;
	port->sync = port->re_root = false;
	return true;
}

/* 17.29: port role transitions. */
static bool role_transitions(struct tree_port *port)
{
	if (!is_settled(port))
		return false;
	if (port->role != port->selected_role)
		return enter_role(port);
	switch (port->role) {
	case ROLE_ROOT:
		return root_port(port);
	case ROLE_DESIGNATED:
		return designated_port(port);
	default:
		return blocked_port(port);
	}
}

/* 17.30: port state transition. */
static bool state_transition(struct tree_port *port)
{
	bool learning = port->learn, forwarding = port->learn && port->forward;

	if (learning == port->learning && forwarding == port->forwarding)
		return false;
	port->learning = learning;
	port->forwarding = forwarding;
	return true;
}

static void flush(struct tree_port *port)
{
	port->tree->actions->flush(port);
}

static bool to_learning(struct tree_port *port)
{
	port->change = CHANGE_LEARNING;
	port->rcvd_tc = port->rcvd_tcn = port->rcvd_tc_ack = port->tc_prop = false;
	return true;
}

static bool change_active(struct tree_port *port)
{
	if ((port->role != ROLE_ROOT && port->role != ROLE_DESIGNATED) || port->oper_edge)
		return to_learning(port);
	if (port->rcvd_tcn || port->rcvd_tc) {
		if (port->rcvd_tcn)
			new_tc_while(port);
		port->rcvd_tcn = port->rcvd_tc = false;
		port->tc_ack = port->tc_ack || port->role == ROLE_DESIGNATED;
		set_tc_prop_tree(port);
	} else if (port->tc_prop) {
		new_tc_while(port);
		flush(port);
		port->tc_prop = false;
	} else if (port->rcvd_tc_ack) {
		port->tc_while = 0;
		port->rcvd_tc_ack = false;
	} else {
		return false;
	}
	return true;
}

/* 17.31: topology change. */
static bool topology_change(struct tree_port *port)
{
	switch (port->change) {
	case CHANGE_INACTIVE:
		return port->learn ? to_learning(port) : false;
	case CHANGE_LEARNING:
		if ((port->role == ROLE_ROOT || port->role == ROLE_DESIGNATED) && port->forward &&
		    !port->oper_edge) {
			port->tree->topology_changes++;
			new_tc_while(port);
			set_tc_prop_tree(port);
			port->new_info = true;
			port->change = CHANGE_ACTIVE;
			return true;
		}
		if (port->rcvd_tc || port->rcvd_tcn || port->rcvd_tc_ack || port->tc_prop)
			return to_learning(port);
		if (port->role == ROLE_ROOT || port->role == ROLE_DESIGNATED || port->learn ||
		    port->learning)
			return false;
		port->change = CHANGE_INACTIVE;
		flush(port);
		port->tc_while = 0;
		port->tc_ack = false;
		return true;
	case CHANGE_ACTIVE:
		return change_active(port);
	}
	return false;
}

bool run_machines(struct tree *tree)
{
	bool moved = false;

	for_each_port(tree, p)
	{
		moved |= port_receive(p);
		moved |= protocol_migration(p);
		moved |= bridge_detection(p);
		moved |= port_information(p);
	}
	moved |= role_selection(tree);
	for_each_port(tree, p)
	{
		moved |= role_transitions(p);
		moved |= state_transition(p);
		moved |= topology_change(p);
	}
	/* Last, so that a BPDU says what has been decided. */
	if (!moved)
		for_each_port(tree, p) moved |= port_transmit(p);
	return moved;
}
