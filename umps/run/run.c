/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * umps run: runs a machine without a window.
 *
 * The loop executes a slice, hands over input, lets the script act. Without interactive terminals,
 * time in which all processors are idle is skipped. With them (or with a network) it is slept at
 * the guest's clock rate, in poll(), so an idle guest costs nothing and a key wakes it at once.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "umps/run/command.h"
#include "umps/front/names.h"
#include "umps/front/open.h"
#include "umps/front/options.h"
#include "umps/run/run.h"

#define SLICE_TICKS	2000000u
#define STARVED_SECONDS 2 /* of guest time without output or input to come, then the run ends */

enum option_key {
	OPTION_ENGINE = 256,
	OPTION_SECONDS,
	OPTION_KLOG,
	OPTION_TRACE_FILE,
	OPTION_PROFILE,
	OPTION_COVERAGE,
	OPTION_SAVE,
	OPTION_RESTORE,
	OPTION_FAIL,
	OPTION_REAL_TIME,
	OPTION_MACHINE
};

static const struct argp_option options[] = {
	{"terminal", 't', "N=WHERE", 0,
	 "Connect terminal N: stdio, none, pty, telnet:PORT (telnet:PORT,wait: once a client "
	 "is there) or file:PATH "
	 "(default: terminal 0 to stdio)",
	 0},
	{"printer", 'p', "N=WHERE", 0, "Connect printer N, to stdio, none, pty or file:PATH", 0},
	{"script", 's', "FILE", 0, "Follow an input script", 0},
	{"max-ticks", 'T', "N", 0, "Stop after N ticks (instructions of one processor)", 0},
	{"max-seconds", OPTION_SECONDS, "N", 0, "Stop after N seconds of the host's time", 0},
	{"machine", OPTION_MACHINE, "NAME", 0, MACHINE_HELP, 0},
	{"engine", OPTION_ENGINE, "NAME", 0, "translator (default) or interpreter", 0},
	{"fail", OPTION_FAIL, "DEVICE", 0, "Make a device such as disk0 fail", 0},
	{"klog", OPTION_KLOG, "SYMBOL", 0, "At the end, print the kernel's log buffer of that name",
	 0},
	{"trace", 'r', "WHAT", 0,
	 "Trace instructions, calls, exceptions, devices; several with commas", 0},
	{"trace-file", OPTION_TRACE_FILE, "FILE", 0, "Where traces go (default: stderr)", 0},
	{"profile", OPTION_PROFILE, NULL, 0, "At the end, print where instructions were executed",
	 0},
	{"coverage", OPTION_COVERAGE, "FILE", 0, "Write how much of each function was executed", 0},
	{"save", OPTION_SAVE, "FILE", 0, "At the end, save the machine's state", 0},
	{"restore", OPTION_RESTORE, "FILE", 0, "Start from a saved state", 0},
	{"json", 'j', NULL, 0, "At the end, print one JSON object on stderr", 0},
	{"real-time", OPTION_REAL_TIME, NULL, 0, "Sleep when the guest is idle, at its clock rate",
	 0},
	{0}};

struct settings {
	struct run run;
	const char *terminals[UMPS_N_DEVICES], *printers[UMPS_N_DEVICES];
	const char *script, *trace_path, *save, *restore;
	const char *failing[UMPS_N_LINES * UMPS_N_DEVICES];
	int n_failing;
	enum umps_engine engine;
	const enum umps_machine *machine; /* NULL: as the file says */
};

static struct run *signalled;

static void on_signal(int signal)
{
	signalled->interrupted = true;
	umps_interrupt(signalled->machine);
}

/* ---- options */

static void parse_connection(struct argp_state *state, const char *arg, const char **where)
{
	if (arg[0] < '0' || arg[0] > '7' || arg[1] != '=' || !arg[2])
		argp_error(state, "\"%s\" must be N=WHERE with N from 0 to 7", arg);
	where[arg[0] - '0'] = arg + 2;
}

static unsigned parse_trace(struct argp_state *state, char *arg)
{
	static const char *const words[] = {"instructions", "calls", "exceptions", "devices"};
	unsigned mask = 0;
	char *save, *word = strtok_r(arg, ",", &save);

	for (; word; word = strtok_r(NULL, ",", &save)) {
		unsigned i;

		for (i = 0; i < 4 && strcmp(word, words[i]); i++)
			;
		if (i == 4)
			argp_error(state,
				   "--trace: \"%s\" is none of instructions, calls, exceptions, "
				   "devices",
				   word);
		mask |= 1u << i;
	}
	return mask;
}

static double parse_number(struct argp_state *state, const char *name, const char *arg)
{
	char *end;
	double n = strtod(arg, &end);

	if (end == arg || *end || !(n > 0))
		argp_error(state, "%s: \"%s\" is not a positive number", name, arg);
	return n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;

	switch (key) {
	case 't':
		parse_connection(state, arg, s->terminals);
		break;
	case 'p':
		parse_connection(state, arg, s->printers);
		break;
	case 's':
		s->script = arg;
		break;
	case 'T':
		s->run.max_ticks = (uint64_t)parse_number(state, "--max-ticks", arg);
		break;
	case OPTION_SECONDS:
		s->run.max_seconds = parse_number(state, "--max-seconds", arg);
		break;
	case OPTION_ENGINE:
		if (strcmp(arg, "translator") && strcmp(arg, "interpreter"))
			argp_error(state, "--engine: \"%s\" is neither translator nor interpreter",
				   arg);
		s->engine = arg[0] == 't' ? UMPS_TRANSLATOR : UMPS_INTERPRETER;
		break;
	case OPTION_MACHINE:
		s->machine = option_machine(state, arg);
		break;
	case OPTION_FAIL:
		if (s->n_failing < UMPS_N_LINES * UMPS_N_DEVICES)
			s->failing[s->n_failing++] = arg;
		break;
	case OPTION_KLOG:
		s->run.klog = arg;
		break;
	case 'r':
		s->run.trace = parse_trace(state, arg);
		break;
	case OPTION_TRACE_FILE:
		s->trace_path = arg;
		break;
	case OPTION_PROFILE:
		s->run.profile = true;
		break;
	case OPTION_COVERAGE:
		s->run.coverage_file = arg;
		break;
	case OPTION_SAVE:
		s->save = arg;
		break;
	case OPTION_RESTORE:
		s->restore = arg;
		break;
	case 'j':
		s->run.json = true;
		break;
	case OPTION_REAL_TIME:
		s->run.real_time = true;
		break;
	case ARGP_KEY_ARG:
		if (s->run.machine_file)
			argp_usage(state);
		s->run.machine_file = arg;
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "name a machine file (JSON), or a kernel (.core.umps or ELF)");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* ---- setting up */

static void on_terminal(void *context, int number, uint8_t character)
{
	struct run *run = context;

	run->output[number]++;
	run->last_output = umps_ticks(run->machine);
	console_write(&run->terminals[number], character);
	script_output(run, number, character);
}

static void on_printer(void *context, int number, uint8_t character)
{
	struct run *run = context;

	console_write(&run->printers[number], character);
}

static void on_warning(void *context, const char *sentence)
{
	const struct run *run = context;

	fprintf(stderr, "%s: %s\n", run->program, sentence);
}

static int connect_all(struct settings *s, struct umps_error *error)
{
	for (int i = 0; i < UMPS_N_DEVICES; i++) {
		const char *terminal = s->terminals[i] ? s->terminals[i]
				       : i == 0	       ? "stdio"
						       : "none";

		if (console_open(&s->run.terminals[i], "terminal", i, terminal, error) < 0 ||
		    console_open(&s->run.printers[i], "printer", i,
				 s->printers[i] ? s->printers[i] : "none", error) < 0)
			return -1;
	}
	return 0;
}

static int fail_devices(struct settings *s, struct umps_error *error)
{
	enum umps_line line;
	int number;

	for (int i = 0; i < s->n_failing; i++)
		if (!device_from_name(s->failing[i], &line, &number) ||
		    umps_set_failing(s->run.machine, line, number, true) < 0) {
			snprintf(error->text, sizeof(error->text),
				 "--fail: the machine has no device \"%s\"", s->failing[i]);
			return -1;
		}
	return 0;
}

static int restore(struct run *run, const char *path, struct umps_error *error)
{
	FILE *file = fopen(path, "rb");
	size_t length = 0, size = 1 << 20, n;
	char *bytes = malloc(size), *more;
	int result = -1;

	if (file && bytes) {
		while ((n = fread(bytes + length, 1, size - length, file)) > 0) {
			length += n;
			if (length < size)
				continue;
			more = realloc(bytes, size *= 2);
			if (!more)
				break;
			bytes = more;
		}
		result = umps_restore(run->machine, bytes, length, error);
	} else {
		snprintf(error->text, sizeof(error->text), "cannot read the saved state %s: %s",
			 path, strerror(errno));
	}
	if (file)
		fclose(file);
	free(bytes);
	return result;
}

/* Beside its place, then renamed: when that fails a state saved there before is still there. */
static int save(const struct run *run, const char *path, struct umps_error *error)
{
	size_t length = 0;
	void *bytes = umps_snapshot(run->machine, &length);
	char *partial = NULL;
	FILE *file =
		asprintf(&partial, "%s.%d", path, (int)getpid()) < 0 ? NULL : fopen(partial, "wb");
	bool good = file && bytes && fwrite(bytes, 1, length, file) == length;

	if (file && fclose(file))
		good = false;
	good = good && !rename(partial, path);
	if (!good) {
		snprintf(error->text, sizeof(error->text), "cannot save the state to %s: %s", path,
			 strerror(errno));
		if (file)
			unlink(partial);
	}
	free(partial);
	free(bytes);
	return good ? 0 : -1;
}

static int set_up(struct settings *s, struct umps_error *error)
{
	struct umps_host host = {.context = &s->run,
				 .terminal_output = on_terminal,
				 .printer_output = on_printer,
				 .warning = on_warning};
	struct umps_config *config = config_from_path(s->run.machine_file, s->machine, error);

	if (!config)
		return -1;
	s->run.machine = umps_create(config, &host, error);
	umps_config_free(config);
	if (!s->run.machine)
		return -1;
	if (s->engine == UMPS_TRANSLATOR && umps_set_engine(s->run.machine, UMPS_TRANSLATOR) < 0)
		fprintf(stderr, "%s: this host cannot run translated code; interpreting\n",
			s->run.program);
	if (s->script && !(s->run.script = script_read(s->script, error)))
		return -1;
	s->run.trace_file = s->trace_path ? fopen(s->trace_path, "w") : stderr;
	if (!s->run.trace_file) {
		snprintf(error->text, sizeof(error->text), "cannot write the trace to %s: %s",
			 s->trace_path, strerror(errno));
		return -1;
	}
	if (connect_all(s, error) < 0 || fail_devices(s, error) < 0)
		return -1;
	return s->restore ? restore(&s->run, s->restore, error) : 0;
}

/* ---- running */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool input_live(const struct run *run)
{
	for (int i = 0; i < UMPS_N_DEVICES; i++)
		if (console_live(&run->terminals[i]))
			return true;
	return false;
}

static bool has_network(const struct run *run)
{
	int fd;

	return umps_network_fds(run->machine, &fd, 1) > 0;
}

static void take_input(struct run *run)
{
	for (int i = 0; i < UMPS_N_DEVICES; i++)
		console_read(run, i);
	umps_poll_network(run->machine);
}

/* Idle until WAKE: sleeps as long as the guest does, or until something comes; then lets that time
 * pass. */
static struct umps_stop sleep_idle(struct run *run, uint64_t wake)
{
	struct pollfd fds[3 * UMPS_N_DEVICES];
	int network[UMPS_N_DEVICES], n = 0, links;
	double rate = umps_get_config(run->machine)->clock_rate * 1e6, started = now(), wait;
	uint64_t tick = umps_ticks(run->machine), passed;

	for (int i = 0; i < UMPS_N_DEVICES; i++)
		n += console_poll(&run->terminals[i], &fds[n]);
	links = umps_network_fds(run->machine, network, UMPS_N_DEVICES);
	for (int i = 0; i < links; i++)
		fds[n++] = (struct pollfd){.fd = network[i], .events = POLLIN};
	wait = (double)(wake - tick) / rate;
	if (wait > 3600)
		wait = 3600;
	poll(fds, (nfds_t)n, (int)(wait * 1000) + 1);
	passed = (uint64_t)((now() - started) * rate) + 1;
	if (passed > wake - tick)
		passed = wake - tick;
	return umps_run(run->machine, tick + passed, 0);
}

/* Waiting for input that nobody can give, for a while? */
static bool starved(const struct run *run)
{
	uint64_t patience =
		(uint64_t)umps_get_config(run->machine)->clock_rate * 1000000 * STARVED_SECONDS;

	return umps_is_starved(run->machine) && !input_live(run) && script_ended(run->script) &&
	       !has_network(run) && umps_ticks(run->machine) > run->last_output + patience &&
	       umps_is_idle(run->machine);
}

/* The machine stopped by itself; its last words may be what the script waited for. */
static enum outcome ended(struct run *run, struct umps_stop *stop)
{
	enum outcome outcome = outcome_of(run, stop);

	if (outcome == OUTCOME_HALT && script_step(run) && script_waits(run->script))
		return OUTCOME_SCRIPT;
	return outcome;
}

static enum outcome run_machine(struct run *run, struct umps_stop *stop)
{
	double deadline = run->max_seconds ? now() + run->max_seconds : 0;
	bool sleeps = run->real_time || has_network(run);

	for (;;) {
		uint64_t until = umps_ticks(run->machine) + SLICE_TICKS, wake;

		take_input(run);
		if (!script_step(run))
			return OUTCOME_SCRIPT;
		if (run->interrupted)
			return OUTCOME_SIGNAL;
		wake = script_wake(run);
		if (until > wake)
			until = wake;
		if (until > run->max_ticks)
			until = run->max_ticks;
		*stop = umps_run(run->machine, until,
				 sleeps || (umps_is_starved(run->machine) && input_live(run))
					 ? UMPS_RUN_IDLE_STOPS
					 : 0);
		if (stop->reason == UMPS_STOP_IDLE) {
			if (stop->wake > until)
				stop->wake = until;
			*stop = sleep_idle(run, stop->wake);
		}
		if (stop->reason != UMPS_STOP_LIMIT && stop->reason != UMPS_STOP_REQUEST)
			return ended(run, stop);
		if (umps_ticks(run->machine) >= run->max_ticks || (deadline && now() >= deadline))
			return script_ended(run->script) ? OUTCOME_LIMIT : OUTCOME_SCRIPT;
		if (starved(run))
			return OUTCOME_STARVED;
	}
}

static void tear_down(struct settings *s)
{
	for (int i = 0; i < UMPS_N_DEVICES; i++) {
		console_close(&s->run.terminals[i]);
		console_close(&s->run.printers[i]);
	}
	script_free(s->run.script);
	if (s->run.trace_file && s->run.trace_file != stderr)
		fclose(s->run.trace_file);
	umps_destroy(s->run.machine);
}

static int run_main(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse,
		"MACHINE.json | KERNEL",
		"Run a uMPS3 machine.\v"
		"The exit status is 0 when the guest halted or switched off, 1 when it panicked, 2 "
		"when no processor can "
		"go on, 3 at a limit, 4 when the script waited in vain, 5 when the guest waits for "
		"input that cannot "
		"come, 64 for wrong options, 65 for bad files, 130 when interrupted.",
		NULL,
		NULL,
		NULL};
	struct settings s = {.run = {.program = argv[0], .max_ticks = UINT64_MAX},
			     .engine = UMPS_TRANSLATOR};
	struct umps_error error = {""};
	struct umps_stop stop = {0};
	enum outcome outcome = OUTCOME_FILES;
	double started;

	argp_err_exit_status = OUTCOME_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &s);
	if (set_up(&s, &error) < 0)
		goto failed;
	signalled = &s.run;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	observe_start(&s.run);
	started = now();
	outcome = run_machine(&s.run, &stop);
	script_tell(&s.run, stderr);
	if (observe_end(&s.run, &error) < 0 || (s.save && save(&s.run, s.save, &error) < 0)) {
		outcome = OUTCOME_FILES;
		goto failed;
	}
	result_print(&s.run, outcome, &stop, now() - started, stderr);
	tear_down(&s);
	return outcome;
failed:
	result_print_failure(&s.run, error.text, stderr);
	tear_down(&s);
	return outcome;
}

UMPS_COMMAND(run, "run a machine without a window", run_main);
