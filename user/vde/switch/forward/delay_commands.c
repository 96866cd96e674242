/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Console commands of impaired ports. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/vde/switch/console/argument.h"
#include "user/vde/switch/console/console.h"
#include "user/vde/switch/forward/delay.h"
#include "user/vde/switch/ports/ports.h"

/*
 * Every command here begins with a port; change() gets its model, made if need be, and the rest of
 * the line, under the lock.
 */
static int with_model(struct call *call, int (*change)(struct impair_model *model, char *rest))
{
	char *rest = call->argument, *word = argument_word(&rest);
	struct impair_model *model;
	struct port *port;
	int error;

	if (!word)
		return EINVAL;
	port = port_named(call->sw, word);
	if (!port)
		return ENXIO;
	model = delay_model(call->sw, port, true);
	if (!model)
		return ENOMEM;
	delay_lock();
	error = change(model, rest);
	delay_unlock();
	return error;
}

static int set(struct impair_model *model, char *rest)
{
	char *word = argument_word(&rest);
	int kind = word ? impair_kind_named(word) : -1;

	/* Speed would hold a sender back, but a switch reads its clients always. */
	if (kind < 0 || kind == IMPAIR_SPEED)
		return EINVAL;
	return -impair_set(model, kind, rest);
}

static int run_set(struct call *call)
{
	return with_model(call, set);
}

static int fifo(struct impair_model *model, char *rest)
{
	bool on;

	if (argument_switch(rest, &on))
		return EINVAL;
	impair_set_fifo(model, on);
	return 0;
}

static int run_fifo(struct call *call)
{
	return with_model(call, fifo);
}

static int nodes(struct impair_model *model, char *rest)
{
	unsigned int count;

	return argument_number(rest, 1, IMPAIR_NODES_MAX, &count) ? EINVAL
								  : -impair_set_nodes(model, count);
}

static int run_nodes(struct call *call)
{
	return with_model(call, nodes);
}

static int edit(struct impair_model *model, char *rest)
{
	unsigned int node;

	return argument_number(rest, 0, IMPAIR_NODES_MAX, &node) ? EINVAL
								 : -impair_edit_node(model, node);
}

static int run_edit(struct call *call)
{
	return with_model(call, edit);
}

static int name(struct impair_model *model, char *rest)
{
	char *word = argument_word(&rest);
	unsigned int node;

	if (!word || argument_number(word, 0, IMPAIR_NODES_MAX, &node))
		return EINVAL;
	return -impair_set_name(model, node, rest);
}

static int run_name(struct call *call)
{
	return with_model(call, name);
}

static int edge(struct impair_model *model, char *rest)
{
	char *from = argument_word(&rest), *to = argument_word(&rest), *end;
	unsigned int a, b;
	double percent;

	if (!from || !to || argument_number(from, 0, IMPAIR_NODES_MAX, &a) ||
	    argument_number(to, 0, IMPAIR_NODES_MAX, &b))
		return EINVAL;
	percent = strtod(rest, &end);
	return end == rest || *end ? EINVAL : -impair_set_edge(model, a, b, percent);
}

static int run_edge(struct call *call)
{
	return with_model(call, edge);
}

static int step(struct impair_model *model, char *rest)
{
	unsigned int ms;

	return argument_number(rest, 1, 3600000, &ms) ? EINVAL : -impair_set_step(model, ms);
}

static int run_step(struct call *call)
{
	return with_model(call, step);
}

static int run_clear(struct call *call)
{
	struct port *port = port_named(call->sw, call->argument);

	if (!port)
		return ENXIO;
	delay_clear(call->sw, port);
	return 0;
}

static json_t *counters_json(const struct port *port, enum impair_way way)
{
	struct impair_counters c = delay_counters(port, way);

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "sent", (json_int_t)c.sent,
			 "delivered", (json_int_t)c.delivered, "too_long", (json_int_t)c.too_long,
			 "lost", (json_int_t)c.lost, "overflow", (json_int_t)c.overflow,
			 "duplicates", (json_int_t)c.duplicates, "corrupted",
			 (json_int_t)c.corrupted, "queued_bytes", (json_int_t)c.queued_bytes);
}

static json_t *node_json(const struct impair_model *model, unsigned int node)
{
	static const char *const ways[] = {"in", "out"};
	json_t *object =
		json_pack("{s:i, s:s}", "node", (int)node, "name", impair_name(model, node));
	json_t *edges = json_object();

	for (int way = 0; way < IMPAIR_WAYS; way++) {
		json_t *values = json_object();

		for (int kind = 0; kind < IMPAIR_KINDS; kind++) {
			struct impair_value v = impair_get(model, node, way, kind);

			if (v.value != 0 || v.spread != 0)
				json_object_set_new(values, impair_kind_name(kind),
						    json_pack("{s:f, s:f, s:b}", "value", v.value,
							      "spread", v.spread, "gaussian",
							      (int)v.gaussian));
		}
		json_object_set_new(object, ways[way], values);
	}
	for (unsigned int to = 0; to < impair_nodes(model); to++) {
		char key[12];

		snprintf(key, sizeof(key), "%u", to);
		if (impair_edge(model, node, to) > 0)
			json_object_set_new(edges, key, json_real(impair_edge(model, node, to)));
	}
	json_object_set_new(object, "edges", edges);
	return object;
}

json_t *delay_json(struct vswitch *sw, struct port *port)
{
	const struct impair_model *model = delay_model(sw, port, false);
	json_t *list = json_array(), *object;

	delay_lock();
	for (unsigned int node = 0; node < impair_nodes(model); node++)
		json_array_append_new(list, node_json(model, node));
	object = json_pack("{s:i, s:b, s:i, s:i, s:o, s:o, s:o}", "port", (int)port->number, "fifo",
			   (int)impair_fifo(model), "current", (int)impair_current(model), "step",
			   (int)impair_step_time(model), "nodes", list, "in",
			   counters_json(port, IMPAIR_LR), "out", counters_json(port, IMPAIR_RL));
	delay_unlock();
	return object;
}

static json_t *describe(struct vswitch *sw, struct port *port)
{
	return port->delay_in ? delay_json(sw, port) : NULL;
}

static int list_impaired(struct call *call, json_t **listing)
{
	return port_listing(call, listing, describe);
}

static void print_values(FILE *out, const char *way, const json_t *values)
{
	const char *kind;
	json_t *value;

	json_object_foreach ((json_t *)values, kind, value)
		fprintf(out, "   %-3s %-12s %g+%g%s\n", way, kind,
			json_number_value(json_object_get(value, "value")),
			json_number_value(json_object_get(value, "spread")),
			listing_true(value, "gaussian") ? "N" : "U");
}

static void print_way(FILE *out, const char *way, const json_t *counters)
{
	const char *name;
	json_t *value;

	fprintf(out, "  %-3s", way);
	json_object_foreach ((json_t *)counters, name, value)
		fprintf(out, " %s=%lld", name, json_integer_value(value));
	fprintf(out, "\n");
}

static void print_impaired(FILE *out, const json_t *listing)
{
	const json_t *port, *node;
	json_t *edge;
	const char *to;
	size_t i, n;

	json_array_foreach (listing, i, port) {
		fprintf(out, "Port %04lld fifo=%d node=%lld step=%lldms\n",
			listing_number(port, "port"), listing_true(port, "fifo"),
			listing_number(port, "current"), listing_number(port, "step"));
		print_way(out, "in", json_object_get(port, "in"));
		print_way(out, "out", json_object_get(port, "out"));
		json_array_foreach (json_object_get(port, "nodes"), n, node) {
			fprintf(out, "  node %lld %s\n", listing_number(node, "node"),
				listing_text(node, "name"));
			print_values(out, "in", json_object_get(node, "in"));
			print_values(out, "out", json_object_get(node, "out"));
			json_object_foreach (json_object_get(node, "edges"), to, edge)
				fprintf(out, "   to node %s: %g%%\n", to, json_number_value(edge));
		}
	}
}

static const struct command commands[] = {
	{.path = "impair", .help = "loss, delay and other trouble on ports"},
	{.path = "impair/set",
	 .syntax = "PORT KIND VALUE",
	 .help = "delay loss lostburst dup bandwidth chanbufsize noise mtu; VALUE "
		 "[LR|RL]N[+SPREAD][K|M|G][U|N][[NODE]], LR into the switch",
	 .run = run_set},
	{.path = "impair/fifo",
	 .syntax = "PORT 0/1",
	 .help = "0: frames may overtake",
	 .run = run_fifo},
	{.path = "impair/nodes",
	 .syntax = "PORT N",
	 .help = "states of the Markov chain",
	 .run = run_nodes},
	{.path = "impair/node",
	 .syntax = "PORT NODE",
	 .help = "the state that impair/set changes",
	 .run = run_edit},
	{.path = "impair/name",
	 .syntax = "PORT NODE TEXT",
	 .help = "name a state",
	 .run = run_name},
	{.path = "impair/edge",
	 .syntax = "PORT A B PERCENT",
	 .help = "chance per step of going from state A to B",
	 .run = run_edge},
	{.path = "impair/step", .syntax = "PORT MS", .help = "time of a step", .run = run_step},
	{.path = "impair/clear",
	 .syntax = "PORT",
	 .help = "a perfect line again",
	 .run = run_clear},
	{.path = "impair/print",
	 .syntax = "[PORT]",
	 .help = "impaired ports, what they did",
	 .list = list_impaired,
	 .print = print_impaired},
	{0},
};

void delay_commands(struct console *console)
{
	console_add(console, commands);
}
