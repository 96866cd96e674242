/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VLAN commands. */
#include <errno.h>

#include "user/vde/switch/console/argument.h"
#include "user/vde/switch/console/console.h"
#include "user/vde/switch/ports/ports.h"
#include "user/vde/switch/vlan/vlan.h"

static int run_create(struct call *call)
{
	unsigned int id;

	return argument_number(call->argument, 1, VLAN_LAST, &id) ? EINVAL
								  : -vlan_create(call->sw, id);
}

static int run_remove(struct call *call)
{
	unsigned int id;

	return argument_number(call->argument, 1, VLAN_LAST, &id) ? EINVAL
								  : -vlan_remove(call->sw, id);
}

static int vlan_and_port(struct call *call, unsigned int *id, struct port **port)
{
	char *rest = call->argument, *word = argument_word(&rest);

	if (!word || argument_numbers(word, 1, 1, id) != 1 || !*rest)
		return EINVAL;
	*port = port_named(call->sw, rest);
	return *port ? 0 : port_missing(call->sw, rest);
}

static int run_addport(struct call *call)
{
	struct port *port;
	unsigned int id;
	int error = vlan_and_port(call, &id, &port);

	if (!error)
		error = -vlan_add_port(call->sw, id, port);
	/* As in the classic switch it is no mistake to say it twice. */
	return error == EEXIST && port->untagged_vlan != id ? 0 : error;
}

static int run_delport(struct call *call)
{
	struct port *port;
	unsigned int id;
	int error = vlan_and_port(call, &id, &port);

	if (error)
		return error;
	error = -vlan_del_port(call->sw, id, port);
	return error == ENXIO && vlan_existing(call->sw, id) ? 0 : error;
}

static json_t *vlan_json(struct vswitch *sw, const struct vlan *vlan, bool inactive_too)
{
	json_t *members = json_array();

	for (unsigned int i = 0; i <= sw->numports; i++) {
		bool active = port_set_has(&sw->active, i);

		if (!port_set_has(&vlan->members, i) || (!active && !inactive_too))
			continue;
		json_array_append_new(members,
				      json_pack("{s:i, s:b, s:b, s:s}", "port", (int)i, "tagged",
						(int)port_set_has(&vlan->tagged, i), "active",
						(int)active, "status",
						port_set_has(&vlan->forwarding, i) ? "Forwarding"
						: port_set_has(&vlan->learning, i) ? "Learning"
										   : "Discarding"));
	}
	return json_pack("{s:i, s:o}", "vlan", (int)vlan->id, "ports", members);
}

static int list_vlans(struct call *call, json_t **listing, bool inactive_too)
{
	struct vlan *vlan;
	unsigned int id;

	*listing = json_array();
	if (*call->argument) {
		if (argument_number(call->argument, 0, VLAN_COUNT - 1, &id))
			return EINVAL;
		vlan = vlan_existing(call->sw, id);
		if (!vlan)
			return ENXIO;
		json_array_append_new(*listing, vlan_json(call->sw, vlan, inactive_too));
		return 0;
	}
	for (id = 0; id < VLAN_COUNT; id++) {
		vlan = vlan_existing(call->sw, id);
		if (vlan)
			json_array_append_new(*listing, vlan_json(call->sw, vlan, inactive_too));
	}
	return 0;
}

static int list_active(struct call *call, json_t **listing)
{
	return list_vlans(call, listing, false);
}

static int list_all(struct call *call, json_t **listing)
{
	return list_vlans(call, listing, true);
}

static void print_vlans(FILE *out, const json_t *listing)
{
	const json_t *vlan, *port;
	size_t i, p;

	json_array_foreach (listing, i, vlan) {
		fprintf(out, "VLAN %04lld\n", listing_number(vlan, "vlan"));
		json_array_foreach (json_object_get(vlan, "ports"), p, port)
			fprintf(out, " -- Port %04lld tagged=%d active=%d status=%s\n",
				listing_number(port, "port"), listing_true(port, "tagged"),
				listing_true(port, "active"), listing_text(port, "status"));
	}
}

static const struct command commands[] = {
	{.path = "vlan", .help = "VLANs and their members"},
	{.path = "vlan/create", .syntax = "N", .help = "make VLAN N", .run = run_create},
	{.path = "vlan/remove",
	 .syntax = "N",
	 .help = "unmake a VLAN without members",
	 .run = run_remove},
	{.path = "vlan/addport",
	 .syntax = "N PORT",
	 .help = "make the port a tagged member",
	 .run = run_addport},
	{.path = "vlan/delport",
	 .syntax = "N PORT",
	 .help = "end a tagged membership",
	 .run = run_delport},
	{.path = "vlan/print",
	 .syntax = "[N]",
	 .help = "VLANs and their active members",
	 .list = list_active,
	 .print = print_vlans},
	{.path = "vlan/allprint",
	 .syntax = "[N]",
	 .help = "the same with inactive members",
	 .list = list_all,
	 .print = print_vlans},
	{0},
};

void vlan_commands(struct console *console)
{
	console_add(console, commands);
}
