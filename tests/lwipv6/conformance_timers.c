/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What only time ends: silly windows (MUST-38), corked data, deadlines, keep-alive (RFC 9293 3.8,
 * RFC 5482). The name of each function is the state, its lines are the segments.
 */
#include "tests/lwipv6/script.h"

static void set_tcp(int name, int value)
{
	lwip_setsockopt(script.fd, IPPROTO_TCP, name, &value, sizeof(value));
}

/* ---- MUST-38: what the window takes, when it stays small */

static void row16_small_window_is_used_after_the_override_time(void)
{
	script_open(&plain, NULL);
	in(". 1:1(0) ack 1 win 200");
	writes(1000);
	none();
	after(180);
	none();
	after(40);
	out(". 1:201(200) ack 1");
	in(". 1:1(0) ack 201 win 200");
	none();
	after(220);
	out(". 201:401(200) ack 1");
	in(". 1:1(0) ack 401 win 5000");
	out(". 401:937(536) ack 1");
	out("P 937:1001(64) ack 1");
	script_close();
}

static void row16_window_of_half_the_largest_is_used_at_once(void)
{
	struct offer o = plain;

	o.window = 1000;
	script_open(&o, NULL);
	in(". 1:1(0) ack 1 win 500");
	writes(2000);
	out(". 1:501(500) ack 1");
	script_close();
}

static void row16_window_of_half_the_largest_rounded_down_by_its_scale_is_used_at_once(void)
{
	struct offer o = full;

	o.window = 15; /* << 7 = 1920 */
	script_open(&o, NULL);
	in(". 1:1(0) ack 1 win 7 ts"); /* 896, which is 960 rounded down */
	writes(3000);
	out(". 1:897(896) ack 1");
	script_close();
}

/* ---- the ceiling of what is corked */

static void row9_corked_data_leaves_after_200_ms(void)
{
	script_open(&plain, NULL);
	set_tcp(TCP_CORK, 1);
	writes(100);
	after(180);
	none();
	after(40);
	out("P 1:101(100) ack 1");
	in(". 1:1(0) ack 101");
	writes(100);
	none();
	after(220);
	out("P 101:201(100) ack 1");
	script_close();
}

static void row9_corked_full_segments_leave_at_once(void)
{
	script_open(&plain, NULL);
	set_tcp(TCP_CORK, 1);
	writes(600);
	out(". 1:537(536) ack 1");
	none();
	in(". 1:1(0) ack 537");
	none();
	set_tcp(TCP_CORK, 0);
	out("P 537:601(64) ack 1");
	script_close();
}

static void row9_nodelay_flushes_a_corked_socket(void)
{
	script_open(&plain, NULL);
	set_tcp(TCP_CORK, 1);
	writes(100);
	none();
	set_tcp(TCP_NODELAY, 1);
	out("P 1:101(100) ack 1");
	writes(50);
	none();
	script_close();
}

static void row9_more_holds_back_until_the_next_write(void)
{
	script_open(&plain, NULL);
	lwip_send(script.fd, "ab", 2, MSG_MORE);
	none();
	lwip_send(script.fd, "cd", 2, 0);
	out("P 1:5(4) ack 1");
	script_close();
}

static void row9_more_holds_back_while_the_peer_is_heard_and_acknowledged(void)
{
	script_open(&plain, NULL);
	in("P 1:11(10) ack 1");
	lwip_send(script.fd, "ab", 2, MSG_MORE);
	none();
	after(60);
	out(". 1:1(0) ack 11");
	in("P 11:21(10) ack 1");
	none();
	lwip_send(script.fd, "cd", 2, 0);
	out("P 1:5(4) ack 21");
	script_close();
}

static void row9_more_lets_full_segments_out(void)
{
	script_open(&plain, NULL);
	lwip_send(script.fd, pattern(), 1100, MSG_MORE);
	out(". 1:537(536) ack 1");
	out(". 537:1073(536) ack 1");
	none();
	script_close();
}

static void row9_more_leaves_after_200_ms(void)
{
	script_open(&plain, NULL);
	lwip_send(script.fd, "ab", 2, MSG_MORE);
	after(180);
	none();
	after(40);
	out("P 1:3(2) ack 1");
	script_close();
}

static void row9_more_leaves_with_the_fin(void)
{
	script_open(&plain, NULL);
	lwip_send(script.fd, "ab", 2, MSG_MORE);
	lwip_shutdown(script.fd, SHUT_WR);
	out("FP 1:3(2) ack 1");
	script_close();
}

/* ---- deadlines are met when they are due, not when another timer happens to look */

/* When the connection failed, in ms from now, looked at each 10 ms; 0 = not within @limit. */
static unsigned int fails_after(unsigned int limit, int error)
{
	for (unsigned int ms = 0; ms <= limit; ms += 10) {
		int seen = error_of(script.fd);

		if (seen)
			return seen == error ? ms : 0;
		after(10);
	}
	return 0;
}

static void row12_user_timeout_ends_data_in_flight_in_time(void)
{
	static const int timeouts[] = {1000, 4000, 30000};

	for (int i = 0; i < 3; i++) {
		unsigned int ms, timeout = timeouts[i];

		script_open(&plain, NULL);
		set_tcp(TCP_USER_TIMEOUT, timeout);
		writes(100);
		ms = fails_after(2 * timeout, ETIMEDOUT);
		printf("# %u ms of %u\n", ms, timeout);
		says("within 100 ms of what was asked", ms >= timeout && ms <= timeout + 100);
		script_close();
	}
}

static void row12_user_timeout_set_while_data_waits_counts(void)
{
	unsigned int ms;

	script_open(&plain, NULL);
	writes(100);
	after(14000); /* the next retransmission is due after 25 s */
	set_tcp(TCP_USER_TIMEOUT, 16000);
	ms = fails_after(10000, ETIMEDOUT);
	printf("# %u ms\n", ms);
	says("two seconds later", ms >= 1900 && ms <= 2100);
	script_close();
}

static void row12_user_timeout_ends_a_closed_window_in_time(void)
{
	unsigned int ms = 0;

	script_open(&plain, NULL);
	set_tcp(TCP_USER_TIMEOUT, 4000);
	in(". 1:1(0) ack 1 win 0");
	writes(100);
	for (; ms < 10000 && !error_of(script.fd); ms += 10) {
		after(10);
		if (skip()) /* also when the probes are answered: RFC 5482 3 */
			in(". 1:1(0) ack 1 win 0");
	}
	printf("# %u ms\n", ms);
	says("within 100 ms of what was asked", ms >= 4000 && ms <= 4100);
	script_close();
}

static void row12_attempt_to_connect_ends_after_three_minutes(void)
{
	struct sockaddr_in to = name4(peer4, 80);
	unsigned int ms;

	script_open(&plain, NULL);
	script.fd = lwip_msocket(script_wire->stack, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	lwip_connect(script.fd, (void *)&to, sizeof(to));
	ms = fails_after(400000, ETIMEDOUT);
	printf("# %u ms\n", ms);
	says("R2 of 180 s", ms >= 180000 && ms <= 180100);
	script_close();
}

static void row12_user_timeout_ends_an_attempt_to_connect(void)
{
	struct sockaddr_in to = name4(peer4, 80);
	unsigned int ms;

	script_open(&plain, NULL);
	script.fd = lwip_msocket(script_wire->stack, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	set_tcp(TCP_USER_TIMEOUT, 5000);
	lwip_connect(script.fd, (void *)&to, sizeof(to));
	ms = fails_after(20000, ETIMEDOUT);
	printf("# %u ms\n", ms);
	says("within 100 ms of what was asked", ms >= 5000 && ms <= 5100);
	script_close();
}

static void keep_alive(int idle, int interval, int count)
{
	int on = 1;

	set_tcp(TCP_KEEPIDLE, idle);
	set_tcp(TCP_KEEPINTVL, interval);
	set_tcp(TCP_KEEPCNT, count);
	lwip_setsockopt(script.fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

static void row13_user_timeout_ends_keep_alive_in_time(void)
{
	unsigned int ms;

	script_open(&plain, NULL);
	keep_alive(2, 75, 9);
	set_tcp(TCP_USER_TIMEOUT, 5000);
	ms = fails_after(100000, ETIMEDOUT);
	printf("# %u ms\n", ms);
	says("within 100 ms of what was asked", ms >= 4900 && ms <= 5100);
	script_close();
}

/* ---- keep-alive and a closed window do not count each other's probes */

static void row13_keep_alive_leaves_a_peer_alone_that_answers_with_window_0(void)
{
	script_open(&plain, NULL);
	keep_alive(1, 1, 3);
	in(". 1:1(0) ack 1 win 0");
	for (int i = 0; i < 6000; i++) {
		after(10);
		if (skip())
			in(". 1:1(0) ack 1 win 0");
	}
	says("a minute without data", !error_of(script.fd));
	writes(100);
	for (int i = 0; i < 6000; i++) {
		after(10);
		if (skip())
			in(". 1:1(0) ack 1 win 0");
	}
	says("a minute with data that waits", !error_of(script.fd));
	in(". 1:1(0) ack 1 win 1000");
	out("P 1:101(100) ack 1");
	script_close();
}

static void row13_keep_alive_finds_a_dead_peer_whose_window_was_0(void)
{
	unsigned int ms;

	script_open(&plain, NULL);
	keep_alive(1, 1, 3);
	in(". 1:1(0) ack 1 win 0");
	ms = fails_after(60000, ETIMEDOUT);
	printf("# %u ms\n", ms);
	says("after 1 + 3 s", ms >= 3900 && ms <= 4100);
	script_close();
}

/* ---- nobody waits for a closed connection's end */

static void row15_peer_that_never_opens_its_window_does_not_keep_a_closed_connection(void)
{
	unsigned int seconds = 0;

	script_open(&plain, NULL);
	in(". 1:1(0) ack 1 win 0");
	writes(100);
	lwip_close(script.fd);
	/* Each probe is answered. */
	while (seconds < 30) {
		after(1000);
		seconds++;
		if (skip())
			in(". 1:1(0) ack 1 win 0");
	}
	in(". 1:1(0) ack 1 win 0");
	says("it is kept for half a minute", script_none());
	while (seconds < 900) {
		after(1000);
		seconds++;
		if (skip())
			in(". 1:1(0) ack 1 win 0");
	}
	skip();
	in(". 1:1(0) ack 1 win 0");
	out("R 1:1(0)");
	script_close();
}

/* ---- the route goes and comes back */

static void row12_data_written_without_a_route_leaves_when_there_is_one(void)
{
	script_open(&plain, NULL);
	lwip_ifdown(script_wire->netif);
	writes(100);
	after(3000);
	none();
	lwip_ifup(script_wire->netif);
	after(30000);
	out("P 1:101(100) ack 1");
	script_close();
}

int main(void)
{
	row16_small_window_is_used_after_the_override_time();
	row16_window_of_half_the_largest_is_used_at_once();
	row16_window_of_half_the_largest_rounded_down_by_its_scale_is_used_at_once();
	row9_corked_data_leaves_after_200_ms();
	row9_corked_full_segments_leave_at_once();
	row9_nodelay_flushes_a_corked_socket();
	row9_more_holds_back_until_the_next_write();
	row9_more_holds_back_while_the_peer_is_heard_and_acknowledged();
	row9_more_lets_full_segments_out();
	row9_more_leaves_after_200_ms();
	row9_more_leaves_with_the_fin();
	row12_user_timeout_ends_data_in_flight_in_time();
	row12_user_timeout_set_while_data_waits_counts();
	row12_user_timeout_ends_a_closed_window_in_time();
	row12_attempt_to_connect_ends_after_three_minutes();
	row12_user_timeout_ends_an_attempt_to_connect();
	row13_user_timeout_ends_keep_alive_in_time();
	row13_keep_alive_leaves_a_peer_alone_that_answers_with_window_0();
	row13_keep_alive_finds_a_dead_peer_whose_window_was_0();
	row15_peer_that_never_opens_its_window_does_not_keep_a_closed_connection();
	row12_data_written_without_a_route_leaves_when_there_is_one();
	return done_testing();
}
