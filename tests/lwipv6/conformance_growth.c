/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the congestion window grows by: bytes acknowledged, not segments that SACK reports (RFC 5681
 * 3.2, RFC 3042). How slow start ends, what leaves in recovery, and that a peer that may send one
 * segment in the beginning hears of it at once.
 */
#include "tests/lwipv6/path.h"
#include "tests/lwipv6/script.h"

static struct tcp_info info(void)
{
	struct tcp_info i;
	socklen_t len = sizeof(i);

	lwip_getsockopt(script.fd, IPPROTO_TCP, TCP_INFO, &i, &len);
	return i;
}

static void sack_alone(const char *algorithm)
{
	script_open(&full, NULL);
	lwip_setsockopt(script.fd, IPPROTO_TCP, TCP_CONGESTION, algorithm, strlen(algorithm));
	for (int i = 0; i < 3; i++)
		lwip_send(script.fd, pattern(), 20000, 0);
	skip();
}

static void row11_initial_window_sent_sack_of_one_segment_lets_one_out(void)
{
	static const char *const algorithms[] = {"cubic", "reno"};

	for (int i = 0; i < 2; i++) {
		sack_alone(algorithms[i]);
		says("ten segments to begin with", info().tcpi_snd_cwnd == 10);
		after(20);
		in(". 1:1(0) ack 1 ts sack 1449:2897");
		out(". 14481:15929(1448) ack 1");
		none();
		in(". 1:1(0) ack 1 ts sack 1449:4345");
		out(". 15929:17377(1448) ack 1");
		none();
		says("still ten", info().tcpi_snd_cwnd == 10);
		in(". 1:1(0) ack 4345 ts");
		says("three more for three acknowledged", info().tcpi_snd_cwnd == 13);
		script_close();
	}
}

static void row27_seven_of_ten_lost_three_leave_for_three_that_arrived(void)
{
	script_open(&full, NULL);
	lwip_setsockopt(script.fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
	lwip_send(script.fd, pattern(), 20000, 0);
	skip();
	after(20);
	in(". 1:1(0) ack 1 ts sack 10137:14481");
	out(". 1:1449(1448) ack 1");
	out(". 1449:2897(1448) ack 1");
	out(". 2897:4345(1448) ack 1");
	none();
	/* The edge moves and no more is found lost: one more than arrived. */
	in(". 1:1(0) ack 1449 ts sack 10137:14481");
	out(". 4345:5793(1448) ack 1");
	out(". 5793:7241(1448) ack 1");
	none();
	/* A further loss: only what arrived. */
	in(". 1:1(0) ack 1449 ts sack 2897:4345,10137:14481");
	out(". 7241:8689(1448) ack 1");
	none();
	script_close();
}

static void row17_in_the_beginning_each_segment_is_acknowledged(void)
{
	script_open(&plain, NULL);
	in(". 1:1001(1000) ack 1");
	out(". 1:1(0) ack 1001");
	none();
	in("P. 1001:2001(1000) ack 1");
	none(); /* the end of what the peer has: it waits for an answer, not for room */
	after(45);
	out(". 1:1(0) ack 2001");
	for (int i = 2; i < 16; i++) {
		char line[40];

		snprintf(line, sizeof(line), ". %d001:%d001(1000) ack 1", i, i + 1);
		in(line);
		reads(2000);
	}
	after(45);
	skip();
	in(". 16001:17001(1000) ack 1");
	none();
	after(45);
	out(". 1:1(0) ack 17001");
	script_close();
}

static struct path path;
static int ends[2];
static size_t received;

static void set(int side, int fd, void *arg)
{
	int large = 4 << 20;

	lwip_setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, arg, strlen(arg));
	lwip_setsockopt(fd, SOL_SOCKET, side ? SO_RCVBUF : SO_SNDBUF, &large, sizeof(large));
}

static bool bulk(void *arg)
{
	static uint8_t data[1 << 16];
	ssize_t n;

	lwip_send(ends[0], pattern(), 60000, 0);
	n = lwip_recv(ends[1], data, sizeof(data), 0);
	if (n > 0)
		received += n;
	return false;
}

/* A path that holds 50 KB and a queue that holds everything. */
static void row30_slow_start_ends_when_round_trips_grow(void)
{
	static const char *const algorithms[] = {"cubic", "reno"};

	for (int i = 0; i < 2; i++) {
		memset(&path, 0, sizeof(path));
		path_open(&path, 1500);
		for (int k = 0; k < 2; k++) {
			path.way[k].rate = 1e6;
			path.way[k].delay = 25 * MS;
		}
		received = 0;
		path_connect(&path, ends, set, (void *)algorithms[i]);
		for (int ms = 0; ms < 2500; ms++)
			path_step(&path, bulk, NULL);
		ok(received > 2000000 && path.way[0].queue_max < 800000,
		   "row 30: %s: slow start ends when round trips grow: %zu bytes arrived, %zu in "
		   "the "
		   "queue at most",
		   algorithms[i], received, path.way[0].queue_max);
		lwip_close(ends[0]);
		lwip_close(ends[1]);
		path_close(&path);
	}
}

int main(void)
{
	row27_seven_of_ten_lost_three_leave_for_three_that_arrived();
	row17_in_the_beginning_each_segment_is_acknowledged();
	row30_slow_start_ends_when_round_trips_grow();
	row11_initial_window_sent_sack_of_one_segment_lets_one_out();
	return done_testing();
}
