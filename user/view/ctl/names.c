// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * names: the fields of uname(2), each shown and set by its name; and vuname, the superset of
 * uname(1) that both old generations had.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "ctl.h"
#include "user/view/client/client.h"

static const char *const fields[] = {"sysname", "nodename", "release",
				     "version", "machine",  "domainname"};

#define FIELDS (sizeof(fields) / sizeof(*fields))

static const char *field_of(const struct utsname *names, size_t index)
{
	const char *at[] = {names->sysname, names->nodename, names->release,
			    names->version, names->machine,  names->domainname};

	return at[index];
}

static int show(const struct utsname *names, const char *field)
{
	for (size_t i = 0; i < FIELDS; i++) {
		if (!strcmp(field, fields[i])) {
			printf("%s\n", field_of(names, i));
			return 0;
		}
	}
	complain("there is no name %s; there are sysname, nodename, release, version, machine, "
		 "domainname",
		 field);
	return STATUS_USAGE;
}

static int set(char *word)
{
	char *value = strchr(word, '=');

	*value++ = '\0';
	return ask_done(
		json_pack("{s:s, s:s, s:s}", "command", "names", "field", word, "value", value));
}

static void show_all(const struct utsname *names, bool json)
{
	json_t *object = json_object();

	for (size_t i = 0; i < FIELDS; i++) {
		if (json)
			json_object_set_new(object, fields[i], json_string(field_of(names, i)));
		else
			printf("%-10s %s\n", fields[i], field_of(names, i));
	}
	if (json)
		print_list(object, NULL, true);
	json_decref(object);
}

int names_main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{"json", 'j', NULL, 0, "as JSON", 0},
		{NULL, 0, NULL, 0, NULL, 0},
	};
	struct switches switches = {0};
	int next = parse_words(argc, argv, options, "[FIELD[=VALUE]...]",
			       "Show or set names of the system as the view sees them: sysname, "
			       "nodename, release, version, machine, domainname. umview can set "
			       "nodename and domainname, kmview all of them.",
			       0, INT_MAX, &switches);
	struct utsname names;
	int status = 0;

	uname(&names);
	if (next == argc)
		show_all(&names, switches.json);
	for (; next < argc && !status; next++)
		status = strchr(argv[next], '=') ? set(argv[next]) : show(&names, argv[next]);
	return status;
}

/* ---- vuname */

enum { LETTERS = 128 };

struct wanted {
	bool letter[LETTERS];
	bool any, strict, quiet;
	const char *new_name;
};

static const struct argp_option vuname_options[] = {
	{"all", 'a', NULL, 0, "all of -snrvmo, in this order", 0},
	{"kernel-name", 's', NULL, 0, "name of the kernel", 0},
	{"nodename", 'n', NULL, 0, "host name", 0},
	{"kernel-release", 'r', NULL, 0, "release of the kernel", 0},
	{"kernel-version", 'v', NULL, 0, "version of the kernel", 0},
	{"machine", 'm', NULL, 0, "machine", 0},
	{"processor", 'p', NULL, 0, "the same", 0},
	{"hardware-platform", 'i', NULL, 0, "the same", 0},
	{"operating-system", 'o', NULL, 0, "operating system, GNU/Linux/View-OS in a view", 0},
	{"serverid", 'U', NULL, 0, "process id of the view's manager", 0},
	{"viewid", 'V', NULL, 0, "number of the view", 0},
	{"viewname", 'N', NULL, 0, "name of the view", 0},
	{"prompt", 'P', NULL, 0, "name of the view, or host and manager where there is none", 0},
	{"nouname", 'x', NULL, 0, "fail where there is no view", 0},
	{"quiet", 'q', NULL, 0, "and say nothing then", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct wanted *wanted = state->input;

	switch (key) {
	case 'x':
		wanted->strict = true;
		return 0;
	case 'q':
		wanted->quiet = true;
		return 0;
	case 'a':
		for (const char *letter = "snrvmo"; *letter; letter++)
			wanted->letter[(int)*letter] = true;
		wanted->any = true;
		return 0;
	case ARGP_KEY_ARG:
		if (wanted->new_name)
			argp_error(state, "\"%s\" is too much", argument);
		wanted->new_name = argument;
		return 0;
	default:
		if (key <= 0 || key >= LETTERS || !strchr("snrvmpioUVNP", key))
			return ARGP_ERR_UNKNOWN;
		wanted->letter[key] = wanted->any = true;
		return 0;
	}
}

/* What a letter stands for. info: NULL outside of views. */
static const char *value_of(char letter, const struct utsname *names, json_t *info, char *room,
			    size_t size)
{
	const char *name;

	switch (letter) {
	case 's':
		return names->sysname;
	case 'n':
		return names->nodename;
	case 'r':
		return names->release;
	case 'v':
		return names->version;
	case 'o':
		return info ? "GNU/Linux/View-OS" : "GNU/Linux";
	case 'U':
		return text_of(info, "manager", room, size);
	case 'V':
		return text_of(info, "view", room, size);
	case 'N':
		return text_of(info, "name", room, size);
	case 'P':
		name = text_of(info, "name", room, size);
		if (*name)
			return name;
		snprintf(room, size, "%s[%d]", names->nodename,
			 (int)json_integer_value(json_object_get(info, "manager")));
		return info ? room : names->nodename;
	default:
		return names->machine;
	}
}

int vuname_main(int argc, char **argv)
{
	static const char order[] = "snrvmpioUVNP";
	const struct argp argp = {vuname_options,
				  parse,
				  "[NAME]",
				  "What uname(1) shows, and the view. NAME: the view's new name.",
				  NULL,
				  NULL,
				  NULL};
	struct wanted wanted = {0};
	struct utsname names;
	char room[128];
	bool first = true;
	json_t *info;

	argp_parse(&argp, argc, argv, 0, NULL, &wanted);
	if (wanted.new_name)
		return ask_done(
			json_pack("{s:s, s:s}", "command", "name", "name", wanted.new_name));
	info = client_ask(json_pack("{s:s}", "command", "info"), -1);
	if (!info &&
	    (wanted.strict || wanted.letter['U'] || wanted.letter['V'] || wanted.letter['N'])) {
		if (!wanted.quiet)
			complain("this process is in no view");
		return 1;
	}
	if (!wanted.any)
		wanted.letter['s'] = true;
	uname(&names);
	for (const char *letter = order; *letter; letter++) {
		if (!wanted.letter[(int)*letter])
			continue;
		printf("%s%s", first ? "" : " ",
		       value_of(*letter, &names, info, room, sizeof(room)));
		first = false;
	}
	putchar('\n');
	json_decref(info);
	return 0;
}
