/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BBR on a virtual clock: two stacks and between them a path of our own with a rate, a delay, a
 * queue and losses. CUBIC runs on the same path to show that it is the path that is hard.
 *
 *   sender 10.0.0.1 --- queue, rate, losses, delay ---> receiver 10.0.0.2
 *                  <--- delay ------------------------
 */
#include "tests/lwipv6/wire.h"

#define CHUNK 65536

struct held {
	struct held *next;
	uint64_t due; /* ns */
	size_t len;
	uint8_t frame[];
};

static struct path {
	struct stack *stack[2];
	struct netif *netif[2];
	struct held *first[2], *last[2]; /* on the way from stack 0, from stack 1 */
	uint64_t now, free_at;		 /* when the bottleneck is free again */
	double rate;			 /* bytes per second */
	uint64_t delay;			 /* ns, each way */
	size_t queue_limit, queued, queue_max;
	unsigned int loss; /* of 1000 */
	unsigned int seed;
	int sender, receiver;
	uint64_t received;
} path;

static void put(int from, const void *frame, size_t len, uint64_t due)
{
	struct held *h = malloc(sizeof(*h) + len);

	h->next = NULL;
	h->due = due;
	h->len = len;
	memcpy(h->frame, frame, len);
	if (path.last[from])
		path.last[from]->next = h;
	else
		path.first[from] = h;
	path.last[from] = h;
}

static void from_sender(void *arg, const void *frame, size_t len)
{
	uint64_t start = path.free_at > path.now ? path.free_at : path.now;

	path.queued = (start - path.now) * path.rate / 1e9;
	if (path.queued > path.queue_max)
		path.queue_max = path.queued;
	/* Handshakes are spared: a lost SYN would only make the test longer. */
	if (path.queued > path.queue_limit ||
	    (len > 100 && (unsigned int)rand_r(&path.seed) % 1000 < path.loss))
		return;
	path.free_at = start + len / path.rate * 1e9;
	put(0, frame, len, path.free_at + path.delay);
}

static void from_receiver(void *arg, const void *frame, size_t len)
{
	put(1, frame, len, path.now + path.delay);
}

static void deliver(int from)
{
	while (path.first[from] && path.first[from]->due <= path.now) {
		struct held *h = path.first[from];

		path.first[from] = h->next;
		if (!h->next)
			path.last[from] = NULL;
		lwip_frame_input(path.netif[!from], h->frame, h->len);
		free(h);
	}
}

static void step(void)
{
	static char in[CHUNK];
	ssize_t n;

	path.now += MS;
	for (int i = 0; i < 2; i++)
		lwip_stack_advance(path.stack[i], MS);
	deliver(0);
	deliver(1);
	while ((n = lwip_recv(path.receiver, in, sizeof(in), MSG_DONTWAIT)) > 0)
		path.received += n;
}

/* For @ms, with the program sending all it can, or one segment each @pause ms. Bytes received. */
static uint64_t run(unsigned int ms, unsigned int pause)
{
	uint64_t before = path.received;

	path.queue_max = 0;
	for (unsigned int i = 0; i < ms; i++) {
		if (!pause)
			while (lwip_send(path.sender, pattern(), CHUNK, MSG_DONTWAIT) > 0)
				;
		else if (i % pause == 0)
			lwip_send(path.sender, pattern(), 1000, MSG_DONTWAIT);
		step();
	}
	return path.received - before;
}

static void open_path(const char *algorithm, double mbit, unsigned int rtt_ms, unsigned int loss,
		      double queue_ms)
{
	struct sockaddr_in a = name4("10.0.0.2", 80), any = name4("0.0.0.0", 80);
	int l;

	path = (struct path){.rate = mbit * 1e6 / 8,
			     .delay = rtt_ms * MS / 2,
			     .loss = loss,
			     .seed = 7,
			     .queue_limit = mbit * 1e6 / 8 * queue_ms / 1000,
			     .receiver = -1};
	for (int i = 0; i < 2; i++) {
		struct ip_addr addr, mask;

		path.stack[i] = lwip_add_stack(LWIP_STACK_FLAG_VIRTUAL_CLOCK);
		path.netif[i] =
			lwip_add_frameif(path.stack[i], i ? from_receiver : from_sender, NULL, 0);
		IP64_ADDR(&addr, 10, 0, 0, i + 1);
		IP64_MASKADDR(&mask, 255, 255, 255, 0);
		lwip_add_addr(path.netif[i], &addr, &mask);
		lwip_ifup(path.netif[i]);
	}
	l = lwip_msocket(path.stack[1], AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	lwip_bind(l, (void *)&any, sizeof(any));
	lwip_listen(l, 5);
	path.sender = lwip_msocket(path.stack[0], AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	lwip_setsockopt(path.sender, IPPROTO_TCP, TCP_CONGESTION, algorithm, strlen(algorithm));
	lwip_connect(path.sender, (void *)&a, sizeof(a));
	for (int i = 0; i < 2000 && path.receiver < 0; i++) {
		step();
		path.receiver = lwip_accept(l, NULL, NULL);
	}
	lwip_close(l);
}

static void close_path(void)
{
	for (int i = 0; i < 2; i++) {
		lwip_close(i ? path.receiver : path.sender);
		lwip_stack_free(path.stack[i]);
		while (path.first[i]) {
			struct held *h = path.first[i];

			path.first[i] = h->next;
			free(h);
		}
	}
}

static double mbit(uint64_t bytes, unsigned int ms)
{
	return bytes * 8.0 / ms / 1000;
}

/* Without a word about it a stack does what the machine's administrator chose. */
static void as_the_host(void)
{
	struct stack *stack = lwip_stack_create("lo", NULL, 0);
	int fd = lwip_msocket(stack, AF_INET, SOCK_STREAM, 0),
	    host = socket(AF_INET, SOCK_STREAM, 0);
	char name[16] = "", hosts[16] = "";
	socklen_t len = sizeof(name), hosts_len = sizeof(hosts);
	bool known;

	lwip_getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len);
	getsockopt(host, IPPROTO_TCP, TCP_CONGESTION, hosts, &hosts_len);
	known = !lwip_setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, hosts, strlen(hosts));
	ok(!strcmp(name, known ? hosts : "cubic"),
	   "BBR: the default is the host's (%s), or CUBIC: %s", hosts, name);
	close(host);
	lwip_close(fd);
	lwip_stack_free(stack);
}

static void names(void)
{
	char name[16] = "", error[200] = "";
	socklen_t len = sizeof(name);
	struct stack *stack = lwip_stack_create("lo,congestion=bbr", error, sizeof(error));
	int fd = lwip_msocket(stack, AF_INET, SOCK_STREAM, 0);

	lwip_getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len);
	ok(!strcmp(name, "bbr"), "BBR: congestion=bbr makes it the stack's default");
	ok(!lwip_setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4) &&
		   !lwip_setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "bbr", 3) &&
		   lwip_setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "bbrx", 4) < 0 &&
		   errno == ENOENT,
	   "BBR: TCP_CONGESTION takes the names it knows");
	lwip_close(fd);
	lwip_stack_free(stack);
	as_the_host();
	stack = lwip_stack_create("lo,congestion=vegas", error, sizeof(error));
	ok(!stack && strstr(error, "cubic"), "BBR: an unknown one is refused: %s", error);
}

static void losses(void)
{
	double bbr, cubic;

	open_path("bbr", 20, 50, 10, 100);
	run(3000, 0);
	bbr = mbit(run(8000, 0), 8000);
	close_path();
	open_path("cubic", 20, 50, 10, 100);
	run(3000, 0);
	cubic = mbit(run(8000, 0), 8000);
	close_path();
	ok(bbr > 15, "BBR: %.1f of 20 Mbit/s at 1 %% loss and 50 ms", bbr);
	ok(cubic < bbr / 2, "BBR: where CUBIC has %.1f", cubic);
}

static void queues(void)
{
	size_t held = 20e6 / 8 * 0.05, bbr, cubic;
	double rate;

	open_path("bbr", 20, 50, 0, 1000);
	rate = mbit(run(3000, 0), 3000);
	ok(rate > 14, "BBR: %.1f of 20 Mbit/s on a clean path, its start counted", rate);
	rate = mbit(run(6000, 0), 6000);
	bbr = path.queue_max;
	ok(rate > 17, "BBR: %.1f Mbit/s then", rate);
	close_path();
	open_path("cubic", 20, 50, 0, 1000);
	run(3000, 0);
	run(6000, 0);
	cubic = path.queue_max;
	close_path();
	ok(bbr < 1.5 * held && bbr < cubic,
	   "BBR: at most %zu bytes stand in the queue, of a path that holds %zu; CUBIC: %zu", bbr,
	   held, cubic);
}

static void probing(void)
{
	uint64_t least = UINT64_MAX;

	open_path("bbr", 20, 50, 0, 1000);
	run(9000, 0);
	for (int i = 0; i < 40; i++) {
		uint64_t got = run(100, 0);

		if (got < least)
			least = got;
	}
	ok(least < 100000, "BBR: ten seconds on it steps back to see the path empty (%u in 100 ms)",
	   (unsigned int)least);
	ok(mbit(run(4000, 0), 4000) > 17, "BBR: and goes on as before");
	close_path();
}

static void changes(void)
{
	double rate;

	open_path("bbr", 20, 40, 0, 400);
	run(4000, 0);
	path.rate /= 4;
	run(4000, 0);
	rate = mbit(run(4000, 0), 4000);
	ok(rate > 4 && path.queue_max < 5e6 / 8 * 0.2,
	   "BBR: a path that narrows to 5 Mbit/s is filled with %.1f, %zu bytes in its queue", rate,
	   path.queue_max);
	path.rate *= 4;
	run(6000, 0);
	rate = mbit(run(4000, 0), 4000);
	ok(rate > 16, "BBR: one that widens again with %.1f", rate);
	close_path();
}

static void little(void)
{
	double rate;

	open_path("bbr", 20, 50, 0, 100);
	run(3000, 0);
	run(3000, 20);
	rate = mbit(run(2000, 0), 2000);
	ok(rate > 14, "BBR: a program that sent little for a while has %.1f Mbit/s again", rate);
	close_path();
}

/* A window that closes, silence, everything lost for a while: no state hangs. */
static void interruptions(void)
{
	open_path("bbr", 20, 50, 0, 100);
	run(1000, 0);
	path.loss = 1000;
	run(2000, 0);
	path.loss = 0;
	ok(run(6000, 0) > 5000000, "BBR: goes on when the path was dead for two seconds");
	run(20000, 19999);
	ok(run(2000, 0) > 2000000, "BBR: and after twenty seconds of silence");
	close_path();
}

int main(void)
{
	names();
	losses();
	queues();
	probing();
	changes();
	little();
	interruptions();
	return done_testing();
}
