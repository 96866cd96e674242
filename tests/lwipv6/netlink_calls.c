/* SPDX-License-Identifier: GPL-2.0-only */
/* Netlink sockets, call by call: what ip does not ask for. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>
#include "lwipv6/lwipv6.h"
#include "tests/lib/tap.h"

static struct stack *stack;
static char reply[65536];

static void wire(void *arg, const void *frame, size_t len)
{
}

struct request {
	struct nlmsghdr h;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
		struct rtmsg route;
	};
	char attributes[256];
};

static void attribute(struct request *r, int type, const void *data, int len)
{
	struct rtattr *a = (struct rtattr *)((char *)r + NLMSG_ALIGN(r->h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	r->h.nlmsg_len = NLMSG_ALIGN(r->h.nlmsg_len) + RTA_ALIGN(a->rta_len);
}

static struct request make(int type, int flags, uint32_t sequence, size_t header)
{
	struct request r = {.h = {.nlmsg_len = NLMSG_LENGTH(header),
				  .nlmsg_type = type,
				  .nlmsg_flags = NLM_F_REQUEST | flags,
				  .nlmsg_seq = sequence}};
	return r;
}

static struct request add_address(int flags, uint32_t sequence, int index, uint32_t last)
{
	struct request r = make(RTM_NEWADDR, flags, sequence, sizeof(struct ifaddrmsg));
	uint32_t addr = htonl(0x0a000000 + last);

	r.address.ifa_family = AF_INET;
	r.address.ifa_prefixlen = 24;
	r.address.ifa_index = index;
	attribute(&r, IFA_LOCAL, &addr, 4);
	return r;
}

static int open_netlink(uint32_t groups)
{
	struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_groups = groups};
	int fd = lwip_msocket(stack, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);

	lwip_bind(fd, (struct sockaddr *)&name, sizeof(name));
	return fd;
}

/* The next message's type, or a negative errno. */
static int next(int fd, struct nlmsghdr **h)
{
	ssize_t n = lwip_recv(fd, reply, sizeof(reply), 0);

	*h = (struct nlmsghdr *)reply;
	return n < 0 ? -errno : (*h)->nlmsg_type;
}

static int ask(int fd, struct request *r)
{
	struct nlmsghdr *h;
	int type;

	lwip_send(fd, r, r->h.nlmsg_len, 0);
	type = next(fd, &h);
	return type == NLMSG_ERROR ? *(int *)NLMSG_DATA(h) : type;
}

static void notifications(int index)
{
	int listener = open_netlink(RTMGRP_IPV4_IFADDR | RTMGRP_LINK), asker = open_netlink(0),
	    other = open_netlink(0);
	struct request r = add_address(NLM_F_ACK | NLM_F_CREATE, 77, index, 1);
	struct sockaddr_nl from;
	struct iovec iov = {reply, sizeof(reply)};
	struct msghdr m = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1};
	struct nlmsghdr *h;
	struct pollfd p = {listener, POLLIN, 0};

	ok(poll(&p, 1, 0) == 0, "nothing to hear yet, as the kernel's poll says");
	ok(ask(asker, &r) == 0, "an address is added and acknowledged");
	ok(poll(&p, 1, 0) == 1 && p.revents == POLLIN, "the kernel's poll sees the notification");
	ok(lwip_recvmsg(listener, &m, 0) > 0 &&
		   ((struct nlmsghdr *)reply)->nlmsg_type == RTM_NEWADDR &&
		   ((struct nlmsghdr *)reply)->nlmsg_seq == 77 &&
		   from.nl_groups == RTMGRP_IPV4_IFADDR && !from.nl_pid,
	   "it carries the request's number and its group");
	ok(next(listener, &h) == -EAGAIN && next(other, &h) == -EAGAIN,
	   "once, and to members only");
	r = add_address(NLM_F_CREATE | NLM_F_ECHO, 78, index, 2);
	ok(ask(asker, &r) == RTM_NEWADDR, "NLM_F_ECHO brings the notification to who asked");
	next(listener, &h);
	lwip_ifdown(lwip_netif_find(stack, "fr0"));
	ok(next(listener, &h) == RTM_NEWLINK &&
		   !(((struct ifinfomsg *)NLMSG_DATA(h))->ifi_flags & IFF_UP),
	   "an interface that goes down is said to be down");
	lwip_ifup(lwip_netif_find(stack, "fr0"));
	/* A listener that does not listen. */
	lwip_setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &(int){2048}, sizeof(int));
	for (int i = 0; i < 200; i++) {
		r = add_address(NLM_F_ACK | NLM_F_CREATE, 100 + i, index, 20 + i);
		ask(asker, &r);
	}
	ok(next(listener, &h) == -ENOBUFS, "notifications that did not fit are told by ENOBUFS");
	ok(next(listener, &h) > 0, "and those that did are still there");
	lwip_close(listener);
	lwip_close(asker);
	lwip_close(other);
}

static int count_dump(int fd, int room, int *parts)
{
	int count = 0;

	for (*parts = 0;; ++*parts) {
		int n = lwip_recv(fd, reply, room, 0);

		if (n <= 0)
			return -errno;
		for (struct nlmsghdr *h = (struct nlmsghdr *)reply; NLMSG_OK(h, n);
		     h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return count;
			count += h->nlmsg_flags & NLM_F_MULTI ? 1 : 1000;
		}
	}
}

static void dumps(void)
{
	int fd = open_netlink(0), parts, whole;
	struct request r = make(RTM_GETADDR, NLM_F_DUMP, 5, sizeof(struct ifaddrmsg));

	r.address.ifa_family = AF_INET;
	lwip_send(fd, &r, r.h.nlmsg_len, 0);
	lwip_send(fd, &r, r.h.nlmsg_len, 0);
	ok(lwip_recv(fd, reply, sizeof(reply), 0) > 0 &&
		   ((struct nlmsgerr *)NLMSG_DATA(reply))->error == -EBUSY,
	   "a second dump before the first was read is refused");
	whole = count_dump(fd, 32768, &parts);
	ok(whole == 203, "a dump of 203 addresses (%d)", whole);
	lwip_send(fd, &r, r.h.nlmsg_len, 0);
	ok(count_dump(fd, 4096, &parts) == whole && parts > 3,
	   "the same through a page, in %d parts", parts + 1);
	lwip_send(fd, &r, r.h.nlmsg_len, 0);
	int size = lwip_recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC);

	ok(size > 0 && lwip_recv(fd, reply, size, 0) == size,
	   "MSG_PEEK | MSG_TRUNC tells how much a part measures");
	lwip_close(fd); /* with a dump half read: nothing may leak */
}

static void strict(void)
{
	int fd = open_netlink(0), n;
	struct request r = make(RTM_GETADDR, NLM_F_DUMP, 6, sizeof(struct ifaddrmsg));
	struct nlmsghdr *h;
	const char *text = "Unsupported attribute in dump request";

	lwip_setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &(int){1}, sizeof(int));
	lwip_setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &(int){1}, sizeof(int));
	attribute(&r, 200, "x", 1);
	lwip_send(fd, &r, r.h.nlmsg_len, 0);
	n = lwip_recv(fd, reply, sizeof(reply), 0);
	h = (struct nlmsghdr *)reply;
	ok(h->nlmsg_type == NLMSG_ERROR && h->nlmsg_flags & NLM_F_ACK_TLVS &&
		   memmem(reply, n, text, strlen(text)),
	   "strict checking refuses an unknown attribute, and says so");
	r = make(RTM_GETADDR, NLM_F_DUMP, 7, sizeof(struct ifaddrmsg));
	r.address.ifa_index = 9999;
	ok(ask(fd, &r) == -ENODEV, "and filters by an interface that is not there");
	r.address.ifa_index = 1;
	r.address.ifa_family = AF_INET;
	lwip_send(fd, &r, r.h.nlmsg_len, 0);
	ok(count_dump(fd, 32768, &n) == 1, "or by one that is");
	lwip_close(fd);
}

static int no_capabilities(void)
{
	return 0;
}

static void refusals(int index)
{
	int fd = open_netlink(0);
	struct request r = make(RTM_GETLINK, 0, 1, sizeof(struct ifinfomsg));
	struct nlmsghdr *h;

	ok(lwip_msocket(stack, AF_NETLINK, SOCK_RAW, NETLINK_XFRM) < 0 && errno == EPROTONOSUPPORT,
	   "only NETLINK_ROUTE is spoken");
	r.link.ifi_index = 12345;
	ok(ask(fd, &r) == -ENODEV, "an interface that is not there");
	r = make(RTM_NEWTFILTER, 0, 1, sizeof(struct ifinfomsg));
	ok(ask(fd, &r) == -EOPNOTSUPP, "objects that a stack has not");
	r = make(RTM_GETLINK, 0, 1, sizeof(struct ifinfomsg));
	r.h.nlmsg_len = 4;
	ok(lwip_send(fd, &r, 32, 0) == 32 && next(fd, &h) == -EAGAIN,
	   "a message shorter than its header is no message");
	r = make(RTM_GETLINK, NLM_F_ACK, 1, 1);
	ok(ask(fd, &r) == -EINVAL, "a family header cut short");
	r = add_address(NLM_F_CREATE, 1, index, 9);
	((struct rtattr *)((char *)&r + NLMSG_LENGTH(sizeof(struct ifaddrmsg))))->rta_len = 6;
	ok(ask(fd, &r) == -EINVAL, "an address of two bytes");
	r = make(NLMSG_NOOP, NLM_F_ACK, 1, 0);
	ok(ask(fd, &r) == 0, "a NOOP is acknowledged");
	lwip_close(fd);

	struct stack *all = stack;

	stack = lwip_add_stack_cap(0, no_capabilities);
	fd = open_netlink(0);
	r = add_address(NLM_F_CREATE, 1, 1, 9);
	ok(ask(fd, &r) == -EPERM, "without CAP_NET_ADMIN nothing is changed");
	r = make(RTM_GETADDR, NLM_F_DUMP, 1, sizeof(struct ifaddrmsg));
	ok(ask(fd, &r) == RTM_NEWADDR, "but everything is shown");
	lwip_close(fd);
	lwip_stack_free(stack);
	stack = all;
}

int main(void)
{
	stack = lwip_stack_new();
	struct netif *n = lwip_add_frameif(stack, wire, NULL, 0);

	lwip_ifup(n);
	notifications(lwip_netif_index(n));
	dumps();
	strict();
	refusals(lwip_netif_index(n));
	lwip_stack_free(stack);
	return done_testing();
}
