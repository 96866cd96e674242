/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libFuzzer target: bytes sent into a netlink socket of a stack with two interfaces. Every answer
 * is read with the buffer sizes real programs use, and must be whole messages.
 */
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include "lwipv6/lwipv6.h"

static void wire(void *arg, const void *frame, size_t len)
{
}

static void read_all(int fd, size_t room)
{
	static char buf[1 << 16];
	int n;

	while ((n = lwip_recv(fd, buf, room, MSG_DONTWAIT)) > 0) {
		struct nlmsghdr *h = (struct nlmsghdr *)buf;
		unsigned int left = n;

		for (; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
			if (NLMSG_ALIGN(h->nlmsg_len) > (size_t)left)
				break;
		if (left > 0 && room == sizeof(buf))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stack *stack = lwip_add_stack(LWIP_STACK_FLAG_VIRTUAL_CLOCK);
	struct netif *n = lwip_add_frameif(stack, wire, NULL, NETIF_FLAG_AUTOCONF);
	struct sockaddr_nl name = {.nl_family = AF_NETLINK, .nl_groups = ~0u};
	struct ip_addr addr, mask;
	int fd, listener;

	lwip_add_frameif(stack, wire, NULL, 0);
	IP64_ADDR(&addr, 10, 0, 0, 1);
	IP64_MASKADDR(&mask, 255, 255, 255, 0);
	lwip_add_addr(n, &addr, &mask);
	lwip_ifup(n);
	fd = lwip_msocket(stack, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	listener = lwip_msocket(stack, AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
	lwip_bind(listener, (struct sockaddr *)&name, sizeof(name));
	if (size && data[0] & 1) {
		lwip_setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &(int){1}, sizeof(int));
		lwip_setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &(int){1}, sizeof(int));
	}
	/* The rest in up to two sends, so that what one makes the other finds. */
	size_t half = size > 1 ? (size_t)data[1] * 16 : 0, at = size < 4 ? size : 4;

	if (half > size - at)
		half = size - at;
	lwip_send(fd, data + at, half, 0);
	lwip_send(fd, data + at + half, size - at - half, 0);
	lwip_stack_advance(stack, 3000000000ULL);
	read_all(fd, size && data[0] & 2 ? 100 : 1 << 16);
	read_all(listener, 1 << 16);
	lwip_close(fd);
	lwip_close(listener);
	lwip_stack_free(stack);
	return 0;
}
