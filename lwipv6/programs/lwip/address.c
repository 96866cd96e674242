/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a host's name to an address: numbers, "localhost", or a question to the name servers that
 * the stack has learned (router advertisements, DHCP); waiting on descriptors of the stack.
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <resolv.h>
#include <string.h>
#include <unistd.h>
#include "lwipv6/programs/lwip/lwip.h"

#define SERVERS	    4
#define TRIES	    2
#define DNS_TIMEOUT 2000

bool cancelled(struct session *s)
{
	struct pollfd p = {.fd = s->cancel, .events = POLLIN | POLLRDHUP};

	return s->cancel >= 0 && poll(&p, 1, 0) > 0;
}

bool wait_for(struct session *s, int fd, short events, int timeout_ms)
{
	struct pollfd p[2] = {{.fd = fd, .events = events},
			      {.fd = s->cancel, .events = POLLIN | POLLRDHUP}};

	for (;;) {
		int n = lwip_poll(p, s->cancel >= 0 ? 2 : 1, timeout_ms);

		if (n < 0 && errno == EINTR)
			continue;
		return n > 0 && p[0].revents && !(s->cancel >= 0 && p[1].revents);
	}
}

bool send_all(struct session *s, int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = lwip_send(fd, at, len > 1 << 20 ? 1 << 20 : len,
				      MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			if (!wait_for(s, fd, POLLOUT, -1))
				return false;
			continue;
		}
		if (n < 0) {
			complain(s, "sending: %s", strerror(errno));
			return false;
		}
		at += n;
		len -= n;
	}
	return true;
}

/* One question to one server; the first address of its answer. */
static bool ask(struct session *s, const struct ip_addr *server, const char *host, int type,
		struct target *t)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(53)};
	unsigned char query[512], answer[4096];
	int len = res_mkquery(QUERY, host, C_IN, type, NULL, 0, NULL, query, sizeof(query));
	int fd = len > 0 ? lwip_msocket(s->stack, AF_INET6, SOCK_DGRAM, 0) : -1, n = -1;
	bool found = false;
	ns_msg m;
	ns_rr rr;

	if (fd < 0)
		return false;
	memcpy(&to.sin6_addr, server, 16);
	for (int i = 0; i < TRIES && n < 0 && !cancelled(s); i++) {
		if (lwip_connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
		    lwip_send(fd, query, len, 0) < 0)
			break;
		while (wait_for(s, fd, POLLIN, DNS_TIMEOUT)) {
			n = lwip_recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
			if (n >= 12 && !memcmp(answer, query, 2))
				break;
			n = -1;
		}
	}
	lwip_close(fd);
	if (n < 0 || ns_initparse(answer, n, &m) < 0)
		return false;
	for (int i = 0; i < ns_msg_count(m, ns_s_an) && !found; i++) {
		if (ns_parserr(&m, ns_s_an, i, &rr) < 0 || (int)ns_rr_type(rr) != type)
			continue;
		if (type == T_A && ns_rr_rdlen(rr) == 4) {
			struct sockaddr_in *in = (struct sockaddr_in *)&t->name;

			in->sin_family = AF_INET;
			memcpy(&in->sin_addr, ns_rr_rdata(rr), 4);
			found = true;
		} else if (type == T_AAAA && ns_rr_rdlen(rr) == 16) {
			struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&t->name;

			in6->sin6_family = AF_INET6;
			memcpy(&in6->sin6_addr, ns_rr_rdata(rr), 16);
			found = true;
		}
	}
	return found;
}

static bool ask_servers(struct session *s, const char *host, struct target *t)
{
	struct ip_addr servers[SERVERS];
	int n = lwip_resolvers(s->stack, servers, SERVERS);

	if (n <= 0) {
		complain(s, "%s: the stack knows no name servers; give an address", host);
		return false;
	}
	for (int i = 0; i < n && i < SERVERS; i++) {
		if (s->family != AF_INET && ask(s, &servers[i], host, T_AAAA, t))
			return true;
		if (s->family != AF_INET6 && ask(s, &servers[i], host, T_A, t))
			return true;
	}
	if (!cancelled(s))
		complain(s, "%s: no name server of the stack knows an address", host);
	return false;
}

/* ADDRESS or ADDRESS%INTERFACE, whose index is the stack's, not the kernel's. */
static bool numeric(struct session *s, const char *host, struct target *t)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&t->name;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&t->name;
	char address[INET6_ADDRSTRLEN + 1];
	const char *zone = strchr(host, '%');
	size_t len = zone ? (size_t)(zone - host) : strlen(host);

	if (len >= sizeof(address))
		return false;
	memcpy(address, host, len);
	address[len] = 0;
	if (s->family != AF_INET6 && !zone && inet_pton(AF_INET, address, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		return true;
	}
	if (s->family == AF_INET || inet_pton(AF_INET6, address, &in6->sin6_addr) != 1)
		return false;
	in6->sin6_family = AF_INET6;
	if (zone) {
		struct netif *n = lwip_netif_find(s->stack, zone + 1);

		if (!n)
			return false;
		in6->sin6_scope_id = lwip_netif_index(n);
	}
	return true;
}

bool find_target(struct session *s, const char *host, int port, struct target *t)
{
	memset(t, 0, sizeof(*t));
	if (!strcmp(host, "localhost"))
		host = s->family == AF_INET6 ? "::1" : "127.0.0.1";
	if (!numeric(s, host, t) && !ask_servers(s, host, t))
		return false;
	if (t->name.ss_family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)&t->name;

		in->sin_port = htons(port);
		t->len = sizeof(*in);
		inet_ntop(AF_INET, &in->sin_addr, t->text, sizeof(t->text));
	} else {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&t->name;

		in6->sin6_port = htons(port);
		t->len = sizeof(*in6);
		inet_ntop(AF_INET6, &in6->sin6_addr, t->text, sizeof(t->text));
	}
	return true;
}

int connect_target(struct session *s, const struct target *t)
{
	int fd = lwip_msocket(s->stack, t->name.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0),
	    error = 0;
	socklen_t len = sizeof(error);

	if (fd < 0) {
		complain(s, "socket: %s", strerror(errno));
		return -1;
	}
	if (lwip_connect(fd, (const struct sockaddr *)&t->name, t->len) < 0) {
		error = errno;
		if (error == EINPROGRESS) {
			error = ECANCELED;
			if (wait_for(s, fd, POLLOUT, -1))
				lwip_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
		}
	}
	if (!error)
		return fd;
	if (error != ECANCELED)
		complain(s, "%s: %s", t->text, strerror(error));
	lwip_close(fd);
	return -1;
}
