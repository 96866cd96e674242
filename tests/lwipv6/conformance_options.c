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

static bool setting(const char *name, const char *value)
{
	char error[100] = "";

	return !lwip_setting_set(script_wire->stack, name, value, error, sizeof(error)) && !*error;
}

static const struct offer with_ecn = {
	.ts = true, .sack = true, .ecn = true, .mss = 1460, .wscale = 7};

/* The flags of SYN and SYN-ACK with ecn=@value, as ECE and CWR. */
static void ecn(const char *value, unsigned int syn, unsigned int answer)
{
	struct conn c;
	int l;

	script_wire = wire_open(0);
	setting("ecn", value);
	conn_connect(script_wire, &c, &full);
	ok((c.syn.flags & 0xc0) == syn, "row 31: ecn=%s: in a SYN", value);
	conn_close(&c);
	l = listen_on(script_wire, false, 80);
	conn_accept(script_wire, &c, l, 80, &with_ecn);
	ok((c.syn.flags & 0xc0) == answer, "row 31: ecn=%s: in the answer to one that asks", value);
	script_close();
}

static void row24_timestamps_off(void)
{
	struct conn c;
	int l;

	script_wire = wire_open(0);
	says("is taken", setting("timestamps", "off"));
	conn_connect(script_wire, &c, &full);
	says("no SYN has them", !c.syn.has_ts && c.syn.sack_ok);
	conn_close(&c);
	l = listen_on(script_wire, false, 80);
	conn_accept(script_wire, &c, l, 80, &full);
	says("nor the answer to one that has", !c.syn.has_ts && c.syn.sack_ok);
	script_close();
}

static void row17_delayed_ack(void)
{
	script_open(&plain, NULL);
	setting("delayed-ack", "0");
	in("P. 1:101(100) ack 1");
	out(". 1:1(0) ack 101");
	setting("delayed-ack", "200");
	in("P. 101:201(100) ack 1");
	after(190);
	none();
	after(15);
	out(". 1:1(0) ack 201");
	script_close();
}

static void row7_time_wait_of_two_seconds(void)
{
	script_open(&plain, NULL);
	setting("time-wait", "2");
	lwip_close(script.fd);
	out("F. 1:1(0) ack 1");
	in("F. 1:1(0) ack 2");
	out(". 2:2(0) ack 2");
	after(1000);
	in(". 2:3(1) ack 2");
	out(". 2:2(0) ack 2");
	after(1500);
	in(". 2:3(1) ack 2");
	out("R 2:2(0)");
	script_close();
}

static void settings(void)
{
	static const char *const wrong[][2] = {
		{"ecn", "maybe"},	{"ecn", ""},	     {"delayed-ack", "500"},
		{"delayed-ack", "-1"},	{"time-wait", "1s"}, {"time-wait", ""},
		{"congestion", "fast"}, {"timestamps", "1"}, {"no-such-setting", "on"}};
	char value[20], error[100];
	struct stack *stack;

	stack = lwip_stack_create("lo,ecn=passive,time-wait=7,delayed-ack=3,timestamps=off", error,
				  sizeof(error));
	ok(stack && !lwip_setting_get(stack, "ecn", value, sizeof(value)) &&
		   !strcmp(value, "passive"),
	   "settings come with the string: ecn");
	ok(!lwip_setting_get(stack, "time-wait", value, sizeof(value)) && !strcmp(value, "7"),
	   "settings come with the string: time-wait");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		error[0] = 0;
		errno = 0;
		ok(lwip_setting_set(stack, wrong[i][0], wrong[i][1], error, sizeof(error)) == -1 &&
			   errno == EINVAL && strlen(error) > 10,
		   "%s=%s is refused: %s", wrong[i][0], wrong[i][1], error);
	}
	lwip_stack_free(stack);
	ok(!lwip_stack_create("lo,ecn=maybe", error, sizeof(error)) && strstr(error, "passive"),
	   "and in the string: %s", error);
}

int main(void)
{
	ecn("on", 0xc0, 0x40);
	ecn("passive", 0, 0x40);
	ecn("off", 0, 0);
	row24_timestamps_off();
	row17_delayed_ack();
	row7_time_wait_of_two_seconds();
	settings();
	row12_TCP_SYNCNT_2_ends_after_two_more_SYNs();
	row18_TCP_DEFER_ACCEPT_waits_for_data_but_not_for_ever();
	row15_TCP_NOTSENT_LOWAT_limits_what_waits_behind_the_window();
	return done_testing();
}
