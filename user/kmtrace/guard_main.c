// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of kmtrace guard. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard.h"

enum { KEY_LEARN = 256, KEY_JSON, KEY_STRICT, KEY_CHECK, KEY_ENGINE };

static const struct argp_option known[] = {
	{"learn", KEY_LEARN, "FILE", 0, "Write rules that allow what this run does", 0},
	{"check", KEY_CHECK, NULL, 0, "Only say whether the rules are good", 0},
	{"strict", KEY_STRICT, NULL, 0,
	 "Look at each file that is opened, before and after; let the kernel sort out none", 0},
	{"output", 'o', "FILE", 0, "Write incidents there, not to standard error", 0},
	{"json", KEY_JSON, NULL, 0, "One JSON object for each incident", 0},
	{"quiet", 'q', NULL, 0,
	 "Say neither which engine is used nor how many incidents there were", 0},
	{"engine", KEY_ENGINE, "NAME", 0, "kmview or seccomp; without this the first that works",
	 0},
	{},
};

struct wanted {
	struct options *options;
	struct guard *guard;
	const char *output;
	bool check;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct wanted *wanted = state->input;
	struct guard *guard = wanted->guard;
	char **words;

	switch (key) {
	case KEY_LEARN:
		guard->learn_file = argument;
		break;
	case KEY_CHECK:
		wanted->check = true;
		break;
	case KEY_STRICT:
		guard->strict = true;
		break;
	case 'o':
		wanted->output = argument;
		break;
	case KEY_JSON:
		guard->json = true;
		break;
	case 'q':
		guard->quiet = wanted->options->quiet = true;
		break;
	case KEY_ENGINE:
		if (strcmp(argument, "kmview") && strcmp(argument, "seccomp"))
			argp_error(state, "the engines are kmview and seccomp, not \"%s\"",
				   argument);
		wanted->options->engine = argument;
		break;
	case ARGP_KEY_ARGS:
		words = state->argv + state->next;
		/* What follows "--" is the command, and rules come before. */
		if (state->next < 1 || strcmp(words[-1], "--")) {
			guard->file = *words++;
			if (*words && !strcmp(*words, "--"))
				words++;
		}
		guard->command = words;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = known,
	.parser = parse,
	.args_doc =
		"RULES [--] COMMAND [ARGUMENT...]\n--learn FILE [RULES] -- COMMAND [ARGUMENT...]\n"
		"--check RULES",
	.doc = "Run a command and report, or prevent, what the rules in a file say of it and of "
	       "all "
	       "its descendants.\vEXAMPLE: " PROGRAM " guard --learn build.rules -- make",
};

static _Noreturn void give_up(const char *why)
{
	complain("%s", why);
	exit(STATUS_FAILED);
}

void guard_options(struct options *options, int argc, char **argv)
{
	static struct guard guard;
	struct wanted wanted = {.options = options, .guard = &guard};
	char name[] = PROGRAM " guard", *why;

	argv[0] = name;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &wanted);
	if (!guard.file && !guard.learn_file)
		give_up("guard: say which rules, or --learn FILE to write some; --help shows how");
	if (!wanted.check && (!guard.command || !*guard.command))
		give_up("guard: say which command to run, after the rules");
	if (guard.file && guard_parse(&guard, guard.file, &why) < 0)
		give_up(why ? why : strerror(ENOMEM));
	if (wanted.check) {
		guard_free(&guard);
		exit(0);
	}
	for (const struct guard_rule *rule = guard.rules; rule; rule = rule->next)
		if (rule->tell > STDERR_FILENO)
			fcntl(rule->tell, F_SETFD, FD_CLOEXEC); /* ours, not the command's */
	if (guard.learn_file) {
		guard.learnt = guard_learn_new();
		if (!guard.learnt)
			give_up(strerror(ENOMEM));
		guard.uses[GUARD_WRITE] = guard.uses[GUARD_EXEC] = guard.uses[GUARD_CONNECT] =
			guard.uses[GUARD_BIND] = guard.uses[GUARD_LISTEN] = true;
	}
	guard.out = wanted.output ? fopen(wanted.output, "we") : stderr;
	if (!guard.out) {
		complain("cannot write %s: %s", wanted.output, strerror(errno));
		exit(STATUS_FAILED);
	}
	options->string_limit = 32;
	options->command = guard.command;
	options->guard = &guard;
}

int guard_finish(struct guard *guard)
{
	int result = 0;

	guard_report_end(guard);
	if (guard->learnt)
		result = guard_learn_write(guard->learnt, guard->learn_file, guard->command);
	if (ferror(guard->out) || (guard->out != stderr && fclose(guard->out) != 0)) {
		complain("could not write all incidents: %s", strerror(errno));
		result = -1;
	}
	guard_free(guard);
	return result;
}
