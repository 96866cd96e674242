/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Socket addresses: sockaddr_in is mapped at this edge, sockaddr_in6 passes through. */
#include <errno.h>
#include "lwipv6/socket/socket.h"

int name_read(struct socket_name *n, int family, const struct sockaddr *sa, socklen_t len)
{
	if (!sa || len < sizeof(sa->sa_family))
		return -EINVAL;
	*n = (struct socket_name){0};
	/* The length is looked at first, for what the socket's family needs. */
	if (len < (family == AF_INET ? sizeof(struct sockaddr_in)
				     : offsetof(struct sockaddr_in6, sin6_scope_id)))
		return -EINVAL;
	if (sa->sa_family != family)
		return -EAFNOSUPPORT;
	if (family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)sa;

		n->addr = ip_from_v4(in->sin_addr.s_addr);
		n->port = ntohs(in->sin_port);
		return 0;
	}
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;

	n->addr = ip_from_in6(&in6->sin6_addr);
	n->port = ntohs(in6->sin6_port);
	if (len >= sizeof(*in6) && ip_needs_zone(&n->addr))
		n->zone = in6->sin6_scope_id;
	return 0;
}

void name_write(const struct socket_name *n, int family, struct sockaddr_storage *sa,
		socklen_t *len)
{
	memset(sa, 0, sizeof(*sa));
	if (family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)sa;

		in->sin_family = AF_INET;
		in->sin_port = htons(n->port);
		in->sin_addr.s_addr = n->addr.addr[3];
		*len = sizeof(*in);
		return;
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)sa;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(n->port);
	memcpy(&in6->sin6_addr, &n->addr, 16);
	in6->sin6_scope_id = ip_needs_zone(&n->addr) ? n->zone : 0;
	*len = sizeof(*in6);
}
