/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port commands that the classic switch does not have: names, tag type, mirror, limits, queues. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "user/vde/switch/console/argument.h"
#include "user/vde/switch/console/console.h"
#include "user/vde/switch/fdb/fdb.h"
#include "user/vde/switch/planes/user/user.h"
#include "user/vde/switch/ports/ports.h"

static const char *const limit_names[LIMIT_KINDS] = {"rate", "broadcast", "multicast", "unknown"};

/* The port that the command names first; *rest is what follows. */
static int port_argument(struct call *call, struct port **port, char **rest)
{
	char *word;

	*rest = call->argument;
	word = argument_word(rest);
	if (!word)
		return EINVAL;
	*port = port_named(call->sw, word);
	return *port ? 0 : port_missing(call->sw, word);
}

static bool is_name(const char *text)
{
	if (!isalpha((unsigned char)*text) || strlen(text) >= NAME_SIZE)
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("-_.", *text))
			return false;
	return true;
}

int port_set_name(struct vswitch *sw, struct port *port, const char *name)
{
	struct port *other = port_named(sw, name);

	if (*name && !is_name(name))
		return -EINVAL;
	if (*name && other && other != port)
		return -EEXIST;
	strcpy(port->name, name);
	return 0;
}

static int run_setname(struct call *call)
{
	struct port *port;
	char *rest, *name;
	int error = port_argument(call, &port, &rest);

	if (error)
		return error;
	name = argument_word(&rest);
	return -port_set_name(call->sw, port, name ? name : "");
}

int port_set_tag_type(struct vswitch *sw, struct port *port, const char *type)
{
	if (strcmp(type, "802.1q") == 0)
		port->tag_type = TAG_8021Q;
	else if (strcmp(type, "802.1ad") == 0)
		port->tag_type = TAG_8021AD;
	else
		return -EINVAL;
	port_changed(sw, port);
	return 0;
}

static int run_settag(struct call *call)
{
	struct port *port;
	char *rest, *type;
	int error = port_argument(call, &port, &rest);

	type = error ? NULL : argument_word(&rest);
	return error ? error : type ? -port_set_tag_type(call->sw, port, type) : EINVAL;
}

/* Which ports get copies now; what such a port said of addresses behind it is forgotten. */
static void find_targets(struct vswitch *sw)
{
	for (unsigned int i = 0; i <= sw->numports; i++) {
		struct port *port = &sw->ports[i];
		bool target = false;

		for (unsigned int from = 0; !target && from <= sw->numports; from++)
			target = sw->ports[from].mirror && sw->ports[from].mirror_to == i;
		if (target == port->mirror_target)
			continue;
		port->mirror_target = target;
		port_set_put(&sw->mirror_targets, i, target);
		fdb_flush(sw->fdb, FDB_ANY, i);
		port_changed(sw, port);
	}
}

/* Copies of the port's frames go to a port that is not mirrored itself, or frames would circle. */
int port_set_mirror(struct vswitch *sw, struct port *port, struct port *to, unsigned int directions)
{
	bool changed;

	if (directions && (to == port || to->mirror))
		return -ELOOP;
	for (unsigned int i = 0; directions && i <= sw->numports; i++)
		if (sw->ports[i].mirror && sw->ports[i].mirror_to == port->number)
			return -ELOOP;
	changed = port->mirror != directions || port->mirror_to != (to ? to->number : 0);
	port->mirror_to = to ? to->number : 0;
	port->mirror = directions;
	port_changed(sw, port);
	if (changed)
		find_targets(sw);
	return 0;
}

static int run_mirror(struct call *call)
{
	static const char *const words[] = {"off", "in", "out", "both"};
	struct port *port, *to = NULL;
	char *rest, *word, *which;
	int error = port_argument(call, &port, &rest);

	if (error)
		return error;
	word = argument_word(&rest);
	if (!word)
		return EINVAL;
	if (strcmp(word, "off") == 0)
		return -port_set_mirror(call->sw, port, NULL, MIRROR_OFF);
	to = port_named(call->sw, word);
	if (!to)
		return ENXIO;
	which = argument_word(&rest);
	for (unsigned int d = MIRROR_IN; d <= (MIRROR_IN | MIRROR_OUT); d++)
		if (strcmp(which ? which : "both", words[d]) == 0)
			return -port_set_mirror(call->sw, port, to, d);
	return EINVAL;
}

void port_set_limit(struct vswitch *sw, struct port *port, enum limit_kind kind, uint64_t rate)
{
	bool limited = false;

	port->limit[kind].per_second = rate;
	port->limit[kind].due = 0;
	for (int k = 0; k < LIMIT_KINDS; k++)
		limited = limited || port->limit[k].per_second;
	port->limited = limited;
	port_changed(sw, port);
}

int limit_kind_named(const char *name)
{
	for (int kind = 0; kind < LIMIT_KINDS; kind++)
		if (strcmp(name, limit_names[kind]) == 0)
			return kind;
	return -1;
}

static int run_limit(struct call *call)
{
	unsigned int rate;
	struct port *port;
	char *rest, *word;
	int error = port_argument(call, &port, &rest), kind;

	if (error)
		return error;
	word = argument_word(&rest);
	kind = word ? limit_kind_named(word) : -1;
	if (kind < 0 || argument_numbers(rest, 1, 1, &rate) != 1)
		return EINVAL;
	port_set_limit(call->sw, port, kind, rate);
	return 0;
}

static int run_queue(struct call *call)
{
	unsigned int frames;
	struct port *port;
	char *rest;
	int error = port_argument(call, &port, &rest);

	if (error)
		return error;
	if (argument_number(rest, 0, QUEUE_LIMIT_MAX, &frames))
		return EINVAL;
	for (unsigned int i = 0; port->endpoints && i < port->endpoints->count; i++)
		if (port->endpoints->at[i]->plane->ops == &user_plane)
			user_endpoint_set_limit(port->endpoints->at[i], frames);
	return 0;
}

static int run_default_queue(struct call *call)
{
	unsigned int frames;

	if (argument_number(call->argument, 0, QUEUE_LIMIT_MAX, &frames))
		return EINVAL;
	user_set_queue_limit(plane_called(call->sw, "user"), frames);
	return 0;
}

json_t *port_settings_json(const struct port *port)
{
	json_t *limits = json_object();

	for (int kind = 0; kind < LIMIT_KINDS; kind++)
		if (port->limit[kind].per_second)
			json_object_set_new(limits, limit_names[kind],
					    json_integer(port->limit[kind].per_second));
	return json_pack("{s:i, s:s, s:s, s:i, s:b, s:b, s:o}", "port", (int)port->number, "name",
			 port->name, "tag_type",
			 port->tag_type == TAG_8021AD ? "802.1ad" : "802.1q", "mirror_to",
			 (int)port->mirror_to, "mirror_in", (int)(port->mirror & MIRROR_IN),
			 "mirror_out", (int)(port->mirror & MIRROR_OUT), "limits", limits);
}

static json_t *describe(struct vswitch *sw, struct port *port)
{
	return port_settings_json(port);
}

static int list_settings(struct call *call, json_t **listing)
{
	return port_listing(call, listing, describe);
}

static void print_settings(FILE *out, const json_t *listing)
{
	const json_t *port, *limit;
	const char *kind;
	size_t i;

	json_array_foreach (listing, i, port) {
		bool in = listing_true(port, "mirror_in");
		bool to = listing_true(port, "mirror_out");

		fprintf(out, "Port %04lld name=%s tag=%s", listing_number(port, "port"),
			listing_text(port, "name"), listing_text(port, "tag_type"));
		if (in || to)
			fprintf(out, " mirror=%s to %04lld",
				in && to ? "both"
				: in	 ? "in"
					 : "out",
				listing_number(port, "mirror_to"));
		json_object_foreach (json_object_get(port, "limits"), kind, limit)
			fprintf(out, " %s=%lld/s", kind, json_integer_value(limit));
		fprintf(out, "\n");
	}
}

const struct command port_setting_table[] = {
	{.path = "port/setname",
	 .syntax = "PORT [NAME]",
	 .help = "a name that stands for the number in commands",
	 .run = run_setname},
	{.path = "port/settag",
	 .syntax = "PORT TYPE",
	 .help = "tags are 802.1q or 802.1ad",
	 .run = run_settag},
	{.path = "port/mirror",
	 .syntax = "PORT TO|off [WAY]",
	 .help = "copy frames to port TO; WAY: in, out, both",
	 .run = run_mirror},
	{.path = "port/limit",
	 .syntax = "PORT KIND N",
	 .help = "rate (bytes/s), broadcast, multicast, unknown (frames/s); 0: none",
	 .run = run_limit},
	{.path = "port/setqlen",
	 .syntax = "PORT N",
	 .help = "frames that may wait for its clients",
	 .run = run_queue},
	{.path = "port/defqlen",
	 .syntax = "N",
	 .help = "the same for clients to come",
	 .run = run_default_queue},
	{.path = "port/settings",
	 .syntax = "[PORT]",
	 .help = "names, tag types, mirrors, limits",
	 .list = list_settings,
	 .print = print_settings},
	{0},
};

extern const struct command port_table[], port_counter_table[];

void port_commands(struct console *console)
{
	console_add(console, port_table);
	console_add(console, port_counter_table);
	console_add(console, port_setting_table);
}
