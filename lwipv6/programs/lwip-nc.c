/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lwip-nc: netcat over a stack of its own. Standard input goes to the connection, the connection to
 * standard output; end of file is passed on each way (half-close). With -l it waits for one
 * connection. The stack is made from a configuration string, lwip_stack_create(3).
 */
#include <argp.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lwipv6/lwipv6.h"

const char *argp_program_version = "lwip-nc " VSQUARE_VERSION;

struct arguments {
	const char *config, *host, *port, *capture;
	bool listen;
};

static const struct argp_option options[] = {
	{"stack", 's', "CONFIG", 0, "stack configuration, as vd0=/run/vde.ctl,ip=vd0:10.0.0.5/24",
	 0},
	{"listen", 'l', 0, 0, "wait for one connection on PORT", 0},
	{"capture", 'w', "FILE", 0, "write the first interface's frames to FILE (pcap)", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 's':
		a->config = arg;
		return 0;
	case 'l':
		a->listen = true;
		return 0;
	case 'w':
		a->capture = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (!a->host && !a->listen)
			a->host = arg;
		else if (!a->port)
			a->port = arg;
		else
			argp_usage(state);
		return 0;
	case ARGP_KEY_END:
		if (!a->config || !a->port)
			argp_error(state, "name a stack with -s and %s",
				   a->listen ? "a port" : "a host and a port");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static int die(const char *what)
{
	fprintf(stderr, "lwip-nc: %s: %s\n", what, strerror(errno));
	return 1;
}

static int connect_to(struct stack *stack, const char *host, const char *port)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				 .ai_socktype = SOCK_STREAM},
			*to;
	int error = getaddrinfo(host, port, &hints, &to), fd;

	if (error) {
		fprintf(stderr, "lwip-nc: %s port %s: %s; give numbers\n", host, port,
			gai_strerror(error));
		return -1;
	}
	fd = lwip_msocket(stack, to->ai_family, SOCK_STREAM, 0);
	if (fd < 0 || lwip_connect(fd, to->ai_addr, to->ai_addrlen) < 0) {
		die(host);
		fd = -1;
	}
	freeaddrinfo(to);
	return fd;
}

static int accept_one(struct stack *stack, const char *port)
{
	int l = lwip_msocket(stack, AF_INET6, SOCK_STREAM, 0), fd;
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(port))};

	if (l < 0 || lwip_bind(l, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    lwip_listen(l, 1) < 0) {
		die(port);
		return -1;
	}
	fd = lwip_accept(l, NULL, NULL);
	if (fd < 0)
		die("accept");
	lwip_close(l);
	return fd;
}

static bool write_all(int fd, const char *data, ssize_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0)
			return false;
		data += n;
		len -= n;
	}
	return true;
}

/* Both ways until both have ended. */
static int relay(int fd)
{
	struct pollfd p[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	static char buf[65536];
	ssize_t n;

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		if (lwip_poll(p, 2, -1) < 0)
			return die("poll");
		if (p[0].fd >= 0 && p[0].revents) {
			n = read(STDIN_FILENO, buf, sizeof(buf));
			if (n > 0 && lwip_send(fd, buf, n, 0) != n)
				return die("send");
			if (n <= 0) {
				lwip_shutdown(fd, SHUT_WR);
				p[0].fd = -1;
			}
		}
		if (p[1].fd >= 0 && p[1].revents) {
			n = lwip_recv(fd, buf, sizeof(buf), 0);
			if (n < 0)
				return die("receive");
			if (!n)
				p[1].fd = -1;
			else if (!write_all(STDOUT_FILENO, buf, n))
				return die("standard output");
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse, "HOST PORT\n-l PORT", "Netcat over a TCP/IP stack of its own.", 0,
		0,	 0};
	struct arguments a = {0};
	struct stack *stack;
	char error[256];
	int fd, status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	stack = lwip_stack_create(a.config, error, sizeof(error));
	if (!stack) {
		fprintf(stderr, "lwip-nc: %s\n", error);
		return 1;
	}
	if (a.capture) {
		static const char *const names[] = {"vd0", "tp0", "tn0"};
		struct netif *n = NULL;

		for (int i = 0; i < 3 && !n; i++)
			n = lwip_netif_find(stack, names[i]);
		if (!n || lwip_capture_start(n, a.capture) < 0)
			return die(a.capture);
	}
	fd = a.listen ? accept_one(stack, a.port) : connect_to(stack, a.host, a.port);
	if (fd < 0)
		return 1;
	/* The stack ends with the program: close waits for what is still on its way. */
	lwip_setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 60}, sizeof(struct linger));
	status = relay(fd);
	lwip_close(fd);
	lwip_stack_free(stack);
	return status;
}
