// SPDX-License-Identifier: GPL-2.0-or-later
/* What of a lab runs: a table, or JSON. */
#include <jansson.h>
#include <string.h>

#include "user/vde/cmd/lab/lab.h"

static json_t *plugs_json(const struct lab_plug *plugs, unsigned int count)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < count; i++) {
		json_t *plug =
			json_pack("{s:s, s:i}", "switch", plugs[i].on->name, "port", plugs[i].port);

		if (*plugs[i].address)
			json_object_set_new(plug, "address", json_string(plugs[i].address));
		if (*plugs[i].address6)
			json_object_set_new(plug, "address6", json_string(plugs[i].address6));
		json_array_append_new(list, plug);
	}
	return list;
}

static void append(json_t *list, const struct lab *lab, const char *name, const char *kind,
		   const struct lab_plug *plugs, unsigned int count)
{
	/* A netdev has no process; it is there as long as its switch is. */
	bool own = strcmp(kind, lab_kind_names[LAB_NETDEV]) != 0;
	pid_t pid = lab_pid(lab, own ? name : plugs[0].on->name);

	json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:i, s:o}", "name", name, "kind",
					      kind, "state", pid ? "running" : "ended", "pid",
					      (int)pid, "plugs", plugs_json(plugs, count)));
}

static void print(const json_t *list)
{
	const json_t *entry, *plug;
	size_t i, j;

	printf("%-20s %-8s %-8s %8s  %s\n", "NAME", "KIND", "STATE", "PID", "PLUGGED INTO");
	json_array_foreach (list, i, entry) {
		printf("%-20s %-8s %-8s %8lld ", json_string_value(json_object_get(entry, "name")),
		       json_string_value(json_object_get(entry, "kind")),
		       json_string_value(json_object_get(entry, "state")),
		       json_integer_value(json_object_get(entry, "pid")));
		json_array_foreach (json_object_get(entry, "plugs"), j, plug) {
			const char *address = json_string_value(json_object_get(plug, "address"));

			printf(" %s:%lld%s%s", json_string_value(json_object_get(plug, "switch")),
			       json_integer_value(json_object_get(plug, "port")),
			       address ? "=" : "", address ? address : "");
		}
		printf("\n");
	}
}

int lab_status(struct lab *lab, bool json)
{
	json_t *list = json_array(), *entry;
	size_t i;
	int ended = 0;

	for (unsigned int n = 0; n < lab->node_count; n++)
		append(list, lab, lab->node[n].name, lab_kind_names[lab->node[n].kind],
		       lab->node[n].plug, lab->node[n].plug_count);
	for (unsigned int n = 0; n < lab->link_count; n++)
		append(list, lab, lab->link[n].name, "link", lab->link[n].end, 2);
	if (json) {
		json_dumpf(list, stdout, JSON_INDENT(2));
		printf("\n");
	} else {
		print(list);
	}
	json_array_foreach (list, i, entry)
		ended += json_integer_value(json_object_get(entry, "pid")) == 0;
	json_decref(list);
	return ended ? 1 : 0;
}
