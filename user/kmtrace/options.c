// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line. */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	KEY_FF,
};

static const struct argp_option known[] = {
	{NULL, 0, NULL, 0,
	 "Which calls, and how they are shown; the letters are those of strace(1):", 1},
	{"trace", 'e', "[trace=][!]CALL,...", 0,
	 "Only these calls, or all but these; also /REGEX, all, none and the classes %file, %desc, "
	 "%network, %process, %signal, %memory, %ipc, %creds, %clock, %stat, %lstat, %fstat, "
	 "%statfs, "
	 "%pure; signal=[!]SIGNAL,... are the signals that are shown, status=successful or failed "
	 "is -z or -Z",
	 1},
	{"trace-path", 'P', "PATH", 0, "Only calls on this file, by name or by descriptor", 1},
	{"successful-only", 'z', NULL, 0, "Only calls that succeed", 1},
	{"failed-only", 'Z', NULL, 0, "Only calls that fail", 1},
	{"count", 'c', NULL, 0, "Count calls, errors and time, and print a table at the end", 1},
	{"summary", 'C', NULL, 0,
	 "Print the calls, and at the end the table and how the times of each call are spread; "
	 "with "
	 "-c only these",
	 1},
	{"absolute-timestamps", 't', NULL, 0,
	 "When each call began; -tt with microseconds, -ttt as seconds since 1970", 1},
	{"relative-timestamps", 'r', NULL, 0, "The time since the line before", 1},
	{"syscall-times", 'T', NULL, 0, "How long each call took", 1},
	{"decode-fds", 'y', NULL, 0, "What descriptors are open on", 1},
	{"string-limit", 's', "BYTES", 0,
	 "How much of a string that is no file name is shown; 32 without this", 1},
	{"follow-forks", 'f', NULL, 0,
	 "Descendants are always followed; -ff writes a file FILE.TID for each thread", 1},
	{"output-separately", KEY_FF, NULL, 0, "The same as -ff", 1},
	{"output", 'o', "FILE", 0,
	 "Write the trace there, or to a program after \"|\", and not to standard error", 1},
	{"json", KEY_JSON, NULL, 0,
	 "Print JSON: one object for each line, or the table as one array", 1},
	{"quiet", 'q', NULL, 0, "Do not say which engine is used", 1},
	{"attach", 'p', "PID,...", 0, "Trace running processes (kmview only)", 1},
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

	if (end == text || *end || pid <= 0 || pid > INT32_MAX)
		argp_error(state, "\"%s\" is no process number", text);
	if (options->pid_count == sizeof(options->pids) / sizeof(options->pids[0]))
		argp_error(state, "no more than %u processes can be attached at once",
			   options->pid_count);
	options->pids[options->pid_count++] = pid;
}

/* Several numbers, as pidof(1) prints them or with commas. */
static void parse_pids(struct options *options, const char *text, struct argp_state *state)
{
	char *copy = strdup(text), *rest = copy, *word;

	if (!*text)
		argp_error(state, "-p needs a process number");
	while ((word = strsep(&rest, ", \n\t")))
		if (*word)
			parse_pid(options, word, state);
	free(copy);
}

static bool trace_given;

static void parse_calls(struct options *options, const char *text, struct argp_state *state)
{
	char *unknown;

	trace_given = true;
	if (call_set_add(&options->trace, text, &unknown) < 0)
		argp_error(state, "\"%s\" is no system call; man 2 syscalls lists them", unknown);
}

int signal_number(const char *word)
{
	char *end;
	long number = strtol(word, &end, 10);

	if (end != word && !*end)
		return number > 0 && number <= 64 ? number : 0;
	if (!strncasecmp(word, "SIG", 3))
		word += 3;
	for (int i = 1; i <= 64; i++)
		if (sigabbrev_np(i) && !strcasecmp(sigabbrev_np(i), word))
			return i;
	return 0;
}

/* "[!]SIGNAL,...", all or none. */
static void parse_signals(struct options *options, const char *list, struct argp_state *state)
{
	bool without = *list == '!';
	char *copy = strdup(list + without), *rest = copy, *word;

	memset(options->signals, without || !strcmp(list, "all"), sizeof(options->signals));
	while ((word = strsep(&rest, ","))) {
		int number = signal_number(word);

		if (!strcmp(word, "all") || !strcmp(word, "none"))
			continue;
		if (!number)
			argp_error(state, "\"%s\" is no signal; kill -l lists them", word);
		options->signals[number] = !without;
	}
	free(copy);
}

/* -e: "trace=" may be left out; strace's other qualifiers are refused by name. */
static void parse_expression(struct options *options, const char *text, struct argp_state *state)
{
	static const char *const others[] = {"abbrev", "verbose", "raw",   "read",
					     "write",  "kvm",	  "quiet", "decode-fds"};
	const char *equals = strchr(text, '=');
	size_t length = equals ? equals - text : 0;

	if (!equals || *text == '/') {
		parse_calls(options, text, state);
		return;
	}
	if ((length == 5 && !strncmp(text, "trace", 5)) || (length == 1 && *text == 't')) {
		parse_calls(options, equals + 1, state);
		return;
	}
	if (length == 6 && !strncmp(text, "status", 6)) {
		if (!strcmp(equals + 1, "successful"))
			options->successful = true;
		else if (!strcmp(equals + 1, "failed"))
			options->failed = true;
		else if (strcmp(equals + 1, "all"))
			argp_error(state, "-e status= takes successful, failed or all, not \"%s\"",
				   equals + 1);
		return;
	}
	if ((length == 6 && !strncmp(text, "signal", 6)) ||
	    (length == 7 && !strncmp(text, "signals", 7)) || (length == 1 && *text == 's')) {
		parse_signals(options, equals + 1, state);
		return;
	}
	if ((length == 6 && !strncmp(text, "inject", 6)) ||
	    (length == 5 && !strncmp(text, "fault", 5))) {
		char *why = NULL;

		if (rule_add_inject(options, equals + 1, *text == 'f', &why) < 0)
			argp_error(state, "%s", why ? why : strerror(ENOMEM));
		return;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (length == strlen(others[i]) && !strncmp(text, others[i], length))
			argp_error(state,
				   "-e %s= is strace's and not known here; " PROGRAM
				   " has --deny, --return and --delay to change what calls do",
				   others[i]);
	argp_error(state, "\"%s\" is no list of calls", text);
}

static void parse_path(struct options *options, const char *text, struct argp_state *state)
{
	char resolved[PATH_MAX], *path;

	if (options->path_count == TRACE_PATHS_MAX)
		argp_error(state, "no more than %d paths can be traced at once", TRACE_PATHS_MAX);
	/* A file that does not exist yet is named from where we are. */
	if (*text != '/' && getcwd(resolved, sizeof(resolved))) {
		if (asprintf(&path, "%s/%s", resolved, text) < 0)
			argp_error(state, "%s", strerror(ENOMEM));
		text = path;
	}
	path = realpath(text, NULL);
	options->paths[options->path_count++] = path ? path : text;
}

static void parse_limit(struct options *options, const char *text, struct argp_state *state)
{
	char *end;
	unsigned long limit = strtoul(text, &end, 10);

	if (end == text || *end || *text == '-')
		argp_error(state, "-s takes a number of bytes, not \"%s\"", text);
	options->string_limit = limit;
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
	if (options->engine && !strcmp(options->engine, "seccomp") && rules_at_exit(options))
		argp_error(state, "seccomp does not see the end of calls, which delay_exit= holds; "
				  "kmview does");
	if (options->separate && !options->output)
		argp_error(state, "-ff needs -o FILE: each thread's trace goes to FILE.TID");
	if (options->separate && options->summary)
		argp_error(state,
			   "-c and -C count all threads together and cannot be used with -ff");
	if (options->successful && options->failed)
		argp_error(state, "no call both succeeds and fails: use -z or -Z, not both");
	if (!trace_given)
		parse_calls(options, "all", state);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		options->string_limit = 32;
		memset(options->signals, 1, sizeof(options->signals));
		break;
	case 'e':
		parse_expression(options, argument, state);
		break;
	case 'P':
		parse_path(options, argument, state);
		break;
	case 'z':
		options->successful = true;
		break;
	case 'Z':
		options->failed = true;
		break;
	case 't':
		if (options->stamp < STAMP_EPOCH)
			options->stamp++;
		break;
	case 'r':
		options->relative = true;
		break;
	case 'T':
		options->spent = true;
		break;
	case 'y':
		options->fd_paths = true;
		break;
	case 's':
		parse_limit(options, argument, state);
		break;
	case 'f':
		options->separate = options->followed;
		options->followed = true;
		break;
	case KEY_FF:
		options->separate = true;
		break;
	case 'c':
		options->count = options->summary = true;
		break;
	case 'C':
		options->summary = options->histograms = true;
		break;
	case 'o':
		options->output = argument;
		break;
	case 'q':
		options->quiet = true;
		break;
	case 'p':
		parse_pids(options, argument, state);
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
