/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lwip serve: echo, discard, chargen, daytime over TCP and UDP, files over HTTP. One loop over the
 * kernel's epoll, which sees the readiness of the stack's descriptors as of any other; a connection
 * is a small state machine that never blocks the others.
 */
#include "lwipv6/programs/lwip/serve.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define EVENTS	    64
#define ROUND	    16 /* buffers of one connection before others have their turn */
#define CONNECTIONS 4096
#define BACKLOG	    1024

static const struct {
	const char *name;
	enum service_kind kind;
	int port;
	bool udp;
} known[] = {
	{"echo", SERVICE_ECHO, 7, true},	{"discard", SERVICE_DISCARD, 9, true},
	{"daytime", SERVICE_DAYTIME, 13, true}, {"chargen", SERVICE_CHARGEN, 19, true},
	{"http", SERVICE_HTTP, 80, false},
};

struct server {
	struct session *session;
	int epoll;
	struct service services[16];
	unsigned int nservices, nconnections;
	struct connection *connections;
};

/* RFC 864: lines of 72 of the 95 printable characters, each line begins one further. */
size_t chargen_fill(char *buf, size_t size, uint64_t *at)
{
	for (size_t i = 0; i < size; i++, ++*at) {
		unsigned int column = *at % 74;

		buf[i] = column == 72 ? '\r' : column == 73 ? '\n' : ' ' + (*at / 74 + column) % 95;
	}
	return size;
}

static size_t daytime(char *buf, size_t size)
{
	time_t t = time(NULL);
	struct tm tm;

	return strftime(buf, size, "%a, %d %b %Y %H:%M:%S %Z\r\n", localtime_r(&t, &tm));
}

/* ---- connections */

static void watch(struct server *sv, struct connection *c)
{
	uint32_t events = (c->reading ? EPOLLIN : 0) | (c->out_len || c->producing ? EPOLLOUT : 0);
	struct epoll_event ev = {.events = events, .data.ptr = &c->tag};

	if (events == c->watched)
		return;
	epoll_ctl(sv->epoll, c->watched == UINT32_MAX ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, c->fd, &ev);
	c->watched = events;
}

static void drop(struct server *sv, struct connection *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	if (c->file >= 0)
		close(c->file);
	lwip_close(c->fd);
	free(c);
	sv->nconnections--;
}

/* Bytes to send, from where the service gets them. */
static void produce(struct connection *c)
{
	c->out_at = 0;
	switch (c->service->kind) {
	case SERVICE_CHARGEN:
		c->out_len = chargen_fill(c->out, sizeof(c->out), &c->produced);
		return;
	case SERVICE_HTTP:
		http_produce(c);
		return;
	default:
		c->producing = false;
	}
}

static bool flush(struct connection *c)
{
	for (int i = 0; i < ROUND; i++) {
		ssize_t n;

		if (!c->out_len && c->producing)
			produce(c);
		if (!c->out_len)
			break;
		n = lwip_send(c->fd, c->out + c->out_at, c->out_len, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN;
		c->out_at += n;
		c->out_len -= n;
	}
	if (!c->out_len && !c->producing && (c->ending || c->eof))
		return false;
	return true;
}

static bool take(struct connection *c)
{
	ssize_t n;

	switch (c->service->kind) {
	case SERVICE_ECHO:
		if (c->out_len)
			return true; /* what was read must leave first */
		n = lwip_recv(c->fd, c->out, sizeof(c->out), 0);
		c->out_at = 0;
		c->out_len = n > 0 ? n : 0;
		break;
	case SERVICE_HTTP:
		n = lwip_recv(c->fd, c->in + c->in_len, sizeof(c->in) - 1 - c->in_len, 0);
		if (n > 0) {
			c->in_len += n;
			http_request(c);
		}
		break;
	default:
		n = lwip_recv(c->fd, c->in, sizeof(c->in), 0);
	}
	if (n < 0)
		return errno == EAGAIN;
	if (!n) {
		c->eof = true;
		c->reading = false;
		if (c->service->kind == SERVICE_CHARGEN)
			return false; /* nobody would end it */
	}
	return true;
}

static void serve_connection(struct server *sv, struct connection *c, uint32_t events)
{
	bool good = true;

	for (int i = 0; good && events & (EPOLLIN | EPOLLHUP | EPOLLERR) && c->reading && i < ROUND;
	     i++) {
		size_t had = c->in_len + c->out_len;

		good = take(c) && flush(c);
		if (c->out_len || c->in_len + c->out_len == had)
			break;
	}
	if (good)
		good = flush(c);
	if (!good) {
		drop(sv, c);
		return;
	}
	/* An echo is not read while it cannot be written, nor a request while one is answered. */
	if (!c->eof)
		c->reading = c->service->kind == SERVICE_ECHO ? !c->out_len
			     : c->service->kind == SERVICE_HTTP
				     ? !c->out_len && !c->producing && !c->ending
				     : true;
	watch(sv, c);
}

static void accept_all(struct server *sv, struct service *service)
{
	for (;;) {
		int fd = lwip_accept4(service->tcp, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct connection *c;

		if (fd < 0)
			return;
		c = sv->nconnections < CONNECTIONS ? calloc(1, sizeof(*c)) : NULL;
		if (!c) {
			lwip_close(fd);
			continue;
		}
		c->tag = TAG_CONNECTION;
		c->service = service;
		c->fd = fd;
		c->file = -1;
		c->watched = UINT32_MAX;
		c->reading = true;
		c->producing = service->kind == SERVICE_CHARGEN;
		c->next = sv->connections;
		c->link = &sv->connections;
		if (c->next)
			c->next->link = &c->next;
		sv->connections = c;
		sv->nconnections++;
		if (service->kind == SERVICE_DAYTIME) {
			c->out_len = daytime(c->out, sizeof(c->out));
			c->ending = true;
		}
		watch(sv, c);
	}
}

static void answer_datagrams(struct service *service)
{
	static __thread char buf[65536];

	for (int i = 0; i < ROUND; i++) {
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		ssize_t n = lwip_recvfrom(service->udp, buf, sizeof(buf), MSG_DONTWAIT,
					  (struct sockaddr *)&from, &len);
		uint64_t at = 0;

		if (n < 0)
			return;
		if (service->kind == SERVICE_DISCARD)
			continue;
		if (service->kind == SERVICE_DAYTIME)
			n = daytime(buf, sizeof(buf));
		else if (service->kind == SERVICE_CHARGEN)
			n = chargen_fill(buf, 512, &at);
		/* Two such services must not answer each other for ever (RFC 9293's spirit: no
		 * small ports). */
		if (ntohs(((struct sockaddr_in6 *)&from)->sin6_port) >= 1024)
			lwip_sendto(service->udp, buf, n, MSG_DONTWAIT, (struct sockaddr *)&from,
				    len);
	}
}

/* ---- opening services */

static int open_port(struct session *s, int type, int port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = lwip_msocket(s->stack, AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0)
		return -1;
	if (type == SOCK_STREAM)
		lwip_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!lwip_bind(fd, (struct sockaddr *)&any, sizeof(any)) &&
	    (type != SOCK_STREAM || !lwip_listen(fd, BACKLOG)))
		return fd;
	int error = errno;

	lwip_close(fd);
	errno = error;
	return -1;
}

/* NAME[:PORT][=DIRECTORY] */
static bool open_service(struct server *sv, char *text)
{
	struct session *s = sv->session;
	char *directory = strchr(text, '='), *port_text;
	struct service *service = &sv->services[sv->nservices];
	struct epoll_event ev = {.events = EPOLLIN};
	size_t i;
	long port;

	if (directory)
		*directory++ = 0;
	port_text = strchr(text, ':');
	if (port_text)
		*port_text++ = 0;
	for (i = 0; i < sizeof(known) / sizeof(known[0]) && strcmp(known[i].name, text); i++)
		;
	if (i == sizeof(known) / sizeof(known[0]) || sv->nservices == 16)
		return misuse(s, "serve: %s: not one of echo, discard, daytime, chargen, http",
			      text),
		       false;
	port = known[i].port;
	if (port_text && !read_number(s, text, port_text, 1, 65535, &port))
		return false;
	*service = (struct service){.tag = TAG_SERVICE_TCP,
				    .udp_tag = TAG_SERVICE_UDP,
				    .kind = known[i].kind,
				    .tcp = -1,
				    .udp = -1,
				    .directory = -1};
	if (service->kind == SERVICE_HTTP) {
		service->directory = openat(s->directory, directory ? directory : ".",
					    O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (service->directory < 0)
			return complain(s, "%s: %s", directory, strerror(errno)), false;
	}
	sv->nservices++;
	service->tcp = open_port(s, SOCK_STREAM, port);
	if (service->tcp >= 0 && known[i].udp)
		service->udp = open_port(s, SOCK_DGRAM, port);
	if (service->tcp < 0 || (known[i].udp && service->udp < 0))
		return complain(s, "%s: port %ld: %s", text, port, strerror(errno)), false;
	ev.data.ptr = &service->tag;
	epoll_ctl(sv->epoll, EPOLL_CTL_ADD, service->tcp, &ev);
	if (service->udp >= 0) {
		ev.data.ptr = &service->udp_tag;
		epoll_ctl(sv->epoll, EPOLL_CTL_ADD, service->udp, &ev);
	}
	return true;
}

static void dispatch(struct server *sv, const struct epoll_event *ev)
{
	enum epoll_tag *tag = ev->data.ptr;

	switch (*tag) {
	case TAG_SERVICE_TCP:
		accept_all(sv, (struct service *)((char *)tag - offsetof(struct service, tag)));
		return;
	case TAG_SERVICE_UDP:
		answer_datagrams(
			(struct service *)((char *)tag - offsetof(struct service, udp_tag)));
		return;
	case TAG_CONNECTION:
		serve_connection(
			sv, (struct connection *)((char *)tag - offsetof(struct connection, tag)),
			ev->events);
		return;
	case TAG_CANCEL:
		return;
	}
}

int run_serve(struct session *s, int argc, char **argv)
{
	enum epoll_tag cancel = TAG_CANCEL;
	struct server sv = {.session = s, .epoll = epoll_create1(EPOLL_CLOEXEC)};
	struct epoll_event ev[EVENTS] = {{.events = EPOLLIN | EPOLLRDHUP, .data.ptr = &cancel}};
	int status = argc < 2
			     ? misuse(s, "serve: name a service, as in echo or http:8080=DIRECTORY")
			     : STATUS_GOOD;

	epoll_ctl(sv.epoll, EPOLL_CTL_ADD, s->cancel, ev);
	for (int i = 1; i < argc && !status; i++)
		if (!open_service(&sv, argv[i]))
			status = STATUS_FAILED;
	if (!status) {
		fputs("serving\n", s->out);
		fflush(s->out);
	}
	while (!status && !cancelled(s)) {
		int n = epoll_wait(sv.epoll, ev, EVENTS, -1);

		if (n < 0 && errno != EINTR)
			break;
		for (int i = 0; i < n; i++)
			dispatch(&sv, &ev[i]);
	}
	while (sv.connections)
		drop(&sv, sv.connections);
	for (unsigned int i = 0; i < sv.nservices; i++) {
		lwip_close(sv.services[i].tcp);
		if (sv.services[i].udp >= 0)
			lwip_close(sv.services[i].udp);
		if (sv.services[i].directory >= 0)
			close(sv.services[i].directory);
	}
	close(sv.epoll);
	return status;
}
