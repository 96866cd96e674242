/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traffic between two clients, for tests and measurements. Each end is a switch (a VNL for
 * libvdeplug) or both are "direct": two sockets joined to each other.
 *
 *   traffic flow A B COUNT SIZE [MACS]   send COUNT frames from A to B as fast as B can take them
 *                                        (credit comes back from B); every byte is checked
 *   traffic gap A B SECONDS              1,000 frames a second each way; the longest silence at B
 *   traffic rate A B SIZE FPS SECONDS [MACS]   offer FPS (0: no pacing) and count what arrives
 *   traffic measure A B SIZE [MACS]      what arrives when frames are sent without pause, and the
 *                                        highest rate with less than 0.1 % lost (fps)
 *   traffic rtt A B COUNT                round trips of a 64-byte frame
 *   traffic idle A A COUNT               COUNT silent clients until standard input ends
 *
 * A frame is two addresses, type 0x88b5 (local experiments), sequence number, and bytes made from
 * the sequence number. Results are one line of NAME=VALUE words. Where SWITCH_PID is set, measure
 * adds the processor time of that process for each frame (cpu_ns).
 */
#include <errno.h>
#include <glob.h>
#include <libvdeplug.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEADER	  14
#define FRAME_MAX 9300
#define BATCH	  32
#define WINDOW	  500000 /* bytes in flight in `flow`, what the kernel adds counted in */
#define MACS_MAX  100000

#define PROBE_SECONDS 0.2
#define SEARCH_STEPS  6

struct end {
	VDECONN *conn; /* NULL: direct */
	int fd;
	uint8_t kind; /* fourth byte of its addresses */
};

static struct end a = {.kind = 1}, b = {.kind = 2};
static unsigned int macs = 1;

static void die(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(2);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static void connect_ends(char *left, char *right)
{
	int pair[2];

	if (strcmp(left, "direct") == 0) {
		if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
			die("socketpair");
		a.fd = pair[0];
		b.fd = pair[1];
		return;
	}
	a.conn = vde_open(left, "traffic A", NULL);
	b.conn = vde_open(right, "traffic B", NULL);
	if (!a.conn || !b.conn)
		die("vde_open");
	a.fd = vde_datafd(a.conn);
	b.fd = vde_datafd(b.conn);
}

static void address(uint8_t *to, const struct end *end, unsigned int which)
{
	const uint8_t mac[6] = {2, 0, end->kind, which >> 16, which >> 8, which};

	memcpy(to, mac, 6);
}

/* The frame with this sequence number; every byte follows from it. */
static void make_frame(uint8_t *frame, size_t size, const struct end *from, const struct end *to,
		       uint64_t seq)
{
	uint64_t x = seq * 0x9e3779b97f4a7c15ull;

	address(frame, to, seq % macs);
	address(frame + 6, from, seq % macs);
	frame[12] = 0x88;
	frame[13] = 0xb5;
	memcpy(frame + HEADER, &seq, sizeof(seq));
	for (size_t i = HEADER + sizeof(seq); i < size; i += sizeof(x)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(frame + i, &x, size - i < sizeof(x) ? size - i : sizeof(x));
	}
}

static uint64_t sequence(const uint8_t *frame)
{
	uint64_t seq;

	memcpy(&seq, frame + HEADER, sizeof(seq));
	return seq;
}

static bool is_ours(const uint8_t *frame, ssize_t len, const struct end *from)
{
	return len >= HEADER + 8 && frame[12] == 0x88 && frame[13] == 0xb5 && frame[6] == 2 &&
	       frame[8] == from->kind;
}

/* Buffers and headers for a batch of frames. */
struct batch {
	uint8_t frame[BATCH][FRAME_MAX];
	struct iovec iov[BATCH];
	struct mmsghdr msg[BATCH];
};

static struct batch *batch_new(size_t size)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		die("memory");
	for (int i = 0; i < BATCH; i++) {
		batch->iov[i] = (struct iovec){batch->frame[i], size};
		batch->msg[i].msg_hdr.msg_iov = &batch->iov[i];
		batch->msg[i].msg_hdr.msg_iovlen = 1;
	}
	return batch;
}

static void send_all(int fd, struct batch *batch, int count)
{
	int done = 0;

	while (done < count) {
		int n = sendmmsg(fd, batch->msg + done, count - done, 0);

		if (n < 0 && errno != EINTR)
			die("send");
		done += n > 0 ? n : 0;
	}
}

/* Let the switch learn where every address is, so that nothing below is flooded. */
static void announce(const struct end *end)
{
	struct batch *batch = batch_new(60);

	for (unsigned int i = 0; i < macs; i++) {
		memset(batch->frame[0], 0, 60);
		memset(batch->frame[0], 0xff, 6);
		address(batch->frame[0] + 6, end, i);
		batch->frame[0][12] = 0x88;
		batch->frame[0][13] = 0xb6;
		send_all(end->fd, batch, 1);
	}
	free(batch);
}

static void drain(int fd)
{
	static uint8_t frame[FRAME_MAX];
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	while (poll(&ready, 1, 100) > 0)
		if (recv(fd, frame, sizeof(frame), MSG_DONTWAIT) < 0 && errno != EAGAIN)
			die("receive");
}

static void settle(void)
{
	announce(&a);
	drain(b.fd);
	announce(&b);
	drain(a.fd);
}

/* ---- receiving */

static atomic_ullong received, bad, disordered;
static atomic_bool stop;
static size_t frame_size;
static bool check;
static double longest_gap;

static void look_at(const uint8_t *frame, ssize_t len, uint64_t *next)
{
	static uint8_t wanted[FRAME_MAX];
	uint64_t seq;

	if (!is_ours(frame, len, &a))
		return;
	seq = sequence(frame);
	if (check) {
		make_frame(wanted, frame_size, &a, &b, seq);
		if (len != (ssize_t)frame_size || memcmp(wanted, frame, len) != 0)
			bad++;
	}
	if (seq < *next)
		disordered++;
	*next = seq + 1;
	/* A frame that was cut off has not arrived. */
	if (!frame_size || len >= (ssize_t)frame_size)
		received++;
}

static void *receiver(void *unused)
{
	struct batch *batch = batch_new(FRAME_MAX);
	struct pollfd ready = {.fd = b.fd, .events = POLLIN};
	uint64_t next = 0, before = 0;
	double last = 0;

	while (!stop) {
		int n = recvmmsg(b.fd, batch->msg, BATCH, MSG_DONTWAIT, NULL);

		if (n < 0) {
			poll(&ready, 1, 20);
			continue;
		}
		for (int i = 0; i < n; i++)
			look_at(batch->frame[i], batch->msg[i].msg_len, &next);
		if (received != before) {
			double t = now();

			if (last && t - last > longest_gap)
				longest_gap = t - last;
			last = t;
			before = received;
		}
	}
	free(batch);
	return NULL;
}

static pthread_t start_receiver(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, receiver, NULL))
		die("thread");
	return thread;
}

/* ---- the commands */

static int flow(uint64_t count, size_t size)
{
	struct batch *batch = batch_new(size);
	pthread_t thread;
	uint64_t sent = 0;
	double start, progress;

	frame_size = size;
	check = true;
	settle();
	thread = start_receiver();
	start = progress = now();
	while (sent < count) {
		int n = count - sent < BATCH ? count - sent : BATCH;
		uint64_t before = received;

		while ((sent + n - received) * (size > 600 ? size : 600) > WINDOW) {
			if (received != before)
				progress = now(), before = received;
			if (now() - progress > 5)
				goto end; /* frames were lost: the window never opens again */
			usleep(50);
		}
		progress = now();
		for (int i = 0; i < n; i++)
			make_frame(batch->frame[i], size, &a, &b, sent + i);
		send_all(a.fd, batch, n);
		sent += n;
	}
	for (progress = now(); received < sent && now() - progress < 5;)
		usleep(1000);
end:
	stop = true;
	pthread_join(thread, NULL);
	printf("sent=%llu received=%llu changed=%llu disordered=%llu seconds=%.2f\n",
	       (unsigned long long)sent, (unsigned long long)received, (unsigned long long)bad,
	       (unsigned long long)disordered, now() - start);
	free(batch);
	return received == sent && !bad && !disordered ? 0 : 1;
}

static int gap(double seconds)
{
	struct batch *batch = batch_new(100);
	pthread_t thread;
	uint64_t sent = 0;
	double start;

	settle();
	thread = start_receiver();
	for (start = now(); now() - start < seconds; usleep(1000)) {
		make_frame(batch->frame[0], 100, &a, &b, sent++);
		send_all(a.fd, batch, 1);
		/* What the switches forgot they learn from the other direction. */
		make_frame(batch->frame[0], 100, &b, &a, 0);
		send_all(b.fd, batch, 1);
		while (recv(a.fd, batch->frame[1], FRAME_MAX, MSG_DONTWAIT) >= 0)
			;
	}
	drain(a.fd);
	stop = true;
	pthread_join(thread, NULL);
	printf("sent=%llu received=%llu disordered=%llu gap_ms=%.0f\n", (unsigned long long)sent,
	       (unsigned long long)received, (unsigned long long)disordered, longest_gap * 1000);
	free(batch);
	return 0;
}

struct probe {
	uint64_t sent, received;
	double seconds;
};

/* Offer frames at this rate (0: without pause) and count those that arrive. */
static struct probe offer(struct batch *batch, double fps, double seconds)
{
	struct probe result = {0};
	uint64_t before = received, arrived;
	double start = now(), end;

	for (end = start; end - start < seconds; end = now()) {
		uint64_t due = fps > 0 ? (uint64_t)((end - start) * fps) : result.sent + BATCH;
		int n = due - result.sent > BATCH ? BATCH : (int)(due - result.sent);

		if (!n) {
			/* Not spinning: the processor belongs to the switch and the receiver. */
			nanosleep(&(struct timespec){0, 20000}, NULL);
			continue;
		}
		for (int i = 0; i < n; i++) {
			uint64_t seq = result.sent + i;

			address(batch->frame[i], &b, seq % macs);
			address(batch->frame[i] + 6, &a, seq % macs);
			memcpy(batch->frame[i] + HEADER, &seq, sizeof(seq));
		}
		send_all(a.fd, batch, n);
		result.sent += n;
	}
	result.seconds = end - start;
	arrived = received;
	for (double quiet = now(); now() - quiet < 0.05;) {
		usleep(1000);
		if (received != arrived) {
			arrived = received;
			quiet = now();
		}
	}
	result.received = arrived - before;
	return result;
}

static struct batch *rate_batch(size_t size)
{
	struct batch *batch = batch_new(size);

	frame_size = size;
	settle();
	for (int i = 0; i < BATCH; i++)
		make_frame(batch->frame[i], size, &a, &b, i);
	return batch;
}

static int rate(size_t size, double fps, double seconds)
{
	struct batch *batch = rate_batch(size);
	pthread_t thread = start_receiver();
	struct probe p = offer(batch, fps, seconds);

	stop = true;
	pthread_join(thread, NULL);
	printf("sent=%llu received=%llu fps=%.0f arrived_fps=%.0f loss_percent=%.2f\n",
	       (unsigned long long)p.sent, (unsigned long long)p.received, p.sent / p.seconds,
	       p.received / p.seconds, 100.0 * (p.sent - p.received) / p.sent);
	free(batch);
	return 0;
}

/* Nanoseconds of processor time that the process SWITCH_PID has used; 0 without one. */
static double switch_time(void)
{
	const char *pid = getenv("SWITCH_PID");
	char pattern[64];
	double sum = 0, one;
	glob_t tasks;

	if (!pid)
		return 0;
	snprintf(pattern, sizeof(pattern), "/proc/%.20s/task/*/schedstat", pid);
	if (glob(pattern, 0, NULL, &tasks))
		return 0;
	for (size_t i = 0; i < tasks.gl_pathc; i++) {
		FILE *file = fopen(tasks.gl_pathv[i], "re");

		if (file && fscanf(file, "%lf", &one) == 1)
			sum += one;
		if (file)
			fclose(file);
	}
	globfree(&tasks);
	return sum;
}

static bool is_lossfree(struct probe p)
{
	return p.sent && (p.sent - p.received) * 1000 < p.sent;
}

/* The rate without pause, then the highest without loss, by bisection. */
static int measure(size_t size)
{
	struct batch *batch = rate_batch(size);
	pthread_t thread = start_receiver();
	double cpu = switch_time();
	struct probe all = offer(batch, 0, PROBE_SECONDS * 2), p = all;
	double low = 0, high = all.sent / all.seconds;

	cpu = switch_time() - cpu;
	/* Without pause and without loss: that is the rate itself. */
	if (is_lossfree(all))
		low = high;
	for (int step = 0; step < SEARCH_STEPS && low < high && all.received; step++) {
		double fps = (low + high) / 2;

		p = offer(batch, fps, PROBE_SECONDS);
		/* A sender that was held back did not offer the rate, but what it did counts. */
		if (is_lossfree(p) && p.sent / p.seconds >= 0.98 * fps)
			low = fps;
		else
			high = fps;
	}
	stop = true;
	pthread_join(thread, NULL);
	printf("fps=%.0f arrived_fps=%.0f loss_percent=%.2f cpu_ns=%.0f\n", low,
	       all.received / all.seconds, 100.0 * (all.sent - all.received) / all.sent,
	       all.received ? cpu / all.received : 0);
	free(batch);
	return 0;
}

/* Clients that only sit on ports until standard input ends. */
static int idle(char *where, int count)
{
	for (int i = 0; i < count; i++)
		if (!vde_open(where, "traffic idle", NULL))
			die("vde_open");
	printf("connected\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}

static void *echo(void *unused)
{
	static uint8_t frame[FRAME_MAX];

	for (;;) {
		ssize_t len = recv(b.fd, frame, sizeof(frame), 0);

		if (!is_ours(frame, len, &a))
			continue;
		address(frame, &a, 0);
		address(frame + 6, &b, 0);
		if (send(b.fd, frame, len, 0) < 0)
			die("send");
	}
	return NULL;
}

static int by_value(const void *x, const void *y)
{
	double d = *(const double *)x - *(const double *)y;

	return (d > 0) - (d < 0);
}

static int rtt(unsigned int count)
{
	double *times = calloc(count, sizeof(*times));
	uint8_t frame[64], answer[FRAME_MAX];
	pthread_t thread;

	if (!times || !count)
		die("memory");
	settle();
	if (pthread_create(&thread, NULL, echo, NULL))
		die("thread");
	for (unsigned int i = 0; i < count; i++) {
		double start = now();

		make_frame(frame, sizeof(frame), &a, &b, 0);
		if (send(a.fd, frame, sizeof(frame), 0) < 0)
			die("send");
		while (!is_ours(answer, recv(a.fd, answer, sizeof(answer), 0), &b))
			;
		times[i] = now() - start;
	}
	qsort(times, count, sizeof(*times), by_value);
	printf("median_us=%.2f p99_us=%.2f\n", times[count / 2] * 1e6,
	       times[count * 99 / 100] * 1e6);
	free(times);
	return 0;
}

static void set_macs(const char *text)
{
	macs = text ? atoi(text) : 1;
	if (macs < 1 || macs > MACS_MAX) {
		fprintf(stderr, "traffic: from 1 to %d addresses\n", MACS_MAX);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	if (argc < 5) {
		fprintf(stderr, "usage: traffic flow|gap|rate|rtt A B ...\n");
		return 2;
	}
	if (strcmp(argv[1], "idle") == 0)
		return idle(argv[2], atoi(argv[4]));
	connect_ends(argv[2], argv[3]);
	if (strcmp(argv[1], "flow") == 0 && argc >= 6) {
		set_macs(argv[6]);
		return flow(atoll(argv[4]), atoi(argv[5]));
	}
	if (strcmp(argv[1], "gap") == 0)
		return gap(atof(argv[4]));
	if (strcmp(argv[1], "rate") == 0 && argc >= 7) {
		set_macs(argv[7]);
		return rate(atoi(argv[4]), atof(argv[5]), atof(argv[6]));
	}
	if (strcmp(argv[1], "measure") == 0) {
		set_macs(argv[5]);
		return measure(atoi(argv[4]));
	}
	if (strcmp(argv[1], "rtt") == 0)
		return rtt(atoi(argv[4]));
	fprintf(stderr, "traffic: %s: unknown command or too few arguments\n", argv[1]);
	return 2;
}
