/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: duplex_kernel [PROGRAMS [FIRST_SEED]]
 *
 * Random programs that send in both directions between a stack and the kernel: sizes of writes and
 * reads, stalls, buffers, half closes, congestion controls, losses, MTU 128 to 65,521, either side
 * listening. Every byte arrives on both sides, and the end behind it. Time is real here: what is
 * asked of silences and rates is asked on the virtual clock (duplex.c).
 *
 *   program -- kernel 10.0.0.1 -- tap of a namespace of our own -- this thread -- stack 10.0.0.2 -- program
 */
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include "tests/lwipv6/wire.h"

#define NO_PROGRESS 30 /* seconds, in which even a machine with much else to do moves a byte */
#define LARGEST	    65521
#define STALLS	    40 /* of a program, for time is real */

static struct stack *stack;
static struct netif *netif;
static int tap, control;
static unsigned int seed, loss; /* of 1000 frames */

/* 0 is the kernel's side, 1 the stack's. */
static struct end {
	int fd;
	uint32_t total, sent, received, write_max, read_max, stall, stalls;
	uint64_t reads_at, writes_at; /* ms */
	bool shut, ended, wrong;
	int error;
} ends[2];

static unsigned int below(unsigned int n)
{
	return (unsigned int)rand_r(&seed) % n;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

static uint8_t byte_at(int side, uint32_t at)
{
	return (at * 7 + (at >> 8) * 3 + (at >> 16)) ^ (side ? 0x55 : 0);
}

static bool lost(size_t len)
{
	static unsigned int state = 1; /* of its own: two threads come here */

	return len > 100 && (unsigned int)rand_r(&state) % 1000 < loss;
}

static void from_stack(void *arg, const void *frame, size_t len)
{
	if (!lost(len) && write(tap, frame, len) < 0 && errno != EAGAIN)
		perror("tap");
}

static bool carry(void)
{
	static uint8_t frame[70000];
	bool any = false;
	ssize_t n;

	for (int i = 0; i < 64 && (n = read(tap, frame, sizeof(frame))) > 0; i++) {
		any = true;
		if (!lost(n))
			lwip_frame_input(netif, frame, n);
	}
	return any;
}

static ssize_t give(int side, const void *data, size_t len)
{
	return side ? lwip_send(ends[1].fd, data, len, MSG_DONTWAIT)
		    : send(ends[0].fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool writes(int side)
{
	static uint8_t data[1 << 16];
	struct end *e = &ends[side];
	size_t len;
	ssize_t n;

	if (e->shut || e->error || now_ms() < e->writes_at)
		return false;
	if (e->sent == e->total) {
		e->shut = true;
		if (side)
			lwip_shutdown(e->fd, SHUT_WR);
		else
			shutdown(e->fd, SHUT_WR);
		return true;
	}
	len = 1 + below(e->write_max);
	if (len > e->total - e->sent)
		len = e->total - e->sent;
	for (size_t i = 0; i < len; i++)
		data[i] = byte_at(side, e->sent + i);
	n = give(side, data, len);
	if (n > 0)
		e->sent += n;
	else if (errno != EAGAIN)
		e->error = errno;
	if (below(1000) < e->stall && e->stalls++ < STALLS)
		e->writes_at = now_ms() + below(30);
	return n > 0;
}

static bool reads(int side)
{
	static uint8_t data[1 << 16];
	struct end *e = &ends[side];
	size_t len = 1 + below(e->read_max);
	ssize_t n;

	if (e->ended || e->error || now_ms() < e->reads_at)
		return false;
	n = side ? lwip_recv(e->fd, data, len, MSG_DONTWAIT) : recv(e->fd, data, len, MSG_DONTWAIT);
	for (ssize_t i = 0; i < n; i++)
		e->wrong |= data[i] != byte_at(!side, e->received + i);
	if (n > 0)
		e->received += n;
	else if (!n)
		e->ended = true;
	else if (errno != EAGAIN)
		e->error = errno;
	if (below(1000) < e->stall && e->stalls++ < STALLS)
		e->reads_at = now_ms() + below(30);
	return n >= 0;
}

static void options(int side, int fd)
{
	static const char *const algorithms[] = {"cubic", "reno", "bbr"};
	static const int buffers[] = {0, 0, 0, 5000, 20000, 100000};
	const char *algorithm = algorithms[below(3)];
	int receive = buffers[below(6)], transmit = buffers[below(6)];
	int (*set)(int, int, int, const void *, socklen_t) = side ? lwip_setsockopt : setsockopt;

	set(fd, IPPROTO_TCP, TCP_CONGESTION, algorithm, strlen(algorithm));
	if (receive)
		set(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof(receive));
	if (transmit)
		set(fd, SOL_SOCKET, SO_SNDBUF, &transmit, sizeof(transmit));
}

static void set_mtu(int mtu)
{
	struct ifreq r = {.ifr_name = "t0", .ifr_mtu = mtu};

	ioctl(control, SIOCSIFMTU, &r);
	lwip_set_mtu(netif, mtu);
}

static int listening(int side, struct sockaddr_in *name)
{
	socklen_t len = sizeof(*name);
	int fd;

	*name = name4(side ? "10.0.0.2" : "10.0.0.1", 0);
	if (side) {
		fd = lwip_msocket(stack, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		options(side, fd);
		lwip_bind(fd, (void *)name, len);
		lwip_listen(fd, 5);
		lwip_getsockname(fd, (void *)name, &len);
	} else {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		options(side, fd);
		bind(fd, (void *)name, len);
		listen(fd, 5);
		getsockname(fd, (void *)name, &len);
	}
	return fd;
}

static void wait_a_little(void)
{
	struct pollfd p = {.fd = tap, .events = POLLIN};

	poll(&p, 1, 1);
}

static bool connected(int server)
{
	struct sockaddr_in name;
	int listener = listening(server, &name), client = !server;
	uint64_t end = now_ms() + NO_PROGRESS * 1000;

	if (client) {
		ends[1].fd = lwip_msocket(stack, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		options(1, ends[1].fd);
		lwip_connect(ends[1].fd, (void *)&name, sizeof(name));
	} else {
		ends[0].fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		options(0, ends[0].fd);
		connect(ends[0].fd, (void *)&name, sizeof(name));
	}
	do {
		ends[server].fd = server ? lwip_accept4(listener, NULL, NULL, SOCK_NONBLOCK)
					 : accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		if (ends[server].fd < 0 && !carry())
			wait_a_little();
	} while (ends[server].fd < 0 && now_ms() < end);
	if (server)
		lwip_close(listener);
	else
		close(listener);
	return ends[server].fd >= 0;
}

static void draw(void)
{
	static const int mtus[] = {128, 256, 576, 1280, 1500, 1500, 9000, LARGEST};

	set_mtu(mtus[below(8)]);
	loss = below(4) ? 0 : below(30);
	for (int i = 0; i < 2; i++)
		ends[i] = (struct end){.total = below(4) ? below(below(5) ? 60000 : 600000) : 0,
				       .write_max = 1 + below(below(3) ? 60000 : 2000),
				       .read_max = 1 + below(below(3) ? 60000 : 2000),
				       .stall = below(2) ? 0 : below(100)};
}

/* Whether it came to its end; @why it did not. */
static bool run_program(char *why, size_t size)
{
	uint64_t progress;

	draw();
	why[0] = 0;
	if (!connected(below(2))) {
		snprintf(why, size, "no connection");
		return false;
	}
	for (progress = now_ms(); !(ends[0].ended && ends[1].ended);) {
		bool any = false;

		for (int side = 0; side < 2; side++) {
			any |= writes(side);
			any |= reads(side);
		}
		if (any)
			progress = now_ms();
		if (!carry() && !any)
			wait_a_little();
		if (ends[0].error || ends[1].error || now_ms() - progress > NO_PROGRESS * 1000)
			break;
	}
	for (int i = 0; i < 2; i++) {
		const struct end *e = &ends[i], *o = &ends[!i];

		if (e->error || e->wrong || !e->ended || e->received != o->total)
			snprintf(why, size, "%s: %s, %u of %u bytes, %s, loss %u",
				 i ? "stack" : "kernel",
				 e->error   ? strerror(e->error)
				 : e->wrong ? "bytes that were not sent"
					    : "no error",
				 e->received, o->total, e->ended ? "the end" : "no end", loss);
	}
	loss = 0;
	close(ends[0].fd);
	lwip_close(ends[1].fd);
	return !why[0];
}

/* A namespace of our own with a tap, and a stack behind it. */
static bool set_up(void)
{
	struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI, .ifr_name = "t0"};
	struct sockaddr_in *name = (void *)&r.ifr_addr;
	struct ip_addr a, m;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	control = socket(AF_INET, SOCK_DGRAM, 0);
	if (tap < 0 || ioctl(tap, TUNSETIFF, &r) < 0)
		return false;
	*name = name4("10.0.0.1", 0);
	ioctl(control, SIOCSIFADDR, &r);
	*name = name4("255.255.255.0", 0);
	ioctl(control, SIOCSIFNETMASK, &r);
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(control, SIOCSIFFLAGS, &r) < 0)
		return false;
	stack = lwip_stack_new();
	netif = lwip_add_frameif(stack, from_stack, NULL, 0);
	IP64_ADDR(&a, 10, 0, 0, 2);
	IP64_MASKADDR(&m, 255, 255, 255, 0);
	lwip_add_addr(netif, &a, &m);
	lwip_ifup(netif);
	return true;
}

int main(int argc, char **argv)
{
	unsigned int programs = argc > 1 ? atoi(argv[1]) : 100,
		     first = argc > 2 ? atoi(argv[2]) : 1;
	unsigned int failed = 0;
	char why[200];

	if (!set_up()) {
		printf("1..0 # SKIP no network namespace with a tap: %s\n", strerror(errno));
		return 0;
	}
	for (unsigned int s = first; s < first + programs; s++) {
		seed = s * 2654435761u + 1;
		if (run_program(why, sizeof(why)))
			continue;
		failed++;
		printf("# seed %u: %s\n", s, why);
	}
	ok(!failed,
	   "%u random programs between a stack and the kernel come to their end: %u do not",
	   programs, failed);
	lwip_stack_free(stack);
	return done_testing();
}
