/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a configuration may say, as tables of its members: each with its type and its bounds. A
 * document is compared with them before anything is changed; the first mistake is told with its
 * path, like ports[2].limits.rate.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/vde/switch/config/config.h"
#include "user/vde/switch/config/schema.h"
#include "user/vde/switch/ports/ports.h"
#include "user/vde/switch/rstp/parts.h"
#include "user/vde/switch/vlan/vlan.h"

enum type {
	NUMBER, /* an integer from min to max */
	REAL,	/* any number from min to max */
	SWITCH, /* true or false */
	TEXT,
	OBJECT, /* with the members of inner */
	LIST,	/* of what inner[0] is */
	MAP,	/* from numbers of ports to what inner[0] is */
	NAMED,	/* from any name to what inner[0] is; what names there are is known elsewhere */
};

struct member {
	const char *key;
	enum type type;
	long long min, max;
	bool needed, may_be_null;
	const struct member *inner; /* OBJECT: ends with a key of NULL */
};

static const struct member port_number[] = {{"", NUMBER, 0, PORT_MAX, 0, 0, NULL}};
static const struct member rate[] = {{"", NUMBER, 0, UINT32_MAX, 0, 0, NULL}};
static const struct member cost[] = {{"", NUMBER, 0, RSTP_COST_MAX, 0, 0, NULL}};
static const struct member percent[] = {{"", REAL, 0, 100, 0, 0, NULL}};

static const struct member value_members[] = {
	{"value", REAL, 0, 1000000000000000, 1, 0, NULL},
	{"spread", REAL, 0, 1000000000000000, 0, 0, NULL},
	{"gaussian", SWITCH, 0, 0, 0, 0, NULL},
	{0},
};
static const struct member value[] = {{"", OBJECT, 0, 0, 0, 0, value_members}};

static const struct member node_members[] = {
	{"node", NUMBER, 0, PORT_MAX, 0, 0, NULL}, {"name", TEXT, 0, 0, 0, 0, NULL},
	{"in", NAMED, 0, 0, 0, 0, value},	   {"out", NAMED, 0, 0, 0, 0, value},
	{"edges", NAMED, 0, 0, 0, 0, percent},	   {0},
};
static const struct member node[] = {{"", OBJECT, 0, 0, 0, 0, node_members}};

static const struct member impairment[] = {
	{"fifo", SWITCH, 0, 0, 0, 0, NULL},
	{"step", NUMBER, 1, 3600000, 0, 0, NULL},
	{"nodes", LIST, 0, 0, 0, 0, node},
	{0},
};

static const struct member port_members[] = {
	{"port", NUMBER, 0, PORT_MAX, 1, 0, NULL},
	{"name", TEXT, 0, 0, 0, 0, NULL},
	{"tag_type", TEXT, 0, 0, 0, 0, NULL},
	{"untagged_vlan", NUMBER, 0, VLAN_NONE, 0, 0, NULL},
	{"allocatable", SWITCH, 0, 0, 0, 0, NULL},
	{"user", NUMBER, 0, UINT32_MAX - 1, 0, 1, NULL},
	{"group", NUMBER, 0, UINT32_MAX - 1, 0, 1, NULL},
	{"mirror_to", NUMBER, 0, PORT_MAX, 0, 0, NULL},
	{"mirror_in", SWITCH, 0, 0, 0, 0, NULL},
	{"mirror_out", SWITCH, 0, 0, 0, 0, NULL},
	{"limits", NAMED, 0, 0, 0, 0, rate},
	{"impairment", OBJECT, 0, 0, 0, 0, impairment},
	{0},
};
static const struct member port[] = {{"", OBJECT, 0, 0, 0, 0, port_members}};

static const struct member vlan_members[] = {
	{"vlan", NUMBER, 0, VLAN_LAST, 1, 0, NULL},
	{"tagged", LIST, 0, 0, 0, 0, port_number},
	{"edge", LIST, 0, 0, 0, 0, port_number},
	{"bpdu_guard", LIST, 0, 0, 0, 0, port_number},
	{"root_guard", LIST, 0, 0, 0, 0, port_number},
	{"tcn_guard", LIST, 0, 0, 0, 0, port_number},
	{"bonus", MAP, 0, 0, 0, 0, cost},
	{"cost", MAP, 0, 0, 0, 0, cost},
	{0},
};
static const struct member vlan[] = {{"", OBJECT, 0, 0, 0, 0, vlan_members}};

static const struct member hash_members[] = {
	{"gc_interval", NUMBER, 1, 1000000, 0, 0, NULL},
	{"expire", NUMBER, 1, 1000000, 0, 0, NULL},
	{"min_persistence", NUMBER, 0, 1000000, 0, 0, NULL},
	{0},
};

static const struct member switch_members[] = {
	{"numports", NUMBER, 1, PORT_MAX, 0, 0, NULL},
	{"hub", SWITCH, 0, 0, 0, 0, NULL},
	{"spanning_tree", SWITCH, 0, 0, 0, 0, NULL},
	{"priority", NUMBER, 0, 0xffff, 0, 0, NULL},
	{"max_age", NUMBER, 6, 40, 0, 0, NULL},
	{"hello", NUMBER, 1, 10, 0, 0, NULL},
	{"forward_delay", NUMBER, 4, 30, 0, 0, NULL},
	{"tx_hold_count", NUMBER, 1, 10, 0, 0, NULL},
	{"hash", OBJECT, 0, 0, 0, 0, hash_members},
	{"vlans", LIST, 0, 0, 0, 0, vlan},
	{"ports", LIST, 0, 0, 0, 0, port},
	{0},
};

__attribute__((format(printf, 3, 4))) static int refuse(char why[CONFIG_WHY_SIZE], const char *path,
							const char *format, ...)
{
	int length = snprintf(why, CONFIG_WHY_SIZE, "%.60s ", *path ? path : "the document");
	va_list args;

	va_start(args, format);
	vsnprintf(why + length, CONFIG_WHY_SIZE - length, format, args);
	va_end(args);
	return EINVAL;
}

#define PATH_SIZE 128

static int check(const struct member *is, const json_t *value, const char *path, char *why);

static int check_object(const struct member *members, const json_t *object, const char *path,
			char *why)
{
	const struct member *m;
	char inner[PATH_SIZE];
	const char *key;
	json_t *value;
	int error;

	json_object_foreach ((json_t *)object, key, value) {
		for (m = members; m->key && strcmp(m->key, key) != 0; m++)
			;
		snprintf(inner, sizeof(inner), "%.90s%s%.30s", path, *path ? "." : "", key);
		if (!m->key)
			return refuse(why, inner, "is no setting");
		if (m->may_be_null && json_is_null(value))
			continue;
		error = check(m, value, inner, why);
		if (error)
			return error;
	}
	for (m = members; m->key; m++)
		if (m->needed && !json_object_get(object, m->key))
			return refuse(why, path, "has no %s", m->key);
	return 0;
}

static int check_map(const struct member *is, const json_t *object, const char *path, char *why)
{
	char inner[PATH_SIZE], *end;
	const char *key;
	json_t *value;
	int error;

	json_object_foreach ((json_t *)object, key, value) {
		snprintf(inner, sizeof(inner), "%.90s.%.30s", path, key);
		if (is->type == MAP &&
		    (strtoul(key, &end, 10) > PORT_MAX || end == key || *end || *key == '-'))
			return refuse(why, inner, "is no number of a port");
		error = check(is->inner, value, inner, why);
		if (error)
			return error;
	}
	return 0;
}

static int check_list(const struct member *is, const json_t *array, const char *path, char *why)
{
	char inner[PATH_SIZE];
	json_t *value;
	size_t i;

	json_array_foreach (array, i, value) {
		snprintf(inner, sizeof(inner), "%.90s[%zu]", path, i);
		if (check(is->inner, value, inner, why))
			return EINVAL;
	}
	return 0;
}

static int check(const struct member *is, const json_t *value, const char *path, char *why)
{
	switch (is->type) {
	case NUMBER:
		if (!json_is_integer(value))
			return refuse(why, path, "is not an integer");
		if (json_integer_value(value) < is->min || json_integer_value(value) > is->max)
			return refuse(why, path, "is %lld, not from %lld to %lld",
				      (long long)json_integer_value(value), is->min, is->max);
		return 0;
	case REAL:
		if (!json_is_number(value))
			return refuse(why, path, "is not a number");
		if (json_number_value(value) < is->min || json_number_value(value) > is->max)
			return refuse(why, path, "is %g, not from %lld to %lld",
				      json_number_value(value), is->min, is->max);
		return 0;
	case SWITCH:
		return json_is_boolean(value) ? 0 : refuse(why, path, "is neither true nor false");
	case TEXT:
		return json_is_string(value) ? 0 : refuse(why, path, "is not a text");
	case LIST:
		return json_is_array(value) ? check_list(is, value, path, why)
					    : refuse(why, path, "is not an array");
	default:
		if (!json_is_object(value))
			return refuse(why, path, "is not an object");
		return is->type == OBJECT ? check_object(is->inner, value, path, why)
					  : check_map(is, value, path, why);
	}
}

/* Each number at most once among the elements of an array. */
static int check_once(const json_t *config, const char *array, const char *key, char *why)
{
	static uint8_t seen[VLAN_COUNT > PORT_MAX ? VLAN_COUNT : PORT_MAX + 1];
	char path[PATH_SIZE];
	json_t *element;
	size_t i;

	memset(seen, 0, sizeof(seen));
	json_array_foreach (json_object_get(config, array), i, element) {
		long long number = json_integer_value(json_object_get(element, key));

		snprintf(path, sizeof(path), "%s[%zu].%s", array, i, key);
		if (seen[number]++)
			return refuse(why, path, "is %lld once more", number);
	}
	return 0;
}

int schema_check(const json_t *config, char why[CONFIG_WHY_SIZE])
{
	static const struct member document = {"", OBJECT, 0, 0, 0, 0, switch_members};
	int error = check(&document, config, "", why);

	if (!error)
		error = check_once(config, "ports", "port", why);
	return error ? error : check_once(config, "vlans", "vlan", why);
}
