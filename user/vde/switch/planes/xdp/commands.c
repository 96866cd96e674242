// SPDX-License-Identifier: GPL-2.0-or-later
/* Console commands of the xdp plane: network devices come, go and are listed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/vde/switch/console/argument.h"
#include "user/vde/switch/console/console.h"
#include "user/vde/switch/planes/xdp/parts.h"
#include "user/vde/switch/planes/xdp/xdp.h"
#include "user/vde/switch/ports/ports.h"

static int run_add(struct call *call)
{
	char *line = strdup(call->argument), *rest = line;
	char *name = line ? argument_word(&rest) : NULL;
	unsigned int port;
	int result = EINVAL;

	if (name && !*rest)
		result = -xdp_add(plane_called(call->sw, "xdp"), name, PORT_AUTOMATIC);
	else if (name && argument_number(rest, 0, PORT_MAX, &port) == 0)
		result = -xdp_add(plane_called(call->sw, "xdp"), name, port);
	free(line);
	return result;
}

static int run_del(struct call *call)
{
	struct xdp_endpoint *endpoint = xdp_named(plane_called(call->sw, "xdp"), call->argument);

	if (!endpoint)
		return ENODEV;
	port_leave(call->sw, &endpoint->base);
	return 0;
}

static int list_netdevs(struct call *call, json_t **listing)
{
	struct xdp_plane *xdp = plane_called(call->sw, "xdp")->state;

	*listing = json_array();
	for (unsigned int slot = 1; xdp->datapath && slot < VDE_SLOTS; slot++) {
		const struct netdev *dev = datapath_netdev(xdp->datapath, slot);
		const struct xdp_endpoint *endpoint = xdp->endpoints[slot];
		struct vde_counters moved = {};
		uint64_t dropped = 0;

		if (!dev || !endpoint)
			continue;
		datapath_count(xdp->datapath, slot, &moved, &dropped);
		json_array_append_new(
			*listing,
			json_pack("{s:s, s:i, s:s, s:i, s:s, s:b, s:I, s:I, s:I}", "netdev",
				  dev->name, "port", (int)endpoint->base.port->number, "kind",
				  *dev->kind ? dev->kind : "hardware", "mtu", (int)dev->mtu, "mode",
				  datapath_mode_names[datapath_mode_of(xdp->datapath, slot)],
				  "in_kernel", endpoint->alone, "frames_in",
				  (json_int_t)moved.in_frames, "frames_out",
				  (json_int_t)moved.out_frames, "dropped", (json_int_t)dropped));
	}
	return 0;
}

static void print_netdevs(FILE *out, const json_t *listing)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (listing, i, entry)
		fprintf(out, "Port %04lld %s kind=%s mtu=%lld mode=%s forwarded=%s\n",
			listing_number(entry, "port"), listing_text(entry, "netdev"),
			listing_text(entry, "kind"), listing_number(entry, "mtu"),
			listing_text(entry, "mode"),
			listing_true(entry, "in_kernel") ? "kernel" : "user");
}

static const struct command commands[] = {
	{.path = "xdp", .help = "network devices as ports"},
	{.path = "xdp/print",
	 .help = "those there are",
	 .list = list_netdevs,
	 .print = print_netdevs},
	{.path = "xdp/add",
	 .syntax = "IF [PORT]",
	 .help = "take a network device in",
	 .run = run_add},
	{.path = "xdp/del", .syntax = "IF", .help = "let it go", .run = run_del},
	{},
};

void xdp_commands(struct console *console)
{
	console_add(console, commands);
}
