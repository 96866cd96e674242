/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One end of test traffic, compiled three times: over liblwipv6 (traffic, links in traffic_link.c),
 * over lwIP (traffic_lwip, TRAFFIC_LWIP defined, links in traffic_lwip.c) and over the kernel's
 * sockets (traffic_kernel, TRAFFIC_KERNEL defined).
 *
 *   traffic IF serve     5001 sink, 5002 source, 5003 echo, 5004 one byte, 5005 UDP sink, 5006
 * idle, 5007 UDP echo traffic IF send|receive|rr|cps|many|udp|messages|idle HOST AMOUNT
 *   traffic_kernel TAP relay TAP [IMPAIRED]   frames between two taps
 *
 * AMOUNT is bytes for send and receive, connections for idle, batches of datagrams, which come back
 * and are compared, for messages, seconds for the rest; "12s" makes
 * send and receive run for seconds. Every byte of a transfer is compared with a pattern when AMOUNT
 * is in bytes. IF is "tap=NAME[,LOSS%,DUPLICATE%,REORDER%,DELAY_MS]", "vde=URL" or "pair", which
 * serves in the same process; the kernel's variant ignores it. Our addresses are 10.9.0.2/24 and
 * fd00:9::2/64, the server's end of a pair has 1 in place of 2. TRAFFIC_CONGESTION names the
 * client's congestion control, TRAFFIC_CAPTURE a file for our link's frames. Prints one line:
 * figure and unit, CPU seconds per gigabyte behind those of send and receive; or what failed.
 */
#include "tests/lwipv6/traffic.h"
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#if defined TRAFFIC_KERNEL
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include "tests/lwipv6/impair.h"
#define lwip_msocket(stack, family, type, protocol) socket(family, type, protocol)
#define lwip_bind				    bind
#define lwip_listen				    listen
#define lwip_accept				    accept
#define lwip_connect				    connect
#define lwip_recv				    recv
#define lwip_recvfrom				    recvfrom
#define lwip_send(fd, data, len, flags)		    send(fd, data, len, (flags) | MSG_NOSIGNAL)
#define lwip_sendto				    sendto
#define lwip_sendmmsg				    sendmmsg
#define lwip_shutdown				    shutdown
#define lwip_close				    close
#define lwip_setsockopt				    setsockopt
#elif defined TRAFFIC_LWIP
#include <lwip/sockets.h>
#define lwip_msocket(stack, family, type, protocol) lwip_socket(family, type, protocol)
#else
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include "lwipv6/lwipv6.h"
#endif

#define CHUNK		262144
#define PATTERN(offset) ((uint8_t)((offset)*7 + ((offset) >> 8)))

#define BATCH 32   /* datagrams of one call */
#define MANY  1000 /* connections at once */

static uint8_t pattern[CHUNK + 65536]; /* repeats every 65536 */

static double cpu(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return r.ru_utime.tv_sec + r.ru_stime.tv_sec +
	       (r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

static int fail(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	return 1;
}

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

/* Counts datagrams; one that starts with 'E' asks for the count and starts anew. */
static void *serve_datagrams(void *arg)
{
	int fd = lwip_msocket(server_stack, AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(5005)}, from;
	int large = 4 << 20, n;
	uint64_t count = 0;
	char data[2048];

	lwip_setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &large, sizeof(large));
	if (lwip_bind(fd, (void *)&a, sizeof(a)) < 0)
		exit(fail("bind"));
	for (;;) {
		socklen_t len = sizeof(from);

		n = lwip_recvfrom(fd, data, sizeof(data), 0, (void *)&from, &len);
		if (n <= 0)
			continue;
		if (data[0] != 'E') {
			count++;
			continue;
		}
		lwip_sendto(fd, &count, sizeof(count), 0, (void *)&from, len);
		count = 0;
	}
}

static void *echo_datagrams(void *arg)
{
	int fd = lwip_msocket(server_stack, AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(5007)}, from;
	char data[2048];

	if (lwip_bind(fd, (void *)&a, sizeof(a)) < 0)
		exit(fail("bind"));
	for (;;) {
		socklen_t len = sizeof(from);
		int n = lwip_recvfrom(fd, data, sizeof(data), 0, (void *)&from, &len);

		if (n >= 0)
			lwip_sendto(fd, data, n, 0, (void *)&from, len);
	}
}

static void *serve(void *arg)
{
	int fd = lwip_msocket(server_stack, AF_INET6, SOCK_STREAM, 0), on = 1;
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons((long)arg)};

	lwip_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (lwip_bind(fd, (void *)&a, sizeof(a)) < 0 || lwip_listen(fd, 1000) < 0)
		exit(fail("listen"));
	for (;;) {
		long c = lwip_accept(fd, NULL, NULL);
		pthread_t id;

		if (c < 0 || (long)arg == 5006)
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

static pthread_t start_servers(void)
{
	pthread_t id;

	pthread_create(&id, NULL, serve_datagrams, NULL);
	pthread_create(&id, NULL, echo_datagrams, NULL);
	for (long port = 5001; port <= 5006; port++)
		if (port != 5005)
			pthread_create(&id, NULL, serve, (void *)port);
	return id;
}

/* ---- client */

static int try_open(const char *host, int type, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 b = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	bool v6 = strchr(host, ':');
	int fd = lwip_msocket(client_stack, v6 ? AF_INET6 : AF_INET, type, 0), on = 1;

	inet_pton(v6 ? AF_INET6 : AF_INET, host, v6 ? (void *)&b.sin6_addr : (void *)&a.sin_addr);
#ifndef TRAFFIC_LWIP
	if (getenv("TRAFFIC_CONGESTION") && *getenv("TRAFFIC_CONGESTION"))
		lwip_setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, getenv("TRAFFIC_CONGESTION"),
				strlen(getenv("TRAFFIC_CONGESTION")));
#endif
	if (lwip_connect(fd, v6 ? (void *)&b : (void *)&a, v6 ? sizeof(b) : sizeof(a)) < 0) {
		int error = errno;

		lwip_close(fd);
		errno = error;
		return -1;
	}
	if (type == SOCK_STREAM)
		lwip_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static int open_to(const char *host, int type, int port)
{
	int fd;

	/* The server of a pair may not listen yet; lwIP calls that a reset. */
	for (int tries = 0; (fd = try_open(host, type, port)) < 0; tries++) {
		if ((errno != ECONNREFUSED && errno != ECONNRESET) || tries > 100)
			return -1;
		usleep(1000);
	}
	return fd;
}

static int bulk(const char *host, bool sending, const char *amount)
{
	double limit = strchr(amount, 's') ? atof(amount) : 0, start, used;
	uint64_t bytes = limit ? UINT64_MAX : strtoull(amount, NULL, 10), at = 0;
	uint8_t *buf = malloc(CHUNK);
	int fd = open_to(host, SOCK_STREAM, limit ? (sending ? 5001 : 5002) : 5003), n;

	if (fd < 0)
		return fail("connect");
	start = now();
	used = cpu();
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
			n = sending ? lwip_send(fd, pattern, 65536, 0)
				    : lwip_recv(fd, buf, CHUNK, 0);
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
	printf("%.3f Gbit/s %.3f\n", at * 8 / (now() - start) / 1e9, (cpu() - used) * 1e9 / at);
	lwip_close(fd);
	return 0;
}

static int transactions(const char *host, bool connections, double seconds)
{
	/* The first connection waits for the link and the neighbour: it is not counted. */
	int fd = open_to(host, SOCK_STREAM, 5003), n = 0;
	double start = now();
	char byte = 'x';

	if (fd < 0)
		return fail("connect");
	for (; now() - start < seconds; n++) {
		if (connections)
			fd = open_to(host, SOCK_STREAM, 5004);
		if (fd < 0 || lwip_send(fd, &byte, 1, 0) != 1 || lwip_recv(fd, &byte, 1, 0) != 1)
			return fail("transaction");
		if (connections)
			lwip_close(fd);
	}
	printf("%.0f /s\n", n / (now() - start));
	return 0;
}

/* One byte there and back on each of many connections, all under way at once. */
static int many(const char *host, double seconds)
{
	static int fd[MANY];
	double start;
	char byte = 'x';
	long n = 0;

	for (int i = 0; i < MANY; i++) {
		fd[i] = open_to(host, SOCK_STREAM, 5003);
		if (fd[i] < 0)
			return fail("connect");
	}
	for (start = now(); now() - start < seconds; n += MANY) {
		for (int i = 0; i < MANY; i++)
			if (lwip_send(fd[i], &byte, 1, 0) != 1)
				return fail("send");
		for (int i = 0; i < MANY; i++)
			if (lwip_recv(fd[i], &byte, 1, 0) != 1)
				return fail("receive");
	}
	printf("%.0f /s\n", n / (now() - start));
	return 0;
}

static int datagrams(const char *host, double seconds)
{
	int fd = open_to(host, SOCK_DGRAM, 5005);
	double start = now(), took;
	char data[64] = "x";
	uint64_t count = 0;

	if (fd < 0)
		return fail("connect");
#ifdef TRAFFIC_LWIP
	while (now() - start < seconds)
		for (int i = 0; i < BATCH; i++)
			lwip_send(fd, data, sizeof(data), 0);
#else
	struct iovec iov = {data, sizeof(data)};
	struct mmsghdr m[BATCH] = {0};

	for (int i = 0; i < BATCH; i++)
		m[i].msg_hdr = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1};
	while (now() - start < seconds)
		lwip_sendmmsg(fd, m, BATCH, 0);
#endif
	took = now() - start;
	/* The question or its answer may be lost behind the flood. */
	for (int tries = 0; tries < 100; tries++) {
		lwip_send(fd, "E", 1, 0);
		for (int i = 0; i < 20; i++) {
			if (lwip_recv(fd, &count, sizeof(count), MSG_DONTWAIT) == sizeof(count)) {
				printf("%.0f /s\n", count / took);
				return 0;
			}
			usleep(5000);
		}
	}
	errno = ETIMEDOUT;
	return fail("count");
}

#ifndef TRAFFIC_LWIP
/* Runs of one size, each with a shorter end, in one call; they come back in order and unchanged. */
static int messages(const char *host, int batches)
{
	static const size_t sizes[] = {900,  900, 900, 40,  1,	 1,   1200,
				       1200, 700, 701, 500, 500, 500, 0};
	enum { COUNT = sizeof(sizes) / sizeof(sizes[0]) };
	int fd = open_to(host, SOCK_DGRAM, 5007);
	struct timeval patience = {.tv_sec = 5};
	struct mmsghdr m[COUNT] = {0};
	struct iovec iov[COUNT];
	uint8_t back[2048];

	if (fd < 0)
		return fail("connect");
	lwip_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (int round = 0; round < batches; round++) {
		for (int i = 0; i < COUNT; i++) {
			iov[i] = (struct iovec){pattern + round * 97 + i * 13, sizes[i]};
			m[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
		}
		if (lwip_sendmmsg(fd, m, COUNT, 0) != COUNT)
			return fail("sendmmsg");
		for (int i = 0; i < COUNT; i++) {
			int n = lwip_recv(fd, back, sizeof(back), 0);

			if (n < 0)
				return fail("receive");
			if (m[i].msg_len != sizes[i] || (size_t)n != sizes[i] ||
			    memcmp(back, iov[i].iov_base, n)) {
				printf("datagram %d of batch %d: %d bytes, not %zu, or others\n", i,
				       round, n, sizes[i]);
				return 1;
			}
		}
	}
	printf("%d datagrams\n", batches * COUNT);
	return 0;
}
#endif

static int idle(const char *host, int count)
{
	struct mallinfo2 before, after;

	if (open_to(host, SOCK_STREAM, 5006) < 0)
		return fail("connect");
	before = mallinfo2();
	for (int i = 0; i < count; i++)
		if (open_to(host, SOCK_STREAM, 5006) < 0)
			return fail("connect");
	after = mallinfo2();
	printf("%.0f bytes\n",
	       (double)(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / count);
	return 0;
}

#ifdef TRAFFIC_KERNEL
static int open_tap(const char *name)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	return fd < 0 || ioctl(fd, TUNSETIFF, &ifr) < 0 ? -1 : fd;
}

static struct pollfd taps[2];

static void to_tap(void *arg, int side, const void *frame, size_t len)
{
	if (write(taps[side].fd, frame, len) < 0 && errno != EAGAIN && errno != EIO)
		exit(fail("write"));
}

/* @how as of impair_new(), or NULL: at once and whole. */
static int relay(const char *one, const char *other, const char *how)
{
	struct impairment *im = how ? impair_new(how, to_tap, NULL) : NULL;
	char frame[65536];
	ssize_t n;

	taps[0] = (struct pollfd){.fd = open_tap(one), .events = POLLIN};
	taps[1] = (struct pollfd){.fd = open_tap(other), .events = POLLIN};
	if (taps[0].fd < 0 || taps[1].fd < 0)
		return fail("relay");
	while (poll(taps, 2, im ? 1 : -1) >= 0) {
		for (int i = 0; i < 2; i++)
			while ((n = read(taps[i].fd, frame, sizeof(frame))) > 0)
				if (im)
					impair_put(im, i, frame, n);
				else
					to_tap(NULL, !i, frame, n);
		if (im)
			impair_due(im);
	}
	return 1;
}
#endif

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = PATTERN(i % 65536);
	if (argc < 3 || argc > 5) {
		fprintf(stderr,
			"usage: %s IF serve | IF send|receive|rr|cps|many|udp|messages|idle HOST "
			"AMOUNT\n",
			argv[0]);
		return 2;
	}
#ifdef TRAFFIC_KERNEL
	if (argc > 3 && !strcmp(argv[2], "relay"))
		return relay(argv[1], argv[3], argv[4]);
#else
	if (!link_up(argv[1]))
		return fail(argv[1]);
#endif
	if (argc == 3) {
		pthread_join(start_servers(), NULL);
		return 1;
	}
	if (!strcmp(argv[1], "pair"))
		start_servers();
	if (!strcmp(argv[2], "rr") || !strcmp(argv[2], "cps"))
		return transactions(argv[3], !strcmp(argv[2], "cps"), atof(argv[4]));
	if (!strcmp(argv[2], "many"))
		return many(argv[3], atof(argv[4]));
	if (!strcmp(argv[2], "udp"))
		return datagrams(argv[3], atof(argv[4]));
#ifndef TRAFFIC_LWIP
	if (!strcmp(argv[2], "messages"))
		return messages(argv[3], atoi(argv[4]));
#endif
	if (!strcmp(argv[2], "idle"))
		return idle(argv[3], atoi(argv[4]));
	return bulk(argv[3], !strcmp(argv[2], "send"), argv[4]);
}
