// SPDX-License-Identifier: GPL-2.0-or-later
/* Services and aliases of mount types: list, add, remove, alias. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

static const struct argp_option json_option[] = {
	{"json", 'j', NULL, 0, "as JSON", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};
static const struct argp_option permanent_option[] = {
	{"permanent", 'p', NULL, 0, "they cannot be removed", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

int list_main(int argc, char **argv)
{
	struct switches switches = {0};
	json_t *reply, *list, *service;
	char room[32];
	size_t index;

	parse_words(argc, argv, json_option, NULL,
		    "List the services of the view, in the order in which they were added.", 0, 0,
		    &switches);
	reply = ask(json_pack("{s:s}", "command", "services"));
	if (!reply)
		return 1;
	list = json_object_get(reply, "services");
	if (switches.json)
		print_list(list, NULL, true);
	else
		json_array_foreach (list, index, service)
			printf("%s: %s\n", text_of(service, "name", room, sizeof(room)),
			       text_of(service, "description", room, sizeof(room)));
	json_decref(reply);
	return 0;
}

/* A path is made absolute: the manager works elsewhere. To free(3). */
static char *whole_path(const char *service)
{
	size_t length = strcspn(service, ",");
	char path[PATH_MAX], real[PATH_MAX], *whole;

	if (!memchr(service, '/', length) || length >= sizeof(path))
		return strdup(service);
	snprintf(path, sizeof(path), "%.*s", (int)length, service);
	if (!realpath(path, real)) {
		complain("cannot find %s: %m", path);
		return NULL;
	}
	return asprintf(&whole, "%s%s", real, service + length) < 0 ? NULL : whole;
}

int add_main(int argc, char **argv)
{
	struct switches switches = {0};
	int next = parse_words(argc, argv, permanent_option, "SERVICE[,OPTIONS]...",
			       "Add services to the view: by name, from ~/.viewos/services or the "
			       "installation, or by the path of a shared object.",
			       1, INT_MAX, &switches);
	int status = 0;

	for (; next < argc && !status; next++) {
		char *service = whole_path(argv[next]);

		status =
			service ? ask_done(json_pack("{s:s, s:s, s:b}", "command", "add", "service",
						     service, "permanent", switches.permanent))
				: 1;
		free(service);
	}
	return status;
}

int remove_main(int argc, char **argv)
{
	struct switches switches = {0};
	int next = parse_words(argc, argv, NULL, "SERVICE...",
			       "Remove services from the view. Refused while something that the "
			       "service mounted is there.",
			       1, INT_MAX, &switches);
	int status = 0;

	for (; next < argc && !status; next++)
		status = ask_done(
			json_pack("{s:s, s:s}", "command", "remove", "service", argv[next]));
	return status;
}

int alias_main(int argc, char **argv)
{
	static const struct column columns[] = {
		{"alias", "ALIAS", false}, {"type", "TYPE", false}, {NULL, NULL, false}};
	struct switches switches = {0};
	int next = parse_words(argc, argv, json_option, "[ALIAS [TYPE]]",
			       "A short name for a type of mounts; without TYPE it is removed, "
			       "without ALIAS all are listed. The type may itself be an alias.",
			       0, 2, &switches);
	json_t *reply;

	if (next < argc)
		return ask_done(json_pack("{s:s, s:s, s:s}", "command", "alias", "alias",
					  argv[next], "type",
					  next + 1 < argc ? argv[next + 1] : ""));
	reply = ask(json_pack("{s:s}", "command", "aliases"));
	if (!reply)
		return 1;
	print_list(json_object_get(reply, "aliases"), columns, switches.json);
	json_decref(reply);
	return 0;
}
