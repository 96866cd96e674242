/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where terminals and printers lead: the standard streams, files, pseudo-terminals, telnet.
 *
 * Input is handed to the machine as it comes; the machine queues it. Output that nobody reads (no
 * telnet client, a pty nobody opened) is dropped here; the device's own log file has it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "umps/run/run.h"

#define TELNET_IAC 255

static int open_pty(struct console *c, const char *what, int number, struct umps_error *error)
{
	struct termios raw;

	c->in = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (c->in < 0 || grantpt(c->in) < 0 || unlockpt(c->in) < 0) {
		snprintf(error->text, sizeof(error->text), "%s%d: no pseudo-terminal to be had: %s",
			 what, number, strerror(errno));
		return -1;
	}
	tcgetattr(c->in, &raw);
	cfmakeraw(&raw);
	tcsetattr(c->in, TCSANOW, &raw);
	c->out = c->in;
	fprintf(stderr, "%s%d is %s\n", what, number, ptsname(c->in));
	return 0;
}

/* The first client, however long it takes: nothing printed before it comes is lost then. */
static int wait_for_client(struct console *c, const char *what, int number,
			   struct umps_error *error)
{
	struct pollfd ready = {.fd = c->listener, .events = POLLIN};

	fprintf(stderr, "%s%d waits for its client\n", what, number);
	while (c->in < 0) {
		if (poll(&ready, 1, -1) < 0 && errno != EINTR) {
			snprintf(error->text, sizeof(error->text), "%s%d: cannot wait: %s", what,
				 number, strerror(errno));
			return -1;
		}
		c->in = c->out = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	}
	return 0;
}

static int open_telnet(struct console *c, const char *what, int number, const char *port,
		       struct umps_error *error)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int on = 1;
	char *end;
	unsigned long n = strtoul(port, &end, 10);

	bool waits = !strcmp(end, ",wait");

	if (!*port || end == port || (*end && !waits) || n > 65535) {
		snprintf(error->text, sizeof(error->text),
			 "%s%d: telnet:%s: the port must be 0 to 65535, and nothing but \",wait\" "
			 "may follow",
			 what, number, port);
		return -1;
	}
	address.sin_port = htons((uint16_t)n);
	c->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(c->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(c->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(c->listener, 1) < 0) {
		snprintf(error->text, sizeof(error->text),
			 "%s%d: cannot listen on 127.0.0.1:%lu: %s", what, number, n,
			 strerror(errno));
		return -1;
	}
	getsockname(c->listener, (struct sockaddr *)&address, &size);
	fprintf(stderr, "%s%d listens on 127.0.0.1 port %d\n", what, number,
		ntohs(address.sin_port));
	return waits ? wait_for_client(c, what, number, error) : 0;
}

static int open_file(struct console *c, const char *what, int number, const char *path,
		     struct umps_error *error)
{
	c->out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (c->out >= 0)
		return 0;
	snprintf(error->text, sizeof(error->text), "%s%d: cannot write %s: %s", what, number, path,
		 strerror(errno));
	return -1;
}

/* WHERE: stdio, none, pty, telnet:PORT, telnet:PORT,wait or file:PATH. */
int console_open(struct console *c, const char *what, int number, const char *where,
		 struct umps_error *error)
{
	*c = (struct console){.in = -1, .out = -1, .listener = -1};
	if (!strcmp(where, "none"))
		return 0;
	if (!strcmp(where, "stdio")) {
		*c = (struct console){.kind = CONNECT_STDIO, .in = 0, .out = 1, .listener = -1};
		return 0;
	}
	if (!strcmp(where, "pty")) {
		c->kind = CONNECT_PTY;
		return open_pty(c, what, number, error);
	}
	if (!strncmp(where, "telnet:", 7)) {
		c->kind = CONNECT_TELNET;
		return open_telnet(c, what, number, where + 7, error);
	}
	if (!strncmp(where, "file:", 5)) {
		c->kind = CONNECT_FILE;
		return open_file(c, what, number, where + 5, error);
	}
	snprintf(error->text, sizeof(error->text),
		 "%s%d: \"%s\" is not stdio, none, pty, telnet:PORT or file:PATH", what, number,
		 where);
	return -1;
}

void console_close(struct console *c)
{
	if (c->kind == CONNECT_STDIO || c->kind == CONNECT_NOTHING)
		return;
	if (c->listener >= 0)
		close(c->listener);
	if (c->in >= 0)
		close(c->in);
	if (c->out >= 0 && c->out != c->in)
		close(c->out);
}

static void hang_up(struct console *c)
{
	close(c->in);
	c->in = c->out = -1;
}

void console_write(struct console *c, uint8_t character)
{
	char line_end[2] = {'\r', '\n'};
	bool network_line_end = c->kind == CONNECT_TELNET && character == '\n';
	ssize_t n;

	if (c->out < 0)
		return;
	do
		n = network_line_end ? write(c->out, line_end, 2) : write(c->out, &character, 1);
	while (n < 0 && errno == EINTR);
	if (n < 0 && c->kind == CONNECT_TELNET && errno != EAGAIN)
		hang_up(c);
}

int console_poll(const struct console *c, struct pollfd *fds)
{
	int fd = c->in >= 0 && !c->at_end ? c->in : c->listener;

	if (fd < 0)
		return 0;
	*fds = (struct pollfd){.fd = fd, .events = POLLIN};
	return 1;
}

bool console_live(const struct console *c)
{
	return c->listener >= 0 || (c->in >= 0 && !c->at_end);
}

/* Telnet commands out, carriage returns to newlines; returns the new length. */
static size_t telnet_filter(struct console *c, uint8_t *bytes, size_t length)
{
	size_t kept = 0;

	for (size_t i = 0; i < length; i++) {
		if (c->iac == 2) { /* the command */
			c->iac = bytes[i] >= 251 && bytes[i] <= 254 ? 1 : 0;
		} else if (c->iac == 1) { /* its option */
			c->iac = 0;
		} else if (bytes[i] == TELNET_IAC) {
			c->iac = 2;
		} else if (bytes[i] != '\r' && bytes[i] != 0) {
			bytes[kept++] = bytes[i];
		}
	}
	return kept;
}

bool console_read(struct run *run, int number)
{
	struct console *c = &run->terminals[number];
	struct pollfd ready;
	uint8_t bytes[4096];
	ssize_t n;

	if (!console_poll(c, &ready) || poll(&ready, 1, 0) <= 0)
		return false;
	if (ready.fd == c->listener) {
		c->in = c->out = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		return true;
	}
	n = read(c->in, bytes, sizeof(bytes));
	if (n > 0) {
		if (c->kind == CONNECT_TELNET)
			n = (ssize_t)telnet_filter(c, bytes, (size_t)n);
		umps_terminal_input(run->machine, number, bytes, (size_t)n);
		return true;
	}
	if (n < 0 &&
	    (errno == EAGAIN || errno == EINTR || (errno == EIO && c->kind == CONNECT_PTY)))
		return false;
	if (c->kind == CONNECT_TELNET)
		hang_up(c);
	else
		c->at_end = true;
	return false;
}
