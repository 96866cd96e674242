/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plugin iplog: which IP address is used by which port, hardware address and user.
 *
 * Data threads look at the source of each IPv4, ARP and IPv6 frame that comes in and send a note to
 * the control thread, at most once a second for each address: a table of what was sent lately, one
 * word for each place, where a place that two addresses share costs no more than a note too many.
 * The control thread keeps the addresses that are within the ranges given by iplog/ipadd.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "user/vde/switch/console/argument.h"
#include "user/vde/switch/forward/observe.h"
#include "user/vde/switch/loop/loop.h"
#include "user/vde/switch/plugins/plugins.h"
#include "user/vde/switch/ports/ports.h"

#define LATELY	    4096  /* places, a power of two */
#define BUCKETS	    1024  /* a power of two */
#define ENTRIES_MAX 65536 /* a guest that makes addresses up fills no more than this */
#define RANGES_MAX  64
#define GC_INTERVAL 10 /* seconds */
#define EXPIRE	    360

struct source {
	uint16_t port, vlan;
	uint8_t mac[6];
	uint8_t length; /* of the address: 4 or 16 */
	uint8_t address[16];
};

struct entry {
	struct entry *next;
	struct source source;
	uid_t user;
	uint32_t seen;
};

struct range {
	uint8_t length, address[16];
	unsigned int bits;
};

static struct {
	struct vswitch *sw;
	_Atomic uint64_t lately[LATELY];

	struct entry *bucket[BUCKETS];
	unsigned int entries, ranges, gc_interval, expire;
	struct range range[RANGES_MAX];
	struct timer *timer;
	FILE *log;
	char *log_name;
} iplog;

/* ---- any thread */

static bool find_source(const struct egress *egress, struct source *source)
{
	const struct frame *frame = egress->frame;
	const uint8_t *at = frame->data + 12, *end = frame->data + frame->len, *address;
	unsigned int type = at[0] << 8 | at[1];

	if (type == TAG_8021Q || type == TAG_8021AD) {
		source->vlan = (at[2] << 8 | at[3]) & 0xfff;
		at += 4;
		type = at[0] << 8 | at[1];
	}
	at += 2;
	if (type == 0x0800 && end - at >= 20) {
		address = at + 12;
		source->length = 4;
	} else if (type == 0x0806 && end - at >= 28 && at[4] == 6 && at[5] == 4) {
		address = at + 14;
		source->length = 4;
	} else if (type == 0x86dd && end - at >= 40) {
		address = at + 8;
		source->length = 16;
	} else {
		return false;
	}
	memcpy(source->address, address, source->length);
	memcpy(source->mac, frame->data + 6, 6);
	return true;
}

static uint32_t hash_of(const struct source *source)
{
	uint64_t hash = source->length;

	for (int i = 0; i < 16; i++)
		hash = (hash ^ source->address[i]) * 0x100000001b3ull;
	for (int i = 0; i < 6; i++)
		hash = (hash ^ source->mac[i]) * 0x100000001b3ull;
	hash = (hash ^ source->port) * 0x100000001b3ull;
	return hash ^ hash >> 32;
}

static void seen(void *context, const void *data, size_t size);

static void look(struct observer *observer, const struct port *port, const struct egress *egress,
		 enum direction direction)
{
	struct source source = {.port = port->number, .vlan = port->untagged_vlan};
	uint64_t word, now = forward_seconds();
	_Atomic uint64_t *place;

	if (direction != DIRECTION_IN || !find_source(egress, &source))
		return;
	word = (uint64_t)hash_of(&source) << 32 | now;
	place = &iplog.lately[word >> 32 & (LATELY - 1)];
	if (atomic_exchange_explicit(place, word, memory_order_relaxed) != word)
		loop_post(iplog.sw->loop, seen, NULL, &source, sizeof(source));
}

static bool wants(const struct observer *observer, const struct port *port)
{
	return true;
}

static struct observer observer = {.wants = wants, .frame = look};

/* ---- control thread */

static bool is_within(const struct range *range, const uint8_t *address, uint8_t length)
{
	unsigned int bytes = range->bits / 8, rest = range->bits % 8;

	return range->length == length && memcmp(range->address, address, bytes) == 0 &&
	       (!rest || (range->address[bytes] ^ address[bytes]) >> (8 - rest) == 0);
}

static const char *address_text(const struct source *source, char text[INET6_ADDRSTRLEN])
{
	return inet_ntop(source->length == 4 ? AF_INET : AF_INET6, source->address, text,
			 INET6_ADDRSTRLEN);
}

static void tell(const struct entry *entry)
{
	char address[INET6_ADDRSTRLEN], mac[MAC_TEXT_SIZE], stamp[32];
	const struct source *s = &entry->source;
	time_t now = time(NULL);
	struct tm tm;

	address_text(s, address);
	mac_text(s->mac, mac);
	event_raise(iplog.sw, EVENT_NEW_IP, "%s port=%u mac=%s vlan=%u user=%d", address, s->port,
		    mac, s->vlan, (int)entry->user);
	if (!iplog.log)
		return;
	strftime(stamp, sizeof(stamp), "%FT%T%z", localtime_r(&now, &tm));
	fprintf(iplog.log, "%s %s port=%u mac=%s vlan=%u user=%d\n", stamp, address, s->port, mac,
		s->vlan, (int)entry->user);
	fflush(iplog.log);
}

static void seen(void *context, const void *data, size_t size)
{
	const struct source *source = data;
	struct entry **link = &iplog.bucket[hash_of(source) & (BUCKETS - 1)], *entry;
	bool wanted = false;

	for (unsigned int i = 0; i < iplog.ranges; i++)
		wanted |= is_within(&iplog.range[i], source->address, source->length);
	if (!wanted)
		return;
	for (entry = *link; entry; entry = entry->next)
		if (memcmp(&entry->source, source, sizeof(*source)) == 0) {
			entry->seen = forward_seconds();
			return;
		}
	entry = iplog.entries < ENTRIES_MAX ? malloc(sizeof(*entry)) : NULL;
	if (!entry)
		return;
	*entry = (struct entry){.next = *link,
				.source = *source,
				.user = iplog.sw->ports[source->port].user,
				.seen = forward_seconds()};
	*link = entry;
	iplog.entries++;
	tell(entry);
}

/* Forget what was not seen for so many seconds; -1: everything. */
static void forget(int64_t seconds)
{
	for (unsigned int b = 0; b < BUCKETS; b++)
		for (struct entry **link = &iplog.bucket[b]; *link;) {
			struct entry *entry = *link;

			if ((int64_t)(forward_seconds() - entry->seen) <= seconds) {
				link = &entry->next;
				continue;
			}
			*link = entry->next;
			free(entry);
			iplog.entries--;
		}
}

static void sweep(void *context)
{
	forget(iplog.expire);
}

/* "ADDRESS/BITS" */
static int parse_range(char *text, struct range *range)
{
	char *slash = strchr(text, '/');

	if (!slash)
		return EINVAL;
	*slash++ = '\0';
	memset(range, 0, sizeof(*range));
	if (inet_pton(AF_INET, text, range->address) == 1)
		range->length = 4;
	else if (inet_pton(AF_INET6, text, range->address) == 1)
		range->length = 16;
	else
		return EINVAL;
	return argument_number(slash, 0, range->length * 8, &range->bits);
}

static int range_index(const struct range *range)
{
	for (unsigned int i = 0; i < iplog.ranges; i++)
		if (memcmp(&iplog.range[i], range, sizeof(*range)) == 0)
			return i;
	return -1;
}

static int run_ipadd(struct call *call)
{
	struct range range;

	if (parse_range(call->argument, &range))
		return EINVAL;
	if (range_index(&range) >= 0)
		return EEXIST;
	if (iplog.ranges == RANGES_MAX)
		return ENOSPC;
	iplog.range[iplog.ranges++] = range;
	return 0;
}

static int run_ipdel(struct call *call)
{
	struct range range;
	int i;

	if (parse_range(call->argument, &range))
		return EINVAL;
	i = range_index(&range);
	if (i < 0)
		return ENOENT;
	iplog.range[i] = iplog.range[--iplog.ranges];
	return 0;
}

static int list_ranges(struct call *call, json_t **listing)
{
	*listing = json_array();
	for (unsigned int i = 0; i < iplog.ranges; i++) {
		const struct range *range = &iplog.range[i];
		char address[INET6_ADDRSTRLEN];

		inet_ntop(range->length == 4 ? AF_INET : AF_INET6, range->address, address,
			  sizeof(address));
		json_array_append_new(*listing, json_pack("{s:i, s:s, s:i}", "version",
							  range->length == 4 ? 4 : 6, "address",
							  address, "bits", (int)range->bits));
	}
	return 0;
}

static void print_ranges(FILE *out, const json_t *listing)
{
	const json_t *range;
	size_t i;

	json_array_foreach (listing, i, range)
		fprintf(out, "  ipv%lld: %s/%lld\n", listing_number(range, "version"),
			listing_text(range, "address"), listing_number(range, "bits"));
}

/* Entries for which matches() holds. */
static int list_entries(json_t **listing, bool (*matches)(const struct entry *, const void *),
			const void *what)
{
	*listing = json_array();
	for (unsigned int b = 0; b < BUCKETS; b++)
		for (const struct entry *e = iplog.bucket[b]; e; e = e->next) {
			char address[INET6_ADDRSTRLEN], mac[MAC_TEXT_SIZE];

			if (matches && !matches(e, what))
				continue;
			json_array_append_new(*listing,
					      json_pack("{s:s, s:i, s:s, s:i, s:i, s:i}", "address",
							address_text(&e->source, address), "port",
							(int)e->source.port, "mac",
							mac_text(e->source.mac, mac), "vlan",
							(int)e->source.vlan, "user", (int)e->user,
							"age", (int)(forward_seconds() - e->seen)));
		}
	return 0;
}

static void print_entries(FILE *out, const json_t *listing)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (listing, i, entry)
		fprintf(out, "IP %s port %04lld MAC %s VLAN %04lld user %lld age %lld secs\n",
			listing_text(entry, "address"), listing_number(entry, "port"),
			listing_text(entry, "mac"), listing_number(entry, "vlan"),
			listing_number(entry, "user"), listing_number(entry, "age"));
}

static int list_all(struct call *call, json_t **listing)
{
	return list_entries(listing, NULL, NULL);
}

static bool is_on_port(const struct entry *entry, const void *port)
{
	return entry->source.port == ((const struct port *)port)->number;
}

static int list_of_port(struct call *call, json_t **listing)
{
	const struct port *port = port_named(call->sw, call->argument);

	*listing = NULL;
	return port ? list_entries(listing, is_on_port, port) : ENXIO;
}

static bool is_of_user(const struct entry *entry, const void *user)
{
	return entry->user == *(const unsigned int *)user;
}

static int list_of_user(struct call *call, json_t **listing)
{
	unsigned int user;

	*listing = NULL;
	return user_id(call->argument, &user) ? EINVAL : list_entries(listing, is_of_user, &user);
}

static bool is_address(const struct entry *entry, const void *source)
{
	const struct source *wanted = source;

	return entry->source.length == wanted->length &&
	       memcmp(entry->source.address, wanted->address, wanted->length) == 0;
}

static int list_of_address(struct call *call, json_t **listing)
{
	struct source source = {};

	*listing = NULL;
	if (inet_pton(AF_INET, call->argument, source.address) == 1)
		source.length = 4;
	else if (inet_pton(AF_INET6, call->argument, source.address) == 1)
		source.length = 16;
	else
		return EINVAL;
	return list_entries(listing, is_address, &source);
}

static int run_logfile(struct call *call)
{
	char *name = strdup(call->argument);
	FILE *log = NULL;

	if (!name)
		return ENOMEM;
	if (*name && !(log = plugin_file(name, true))) {
		int error = errno;

		free(name);
		return error;
	}
	if (iplog.log)
		fclose(iplog.log);
	free(iplog.log_name);
	iplog.log = log;
	iplog.log_name = name;
	return 0;
}

static int run_setgcint(struct call *call)
{
	struct timer *timer;
	unsigned int seconds;

	if (argument_number(call->argument, 1, 86400, &seconds))
		return EINVAL;
	timer = loop_every(call->sw->loop, seconds * 1000, sweep, NULL);
	if (!timer)
		return ENOMEM;
	loop_cancel(call->sw->loop, iplog.timer);
	iplog.timer = timer;
	iplog.gc_interval = seconds;
	return 0;
}

static int run_setexpire(struct call *call)
{
	return argument_number(call->argument, 1, 86400 * 365, &iplog.expire);
}

static int list_info(struct call *call, json_t **listing)
{
	*listing = json_pack("{s:s?, s:i, s:i, s:i}", "logfile", iplog.log ? iplog.log_name : NULL,
			     "gc_interval", (int)iplog.gc_interval, "expire", (int)iplog.expire,
			     "addresses", (int)iplog.entries);
	return 0;
}

static void print_info(FILE *out, const json_t *listing)
{
	const char *log = listing_text(listing, "logfile");

	fprintf(out,
		"iplog: ip/port/user logging plugin\n%s%s\nGC interval %lld secs\n"
		"GC expire %lld secs\n",
		log ? "log file " : "log disabled", log ? log : "",
		listing_number(listing, "gc_interval"), listing_number(listing, "expire"));
}

static int iplog_start(struct vswitch *sw)
{
	iplog.timer = loop_every(sw->loop, GC_INTERVAL * 1000, sweep, NULL);
	if (!iplog.timer)
		return -ENOMEM;
	iplog.sw = sw;
	iplog.gc_interval = GC_INTERVAL;
	iplog.expire = EXPIRE;
	observer_add(sw, &observer);
	return 0;
}

static void iplog_stop(struct vswitch *sw)
{
	observer_remove(sw, &observer);
	loop_cancel(sw->loop, iplog.timer);
	forget(-1);
	if (iplog.log)
		fclose(iplog.log);
	free(iplog.log_name);
	memset(&iplog, 0, sizeof(iplog));
}

static const struct command commands[] = {
	{.path = "iplog", .help = "which IP address is used where, and by whom"},
	{.path = "iplog/showinfo",
	 .help = "log file and times",
	 .list = list_info,
	 .print = print_info},
	{.path = "iplog/logfile",
	 .syntax = "[FILE]",
	 .help = "append new addresses to it; none: log no more",
	 .names_file = true,
	 .run = run_logfile},
	{.path = "iplog/ipadd",
	 .syntax = "ADDR/BITS",
	 .help = "watch a range of addresses",
	 .run = run_ipadd},
	{.path = "iplog/ipdel", .syntax = "ADDR/BITS", .help = "cease to", .run = run_ipdel},
	{.path = "iplog/list", .help = "the ranges", .list = list_ranges, .print = print_ranges},
	{.path = "iplog/setgcint",
	 .syntax = "N",
	 .help = "seconds between two sweeps",
	 .run = run_setgcint},
	{.path = "iplog/setexpire",
	 .syntax = "N",
	 .help = "seconds until an address is forgotten",
	 .run = run_setexpire},
	{.path = "iplog/iplist",
	 .help = "addresses in use",
	 .list = list_all,
	 .print = print_entries},
	{.path = "iplog/ipport",
	 .syntax = "PORT",
	 .help = "those of a port",
	 .list = list_of_port,
	 .print = print_entries},
	{.path = "iplog/ipuser",
	 .syntax = "USER",
	 .help = "those of a user",
	 .list = list_of_user,
	 .print = print_entries},
	{.path = "iplog/ipsearch",
	 .syntax = "ADDR",
	 .help = "who uses this one",
	 .list = list_of_address,
	 .print = print_entries},
	{0},
};

const struct plugin plugin_iplog = {"iplog", "which IP address is used where, and by whom",
				    commands, iplog_start, iplog_stop};
