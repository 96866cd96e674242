/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events: a session subscribes to categories, by the beginning of their path, and gets a line
 * "3TTT PATH TEXT" for each event, at any time between other lines.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "user/vde/switch/console/parts.h"
#include "user/vde/switch/console/session.h"
#include "user/vde/switch/planes/plane.h"

static const struct category {
	const char *path;
	enum event event;
	const char *help;
} categories[] = {
	{"hash/+", EVENT_HASH_ADD, "an address was learned or moved"},
	{"hash/-", EVENT_HASH_DEL, "an address was forgotten"},
	{"fstp/status", EVENT_FSTP_STATUS, "a port changed its role or state"},
	{"fstp/root", EVENT_FSTP_ROOT, "another root or root port"},
	{"fstp/+", EVENT_FSTP_ADD, "a port joined a tree"},
	{"fstp/-", EVENT_FSTP_DEL, "a port left a tree"},
	{"port/+", EVENT_PORT_ADD, "a port became active"},
	{"port/-", EVENT_PORT_DEL, "a port became inactive"},
	{"port/descr", EVENT_PORT_DESCR, "an endpoint's description"},
	{"port/ep/+", EVENT_EP_ADD, "an endpoint joined"},
	{"port/ep/-", EVENT_EP_DEL, "an endpoint left"},
	{"dump/packetin", EVENT_DUMP_IN, "a frame came in (plugin dump)"},
	{"dump/packetout", EVENT_DUMP_OUT, "a frame went out (plugin dump)"},
	{"iplog/newip", EVENT_NEW_IP, "a new IP address was seen (plugin iplog)"},
};

#define CATEGORIES (sizeof(categories) / sizeof(*categories))

static unsigned int category_of(enum event event)
{
	for (unsigned int i = 0; i < CATEGORIES; i++)
		if (categories[i].event == event)
			return i;
	return 0;
}

bool event_wanted(struct vswitch *sw, enum event event)
{
	return sw->console && sessions_wanted(sw->console) >> category_of(event) & 1;
}

void event_raise(struct vswitch *sw, enum event event, const char *format, ...)
{
	unsigned int category = category_of(event);
	char line[512];
	size_t len;
	va_list args;

	if (!event_wanted(sw, event))
		return;
	len = snprintf(line, sizeof(line), "3%03o %s ", event, categories[category].path);
	va_start(args, format);
	vsnprintf(line + len, sizeof(line) - len - 1, format, args);
	va_end(args);
	strcat(line, "\n");
	sessions_tell(sw->console, 1u << category, line, strlen(line));
}

/* The categories whose path begins so. */
static uint32_t matching(const char *prefix)
{
	uint32_t bits = 0;

	for (unsigned int i = 0; i < CATEGORIES; i++)
		if (strncmp(categories[i].path, prefix, strlen(prefix)) == 0)
			bits |= 1u << i;
	return bits;
}

static int subscribe(struct call *call, bool on)
{
	uint32_t bits = matching(call->argument), *events;

	if (!call->session)
		return EBADF;
	if (!*call->argument || !bits)
		return EINVAL;
	events = session_events(call->session);
	if (on && (*events & bits) == bits)
		return EEXIST;
	if (!on && !(*events & bits))
		return ENOENT;
	*events = on ? *events | bits : *events & ~bits;
	planes_watch_fdb(call->sw);
	return 0;
}

static int run_add(struct call *call)
{
	return subscribe(call, true);
}

static int run_del(struct call *call)
{
	return subscribe(call, false);
}

static int list_categories(struct call *call, json_t **listing)
{
	uint32_t bits = matching(call->argument);
	uint32_t on = call->session ? *session_events(call->session) : 0;

	*listing = json_array();
	for (unsigned int i = 0; i < CATEGORIES; i++) {
		char tag[8];

		if (!(bits >> i & 1))
			continue;
		snprintf(tag, sizeof(tag), "%03o", categories[i].event);
		json_array_append_new(*listing,
				      json_pack("{s:s, s:s, s:b, s:s}", "category",
						categories[i].path, "tag", tag, "on",
						(int)(on >> i & 1), "help", categories[i].help));
	}
	return bits ? 0 : ENOENT;
}

static void print_categories(FILE *out, const json_t *listing)
{
	const json_t *category;
	size_t i;

	fprintf(out, "CATEGORY               TAG STATUS HELP\n"
		     "------------           --- ------ ----\n");
	json_array_foreach (listing, i, category)
		fprintf(out, "%-22s %s %-6s %s\n", listing_text(category, "category"),
			listing_text(category, "tag"), listing_true(category, "on") ? "ON" : "OFF",
			listing_text(category, "help"));
}

const struct command event_commands[] = {
	{.path = "debug", .help = "events sent to this session"},
	{.path = "debug/list",
	 .syntax = "[prefix]",
	 .help = "event categories",
	 .list = list_categories,
	 .print = print_categories},
	{.path = "debug/add",
	 .syntax = "prefix",
	 .help = "get events of these categories",
	 .run = run_add},
	{.path = "debug/del", .syntax = "prefix", .help = "get them no longer", .run = run_del},
	{0},
};
