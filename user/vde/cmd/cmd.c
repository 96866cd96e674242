// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vde cmd: one command for the console of a switch, or a script of them.
 *
 * Theory: open the console, carry out each command, print its listing. The exit status is the errno
 * of the first command that failed, so a shell script can test it; the sentence goes to stderr.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/vde/cmd/command.h"
#include "user/vde/cmd/console.h"

struct cmd {
	const char *console, *script;
	char command[1024];
	bool json, go_on;
	unsigned int timeout;
};

static int parse(int key, char *text, struct argp_state *state)
{
	struct cmd *cmd = state->input;

	switch (key) {
	case 'f':
		cmd->script = text;
		break;
	case 'k':
		cmd->go_on = true;
		break;
	case 'j':
		cmd->json = true;
		break;
	case 't':
		cmd->timeout = strtoul(text, NULL, 10);
		if (!cmd->timeout)
			argp_error(state, "%s: a time-out is a number of seconds", text);
		break;
	case ARGP_KEY_ARG:
		if (!cmd->console) {
			cmd->console = text;
		} else {
			size_t used = strlen(cmd->command);

			if (snprintf(cmd->command + used, sizeof(cmd->command) - used, "%s%s",
				     used ? " " : "", text) >= (int)(sizeof(cmd->command) - used))
				argp_error(state, "the command is longer than %zu characters",
					   sizeof(cmd->command) - 1);
		}
		break;
	case ARGP_KEY_END:
		if (!cmd->console || (!*cmd->command && !cmd->script))
			argp_usage(state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option options[] = {
	{"script", 'f', "FILE", 0, "Carry out the lines of FILE (- is stdin) as commands", 0},
	{"keep-going", 'k', NULL, 0, "Do not stop a script at a command that fails", 0},
	{"json", 'j', NULL, 0, "Print JSON", 0},
	{"timeout", 't', "SECONDS", 0, "Wait so long for an answer (30)", 0},
	{}};

static const struct argp parser = {
	options,
	parse,
	"CONSOLE COMMAND [ARGUMENT...]\n-f FILE CONSOLE",
	"Give the console of a switch one command and print the answer.\v"
	"CONSOLE is the socket that vde_switch -M made. The exit status is "
	"the errno of the command, 0 for success.",
	NULL,
	NULL,
	NULL};

/* The listing as JSON: what the switch itself says in JSON, else its lines. */
static void print_json(const struct console_reply *reply, const char *command)
{
	json_t *lines = json_loads(reply->listing, JSON_DECODE_ANY, NULL), *answer;
	char *rest = reply->listing, *line;

	if (!lines) {
		lines = json_array();
		while ((line = strsep(&rest, "\n")) && rest)
			json_array_append_new(lines, json_string(line));
	}
	answer = json_pack("{s:s, s:i, s:s, s:o}", "command", command, "status", reply->status,
			   "message", reply->message ? reply->message : "", "result", lines);
	if (answer)
		json_dumpf(answer, stdout, JSON_INDENT(2));
	printf("\n");
	json_decref(answer);
}

/* The errno of one command. */
static int carry_out(struct cmd *cmd, struct console_link *link, const char *command)
{
	struct console_reply reply = {};
	char asked[1024 + 8];
	int status;

	snprintf(asked, sizeof(asked), "json %s", command);
	if (cmd->json && console_command(link, asked, cmd->timeout, &reply))
		return EIO;
	/* A switch that knows no "json" says so: ask again in its own words. */
	if (cmd->json && reply.status)
		console_reply_free(&reply);
	if (!reply.message && console_command(link, command, cmd->timeout, &reply))
		return EIO;
	status = reply.status < 0 ? 0 : reply.status;
	if (cmd->json)
		print_json(&reply, command);
	else
		fputs(reply.listing, stdout);
	if (status)
		complain("%s: %s%s", command, reply.message,
			 status == ENOSYS ? " (there is no such command; help lists them)" : "");
	console_reply_free(&reply);
	return status;
}

static int run_script(struct cmd *cmd, struct console_link *link)
{
	FILE *script = strcmp(cmd->script, "-") ? fopen(cmd->script, "re") : stdin;
	char *line = NULL;
	size_t size = 0;
	int status = 0, failed;
	ssize_t n;

	if (!script)
		return complain("cannot read %s: %m", cmd->script);
	while ((n = getline(&line, &size, script)) > 0) {
		line[strcspn(line, "\r\n")] = 0;
		if (!line[strspn(line, " \t")] || line[strspn(line, " \t")] == '#')
			continue;
		failed = carry_out(cmd, link, line);
		if (failed && !status)
			status = failed;
		if (failed && !cmd->go_on)
			break;
	}
	free(line);
	if (script != stdin)
		fclose(script);
	return status;
}

int cmd_main(int argc, char **argv)
{
	struct cmd cmd = {.timeout = 30};
	struct console_link *link;
	int status = 0;

	argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &cmd);
	link = console_open(cmd.console, NULL, NULL);
	if (!link)
		return 1;
	if (*cmd.command)
		status = carry_out(&cmd, link, cmd.command);
	if (cmd.script && !status)
		status = run_script(&cmd, link);
	console_close(link);
	return status;
}
