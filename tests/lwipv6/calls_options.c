/* SPDX-License-Identifier: GPL-2.0-only */
/* Every option: what it is at first, which values and lengths it takes, what it says then. */
#include "tests/lwipv6/calls.h"

#define O(level, name)                                                                             \
	{                                                                                          \
		level, name, #name                                                                 \
	}

static const struct option {
	int level, name;
	const char *text;
} all[] = {
	O(SOL_SOCKET, SO_REUSEADDR),
	O(SOL_SOCKET, SO_REUSEPORT),
	O(SOL_SOCKET, SO_KEEPALIVE),
	O(SOL_SOCKET, SO_BROADCAST),
	O(SOL_SOCKET, SO_OOBINLINE),
	O(SOL_SOCKET, SO_DONTROUTE),
	O(SOL_SOCKET, SO_RCVLOWAT),
	O(SOL_SOCKET, SO_SNDLOWAT),
	O(SOL_SOCKET, SO_PRIORITY),
	O(SOL_SOCKET, SO_NO_CHECK),
	O(SOL_SOCKET, SO_TIMESTAMP),
	O(SOL_SOCKET, SO_TIMESTAMPNS),
	O(SOL_SOCKET, SO_PEEK_OFF),
	O(SOL_SOCKET, SO_TYPE),
	O(SOL_SOCKET, SO_DOMAIN),
	O(SOL_SOCKET, SO_PROTOCOL),
	O(SOL_SOCKET, SO_ACCEPTCONN),
	O(SOL_SOCKET, SO_RCVBUF),
	O(SOL_SOCKET, SO_SNDBUF),
	O(SOL_SOCKET, SO_ERROR),
	O(SOL_SOCKET, SO_BSDCOMPAT),
	O(SOL_SOCKET, 999),
	O(IPPROTO_TCP, TCP_NODELAY),
	O(IPPROTO_TCP, TCP_CORK),
	O(IPPROTO_TCP, TCP_MAXSEG),
	O(IPPROTO_TCP, TCP_KEEPIDLE),
	O(IPPROTO_TCP, TCP_KEEPINTVL),
	O(IPPROTO_TCP, TCP_KEEPCNT),
	O(IPPROTO_TCP, TCP_USER_TIMEOUT),
	O(IPPROTO_TCP, TCP_QUICKACK),
	O(IPPROTO_TCP, TCP_LINGER2),
	O(IPPROTO_TCP, TCP_WINDOW_CLAMP),
	O(IPPROTO_TCP, TCP_NOTSENT_LOWAT),
	O(IPPROTO_TCP, TCP_DEFER_ACCEPT),
	O(IPPROTO_TCP, TCP_SYNCNT),
	O(IPPROTO_TCP, TCP_INQ),
	O(IPPROTO_TCP, 999),
	O(IPPROTO_IP, IP_TOS),
	O(IPPROTO_IP, IP_TTL),
	O(IPPROTO_IP, IP_MINTTL),
	O(IPPROTO_IP, IP_MTU_DISCOVER),
	O(IPPROTO_IP, IP_RECVERR),
	O(IPPROTO_IP, IP_RECVTTL),
	O(IPPROTO_IP, IP_RECVTOS),
	O(IPPROTO_IP, IP_PKTINFO),
	O(IPPROTO_IP, IP_MULTICAST_TTL),
	O(IPPROTO_IP, IP_MULTICAST_LOOP),
	O(IPPROTO_IP, IP_MTU),
	O(IPPROTO_IP, IP_FREEBIND),
	O(IPPROTO_IP, 999),
	O(IPPROTO_IPV6, IPV6_V6ONLY),
	O(IPPROTO_IPV6, IPV6_UNICAST_HOPS),
	O(IPPROTO_IPV6, IPV6_MULTICAST_HOPS),
	O(IPPROTO_IPV6, IPV6_MULTICAST_LOOP),
	O(IPPROTO_IPV6, IPV6_TCLASS),
	O(IPPROTO_IPV6, IPV6_RECVTCLASS),
	O(IPPROTO_IPV6, IPV6_RECVPKTINFO),
	O(IPPROTO_IPV6, IPV6_RECVHOPLIMIT),
	O(IPPROTO_IPV6, IPV6_RECVERR),
	O(IPPROTO_IPV6, IPV6_DONTFRAG),
	O(IPPROTO_IPV6, IPV6_MTU_DISCOVER),
	O(IPPROTO_IPV6, IPV6_MTU),
	O(IPPROTO_IPV6, IPV6_FREEBIND),
	O(IPPROTO_IPV6, 999),
};

static const char *get(int fd, const struct option *o)
{
	static char text[8][40];
	static int next;
	char *to = text[next++ % 8];
	socklen_t len = sizeof(int);
	int n = 0, r = c->getsockopt(fd, o->level, o->name, &n, &len);

	snprintf(to, sizeof(text[0]), "%s %d/%u", outcome(r), r ? 0 : n, r ? 0 : len);
	return to;
}

static void one(const char *kind, int family, int type, const struct option *o)
{
	static const int values[] = {-2, -1, 0, 1, 2, 3, 5, 64, 100, 255, 256, 1000, 40000, 70000};
	char name[120];
	int fd = c->socket(family, type, 0);
	uint8_t byte = 1;

	snprintf(name, sizeof(name), "%s/%s/at first", kind, o->text);
	say(name, "%s", get(fd, o));
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		int r = c->setsockopt(fd, o->level, o->name, &values[i], sizeof(int));

		snprintf(name, sizeof(name), "%s/%s/set %d", kind, o->text, values[i]);
		say(name, "%s", outcome(r));
		snprintf(name, sizeof(name), "%s/%s/after %d", kind, o->text, values[i]);
		say(name, "%s", get(fd, o));
	}
	for (socklen_t len = 0; len <= 8; len += len == 4 ? 4 : 1) {
		int room[2] = {1, 1};
		socklen_t have = len;
		int r = c->setsockopt(fd, o->level, o->name, len == 1 ? (void *)&byte : room, len);

		snprintf(name, sizeof(name), "%s/%s/set of %u bytes", kind, o->text, len);
		say(name, "%s", outcome(r));
		memset(room, 0x55, sizeof(room));
		r = c->getsockopt(fd, o->level, o->name, room, &have);
		snprintf(name, sizeof(name), "%s/%s/get of %u bytes", kind, o->text, len);
		say(name, "%s %u", outcome(r), r ? 0 : have);
	}
	c->close(fd);
}

void options(void)
{
	static const struct {
		const char *name;
		int family, type;
	} kinds[] = {{"tcp4", AF_INET, SOCK_STREAM},
		     {"tcp6", AF_INET6, SOCK_STREAM},
		     {"udp4", AF_INET, SOCK_DGRAM},
		     {"udp6", AF_INET6, SOCK_DGRAM}};

	for (size_t k = 0; k < 4; k++)
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			one(kinds[k].name, kinds[k].family, kinds[k].type, &all[i]);
}
