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

struct stack *client_stack, *server_stack;

struct impairment {
	double loss, duplicate, reorder, delay_ms;
	int fd;
	struct netif *netif;
	pthread_mutex_t lock;
	struct held {
		double due;
		bool to_stack;
		size_t len;
		uint8_t frame[2048];
		struct held *next;
	} * queue;
	unsigned int seed;
};

/* Keep a frame until its time; both directions share the list, sorted by time. */
static void hold(struct impairment *im, const void *frame, size_t len, bool to_stack, double delay)
{
	struct held *h = malloc(sizeof(*h)), **at = &im->queue;

	*h = (struct held){.due = now() + delay / 1000, .to_stack = to_stack, .len = len};
	memcpy(h->frame, frame, len);
	while (*at && (*at)->due <= h->due)
		at = &(*at)->next;
	h->next = *at;
	*at = h;
}

static bool chance(struct impairment *im, double percent)
{
	return rand_r(&im->seed) % 10000 < percent * 100;
}

static void pass(struct impairment *im, const void *frame, size_t len, bool to_stack)
{
	double delay = im->delay_ms;

	if (len > 2048)
		return;
	pthread_mutex_lock(&im->lock);
	if (!chance(im, im->loss)) {
		if (chance(im, im->reorder))
			delay += 3;
		hold(im, frame, len, to_stack, delay);
		if (chance(im, im->duplicate))
			hold(im, frame, len, to_stack, delay);
	}
	pthread_mutex_unlock(&im->lock);
}

static void from_stack(void *arg, const void *frame, size_t len)
{
	pass(arg, frame, len, false);
}

static void *impair(void *arg)
{
	struct impairment *im = arg;
	uint8_t frame[2048];

	for (;;) {
		struct pollfd p = {.fd = im->fd, .events = POLLIN};
		ssize_t n;

		poll(&p, 1, 1);
		while ((n = read(im->fd, frame, sizeof(frame))) > 0)
			pass(im, frame, n, true);
		for (;;) {
			struct held *h;

			pthread_mutex_lock(&im->lock);
			h = im->queue;
			if (h && h->due <= now())
				im->queue = h->next;
			else
				h = NULL;
			pthread_mutex_unlock(&im->lock);
			if (!h)
				break;
			if (h->to_stack)
				lwip_frame_input(im->netif, h->frame, h->len);
			else if (write(im->fd, h->frame, h->len) < 0 && errno != EAGAIN)
				perror("tap");
			free(h);
		}
	}
	return NULL;
}

static struct netif *impaired(char *name, const char *how)
{
	static struct impairment im = {.lock = PTHREAD_MUTEX_INITIALIZER, .seed = 1};
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	pthread_t id;

	sscanf(how, "%lf,%lf,%lf,%lf", &im.loss, &im.duplicate, &im.reorder, &im.delay_ms);
	im.fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(im.fd, TUNSETIFF, &ifr) < 0)
		return NULL;
	im.netif = lwip_add_frameif(client_stack, from_stack, &im, 0);
	pthread_create(&id, NULL, impair, &im);
	return im.netif;
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
