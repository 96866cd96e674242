/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Options of internet sockets that are numbers. One table says which sockets have an option, which
 * lengths and values it takes and what it is at first; setting and getting both go by it, so that
 * what was set is what is read. An option with an effect is passed on to the socket's own
 * setsockopt(); one without, because it is about something that we do not have (priorities of
 * packets, routes to be ignored), is only kept, for programs take a refusal for a failure.
 *
 *   call -> rule -> length, range -> socket's own -> kept
 *
 * Memory for kept values is taken with the first option that is set. Options that are not numbers
 * (SO_LINGER, TCP_CONGESTION, memberships), and those of other sockets, pass by the table.
 */
#include "lwipv6/socket/options.h"
#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <stdlib.h>

enum sockets {
	TCP4 = 1,
	TCP6 = 2,
	UDP4 = 4,
	UDP6 = 8,
	TCP = TCP4 | TCP6,
	UDP = UDP4 | UDP6,
	V6 = TCP6 | UDP6,
	ALL = 15
};

enum flags {
	TRUTH = 1,     /* any number: 0 or not */
	EFFECT = 2,    /* for the socket's own setsockopt() as well */
	LIVE = 4,      /* the socket's own getsockopt() knows it, nothing is kept */
	DEFAULT = 8,   /* -1 goes back to the beginning */
	NO_SET = 16,   /* only to be read */
	NO_BYTES = 32, /* a value of no bytes is refused, also where it stands for 0 */
	SHORT = 64,    /* a short value stands for 0 */
	RIGHTS = 128,  /* above 6 only with LWIP_CAP_NET_ADMIN */
};

static const struct rule {
	int level, name;
	uint8_t sockets, flags;
	int min, max, initial;
	int set_error; /* of NO_SET */
} rules[] = {
	{SOL_SOCKET, SO_BROADCAST, TCP, TRUTH, 0, 1, 0, 0},
	{SOL_SOCKET, SO_KEEPALIVE, UDP, TRUTH, 0, 1, 0, 0},
	{SOL_SOCKET, SO_OOBINLINE, UDP, TRUTH, 0, 1, 0, 0},
	{SOL_SOCKET, SO_NO_CHECK, TCP, TRUTH, 0, 1, 0, 0},
	{SOL_SOCKET, SO_NO_CHECK, UDP, TRUTH | EFFECT, 0, 1, 0, 0},
	{SOL_SOCKET, SO_DONTROUTE, ALL, TRUTH, 0, 1, 0, 0},
	{SOL_SOCKET, SO_PRIORITY, ALL, RIGHTS, INT_MIN, INT_MAX, 0, 0},
	{SOL_SOCKET, SO_SNDLOWAT, ALL, NO_SET, 0, 0, 1, -ENOPROTOOPT},
	{SOL_SOCKET, SO_BSDCOMPAT, ALL, NO_SET, 0, 0, 0, 0},
	{IPPROTO_IP, IP_TOS, ALL, EFFECT | LIVE, INT_MIN, INT_MAX, 0, 0},
	{IPPROTO_IP, IP_TTL, ALL, EFFECT | LIVE | NO_BYTES, INT_MIN, INT_MAX, 0, 0},
	{IPPROTO_IP, IP_MINTTL, TCP, EFFECT | LIVE | NO_BYTES, 0, 255, 0, 0},
	{IPPROTO_IP, IP_MINTTL, UDP, NO_BYTES, 0, 255, 0, 0},
	{IPPROTO_IP, IP_MTU_DISCOVER, ALL, EFFECT, 0, 5, IP_PMTUDISC_WANT, 0},
	{IPPROTO_IP, IP_RECVERR, ALL, TRUTH | EFFECT, 0, 1, 0, 0},
	{IPPROTO_IP, IP_RECVTTL, ALL, TRUTH | EFFECT, 0, 1, 0, 0},
	{IPPROTO_IP, IP_RECVTOS, ALL, TRUTH | EFFECT, 0, 1, 0, 0},
	{IPPROTO_IP, IP_PKTINFO, TCP, TRUTH, 0, 1, 0, 0},
	{IPPROTO_IP, IP_PKTINFO, UDP, TRUTH | EFFECT, 0, 1, 0, 0},
	{IPPROTO_IP, IP_MULTICAST_TTL, TCP, NO_SET, 0, 0, 1, -EINVAL},
	{IPPROTO_IP, IP_MULTICAST_TTL, UDP, EFFECT | LIVE | NO_BYTES, INT_MIN, INT_MAX, 1, 0},
	{IPPROTO_IP, IP_MULTICAST_LOOP, TCP, TRUTH | NO_BYTES, 0, 1, 1, 0},
	{IPPROTO_IP, IP_MULTICAST_LOOP, UDP, TRUTH | EFFECT | LIVE | NO_BYTES, 0, 1, 1, 0},
	{IPPROTO_IP, IP_FREEBIND, ALL, TRUTH | EFFECT | LIVE | NO_BYTES, 0, 1, 0, 0},
	{IPPROTO_IP, IP_MTU, ALL, NO_SET | LIVE, 0, 0, 0, -ENOPROTOOPT},
	{IPPROTO_IPV6, IPV6_V6ONLY, V6, TRUTH | EFFECT | LIVE, 0, 1, 0, 0},
	{IPPROTO_IPV6, IPV6_FREEBIND, V6, TRUTH | EFFECT | LIVE, 0, 1, 0, 0},
	{IPPROTO_IPV6, IPV6_MTU, V6, NO_SET | LIVE, 0, 0, 0, -ENOPROTOOPT},
	{IPPROTO_IPV6, IPV6_UNICAST_HOPS, V6, EFFECT | DEFAULT, 0, 255, 64, 0},
	{IPPROTO_IPV6, IPV6_MULTICAST_HOPS, TCP6, NO_SET, 0, 0, 1, -ENOPROTOOPT},
	{IPPROTO_IPV6, IPV6_MULTICAST_HOPS, UDP6, EFFECT | LIVE, INT_MIN, INT_MAX, 1, 0},
	{IPPROTO_IPV6, IPV6_MULTICAST_LOOP, TCP6, 0, 0, 1, 1, 0},
	{IPPROTO_IPV6, IPV6_MULTICAST_LOOP, UDP6, EFFECT | LIVE, 0, 1, 1, 0},
	{IPPROTO_IPV6, IPV6_TCLASS, V6, EFFECT | LIVE, -1, 255, 0, 0},
	{IPPROTO_IPV6, IPV6_RECVTCLASS, TCP6, TRUTH, 0, 1, 0, 0},
	{IPPROTO_IPV6, IPV6_RECVTCLASS, UDP6, TRUTH | EFFECT, 0, 1, 0, 0},
	{IPPROTO_IPV6, IPV6_RECVPKTINFO, TCP6, TRUTH, 0, 1, 0, 0},
	{IPPROTO_IPV6, IPV6_RECVPKTINFO, UDP6, TRUTH | EFFECT, 0, 1, 0, 0},
	{IPPROTO_IPV6, IPV6_RECVHOPLIMIT, TCP6, TRUTH, 0, 1, 0, 0},
	{IPPROTO_IPV6, IPV6_RECVHOPLIMIT, UDP6, TRUTH | EFFECT, 0, 1, 0, 0},
	{IPPROTO_IPV6, IPV6_RECVERR, V6, TRUTH | EFFECT, 0, 1, 0, 0},
	{IPPROTO_IPV6, IPV6_DONTFRAG, TCP6, TRUTH | SHORT, 0, 1, 0, 0},
	{IPPROTO_IPV6, IPV6_DONTFRAG, UDP6, TRUTH | EFFECT | SHORT, 0, 1, 0, 0},
	{IPPROTO_IPV6, IPV6_MTU_DISCOVER, V6, EFFECT, 0, 5, IPV6_PMTUDISC_WANT, 0},
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

struct kept_options {
	uint64_t set; /* bit per rule */
	int value[RULES];
};

_Static_assert(RULES <= 64, "a bit per rule");

/* 0 for sockets that have no part in the table. */
static enum sockets kind_of(const struct socket *s)
{
	bool v6 = s->family == AF_INET6;

	if (s->family != AF_INET && !v6)
		return 0;
	if (s->type == SOCK_STREAM)
		return v6 ? TCP6 : TCP4;
	return s->type == SOCK_DGRAM ? (v6 ? UDP6 : UDP4) : 0;
}

static const struct rule *find(enum sockets kind, int level, int name)
{
	for (size_t i = 0; i < RULES; i++)
		if (rules[i].level == level && rules[i].name == name && rules[i].sockets & kind)
			return &rules[i];
	return NULL;
}

/* Whether such a socket has options of @level at all. */
static bool has_level(enum sockets kind, int level)
{
	switch (level) {
	case IPPROTO_TCP:
		return kind & TCP;
	case IPPROTO_IPV6:
		return kind & V6;
	}
	return true;
}

/* IPv4 takes bytes for numbers, and nothing for 0. */
static int read_number(const struct rule *r, const void *value, socklen_t len, int *number)
{
	*number = 0;
	if (len >= sizeof(int))
		memcpy(number, value, sizeof(int));
	else if (r->level == IPPROTO_IP && len)
		*number = *(const uint8_t *)value;
	else if (!(r->flags & SHORT) && (r->level != IPPROTO_IP || r->flags & NO_BYTES))
		return -EINVAL;
	return 0;
}

static int keep(struct socket *s, const struct rule *r, int number)
{
	size_t i = r - rules;

	if (!s->kept)
		s->kept = calloc(1, sizeof(*s->kept));
	if (!s->kept)
		return -ENOBUFS;
	s->kept->value[i] = number;
	s->kept->set |= 1ULL << i;
	return 0;
}

int option_set(struct socket *s, int level, int name, const void *value, socklen_t len)
{
	enum sockets kind = kind_of(s);
	const struct rule *r = kind ? find(kind, level, name) : NULL;
	int number, error;

	if (kind && !has_level(kind, level))
		return -ENOPROTOOPT;
	if (!r && kind & TCP && (level == IPPROTO_IP || level == IPPROTO_IPV6))
		return -ENOPROTOOPT; /* a stream has no others */
	if (!r)
		return s->ops->setsockopt ? s->ops->setsockopt(s, level, name, value, len)
					  : -ENOPROTOOPT;
	if (r->flags & NO_SET && r->level != SOL_SOCKET)
		return r->set_error;
	error = read_number(r, value, len, &number);
	if (error)
		return error;
	if (r->flags & NO_SET)
		return r->set_error;
	if (r->flags & TRUTH)
		number = !!number;
	if ((number < r->min || number > r->max) && !(r->flags & DEFAULT && number == -1))
		return -EINVAL;
	if (r->flags & RIGHTS && (number < 0 || number > 6) &&
	    !stack_capable(s->stack, LWIP_CAP_NET_ADMIN))
		return -EPERM;
	if (r->flags & EFFECT) {
		error = s->ops->setsockopt(s, level, name, &number, sizeof(number));
		if (error && error != -ENOPROTOOPT)
			return error;
	}
	if (r->flags & LIVE)
		return error;
	return keep(s, r, r->flags & DEFAULT && number == -1 ? r->initial : number);
}

static int put_number(const struct rule *r, int number, void *value, socklen_t *len)
{
	uint8_t byte = number;

	if (r->level != IPPROTO_IP || *len >= sizeof(int) || !*len || number < 0 || number > 255)
		return option_put_int(value, len, number);
	memcpy(value, &byte, 1);
	*len = 1;
	return 0;
}

int option_get(struct socket *s, int level, int name, void *value, socklen_t *len)
{
	enum sockets kind = kind_of(s);
	const struct rule *r = kind ? find(kind, level, name) : NULL;
	socklen_t have = sizeof(int);
	int number = 0, error;

	if (kind && !has_level(kind, level))
		return kind & V6 ? -ENOPROTOOPT : -EOPNOTSUPP;
	if (!r)
		return s->ops->getsockopt ? s->ops->getsockopt(s, level, name, value, len)
					  : -ENOPROTOOPT;
	if (r->flags & LIVE) {
		error = s->ops->getsockopt(s, level, name, &number, &have);
		if (error)
			return error;
	} else {
		size_t i = r - rules;

		number = s->kept && s->kept->set & 1ULL << i ? s->kept->value[i] : r->initial;
	}
	return put_number(r, number, value, len);
}

void option_inherit(struct socket *child, const struct socket *listener)
{
	if (!listener->kept)
		return;
	child->kept = malloc(sizeof(*child->kept));
	if (child->kept)
		*child->kept = *listener->kept;
}
