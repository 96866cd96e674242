/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry of commands, and how one line is carried out: find the command whose path is the
 * longest beginning of the line, run it, print what it lists and the status.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "user/vde/switch/console/parts.h"
#include "user/vde/switch/console/session.h"

#define LOADS_NESTED 8
#define LINE_MAX_    4096

struct console *console_new(struct vswitch *sw)
{
	struct console *console = calloc(1, sizeof(*console));

	if (!console)
		return NULL;
	console->sw = sw;
	console->listener.fd = -1;
	console_add(console, basic_commands);
	console_add(console, event_commands);
	return console;
}

void console_free(struct console *console)
{
	if (console)
		free(console->path);
	free(console);
}

void console_add(struct console *console, const struct command *table)
{
	if (console->table_count < TABLES_MAX)
		console->tables[console->table_count++] = table;
}

void console_remove(struct console *console, const struct command *table)
{
	for (unsigned int t = 0; t < console->table_count; t++)
		if (console->tables[t] == table) {
			console->table_count--;
			memmove(&console->tables[t], &console->tables[t + 1],
				(console->table_count - t) * sizeof(*console->tables));
			return;
		}
}

static const struct command *find(const struct console *console, const char *line)
{
	const struct command *found = NULL;
	size_t longest = 0;

	for (unsigned int t = 0; t < console->table_count; t++)
		for (const struct command *c = console->tables[t]; c->path; c++) {
			size_t len = strlen(c->path);

			if (len > longest && (c->run || c->list) &&
			    strncmp(line, c->path, len) == 0) {
				found = c;
				longest = len;
			}
		}
	return found;
}

static char *trimmed(char *text)
{
	char *end;

	text += strspn(text, " \t\r\n");
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return text;
}

/* The argument of a command. A remark, # behind a blank, is no part of it but in names of files. */
static char *argument_of(const struct command *command, char *line)
{
	char *argument = line + strlen(command->path);

	for (char *at = argument; *at && !command->names_file; at++)
		if (*at == '#' && (at == argument || isspace((unsigned char)at[-1])))
			*at = '\0';
	return trimmed(argument);
}

static bool take_word(char **line, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*line, word, len) != 0 || !isspace((unsigned char)(*line)[len]))
		return false;
	*line += len + strspn(*line + len, " \t");
	return true;
}

static void print_listing(FILE *out, const struct command *command, const json_t *listing,
			  bool as_json)
{
	fprintf(out, "0000 DATA END WITH '.'\n");
	if (as_json) {
		json_dumpf(listing, out, JSON_COMPACT | JSON_ENCODE_ANY);
		fprintf(out, "\n");
	} else {
		command->print(out, listing);
	}
	fprintf(out, ".\n");
}

int console_execute(struct console *console, struct session *session, const char *text, FILE *out)
{
	char buffer[LINE_MAX_], *line;
	const struct command *command;
	struct call call = {.sw = console->sw, .session = session, .out = out};
	bool as_json;
	int error;

	if (snprintf(buffer, sizeof(buffer), "%s", text) >= (int)sizeof(buffer)) {
		error = E2BIG;
		goto status;
	}
	line = trimmed(buffer);
	if (!*line || *line == '#')
		return 0;
	as_json = take_word(&line, "json");
	command = find(console, line);
	error = ENOSYS;
	if (command && command->names_file && session && !session_may_name_files(session)) {
		error = EPERM;
	} else if (command) {
		call.argument = argument_of(command, line);
		if (command->list) {
			json_t *listing = NULL;

			error = command->list(&call, &listing);
			print_listing(out, command, listing, as_json);
			json_decref(listing);
		} else if (as_json) {
			error = EINVAL; /* it lists nothing */
		} else {
			error = command->run(&call);
		}
	}
status:
	fprintf(out, "1%03d %s\n", error, strerror(error));
	return error;
}

int console_run(struct console *console, const char *text, json_t **listing)
{
	char buffer[LINE_MAX_], *line;
	const struct command *command;
	struct call call = {.sw = console->sw};

	*listing = NULL;
	if (snprintf(buffer, sizeof(buffer), "%s", text) >= (int)sizeof(buffer))
		return E2BIG;
	line = trimmed(buffer);
	command = find(console, line);
	if (!command)
		return ENOSYS;
	call.argument = argument_of(command, line);
	return command->list ? command->list(&call, listing) : command->run(&call);
}

int console_load(struct console *console, struct session *session, const char *path, FILE *out)
{
	char line[LINE_MAX_];
	FILE *file;

	if (console->load_depth == LOADS_NESTED)
		return ELOOP;
	/* At the start a pipe may be meant; later nothing may be waited for. */
	if (session) {
		int fd = name_open_input(path);

		file = fd < 0 ? NULL : fdopen(fd, "r");
		if (fd >= 0 && !file)
			close(fd);
	} else {
		file = fopen(path, "re");
	}
	if (!file)
		return errno;
	console->load_depth++;
	while (fgets(line, sizeof(line), file)) {
		fprintf(out, "vde[%s]: %s\n", path, trimmed(line));
		console_execute(console, session, line, out);
	}
	console->load_depth--;
	fclose(file);
	return 0;
}

void console_log_failures(char *output)
{
	char *next, *command = "";

	for (char *line = output; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (strncmp(line, "vde[", 4) == 0)
			command = line;
		else if (*line == '1' && strncmp(line, "1000 ", 5) != 0)
			syslog(LOG_WARNING, "%s: %s", command, line + 5);
	}
}
