/* SPDX-License-Identifier: GPL-2.0-only */
/* Options whose effect is seen in other calls: control messages, peeking, binding, accepting. */
#include "tests/lwipv6/calls.h"

static int set_int(int fd, int level, int name, int value)
{
	return c->setsockopt(fd, level, name, &value, sizeof(value));
}

static int get_int(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return c->getsockopt(fd, level, name, &value, &len) < 0 ? -1000 - errno : value;
}

/* "5 hello 1:29/16": what was read, and the control messages that came with it. */
static const char *receive(int fd, size_t len, int flags, bool values)
{
	static char text[200];
	char data[64] = "";
	uint8_t control[256];
	struct iovec iov = {data, len < sizeof(data) ? len : sizeof(data) - 1};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	ssize_t n = c->recvmsg(fd, &m, flags | MSG_DONTWAIT);

	snprintf(text, sizeof(text), "%s %.*s", outcome(n), n > 0 ? (int)n : 0, data);
	if (n < 0)
		return text;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		size_t size = h->cmsg_len - CMSG_LEN(0);
		int value;

		memcpy(&value, CMSG_DATA(h), sizeof(value));
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " %d:%d/%zu",
			 h->cmsg_level, h->cmsg_type, size);
		if (values)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "=%d", value);
	}
	return text;
}

static void arrived(int fd, int bytes)
{
	int n = 0;

	for (int i = 0; i < 5000 && n < bytes; i++) {
		c->ioctl(fd, FIONREAD, &n);
		if (n < bytes)
			usleep(1000);
	}
}

static void peeking_stream(void)
{
	int fds[2];

	pair(AF_INET, fds);
	c->send(fds[1], "0123456789", 10, 0);
	arrived(fds[0], 10);
	say("peek/at first", "%d", get_int(fds[0], SOL_SOCKET, SO_PEEK_OFF));
	set_int(fds[0], SOL_SOCKET, SO_PEEK_OFF, 0);
	say("peek/three", "%s", receive(fds[0], 3, MSG_PEEK, true));
	say("peek/three more", "%s", receive(fds[0], 3, MSG_PEEK, true));
	say("peek/offset", "%d", get_int(fds[0], SOL_SOCKET, SO_PEEK_OFF));
	say("peek/two read", "%s", receive(fds[0], 2, 0, true));
	say("peek/offset then", "%d", get_int(fds[0], SOL_SOCKET, SO_PEEK_OFF));
	say("peek/the rest", "%s", receive(fds[0], 20, MSG_PEEK, true));
	say("peek/behind the end", "%s", receive(fds[0], 20, MSG_PEEK, true));
	say("peek/all read", "%s", receive(fds[0], 20, 0, true));
	say("peek/offset at last", "%d", get_int(fds[0], SOL_SOCKET, SO_PEEK_OFF));
	set_int(fds[0], SOL_SOCKET, SO_PEEK_OFF, -1);
	c->send(fds[1], "abc", 3, 0);
	arrived(fds[0], 3);
	say("peek/off", "%s", receive(fds[0], 2, MSG_PEEK, true));
	say("peek/off again", "%s", receive(fds[0], 2, MSG_PEEK, true));
	c->close(fds[0]);
	c->close(fds[1]);
}

/* A datagram socket that sends to itself. */
static int to_itself(void)
{
	struct sockaddr_in a = name4("127.0.0.1", 0);
	socklen_t len = sizeof(a);
	int fd = c->socket(AF_INET, SOCK_DGRAM, 0);

	c->bind(fd, (void *)&a, sizeof(a));
	c->getsockname(fd, (void *)&a, &len);
	c->connect(fd, (void *)&a, sizeof(a));
	return fd;
}

static void peeking_datagrams(void)
{
	int fd = to_itself();

	c->send(fd, "abc", 3, 0);
	c->send(fd, "defgh", 5, 0);
	arrived(fd, 3);
	set_int(fd, SOL_SOCKET, SO_PEEK_OFF, 0);
	for (int i = 0; i < 5; i++)
		say("peek datagrams/two", "%s", receive(fd, 2, MSG_PEEK, true));
	say("peek datagrams/offset", "%d", get_int(fd, SOL_SOCKET, SO_PEEK_OFF));
	say("peek datagrams/read", "%s", receive(fd, 20, 0, true));
	say("peek datagrams/offset then", "%d", get_int(fd, SOL_SOCKET, SO_PEEK_OFF));
	say("peek datagrams/behind the end", "%s", receive(fd, 2, MSG_PEEK, true));
	c->close(fd);
}

static void unread(void)
{
	int fds[2];

	pair(AF_INET, fds);
	say("unread/set 2", "%s", outcome(set_int(fds[0], IPPROTO_TCP, TCP_INQ, 2)));
	set_int(fds[0], IPPROTO_TCP, TCP_INQ, 1);
	c->send(fds[1], "0123456789", 10, 0);
	arrived(fds[0], 10);
	say("unread/six", "%s", receive(fds[0], 4, 0, true));
	say("unread/none", "%s", receive(fds[0], 6, 0, true));
	c->shutdown(fds[1], SHUT_WR);
	until(fds[0], POLLRDHUP);
	say("unread/the end", "%s", receive(fds[0], 6, 0, true));
	c->close(fds[0]);
	c->close(fds[1]);
}

static void times(void)
{
	int fds[2], fd = to_itself();
	const char *text = "";

	pair(AF_INET6, fds);
	for (int i = 0; i < 2; i++) {
		int name = i ? SO_TIMESTAMPNS : SO_TIMESTAMP;

		set_int(fds[0], SOL_SOCKET, name, 1);
		set_int(fd, SOL_SOCKET, name, 1);
		say("times/micro", "%d %d", get_int(fds[0], SOL_SOCKET, SO_TIMESTAMP),
		    get_int(fd, SOL_SOCKET, SO_TIMESTAMP));
		say("times/nano", "%d %d", get_int(fds[0], SOL_SOCKET, SO_TIMESTAMPNS),
		    get_int(fd, SOL_SOCKET, SO_TIMESTAMPNS));
		/* The kernel begins to stamp a while after it was asked to. */
		for (int try = 0; try < 1000; try++) {
			c->send(fds[1], "hello", 5, 0);
			arrived(fds[0], 5);
			text = receive(fds[0], 20, 0, false);
			if (strchr(text, ':'))
				break;
			usleep(1000);
		}
		say("times/stream", "%s", text);
		c->send(fd, "hello", 5, 0);
		arrived(fd, 5);
		say("times/datagram", "%s", receive(fd, 20, 0, false));
	}
	set_int(fds[0], SOL_SOCKET, SO_TIMESTAMP, 0);
	say("times/off", "%d", get_int(fds[0], SOL_SOCKET, SO_TIMESTAMPNS));
	c->close(fd);
	c->close(fds[0]);
	c->close(fds[1]);
}

static void binding(void)
{
	struct sockaddr_in a = name4("192.0.2.77", 0);
	struct sockaddr_in6 b = name6("2001:db8::77", 0);
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM};

	for (int t = 0; t < 2; t++)
		for (int v6 = 0; v6 < 2; v6++)
			for (int how = 0; how < 3; how++) {
				int fd = c->socket(v6 ? AF_INET6 : AF_INET, types[t], 0);
				char name[60];

				if (how)
					set_int(fd, how == 1 ? IPPROTO_IP : IPPROTO_IPV6,
						how == 1 ? IP_FREEBIND : IPV6_FREEBIND, 1);
				snprintf(name, sizeof(name), "freebind/%s%d/%d", t ? "udp" : "tcp",
					 v6 ? 6 : 4, how);
				say(name, "%s",
				    outcome(v6 ? c->bind(fd, (void *)&b, sizeof(b))
					       : c->bind(fd, (void *)&a, sizeof(a))));
				c->close(fd);
			}
}

static void deferred(void)
{
	struct sockaddr_in a = name4("127.0.0.1", 0);
	socklen_t len = sizeof(a);
	int l = c->socket(AF_INET, SOCK_STREAM, 0), fd = c->socket(AF_INET, SOCK_STREAM, 0);
	struct pollfd p = {.fd = l, .events = POLLIN};

	set_int(l, IPPROTO_TCP, TCP_DEFER_ACCEPT, 5);
	c->bind(l, (void *)&a, sizeof(a));
	c->listen(l, 5);
	c->getsockname(l, (void *)&a, &len);
	say("deferred/connect", "%s", outcome(c->connect(fd, (void *)&a, sizeof(a))));
	say("deferred/nothing to accept", "%d", c->poll(&p, 1, 50));
	c->send(fd, "hello", 5, 0);
	say("deferred/data", "%d", until(l, POLLIN) == POLLIN);
	c->close(fd);
	fd = c->accept(l, 0);
	say("deferred/accepted", "%s", receive(fd, 20, 0, true));
	c->close(fd);
	c->close(l);
}

void extras(void)
{
	peeking_stream();
	peeking_datagrams();
	unread();
	times();
	binding();
	deferred();
}
