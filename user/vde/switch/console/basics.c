/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of the console itself. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "user/vde/switch/console/argument.h"
#include "user/vde/switch/console/parts.h"
#include "user/vde/switch/console/session.h"
#include "user/vde/switch/forward/forward.h"
#include "user/vde/switch/loop/loop.h"

const char *console_banner(void)
{
	return "VDE switch V." VSQUARE_VERSION "\n"
	       "(C) Virtual Square Team; GPL-2.0-or-later; type help for the commands\n";
}

static int list_help(struct call *call, json_t **listing)
{
	const struct console *console = call->sw->console;

	*listing = json_array();
	for (unsigned int t = 0; t < console->table_count; t++)
		for (const struct command *c = console->tables[t]; c->path; c++)
			if (strncmp(c->path, call->argument, strlen(call->argument)) == 0)
				json_array_append_new(
					*listing,
					json_pack("{s:s, s:s, s:s, s:b}", "path", c->path, "syntax",
						  c->syntax ? c->syntax : "", "help", c->help,
						  "menu", !c->run && !c->list));
	return 0;
}

static void print_help(FILE *out, const json_t *listing)
{
	const json_t *command;
	size_t i;

	fprintf(out, "COMMAND PATH       SYNTAX          HELP\n"
		     "------------       --------------  ------------\n");
	json_array_foreach (listing, i, command)
		fprintf(out, "%-18s %-15s %s\n", listing_text(command, "path"),
			listing_true(command, "menu") ? "============"
						      : listing_text(command, "syntax"),
			listing_text(command, "help"));
}

static int list_info(struct call *call, json_t **listing)
{
	char text[MAC_TEXT_SIZE], perm[8] = "";
	const char *path;
	int mode;

	path = sessions_path(call->sw->console, &mode);
	if (path)
		snprintf(perm, sizeof(perm), "%04o", mode);
	*listing = json_pack("{s:s, s:i, s:s, s:I, s:s*, s:s}", "version", VSQUARE_VERSION, "pid",
			     (int)getpid(), "mac", mac_text(call->sw->mac, text), "uptime",
			     (json_int_t)(forward_seconds() - call->sw->started), "management",
			     path, "perm", perm);
	return 0;
}

static void print_info(FILE *out, const json_t *listing)
{
	const char *path = listing_text(listing, "management");

	fprintf(out, "%s\npid %lld MAC %s uptime %lld\n", console_banner(),
		listing_number(listing, "pid"), listing_text(listing, "mac"),
		listing_number(listing, "uptime"));
	if (path)
		fprintf(out, "mgmt %s perm %s\n", path, listing_text(listing, "perm"));
}

static int run_logout(struct call *call)
{
	if (!call->session)
		return EBADF;
	session_logout(call->session);
	return 0;
}

static int run_shutdown(struct call *call)
{
	loop_stop(call->sw->loop);
	return 0;
}

static int run_load(struct call *call)
{
	return call->out ? console_load(call->sw->console, call->session, call->argument, call->out)
			 : EBADF;
}

const struct command basic_commands[] = {
	{.path = "help",
	 .syntax = "[prefix]",
	 .help = "the commands, or those that begin so",
	 .list = list_help,
	 .print = print_help},
	{.path = "logout", .help = "end this session", .run = run_logout},
	{.path = "shutdown", .help = "end the switch", .run = run_shutdown},
	{.path = "showinfo",
	 .help = "version, process, MAC address, uptime",
	 .list = list_info,
	 .print = print_info},
	{.path = "load",
	 .syntax = "path",
	 .help = "run the commands of a file",
	 .names_file = true,
	 .run = run_load},
	{0},
};
