/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which plugins there are, and which are on. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "user/vde/names/names.h"
#include "user/vde/switch/plugins/plugins.h"

static const struct plugin *const plugins[] = {&plugin_dump, &plugin_pdump, &plugin_iplog};
#define PLUGINS (sizeof(plugins) / sizeof(*plugins))

static bool on[PLUGINS];

FILE *plugin_file(const char *path, bool append)
{
	int fd = name_open_output(path, append ? O_APPEND : O_TRUNC, 0666);
	FILE *file = fd < 0 ? NULL : fdopen(fd, append ? "a" : "w");

	if (fd >= 0 && !file)
		close(fd);
	return file;
}

/* By its name, or the file that the classic switch would load: [DIRECTORY/]NAME[.so]. */
static int plugin_named(const char *text)
{
	const char *slash = strrchr(text, '/');

	if (slash)
		text = slash + 1;
	for (unsigned int i = 0; i < PLUGINS; i++) {
		size_t length = strlen(plugins[i]->name);

		if (strncmp(text, plugins[i]->name, length) == 0 &&
		    (!text[length] || strcmp(text + length, ".so") == 0))
			return i;
	}
	return -1;
}

static int run_add(struct call *call)
{
	int i = plugin_named(call->argument), error;

	if (!*call->argument)
		return EINVAL;
	if (i < 0) {
		syslog(LOG_NOTICE,
		       "plugin %s: there are dump, pdump and iplog; those of other switches cannot "
		       "be loaded",
		       call->argument);
		return ENOENT;
	}
	if (on[i])
		return EEXIST;
	error = -plugins[i]->start(call->sw);
	if (error)
		return error;
	console_add(call->sw->console, plugins[i]->commands);
	on[i] = true;
	return 0;
}

static void switch_off(struct vswitch *sw, int i)
{
	console_remove(sw->console, plugins[i]->commands);
	plugins[i]->stop(sw);
	on[i] = false;
}

static int run_del(struct call *call)
{
	int i = plugin_named(call->argument);

	if (i < 0 || !on[i])
		return *call->argument ? ENOENT : EINVAL;
	switch_off(call->sw, i);
	return 0;
}

static int list_plugins(struct call *call, json_t **listing)
{
	*listing = json_array();
	for (unsigned int i = 0; i < PLUGINS; i++)
		if (on[i])
			json_array_append_new(*listing,
					      json_pack("{s:s, s:s}", "name", plugins[i]->name,
							"help", plugins[i]->help));
	return json_array_size(*listing) ? 0 : ENOENT;
}

static void print_plugins(FILE *out, const json_t *listing)
{
	const json_t *plugin;
	size_t i;

	fprintf(out, "NAME                   HELP\n"
		     "------------           ----\n");
	json_array_foreach (listing, i, plugin)
		fprintf(out, "%-22s %s\n", listing_text(plugin, "name"),
			listing_text(plugin, "help"));
}

static const struct command commands[] = {
	{.path = "plugin", .help = "dump, pdump, iplog"},
	{.path = "plugin/list",
	 .help = "plugins that are on",
	 .list = list_plugins,
	 .print = print_plugins},
	{.path = "plugin/add", .syntax = "NAME", .help = "switch a plugin on", .run = run_add},
	{.path = "plugin/del", .syntax = "NAME", .help = "switch it off", .run = run_del},
	{0},
};

void plugin_commands(struct console *console)
{
	console_add(console, commands);
}

void plugins_stop(struct vswitch *sw)
{
	for (unsigned int i = 0; i < PLUGINS; i++)
		if (on[i])
			switch_off(sw, i);
}
