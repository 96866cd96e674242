/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line, and where a command runs. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "lwipv6/programs/lwip/lwip.h"

const char *argp_program_version = "lwip " VSQUARE_VERSION;

const struct command commands[] = {
	{"link", "[show [DEV] | set DEV CHANGES | del DEV]", "interfaces", run_link},
	{"addr", "[show [DEV] | add|replace|del ADDRESS/LENGTH dev DEV]", "addresses", run_addr},
	{"route", "[show | add|replace|del PREFIX [via ADDRESS] [dev DEV] | get ADDRESS]", "routes",
	 run_route},
	{"neigh", "[show | add|replace|del ADDRESS lladdr MAC dev DEV]", "neighbours", run_neigh},
	{"rule", "[show]", "routing rules", run_rule},
	{"ping", "[-c COUNT] [-i SECONDS] [-s BYTES] [-W SECONDS] [-q] HOST", "echo requests",
	 run_ping},
	{"serve", "SERVICE[:PORT][=DIRECTORY]...", "echo, discard, chargen, daytime, http",
	 run_serve},
	{"get", "[-o FILE] URL", "fetch over HTTP", run_get},
	{"measure", "[-t SECONDS] [-P STREAMS] [-R] [-p PORT] HOST | -s [-p PORT] [-1]",
	 "throughput, in iperf3's protocol", run_measure},
	{"dhcp", "DEV [start | show]",
	 "addresses by DHCP of both families, or the one that -4 or -6 says", run_dhcp},
	{"filter", "[show | load FILE | off]", "packet filter and NAT", run_filter},
	{"trace", "DEV FILE|off", "write an interface's frames to a pcap file", run_trace},
	{"set", "[NAME [VALUE]]", "what TCP does where a program says nothing", run_set},
	{"status", "", "counters of the stack and its interfaces", run_status},
	{0},
};

struct arguments {
	const char *name, *config;
	bool foreground;
	struct session session;
	int argc;
	char **argv;
};

static const struct argp_option options[] = {
	{"stack", 's', "CONFIG", 0, "make a stack for this one command", 0},
	{"name", 'n', "NAME", 0, "the daemon to start or talk to (default: lwip)", 0},
	{"foreground", 'f', 0, 0, "start: stay in the foreground", 0},
	{"json", 'j', 0, 0, "tables as JSON", 0},
	{0, '4', 0, 0, "IPv4 only", 0},
	{0, '6', 0, 0, "IPv6 only", 0},
	{0},
};

int complain(struct session *s, const char *format, ...)
{
	va_list args;

	fputs("lwip: ", s->err);
	va_start(args, format);
	vfprintf(s->err, format, args);
	va_end(args);
	fputc('\n', s->err);
	return STATUS_FAILED;
}

int misuse(struct session *s, const char *format, ...)
{
	va_list args;

	fputs("lwip: ", s->err);
	va_start(args, format);
	vfprintf(s->err, format, args);
	va_end(args);
	fputs("; see lwip --help\n", s->err);
	return STATUS_USAGE;
}

bool read_number(struct session *s, const char *what, const char *text, long min, long max,
		 long *out)
{
	char *end = NULL;

	errno = 0;
	*out = text ? strtol(text, &end, 10) : 0;
	if (text && *text && !*end && !errno && *out >= min && *out <= max)
		return true;
	misuse(s, "%s: %s is not a number from %ld to %ld", what, text ? text : "(nothing)", min,
	       max);
	return false;
}

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

int command_run(struct session *s, int argc, char **argv)
{
	const struct command *c = command_find(argv[0]);

	if (!c)
		return misuse(s, "%s: no such command", argv[0]);
	return c->run(s, argc, argv);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 's':
		a->config = arg;
		return 0;
	case 'n':
		a->name = arg;
		return 0;
	case 'f':
		a->foreground = true;
		return 0;
	case 'j':
		a->session.json = true;
		return 0;
	case '4':
		a->session.family = AF_INET;
		return 0;
	case '6':
		a->session.family = AF_INET6;
		return 0;
	case ARGP_KEY_ARG:
		/* The command's own options are the command's. */
		a->argc = state->argc - state->next + 1;
		a->argv = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static char *help_filter(int key, const char *text, void *input)
{
	char *all = NULL;
	size_t size;
	FILE *f;

	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	f = open_memstream(&all, &size);
	if (!f)
		return (char *)text;
	fputs("Commands:\n  start CONFIG   a stack that stays, with a control socket\n"
	      "  stop           end it\n  list           the stacks that run\n",
	      f);
	for (const struct command *c = commands; c->name; c++)
		fprintf(f, "  %-8s %s\n%17s%s\n", c->name, c->arguments, "", c->what);
	fputs("CONFIG is described in lwip(1), as in "
	      "vd0=/run/vde.ctl,ip=vd0:10.0.0.5/24,gw=10.0.0.1.",
	      f);
	fclose(f);
	return all;
}

/* One command on a stack of its own. */
static int run_once(struct arguments *a)
{
	struct session *s = &a->session;
	char error[256];
	sigset_t set;
	int status;

	s->stack = lwip_stack_create(a->config, error, sizeof(error));
	if (!s->stack)
		return complain(s, "%s", error);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->cancel = signalfd(-1, &set, SFD_CLOEXEC);
	status = command_run(s, a->argc, a->argv);
	fflush(s->out);
	lwip_stack_free(s->stack);
	close(s->cancel);
	return status;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse,
		"COMMAND [ARGUMENT...]",
		"A TCP/IP stack of its own, configured, used and measured.\v",
		0,
		help_filter,
		0};
	struct arguments a = {
		.name = "lwip",
		.session = {.out = stdout, .err = stderr, .cancel = -1, .directory = AT_FDCWD}};

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &a);
	signal(SIGPIPE, SIG_IGN);
	if (!strcmp(a.argv[0], "start")) {
		if (a.argc != 2)
			return misuse(
				&a.session,
				"start: give one configuration, as in vd0=/run/vde.ctl,auto=vd0");
		return daemon_start(a.name, a.argv[1], a.foreground);
	}
	if (!strcmp(a.argv[0], "list"))
		return daemon_list(a.session.json);
	if (strcmp(a.argv[0], "stop") && !command_find(a.argv[0]))
		return misuse(&a.session, "%s: no such command", a.argv[0]);
	if (a.config)
		return run_once(&a);
	return client_run(a.name, &a.session, a.argc, a.argv);
}
