// SPDX-License-Identifier: GPL-2.0-or-later
/* The view itself: info, name, who, mounts, shutdown, attach. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"
#include "user/view/client/client.h"

#define SHUTDOWN_SECONDS 30
#define SHUTDOWN_MOST	 86400

static const struct argp_option json_option[] = {
	{"json", 'j', NULL, 0, "as JSON", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

/* A number from a word, or -1: complained. */
static long number_of(const char *word, long most, const char *what)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(word, &end, 10);
	if (!errno && end != word && !*end && number >= 0 && number <= most)
		return number;
	complain("\"%s\" is no %s", word, what);
	return -1;
}

int info_main(int argc, char **argv)
{
	static const char *const keys[] = {"name",    "view",  "parent", "engine",
					   "manager", "first", "version"};
	struct switches switches = {0};
	json_t *reply;
	char room[32];

	parse_words(argc, argv, json_option, NULL,
		    "Show the view: its name and number, the number of the one it was started in, "
		    "its engine, the processes that manage it and that it began with.",
		    0, 0, &switches);
	reply = ask(json_pack("{s:s}", "command", "info"));
	if (!reply)
		return 1;
	if (switches.json)
		print_list(reply, NULL, true);
	for (size_t i = 0; !switches.json && i < sizeof(keys) / sizeof(*keys); i++)
		printf("%-8s %s\n", keys[i], text_of(reply, keys[i], room, sizeof(room)));
	json_decref(reply);
	return 0;
}

/* ---- the name */

/* For a prompt: the name, or what tells views without one apart; outside the host's name. */
static void print_prompt(json_t *info)
{
	char host[256] = "", room[32];
	const char *name = text_of(info, "name", room, sizeof(room));
	int view = json_integer_value(json_object_get(info, "view"));

	gethostname(host, sizeof(host) - 1);
	if (!info)
		printf("%s\n", host);
	else if (*name)
		printf("%s\n", name);
	else if (view)
		printf("%s[%s:%d]\n", host, text_of(info, "manager", room, sizeof(room)), view);
	else
		printf("%s[%s]\n", host, text_of(info, "manager", room, sizeof(room)));
}

int name_main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{"prompt", 'p', NULL, 0,
		 "print what belongs into a prompt: the name; HOST[MANAGER] where there is none; "
		 "outside of views the host's name",
		 0},
		{"quiet", 'q', NULL, 0, "outside of views say nothing", 0},
		{NULL, 0, NULL, 0, NULL, 0},
	};
	struct switches switches = {0};
	int next = parse_words(argc, argv, options, "[NAME]", "Show or set the name of the view.",
			       0, 1, &switches);
	json_t *reply;
	char room[32];

	if (next < argc)
		return ask_done(json_pack("{s:s, s:s}", "command", "name", "name", argv[next]));
	if (switches.prompt || switches.quiet) {
		reply = client_ask(json_pack("{s:s}", "command", "info"), -1);
		if (!reply && !switches.prompt)
			return 1;
	} else {
		reply = ask(json_pack("{s:s}", "command", "info"));
		if (!reply)
			return 1;
	}
	if (switches.prompt)
		print_prompt(reply);
	else
		printf("%s\n", text_of(reply, "name", room, sizeof(room)));
	json_decref(reply);
	return 0;
}

/* ---- who and what is in it */

static int print_reply(const char *command, const char *key, const struct column *columns,
		       bool json)
{
	json_t *reply = ask(json_pack("{s:s}", "command", command));

	if (!reply)
		return 1;
	print_list(json_object_get(reply, key), columns, json);
	json_decref(reply);
	return 0;
}

int who_main(int argc, char **argv)
{
	static const struct column columns[] = {{"pid", "PID", true},
						{"parent", "PARENT", true},
						{"view", "VIEW", true},
						{"program", "PROGRAM", false},
						{NULL, NULL, false}};
	struct switches switches = {0};

	parse_words(argc, argv, json_option, NULL,
		    "List the processes of the view and of those inside it; view is the number of "
		    "the one that a process is in, -1 for a mount namespace of its own.",
		    0, 0, &switches);
	return print_reply("who", "processes", columns, switches.json);
}

int mounts_main(int argc, char **argv)
{
	static const struct column columns[] = {{"type", "TYPE", false},
						{"source", "SOURCE", false},
						{"target", "TARGET", false},
						{NULL, NULL, false}};
	struct switches switches = {0};

	parse_words(argc, argv, json_option, NULL,
		    "List what services have mounted, as it was asked for. All mounts of the view, "
		    "as the kernel has them, are in /proc/mounts.",
		    0, 0, &switches);
	return print_reply("mounts", "mounts", columns, switches.json);
}

/* ---- its processes */

int shutdown_main(int argc, char **argv)
{
	struct switches switches = {0};
	int next = parse_words(argc, argv, NULL, "[SECONDS]",
			       "End all processes of the view: SIGTERM, and after so many seconds "
			       "(30) SIGKILL to those that are left.",
			       0, 1, &switches);
	long seconds = SHUTDOWN_SECONDS;

	if (next < argc)
		seconds = number_of(argv[next], SHUTDOWN_MOST, "number of seconds up to a day");
	return seconds < 0 ? STATUS_USAGE
			   : ask_done(json_pack("{s:s, s:i}", "command", "shutdown", "seconds",
						(int)seconds));
}

/* The process enters our mounts when it next runs: wait for that, if it takes no longer than 10 s.
 */
static void wait_entered(long pid)
{
	const struct timespec moment = {.tv_nsec = 10000000};
	struct stat ours, its;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/ns/mnt", pid);
	for (int i = 0; i < 1000 && stat("/proc/self/ns/mnt", &ours) == 0 && stat(path, &its) == 0;
	     i++) {
		if (its.st_ino == ours.st_ino)
			return;
		nanosleep(&moment, NULL);
	}
	fprintf(stderr,
		"viewctl: process %ld is stopped: it will see the mounts of the view when it "
		"goes on\n",
		pid);
}

int attach_main(int argc, char **argv)
{
	struct switches switches = {0};
	int next = parse_words(argc, argv, NULL, "PID...",
			       "Bring running processes into the view (engine kmview only).", 1,
			       INT_MAX, &switches);
	int status = 0;

	for (; next < argc && !status; next++) {
		long pid = number_of(argv[next], INT_MAX, "number of a process");

		status = pid < 0 ? STATUS_USAGE
				 : ask_done(json_pack("{s:s, s:i}", "command", "attach", "pid",
						      (int)pid));
		if (!status)
			wait_entered(pid);
	}
	return status;
}
