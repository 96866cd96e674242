/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * usage: duplex [PROGRAMS [FIRST_SEED]]
 *
 * Random programs that send in both directions between two stacks on a virtual clock: sizes of
 * writes and reads, stalls, buffers, half closes, congestion controls, losses, MTU 128 to 65535.
 * Of each: every byte arrives, and the end behind it; with nothing lost and both programs reading,
 * the line is never silent for longer than a retransmission timeout; an idle connection sends no
 * more than 100 frames a second.
 */
#include "tests/lwipv6/path.h"
#include <linux/sockios.h>
#include <sys/ioctl.h>

#define PROGRAM_MS  1200000 /* virtual */
#define SILENCE_MS  700 /* beside two round trips: the least timeout, delayed ACKs, a stall's end */
#define IDLE_FRAMES 100

static struct path path;

static struct end {
	int fd;
	uint64_t total, sent, received; /* bytes of this end's program */
	unsigned int write_max, read_max, pause_of_1000;
	uint64_t reads_at, writes_at; /* stalled until, ns */
	bool shut, ended, wrong;
	int error;
} ends[2];

static struct plan {
	unsigned int mtu, rtt_ms, loss;
	const char *algorithm;
	int receive, send;
	bool nodelay, cork;
} plan;

static unsigned int below(unsigned int n)
{
	return (unsigned int)rand_r(&path.seed) % n;
}

/* What program @side's stream has at @at. */
static uint8_t byte_at(int side, uint64_t at)
{
	return (at * 7 + (at >> 8) * 3 + (at >> 16)) ^ (side ? 0x55 : 0);
}

static void set(int side, int fd, void *arg)
{
	int on = 1;

	lwip_setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, plan.algorithm, strlen(plan.algorithm));
	if (plan.receive)
		lwip_setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &plan.receive, sizeof(int));
	if (plan.send)
		lwip_setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &plan.send, sizeof(int));
	if (plan.nodelay)
		lwip_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (plan.cork && !side)
		lwip_setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

static bool program_writes(int side)
{
	static uint8_t data[1 << 16];
	struct end *e = &ends[side];
	size_t len;
	ssize_t n;

	if (e->shut || e->error || path.now < e->writes_at)
		return false;
	if (e->sent == e->total) {
		/* Some leave the half close to the other. */
		e->shut = true;
		lwip_shutdown(e->fd, SHUT_WR);
		return true;
	}
	len = 1 + below(e->write_max);
	if (len > e->total - e->sent)
		len = e->total - e->sent;
	for (size_t i = 0; i < len; i++)
		data[i] = byte_at(side, e->sent + i);
	n = lwip_send(e->fd, data, len, below(8) ? 0 : MSG_MORE);
	if (n > 0)
		e->sent += n;
	else if (errno != EAGAIN)
		e->error = errno;
	if (below(1000) < e->pause_of_1000)
		e->writes_at = path.now + below(200) * MS;
	return n > 0;
}

static bool program_reads(int side)
{
	static uint8_t data[1 << 16];
	struct end *e = &ends[side];
	ssize_t n;

	if (e->ended || e->error || path.now < e->reads_at)
		return false;
	n = lwip_recv(e->fd, data, 1 + below(e->read_max), 0);
	for (ssize_t i = 0; i < n; i++)
		e->wrong |= data[i] != byte_at(!side, e->received + i);
	if (n > 0)
		e->received += n;
	else if (!n)
		e->ended = true;
	else if (errno != EAGAIN)
		e->error = errno;
	if (below(1000) < e->pause_of_1000)
		e->reads_at = path.now + below(below(10) ? 100 : 3000) * MS;
	return n > 0;
}

static bool work(void *arg)
{
	bool any = false;

	for (int side = 0; side < 2; side++) {
		any |= program_writes(side);
		any |= program_reads(side);
	}
	/* With a delay the next millisecond is early enough. */
	return any && !path.way[0].delay;
}

static void draw(unsigned int seed)
{
	static const char *const algorithms[] = {"cubic", "reno", "bbr"};
	static const int buffers[] = {0, 0, 0, 2048, 5000, 20000, 100000, 1 << 20};
	static const unsigned int mtus[] = {128, 256, 576, 1280, 1500, 1500, 9000, 65535};
	static const double rates[] = {0, 0, 1e5, 1e6, 1e7};

	memset(&path, 0, sizeof(path));
	path.seed = seed * 2654435761u + 1;
	plan = (struct plan){.mtu = mtus[below(8)],
			     .algorithm = algorithms[below(3)],
			     .receive = buffers[below(8)],
			     .send = buffers[below(8)],
			     .rtt_ms = below(3) ? 0 : below(100),
			     .loss = below(3) ? 0 : below(60),
			     .nodelay = !below(3),
			     .cork = !below(6)};
	for (int i = 0; i < 2; i++) {
		struct way *w = &path.way[i];
		struct end *e = &ends[i];

		w->rate = rates[below(5)];
		w->delay = plan.rtt_ms * MS / 2;
		w->loss = plan.loss;
		w->all = below(2);
		*e = (struct end){.total = below(4) ? below(below(5) ? 60000 : 600000) : 0,
				  .write_max = 1 + below(below(3) ? 60000 : 2000),
				  .read_max = 1 + below(below(3) ? 60000 : 2000),
				  .pause_of_1000 = below(2) ? 0 : below(200)};
	}
}

/* Whether side @from has data that could arrive: the other program has read all that did. */
static bool waits(int from)
{
	int unacknowledged = 0, unread = 0;

	lwip_ioctl(ends[from].fd, SIOCOUTQ, &unacknowledged);
	lwip_ioctl(ends[!from].fd, FIONREAD, &unread);
	return unacknowledged && !unread && path.now >= ends[!from].reads_at;
}

/* NULL, or what was wrong. */
static const char *run_program(unsigned int seed, char *why, size_t size)
{
	unsigned int silent = 0, longest = 0, ms = 0, before;
	int fds[2];

	draw(seed);
	path_open(&path, plan.mtu);
	if (!path_connect(&path, fds, set, NULL)) {
		snprintf(why, size, "no connection");
		goto out;
	}
	ends[0].fd = fds[0];
	ends[1].fd = fds[1];
	why[0] = 0;
	for (; ms < PROGRAM_MS && !(ends[0].ended && ends[1].ended) && !ends[0].error &&
	       !ends[1].error;
	     ms++) {
		unsigned int frames = path.way[0].frames + path.way[1].frames;

		path_step(&path, work, NULL);
		silent = waits(0) || waits(1) ? silent + 1 : 0;
		if (plan.loss || path.way[0].frames + path.way[1].frames != frames)
			silent = 0;
		if (silent > longest)
			longest = silent;
	}
	for (int i = 0; i < 2; i++) {
		const struct end *e = &ends[i];

		if (e->error)
			snprintf(why, size, "side %d: %s", i, strerror(e->error));
		else if (e->wrong)
			snprintf(why, size, "side %d: bytes that were not sent", i);
		else if (!e->ended || e->received != ends[!i].total)
			snprintf(why, size, "side %d: %llu of %llu bytes, %s, after %u ms", i,
				 (unsigned long long)e->received,
				 (unsigned long long)ends[!i].total,
				 e->ended ? "the end" : "no end", ms);
	}
	if (!why[0] && longest > SILENCE_MS + 2 * plan.rtt_ms)
		snprintf(why, size, "silent for %u ms", longest);
	before = path.way[0].frames + path.way[1].frames;
	for (int i = 0; i < 1000; i++)
		path_step(&path, NULL, NULL);
	if (!why[0] && path.way[0].frames + path.way[1].frames - before > IDLE_FRAMES)
		snprintf(why, size, "%u frames in an idle second",
			 path.way[0].frames + path.way[1].frames - before);
	lwip_close(fds[0]);
	lwip_close(fds[1]);
out:
	path_close(&path);
	return why[0] ? why : NULL;
}

int main(int argc, char **argv)
{
	unsigned int programs = argc > 1 ? atoi(argv[1]) : 1000,
		     first = argc > 2 ? atoi(argv[2]) : 1;
	unsigned int failed = 0;
	char why[200];

	for (unsigned int seed = first; seed < first + programs; seed++) {
		if (!run_program(seed, why, sizeof(why)))
			continue;
		failed++;
		printf("# seed %u: %s (MTU %u, %s, SO_RCVBUF %d, SO_SNDBUF %d, %u ms, loss %u, "
		       "totals %llu, %llu)\n",
		       seed, why, plan.mtu, plan.algorithm, plan.receive, plan.send, plan.rtt_ms,
		       plan.loss, (unsigned long long)ends[0].total,
		       (unsigned long long)ends[1].total);
	}
	ok(!failed, "%u random programs that send in both directions come to their end: %u do not",
	   programs, failed);
	return done_testing();
}
