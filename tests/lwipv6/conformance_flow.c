/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Data goes on flowing, whatever the sizes and whoever stood still:
 *   - on a path that takes no time, every pair of segment and buffer sizes moves its data without
 *     waiting for timers (MUST-38, 39);
 *   - under random stalls of reader, writer and path no congestion control comes to rest.
 */
#include "tests/lwipv6/path.h"

static struct path path;
static int fds[2];

/* ---- every pair of sizes */

static struct sizes {
	int mss, receive, send;
	size_t chunk, left, got;
} sizes;

static void set_sizes(int side, int fd, void *arg)
{
	if (side && sizes.receive)
		lwip_setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &sizes.receive, sizeof(int));
	if (!side && sizes.send)
		lwip_setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sizes.send, sizeof(int));
}

static bool copy(void *arg)
{
	static uint8_t in[1 << 17];
	bool any = false;
	ssize_t n = 0;

	if (sizes.left)
		n = lwip_send(fds[0], pattern(), sizes.left < 100000 ? sizes.left : 100000, 0);
	if (n > 0) {
		sizes.left -= n;
		any = true;
	}
	n = lwip_recv(fds[1], in, sizes.chunk, 0);
	if (n > 0) {
		sizes.got += n;
		any = true;
	}
	return any;
}

/* Virtual milliseconds for 256 KiB. */
static unsigned int time_for(int mss, int receive, int send, size_t chunk)
{
	size_t total = 256 << 10;
	unsigned int ms = 0;

	path = (struct path){0};
	path_open(&path, mss + 40);
	sizes = (struct sizes){mss, receive, send, chunk, total, 0};
	if (!path_connect(&path, fds, set_sizes, NULL))
		return UINT32_MAX;
	while (sizes.got < total && ms < 20000) {
		path_step(&path, copy, NULL);
		ms++;
	}
	lwip_close(fds[0]);
	lwip_close(fds[1]);
	path_close(&path);
	return ms;
}

static void every_pair_of_sizes(void)
{
	static const int mss[] = {536, 1460, 8960, 32000, 65495},
			 buffers[] = {2048, 10000, 20000, 65536, 1048576};
	static const size_t chunks[] = {1000, 1 << 17};

	for (size_t m = 0; m < 5; m++) {
		unsigned int worst = 0, pairs = 0;

		for (size_t r = 0; r < 5; r++)
			for (size_t s = 0; s < 5; s++)
				for (size_t c = 0; c < 2; c++) {
					unsigned int ms =
						time_for(mss[m], buffers[r], buffers[s], chunks[c]);

					pairs++;
					if (ms > worst)
						worst = ms;
					if (ms > 100)
						printf("# %u ms: SO_RCVBUF %d, SO_SNDBUF %d, read "
						       "in %zu\n",
						       ms, buffers[r], buffers[s], chunks[c]);
				}
		ok(worst <= 100,
		   "row 16: MSS %d: %u pairs of buffers move 256 KiB without waiting (at most %u "
		   "ms)",
		   mss[m], pairs, worst);
	}
}

/* ---- random stalls */

static struct stalls {
	bool reading, writing;
	uint64_t sent, received, progress; /* progress: when bytes last arrived */
} stalls;

static bool stalling_copy(void *arg)
{
	static uint8_t in[1 << 16];
	bool any = false;
	ssize_t n;

	if (stalls.writing && (n = lwip_send(fds[0], pattern(), 50000, 0)) > 0) {
		stalls.sent += n;
		any = true;
	}
	if (stalls.reading && (n = lwip_recv(fds[1], in, sizeof(in), 0)) > 0) {
		stalls.received += n;
		stalls.progress = path.now;
		any = true;
	}
	return any && path.way[0].rate;
}

static void set_algorithm(int side, int fd, void *arg)
{
	int size = 20000;

	lwip_setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, arg, strlen(arg));
	if (path.seed & 1)
		lwip_setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static unsigned int below(unsigned int n)
{
	return (unsigned int)rand_r(&path.seed) % n;
}

/* Phases of standing still, then all is well for a time: bytes must flow again. The longest silence
 * of such a time, ms. */
static unsigned int silence(const char *algorithm, unsigned int seed)
{
	unsigned int longest = 0;

	path = (struct path){.seed = seed};
	path_open(&path, 1500);
	path.way[0].rate = 1e5 * (1 + below(50));
	path.way[0].queue_limit = 20000 + below(200000);
	path.way[0].delay = path.way[1].delay = below(40) * MS;
	stalls = (struct stalls){.reading = true, .writing = true};
	if (!path_connect(&path, fds, set_algorithm, (void *)algorithm))
		return UINT32_MAX;
	for (int phase = 0; phase < 12; phase++) {
		unsigned int ms = 10 + below(below(4) ? 300 : 4000), quiet;

		stalls.reading = below(3);
		stalls.writing = below(3);
		path.way[0].loss = below(4) ? 0 : 1000;
		path.way[1].loss = path.way[0].loss;
		path.way[1].all = true;
		for (unsigned int i = 0; i < ms; i++)
			path_step(&path, stalling_copy, NULL);
		stalls.reading = stalls.writing = true;
		path.way[0].loss = path.way[1].loss = 0;
		stalls.progress = path.now;
		for (unsigned int i = 0; i < 10000 && (i < 300 || i < 2 * longest); i++) {
			path_step(&path, stalling_copy, NULL);
			quiet = (path.now - stalls.progress) / MS;
			if (quiet > longest)
				longest = quiet;
			if (quiet > 9000)
				return quiet;
		}
	}
	lwip_close(fds[0]);
	lwip_close(fds[1]);
	path_close(&path);
	return longest;
}

static void nothing_rests(void)
{
	static const char *const algorithms[] = {"cubic", "reno", "bbr"};

	for (int a = 0; a < 3; a++) {
		unsigned int longest = 0, worst_seed = 0, ms;

		for (unsigned int seed = 1; seed <= 15; seed++) {
			ms = silence(algorithms[a], seed);
			if (ms > longest) {
				longest = ms;
				worst_seed = seed;
			}
		}
		/* A path that was dead for 4 s is tried again after another 4 at most. */
		ok(longest < 8000,
		   "%s goes on after each of 180 random stalls, after %u ms at most (seed %u)",
		   algorithms[a], longest, worst_seed);
	}
}

/* Probes of a closed window teach a congestion control nothing. */
static void closed_window_for_minutes(void)
{
	static const char *const algorithms[] = {"cubic", "reno", "bbr"};

	for (int a = 0; a < 3; a++) {
		unsigned int ms = 0;

		path = (struct path){.seed = 2};
		path_open(&path, 1500);
		path.way[0].rate = 5e6;
		path.way[0].delay = path.way[1].delay = 5 * MS;
		stalls = (struct stalls){.writing = true};
		path_connect(&path, fds, set_algorithm, (void *)algorithms[a]);
		for (int i = 0; i < 120000; i++) {
			/* Now and then a little is read. */
			stalls.reading = i % 10000 == 9999;
			path_step(&path, stalling_copy, NULL);
		}
		stalls.reading = true;
		stalls.received = 0;
		for (; ms < 20000 && stalls.received < 1000000; ms++)
			path_step(&path, stalling_copy, NULL);
		ok(ms < 1000,
		   "%s: the first megabyte after two minutes of a closed window takes %u ms",
		   algorithms[a], ms);
		lwip_close(fds[0]);
		lwip_close(fds[1]);
		path_close(&path);
	}
}

int main(void)
{
	closed_window_for_minutes();
	every_pair_of_sizes();
	nothing_rests();
	return done_testing();
}
