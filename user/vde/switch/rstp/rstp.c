/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One tree per VLAN, joined to the switch: BPDUs come as notes from data threads and leave through
 * a forwarder of the control thread, untagged on the VLAN's untagged ports, tagged on its tagged
 * ones; port states go into the sets of the VLAN that forward/ reads.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "user/vde/switch/console/console.h"
#include "user/vde/switch/fdb/fdb.h"
#include "user/vde/switch/forward/forward.h"
#include "user/vde/switch/loop/loop.h"
#include "user/vde/switch/ports/ports.h"
#include "user/vde/switch/rstp/parts.h"
#include "user/vde/switch/vlan/vlan.h"

struct bpdu_note {
	uint16_t port, vlan;
	struct bpdu bpdu;
};

struct rstp_tree *rstp_tree(struct vswitch *sw, unsigned int vlan)
{
	return sw->rstp->trees[vlan];
}

static const char *role_name(enum port_role role)
{
	static const char *const names[] = {
		[ROLE_DISABLED] = "Unknown",	    [ROLE_ROOT] = "Root",
		[ROLE_DESIGNATED] = "Designated",   [ROLE_ALTERNATE] = "Alternate/Backup",
		[ROLE_BACKUP] = "Alternate/Backup",
	};

	return names[role];
}

const char *rstp_role_name(const struct tree_port *port)
{
	return port->enabled && port->oper_edge && port->role == ROLE_DESIGNATED
		       ? "Edge"
		       : role_name(port->role);
}

static void send_bpdu(struct tree_port *port, const struct bpdu *bpdu)
{
	struct rstp_tree *tree = port->tree->owner;
	struct vswitch *sw = tree->sw;
	struct port *out = &sw->ports[port->number];
	bool tagged = port_set_has(&tree->vlan->tagged, port->number);
	uint8_t data[BPDU_FRAME_MAX];
	struct frame frame = {.data = data, .vlan = tree->vlan->id, .tag = tree->vlan->id};

	frame.len = bpdu_write(bpdu, sw->mac, data);
	if (frame.len < FRAME_SHORT)
		frame.len = FRAME_SHORT;
	forward_send(sw->rstp->forwarder, out, &frame, tagged ? out->tag_type : 0);
}

static void set_state(struct tree_port *port)
{
	struct rstp_tree *tree = port->tree->owner;

	port_set_put(&tree->vlan->learning, port->number, port->learning);
	port_set_put(&tree->vlan->forwarding, port->number, port->forwarding);
	vlan_changed(tree->sw, tree->vlan);
	event_raise(tree->sw, EVENT_FSTP_STATUS, "Port %04u VLAN %04u %s %s", port->number,
		    tree->vlan->id, rstp_role_name(port),
		    port->forwarding ? "Forwarding"
		    : port->learning ? "Learning"
				     : "Discarding");
}

static void flush(struct tree_port *port)
{
	struct rstp_tree *tree = port->tree->owner;

	fdb_flush(tree->sw->fdb, tree->vlan->id, port->number);
}

static void root_changed(struct tree *tree)
{
	struct rstp_tree *owner = tree->owner;

	event_raise(owner->sw, EVENT_FSTP_ROOT, "VLAN %04u root %016llx port %04u", owner->vlan->id,
		    (unsigned long long)tree->root_priority.root,
		    tree->root_port ? tree->root_port->number : 0);
}

static void shut(struct tree_port *port)
{
	struct rstp_tree *tree = port->tree->owner;

	syslog(LOG_WARNING,
	       "port %u, VLAN %u: a BPDU came where the guard allows none; the port is shut until "
	       "its "
	       "clients leave or fstp/bpduguard is given again",
	       port->number, tree->vlan->id);
	event_raise(tree->sw, EVENT_FSTP_STATUS, "Port %04u VLAN %04u Guarded Discarding",
		    port->number, tree->vlan->id);
}

static const struct tree_actions actions = {
	.send = send_bpdu,
	.state = set_state,
	.flush = flush,
	.root_changed = root_changed,
	.shut = shut,
};

static void receive(void *context, const void *data, size_t size)
{
	struct vswitch *sw = context;
	const struct bpdu_note *note = data;
	struct rstp_tree *tree = rstp_tree(sw, note->vlan);
	struct tree_port *port;

	if (!sw->spanning_tree || !tree)
		return;
	port = tree_port(&tree->tree, note->port);
	if (port)
		tree_receive(port, &note->bpdu);
}

/* On a data thread: a frame to a link-local group. Only BPDUs are of interest. */
static void divert(void *context, struct port *port, const struct frame *frame)
{
	struct vswitch *sw = context;
	struct bpdu_note note = {.port = port->number, .vlan = frame->vlan};
	uint8_t bare[BPDU_FRAME_MAX];
	unsigned int tag = frame->tag_type ? 4 : 0;
	size_t len = frame->len - tag < sizeof(bare) ? frame->len - tag : sizeof(bare);

	memcpy(bare, frame->data, 12);
	memcpy(bare + 12, frame->data + 12 + tag, len - 12);
	if (bpdu_read(&note.bpdu, bare, len))
		loop_post(sw->loop, receive, sw, &note, sizeof(note));
}

static void every_second(void *context)
{
	struct vswitch *sw = context;

	for (unsigned int id = 0; sw->spanning_tree && id < VLAN_COUNT; id++)
		if (sw->rstp->trees[id])
			tree_second(&sw->rstp->trees[id]->tree);
}

static uint64_t bridge_id(const struct vswitch *sw)
{
	uint64_t id = sw->rstp->priority;

	for (int i = 0; i < 6; i++)
		id = id << 8 | sw->mac[i];
	return id;
}

/* 802.1D-2004 table 17-3 goes on like this: 20,000 for 1 Gb/s. */
#define COST_OF_1_MBPS 20000000

uint32_t rstp_cost(const struct rstp_tree *tree, unsigned int number)
{
	const struct endpoint_set *set = tree->sw->ports[number].endpoints;
	uint32_t cost = tree->cost[number], bonus = tree->bonus[number], speed = 0;

	for (unsigned int i = 0; set && i < set->count; i++)
		if (set->at[i]->speed > speed)
			speed = set->at[i]->speed;
	if (!cost)
		cost = speed ? COST_OF_1_MBPS / speed : PATH_COST;
	return cost > bonus ? cost - bonus : 1;
}

static void add_member(struct rstp_tree *tree, unsigned int number)
{
	struct vswitch *sw = tree->sw;
	struct tree_port *port = tree_add_port(&tree->tree, number, rstp_cost(tree, number));

	if (!port)
		return;
	tree_set_edge(port, port_set_has(&tree->edge, number));
	tree_set_guards(port, port_set_has(&tree->bpdu_guard, number),
			port_set_has(&tree->root_guard, number),
			port_set_has(&tree->tcn_guard, number));
	set_state(port);
	tree_enable_port(port, port_set_has(&sw->active, number));
	event_raise(sw, EVENT_FSTP_ADD, "Port %04u VLAN %04u", number, tree->vlan->id);
}

static void remove_member(struct rstp_tree *tree, struct tree_port *port)
{
	event_raise(tree->sw, EVENT_FSTP_DEL, "Port %04u VLAN %04u", port->number, tree->vlan->id);
	tree_remove_port(port);
}

static void start(struct rstp_tree *tree)
{
	tree_init(&tree->tree, &actions, tree, bridge_id(tree->sw));
	tree_set_times(&tree->tree, &tree->sw->rstp->times, tree->sw->rstp->tx_hold_count);
	for (unsigned int i = 0; i <= tree->sw->numports; i++)
		if (port_set_has(&tree->vlan->members, i))
			add_member(tree, i);
}

static void let_all_pass(struct vlan *vlan)
{
	for (unsigned int w = 0; w < PORT_WORDS; w++)
		vlan->learning.word[w] = vlan->forwarding.word[w] = ~0ull;
}

static void stop(struct rstp_tree *tree)
{
	while (tree->tree.ports)
		remove_member(tree, tree->tree.ports);
	let_all_pass(tree->vlan);
	vlan_changed(tree->sw, tree->vlan);
}

void rstp_enable(struct vswitch *sw, bool on)
{
	if (sw->spanning_tree == on)
		return;
	if (on)
		sw->hub = false;
	sw->spanning_tree = on;
	for (unsigned int id = 0; id < VLAN_COUNT; id++)
		if (sw->rstp->trees[id])
			(on ? start : stop)(sw->rstp->trees[id]);
	switch_changed(sw);
}

void rstp_apply(struct vswitch *sw)
{
	for (unsigned int id = 0; id < VLAN_COUNT; id++)
		if (sw->rstp->trees[id]) {
			struct tree *tree = &sw->rstp->trees[id]->tree;

			tree_set_times(tree, &sw->rstp->times, sw->rstp->tx_hold_count);
			tree_set_bridge(tree, bridge_id(sw));
		}
}

int rstp_vlan(struct vswitch *sw, struct vlan *vlan, bool exists)
{
	struct rstp_tree *tree = sw->rstp->trees[vlan->id];

	let_all_pass(vlan);
	if (!exists) {
		if (tree && sw->spanning_tree)
			stop(tree);
		free(tree);
		sw->rstp->trees[vlan->id] = NULL;
		return 0;
	}
	tree = calloc(1, sizeof(*tree));
	if (!tree)
		return -ENOMEM;
	tree->sw = sw;
	tree->vlan = vlan;
	tree_init(&tree->tree, &actions, tree, bridge_id(sw));
	sw->rstp->trees[vlan->id] = tree;
	if (sw->spanning_tree)
		start(tree);
	return 0;
}

void rstp_member(struct vswitch *sw, struct vlan *vlan, struct port *port)
{
	struct rstp_tree *tree = rstp_tree(sw, vlan->id);
	struct tree_port *old;

	if (!sw->spanning_tree)
		return;
	old = tree_port(&tree->tree, port->number);
	if (old)
		remove_member(tree, old);
	if (port_set_has(&vlan->members, port->number))
		add_member(tree, port->number);
}

void rstp_port_active(struct vswitch *sw, struct port *port, bool active)
{
	for (unsigned int id = 0; sw->spanning_tree && id < VLAN_COUNT; id++) {
		struct rstp_tree *tree = rstp_tree(sw, id);
		struct tree_port *member = tree ? tree_port(&tree->tree, port->number) : NULL;

		if (!member)
			continue;
		member->path_cost = rstp_cost(tree, port->number);
		tree_enable_port(member, active);
	}
}

int rstp_init(struct vswitch *sw, unsigned int priority)
{
	sw->rstp = calloc(1, sizeof(*sw->rstp));
	if (!sw->rstp)
		return -ENOMEM;
	sw->rstp->priority = priority;
	sw->rstp->times = (struct times){
		.max_age = MAX_AGE, .hello = HELLO_TIME, .forward_delay = FORWARD_DELAY};
	sw->rstp->tx_hold_count = TX_HOLD_COUNT;
	sw->rstp->forwarder = forwarder_new(sw);
	sw->rstp->timer = loop_every(sw->loop, 1000, every_second, sw);
	forward_divert(divert, sw);
	return sw->rstp->forwarder && sw->rstp->timer ? 0 : -ENOMEM;
}

void rstp_free(struct vswitch *sw)
{
	if (!sw->rstp)
		return;
	rstp_enable(sw, false);
	for (unsigned int id = 0; id < VLAN_COUNT; id++)
		free(sw->rstp->trees[id]);
	forwarder_free(sw->rstp->forwarder);
	loop_cancel(sw->loop, sw->rstp->timer);
	free(sw->rstp);
}
