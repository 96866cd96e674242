/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lwip: a TCP/IP stack at the command line. A command runs where the stack is:
 *
 *   lwip -s CONFIG COMMAND    main.c makes a stack, runs the command in this process, frees it
 *   lwip start CONFIG         daemon.c keeps a stack and a control socket
 *   lwip COMMAND              client.c sends arguments, directory and standard files to the daemon,
 *                             which runs the command in a thread and answers with its status
 *
 * A command reads nothing of the process but its session; it ends early when session->cancel
 * becomes readable (the client went away, or a signal). Interfaces are shown and changed through
 * netlink.
 */
#ifndef LWIPV6_PROGRAMS_LWIP_H
#define LWIPV6_PROGRAMS_LWIP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <jansson.h>
#include "lwipv6/lwipv6.h"

enum { STATUS_GOOD = 0, STATUS_FAILED = 1, STATUS_USAGE = 64 };

struct session {
	struct stack *stack;
	FILE *out, *err;
	int cancel;    /* readable: stop */
	int directory; /* relative paths start here */
	bool json;
	int family; /* AF_UNSPEC, AF_INET, AF_INET6 as -4 and -6 ask */
};

struct command {
	const char *name, *arguments, *what;
	/* argv[0] is the command's name. The result is an exit status. */
	int (*run)(struct session *s, int argc, char **argv);
};

extern const struct command commands[]; /* ends with a NULL name */
const struct command *command_find(const char *name);
/* Run argv[0]; unknown names are told. */
int command_run(struct session *s, int argc, char **argv);
/* "lwip: ..." to the session's errors; returns STATUS_FAILED. */
__attribute__((format(printf, 2, 3))) int complain(struct session *s, const char *format, ...);
/* The same about wrong arguments: points at lwip(1); STATUS_USAGE. */
__attribute__((format(printf, 2, 3))) int misuse(struct session *s, const char *format, ...);
/* A whole number of an argument within bounds; told when it is not. */
bool read_number(struct session *s, const char *what, const char *text, long min, long max,
		 long *out);

/* ---- address.c: names to addresses, by number or the name servers the stack has learned */
struct target {
	struct sockaddr_storage name;
	socklen_t len;
	char text[INET6_ADDRSTRLEN + 16];
};
bool find_target(struct session *s, const char *host, int port, struct target *t);
/* Connect a stream, giving up when cancelled; -1 told. */
int connect_target(struct session *s, const struct target *t);
/* Wait for events on a descriptor of the stack; false when cancelled or after @timeout_ms (-1
 * never). */
bool wait_for(struct session *s, int fd, short events, int timeout_ms);
bool cancelled(struct session *s);
/* All of @data to a stream of the stack; false told. */
bool send_all(struct session *s, int fd, const void *data, size_t len);

/* ---- commands, one file each */
int run_link(struct session *s, int argc, char **argv);
int run_addr(struct session *s, int argc, char **argv);
int run_route(struct session *s, int argc, char **argv);
int run_neigh(struct session *s, int argc, char **argv);
int run_rule(struct session *s, int argc, char **argv);
int run_ping(struct session *s, int argc, char **argv);
int run_serve(struct session *s, int argc, char **argv);
int run_get(struct session *s, int argc, char **argv);
int run_measure(struct session *s, int argc, char **argv);
int run_trace(struct session *s, int argc, char **argv);
int run_filter(struct session *s, int argc, char **argv);
int run_dhcp(struct session *s, int argc, char **argv);
int run_set(struct session *s, int argc, char **argv);
int run_status(struct session *s, int argc, char **argv);

/* ---- daemon.c, client.c */
int daemon_start(const char *name, const char *config, bool foreground);
int client_run(const char *name, const struct session *s, int argc, char **argv);
int daemon_list(bool json);
/* The path of a daemon's control socket; false told. */
bool control_path(const char *name, char *path, size_t size);

#endif
