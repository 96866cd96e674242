/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * AF_NETLINK, NETLINK_ROUTE: the stack's interfaces, addresses, routes and neighbours as
 * rtnetlink(7) shows and changes them, so that programs made for Linux (ip, libmnl, libnl) work on
 * a stack.
 *
 *   send -> netlink_socket.c: each message -> table of handlers -> link, address, route, neighbour
 *        <- one queue per socket: answers, notifications; a dump is a snapshot, cut on receiving
 *   stack events -> netlink_notify.c -> the sockets of the group
 *
 * Everything runs in the thread that sends, under the stack's lock. A socket holds at most one dump
 * and SO_RCVBUF bytes of other messages; what does not fit is dropped and told by ENOBUFS.
 */
#ifndef LWIPV6_NETLINK_NETLINK_H
#define LWIPV6_NETLINK_NETLINK_H

#include <linux/rtnetlink.h>
#include "lwipv6/link/netif.h"
#include "lwipv6/netlink/message.h"

struct netlink_request {
	struct stack *stack;
	const struct nlmsghdr *message;
	const void *payload; /* family header and attributes */
	size_t len;
	uint32_t port; /* of the requester */
	bool strict;   /* NETLINK_GET_STRICT_CHK */
	struct nl_builder *answer;
	/* For the extended acknowledgment; literals only. */
	const char *error;
	const struct nlattr *bad;
};

/* Refuse with a sentence and, when an attribute is to blame, its place. */
static inline int nl_refuse(struct netlink_request *r, int error, const struct nlattr *bad,
			    const char *why)
{
	r->error = why;
	r->bad = bad;
	return error;
}

/* The attributes behind a family header of @header bytes; -EINVAL told in the request. */
int nl_request_parse(struct netlink_request *r, size_t header, const struct nlattr **table, int max,
		     const struct nl_policy *policy);
/* The same for a dump's filter: without strict checking the attributes are not looked at. */
int nl_dump_parse(struct netlink_request *r, size_t header, const struct nlattr **table, int max,
		  const struct nl_policy *policy);

/* How a message about an object is labelled. */
struct nl_label {
	int type, flags;
	uint32_t sequence, port;
};

static inline struct nl_label nl_answer_label(const struct netlink_request *r, int type, int flags)
{
	return (struct nl_label){type, flags, r->message->nlmsg_seq, r->port};
}

/* ---- one message about one object; also used by notifications */
/* @up: what IFF_UP shall say, because the event of going down comes before. */
void nl_fill_link(struct nl_builder *b, const struct netif *n, struct nl_label label, bool up,
		  bool statistics);
void nl_fill_address(struct nl_builder *b, const struct netif_addr *a, struct nl_label label);
void nl_fill_route(struct nl_builder *b, const struct route *r, struct nl_label label);
void nl_fill_neighbour(struct nl_builder *b, const struct neighbour *n, struct nl_label label);

/* ---- requests: 0 or a negative errno; answers go to r->answer */
int nl_link_get(struct netlink_request *r);
int nl_link_dump(struct netlink_request *r);
int nl_link_change(struct netlink_request *r);
int nl_link_delete(struct netlink_request *r);
int nl_address_dump(struct netlink_request *r);
int nl_address_new(struct netlink_request *r);
int nl_address_delete(struct netlink_request *r);
int nl_route_get(struct netlink_request *r);
int nl_route_dump(struct netlink_request *r);
int nl_route_new(struct netlink_request *r);
int nl_route_delete(struct netlink_request *r);
int nl_neighbour_get(struct netlink_request *r);
int nl_neighbour_dump(struct netlink_request *r);
int nl_neighbour_new(struct netlink_request *r);
int nl_neighbour_delete(struct netlink_request *r);
int nl_rule_dump(struct netlink_request *r);

/* ---- netlink_socket.c, for notifications */
/* Whether anybody would hear of @group. */
bool netlink_heard(const struct stack *stack, unsigned int group);
/* One message, given to every member of @group and to a requester who asked for an echo. */
void netlink_publish(struct stack *stack, unsigned int group, const struct nl_builder *message);
/* netlink_notify.c: an event of the stack, while netlink sockets exist. */
void netlink_notify(struct stack *stack, enum stack_event event, void *object);

#endif
