/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carrying a configuration out. Everything is taken away and made anew with the same functions that
 * the commands use; when one of them refuses, the configuration from before is put back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "user/vde/names/names.h"
#include "user/vde/switch/config/config.h"
#include "user/vde/switch/console/argument.h"
#include "user/vde/switch/console/console.h"
#include "user/vde/switch/fdb/aging.h"
#include "user/vde/switch/fdb/fdb.h"
#include "user/vde/switch/forward/delay.h"
#include "user/vde/switch/ports/ports.h"
#include "user/vde/switch/rstp/parts.h"
#include "user/vde/switch/vlan/vlan.h"

struct load {
	struct vswitch *sw;
	char *why;
};

__attribute__((format(printf, 3, 4))) static int refuse(struct load *load, int error,
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(load->why, CONFIG_WHY_SIZE, format, args);
	va_end(args);
	return error < 0 ? -error : error;
}

/* An integer member within bounds, or its default when it is absent. */
static int take(struct load *load, const json_t *object, const char *key, long long min,
		long long max, long long absent, unsigned int *value)
{
	const json_t *member = json_object_get(object, key);
	long long n = member && !json_is_null(member) ? json_integer_value(member) : absent;

	if (member && !json_is_null(member) && !json_is_integer(member))
		return refuse(load, EINVAL, "%s is not an integer", key);
	if ((n < min || n > max) && n != absent)
		return refuse(load, ERANGE, "%s is %lld, not from %lld to %lld", key, n, min, max);
	*value = n;
	return 0;
}

/* To the state of a new switch, but for the clients and the ports they are on. */
static void reset(struct vswitch *sw)
{
	rstp_enable(sw, false);
	switch_set_hub(sw, false);
	for (unsigned int i = 0; i <= sw->numports; i++) {
		struct port *port = &sw->ports[i];

		if (!port->exists)
			continue;
		port_default(sw, port);
		if (!port->endpoints)
			port_remove(sw, port);
	}
	for (unsigned int id = 1; id < VLAN_COUNT; id++)
		if (vlan_existing(sw, id))
			vlan_remove(sw, id);
	rstp_forget_settings(rstp_tree(sw, 0));
}

static int load_values(struct load *load, struct impair_model *model, const json_t *values,
		       const char *way, unsigned int node)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)values, name, value) {
		int kind = impair_kind_named(name), error;
		char text[96];

		if (kind < 0 || kind == IMPAIR_SPEED)
			return refuse(load, EINVAL, "%s is no impairment of a port", name);
		snprintf(text, sizeof(text), "%s%.17g+%.17g%s[%u]", way,
			 json_number_value(json_object_get(value, "value")),
			 json_number_value(json_object_get(value, "spread")),
			 json_is_true(json_object_get(value, "gaussian")) ? "N" : "U", node);
		error = impair_set(model, kind, text);
		if (error)
			return refuse(load, error, "%s cannot be %s", name, text);
	}
	return 0;
}

static int load_node(struct load *load, struct impair_model *model, const json_t *node,
		     unsigned int number)
{
	const char *name = json_string_value(json_object_get(node, "name")), *to;
	json_t *percent;
	int error;

	if (name && impair_set_name(model, number, name))
		return refuse(load, EINVAL, "the name %s of a node is too long", name);
	error = load_values(load, model, json_object_get(node, "in"), "LR", number);
	if (!error)
		error = load_values(load, model, json_object_get(node, "out"), "RL", number);
	if (error)
		return error;
	json_object_foreach (json_object_get(node, "edges"), to, percent)
		if (impair_set_edge(model, number, atoi(to), json_number_value(percent)))
			return refuse(load, EINVAL, "node %u cannot go to %s with %g%%", number, to,
				      json_number_value(percent));
	return 0;
}

static int load_impairment(struct load *load, struct port *port, const json_t *config)
{
	const json_t *nodes = json_object_get(config, "nodes"), *node;
	struct impair_model *model;
	unsigned int step;
	size_t i;
	int error;

	if (!config)
		return 0;
	error = take(load, config, "step", 1, 3600000, 100, &step);
	if (error)
		return error;
	model = delay_model(load->sw, port, true);
	if (!model)
		return refuse(load, ENOMEM, "out of memory");
	delay_lock();
	impair_set_fifo(model, !json_is_false(json_object_get(config, "fifo")));
	impair_set_step(model, step);
	if (impair_set_nodes(model, json_array_size(nodes) ? json_array_size(nodes) : 1))
		error = refuse(load, ERANGE, "at most %d nodes", IMPAIR_NODES_MAX);
	json_array_foreach (nodes, i, node)
		if (!error)
			error = load_node(load, model, node, i);
	delay_unlock();
	return error;
}

static int load_limits(struct load *load, struct port *port, const json_t *limits)
{
	const char *name;
	json_t *rate;

	json_object_foreach ((json_t *)limits, name, rate) {
		int kind = limit_kind_named(name);

		if (kind < 0 || !json_is_integer(rate) || json_integer_value(rate) < 0)
			return refuse(load, EINVAL, "%s is no limit of a port", name);
		port_set_limit(load->sw, port, kind, json_integer_value(rate));
	}
	return 0;
}

static int load_port(struct load *load, const json_t *config)
{
	const char *name = json_string_value(json_object_get(config, "name"));
	const char *tag = json_string_value(json_object_get(config, "tag_type"));
	unsigned int number, vlan;
	struct port *port;
	int error = take(load, config, "port", 0, load->sw->numports, -1, &number);

	if (error || number > load->sw->numports)
		return error ? error : refuse(load, EINVAL, "a port has no number");
	port = &load->sw->ports[number];
	if (!port->exists)
		port_create(load->sw, number, true);
	port->allocatable = !json_is_false(json_object_get(config, "allocatable"));
	error = take(load, config, "untagged_vlan", 0, VLAN_NONE, 0, &vlan);
	if (!error)
		error = take(load, config, "user", 0, UINT32_MAX - 1, -1, &port->acl_user);
	if (!error)
		error = take(load, config, "group", 0, UINT32_MAX - 1, -1, &port->acl_group);
	if (error)
		return error;
	if (vlan_set_untagged(load->sw, port, vlan))
		return refuse(load, ENXIO, "port %u: there is no VLAN %u", number, vlan);
	if (name && port_set_name(load->sw, port, name))
		return refuse(load, EINVAL, "port %u cannot be named %s", number, name);
	if (tag && port_set_tag_type(load->sw, port, tag))
		return refuse(load, EINVAL, "port %u: %s is no tag type", number, tag);
	error = load_limits(load, port, json_object_get(config, "limits"));
	return error ? error : load_impairment(load, port, json_object_get(config, "impairment"));
}

/* After all ports are there. */
static int load_mirror(struct load *load, const json_t *config)
{
	struct port *port = &load->sw->ports[json_integer_value(json_object_get(config, "port"))];
	unsigned int directions =
		(json_is_true(json_object_get(config, "mirror_in")) ? MIRROR_IN : 0) |
		(json_is_true(json_object_get(config, "mirror_out")) ? MIRROR_OUT : 0);
	unsigned int to;
	int error = take(load, config, "mirror_to", 0, load->sw->numports, 0, &to);

	if (error || !directions)
		return error;
	if (!load->sw->ports[to].exists ||
	    port_set_mirror(load->sw, port, &load->sw->ports[to], directions))
		return refuse(load, ELOOP, "port %u cannot be mirrored to port %u", port->number,
			      to);
	return 0;
}

static int load_members(struct load *load, const json_t *config)
{
	unsigned int vlan = json_integer_value(json_object_get(config, "vlan")), bonus;
	struct rstp_tree *tree = rstp_tree(load->sw, vlan);
	json_t *member;
	const char *key;
	size_t i;

	json_array_foreach (json_object_get(config, "tagged"), i, member) {
		long long port = json_integer_value(member);

		if (!json_is_integer(member) || port < 0 || port > load->sw->numports ||
		    !load->sw->ports[port].exists ||
		    vlan_add_port(load->sw, vlan, &load->sw->ports[port]))
			return refuse(load, ENXIO, "VLAN %u cannot have port %lld tagged", vlan,
				      port);
	}
	json_array_foreach (json_object_get(config, "edge"), i, member) {
		long long port = json_integer_value(member);

		if (port < 0 || port > load->sw->numports)
			return refuse(load, ENXIO, "VLAN %u: there is no port %lld", vlan, port);
		rstp_set_edge(tree, port, true);
	}
	json_object_foreach (json_object_get(config, "bonus"), key, member) {
		unsigned int port;

		bonus = json_integer_value(member);
		if (argument_number(key, 0, load->sw->numports, &port) || bonus >= PATH_COST)
			return refuse(load, EINVAL, "VLAN %u: port %s cannot have the bonus %u",
				      vlan, key, bonus);
		rstp_set_bonus(tree, port, bonus);
	}
	return 0;
}

static int load_vlan(struct load *load, const json_t *config)
{
	unsigned int id;
	int error = take(load, config, "vlan", 0, VLAN_LAST, -1, &id);

	if (!error && id > VLAN_LAST)
		error = refuse(load, EINVAL, "a VLAN has no number");
	if (!error && id && vlan_create(load->sw, id))
		error = refuse(load, EEXIST, "VLAN %u cannot be made, or is there twice", id);
	return error;
}

static int load_switch(struct load *load, const json_t *config)
{
	const json_t *hash = json_object_get(config, "hash");
	struct vswitch *sw = load->sw;
	unsigned int numports, priority, gc, expire, persistence;
	int error = take(load, config, "numports", 1, PORT_MAX, 32, &numports);

	if (!error)
		error = take(load, config, "priority", 0, 0xffff, 0x8000, &priority);
	if (!error)
		error = take(load, hash, "gc_interval", 1, 1000000, FDB_GC_INTERVAL, &gc);
	if (!error)
		error = take(load, hash, "expire", 1, 1000000, FDB_EXPIRE, &expire);
	if (!error)
		error = take(load, hash, "min_persistence", 0, 1000000, FDB_PERSISTENCE,
			     &persistence);
	if (error)
		return error;
	for (unsigned int i = numports + 1; i <= sw->numports; i++)
		if (sw->ports[i].exists)
			return refuse(load, EADDRINUSE, "numports is %u but port %u is in use",
				      numports, i);
	sw->numports = numports;
	rstp_set_priority(sw, priority);
	fdb_set_persistence(sw->fdb, persistence);
	return aging_set(sw, gc, expire) ? refuse(load, ENOMEM, "out of memory") : 0;
}

static int each(struct load *load, const json_t *config, const char *key,
		int (*carry_out)(struct load *load, const json_t *element))
{
	const json_t *array = json_object_get(config, key), *element;
	size_t i;
	int error;

	if (array && !json_is_array(array))
		return refuse(load, EINVAL, "%s is not an array", key);
	json_array_foreach (array, i, element) {
		error = json_is_object(element) ? carry_out(load, element)
						: refuse(load, EINVAL,
							 "%s has an element that is "
							 "not an object",
							 key);
		if (error)
			return error;
	}
	return 0;
}

static int carry_out(struct load *load, const json_t *config)
{
	int error;

	reset(load->sw);
	error = load_switch(load, config);
	if (!error)
		error = each(load, config, "vlans", load_vlan);
	if (!error)
		error = each(load, config, "ports", load_port);
	if (!error)
		error = each(load, config, "ports", load_mirror);
	if (!error)
		error = each(load, config, "vlans", load_members);
	if (error)
		return error;
	if (json_is_true(json_object_get(config, "hub")))
		switch_set_hub(load->sw, true);
	else
		rstp_enable(load->sw, json_is_true(json_object_get(config, "spanning_tree")));
	return 0;
}

static const char *unknown_key(const json_t *config)
{
	static const char *const known[] = {"numports", "hub",	 "spanning_tree", "priority",
					    "hash",	"vlans", "ports"};
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)config, key, value) {
		bool found = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
			found = found || strcmp(key, known[i]) == 0;
		if (!found)
			return key;
	}
	return NULL;
}

int config_apply(struct vswitch *sw, const json_t *config, char why[CONFIG_WHY_SIZE])
{
	char ignored[CONFIG_WHY_SIZE];
	struct load load = {sw, why}, undo = {sw, ignored};
	json_t *before;
	int error;

	if (!json_is_object(config))
		return refuse(&load, EINVAL, "the configuration is not an object");
	if (unknown_key(config))
		return refuse(&load, EINVAL, "%s is no setting of a switch", unknown_key(config));
	before = config_json(sw);
	if (!before)
		return refuse(&load, ENOMEM, "out of memory");
	error = carry_out(&load, config);
	if (error)
		carry_out(&undo, before);
	json_decref(before);
	return error;
}

static int run_load(struct call *call)
{
	char why[CONFIG_WHY_SIZE];
	json_error_t mistake;
	int fd = name_open_input(call->argument), error = errno;
	json_t *config;

	if (fd < 0)
		return error;
	config = json_loadfd(fd, JSON_REJECT_DUPLICATES, &mistake);
	close(fd);
	if (!config) {
		syslog(LOG_ERR, "cannot read the configuration %s: line %d: %s", call->argument,
		       mistake.line, mistake.text);
		return EINVAL;
	}
	error = config_apply(call->sw, config, why);
	if (error)
		syslog(LOG_ERR, "the configuration %s is not carried out: %s", call->argument, why);
	json_decref(config);
	return error;
}

/* The document into a file beside the wanted one: whoever reads that sees the old or the new one. */
static int write_config(const json_t *config, const char *path)
{
	int fd = name_open_output(path, O_TRUNC, 0666), error;
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (!file) {
		error = errno;
		if (fd >= 0)
			close(fd);
		return error;
	}
	errno = 0;
	error = json_dumpf(config, file, JSON_INDENT(2)) ? (errno ? errno : EIO) : 0;
	if (fclose(file) && !error)
		error = errno;
	return error;
}

static int run_save(struct call *call)
{
	struct stat there;
	char path[4096];
	json_t *config;
	int error;

	if (!*call->argument ||
	    snprintf(path, sizeof(path), "%s.new", call->argument) >= (int)sizeof(path))
		return EINVAL;
	/* What is no file, a device, say, is not replaced by one. */
	if (lstat(call->argument, &there) == 0 && !S_ISREG(there.st_mode))
		return EINVAL;
	config = config_json(call->sw);
	error = config ? write_config(config, path) : ENOMEM;
	if (!error && rename(path, call->argument))
		error = errno;
	json_decref(config);
	return error;
}

static int list_config(struct call *call, json_t **listing)
{
	*listing = config_json(call->sw);
	return 0;
}

static void print_config(FILE *out, const json_t *listing)
{
	json_dumpf(listing, out, JSON_INDENT(2));
	fprintf(out, "\n");
}

static const struct command commands[] = {
	{.path = "config", .help = "all settings as one JSON document"},
	{.path = "config/load",
	 .syntax = "FILE",
	 .help = "be as the file says, or change nothing",
	 .names_file = true,
	 .run = run_load},
	{.path = "config/save",
	 .syntax = "FILE",
	 .help = "write the settings",
	 .names_file = true,
	 .run = run_save},
	{.path = "config/print", .help = "show them", .list = list_config, .print = print_config},
	{0},
};

void config_commands(struct console *console)
{
	console_add(console, commands);
}
