// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kmtrace.h"

const char *argp_program_version = PROGRAM " " VSQUARE_VERSION;
error_t argp_err_exit_status = STATUS_FAILED;

enum {
	KEY_DENY = 256,
	KEY_RETURN,
	KEY_FAKE,
	KEY_DELAY,
	KEY_JSON,
	KEY_ENGINE,
	KEY_BPF_UNAME,
	KEY_BPF_COUNT,
	KEY_BPF_POLICY,
};

static const struct argp_option known[] = {
	{"trace", 'e', "CALL,...", 0,
	 "Print only these calls; also %file, %desc, %network, %process, all, none", 1},
	{"count", 'c', NULL, 0, "Count calls, errors and time, and print a table at the end", 1},
	{"output", 'o', "FILE", 0, "Write the trace there and not to standard error", 1},
	{"json", KEY_JSON, NULL, 0,
	 "Print JSON: one object for each line, or the table as one array", 1},
	{"quiet", 'q', NULL, 0, "Do not say which engine is used", 1},
	{"attach", 'p', "PID", 0,
	 "Trace a running process, which stays in the session (kmview only)", 1},
	{"engine", KEY_ENGINE, "NAME", 0, "kmview or seccomp; without this the first that works",
	 1},
	{NULL, 0, NULL, 0, "Rules:", 2},
	{"deny", KEY_DENY, "CALLS[:PATH][=ERROR]", 0,
	 "Refuse calls, with EPERM, or those on a path", 2},
	{"return", KEY_RETURN, "CALLS[:PATH]=VALUE", 0,
	 "Answer calls with a number or an error's name", 2},
	{"fake", KEY_FAKE, "uname.FIELD=TEXT", 0, "Change what uname says", 2},
	{"delay", KEY_DELAY, "CALLS[:PATH]=TIME", 0,
	 "Hold calls for TIME milliseconds, or us, ms, s", 2},
	{NULL, 0, NULL, 0, "BPF (kmview only, needs CAP_BPF and CAP_PERFMON):", 3},
	{"bpf-uname", KEY_BPF_UNAME, NULL, 0, "Let a BPF program say what --fake uname asks for",
	 3},
	{"bpf-count", KEY_BPF_COUNT, NULL, 0,
	 "Let a BPF program count the calls of -e, and print none", 3},
	{"bpf-policy", KEY_BPF_POLICY, "FILE", 0, "Let a BPF program refuse the calls FILE lists",
	 3},
	{},
};

static void parse_pid(struct options *options, const char *text, struct argp_state *state)
{
	char *end;
	long pid = strtol(text, &end, 10);

	if (*end || pid <= 0 || pid > INT32_MAX)
		argp_error(state, "\"%s\" is no process number", text);
	if (options->pid_count == sizeof(options->pids) / sizeof(options->pids[0]))
		argp_error(state, "no more than %u processes can be attached at once",
			   options->pid_count);
	options->pids[options->pid_count++] = pid;
}

static bool trace_given;

static void parse_calls(struct options *options, const char *text, struct argp_state *state)
{
	char *unknown;

	trace_given = true;
	if (call_set_add(&options->trace, text, &unknown) < 0)
		argp_error(state, "\"%s\" is no system call; man 2 syscalls lists them", unknown);
}

static void parse_rule(struct options *options, const char *text, struct argp_state *state,
		       int (*add)(struct options *, const char *, char **))
{
	char *why = NULL;

	if (add(options, text, &why) < 0)
		argp_error(state, "%s", why ? why : strerror(ENOMEM));
}

static void check(struct options *options, struct argp_state *state)
{
	bool bpf = options->bpf_uname || options->bpf_count || options->bpf_policy;

	if (!options->command && !options->pid_count)
		argp_error(state, "say which command to run, or which process to attach with -p");
	if (options->command && options->pid_count)
		argp_error(state, "either run a command or attach processes, not both");
	if (options->bpf_uname && !options->uname_faked)
		argp_error(state, "--bpf-uname needs --fake uname.FIELD=TEXT to know what to say");
	if (options->engine && strcmp(options->engine, "kmview") &&
	    strcmp(options->engine, "seccomp"))
		argp_error(state, "the engines are kmview and seccomp, not \"%s\"",
			   options->engine);
	if (options->engine && !strcmp(options->engine, "seccomp") && (bpf || options->pid_count))
		argp_error(
			state,
			"seccomp can neither attach processes nor run --bpf programs; kmview can");
	if (!trace_given)
		parse_calls(options, "all", state);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'e':
		parse_calls(options, argument, state);
		break;
	case 'c':
		options->count = true;
		break;
	case 'o':
		options->output = argument;
		break;
	case 'q':
		options->quiet = true;
		break;
	case 'p':
		parse_pid(options, argument, state);
		break;
	case KEY_JSON:
		options->json = true;
		break;
	case KEY_ENGINE:
		options->engine = argument;
		break;
	case KEY_DENY:
		parse_rule(options, argument, state, rule_add_deny);
		break;
	case KEY_RETURN:
		parse_rule(options, argument, state, rule_add_return);
		break;
	case KEY_FAKE:
		parse_rule(options, argument, state, rule_add_fake);
		break;
	case KEY_DELAY:
		parse_rule(options, argument, state, rule_add_delay);
		break;
	case KEY_BPF_UNAME:
		options->bpf_uname = true;
		break;
	case KEY_BPF_COUNT:
		options->bpf_count = true;
		break;
	case KEY_BPF_POLICY:
		options->bpf_policy = argument;
		break;
	case ARGP_KEY_ARGS:
		options->command = state->argv + state->next;
		break;
	case ARGP_KEY_END:
		check(options, state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void options_parse(struct options *options, int argc, char **argv)
{
	static const struct argp argp = {
		.options = known,
		.parser = parse,
		.args_doc = "COMMAND [ARGUMENT...]\n-p PID",
		.doc = "Run a command and print the system calls of it and all its descendants, or "
		       "answer them by "
		       "rules.\vEXAMPLE: " PROGRAM
		       " -e uname --fake uname.sysname=PlanX -- uname -a",
	};

	/* What follows the command is the command's. */
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, options);
}
