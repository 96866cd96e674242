/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * umps gdb: a machine that stands still until a debugger comes and tells it what to do.
 *
 * The debugger connects over TCP (loopback only: whoever connects rules the machine) or talks
 * through standard input and output, as gdb's `target remote | umps gdb --stdio MACHINE`. One
 * debugger at a time. When it detaches the machine runs on until the next one comes; when it
 * disappears the machine stands still; when it kills, all ends.
 */
#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "umps/front/open.h"
#include "umps/front/options.h"
#include "umps/gdb/server.h"
#include "umps/run/command.h"

#define DEFAULT_PORT 1234

struct options {
	struct serving_options serving;
	int terminal;
	bool stdio, interpreter;
};

enum { OPTION_NO_TERMINAL = 256, OPTION_INTERPRETER };

static const struct argp_option option_list[] = {
	{"stdio", 's', NULL, 0, "speak to the debugger through standard input and output", 0},
	{"terminal", 't', "N", 0, "the terminal that the user sees and types on (default 0)", 0},
	{"no-terminal", OPTION_NO_TERMINAL, NULL, 0, "show no terminal", 0},
	{"interpreter", OPTION_INTERPRETER, NULL, 0, "do not translate to host code", 0},
	{0}};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 's':
		o->stdio = true;
		break;
	case 't':
		o->terminal = option_number(state, argument, UMPS_N_DEVICES - 1, "terminal");
		break;
	case OPTION_NO_TERMINAL:
		o->terminal = -1;
		break;
	case OPTION_INTERPRETER:
		o->interpreter = true;
		break;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->serving;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = option_list,
	.parser = parse_option,
	.args_doc = "MACHINE.json | KERNEL",
	.doc = "Waits for gdb (`target remote :1234`, or another --port) and lets it debug the "
	       "machine.",
	.children = serving_children,
};

static int listen_on(int port, char *text, size_t size)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
		fprintf(stderr,
			"umps gdb: cannot listen on port %d: %s; choose another one with --port\n",
			port, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	snprintf(text, size, "127.0.0.1:%d", ntohs(address.sin_port));
	return fd;
}

static void serve_connections(struct server *s, int listener)
{
	while (!s->finished) {
		int fd, on = 1;

		if (s->detached)
			resume_detached(s, listener);
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		s->in = s->out = fd;
		server_connected(s);
		server_serve(s);
		s->in = s->out = -1;
		close(fd);
		if (s->machine)
			points_clear(s);
	}
}

static int serve(struct server *s, const struct options *o)
{
	char address[32];
	int listener;

	signal(SIGPIPE, SIG_IGN);
	if (o->stdio) {
		signal(SIGINT, SIG_IGN); /* gdb's terminal sends it to both of us; gdb tells us in
					    its own way */
		s->in = STDIN_FILENO;
		s->out = STDOUT_FILENO;
		s->console_in_packets = true;
		server_connected(s);
		server_serve(s);
		return 0;
	}
	listener = listen_on(o->serving.port, address, sizeof(address));
	if (listener < 0)
		return 1;
	fprintf(stderr, "umps gdb: listening; in gdb say: target remote %s\n", address);
	s->keyboard = s->terminal < 0 ? -1 : STDIN_FILENO;
	serve_connections(s, listener);
	close(listener);
	return 0;
}

static int gdb_main(int argc, char **argv)
{
	struct options o = {.serving.port = DEFAULT_PORT};
	struct server s = {.in = -1, .out = -1, .keyboard = -1, .asid = CURRENT_ASID};
	struct umps_error error;
	int status = 1;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	s.terminal = o.terminal;
	s.record = !o.serving.no_record;
	s.interpreter = o.interpreter;
	s.config = config_from_path(o.serving.path, o.serving.machine, &error);
	if (!s.config || server_power_on(&s, &error) < 0)
		fprintf(stderr, "umps gdb: %s\n", error.text);
	else
		status = serve(&s, &o);
	server_power_off(&s);
	umps_config_free(s.config);
	return status;
}

UMPS_COMMAND(gdb, "serve a debugger", gdb_main);
