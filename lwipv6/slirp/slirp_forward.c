/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of the host that lead inside: lwip_slirp_listen_add(). */
#include <errno.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>
#include "lwipv6/slirp/slirp.h"

#define ACCEPTS 64

void slirp_forward_end(struct slirp_forward *f)
{
	struct slirp_flow *flow, *next;

	list_for_each_entry_safe (flow, next, &f->slirp->flows, age)
		if (flow->forward == f)
			slirp_flow_end(flow);
	list_remove(&f->node);
	close(f->source.fd);
	if (f->path && f->path[0])
		unlink(f->path);
	free(f->path);
	free(f);
}

static void clients(struct slirp_source *source, uint32_t events)
{
	struct slirp_forward *f = container_of(source, struct slirp_forward, source);

	if ((f->flags & SLIRP_LISTEN_TYPEMASK) == SLIRP_LISTEN_UDP) {
		slirp_udp_forward(f);
		return;
	}
	for (;;) {
		struct sockaddr_storage client = {0};
		socklen_t len = sizeof(client);
		int fd = accept4(source->fd, (struct sockaddr *)&client, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		slirp_tcp_forward(f, fd, &client);
		if (f->flags & SLIRP_LISTEN_ONCE) {
			slirp_forward_end(f);
			return;
		}
	}
}

static int open_unix(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(un.sun_path))
		return -1;
	strcpy(un.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    (bind(fd, (struct sockaddr *)&un, sizeof(un)) < 0 || listen(fd, ACCEPTS) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* IPv4 as it is; the unspecified IPv6 address takes clients of both families. */
static int open_inet(const struct ip_addr *addr, int port, bool udp)
{
	bool v4 = ip_is_v4(addr);
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = addr->addr[3]};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(v4 ? AF_INET : AF_INET6,
			(udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		return -1;
	memcpy(&in6.sin6_addr, addr, 16);
	if (!udp)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, v4 ? (struct sockaddr *)&in : (struct sockaddr *)&in6,
		 v4 ? sizeof(in) : sizeof(in6)) < 0 ||
	    (!udp && listen(fd, ACCEPTS) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool valid(const struct ip_addr *dest, int dest_port, int src_port, int flags)
{
	int type = flags & SLIRP_LISTEN_TYPEMASK;

	if (flags & ~(SLIRP_LISTEN_TYPEMASK | SLIRP_LISTEN_ONCE) || ip_is_any(dest) ||
	    ip_is_multicast(dest))
		return false;
	if (dest_port < 1 || dest_port > 65535)
		return false;
	if (type == SLIRP_LISTEN_UNIXSTREAM)
		return true;
	return (type == SLIRP_LISTEN_TCP || type == SLIRP_LISTEN_UDP) && src_port >= 1 &&
	       src_port <= 65535;
}

int slirp_forward_add(struct slirp *s, const struct ip_addr *dest, int dest_port, const void *src,
		      int src_port, int flags)
{
	int type = flags & SLIRP_LISTEN_TYPEMASK;
	struct slirp_forward *f;

	if (!valid(dest, dest_port, src_port, flags) || (type == SLIRP_LISTEN_UNIXSTREAM && !src))
		return SLIRP_BAD_VALUE;
	f = calloc(1, sizeof(*f));
	if (!f)
		return SLIRP_NO_MEMORY;
	*f = (struct slirp_forward){.slirp = s,
				    .dest = *dest,
				    .dest_port = dest_port,
				    .src_port = src_port,
				    .flags = flags,
				    .source.ready = clients};
	if (type == SLIRP_LISTEN_UNIXSTREAM) {
		f->path = strdup(src);
		f->source.fd = f->path ? open_unix(src) : -1;
	} else {
		f->src = src ? *(const struct ip_addr *)src : ip_addr_any;
		f->source.fd = open_inet(&f->src, src_port, type == SLIRP_LISTEN_UDP);
	}
	if (f->source.fd < 0 || slirp_watch(s, &f->source)) {
		if (f->source.fd >= 0)
			close(f->source.fd);
		free(f->path);
		free(f);
		return SLIRP_SOCKET_ERROR;
	}
	list_append(&s->forwards, &f->node);
	return 0;
}

int slirp_forward_delete(struct slirp *s, const struct ip_addr *dest, int dest_port,
			 const void *src, int src_port, int flags)
{
	bool unix_stream = (flags & SLIRP_LISTEN_TYPEMASK) == SLIRP_LISTEN_UNIXSTREAM;
	const struct ip_addr *from = src && !unix_stream ? src : &ip_addr_any;
	struct slirp_forward *f;

	if (unix_stream && !src)
		return SLIRP_BAD_VALUE;
	list_for_each_entry (f, &s->forwards, node) {
		if ((f->flags ^ flags) & SLIRP_LISTEN_TYPEMASK || f->dest_port != dest_port ||
		    !ip_equal(&f->dest, dest))
			continue;
		if (unix_stream ? strcmp(f->path, src)
				: f->src_port != src_port || !ip_equal(&f->src, from))
			continue;
		slirp_forward_end(f);
		return 0;
	}
	return SLIRP_BAD_VALUE;
}
