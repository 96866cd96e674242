/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One tree per VLAN, joined to the switch.
 *
 * The tree thread has a loop of its own: BPDUs come to it as notes from data threads, and a timer
 * every second. So no listing, script, page or configuration, which the control thread is busy with
 * for as long as they take, can silence this bridge, whose neighbours would take it for dead. BPDUs
 * leave through a forwarder, untagged on the VLAN's untagged ports, tagged on its tagged ones; port
 * states go into the sets of the VLAN that forward/ reads.
 *
 * The control thread makes and changes trees; one lock keeps the two apart. What only the control
 * thread may do, telling the planes and sessions, the tree thread leaves to it by notes.
 */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "user/vde/switch/console/console.h"
#include "user/vde/switch/fdb/fdb.h"
#include "user/vde/switch/forward/forward.h"
#include "user/vde/switch/loop/loop.h"
#include "user/vde/switch/ports/ports.h"
#include "user/vde/switch/privileges.h"
#include "user/vde/switch/rstp/parts.h"
#include "user/vde/switch/vlan/vlan.h"

struct bpdu_note {
	uint16_t port, vlan;
	struct bpdu bpdu;
};

void rstp_lock(struct vswitch *sw)
{
	pthread_mutex_lock(&sw->rstp->lock);
}

void rstp_unlock(struct vswitch *sw)
{
	pthread_mutex_unlock(&sw->rstp->lock);
}

/* An event, from either thread; the text begins with the four bytes of its number. */
static void raise_note(void *context, const void *data, size_t size)
{
	enum event event;

	memcpy(&event, data, sizeof(event));
	event_raise(context, event, "%s", (const char *)data + sizeof(event));
}

__attribute__((format(printf, 3, 4))) static void tell_event(struct vswitch *sw, enum event event,
							     const char *format, ...)
{
	char note[LOOP_NOTE_MAX];
	va_list args;

	memcpy(note, &event, sizeof(event));
	va_start(args, format);
	vsnprintf(note + sizeof(event), sizeof(note) - sizeof(event), format, args);
	va_end(args);
	loop_post(sw->loop, raise_note, sw, note, sizeof(note));
}

static void states_note(void *context, const void *data, size_t size)
{
	struct vswitch *sw = context;
	struct rstp_tree *tree;
	unsigned int vlan;

	memcpy(&vlan, data, sizeof(vlan));
	rstp_lock(sw);
	tree = rstp_tree(sw, vlan);
	if (tree)
		tree->changed = tree->note_waits = false;
	rstp_unlock(sw);
	if (vlan_get(sw, vlan))
		vlan_changed(sw, vlan_get(sw, vlan));
}

/* Have the control thread tell the planes; when its notes are full, again after a second. */
static void tell_states(struct rstp_tree *tree)
{
	unsigned int vlan = tree->vlan->id;

	tree->changed = true;
	if (!tree->note_waits)
		tree->note_waits =
			loop_post(tree->sw->loop, states_note, tree->sw, &vlan, sizeof(vlan));
}

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
	tell_states(tree);
	tell_event(tree->sw, EVENT_FSTP_STATUS, "Port %04u VLAN %04u %s %s", port->number,
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

	tell_event(owner->sw, EVENT_FSTP_ROOT, "VLAN %04u root %016llx port %04u", owner->vlan->id,
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
	tell_event(tree->sw, EVENT_FSTP_STATUS, "Port %04u VLAN %04u Guarded Discarding",
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
	struct rstp_tree *tree;
	struct tree_port *port;

	rstp_lock(sw);
	tree = rstp_tree(sw, note->vlan);
	port = sw->spanning_tree && tree ? tree_port(&tree->tree, note->port) : NULL;
	if (port)
		tree_receive(port, &note->bpdu);
	rstp_unlock(sw);
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
		loop_post(sw->rstp->loop, receive, sw, &note, sizeof(note));
}

static void every_second(void *context)
{
	struct vswitch *sw = context;

	for (unsigned int id = 0; sw->spanning_tree && id < VLAN_COUNT; id++) {
		struct rstp_tree *tree;

		rstp_lock(sw);
		tree = sw->rstp->trees[id];
		if (tree) {
			tree_second(&tree->tree);
			if (tree->changed)
				tell_states(tree);
		}
		rstp_unlock(sw);
	}
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
	rstp_lock(sw);
	sw->spanning_tree = on;
	for (unsigned int id = 0; id < VLAN_COUNT; id++)
		if (sw->rstp->trees[id])
			(on ? start : stop)(sw->rstp->trees[id]);
	rstp_unlock(sw);
	switch_changed(sw);
}

void rstp_apply(struct vswitch *sw)
{
	rstp_lock(sw);
	for (unsigned int id = 0; id < VLAN_COUNT; id++)
		if (sw->rstp->trees[id]) {
			struct tree *tree = &sw->rstp->trees[id]->tree;

			tree_set_times(tree, &sw->rstp->times, sw->rstp->tx_hold_count);
			tree_set_bridge(tree, bridge_id(sw));
		}
	rstp_unlock(sw);
}

int rstp_vlan(struct vswitch *sw, struct vlan *vlan, bool exists)
{
	struct rstp_tree *tree = sw->rstp->trees[vlan->id];

	let_all_pass(vlan);
	if (!exists) {
		rstp_lock(sw);
		if (tree && sw->spanning_tree)
			stop(tree);
		free(tree);
		sw->rstp->trees[vlan->id] = NULL;
		rstp_unlock(sw);
		return 0;
	}
	tree = calloc(1, sizeof(*tree));
	if (!tree)
		return -ENOMEM;
	tree->sw = sw;
	tree->vlan = vlan;
	tree_init(&tree->tree, &actions, tree, bridge_id(sw));
	rstp_lock(sw);
	sw->rstp->trees[vlan->id] = tree;
	if (sw->spanning_tree)
		start(tree);
	rstp_unlock(sw);
	return 0;
}

void rstp_member(struct vswitch *sw, struct vlan *vlan, struct port *port)
{
	struct rstp_tree *tree = rstp_tree(sw, vlan->id);
	struct tree_port *old;

	if (!sw->spanning_tree)
		return;
	rstp_lock(sw);
	old = tree_port(&tree->tree, port->number);
	if (old)
		remove_member(tree, old);
	if (port_set_has(&vlan->members, port->number))
		add_member(tree, port->number);
	rstp_unlock(sw);
}

void rstp_port_active(struct vswitch *sw, struct port *port, bool active)
{
	rstp_lock(sw);
	for (unsigned int id = 0; sw->spanning_tree && id < VLAN_COUNT; id++) {
		struct rstp_tree *tree = rstp_tree(sw, id);
		struct tree_port *member = tree ? tree_port(&tree->tree, port->number) : NULL;

		if (!member)
			continue;
		member->path_cost = rstp_cost(tree, port->number);
		tree_enable_port(member, active);
	}
	rstp_unlock(sw);
}

int rstp_init(struct vswitch *sw, unsigned int priority)
{
	pthread_mutexattr_t recursive;

	sw->rstp = calloc(1, sizeof(*sw->rstp));
	if (!sw->rstp)
		return -ENOMEM;
	sw->rstp->priority = priority;
	sw->rstp->times = (struct times){
		.max_age = MAX_AGE, .hello = HELLO_TIME, .forward_delay = FORWARD_DELAY};
	sw->rstp->tx_hold_count = TX_HOLD_COUNT;
	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&sw->rstp->lock, &recursive);
	pthread_mutexattr_destroy(&recursive);
	sw->rstp->forwarder = forwarder_new(sw);
	sw->rstp->loop = loop_new();
	if (!sw->rstp->forwarder || !sw->rstp->loop)
		return -ENOMEM;
	sw->rstp->timer = loop_every(sw->rstp->loop, 1000, every_second, sw);
	if (!sw->rstp->timer)
		return -ENOMEM;
	forward_divert(divert, sw);
	return 0;
}

static void *run(void *context)
{
	struct vswitch *sw = context;

	privileges_drop();
	rcu_register_thread();
	loop_run(sw->rstp->loop);
	rcu_unregister_thread();
	return NULL;
}

int rstp_start(struct vswitch *sw)
{
	int error = pthread_create(&sw->rstp->thread, NULL, run, sw);

	sw->rstp->started = !error;
	return -error;
}

static void stop_note(void *context, const void *data, size_t size)
{
	loop_stop(context);
}

void rstp_stop(struct vswitch *sw)
{
	struct rstp *rstp = sw->rstp;

	if (!rstp || !rstp->started)
		return;
	rstp_enable(sw, false);
	/* Notes are taken from the ring all the time: there will be room. */
	while (!loop_post(rstp->loop, stop_note, rstp->loop, "", 1))
		sched_yield();
	pthread_join(rstp->thread, NULL);
	rstp->started = false;
}

void rstp_free(struct vswitch *sw)
{
	struct rstp *rstp = sw->rstp;

	if (!rstp)
		return;
	rstp_enable(sw, false);
	for (unsigned int id = 0; id < VLAN_COUNT; id++)
		free(rstp->trees[id]);
	forwarder_free(rstp->forwarder);
	if (rstp->loop) {
		loop_cancel(rstp->loop, rstp->timer);
		loop_free(rstp->loop);
	}
	pthread_mutex_destroy(&rstp->lock);
	free(rstp);
	sw->rstp = NULL;
}
