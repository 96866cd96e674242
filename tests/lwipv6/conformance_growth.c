/* SPDX-License-Identifier: GPL-2.0-only */
/* What the congestion window grows by: bytes acknowledged, not segments that SACK reports (RFC 5681
 * 3.2, RFC 3042). */
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

int main(void)
{
	row11_initial_window_sent_sack_of_one_segment_lets_one_out();
	return done_testing();
}
