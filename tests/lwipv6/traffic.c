/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One end of test traffic, compiled twice: over liblwipv6 (traffic) and over the kernel's sockets
 * (traffic_kernel, with TRAFFIC_KERNEL defined).
 *
 *   traffic IF serve                          ports 5001 sink, 5002 source, 5003 echo, 5004 one byte
 *   traffic IF send|receive|rr|cps|udp HOST AMOUNT
 *
 * AMOUNT is bytes for send and receive, seconds for the rest; "12s" makes send and receive run for
 * seconds. Every byte of a transfer is compared with a pattern when AMOUNT is in bytes. IF is
 * "tap=NAME[,LOSS%,DUPLICATE%,REORDER%,DELAY_MS]" or "vde=URL"; the kernel's variant ignores it. Our
 * addresses are 10.9.0.2/24 and fd00:9::2/64. Prints one line: figure and unit, or what failed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "lwipv6/lwipv6.h"

#ifdef TRAFFIC_KERNEL
#define lwip_msocket(stack, family, type, protocol) socket(family, type, protocol)
#define lwip_bind	bind
#define lwip_listen	listen
#define lwip_accept	accept
#define lwip_connect	connect
#define lwip_recv	recv
#define lwip_send(fd, data, len, flags) send(fd, data, len, (flags) | MSG_NOSIGNAL)
#define lwip_shutdown	shutdown
#define lwip_close	close
#define lwip_setsockopt setsockopt
#endif

#define CHUNK 262144
#define PATTERN(offset) ((uint8_t)((offset) * 7 + ((offset) >> 8)))

#ifndef TRAFFIC_KERNEL
static struct stack *stack;
#endif
static uint8_t pattern[CHUNK + 65536]; /* repeats every 65536 */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

static int fail(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	return 1;
}

/* ---- the link */

#ifndef TRAFFIC_KERNEL
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
	} *queue;
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
	im.netif = lwip_add_frameif(stack, from_stack, &im, 0);
	pthread_create(&id, NULL, impair, &im);
	return im.netif;
}

static struct netif *attach(char *how)
{
	char *comma;

	if (!strncmp(how, "vde=", 4))
		return lwip_vdeif_add(stack, how + 4);
	if (strncmp(how, "tap=", 4))
		return NULL;
	how += 4;
	comma = strchr(how, ',');
	if (!comma)
		return lwip_tapif_add(stack, how);
	*comma = 0;
	return impaired(how, comma + 1);
}

static bool up(char *how)
{
	struct ip_addr a, m;
	struct netif *n;

	stack = lwip_stack_new();
	n = stack ? attach(how) : NULL;
	if (!n)
		return false;
	IP64_ADDR(&a, 10, 9, 0, 2);
	IP64_MASKADDR(&m, 255, 255, 255, 0);
	lwip_add_addr(n, &a, &m);
	IP6_ADDR(&a, 0xfd00, 9, 0, 0, 0, 0, 0, 2);
	IP6_ADDR(&m, 0xffff, 0xffff, 0xffff, 0xffff, 0, 0, 0, 0);
	lwip_add_addr(n, &a, &m);
	if (getenv("TRAFFIC_CAPTURE"))
		lwip_capture_start(n, getenv("TRAFFIC_CAPTURE"));
	lwip_ifup(n);
	return true;
}
#endif

/* ---- server */

static void *serve_one(void *arg)
{
	int fd = (long)arg & 0xffffffff, port = (long)arg >> 32, n;
	uint8_t *buf = malloc(CHUNK);
	uint64_t at = 0;

	if (port == 5001) {
		while ((n = lwip_recv(fd, buf, CHUNK, 0)) > 0)
			;
	} else if (port == 5002) {
		while ((n = lwip_send(fd, pattern + at % 65536, CHUNK, 0)) > 0)
			at += n;
	} else {
		while ((n = lwip_recv(fd, buf, CHUNK, 0)) > 0)
			if (lwip_send(fd, buf, n, 0) < 0)
				break;
	}
	lwip_close(fd);
	free(buf);
	return NULL;
}

static void *serve(void *arg)
{
	int fd = lwip_msocket(stack, AF_INET6, SOCK_STREAM, 0), on = 1;
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons((long)arg)};

	lwip_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (lwip_bind(fd, (void *)&a, sizeof(a)) < 0 || lwip_listen(fd, 1000) < 0) {
		fail("listen");
		exit(1);
	}
	for (;;) {
		long c = lwip_accept(fd, NULL, NULL);
		pthread_t id;

		if (c < 0)
			continue;
		lwip_setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if ((long)arg == 5004) {
			char byte;

			if (lwip_recv(c, &byte, 1, 0) == 1)
				lwip_send(c, &byte, 1, 0);
			lwip_close(c);
			continue;
		}
		if (!pthread_create(&id, NULL, serve_one, (void *)((long)arg << 32 | c)))
			pthread_detach(id);
	}
}

/* ---- client */

static int open_to(const char *host, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 b = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	bool v6 = strchr(host, ':');
	int fd = lwip_msocket(stack, v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0), on = 1;

	inet_pton(v6 ? AF_INET6 : AF_INET, host, v6 ? (void *)&b.sin6_addr : (void *)&a.sin_addr);
	if (lwip_connect(fd, v6 ? (void *)&b : (void *)&a, v6 ? sizeof(b) : sizeof(a)) < 0)
		return -1;
	lwip_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static int bulk(const char *host, bool sending, const char *amount)
{
	double limit = strchr(amount, 's') ? atof(amount) : 0, start;
	uint64_t bytes = limit ? UINT64_MAX : strtoull(amount, NULL, 10), at = 0;
	uint8_t *buf = malloc(CHUNK);
	int fd = open_to(host, limit ? (sending ? 5001 : 5002) : 5003), n;

	if (fd < 0)
		return fail("connect");
	start = now();
	if (!limit) { /* through the echo, so that both ends are checked */
		uint64_t back = 0;

		while (back < bytes) {
			uint64_t part = bytes - at < 65536 ? bytes - at : 65536;

			if (at < bytes && at - back < 131072) {
				n = lwip_send(fd, pattern + at % 65536, part, 0);
				if (n <= 0)
					return fail("send");
				at += n;
				continue;
			}
			n = lwip_recv(fd, buf, CHUNK, 0);
			if (n <= 0)
				return fail("receive");
			if (memcmp(buf, pattern + back % 65536, n)) {
				printf("bytes differ after %llu\n", (unsigned long long)back);
				return 1;
			}
			back += n;
		}
	} else {
		while (now() - start < limit) {
			n = sending ? lwip_send(fd, pattern, 65536, 0) : lwip_recv(fd, buf, CHUNK, 0);
			if (n <= 0)
				return fail("transfer");
			at += n;
		}
		if (sending) {
			lwip_shutdown(fd, SHUT_WR);
			while (lwip_recv(fd, buf, CHUNK, 0) > 0)
				;
		}
	}
	printf("%.3f Gbit/s\n", at * 8 / (now() - start) / 1e9);
	lwip_close(fd);
	return 0;
}

static int transactions(const char *host, bool connections, double seconds)
{
	/* The first connection waits for the link and the neighbour: it is not counted. */
	int fd = open_to(host, 5003), n = 0;
	double start = now();
	char byte = 'x';

	if (fd < 0)
		return fail("connect");
	for (; now() - start < seconds; n++) {
		if (connections)
			fd = open_to(host, 5004);
		if (fd < 0 || lwip_send(fd, &byte, 1, 0) != 1 || lwip_recv(fd, &byte, 1, 0) != 1)
			return fail("transaction");
		if (connections)
			lwip_close(fd);
	}
	printf("%.0f /s\n", n / (now() - start));
	return 0;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = PATTERN(i % 65536);
	if (argc != 3 && argc != 5) {
		fprintf(stderr, "usage: %s IF serve | IF send|receive|rr|cps HOST AMOUNT\n", argv[0]);
		return 2;
	}
#ifndef TRAFFIC_KERNEL
	if (!up(argv[1]))
		return fail(argv[1]);
#endif
	if (argc == 3) {
		pthread_t id;

		for (long port = 5001; port <= 5004; port++)
			pthread_create(&id, NULL, serve, (void *)port);
		pthread_join(id, NULL);
		return 1;
	}
	if (!strcmp(argv[2], "rr") || !strcmp(argv[2], "cps"))
		return transactions(argv[3], !strcmp(argv[2], "cps"), atof(argv[4]));
	return bulk(argv[3], !strcmp(argv[2], "send"), argv[4]);
}
