/* SPDX-License-Identifier: GPL-2.0-only */
/* What each call says in each state of a socket, and what poll and epoll show. */
#include "tests/lwipv6/calls.h"
#include <linux/sockios.h>
#include <pthread.h>

static const char *bits(unsigned int events)
{
	static char text[8][80];
	static int next;
	static const struct {
		unsigned int bit;
		const char *name;
	} names[] = {{POLLIN, "IN"},   {POLLPRI, "PRI"}, {POLLOUT, "OUT"},
		     {POLLERR, "ERR"}, {POLLHUP, "HUP"}, {POLLRDHUP, "RDHUP"}};
	char *to = text[next++ % 8];

	*to = 0;
	for (size_t i = 0; i < 6; i++)
		if (events & names[i].bit)
			snprintf(to + strlen(to), sizeof(text[0]) - strlen(to), "%s%s",
				 *to ? "|" : "", names[i].name);
	return *to ? to : "0";
}

static const char *name_of(const char *state, const char *call)
{
	static char name[120];

	snprintf(name, sizeof(name), "%s/%s", state, call);
	return name;
}

/* What a call says that puts a number at @n. */
static void says_number(const char *state, const char *call, int r, const int *n)
{
	say(name_of(state, call), "%s %d", outcome(r), r ? 0 : *n);
}

static short polled(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP};

	c->poll(&p, 1, 0);
	return p.revents;
}

static unsigned int epolled(int fd)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP};
	int ep = epoll_create1(0), n;

	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
	ev.events = 0;
	n = epoll_wait(ep, &ev, 1, 0);
	close(ep);
	return n > 0 ? ev.events : 0;
}

/* What the socket says, without changing it. */
static void look(const char *state, int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa), ilen = sizeof(int);
	int n = -1;

	say(name_of(state, "poll"), "%s", bits(polled(fd)));
	say(name_of(state, "epoll"), "%s", bits(epolled(fd)));
	say(name_of(state, "getpeername"), "%s", outcome(c->getpeername(fd, (void *)&sa, &len)));
	len = sizeof(sa);
	say(name_of(state, "getsockname"), "%s", outcome(c->getsockname(fd, (void *)&sa, &len)));
	says_number(state, "FIONREAD", c->ioctl(fd, FIONREAD, &n), &n);
	n = -1;
	says_number(state, "SIOCOUTQ", c->ioctl(fd, SIOCOUTQ, &n), &n);
	n = -1;
	says_number(state, "SIOCATMARK", c->ioctl(fd, SIOCATMARK, &n), &n);
	says_number(state, "SO_ACCEPTCONN", c->getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &n, &ilen),
		    &n);
}

/* What calls say, in an order that changes the socket as little as possible. */
static void call(const char *state, int fd)
{
	char buf[100];
	struct sockaddr_in a = name4("127.0.0.1", 9);
	int error = -1;
	socklen_t len = sizeof(error);

	say(name_of(state, "recv"), "%s", outcome(c->recv(fd, buf, sizeof(buf), MSG_DONTWAIT)));
	say(name_of(state, "recv OOB"), "%s",
	    outcome(c->recv(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_OOB)));
	say(name_of(state, "read of nothing"), "%s", outcome(c->read(fd, buf, 0)));
	say(name_of(state, "readv of nothing"), "%s", outcome(c->readv(fd, NULL, 0)));
	say(name_of(state, "send"), "%s", outcome(c->send(fd, "x", 1, MSG_DONTWAIT)));
	say(name_of(state, "send of nothing"), "%s", outcome(c->send(fd, "x", 0, MSG_DONTWAIT)));
	say(name_of(state, "accept"), "%s", outcome(c->accept(fd, 0)));
	say(name_of(state, "bind"), "%s", outcome(c->bind(fd, (void *)&a, sizeof(a))));
	says_number(state, "SO_ERROR", c->getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len),
		    &error);
	say(name_of(state, "listen"), "%s", outcome(c->listen(fd, 5)));
	say(name_of(state, "shutdown RD"), "%s", outcome(c->shutdown(fd, SHUT_RD)));
	say(name_of(state, "poll after RD"), "%s", bits(polled(fd)));
	say(name_of(state, "shutdown WR"), "%s", outcome(c->shutdown(fd, SHUT_WR)));
	say(name_of(state, "shutdown 7"), "%s", outcome(c->shutdown(fd, 7)));
	say(name_of(state, "send at last"), "%s", outcome(c->send(fd, "x", 1, MSG_DONTWAIT)));
	say(name_of(state, "recv at last"), "%s",
	    outcome(c->recv(fd, buf, sizeof(buf), MSG_DONTWAIT)));
}

static void streams(int family)
{
	struct sockaddr_in a = name4("127.0.0.1", 0);
	int fds[2], fd, one = 1;
	struct linger now = {1, 0};
	char buf[100];

	fd = c->socket(family, SOCK_STREAM, 0);
	look("new", fd);
	call("new", fd);
	c->close(fd);
	if (family == AF_INET) {
		socklen_t len = sizeof(a);

		fd = c->socket(family, SOCK_STREAM, 0);
		c->bind(fd, (void *)&a, sizeof(a));
		look("bound", fd);
		c->close(fd);
		fd = c->socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
		c->bind(fd, (void *)&a, sizeof(a));
		c->listen(fd, 5);
		look("listening", fd);
		call("listening", fd);
		c->close(fd);
		/* refused */
		fd = c->socket(family, SOCK_STREAM, 0);
		c->bind(fd, (void *)&a, sizeof(a));
		c->getsockname(fd, (void *)&a, &len);
		c->close(fd);
		fd = c->socket(family, SOCK_STREAM, 0);
		say("refused/connect", "%s", outcome(c->connect(fd, (void *)&a, sizeof(a))));
		look("refused", fd);
		call("refused", fd);
		c->close(fd);
	}
	pair(family, fds);
	look("connected", fds[0]);
	say("connected/connect again", "%s", outcome(c->connect(fds[0], (void *)&a, sizeof(a))));
	call("connected", fds[0]);
	c->close(fds[0]);
	c->close(fds[1]);
	pair(family, fds);
	c->send(fds[1], "hello", 5, 0);
	until(fds[0], POLLIN);
	look("data waits", fds[0]);
	say("data waits/peek", "%s", outcome(c->recv(fds[0], buf, 3, MSG_PEEK)));
	say("data waits/trunc", "%s", outcome(c->recv(fds[0], NULL, 2, MSG_TRUNC)));
	say("data waits/waitall nonblocking", "%s",
	    outcome(c->recv(fds[0], buf, 50, MSG_WAITALL | MSG_DONTWAIT)));
	c->close(fds[0]);
	c->close(fds[1]);
	pair(family, fds);
	c->shutdown(fds[1], SHUT_WR);
	until(fds[0], POLLIN);
	look("peer shut", fds[0]);
	call("peer shut", fds[0]);
	until(fds[1], POLLIN);
	look("peer shut, the other", fds[1]);
	c->close(fds[0]);
	c->close(fds[1]);
	pair(family, fds);
	c->shutdown(fds[0], SHUT_WR);
	until(fds[1], POLLIN);
	look("shut for writing", fds[0]);
	say("shut for writing/send", "%s", outcome(c->send(fds[0], "x", 1, 0)));
	c->close(fds[0]);
	c->close(fds[1]);
	pair(family, fds);
	c->setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	c->close(fds[1]);
	until(fds[0], POLLERR);
	look("reset", fds[0]);
	call("reset", fds[0]);
	c->close(fds[0]);
	/* urgent */
	pair(family, fds);
	c->send(fds[1], "abX", 3, MSG_OOB);
	until(fds[0], POLLPRI);
	look("urgent", fds[0]);
	say("urgent/OOB", "%s", outcome(c->recv(fds[0], buf, 5, MSG_OOB)));
	say("urgent/OOB again", "%s", outcome(c->recv(fds[0], buf, 5, MSG_OOB)));
	look("urgent read", fds[0]);
	say("urgent/recv", "%s", outcome(c->recv(fds[0], buf, 5, 0)));
	look("at the mark", fds[0]);
	say("at the mark/recv", "%s", outcome(c->recv(fds[0], buf, 5, MSG_DONTWAIT)));
	c->send(fds[1], "Y", 1, MSG_OOB);
	until(fds[0], POLLPRI);
	c->setsockopt(fds[0], SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one));
	look("urgent inline", fds[0]);
	say("urgent inline/OOB", "%s", outcome(c->recv(fds[0], buf, 5, MSG_OOB)));
	c->close(fds[0]);
	c->close(fds[1]);
}

/* connect() to AF_UNSPEC: the connection is reset, and the socket can be used again. */
static void disconnected(void)
{
	struct sockaddr_in a = name4("127.0.0.1", 0), none = {.sin_family = AF_UNSPEC};
	socklen_t len = sizeof(a);
	int fds[2], fd, server, error = 0;
	char buf[10];

	fd = c->socket(AF_INET, SOCK_STREAM, 0);
	say("new/disconnect", "%s", outcome(c->connect(fd, (void *)&none, sizeof(none))));
	look("new, disconnected", fd);
	c->close(fd);

	server = c->socket(AF_INET, SOCK_STREAM, 0);
	c->bind(server, (void *)&a, sizeof(a));
	c->getsockname(server, (void *)&a, &len);
	c->listen(server, 5);
	pair(AF_INET, fds);
	c->send(fds[1], "unread", 6, 0);
	until(fds[0], POLLIN);
	say("connected/disconnect", "%s", outcome(c->connect(fds[0], (void *)&none, sizeof(none))));
	until(fds[1], POLLERR);
	look("whose peer disconnected", fds[1]);
	say("whose peer disconnected/recv", "%s", outcome(c->recv(fds[1], buf, 5, 0)));
	len = sizeof(error);
	c->getsockopt(fds[0], SOL_SOCKET, SO_ERROR, &error, &len);
	say("disconnected/SO_ERROR", "%d", error);
	look("disconnected", fds[0]);
	say("disconnected/recv", "%s", outcome(c->recv(fds[0], buf, 5, MSG_DONTWAIT)));
	say("disconnected/send", "%s", outcome(c->send(fds[0], "x", 1, MSG_DONTWAIT)));
	say("disconnected/connect", "%s", outcome(c->connect(fds[0], (void *)&a, sizeof(a))));
	fd = c->accept(server, 0);
	say("connected anew/send", "%s", outcome(c->send(fds[0], "hello", 5, 0)));
	until(fd, POLLIN);
	say("connected anew/recv", "%s", outcome(c->recv(fd, buf, 10, MSG_DONTWAIT)));
	say("connected anew/shutdown", "%s", outcome(c->shutdown(fds[0], SHUT_WR)));
	until(fd, POLLIN);
	say("connected anew/recv of the end", "%s", outcome(c->recv(fd, buf, 10, MSG_DONTWAIT)));
	c->close(fd);
	c->close(fds[0]);
	c->close(fds[1]);

	say("listening/disconnect", "%s", outcome(c->connect(server, (void *)&none, sizeof(none))));
	look("no longer listening", server);
	fd = c->socket(AF_INET, SOCK_STREAM, 0);
	say("no longer listening/is refused", "%s", outcome(c->connect(fd, (void *)&a, sizeof(a))));
	c->close(fd);
	say("no longer listening/listen", "%s", outcome(c->listen(server, 5)));
	fd = c->socket(AF_INET, SOCK_STREAM, 0);
	say("listening anew/is accepted", "%s", outcome(c->connect(fd, (void *)&a, sizeof(a))));
	c->close(fd);
	c->close(server);
}

static unsigned int edge(int ep)
{
	struct epoll_event ev = {0};

	return epoll_wait(ep, &ev, 1, 0) > 0 ? ev.events & ~EPOLLOUT : 0;
}

static unsigned int edge_comes(int ep)
{
	struct epoll_event ev = {0};

	return epoll_wait(ep, &ev, 1, 5000) > 0 ? ev.events & ~EPOLLOUT : 0;
}

/* Edge-triggered epoll, one step after the other. */
static void edges(void)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET};
	int fds[2], ep = epoll_create1(0);
	char buf[100];

	pair(AF_INET, fds);
	epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev);
	say("edge/nothing", "%s", bits(edge(ep)));
	c->send(fds[1], "hello", 5, 0);
	say("edge/data", "%s", bits(edge_comes(ep)));
	say("edge/no more data", "%s", bits(edge(ep)));
	c->send(fds[1], "hello", 5, 0);
	say("edge/more data, nothing read", "%s", bits(edge_comes(ep)));
	c->recv(fds[0], buf, 2, 0);
	say("edge/a part read", "%s", bits(edge(ep)));
	c->send(fds[1], "hello", 5, 0);
	say("edge/more data, a part read", "%s", bits(edge_comes(ep)));
	for (int i = 0; i < 300; i++) {
		c->send(fds[1], "h", 1, 0);
		if (!edge_comes(ep)) {
			say("edge/one of 300", "none");
			break;
		}
	}
	while (c->recv(fds[0], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	say("edge/all read", "%s", bits(edge(ep)));
	c->send(fds[1], "hello", 5, 0);
	say("edge/data again", "%s", bits(edge_comes(ep)));
	c->shutdown(fds[1], SHUT_WR);
	say("edge/the end", "%s", bits(edge_comes(ep)));
	close(ep);
	c->close(fds[0]);
	c->close(fds[1]);
}

struct blocked {
	const struct calls *calls;
	int fd;
	ssize_t got;
};

static void *reads_two(void *arg)
{
	struct blocked *b = arg;
	char buf[2];

	b->got = b->calls->recv(b->fd, buf, 2, 0);
	return NULL;
}

/* A thread blocked in recv takes a part; epoll knows of the rest. */
static void left_over(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int fds[2], ep = epoll_create1(0);
	struct blocked b;
	pthread_t thread;

	pair(AF_INET, fds);
	epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev);
	b = (struct blocked){c, fds[0], 0};
	pthread_create(&thread, NULL, reads_two, &b);
	usleep(20000); /* mostly it is blocked by then; the line is the same when it is not */
	c->send(fds[1], "hello", 5, 0);
	pthread_join(thread, NULL);
	say("left over/read", "%zd", b.got);
	say("left over/epoll", "%s", bits(edge_comes(ep)));
	close(ep);
	c->close(fds[0]);
	c->close(fds[1]);
}

/* Until the stream takes no more; then it is neither writable nor does it take more. */
static void full_stream(void)
{
	static char data[1 << 16];
	struct epoll_event ev = {.events = EPOLLOUT};
	int fds[2], size = 20000, ep = epoll_create1(0), n, quiet = 0;

	pair(AF_INET, fds);
	c->setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	while (quiet < 3)
		quiet = c->send(fds[0], data, sizeof(data), MSG_DONTWAIT) < 0 ? quiet + 1 : 0;
	epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev);
	n = epoll_wait(ep, &ev, 1, 50);
	say("full/epoll", "%d", n);
	say("full/poll", "%s", bits(polled(fds[0])));
	while (c->recv(fds[1], data, sizeof(data), MSG_DONTWAIT) > 0)
		until(fds[1], POLLIN);
	n = epoll_wait(ep, &ev, 1, 5000);
	say("full/epoll after reading", "%d", n);
	close(ep);
	c->close(fds[0]);
	c->close(fds[1]);
}

static void kinds(void)
{
	static const int families[] = {AF_INET, AF_INET6, 77},
			 protocols[] = {0, 6, 17, 132, 255, 300};
	char name[60];
	int fd;

	for (int f = 0; f < 3; f++)
		for (int type = 0; type < 13; type++)
			for (int p = 0; p < 6; p++) {
				if (type == SOCK_RAW || type == SOCK_PACKET)
					continue; /* what it says depends on who asks */
				snprintf(name, sizeof(name), "socket/%d,%d,%d", families[f], type,
					 protocols[p]);
				fd = c->socket(families[f], type, protocols[p]);
				say(name, "%s", outcome(fd < 0 ? -1 : 0));
				if (fd >= 0)
					c->close(fd);
			}
}

static void names(int family, int type)
{
	static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX};
	struct sockaddr_in6 room;
	char name[60];
	int fd;

	for (int f = 0; f < 4; f++)
		for (socklen_t len = 0; len <= sizeof(room); len += 2) {
			memset(&room, 0, sizeof(room));
			room.sin6_family = families[f];
			fd = c->socket(family, type, 0);
			snprintf(name, sizeof(name), "bind/%d,%d of %d, %u bytes", family, type,
				 families[f], len);
			say(name, "%s", outcome(c->bind(fd, (void *)&room, len)));
			c->close(fd);
		}
	fd = c->socket(family, type, 0);
	memset(&room, 0, sizeof(room));
	room.sin6_family = family;
	snprintf(name, sizeof(name), "bind/%d,%d", family, type);
	say(name, "%s", outcome(c->bind(fd, (void *)&room, sizeof(room))));
	snprintf(name, sizeof(name), "bind/%d,%d again", family, type);
	say(name, "%s", outcome(c->bind(fd, (void *)&room, sizeof(room))));
	c->close(fd);
}

static void datagrams(void)
{
	struct sockaddr_in a = name4("127.0.0.1", 0), none = {.sin_family = AF_UNSPEC};
	socklen_t len = sizeof(a);
	int fd = c->socket(AF_INET, SOCK_DGRAM, 0), to = c->socket(AF_INET, SOCK_DGRAM, 0);
	char buf[10];

	look("datagram", fd);
	say("datagram/send", "%s", outcome(c->send(fd, "x", 1, 0)));
	say("datagram/recv", "%s", outcome(c->recv(fd, buf, 1, MSG_DONTWAIT)));
	say("datagram/recv OOB", "%s", outcome(c->recv(fd, buf, 1, MSG_DONTWAIT | MSG_OOB)));
	say("datagram/send OOB", "%s", outcome(c->send(fd, "x", 1, MSG_OOB)));
	say("datagram/listen", "%s", outcome(c->listen(fd, 1)));
	say("datagram/accept", "%s", outcome(c->accept(fd, 0)));
	say("datagram/shutdown", "%s", outcome(c->shutdown(fd, SHUT_RD)));
	c->bind(to, (void *)&a, sizeof(a));
	c->getsockname(to, (void *)&a, &len);
	say("datagram/connect", "%s", outcome(c->connect(fd, (void *)&a, sizeof(a))));
	look("datagram connected", fd);
	say("datagram/connect again", "%s", outcome(c->connect(fd, (void *)&a, sizeof(a))));
	say("datagram/send nothing", "%s", outcome(c->send(fd, "", 0, 0)));
	until(to, POLLIN);
	look("datagram empty", to);
	say("datagram/read of nothing", "%s", outcome(c->read(to, buf, 0)));
	say("datagram/recv empty", "%s", outcome(c->recv(to, buf, 5, 0)));
	say("datagram/send 5", "%s", outcome(c->send(fd, "hello", 5, 0)));
	until(to, POLLIN);
	say("datagram/peek", "%s", outcome(c->recv(to, buf, 3, MSG_PEEK)));
	say("datagram/trunc", "%s", outcome(c->recv(to, buf, 3, MSG_TRUNC)));
	say("datagram/disconnect", "%s", outcome(c->connect(fd, (void *)&none, sizeof(none))));
	say("datagram/send unconnected", "%s", outcome(c->send(fd, "x", 1, 0)));
	say("datagram/sendto short name", "%s",
	    outcome(c->sendto(fd, "x", 1, 0, (void *)&a, sizeof(a) - 4)));
	say("datagram/sendto", "%s", outcome(c->sendto(fd, "x", 1, 0, (void *)&a, sizeof(a))));
	c->close(to);
	c->connect(fd, (void *)&a, sizeof(a));
	c->send(fd, "x", 1, 0);
	until(fd, POLLERR);
	say("datagram refused/poll", "%s", bits(polled(fd)));
	say("datagram refused/send", "%s", outcome(c->send(fd, "x", 1, 0)));
	say("datagram refused/shutdown", "%s", outcome(c->shutdown(fd, SHUT_RDWR)));
	c->close(fd);
}

void states(void)
{
	kinds();
	names(AF_INET, SOCK_STREAM);
	names(AF_INET6, SOCK_STREAM);
	names(AF_INET, SOCK_DGRAM);
	names(AF_INET6, SOCK_DGRAM);
	streams(AF_INET);
	streams(AF_INET6);
	datagrams();
	disconnected();
	edges();
	left_over();
	full_stream();
}
