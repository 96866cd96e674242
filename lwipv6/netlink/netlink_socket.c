/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Netlink sockets: the queue of answers and notifications, requests taken from what is sent,
 * options.
 *
 * A dump is made whole when it is asked for, so it never shows half of a change, and is cut into
 * parts as it is received: as many messages as the reader's buffer holds, at least PART bytes.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "lwipv6/netlink/netlink.h"
#include "lwipv6/socket/families.h"

#define GROUPS	 64
#define PART	 3776 /* fits the page that small readers offer */
#define PART_MAX 32768
#define SEND_MAX (1 << 20)

struct netlink_datagram {
	struct list node;
	uint32_t len, group;
	uint8_t bytes[];
};

struct netlink_socket {
	struct socket socket; /* first */
	struct list node;     /* of netlink_table.sockets */
	struct list queue;    /* struct netlink_datagram */
	uint32_t queued, port;
	uint64_t groups; /* bit n: RTNLGRP n */
	struct nl_builder dump;
	size_t dump_at;
	bool connected, extended_ack, cap_ack, strict, no_enobufs, pktinfo;
};

static const struct socket_ops netlink_ops;

static struct netlink_socket *netlink(struct socket *s)
{
	return container_of(s, struct netlink_socket, socket);
}

static struct socket *create(struct stack *stack, int family, int type, int protocol)
{
	struct netlink_socket *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	socket_init(&n->socket, stack, &netlink_ops, family, type, protocol);
	list_init(&n->queue);
	list_append(&stack->netlink.sockets, &n->node);
	return &n->socket;
}

/* ---- ports and groups */

static bool port_taken(const struct stack *stack, uint32_t port)
{
	struct netlink_socket *n;

	list_for_each_entry (n, &stack->netlink.sockets, node)
		if (n->port == port)
			return true;
	return false;
}

static void pick_port(struct netlink_socket *n)
{
	uint32_t port = getpid();

	/* As Linux: the process' own number first, then from the top. */
	for (uint32_t next = 0xffffefff; port_taken(n->socket.stack, port); next--)
		port = next;
	n->port = port;
}

static int netlink_bind(struct socket *s, const struct sockaddr *name, socklen_t len)
{
	const struct sockaddr_nl *nl = (const struct sockaddr_nl *)name;
	struct netlink_socket *n = netlink(s);

	if (len < sizeof(*nl) || nl->nl_family != AF_NETLINK)
		return -EINVAL;
	if (n->port && nl->nl_pid && nl->nl_pid != n->port)
		return -EINVAL;
	if (!n->port && nl->nl_pid) {
		if (port_taken(s->stack, nl->nl_pid))
			return -EADDRINUSE;
		n->port = nl->nl_pid;
	}
	if (!n->port)
		pick_port(n);
	n->groups = (n->groups & ~0x1fffffffeULL) | (uint64_t)nl->nl_groups << 1;
	return 0;
}

static int netlink_connect(struct socket *s, const struct sockaddr *name, socklen_t len)
{
	const struct sockaddr_nl *nl = (const struct sockaddr_nl *)name;

	if (len >= sizeof(sa_family_t) && name->sa_family == AF_UNSPEC)
		return 0;
	if (len < sizeof(*nl) || nl->nl_family != AF_NETLINK)
		return -EINVAL;
	if (nl->nl_groups)
		return -EPERM;
	if (nl->nl_pid)
		return -ECONNREFUSED;
	if (!netlink(s)->port)
		pick_port(netlink(s));
	netlink(s)->connected = true;
	return 0;
}

static int netlink_name(struct socket *s, bool peer, struct sockaddr_storage *sa, socklen_t *len)
{
	struct sockaddr_nl *nl = (struct sockaddr_nl *)sa;
	struct netlink_socket *n = netlink(s);

	memset(sa, 0, sizeof(*sa));
	nl->nl_family = AF_NETLINK;
	if (!peer) {
		nl->nl_pid = n->port;
		nl->nl_groups = n->groups >> 1;
	}
	*len = sizeof(*nl);
	return 0;
}

/* ---- the queue */

static void overrun(struct netlink_socket *n)
{
	if (!n->no_enobufs)
		socket_error(&n->socket, ENOBUFS);
}

static void enqueue(struct netlink_socket *n, const void *bytes, uint32_t len, uint32_t group)
{
	struct netlink_datagram *d;

	if (n->queued + len > n->socket.rcvbuf || !(d = malloc(sizeof(*d) + len))) {
		overrun(n);
		return;
	}
	d->len = len;
	d->group = group;
	memcpy(d->bytes, bytes, len);
	n->queued += len + sizeof(*d);
	list_append(&n->queue, &d->node);
	socket_grew(&n->socket);
}

bool netlink_heard(const struct stack *stack, unsigned int group)
{
	struct netlink_socket *n;

	if (stack->netlink.requester && stack->netlink.echo)
		return true;
	list_for_each_entry (n, &stack->netlink.sockets, node)
		if (n->groups >> group & 1)
			return true;
	return false;
}

void netlink_publish(struct stack *stack, unsigned int group, const struct nl_builder *message)
{
	struct netlink_table *t = &stack->netlink;
	struct netlink_socket *n;

	if (message->failed)
		return;
	list_for_each_entry (n, &t->sockets, node)
		if (n->groups >> group & 1 && !(t->echo && n == t->requester))
			enqueue(n, message->bytes, message->len, group);
	if (t->echo && t->requester)
		enqueue(t->requester, message->bytes, message->len, 0);
}

/* ---- requests */

int nl_request_parse(struct netlink_request *r, size_t header, const struct nlattr **table, int max,
		     const struct nl_policy *policy)
{
	if (r->len < header)
		return nl_refuse(r, -EINVAL, NULL, "The message is shorter than its family header");
	if (nl_parse((const uint8_t *)r->payload + NLMSG_ALIGN(header), r->len - header, table, max,
		     policy, false, &r->bad))
		return nl_refuse(r, -EINVAL, r->bad, "Attribute has a wrong length");
	return 0;
}

int nl_dump_parse(struct netlink_request *r, size_t header, const struct nlattr **table, int max,
		  const struct nl_policy *policy)
{
	memset(table, 0, (max + 1) * sizeof(*table));
	if (!r->strict)
		return 0;
	if (r->len < header)
		return nl_refuse(r, -EINVAL, NULL, "Invalid header for dump request");
	if (nl_parse((const uint8_t *)r->payload + NLMSG_ALIGN(header), r->len - header, table, max,
		     policy, true, &r->bad))
		return nl_refuse(r, -EINVAL, r->bad, "Unsupported attribute in dump request");
	return 0;
}

static const struct netlink_handler {
	int (*answer)(struct netlink_request *r);
	int (*dump)(struct netlink_request *r);
} handlers[RTM_MAX + 1] = {
	[RTM_NEWLINK] = {nl_link_change, NULL},
	[RTM_SETLINK] = {nl_link_change, NULL},
	[RTM_DELLINK] = {nl_link_delete, NULL},
	[RTM_GETLINK] = {nl_link_get, nl_link_dump},
	[RTM_NEWADDR] = {nl_address_new, NULL},
	[RTM_DELADDR] = {nl_address_delete, NULL},
	[RTM_GETADDR] = {NULL, nl_address_dump},
	[RTM_NEWROUTE] = {nl_route_new, NULL},
	[RTM_DELROUTE] = {nl_route_delete, NULL},
	[RTM_GETROUTE] = {nl_route_get, nl_route_dump},
	[RTM_NEWNEIGH] = {nl_neighbour_new, NULL},
	[RTM_DELNEIGH] = {nl_neighbour_delete, NULL},
	[RTM_GETNEIGH] = {nl_neighbour_get, nl_neighbour_dump},
	[RTM_GETRULE] = {NULL, nl_rule_dump},
};

static bool family_known(const struct netlink_request *r)
{
	switch (*(const uint8_t *)r->payload) {
	case AF_UNSPEC:
	case AF_INET:
	case AF_INET6:
	case AF_PACKET:
	case AF_BRIDGE: /* dumps of neighbours: an empty table */
		return true;
	}
	return false;
}

static int dump(struct netlink_socket *n, struct netlink_request *r,
		const struct netlink_handler *h)
{
	int error;

	if (n->dump.bytes)
		return nl_refuse(r, -EBUSY, NULL, "The last dump was not read to its end");
	r->answer = &n->dump;
	error = h->dump(r);
	if (!error) {
		nl_begin(&n->dump, NLMSG_DONE, NLM_F_MULTI, r->message->nlmsg_seq, n->port,
			 sizeof(int));
		nl_end(&n->dump);
	}
	if (!error && n->dump.failed)
		error = -ENOBUFS;
	if (error) {
		nl_free(&n->dump);
		return error;
	}
	n->dump_at = 0;
	socket_grew(&n->socket);
	return -EINTR; /* answered: no acknowledgment */
}

static int serve(struct netlink_socket *n, struct netlink_request *r)
{
	int type = r->message->nlmsg_type, kind = type & 3, error;
	struct nl_builder answer = {0};
	const struct netlink_handler *h;

	if (type > RTM_MAX)
		return nl_refuse(r, -EOPNOTSUPP, NULL, "Unknown message type");
	h = &handlers[type];
	if (!r->len)
		return 0;
	if (kind != 2 && !stack_capable(r->stack, LWIP_CAP_NET_ADMIN))
		return -EPERM;
	if (!h->answer && !h->dump)
		return nl_refuse(r, -EOPNOTSUPP, NULL, "This stack has no such objects");
	if (!family_known(r))
		return nl_refuse(r, -EAFNOSUPPORT, NULL, "Unknown address family");
	if (kind == 2 && r->message->nlmsg_flags & NLM_F_DUMP && h->dump)
		return dump(n, r, h);
	if (!h->answer)
		return nl_refuse(r, -EOPNOTSUPP, NULL, "Only dumps of these are answered");
	r->answer = &answer;
	n->socket.stack->netlink.requester = n;
	n->socket.stack->netlink.sequence = r->message->nlmsg_seq;
	n->socket.stack->netlink.echo = r->message->nlmsg_flags & NLM_F_ECHO;
	error = h->answer(r);
	n->socket.stack->netlink.requester = NULL;
	n->socket.stack->netlink.echo = false;
	if (!error && answer.failed)
		error = -ENOBUFS;
	if (!error && answer.len)
		enqueue(n, answer.bytes, answer.len, 0);
	nl_free(&answer);
	return error;
}

/* NLMSG_ERROR: the message itself comes back with an error, its header alone with success. */
static void acknowledge(struct netlink_socket *n, const struct netlink_request *r, int error)
{
	const struct nlmsghdr *m = r->message;
	bool whole = error && !n->cap_ack,
	     extended = n->extended_ack && error && (r->error || r->bad);
	size_t quoted = whole ? m->nlmsg_len : sizeof(*m);
	struct nl_builder b = {0};
	uint8_t *payload;

	payload = nl_begin(&b, NLMSG_ERROR,
			   (whole ? 0 : NLM_F_CAPPED) | (extended ? NLM_F_ACK_TLVS : 0),
			   m->nlmsg_seq, n->port, sizeof(int) + quoted);
	if (payload) {
		memcpy(payload, &error, sizeof(error));
		memcpy(payload + sizeof(error), m, quoted);
	}
	if (extended && r->error)
		nl_put_string(&b, NLMSGERR_ATTR_MSG, r->error);
	if (extended && r->bad)
		nl_put_u32(&b, NLMSGERR_ATTR_OFFS, (const uint8_t *)r->bad - (const uint8_t *)m);
	nl_end(&b);
	if (b.failed)
		overrun(n);
	else
		enqueue(n, b.bytes, b.len, 0);
	nl_free(&b);
}

static void take_requests(struct netlink_socket *n, const uint8_t *at, size_t len)
{
	while (len >= NLMSG_HDRLEN) {
		const struct nlmsghdr *m = (const struct nlmsghdr *)at;
		struct netlink_request r = {.stack = n->socket.stack,
					    .message = m,
					    .port = n->port,
					    .strict = n->strict};
		int error = 0;
		size_t step;

		if (m->nlmsg_len < NLMSG_HDRLEN || m->nlmsg_len > len)
			return;
		r.payload = at + NLMSG_HDRLEN;
		r.len = m->nlmsg_len - NLMSG_HDRLEN;
		if (m->nlmsg_flags & NLM_F_REQUEST && m->nlmsg_type >= NLMSG_MIN_TYPE)
			error = serve(n, &r);
		if (error != -EINTR && (error || m->nlmsg_flags & NLM_F_ACK))
			acknowledge(n, &r, error);
		step = NLMSG_ALIGN(m->nlmsg_len);
		if (step >= len)
			return;
		at += step;
		len -= step;
	}
}

static ssize_t netlink_send(struct socket *s, const struct msghdr *m, int flags)
{
	struct netlink_socket *n = netlink(s);
	const struct sockaddr_nl *to = m->msg_name;
	size_t len = 0, done = 0;
	uint8_t *copy;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (s->error)
		return -socket_take_error(s);
	if (to && m->msg_namelen) {
		if (m->msg_namelen < sizeof(*to) || to->nl_family != AF_NETLINK)
			return -EINVAL;
		if (to->nl_groups)
			return -EPERM;
		if (to->nl_pid)
			return -ECONNREFUSED; /* only the stack answers */
	}
	for (size_t i = 0; i < m->msg_iovlen; i++) {
		if (m->msg_iov[i].iov_len > SEND_MAX - len)
			return -EMSGSIZE;
		len += m->msg_iov[i].iov_len;
	}
	if (!n->port)
		pick_port(n);
	/* A copy: aligned, and nobody changes it while it is looked at. */
	copy = malloc(len ? len : 1);
	if (!copy)
		return -ENOBUFS;
	for (size_t i = 0; i < m->msg_iovlen; i++) {
		memcpy(copy + done, m->msg_iov[i].iov_base, m->msg_iov[i].iov_len);
		done += m->msg_iov[i].iov_len;
	}
	take_requests(n, copy, len);
	free(copy);
	return len;
}

/* ---- receiving */

/* How much of the dump goes into a buffer of @room bytes. */
static uint32_t dump_part(const struct netlink_socket *n, size_t room)
{
	uint32_t part = 0, left = n->dump.len - n->dump_at;

	if (room < PART)
		room = PART;
	if (room > PART_MAX)
		room = PART_MAX;
	while (part < left) {
		const struct nlmsghdr *m = (struct nlmsghdr *)(n->dump.bytes + n->dump_at + part);

		if (part && part + m->nlmsg_len > room)
			break;
		part += NLMSG_ALIGN(m->nlmsg_len);
	}
	return part;
}

static uint32_t scatter(struct msghdr *m, const uint8_t *bytes, uint32_t len)
{
	uint32_t done = 0;

	for (size_t i = 0; i < m->msg_iovlen && done < len; i++) {
		uint32_t part =
			len - done < m->msg_iov[i].iov_len ? len - done : m->msg_iov[i].iov_len;

		if (part)
			memcpy(m->msg_iov[i].iov_base, bytes + done, part);
		done += part;
	}
	if (done < len)
		m->msg_flags |= MSG_TRUNC;
	return done;
}

static void put_origin(const struct netlink_socket *n, struct msghdr *m, uint32_t group)
{
	struct sockaddr_nl from = {.nl_family = AF_NETLINK,
				   .nl_groups = group && group <= 32 ? 1u << (group - 1) : 0};
	struct nl_pktinfo info = {group};
	size_t used = 0;

	if (m->msg_name) {
		memcpy(m->msg_name, &from,
		       m->msg_namelen < sizeof(from) ? m->msg_namelen : sizeof(from));
		m->msg_namelen = sizeof(from);
	}
	if (n->pktinfo)
		control_put(m, &used, SOL_NETLINK, NETLINK_PKTINFO, &info, sizeof(info));
	m->msg_controllen = used;
}

static ssize_t netlink_receive(struct socket *s, struct msghdr *m, int flags)
{
	struct netlink_socket *n = netlink(s);
	struct netlink_datagram *d = list_first(&n->queue, struct netlink_datagram, node);
	uint32_t total, done;
	size_t room = 0;

	if (s->error)
		return -socket_take_error(s);
	if (!d && !n->dump.bytes)
		return -EAGAIN;
	if (d) {
		total = d->len;
		done = scatter(m, d->bytes, total);
	} else {
		for (size_t i = 0; i < m->msg_iovlen; i++)
			room += m->msg_iov[i].iov_len;
		total = dump_part(n, room);
		done = scatter(m, n->dump.bytes + n->dump_at, total);
	}
	put_origin(n, m, d ? d->group : 0);
	if (!(flags & MSG_PEEK)) {
		if (d) {
			list_remove(&d->node);
			n->queued -= d->len + sizeof(*d);
			free(d);
		} else {
			n->dump_at += total;
			if (n->dump_at == n->dump.len)
				nl_free(&n->dump);
		}
		readiness_update(s, s->ops->poll(s));
	}
	return flags & MSG_TRUNC ? total : done;
}

static uint32_t netlink_poll(struct socket *s)
{
	struct netlink_socket *n = netlink(s);
	bool readable = s->error || n->dump.bytes || !list_empty(&n->queue);

	/* No POLLERR: the kernel would show it for ever, and ENOBUFS is over once it was told. */
	return POLLOUT | POLLWRNORM | (readable ? POLLIN | POLLRDNORM : 0);
}

/* ---- options and the end */

static int netlink_setsockopt(struct socket *s, int level, int name, const void *value,
			      socklen_t len)
{
	struct netlink_socket *n = netlink(s);
	int number, error;

	if (level == SOL_SOCKET)
		return socket_set_common(s, name, value, len);
	if (level != SOL_NETLINK)
		return -ENOPROTOOPT;
	error = option_int(value, len, &number);
	if (error)
		return error;
	switch (name) {
	case NETLINK_ADD_MEMBERSHIP:
	case NETLINK_DROP_MEMBERSHIP:
		if (number < 1 || number >= GROUPS)
			return -EINVAL;
		if (!n->port)
			pick_port(n);
		if (name == NETLINK_ADD_MEMBERSHIP)
			n->groups |= 1ULL << number;
		else
			n->groups &= ~(1ULL << number);
		return 0;
	case NETLINK_PKTINFO:
		n->pktinfo = number;
		return 0;
	case NETLINK_NO_ENOBUFS:
		n->no_enobufs = number;
		return 0;
	case NETLINK_CAP_ACK:
		n->cap_ack = number;
		return 0;
	case NETLINK_EXT_ACK:
		n->extended_ack = number;
		return 0;
	case NETLINK_GET_STRICT_CHK:
		n->strict = number;
		return 0;
	case NETLINK_BROADCAST_ERROR:
	case NETLINK_LISTEN_ALL_NSID: /* a stack is one namespace */
		return 0;
	}
	return -ENOPROTOOPT;
}

static int netlink_getsockopt(struct socket *s, int level, int name, void *value, socklen_t *len)
{
	struct netlink_socket *n = netlink(s);
	uint64_t groups = n->groups >> 1;

	if (level == SOL_SOCKET)
		return socket_get_common(s, name, value, len);
	if (level != SOL_NETLINK)
		return -ENOPROTOOPT;
	switch (name) {
	case NETLINK_PKTINFO:
		return option_put_int(value, len, n->pktinfo);
	case NETLINK_NO_ENOBUFS:
		return option_put_int(value, len, n->no_enobufs);
	case NETLINK_CAP_ACK:
		return option_put_int(value, len, n->cap_ack);
	case NETLINK_EXT_ACK:
		return option_put_int(value, len, n->extended_ack);
	case NETLINK_GET_STRICT_CHK:
		return option_put_int(value, len, n->strict);
	case NETLINK_LIST_MEMBERSHIPS:
		memcpy(value, &groups, *len < sizeof(groups) ? *len & ~3u : sizeof(groups));
		*len = sizeof(groups);
		return 0;
	}
	return -ENOPROTOOPT;
}

static int netlink_ioctl(struct socket *s, unsigned long cmd, void *arg)
{
	struct netlink_datagram *d = list_first(&netlink(s)->queue, struct netlink_datagram, node);

	if (cmd != FIONREAD)
		return -ENOTTY;
	*(int *)arg = d ? d->len : netlink(s)->dump.bytes ? dump_part(netlink(s), 0) : 0;
	return 0;
}

static void netlink_close(struct socket *s)
{
	struct netlink_socket *n = netlink(s);

	list_remove(&n->node);
	while (!list_empty(&n->queue)) {
		struct netlink_datagram *d = list_first(&n->queue, struct netlink_datagram, node);

		list_remove(&d->node);
		free(d);
	}
	nl_free(&n->dump);
	socket_fini(s);
	free(n);
}

static const struct socket_ops netlink_ops = {
	.bind = netlink_bind,
	.connect = netlink_connect,
	.name = netlink_name,
	.send = netlink_send,
	.receive = netlink_receive,
	.close = netlink_close,
	.setsockopt = netlink_setsockopt,
	.getsockopt = netlink_getsockopt,
	.ioctl = netlink_ioctl,
	.poll = netlink_poll,
};

const struct socket_family socket_netlink_families[] = {
	{AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, 0, create},
	{AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE, 0, create},
	{0},
};
