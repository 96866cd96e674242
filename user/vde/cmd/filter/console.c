// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The console of vde filter: the protocol of switches' consoles with the commands of the classic
 * wirefilter. Lines are taken as they become complete, whatever pieces they come in.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "user/vde/cmd/command.h"
#include "user/vde/cmd/filter/filter.h"

#define PROMPT "\nVDEwf$ "

struct call {
	struct filter *filter;
	struct session *session; /* NULL: a script */
	const char *argument;
	FILE *out;
};

static int show_info(struct call *call)
{
	struct filter *filter = call->filter;
	unsigned int node = impair_edited_node(filter->model);

	fprintf(call->out, "vde filter %s pid %d\n", VSQUARE_VERSION, getpid());
	fprintf(call->out, "node %u of %u \"%s\", current %u, fifo %d, markov-time %u ms\n", node,
		impair_nodes(filter->model), impair_name(filter->model, node),
		impair_current(filter->model), impair_fifo(filter->model),
		impair_step_time(filter->model));
	for (enum impair_kind kind = 0; kind < IMPAIR_KINDS; kind++) {
		fprintf(call->out, "%-12s", impair_kind_name(kind));
		for (enum impair_way way = 0; way < IMPAIR_WAYS; way++) {
			struct impair_value v = impair_get(filter->model, node, way, kind);

			fprintf(call->out, " %s %.10g+%.10g%c", way == IMPAIR_LR ? "LR" : "RL",
				v.value, v.spread, v.gaussian ? 'N' : 'U');
		}
		fprintf(call->out, "\n");
	}
	for (enum impair_way way = 0; way < IMPAIR_WAYS; way++) {
		struct impair_counters n = impair_count(filter->channel[way]);

		fprintf(call->out,
			"%s sent %llu delivered %llu lost %llu overflow %llu too-long %llu "
			"duplicates %llu corrupted %llu queued %llu\n",
			way == IMPAIR_LR ? "LR" : "RL", (unsigned long long)n.sent,
			(unsigned long long)n.delivered, (unsigned long long)n.lost,
			(unsigned long long)n.overflow, (unsigned long long)n.too_long,
			(unsigned long long)n.duplicates, (unsigned long long)n.corrupted,
			(unsigned long long)n.queued_bytes);
	}
	return 0;
}

static int set_fifo(struct call *call)
{
	if (strcmp(call->argument, "0") && strcmp(call->argument, "1"))
		return EINVAL;
	impair_set_fifo(call->filter->model, call->argument[0] == '1');
	return 0;
}

/* "N" or "N,N" or "N,N,PERCENT": how many there are, -1 for nonsense. */
static int numbers(const char *text, double *value, int most)
{
	int count = 0;
	char *rest;

	while (count < most) {
		value[count++] = strtod(text, &rest);
		if (rest == text)
			return -1;
		rest += strspn(rest, " ");
		if (!*rest)
			return count;
		if (*rest != ',')
			return -1;
		text = rest + 1;
	}
	return -1;
}

static int one_number(struct call *call, int (*set)(struct impair_model *, unsigned int))
{
	double value;

	if (numbers(call->argument, &value, 1) != 1 || value < 0 || value > 1e9)
		return EINVAL;
	return -set(call->filter->model, value);
}

static int set_nodes(struct call *call)
{
	return one_number(call, impair_set_nodes);
}

static int set_node(struct call *call)
{
	return one_number(call, impair_edit_node);
}

static int set_time(struct call *call)
{
	return one_number(call, impair_set_step);
}

static int set_current(struct call *call)
{
	return one_number(call, impair_set_current);
}

static int set_name(struct call *call)
{
	const char *comma = strchr(call->argument, ',');
	char *rest;
	unsigned long node = strtoul(call->argument, &rest, 10);

	if (!comma || rest != comma)
		return EINVAL;
	return -impair_set_name(call->filter->model, node, comma + 1);
}

static int set_edge(struct call *call)
{
	double value[3];

	if (numbers(call->argument, value, 3) != 3 || value[0] < 0 || value[1] < 0)
		return EINVAL;
	return -impair_set_edge(call->filter->model, value[0], value[1], value[2]);
}

static int show_edges(struct call *call)
{
	const struct impair_model *model = call->filter->model;
	unsigned int node = impair_edited_node(model);
	double value;

	if (*call->argument) {
		if (numbers(call->argument, &value, 1) != 1 || value < 0 ||
		    value >= impair_nodes(model))
			return EINVAL;
		node = value;
	}
	for (unsigned int to = 0; to < impair_nodes(model); to++)
		if (impair_edge(model, node, to) > 0)
			fprintf(call->out, "Edge %u->%u weight %.10g\n", node, to,
				impair_edge(model, node, to));
	return 0;
}

static int show_current(struct call *call)
{
	const struct impair_model *model = call->filter->model;

	fprintf(call->out, "Current Markov node %u (%s)\n", impair_current(model),
		impair_name(model, impair_current(model)));
	return 0;
}

static int set_debug(struct call *call)
{
	if (!call->session)
		return ENOTTY;
	if (strcmp(call->argument, "0") && strcmp(call->argument, "1"))
		return EINVAL;
	call->session->debug = call->argument[0] == '1';
	return 0;
}

static int load(struct call *call)
{
	return filter_run_script(call->filter, call->argument) ? EINVAL : 0;
}

static int end_session(struct call *call)
{
	if (call->session)
		call->session->ending = true;
	return 0;
}

static int shut_down(struct call *call)
{
	call->filter->stopping = true;
	return end_session(call);
}

static int help(struct call *call);

static const struct command {
	const char *name, *syntax, *help;
	int (*run)(struct call *call);
	bool lists;
} commands[] = {
	{"help", "", "these commands", help, true},
	{"showinfo", "", "values and counters", show_info, true},
	{"load", "FILE", "carry out a file of commands", load, false},
	{"delay", "VALUE", "milliseconds", NULL, false},
	{"loss", "VALUE", "percent", NULL, false},
	{"lostburst", "VALUE", "mean length of bursts of loss", NULL, false},
	{"dup", "VALUE", "percent", NULL, false},
	{"bandwidth", "VALUE", "bytes per second of the channel", NULL, false},
	{"band", "VALUE", "the same", NULL, false},
	{"speed", "VALUE", "bytes per second taken from senders", NULL, false},
	{"chanbufsize", "VALUE", "bytes that may be on their way", NULL, false},
	{"capacity", "VALUE", "the same", NULL, false},
	{"noise", "VALUE", "flipped bits per MiB", NULL, false},
	{"mtu", "VALUE", "longest frame", NULL, false},
	{"fifo", "0/1", "keep frames in order", set_fifo, false},
	{"markov-numnodes", "N", "number of nodes", set_nodes, false},
	{"markov-setnode", "N", "edit the values of a node", set_node, false},
	{"markov-setcurrent", "N", "go to a node", set_current, false},
	{"markov-name", "N,TEXT", "name a node", set_name, false},
	{"markov-time", "MS", "time of a step", set_time, false},
	{"markov-debug", "0/1", "tell of every change of node", set_debug, false},
	{"setedge", "N,N,PERCENT", "probability of a step from one to another", set_edge, false},
	{"showedges", "[N]", "steps from a node", show_edges, true},
	{"showcurrent", "", "the current node", show_current, true},
	{"logout", "", "end this session", end_session, false},
	{"shutdown", "", "end the filter", shut_down, false},
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

static int help(struct call *call)
{
	fprintf(call->out, "%-18s %-15s %s\n", "COMMAND", "SYNTAX", "HELP");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(call->out, "%-18s %-15s %s\n", commands[i].name, commands[i].syntax,
			commands[i].help);
	return 0;
}

/* One line; its answer goes to out. The errno of the command. */
static int carry_out(struct filter *filter, struct session *session, char *line, FILE *out)
{
	struct call call = {.filter = filter, .session = session, .out = out};
	size_t length;
	int status = ENOSYS;

	line += strspn(line, " \t");
	length = strcspn(line, " \t\r");
	/* A remark: # behind a blank. */
	for (char *at = line + length; at > line && *at; at++)
		if (*at == '#' && strchr(" \t", at[-1]))
			*at = '\0';
	call.argument = line + length + strspn(line + length, " \t\r");
	for (char *end = line + strlen(line); end > line + length && strchr(" \t\r", end[-1]);)
		*--end = 0;
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strlen(commands[i].name) != length || strncmp(commands[i].name, line, length))
			continue;
		if (commands[i].lists)
			fprintf(out, "0000 DATA END WITH '.'\n");
		if (commands[i].run) {
			status = commands[i].run(&call);
		} else {
			status = -impair_set(filter->model, impair_kind_named(commands[i].name),
					     call.argument);
			filter->next_step = 0;
		}
		if (commands[i].lists)
			fprintf(out, ".\n");
		break;
	}
	fprintf(out, "1%03d %s\n", status, status ? strerror(status) : "Success");
	return status;
}

int filter_run_script(struct filter *filter, const char *path)
{
	FILE *script = fopen(path, "re"), *nowhere = fopen("/dev/null", "we");
	char line[LINE_SIZE];
	int number = 0, failed = 0;

	if (!script || !nowhere) {
		complain("cannot read the commands in %s: %m", path);
		failed = -1;
	}
	while (!failed && fgets(line, sizeof(line), script)) {
		int status;

		number++;
		line[strcspn(line, "\n")] = 0;
		if (!line[strspn(line, " \t\r")] || line[strspn(line, " \t")] == '#')
			continue;
		status = carry_out(filter, NULL, line, nowhere);
		if (status) {
			complain("%s:%d: %s", path, number, strerror(status));
			failed = -1;
		}
	}
	if (script)
		fclose(script);
	if (nowhere)
		fclose(nowhere);
	return failed;
}

static void end(struct session *session)
{
	close(session->fd);
	session->fd = -1;
}

static void answer(struct session *session, const char *text, size_t length)
{
	/* A client that reads nothing of its answers is no client. */
	if (send(session->fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)length)
		session->ending = true;
}

static void carry_out_line(struct filter *filter, struct session *session, char *line)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out) {
		session->ending = true;
		return;
	}
	line[strcspn(line, "\r")] = 0;
	if (line[strspn(line, " \t")] && line[strspn(line, " \t")] != '#')
		carry_out(filter, session, line, out);
	fprintf(out, "%s", session->ending ? "9999 END OF SESSION" : PROMPT);
	fclose(out);
	answer(session, text, length);
	free(text);
}

void filter_console_read(struct filter *filter, struct session *session)
{
	ssize_t n = recv(session->fd, session->line + session->used,
			 sizeof(session->line) - 1 - session->used, MSG_DONTWAIT);
	char *line = session->line, *newline;

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			end(session);
		return;
	}
	session->used += n;
	session->line[session->used] = 0;
	while (!session->ending &&
	       (newline = memchr(line, '\n', session->used - (line - session->line)))) {
		*newline = 0;
		carry_out_line(filter, session, line);
		line = newline + 1;
	}
	session->used -= line - session->line;
	memmove(session->line, line, session->used);
	if (session->ending || session->used == sizeof(session->line) - 1)
		end(session);
}

void filter_console_accept(struct filter *filter)
{
	int fd = accept4(filter->listener.fd, NULL, NULL, SOCK_CLOEXEC);
	static const char greeting[] =
		"VDE filter " VSQUARE_VERSION "\nGPL-2.0-or-later; `help` lists "
		"the commands" PROMPT;

	if (fd < 0)
		return;
	for (int i = 0; i < SESSIONS_MAX; i++)
		if (filter->sessions[i].fd < 0) {
			filter->sessions[i] = (struct session){.fd = fd};
			answer(&filter->sessions[i], greeting, sizeof(greeting) - 1);
			return;
		}
	close(fd);
}

void filter_tell_node(struct filter *filter)
{
	unsigned int node = impair_current(filter->model);
	char text[64 + IMPAIR_NAME_SIZE];
	int length = snprintf(text, sizeof(text), "%u markov %u %s\n", 3800 + node, node,
			      impair_name(filter->model, node));

	for (int i = 0; i < SESSIONS_MAX; i++)
		if (filter->sessions[i].fd >= 0 && filter->sessions[i].debug)
			answer(&filter->sessions[i], text, length);
}

int filter_console_open(struct filter *filter)
{
	char reason[NAME_REASON_SIZE], warning[NAME_REASON_SIZE];

	if (!filter->console_path)
		return 0;
	if (name_listen(&filter->listener, filter->console_path, filter->console_mode, -1, reason,
			warning) < 0) {
		complain("%s", reason);
		return -1;
	}
	if (*warning)
		complain("%s", warning);
	return 0;
}

void filter_console_close(struct filter *filter)
{
	for (int i = 0; i < SESSIONS_MAX; i++)
		if (filter->sessions[i].fd >= 0)
			end(&filter->sessions[i]);
	name_unlisten(&filter->listener);
}
