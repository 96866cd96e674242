/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Console commands of the spanning tree, under their classic name fstp. */
#include <errno.h>
#include <stdio.h>

#include "user/vde/switch/console/argument.h"
#include "user/vde/switch/console/console.h"
#include "user/vde/switch/ports/ports.h"
#include "user/vde/switch/rstp/parts.h"

static int list_info(struct call *call, json_t **listing)
{
	char text[MAC_TEXT_SIZE];

	*listing = json_pack("{s:s, s:i, s:b, s:i, s:i, s:i, s:i}", "mac",
			     mac_text(call->sw->mac, text), "priority",
			     (int)call->sw->rstp->priority, "on", (int)call->sw->spanning_tree,
			     "max_age", (int)call->sw->rstp->times.max_age, "hello",
			     (int)call->sw->rstp->times.hello, "forward_delay",
			     (int)call->sw->rstp->times.forward_delay, "tx_hold_count",
			     (int)call->sw->rstp->tx_hold_count);
	return 0;
}

static void print_info(FILE *out, const json_t *listing)
{
	long long priority = listing_number(listing, "priority");

	fprintf(out, "MAC %s Priority %lld (0x%llx)\nFSTP=%s\n", listing_text(listing, "mac"),
		priority, priority, listing_true(listing, "on") ? "true" : "false");
}

static int run_setfstp(struct call *call)
{
	bool on;

	if (argument_switch(call->argument, &on))
		return EINVAL;
	rstp_enable(call->sw, on);
	return 0;
}

int rstp_set_priority(struct vswitch *sw, unsigned int priority)
{
	if (priority > 0xffff)
		return -EINVAL;
	sw->rstp->priority = priority;
	rstp_apply(sw);
	return 0;
}

/* 17.14: what makes sense together. */
int rstp_set_times(struct vswitch *sw, unsigned int max_age, unsigned int hello,
		   unsigned int forward_delay, unsigned int tx_hold_count)
{
	if (max_age < 6 || max_age > 40 || hello < 1 || hello > 10 || forward_delay < 4 ||
	    forward_delay > 30 || tx_hold_count < 1 || tx_hold_count > 10 ||
	    2 * (forward_delay - 1) < max_age || max_age < 2 * (hello + 1))
		return -EINVAL;
	sw->rstp->times =
		(struct times){.max_age = max_age, .hello = hello, .forward_delay = forward_delay};
	sw->rstp->tx_hold_count = tx_hold_count;
	rstp_apply(sw);
	return 0;
}

/* "MAX_AGE HELLO FORWARD_DELAY [TX_HOLD_COUNT]" */
static int run_settimes(struct call *call)
{
	unsigned int n[4] = {0, 0, 0, call->sw->rstp->tx_hold_count};

	if (argument_numbers(call->argument, 3, 4, n) < 0)
		return EINVAL;
	return -rstp_set_times(call->sw, n[0], n[1], n[2], n[3]);
}

static int run_setpriority(struct call *call)
{
	unsigned int priority;

	return argument_numbers(call->argument, 1, 1, &priority) != 1
		       ? EINVAL
		       : -rstp_set_priority(call->sw, priority);
}

/* "VLAN PORT N" */
static int tree_port_number(struct call *call, struct rstp_tree **tree, unsigned int *port,
			    unsigned int *number)
{
	unsigned int numbers[3];

	if (argument_numbers(call->argument, 3, 3, numbers) != 3 || numbers[0] >= VLAN_COUNT)
		return EINVAL;
	*tree = rstp_tree(call->sw, numbers[0]);
	if (!*tree)
		return ENXIO;
	/* The port need not be a member yet: what is set is kept for when it is. */
	if (numbers[1] > call->sw->numports)
		return EINVAL;
	*port = numbers[1];
	*number = numbers[2];
	return 0;
}

void rstp_set_edge(struct rstp_tree *tree, unsigned int port, bool edge)
{
	struct tree_port *member;

	rstp_lock(tree->sw);
	member = tree_port(&tree->tree, port);
	port_set_put(&tree->edge, port, edge);
	if (member)
		tree_set_edge(member, edge);
	rstp_unlock(tree->sw);
}

void rstp_set_bonus(struct rstp_tree *tree, unsigned int port, uint32_t bonus)
{
	struct tree_port *member;

	rstp_lock(tree->sw);
	member = tree_port(&tree->tree, port);
	tree->bonus[port] = bonus;
	if (member)
		tree_set_cost(member, rstp_cost(tree, port));
	rstp_unlock(tree->sw);
}

void rstp_set_cost(struct rstp_tree *tree, unsigned int port, uint32_t cost)
{
	struct tree_port *member;

	rstp_lock(tree->sw);
	member = tree_port(&tree->tree, port);
	tree->cost[port] = cost;
	if (member)
		tree_set_cost(member, rstp_cost(tree, port));
	rstp_unlock(tree->sw);
}

static struct port_set *guard_set(struct rstp_tree *tree, enum rstp_guard guard)
{
	return guard == RSTP_BPDU_GUARD	  ? &tree->bpdu_guard
	       : guard == RSTP_ROOT_GUARD ? &tree->root_guard
					  : &tree->tcn_guard;
}

bool rstp_has_guard(struct rstp_tree *tree, unsigned int port, enum rstp_guard guard)
{
	return port_set_has(guard_set(tree, guard), port);
}

void rstp_set_guard(struct rstp_tree *tree, unsigned int port, enum rstp_guard guard, bool on)
{
	struct tree_port *member;

	rstp_lock(tree->sw);
	member = tree_port(&tree->tree, port);
	port_set_put(guard_set(tree, guard), port, on);
	if (member)
		tree_set_guards(member, port_set_has(&tree->bpdu_guard, port),
				port_set_has(&tree->root_guard, port),
				port_set_has(&tree->tcn_guard, port));
	rstp_unlock(tree->sw);
}

void rstp_forget_settings(struct rstp_tree *tree)
{
	for (unsigned int i = 0; i <= PORT_MAX; i++) {
		if (port_set_has(&tree->edge, i))
			rstp_set_edge(tree, i, false);
		if (tree->bonus[i])
			rstp_set_bonus(tree, i, 0);
		if (tree->cost[i])
			rstp_set_cost(tree, i, 0);
		for (enum rstp_guard guard = 0; guard < RSTP_GUARDS; guard++)
			if (rstp_has_guard(tree, i, guard))
				rstp_set_guard(tree, i, guard, false);
	}
}

static int run_setedge(struct call *call)
{
	struct rstp_tree *tree;
	unsigned int port, edge;
	int error = tree_port_number(call, &tree, &port, &edge);

	if (!error && edge > 1)
		error = EINVAL;
	if (!error)
		rstp_set_edge(tree, port, edge);
	return error;
}

static int run_bonus(struct call *call)
{
	struct rstp_tree *tree;
	unsigned int port, bonus;
	int error = tree_port_number(call, &tree, &port, &bonus);

	if (!error && bonus >= PATH_COST)
		error = EINVAL;
	if (!error)
		rstp_set_bonus(tree, port, bonus);
	return error;
}

static int run_setcost(struct call *call)
{
	struct rstp_tree *tree;
	unsigned int port, cost;
	int error = tree_port_number(call, &tree, &port, &cost);

	if (!error && cost > RSTP_COST_MAX)
		error = EINVAL;
	if (!error)
		rstp_set_cost(tree, port, cost);
	return error;
}

static int run_guard(struct call *call, enum rstp_guard guard)
{
	struct rstp_tree *tree;
	unsigned int port, on;
	int error = tree_port_number(call, &tree, &port, &on);

	if (!error && on > 1)
		error = EINVAL;
	if (!error)
		rstp_set_guard(tree, port, guard, on);
	return error;
}

static int run_bpduguard(struct call *call)
{
	return run_guard(call, RSTP_BPDU_GUARD);
}

static int run_rootguard(struct call *call)
{
	return run_guard(call, RSTP_ROOT_GUARD);
}

static int run_tcnguard(struct call *call)
{
	return run_guard(call, RSTP_TCN_GUARD);
}

static json_t *bridge_json(uint64_t bridge)
{
	char text[24];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x:%02x:%02x",
		 (unsigned int)(bridge >> 56), (unsigned int)(bridge >> 48 & 255),
		 (unsigned int)(bridge >> 40 & 255), (unsigned int)(bridge >> 32 & 255),
		 (unsigned int)(bridge >> 24 & 255), (unsigned int)(bridge >> 16 & 255),
		 (unsigned int)(bridge >> 8 & 255), (unsigned int)(bridge & 255));
	return json_string(text);
}

static json_t *tree_json(struct vswitch *sw, struct rstp_tree *tree)
{
	const struct tree_port *root = tree->tree.root_port;
	json_t *ports = json_array();

	for (const struct tree_port *p = tree->tree.ports; p; p = p->next)
		if (p->enabled || p->shut)
			json_array_append_new(
				ports,
				json_pack("{s:i, s:b, s:b, s:I, s:s, s:s, s:o}", "port",
					  (int)p->number, "shut", (int)p->shut, "tagged",
					  (int)port_set_has(&tree->vlan->tagged, p->number), "cost",
					  (json_int_t)p->path_cost, "role", rstp_role_name(p),
					  "status",
					  p->forwarding ? "Forwarding"
					  : p->learning ? "Learning"
							: "Discarding",
					  "designated", bridge_json(p->port_priority.bridge)));
	return json_pack("{s:i, s:b, s:b, s:o, s:o, s:i, s:I, s:i, s:i, s:I, s:I, s:o}", "vlan",
			 (int)tree->vlan->id, "is_root", root == NULL, "on", (int)sw->spanning_tree,
			 "root", bridge_json(tree->tree.root_priority.root), "designated",
			 bridge_json(root ? root->port_priority.bridge : ~0ull), "root_port",
			 root ? (int)root->number : 0, "cost",
			 (json_int_t)tree->tree.root_priority.cost, "age",
			 (int)tree->tree.root_times.message_age, "bonus_port",
			 root ? (int)root->number : 0, "bonus_cost",
			 (json_int_t)(root ? tree->bonus[root->number] : 0), "topology_changes",
			 (json_int_t)tree->tree.topology_changes, "ports", ports);
}

static int list_trees(struct call *call, json_t **listing)
{
	struct vswitch *sw = call->sw;
	unsigned int vlan;
	bool one = *call->argument;

	*listing = json_array();
	if (one && argument_number(call->argument, 0, VLAN_COUNT - 1, &vlan))
		return EINVAL;
	if (one && !rstp_tree(sw, vlan))
		return ENXIO;
	for (unsigned int id = 0; id < VLAN_COUNT; id++) {
		rstp_lock(sw);
		if (rstp_tree(sw, id) && (!one || id == vlan))
			json_array_append_new(*listing, tree_json(sw, rstp_tree(sw, id)));
		rstp_unlock(sw);
	}
	return 0;
}

static void print_trees(FILE *out, const json_t *listing)
{
	const json_t *tree, *port;
	size_t i, p;

#define number(of, key) listing_number(of, key)
#define text(of, key)	listing_text(of, key)
	json_array_foreach (listing, i, tree) {
		fprintf(out, "FST DATA VLAN %04lld %s%s\n", number(tree, "vlan"),
			listing_true(tree, "is_root") ? "ROOTSWITCH " : "",
			listing_true(tree, "on") ? "" : "FSTP IS DISABLED");
		fprintf(out, " ++ root %s\n ++ designated %s\n", text(tree, "root"),
			text(tree, "designated"));
		fprintf(out,
			" ++ rootport %04lld cost %lld age %lld bonusport %04lld bonuscost %lld\n",
			number(tree, "root_port"), number(tree, "cost"), number(tree, "age"),
			number(tree, "bonus_port"), number(tree, "bonus_cost"));
		json_array_foreach (json_object_get(tree, "ports"), p, port)
			fprintf(out, " -- Port %04lld tagged=%d portcost=%lld role=%s\n",
				number(port, "port"), listing_true(port, "tagged"),
				number(port, "cost"), text(port, "role"));
	}
#undef number
#undef text
}

static const struct command commands[] = {
	{.path = "fstp", .help = "spanning tree (RSTP, IEEE 802.1D-2004)"},
	{.path = "fstp/showinfo",
	 .help = "bridge address, priority, on or off",
	 .list = list_info,
	 .print = print_info},
	{.path = "fstp/setfstp", .syntax = "0/1", .help = "1: on, 0: off", .run = run_setfstp},
	{.path = "fstp/setpriority",
	 .syntax = "N",
	 .help = "priority of this bridge, 0 to 65535",
	 .run = run_setpriority},
	{.path = "fstp/setedge",
	 .syntax = "VLAN PORT 0/1",
	 .help = "1: no bridge is behind the port, it forwards at once",
	 .run = run_setedge},
	{.path = "fstp/bonus",
	 .syntax = "VLAN PORT N",
	 .help = "lower the port's cost by N",
	 .run = run_bonus},
	{.path = "fstp/setcost",
	 .syntax = "VLAN PORT N",
	 .help = "the port's cost; 0: by the speed of what is on it",
	 .run = run_setcost},
	{.path = "fstp/settimes",
	 .syntax = "AGE HELLO DELAY [TX]",
	 .help = "max age, hello, forward delay (s), BPDUs a second; for trees we are the root of",
	 .run = run_settimes},
	{.path = "fstp/bpduguard",
	 .syntax = "VLAN PORT 0/1",
	 .help = "1: a BPDU shuts the port",
	 .run = run_bpduguard},
	{.path = "fstp/rootguard",
	 .syntax = "VLAN PORT 0/1",
	 .help = "1: the root is never behind the port",
	 .run = run_rootguard},
	{.path = "fstp/tcnguard",
	 .syntax = "VLAN PORT 0/1",
	 .help = "1: topology changes from there are not believed",
	 .run = run_tcnguard},
	{.path = "fstp/print",
	 .syntax = "[VLAN]",
	 .help = "trees and the roles of ports",
	 .list = list_trees,
	 .print = print_trees},
	{0},
};

void rstp_commands(struct console *console)
{
	console_add(console, commands);
}
