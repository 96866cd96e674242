/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The classic port commands: which ports there are, who may use them, who does. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "user/vde/switch/console/argument.h"
#include "user/vde/switch/console/console.h"
#include "user/vde/switch/planes/plane.h"
#include "user/vde/switch/ports/ports.h"
#include "user/vde/switch/vlan/vlan.h"

static const char *user_name(uid_t user, char buffer[16])
{
	struct passwd *account;

	if (user == (uid_t)-1)
		return "NONE";
	account = getpwuid(user);
	snprintf(buffer, 16, "%u", user);
	return account ? account->pw_name : buffer;
}

static const char *group_name(gid_t group, char buffer[16])
{
	struct group *entry;

	if (group == (gid_t)-1)
		return "NONE";
	entry = getgrgid(group);
	snprintf(buffer, 16, "%u", group);
	return entry ? entry->gr_name : buffer;
}

static json_t *endpoints_json(struct vswitch *sw, const struct port *port)
{
	json_t *list = json_array();

	for (unsigned int i = 0; port->endpoints && i < port->endpoints->count; i++) {
		const struct endpoint *ep = port->endpoints->at[i];

		json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:s, s:I}", "id", ep->id,
						      "module", ep->module, "plane",
						      planes_carrier(sw, ep), "description",
						      ep->descr, "drops", (json_int_t)ep->drops));
	}
	return list;
}

static json_t *port_json(struct vswitch *sw, struct port *port)
{
	char user[16], acl_user[16], acl_group[16];
	struct counters sum;

	port_count(sw, port, &sum);
	return json_pack("{s:i, s:s, s:i, s:b, s:b, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o}",
			 "port", (int)port->number, "name", port->name, "untagged_vlan",
			 (int)port->untagged_vlan, "active", port->endpoints != NULL, "allocatable",
			 (int)port->allocatable, "user", user_name(port->user, user),
			 "allowed_user", user_name(port->acl_user, acl_user), "allowed_group",
			 group_name(port->acl_group, acl_group), "frames_in",
			 (json_int_t)sum.frames_in, "bytes_in", (json_int_t)sum.bytes_in,
			 "frames_out", (json_int_t)sum.frames_out, "bytes_out",
			 (json_int_t)sum.bytes_out, "endpoints", endpoints_json(sw, port));
}

int port_listing(struct call *call, json_t **listing, port_describer *describe)
{
	struct vswitch *sw = call->sw;
	struct port *one = *call->argument ? port_named(sw, call->argument) : NULL;

	*listing = json_array();
	if (*call->argument && !one)
		return port_missing(sw, call->argument);
	for (unsigned int i = 0; i <= sw->numports; i++) {
		struct port *port = &sw->ports[i];
		json_t *object = port->exists && (!one || port == one) ? describe(sw, port) : NULL;

		if (object)
			json_array_append_new(*listing, object);
	}
	return 0;
}

static json_t *active_port_json(struct vswitch *sw, struct port *port)
{
	return port->endpoints ? port_json(sw, port) : NULL;
}

static int list_active(struct call *call, json_t **listing)
{
	int error = port_listing(call, listing, active_port_json);

	/* The classic switch does not list a port without clients by its number either. */
	return !error && *call->argument && !json_array_size(*listing) ? ENXIO : error;
}

static int list_all(struct call *call, json_t **listing)
{
	return port_listing(call, listing, port_json);
}

static void print_ports(FILE *out, const json_t *listing)
{
	const json_t *port, *ep;
	size_t i, e;

	json_array_foreach (listing, i, port) {
		fprintf(out, "Port %04lld untagged_vlan=%04lld %sACTIVE - %sUnnamed Allocatable\n",
			listing_number(port, "port"), listing_number(port, "untagged_vlan"),
			listing_true(port, "active") ? "" : "IN",
			listing_true(port, "allocatable") ? "" : "NOT ");
		fprintf(out, " Current User: %s Access Control: (User: %s - Group: %s)\n",
			listing_text(port, "user"), listing_text(port, "allowed_user"),
			listing_text(port, "allowed_group"));
		fprintf(out, " IN:  pkts %10lld          bytes %20lld\n",
			listing_number(port, "frames_in"), listing_number(port, "bytes_in"));
		fprintf(out, " OUT: pkts %10lld          bytes %20lld\n",
			listing_number(port, "frames_out"), listing_number(port, "bytes_out"));
		json_array_foreach (json_object_get(port, "endpoints"), e, ep)
			fprintf(out, "  -- endpoint ID %04lld module %-12s: %s\n",
				listing_number(ep, "id"), listing_text(ep, "module"),
				listing_text(ep, "description"));
	}
}

static int list_info(struct call *call, json_t **listing)
{
	*listing = json_pack("{s:i, s:b, s:b}", "numports", (int)call->sw->numports, "hub",
			     (int)call->sw->hub, "counters", 1);
	return 0;
}

static void print_info(FILE *out, const json_t *listing)
{
	fprintf(out, "Numports=%lld\nHUB=%s\ncounters=%s\n", listing_number(listing, "numports"),
		listing_true(listing, "hub") ? "true" : "false",
		listing_true(listing, "counters") ? "true" : "false");
}

static int run_setnumports(struct call *call)
{
	struct vswitch *sw = call->sw;
	unsigned int n;

	if (argument_number(call->argument, 1, UINT32_MAX, &n))
		return EINVAL;
	n = numports_allowed(n);
	for (unsigned int i = n + 1; i <= sw->numports; i++)
		if (sw->ports[i].exists)
			return EADDRINUSE;
	sw->numports = n;
	return 0;
}

static int run_sethub(struct call *call)
{
	bool on;

	if (argument_switch(call->argument, &on))
		return EINVAL;
	switch_set_hub(call->sw, on);
	return 0;
}

/* "PORT NUMBER": the port of a command and the number after it. */
static int port_and_number(struct call *call, struct port **port, unsigned int *number)
{
	char *rest = call->argument, *word = argument_word(&rest);

	if (!word || argument_numbers(rest, 1, 1, number) != 1)
		return EINVAL;
	*port = port_named(call->sw, word);
	return *port ? 0 : port_missing(call->sw, word);
}

static int run_setvlan(struct call *call)
{
	struct port *port;
	unsigned int vlan;
	int error = port_and_number(call, &port, &vlan);

	if (!error && vlan >= VLAN_COUNT)
		error = EINVAL;
	return error ? error : -vlan_set_untagged(call->sw, port, vlan);
}

static int list_created(struct call *call, json_t **listing)
{
	unsigned int number;
	int error = port_free(call->sw, &number);

	if (!error)
		error = port_create(call->sw, number, false);
	*listing = error ? json_object() : json_pack("{s:i}", "port", (int)number);
	return -error;
}

static void print_created(FILE *out, const json_t *listing)
{
	const json_t *port = json_object_get(listing, "port");

	if (port)
		fprintf(out, "Port %04lld\n", json_integer_value(port));
}

static int run_create(struct call *call)
{
	unsigned int number;

	if (argument_number(call->argument, 0, PORT_MAX, &number))
		return EINVAL;
	return -port_create(call->sw, number, false);
}

static int run_remove(struct call *call)
{
	struct port *port = port_named(call->sw, call->argument);

	return port ? -port_remove(call->sw, port) : port_missing(call->sw, call->argument);
}

static int run_allocatable(struct call *call)
{
	unsigned int allocatable;
	struct port *port;
	int error = port_and_number(call, &port, &allocatable);

	if (error || allocatable > 1)
		return error ? error : EINVAL;
	port->allocatable = allocatable;
	return 0;
}

static bool means_nobody(const char *name)
{
	return strcasecmp(name, "NONE") == 0 || strcasecmp(name, "ANY") == 0;
}

/* "PORT NAME" of a command; the name is found by id(). */
static int port_and_id(struct call *call, struct port **port, unsigned int *id,
		       int (*by_name)(const char *name, unsigned int *id))
{
	char *rest = call->argument, *word = argument_word(&rest), *name = argument_word(&rest);

	if (!word || !name)
		return EINVAL;
	*port = port_named(call->sw, word);
	if (!*port)
		return port_missing(call->sw, word);
	if (means_nobody(name)) {
		*id = -1;
		return 0;
	}
	return by_name(name, id) ? EINVAL : 0;
}

int user_id(const char *name, unsigned int *id)
{
	struct passwd *account = getpwnam(name);

	if (!account)
		return argument_number(name, 0, UINT32_MAX - 1, id);
	*id = account->pw_uid;
	return 0;
}

static int group_id(const char *name, unsigned int *id)
{
	struct group *entry = getgrnam(name);

	if (!entry)
		return argument_number(name, 0, UINT32_MAX - 1, id);
	*id = entry->gr_gid;
	return 0;
}

static int run_setuser(struct call *call)
{
	struct port *port;
	unsigned int id;
	int error = port_and_id(call, &port, &id, user_id);

	if (!error)
		port->acl_user = id;
	return error;
}

static int run_setgroup(struct call *call)
{
	struct port *port;
	unsigned int id;
	int error = port_and_id(call, &port, &id, group_id);

	if (!error)
		port->acl_group = id;
	return error;
}

static int run_epclose(struct call *call)
{
	struct endpoint *endpoint;
	struct port *port;
	unsigned int id;
	int error = port_and_number(call, &port, &id);

	if (error)
		return error;
	endpoint = port_endpoint(port, id);
	if (!endpoint)
		return ENXIO;
	port_leave(call->sw, endpoint);
	return 0;
}

const struct command port_table[] = {
	{.path = "port", .help = "ports and their endpoints"},
	{.path = "port/showinfo",
	 .help = "number of ports, hub mode",
	 .list = list_info,
	 .print = print_info},
	{.path = "port/setnumports",
	 .syntax = "N",
	 .help = "user ports are 1 to N",
	 .run = run_setnumports},
	{.path = "port/sethub",
	 .syntax = "0/1",
	 .help = "1: be a hub, 0: be a switch",
	 .run = run_sethub},
	{.path = "port/setvlan",
	 .syntax = "PORT VLAN",
	 .help = "VLAN of the port's untagged frames; 4095: none",
	 .run = run_setvlan},
	{.path = "port/createauto",
	 .help = "make a port with a free number, not allocatable",
	 .list = list_created,
	 .print = print_created},
	{.path = "port/create",
	 .syntax = "N",
	 .help = "make port N, not allocatable",
	 .run = run_create},
	{.path = "port/remove",
	 .syntax = "PORT",
	 .help = "unmake a port without endpoints",
	 .run = run_remove},
	{.path = "port/allocatable",
	 .syntax = "PORT 0/1",
	 .help = "may a client that names no port get it?",
	 .run = run_allocatable},
	{.path = "port/setuser",
	 .syntax = "PORT USER",
	 .help = "only for this user; NONE: for all",
	 .run = run_setuser},
	{.path = "port/setgroup",
	 .syntax = "PORT GROUP",
	 .help = "only for this group; NONE: for all",
	 .run = run_setgroup},
	{.path = "port/epclose",
	 .syntax = "PORT ID",
	 .help = "disconnect an endpoint",
	 .run = run_epclose},
	{.path = "port/print",
	 .syntax = "[PORT]",
	 .help = "active ports and their endpoints",
	 .list = list_active,
	 .print = print_ports},
	{.path = "port/allprint",
	 .syntax = "[PORT]",
	 .help = "the same with inactive ports",
	 .list = list_all,
	 .print = print_ports},
	{0},
};
