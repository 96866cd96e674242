// SPDX-License-Identifier: GPL-2.0-or-later
/* types: what can be mounted here, by the tables of file systems (fstypes(5)), and what is missing. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

/* Is a program in PATH, or where ours are? */
static bool is_there(const char *program)
{
	char path[PATH_MAX], *directories, *state = NULL, *directory;
	bool found = false;

	if (strchr(program, '/'))
		return access(program, X_OK) == 0;
	directories = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
	for (directory = directories ? strtok_r(directories, ":", &state) : NULL;
	     directory && !found; directory = strtok_r(NULL, ":", &state))
		found = snprintf(path, sizeof(path), "%s/%s", directory, program) < PATH_MAX &&
			access(path, X_OK) == 0;
	free(directories);
	/* Some servers are for root's PATH. */
	for (int i = 0; i < 2 && !found; i++)
		found = snprintf(path, sizeof(path), "%s/%s", i ? "/sbin" : "/usr/sbin", program) <
				PATH_MAX &&
			access(path, X_OK) == 0;
	return found;
}

static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t");
	end = text + strlen(text);
	while (end > text && strchr(" \t\n", end[-1]))
		*--end = '\0';
	return text;
}

/* TYPE...: PACKAGE: COMMAND; the first line of a type whose program is there counts. */
static void add_line(json_t *list, char *line)
{
	char *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;
	char *types, *package, *command, *state = NULL, *type, needs[256] = "";
	const char *program;

	if (strchr("# \t\n", line[0]) || !second)
		return;
	*first = *second = '\0';
	types = trim(line);
	package = trim(first + 1);
	command = trim(second + 1);
	program = command[0] == '!' ? "" : strtok_r(command, " \t", &state);
	if (command[0] == '!')
		snprintf(needs, sizeof(needs), "%.200s", command + 1);
	else if (program && !is_there(program))
		snprintf(needs, sizeof(needs), "the package %.200s", package);
	state = NULL;
	for (type = strtok_r(types, " \t", &state); type; type = strtok_r(NULL, " \t", &state))
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b}", "type", type,
						      "program", program ? program : "", "needs",
						      needs, "ready", !needs[0]));
}

static void add_table(json_t *list, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0)
		add_line(list, line);
	free(line);
	if (file)
		fclose(file);
}

/* The installation is next to the program. */
static void installed_table(char *path, size_t size)
{
	char program[PATH_MAX], *slash;
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);

	program[length < 0 ? 0 : length] = '\0';
	for (int up = 0; up < 2 && (slash = strrchr(program, '/')); up++)
		*slash = '\0';
	snprintf(path, size, "%s/lib/vsquare/view/fstypes", program);
}

int types_main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{"json", 'j', NULL, 0, "as JSON", 0},
		{NULL, 0, NULL, 0, NULL, 0},
	};
	static const struct column columns[] = {{"type", "TYPE", false},
						{"program", "PROGRAM", false},
						{"needs", "NEEDS", false},
						{NULL, NULL, false}};
	struct switches switches = {0};
	const char *home = getenv("HOME");
	char path[2 * PATH_MAX];
	json_t *list = json_array();

	parse_words(argc, argv, options, NULL,
		    "List the types of file systems that can be mounted in a view: the program "
		    "that serves each, and what it needs that is not here.",
		    0, 0, &switches);
	snprintf(path, sizeof(path), "%s/.viewos/fstypes", home ? home : "");
	add_table(list, path);
	installed_table(path, sizeof(path));
	add_table(list, path);
	print_list(list, columns, switches.json);
	json_decref(list);
	return 0;
}
