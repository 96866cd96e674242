/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sweeping and showing the MAC table. */
#include <errno.h>
#include <stdlib.h>

#include "user/vde/switch/console/argument.h"
#include "user/vde/switch/console/console.h"
#include "user/vde/switch/fdb/aging.h"
#include "user/vde/switch/fdb/fdb.h"
#include "user/vde/switch/forward/forward.h"
#include "user/vde/switch/loop/loop.h"
#include "user/vde/switch/planes/plane.h"
#include "user/vde/switch/ports/ports.h"

#define SECONDS_MAX 1000000

static void sweep(void *context)
{
	struct vswitch *sw = context;

	fdb_age(sw->fdb, forward_seconds(), sw->expire, planes_idle, sw);
}

int aging_set(struct vswitch *sw, unsigned int interval, unsigned int expire)
{
	struct timer *timer = sw->gc_timer;

	if (!timer || interval != sw->gc_interval) {
		timer = loop_every(sw->loop, interval * 1000, sweep, sw);
		if (!timer)
			return -ENOMEM;
		loop_cancel(sw->loop, sw->gc_timer);
	}
	sw->gc_timer = timer;
	sw->gc_interval = interval;
	sw->expire = expire;
	switch_changed(sw);
	return 0;
}

int aging_start(struct vswitch *sw)
{
	return aging_set(sw, FDB_GC_INTERVAL, FDB_EXPIRE);
}

void aging_stop(struct vswitch *sw)
{
	loop_cancel(sw->loop, sw->gc_timer);
	sw->gc_timer = NULL;
}

static int run_setsize(struct call *call)
{
	unsigned int n;

	return argument_number(call->argument, 1, 1u << 20, &n) ? EINVAL
								: -fdb_resize(call->sw->fdb, n);
}

static int run_setgcint(struct call *call)
{
	unsigned int n;

	return argument_number(call->argument, 1, SECONDS_MAX, &n)
		       ? EINVAL
		       : -aging_set(call->sw, n, call->sw->expire);
}

static int run_setexpire(struct call *call)
{
	unsigned int n;

	return argument_number(call->argument, 1, SECONDS_MAX, &n)
		       ? EINVAL
		       : -aging_set(call->sw, call->sw->gc_interval, n);
}

static int run_setminper(struct call *call)
{
	unsigned int n;

	if (argument_number(call->argument, 0, SECONDS_MAX, &n))
		return EINVAL;
	fdb_set_persistence(call->sw->fdb, n);
	switch_changed(call->sw);
	return 0;
}

static int list_info(struct call *call, json_t **listing)
{
	struct vswitch *sw = call->sw;

	*listing = json_pack("{s:i, s:i, s:i, s:i, s:I}", "size", (int)fdb_buckets(sw->fdb),
			     "gc_interval", (int)sw->gc_interval, "expire", (int)sw->expire,
			     "min_persistence", (int)fdb_persistence(sw->fdb), "entries",
			     (json_int_t)fdb_entries(sw->fdb));
	return 0;
}

static void print_info(FILE *out, const json_t *listing)
{
	fprintf(out,
		"Hash size %lld\nGC interval %lld secs\nGC expire %lld secs\n"
		"Min persistence %lld secs\n",
		listing_number(listing, "size"), listing_number(listing, "gc_interval"),
		listing_number(listing, "expire"), listing_number(listing, "min_persistence"));
}

static json_t *entry_json(const struct fdb_entry *entry)
{
	char mac[MAC_TEXT_SIZE];

	return json_pack("{s:i, s:s, s:i, s:i, s:i}", "hash", (int)entry->bucket, "mac",
			 mac_text(entry->mac, mac), "vlan", (int)entry->vlan, "port",
			 (int)entry->port, "age", (int)entry->age);
}

/* The table as an array; made outside the table's lock, which must not be held for long. */
struct snapshot {
	struct fdb_entry *entries;
	size_t skip, count, room;
};

static bool remember(void *context, const struct fdb_entry *entry)
{
	struct snapshot *snapshot = context;

	if (snapshot->skip) {
		snapshot->skip--;
		return true;
	}
	if (snapshot->count < snapshot->room)
		snapshot->entries[snapshot->count++] = *entry;
	return snapshot->count < snapshot->room;
}

static int list_entries(struct call *call, json_t **listing)
{
	struct snapshot snapshot = {.room = fdb_entries(call->sw->fdb) + 1024};
	unsigned int page[2] = {0, UINT32_MAX};

	*listing = json_array();
	/* "[FROM [COUNT]]"; as in the classic switch other words are no mistake. */
	if (argument_numbers(call->argument, 0, 2, page) < 0)
		return EINVAL;
	snapshot.skip = page[0];
	if (page[1] < snapshot.room)
		snapshot.room = page[1];
	if (!snapshot.room)
		return 0;
	snapshot.entries = malloc(snapshot.room * sizeof(*snapshot.entries));
	if (!snapshot.entries)
		return ENOMEM;
	fdb_each(call->sw->fdb, forward_seconds(), remember, &snapshot);
	for (size_t i = 0; i < snapshot.count; i++)
		json_array_append_new(*listing, entry_json(&snapshot.entries[i]));
	free(snapshot.entries);
	return 0;
}

static int list_found(struct call *call, json_t **listing)
{
	struct fdb_entry entry;
	unsigned int vlan = 0;
	uint8_t mac[6];
	const char *rest = argument_mac(call->argument, mac);

	*listing = json_array();
	if (!rest || (*rest && argument_numbers(rest, 1, 1, &vlan) != 1) || vlan >= VLAN_COUNT)
		return EINVAL;
	if (!fdb_find(call->sw->fdb, vlan, mac, forward_seconds(), &entry))
		return ENODEV;
	json_array_append_new(*listing, entry_json(&entry));
	return 0;
}

static void print_entries(FILE *out, const json_t *listing)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (listing, i, entry)
		fprintf(out, "Hash: %04lld Addr: %s VLAN %04lld to port: %04lld age %lld secs\n",
			listing_number(entry, "hash"), listing_text(entry, "mac"),
			listing_number(entry, "vlan"), listing_number(entry, "port"),
			listing_number(entry, "age"));
}

static const struct command commands[] = {
	{.path = "hash", .help = "MAC table"},
	{.path = "hash/showinfo",
	 .help = "its size and times",
	 .list = list_info,
	 .print = print_info},
	{.path = "hash/setsize",
	 .syntax = "N",
	 .help = "empty it and give it N buckets",
	 .run = run_setsize},
	{.path = "hash/setgcint",
	 .syntax = "N",
	 .help = "sweep it every N seconds",
	 .run = run_setgcint},
	{.path = "hash/setexpire",
	 .syntax = "N",
	 .help = "forget addresses unused for N seconds",
	 .run = run_setexpire},
	{.path = "hash/setminper",
	 .syntax = "N",
	 .help = "seconds an address keeps its port against another",
	 .run = run_setminper},
	{.path = "hash/print",
	 .syntax = "[FROM [COUNT]]",
	 .help = "all addresses",
	 .list = list_entries,
	 .print = print_entries},
	{.path = "hash/find",
	 .syntax = "MAC [VLAN]",
	 .help = "one address",
	 .list = list_found,
	 .print = print_entries},
	{0},
};

void fdb_commands(struct console *console)
{
	console_add(console, commands);
}
