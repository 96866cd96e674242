/* SPDX-License-Identifier: GPL-2.0-only */
/* Options of tcp(7) whose effect is on the wire or in time. */
#include "tests/lwipv6/script.h"

static void option(int fd, int name, int value)
{
	lwip_setsockopt(fd, IPPROTO_TCP, name, &value, sizeof(value));
}

static bool writable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return lwip_poll(&p, 1, 0) == 1 && p.revents & POLLOUT;
}

static void row12_TCP_SYNCNT_2_ends_after_two_more_SYNs(void)
{
	struct sockaddr_in to = name4(peer4, 80);
	struct segment s;
	int fd, syns = 0, ms = 0;

	script_wire = wire_open(0);
	fd = lwip_msocket(script_wire->stack, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	option(fd, TCP_SYNCNT, 2);
	lwip_connect(fd, (void *)&to, sizeof(to));
	for (; ms < 100000 && error_of(fd) != ETIMEDOUT; ms += 10) {
		after(10);
		while (segment_take(script_wire, &s))
			syns++;
	}
	says("three SYNs", syns == 3);
	says("then ETIMEDOUT after 1 + 2 + 4 s", ms > 6900 && ms < 7100);
	lwip_close(fd);
	script_close();
}

static void defer(int listener)
{
	option(listener, TCP_DEFER_ACCEPT, 5); /* three SYN-ACKs, which makes 7 s */
}

/* The peer's part of a handshake; the SYN-ACKs that came in @ms more. */
static int silent(struct conn *c, unsigned int ms)
{
	struct segment s,
		syn = {.sport = 1000, .dport = 80, .seq = 1, .flags = TH_SYN, .window = 65535};
	struct segment ack = syn;
	int n = 0;

	segment_send(script_wire, false, &syn);
	segment_take(script_wire, &s);
	ack.flags = TH_ACK;
	ack.seq = 2;
	ack.ack = s.seq + 1;
	segment_send(script_wire, false, &ack);
	for (; ms; ms -= 10) {
		after(10);
		while (segment_take(script_wire, &s)) {
			n += !!(s.flags & TH_SYN);
			/* As a peer does that has its connection. */
			segment_send(script_wire, false, &ack);
		}
	}
	c->seq = ack.seq;
	c->ack = ack.ack;
	return n;
}

static void row18_TCP_DEFER_ACCEPT_waits_for_data_but_not_for_ever(void)
{
	struct segment data = {.sport = 1000,
			       .dport = 80,
			       .flags = TH_ACK | TH_PUSH,
			       .window = 65535,
			       .data = pattern(),
			       .len = 10};
	struct conn c;
	int l, fd;

	script_wire = wire_open(0);
	l = listen_on(script_wire, false, 80);
	defer(l);
	says("no SYN-ACK again while data is waited for", !silent(&c, 6500));
	says("nothing to accept", lwip_accept4(l, NULL, NULL, SOCK_NONBLOCK) < 0);
	data.seq = c.seq;
	data.ack = c.ack;
	segment_send(script_wire, false, &data);
	fd = lwip_accept4(l, NULL, NULL, SOCK_NONBLOCK);
	says("until it comes", fd >= 0);
	lwip_close(fd);
	script_close();
	script_wire = wire_open(0);
	l = listen_on(script_wire, false, 80);
	defer(l);
	says("one SYN-ACK when it did not", silent(&c, 8000) == 1);
	fd = lwip_accept4(l, NULL, NULL, SOCK_NONBLOCK);
	says("whose answer makes the connection", fd >= 0);
	lwip_close(fd);
	script_close();
}

static void row15_TCP_NOTSENT_LOWAT_limits_what_waits_behind_the_window(void)
{
	struct offer o = {.mss = 1460, .wscale = -1};
	int n;

	script_open(&o, NULL);
	option(script.fd, TCP_NOTSENT_LOWAT, 4000);
	says("writable when nothing waits", writable(script.fd));
	n = lwip_send(script.fd, pattern(), 65535, MSG_DONTWAIT);
	says("a write takes what may wait", n == 4000);
	out(". 1:1461(1460) ack 1");
	out(". 1461:2921(1460) ack 1");
	out("P. 2921:4001(1080) ack 1");
	says("what was sent does not count", writable(script.fd));
	in(". 1:1(0) ack 4001 win 0");
	n = lwip_send(script.fd, pattern() + 4000, 65535, MSG_DONTWAIT);
	says("behind a closed window as much", n == 4000);
	says("and no more", lwip_send(script.fd, pattern(), 1, MSG_DONTWAIT) < 0 &&
				    errno == EAGAIN && !writable(script.fd));
	in(". 1:1(0) ack 4001 win 1500");
	skip();
	says("not writable until less than half waits", !writable(script.fd));
	in(". 1:1(0) ack 5461 win 1500");
	skip();
	says("then it is", writable(script.fd));
	script_close();
}

int main(void)
{
	row12_TCP_SYNCNT_2_ends_after_two_more_SYNs();
	row18_TCP_DEFER_ACCEPT_waits_for_data_but_not_for_ever();
	row15_TCP_NOTSENT_LOWAT_limits_what_waits_behind_the_window();
	return done_testing();
}
