/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Closed, small and shrinking windows (RFC 9293 3.8.6, 3.10.7.4). The name of each function is the
 * state, its lines are the segments.
 */
#include "tests/lwipv6/script.h"

/* ---- nothing leaves with a number beyond the peer's window */

static void row15_closed_window_is_probed_inside_it(void)
{
	script_open(&plain, NULL);
	in(". 1:1(0) ack 1 win 0");
	writes(100);
	none();
	after(300);
	out(". 0:0(0) ack 1");
	in(". 1:101(100) ack 1 win 0");
	after(50);
	out(". 1:1(0) ack 101");
	in(". 101:101(0) ack 1 win 0");
	in("F 101:101(0) ack 1 win 0");
	out(". 1:1(0) ack 102");
	script_close();
}

static void row15_reset_at_a_closed_window_is_inside_it(void)
{
	struct linger none_left = {1, 0};

	script_open(&plain, NULL);
	in(". 1:1(0) ack 1 win 0");
	writes(100);
	after(3000);
	skip();
	lwip_setsockopt(script.fd, SOL_SOCKET, SO_LINGER, &none_left, sizeof(none_left));
	lwip_close(script.fd);
	out("R 1:1(0) ack 1");
	script_close();
}

static void row15_window_shrinks_below_what_was_sent(void)
{
	script_open(&plain, NULL);
	writes(1000);
	out(". 1:537(536) ack 1");
	out(". 537:1001(464) ack 1");
	in(". 1:1(0) ack 1 win 300");
	skip();
	in(". 1:101(100) ack 1 win 300");
	after(50);
	out(". 301:301(0) ack 101");
	script_close();
}

static void row15_tail_probe_stays_inside_the_window(void)
{
	struct offer o = full;

	o.wscale = 0;
	script_open(&o, NULL);
	in(". 1:1(0) ack 1 win 3500 ts");
	writes(4000);
	out(". 1:1449(1448) ack 1");
	out(". 1449:2897(1448) ack 1");
	none();
	after(60);
	out(". 2897:3501(604) ack 1");
	script_close();
}

static void row15_fin_waits_for_the_window(void)
{
	script_open(&plain, NULL);
	in(". 1:1(0) ack 1 win 100");
	writes(100);
	lwip_shutdown(script.fd, SHUT_WR);
	out("P 1:101(100) ack 1");
	none();
	in(". 1:1(0) ack 101 win 0");
	none();
	in(". 1:1(0) ack 101 win 1");
	out("F 101:101(0) ack 1");
	in(". 1:1(0) ack 102 win 1");
	after(5000);
	none();
	script_close();
}

/* ---- a closed window of ours still hears the peer */

static void small_buffer(int listener)
{
	int size = 2048;

	lwip_setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

/* 4096 bytes arrive and are not read. */
static void close_our_window(void)
{
	script_open(&plain, small_buffer);
	in(". 1:1025(1024) ack 1");
	in(". 1025:2049(1024) ack 1");
	in(". 2049:3073(1024) ack 1");
	in("P 3073:4097(1024) ack 1");
	after(50);
	skip();
}

static void row22_closed_window_takes_the_ack_of_data_it_refuses(void)
{
	close_our_window();
	writes(500);
	out("P 1:501(500) ack 4097 win 0");
	in(". 4097:4633(536) ack 501 win 1000");
	out(". 501:501(0) ack 4097 win 0");
	after(5000);
	none();
	writes(200);
	out("P 501:701(200) ack 4097 win 0");
	script_close();
}

static void row22_closed_window_takes_a_window_update_on_data_it_refuses(void)
{
	close_our_window();
	in(". 4097:4097(0) ack 1 win 0");
	writes(500);
	none();
	in(". 4097:4633(536) ack 1 win 1000");
	out("P 1:501(500) ack 4097 win 0");
	script_close();
}

static void row22_closed_window_takes_the_ack_of_a_peer_that_probed_with_a_byte(void)
{
	close_our_window();
	writes(500);
	skip();
	in(". 4097:4098(1) ack 1");
	skip();
	in(". 4098:4098(0) ack 501");
	after(5000);
	none();
	script_close();
}

static void row22_open_window_takes_an_ack_at_its_right_edge(void)
{
	script_open(&plain, small_buffer);
	writes(500);
	skip();
	in(". 4097:4097(0) ack 501");
	none();
	after(5000);
	none();
	script_close();
}

static void row22_closed_window_takes_a_reset(void)
{
	close_our_window();
	in("R 4097:4097(0)");
	says("ECONNRESET", error_of(script.fd) == ECONNRESET);
	script_close();
}

int main(void)
{
	row15_closed_window_is_probed_inside_it();
	row15_reset_at_a_closed_window_is_inside_it();
	row15_window_shrinks_below_what_was_sent();
	row15_tail_probe_stays_inside_the_window();
	row15_fin_waits_for_the_window();
	row22_closed_window_takes_the_ack_of_data_it_refuses();
	row22_closed_window_takes_a_window_update_on_data_it_refuses();
	row22_closed_window_takes_the_ack_of_a_peer_that_probed_with_a_byte();
	row22_open_window_takes_an_ack_at_its_right_edge();
	row22_closed_window_takes_a_reset();
	return done_testing();
}
