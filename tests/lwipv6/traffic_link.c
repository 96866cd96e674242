/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The link of traffic's own variant: a tap, a VDE port, or a pair of stacks. A tap may lose,
 * duplicate, reorder and delay frames, with a queue of our own between the stack and the kernel.
 */
#include "tests/lwipv6/traffic.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "lwipv6/lwipv6.h"
#include "tests/lwipv6/impair.h"

struct stack *client_stack, *server_stack;

/* A tap behind an impaired line: side 0 is the kernel's, side 1 the stack's. */
struct line {
	struct impairment *im;
	struct netif *netif;
	int fd;
};

static void out(void *arg, int side, const void *frame, size_t len)
{
	struct line *l = arg;

	if (side)
		lwip_frame_input(l->netif, frame, len);
	else if (write(l->fd, frame, len) < 0 && errno != EAGAIN)
		perror("tap");
}

static void from_stack(void *arg, const void *frame, size_t len)
{
	struct line *l = arg;

	impair_put(l->im, 1, frame, len);
}

static void *carry(void *arg)
{
	struct line *l = arg;
	uint8_t frame[2048];

	for (;;) {
		struct pollfd p = {.fd = l->fd, .events = POLLIN};
		ssize_t n;

		poll(&p, 1, 1);
		while ((n = read(l->fd, frame, sizeof(frame))) > 0)
			impair_put(l->im, 0, frame, n);
		impair_due(l->im);
	}
	return NULL;
}

static struct netif *impaired(char *name, const char *how)
{
	static struct line l;
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	pthread_t id;

	l.im = impair_new(how, out, &l);
	l.fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (!l.im || ioctl(l.fd, TUNSETIFF, &ifr) < 0)
		return NULL;
	l.netif = lwip_add_frameif(client_stack, from_stack, &l, 0);
	pthread_create(&id, NULL, carry, &l);
	return l.netif;
}

static struct netif *attach(char *how)
{
	char *comma;

	if (!strncmp(how, "vde=", 4))
		return lwip_vdeif_add(client_stack, how + 4);
	if (strncmp(how, "tap=", 4))
		return NULL;
	how += 4;
	comma = strchr(how, ',');
	if (!comma)
		return lwip_tapif_add(client_stack, how);
	*comma = 0;
	return impaired(how, comma + 1);
}

static void configure(struct netif *n, int host)
{
	struct ip_addr a, m;

	IP64_ADDR(&a, 10, 9, 0, host);
	IP64_MASKADDR(&m, 255, 255, 255, 0);
	lwip_add_addr(n, &a, &m);
	IP6_ADDR(&a, 0xfd00, 9, 0, 0, 0, 0, 0, host);
	IP6_ADDR(&m, 0xffff, 0xffff, 0xffff, 0xffff, 0, 0, 0, 0);
	lwip_add_addr(n, &a, &m);
	if (getenv("TRAFFIC_CAPTURE"))
		lwip_capture_start(n, getenv("TRAFFIC_CAPTURE"));
	lwip_ifup(n);
}

bool link_up(char *how)
{
	struct netif *n, *ends[2];

	client_stack = server_stack = lwip_stack_new();
	if (!client_stack)
		return false;
	if (!strcmp(how, "pair")) {
		server_stack = lwip_stack_new();
		if (!server_stack || lwip_add_pairif(client_stack, server_stack, ends) < 0)
			return false;
		configure(ends[1], 1);
		n = ends[0];
	} else {
		n = attach(how);
	}
	if (!n)
		return false;
	configure(n, 2);
	return true;
}
