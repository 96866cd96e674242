// SPDX-License-Identifier: GPL-2.0-or-later
/* Console commands of the kvde plane: what the module carries and counts. */
#include <errno.h>

#include "user/vde/switch/console/console.h"
#include "user/vde/switch/planes/kvde/parts.h"

static int list_ports(struct call *call, json_t **listing)
{
	const struct kvde_state *kvde = plane_called(call->sw, "kvde")->state;
	struct kvde_counters counters;

	*listing = json_array();
	for (unsigned int i = 1; i <= call->sw->numports; i++)
		if (kvde_counters(kvde, i, &counters))
			json_array_append_new(
				*listing,
				json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "port",
					  (int)i, "frames_in", (json_int_t)counters.in_frames,
					  "bytes_in", (json_int_t)counters.in_bytes, "drops_in",
					  (json_int_t)counters.in_dropped, "errors_in",
					  (json_int_t)counters.in_errors, "frames_out",
					  (json_int_t)counters.out_frames, "bytes_out",
					  (json_int_t)counters.out_bytes, "drops_out",
					  (json_int_t)counters.out_dropped));
	return kvde->fd < 0 ? ENODEV : 0;
}

static void print_ports(FILE *out, const json_t *listing)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (listing, i, entry)
		fprintf(out,
			"Port %04lld IN: pkts %lld bytes %lld drops %lld OUT: pkts %lld bytes %lld "
			"drops %lld\n",
			listing_number(entry, "port"), listing_number(entry, "frames_in"),
			listing_number(entry, "bytes_in"), listing_number(entry, "drops_in"),
			listing_number(entry, "frames_out"), listing_number(entry, "bytes_out"),
			listing_number(entry, "drops_out"));
}

static const struct command commands[] = {
	{.path = "kvde", .help = "ports that the kernel module carries"},
	{.path = "kvde/print",
	 .help = "which they are, and what it counts",
	 .list = list_ports,
	 .print = print_ports},
	{},
};

void kvde_commands(struct console *console)
{
	console_add(console, commands);
}
