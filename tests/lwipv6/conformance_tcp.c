/* SPDX-License-Identifier: GPL-2.0-only */
/* Conformance of TCP's base (rows 1 to 23 of the checklist), with exact segments on a virtual
 * clock. */
#include "tests/lwipv6/wire.h"
#include <sys/ioctl.h>

static struct wire *w;
static struct conn c;
static struct segment s;
static char buf[70000];

static void open_accepted(const struct offer *o)
{
	int l;

	w = wire_open(0);
	l = listen_on(w, o->v6, 80);
	if (!conn_accept(w, &c, l, 80, o))
		ok(false, "connection to the listener");
}

static void done(void)
{
	wire_close(w);
}

static int error_of(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	lwip_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error;
}

static short events_of(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP | POLLPRI};

	lwip_poll(&p, 1, 0);
	return p.revents;
}

static void row1(void)
{
	struct offer o = full;

	open_accepted(&plain);
	c.window = 40000;
	conn_send(&c, TH_ACK, 0);
	for (int i = 0; i < 4; i++)
		lwip_send(c.fd, pattern(), 20000, 0);
	uint32_t sent = 0;

	for (int i = 0; i < 12; i++) {
		wire_advance(w, 1);
		while (segment_take(w, &s))
			if (s.seq + s.len - c.ack > sent)
				sent = s.seq + s.len - c.ack;
		struct conn part = c;

		part.ack += sent;
		conn_send(&part, TH_ACK, 0);
	}
	ok(sent == 80000, "row 1: a window of 40000 is unsigned (%u sent)", sent);
	done();
	o.window = 65535;
	open_accepted(&o);
	c.window = 2000; /* times 128: 256000 */
	conn_send(&c, TH_ACK, 0);
	sent = 0;
	for (int round = 0; round < 30; round++) {
		lwip_send(c.fd, pattern(), 60000, 0);
		wire_advance(w, 1);
		uint32_t flight = 0;

		while (segment_take(w, &s))
			flight = s.seq + s.len - c.ack;
		if (flight > sent)
			sent = flight;
		if (flight) {
			c.ack += flight;
			conn_send(&c, TH_ACK, 0);
		}
	}
	ok(sent > 65535, "row 1: a scaled window lets %u bytes out at once", sent);
	done();
}

static void row2(void)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct offer o = plain;

		o.v6 = v6;
		open_accepted(&o);
		ok(c.syn.checksum_good, "row 2: IPv%d SYN-ACK has a good checksum", v6 ? 6 : 4);
		s = (struct segment){.sport = c.port,
				     .dport = 80,
				     .seq = c.seq,
				     .ack = c.ack,
				     .flags = TH_ACK,
				     .window = 65535,
				     .data = pattern(),
				     .len = 100,
				     .check = 0x1234};
		segment_send(w, v6, &s);
		wire_advance(w, 100);
		ok(lwip_recv(c.fd, buf, 200, 0) < 0 && errno == EAGAIN && !segment_take(w, &s),
		   "row 2: IPv%d segment with a bad checksum is ignored", v6 ? 6 : 4);
		done();
	}
}

static void row3(void)
{
	static const struct {
		const char *what, *bytes;
		int len;
	} lists[] = {
		{"unknown option",
		 "\xfe\x06"
		 "abcd",
		 6},
		{"length 0", "\x05\x00", 2},
		{"length beyond the header", "\x08\x20\x01\x01", 4},
		{"NOPs and end", "\x01\x01\x01\x00", 4},
		{"odd alignment", "\x01\x08\x0a\x00\x00\x00\x01\x00\x00\x00\x00\x00", 12},
	};

	open_accepted(&plain);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		s = (struct segment){.sport = c.port,
				     .dport = 80,
				     .seq = c.seq,
				     .ack = c.ack,
				     .flags = TH_ACK,
				     .window = 65535,
				     .data = pattern(),
				     .len = 10,
				     .options_len = lists[i].len};
		memcpy(s.options, lists[i].bytes, lists[i].len);
		segment_send(w, false, &s);
		c.seq += 10;
		ok(lwip_recv(c.fd, buf, 100, 0) == 10, "row 3: data behind %s is taken",
		   lists[i].what);
	}
	done();
}

static void row4(void)
{
	uint32_t isn[200];
	int linear = 0;
	bool constant = true;

	w = wire_open(0);
	for (int i = 0; i < 200; i++) {
		conn_connect(w, &c, &plain);
		isn[i] = c.syn.seq;
		conn_close(&c);
	}
	for (int i = 2; i < 200; i++) {
		int64_t d1 = (int32_t)(isn[i] - isn[i - 1]),
			d2 = (int32_t)(isn[i - 1] - isn[i - 2]);

		linear += llabs(d1 - d2) < 100000;
		constant &= isn[i] == isn[0];
	}
	ok(!constant && linear < 3, "row 4: 200 initial sequence numbers have no pattern");
	done();
	uint32_t first;

	w = wire_open(0);
	int fds[2];

	for (int i = 0; i < 2; i++) {
		struct sockaddr_in local = name4(our4, 5555), to = name4(peer4, 80);
		int on = 1;

		fds[i] = lwip_msocket(w->stack, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		lwip_setsockopt(fds[i], SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		lwip_bind(fds[i], (void *)&local, sizeof(local));
		lwip_connect(fds[i], (void *)&to, sizeof(to));
		segment_take(w, &s);
		if (!i)
			first = s.seq;
		lwip_close(fds[i]);
		wire_drop(w);
		wire_advance(w, 1000);
	}
	int32_t moved = s.seq - first;

	ok(moved > 200000 && moved < 300000,
	   "row 4: one tuple's numbers follow a 4 us clock (%d in 1 s)", moved);
	done();
}

static void row5(void)
{
	struct sockaddr_in to = name4(peer4, 80);

	w = wire_open(0);
	int fd = lwip_msocket(w->stack, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	lwip_connect(fd, (void *)&to, sizeof(to));
	segment_take(w, &s);
	struct segment mine = {
		.sport = 80, .dport = s.sport, .seq = 7000, .flags = TH_SYN, .window = 65535};
	uint32_t iss = s.seq;

	segment_send(w, false, &mine);
	ok(segment_take(w, &s) && s.flags == (TH_SYN | TH_ACK) && s.seq == iss && s.ack == 7001,
	   "row 5: crossing SYNs are answered by SYN-ACK");
	mine.flags = TH_SYN | TH_ACK;
	mine.ack = iss + 1;
	segment_send(w, false, &mine);
	ok(events_of(fd) & POLLOUT && !error_of(fd),
	   "row 5: the simultaneous open ends established");
	lwip_close(fd);
	done();
	/* The peer still has the last connection of these ports. */
	w = wire_open(0);
	fd = lwip_msocket(w->stack, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	lwip_connect(fd, (void *)&to, sizeof(to));
	segment_take(w, &s);
	struct segment old = {.sport = 80,
			      .dport = s.sport,
			      .seq = 9000,
			      .ack = s.seq - 70000,
			      .flags = TH_ACK,
			      .window = 65535};

	iss = s.seq;
	segment_send(w, false, &old);
	ok(segment_take(w, &s) && s.flags == TH_RST && s.seq == old.ack,
	   "row 5: an old connection's ACK is answered by its reset");
	ok(segment_take(w, &s) && s.flags & TH_SYN && s.seq == iss,
	   "row 5: and the SYN goes again at once");
	segment_send(w, false, &old);
	ok(segment_take(w, &s) && s.flags == TH_RST && !segment_take(w, &s), "row 5: once only");
	lwip_close(fd);
	done();
}

static void row6(void)
{
	open_accepted(&plain);
	conn_send(&c, TH_RST, 0);
	short events = events_of(c.fd);

	ok(events & POLLERR && events & POLLHUP, "row 6: a reset shows as POLLERR and POLLHUP");
	ok(lwip_recv(c.fd, buf, 10, 0) < 0 && errno == ECONNRESET, "row 6: and as ECONNRESET");
	done();
	w = wire_open(0);
	struct sockaddr_in to = name4(peer4, 80);
	int fd = lwip_msocket(w->stack, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	lwip_connect(fd, (void *)&to, sizeof(to));
	segment_take(w, &s);
	struct segment rst = {
		.sport = 80, .dport = s.sport, .ack = s.seq + 1, .flags = TH_RST | TH_ACK};

	segment_send(w, false, &rst);
	ok(error_of(fd) == ECONNREFUSED, "row 6: a refused attempt gives ECONNREFUSED");
	done();
}

static void row7(void)
{
	open_accepted(&full);
	lwip_shutdown(c.fd, SHUT_WR);
	segment_take(w, &s);
	ok(s.flags & TH_FIN, "row 7: shutdown sends FIN");
	c.ack = s.seq + 1;
	c.tsval += 10;
	conn_send(&c, TH_ACK | TH_FIN, 0);
	segment_take(w, &s);
	lwip_close(c.fd);
	conn_send(&c, TH_RST, 0);
	wire_drop(w);
	conn_send_at(&c, TH_ACK | TH_FIN, -1, 0);
	ok(segment_take(w, &s) && s.flags == TH_ACK,
	   "row 7: TIME-WAIT survives a reset and answers a FIN");
	struct segment syn = {
		.sport = c.port, .dport = 80, .seq = c.seq - 5000, .flags = TH_SYN, .window = 1000};
	struct segment fresh = syn;

	segment_send(w, false, &syn);
	ok(segment_take(w, &s) && s.flags == TH_ACK, "row 7: an old SYN is answered with an ACK");
	struct segment same = syn;
	uint32_t equal = htonl(c.tsval);

	same.options_len = 12;
	memcpy(same.options, "\x01\x01\x08\x0a", 4);
	memcpy(same.options + 4, &equal, 4);
	segment_send(w, false, &same);
	ok(segment_take(w, &s) && s.flags == TH_ACK,
	   "row 7: so is one with the same timestamp and a lower number");
	fresh.options_len = 12;
	memcpy(fresh.options, "\x01\x01\x08\x0a", 4);
	uint32_t later = htonl(c.tsval + 100);

	memcpy(fresh.options + 4, &later, 4);
	segment_send(w, false, &fresh);
	ok(segment_take(w, &s) && s.flags == (TH_SYN | TH_ACK),
	   "row 7: a SYN with a later timestamp reopens");
	done();
	open_accepted(&full);
	lwip_shutdown(c.fd, SHUT_WR);
	segment_take(w, &s);
	c.ack = s.seq + 1;
	conn_send(&c, TH_ACK | TH_FIN, 0);
	lwip_close(c.fd);
	wire_drop(w);
	same.sport = c.port;
	same.seq = c.seq + 5000;
	equal = htonl(c.tsval);
	memcpy(same.options + 4, &equal, 4);
	segment_send(w, false, &same);
	ok(segment_take(w, &s) && s.flags == (TH_SYN | TH_ACK),
	   "row 7: within one tick the sequence number tells");
	done();
	open_accepted(&plain);
	lwip_shutdown(c.fd, SHUT_WR);
	segment_take(w, &s);
	c.ack = s.seq + 1;
	conn_send(&c, TH_ACK | TH_FIN, 0);
	lwip_close(c.fd);
	wire_advance(w, 59000);
	wire_drop(w);
	conn_send_at(&c, TH_ACK, 0, 10);
	ok(segment_take(w, &s) && s.flags == TH_ACK, "row 7: still there after 59 s");
	wire_advance(w, 62000);
	conn_send_at(&c, TH_ACK, 0, 10);
	ok(segment_take(w, &s) && s.flags & TH_RST, "row 7: gone after two MSL of 30 s");
	done();
}

static void row8(void)
{
	static const int mtus[] = {1500, 1280, 9000};

	for (int i = 0; i < 3; i++)
		for (int v6 = 0; v6 < 2; v6++) {
			struct offer o = plain;

			o.v6 = v6;
			w = wire_open(0);
			lwip_set_mtu(w->netif, mtus[i]);
			conn_connect(w, &c, &o);
			ok(c.syn.mss == mtus[i] - (v6 ? 60 : 40), "row 8: MTU %d, IPv%d: MSS %d",
			   mtus[i], v6 ? 6 : 4, c.syn.mss);
			lwip_send(c.fd, pattern(), 3000, 0);
			segment_take(w, &s);
			ok(s.len == (v6 ? 1220 : 536) && !s.mss,
			   "row 8: without the option segments carry %zu bytes, and no MSS option",
			   s.len);
			done();
		}
	struct offer o = full;

	o.mss = 1000;
	open_accepted(&o);
	lwip_send(c.fd, pattern(), 3000, 0);
	segment_take(w, &s);
	ok(s.len == 1000 - 12, "row 8: the effective MSS counts the timestamp option (%zu)", s.len);
	done();
}

static void row9(void)
{
	int on = 1;

	open_accepted(&full);
	lwip_send(c.fd, "a", 1, 0);
	lwip_send(c.fd, "b", 1, 0);
	lwip_send(c.fd, "c", 1, 0);
	ok(segment_take(w, &s) && s.len == 1 && !segment_take(w, &s),
	   "row 9: Nagle holds small writes");
	c.ack += 1;
	conn_send(&c, TH_ACK, 0);
	ok(segment_take(w, &s) && s.len == 2, "row 9: and sends them together after the ACK");
	c.ack += 2;
	conn_send(&c, TH_ACK, 0);
	lwip_setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	lwip_send(c.fd, "d", 1, 0);
	lwip_send(c.fd, "e", 1, 0);
	ok(segment_take(w, &s) && segment_take(w, &s) && s.len == 1,
	   "row 9: TCP_NODELAY sends each");
	done();
}

static void row10(void)
{
	uint64_t times[8];
	int n = 0;

	open_accepted(&plain);
	lwip_send(c.fd, pattern(), 100, 0);
	for (int i = 0; i < 700 && n < 8; i++) {
		wire_advance(w, 100);
		while (n < 8 && segment_take(w, &s))
			times[n++] = s.time / MS;
	}
	bool doubles = n == 8;

	for (int i = 2; i < n - 1; i++) {
		uint64_t a = times[i] - times[i - 1], b = times[i + 1] - times[i];

		doubles &= b > a * 19 / 10 && b < a * 21 / 10;
	}
	ok(times[1] - times[0] >= 199, "row 10: first timeout after %d ms",
	   (int)(times[1] - times[0]));
	ok(doubles, "row 10: each timeout doubles the one before");
	done();
	/* Karn: the answer to a retransmission is no sample. */
	open_accepted(&plain);
	lwip_send(c.fd, pattern(), 100, 0);
	wire_advance(w, 5000);
	wire_drop(w);
	c.ack += 100;
	conn_send(&c, TH_ACK, 0);
	struct tcp_info info;
	socklen_t len = sizeof(info);

	lwip_getsockopt(c.fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	ok(info.tcpi_rtt < 1000000,
	   "row 10: a retransmission's answer gives no round-trip time (%u us)", info.tcpi_rtt);
	done();
	w = wire_open(0);
	struct sockaddr_in to = name4(peer4, 80);
	int fd = lwip_msocket(w->stack, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	lwip_connect(fd, (void *)&to, sizeof(to));
	segment_take(w, &s);
	uint64_t first = s.time;

	wire_advance(w, 1500);
	ok(segment_take(w, &s) && s.flags & TH_SYN && s.time - first >= 1000 * MS,
	   "row 10: SYN again after 1 s");
	done();
}

static void row11(void)
{
	int count = 0;

	open_accepted(&full);
	for (int i = 0; i < 5; i++)
		lwip_send(c.fd, pattern(), 60000, 0);
	while (segment_take(w, &s))
		count++;
	ok(count == 10, "row 11: the initial window is ten segments (%d)", count);
	c.ack += 10 * 1448;
	conn_send(&c, TH_ACK, 0);
	for (count = 0; segment_take(w, &s);)
		count++;
	ok(count == 20, "row 11: slow start doubles it (%d)", count);
	done();
	/* Fast retransmit without SACK. */
	open_accepted(&plain);
	lwip_send(c.fd, pattern(), 536 * 8, 0);
	wire_drop(w);
	for (int i = 0; i < 2; i++)
		conn_send(&c, TH_ACK, 0);
	ok(!segment_take(w, &s) || s.seq != c.ack, "row 11: two duplicates do nothing");
	wire_drop(w);
	conn_send(&c, TH_ACK, 0);
	ok(segment_take(w, &s) && s.seq == c.ack,
	   "row 11: the third retransmits the first segment");
	done();
	/* Restart after idle. */
	open_accepted(&full);
	for (int round = 0; round < 6; round++) {
		for (int i = 0; i < 4; i++)
			lwip_send(c.fd, pattern(), 60000, 0);
		while (segment_take(w, &s))
			if ((int32_t)(s.seq + s.len - c.ack) > 0)
				c.ack = s.seq + s.len;
		conn_send(&c, TH_ACK, 0);
	}
	for (int i = 0; i < 100; i++) {
		while (segment_take(w, &s))
			c.ack = s.seq + s.len;
		conn_send(&c, TH_ACK, 0);
	}
	wire_advance(w, 30000);
	wire_drop(w);
	for (int i = 0; i < 4; i++)
		lwip_send(c.fd, pattern(), 60000, 0);
	for (count = 0; segment_take(w, &s);)
		count++;
	ok(count == 10, "row 11: after idling the restart window is ten segments (%d)", count);
	done();
}

static void row12(void)
{
	struct sockaddr_in to = name4(peer4, 80);
	int timeout = 5000;

	w = wire_open(0);
	int fd = lwip_msocket(w->stack, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	lwip_connect(fd, (void *)&to, sizeof(to));
	wire_advance(w, 179000);
	ok(!error_of(fd) && !(events_of(fd) & POLLERR), "row 12: a SYN is tried for three minutes");
	wire_advance(w, 200000);
	ok(error_of(fd) == ETIMEDOUT, "row 12: then ETIMEDOUT");
	done();
	open_accepted(&plain);
	lwip_send(c.fd, "x", 1, 0);
	wire_advance(w, 120000);
	ok(!error_of(c.fd), "row 12: data is tried for more than 100 s");
	wire_advance(w, 1200000);
	ok(error_of(c.fd) == ETIMEDOUT, "row 12: and given up at last");
	done();
	open_accepted(&plain);
	lwip_setsockopt(c.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
	lwip_send(c.fd, "x", 1, 0);
	wire_advance(w, 9000);
	ok(error_of(c.fd) == ETIMEDOUT, "row 12: TCP_USER_TIMEOUT shortens it to seconds");
	done();
}

static void row13(void)
{
	int on = 1, idle = 10, interval = 5, count = 3;

	open_accepted(&plain);
	wire_advance(w, 8000000);
	ok(!segment_take(w, &s), "row 13: keep-alive is off by default");
	lwip_setsockopt(c.fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	wire_advance(w, 7100000);
	ok(!segment_take(w, &s), "row 13: no probe before two hours");
	wire_advance(w, 200000);
	ok(segment_take(w, &s) && !s.len && s.seq == c.ack - 1, "row 13: then a probe one below");
	conn_send(&c, TH_ACK, 0);
	lwip_setsockopt(c.fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	lwip_setsockopt(c.fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	lwip_setsockopt(c.fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	wire_drop(w);
	wire_advance(w, 10100);
	ok(segment_take(w, &s), "row 13: TCP_KEEPIDLE is obeyed");
	wire_advance(w, 5100);
	ok(!error_of(c.fd), "row 13: one lost answer is tolerated");
	wire_advance(w, 20000);
	ok(error_of(c.fd) == ETIMEDOUT, "row 13: a dead peer is found after TCP_KEEPCNT probes");
	done();
}

static void row14(void)
{
	char byte = 0;
	int mark = 0;

	open_accepted(&plain);
	s = (struct segment){.sport = c.port,
			     .dport = 80,
			     .seq = c.seq,
			     .ack = c.ack,
			     .flags = TH_ACK | TH_URG,
			     .window = 65535,
			     .data = (uint8_t *)"abXcd",
			     .len = 5,
			     .urgent = 3};
	segment_send(w, false, &s);
	ok(events_of(c.fd) & POLLPRI, "row 14: urgent data shows as POLLPRI");
	ok(lwip_recv(c.fd, &byte, 1, MSG_OOB) == 1 && byte == 'X',
	   "row 14: MSG_OOB reads the byte");
	ok(lwip_recv(c.fd, buf, 10, 0) == 2 && !memcmp(buf, "ab", 2),
	   "row 14: reading stops at the mark");
	lwip_ioctl(c.fd, SIOCATMARK, &mark);
	ok(mark, "row 14: SIOCATMARK says so");
	ok(lwip_recv(c.fd, buf, 10, 0) == 2 && !memcmp(buf, "cd", 2),
	   "row 14: the rest follows without it");
	lwip_send(c.fd, "uv!", 3, MSG_OOB);
	wire_drop(w);
	done();
	open_accepted(&plain);
	lwip_send(c.fd, "uv!", 3, MSG_OOB);
	ok(segment_take(w, &s) && s.flags & TH_URG && s.urgent == 3,
	   "row 14: sending sets URG and pointer");
	done();
}

static void row15(void)
{
	int n = 0;
	uint64_t times[6];

	open_accepted(&plain);
	c.window = 2000;
	conn_send(&c, TH_ACK, 0);
	lwip_send(c.fd, pattern(), 5000, 0);
	uint32_t top = 0;

	while (segment_take(w, &s))
		top = s.seq + s.len - c.ack;
	ok(top <= 2000, "row 15: the window is respected (%u)", top);
	c.ack += top;
	c.window = 0;
	conn_send(&c, TH_ACK, 0);
	for (int i = 0; i < 2000 && n < 6; i++) {
		wire_advance(w, 50);
		while (n < 6 && segment_take(w, &s)) {
			times[n++] = s.time / MS;
			conn_send(&c, TH_ACK, 0);
		}
	}
	ok(n == 6 && times[5] - times[4] > times[2] - times[1],
	   "row 15: a closed window is probed, slower each time");
	for (int i = 0; i < 50; i++) {
		wire_advance(w, 60000);
		while (segment_take(w, &s))
			conn_send(&c, TH_ACK, 0);
	}
	ok(!error_of(c.fd), "row 15: an answered probe keeps the connection for an hour");
	c.window = 10000;
	conn_send(&c, TH_ACK, 0);
	ok(segment_take(w, &s) && s.len, "row 15: the opened window is used");
	done();
	/* Shrinking. */
	open_accepted(&plain);
	c.window = 5000;
	conn_send(&c, TH_ACK, 0);
	lwip_send(c.fd, pattern(), 5000, 0);
	wire_drop(w);
	c.window = 500;
	conn_send(&c, TH_ACK, 0);
	wire_advance(w, 3000);
	ok(!error_of(c.fd), "row 15: a shrunk window is survived");
	c.window = 8000;
	wire_drop(w);
	c.ack += 5000;
	conn_send(&c, TH_ACK, 0);
	ok(!(events_of(c.fd) & POLLERR), "row 15: and the connection goes on");
	done();
}

static void row16(void)
{
	int size = 8192, updates = 0;

	w = wire_open(0);
	int l = listen_on(w, false, 80);

	lwip_setsockopt(l, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	conn_accept(w, &c, l, 80, &plain);
	for (int i = 0; i < 40; i++)
		conn_send(&c, TH_ACK, 536);
	wire_advance(w, 100);
	struct segment last = {0};

	while (segment_take(w, &s))
		last = s;
	ok(last.window < 536, "row 16: the full buffer closes the window (%u)", last.window);
	for (int i = 0; i < 400; i++) {
		lwip_recv(c.fd, buf, 1, 0);
		while (segment_take(w, &s))
			updates++;
	}
	ok(updates == 0, "row 16: reading byte by byte opens no crumbs (%d updates)", updates);
	for (int i = 0; i < 20; i++)
		lwip_recv(c.fd, buf, 500, 0);
	for (updates = 0; segment_take(w, &s); last = s)
		updates++;
	ok(updates > 0 && last.window >= 536, "row 16: a segment's worth of room is told");
	done();
	/* The sender's side: half of the largest window. */
	open_accepted(&full);
	lwip_send(c.fd, pattern(), 100, 0);
	lwip_send(c.fd, pattern(), 100, 0);
	int count = 0;

	while (segment_take(w, &s))
		count++;
	ok(count == 1, "row 16: small pieces wait for more");
	done();
}

static void row17(void)
{
	open_accepted(&full);
	/* In the beginning each is answered. */
	for (int i = 0; i < 16; i++)
		conn_send(&c, TH_ACK, 100);
	wire_advance(w, 100);
	wire_drop(w);
	conn_send(&c, TH_ACK, 1448);
	wire_advance(w, 1);
	bool early = segment_take(w, &s);

	ok(!early, "row 17: one segment's ACK is delayed");
	uint64_t before = w->now;

	wire_advance(w, 500);
	ok(segment_take(w, &s) && s.ack == c.seq && s.time - before < 500 * MS,
	   "row 17: less than half a second");
	conn_send(&c, TH_ACK, 1448);
	conn_send(&c, TH_ACK, 1448);
	ok(segment_take(w, &s) && s.ack == c.seq,
	   "row 17: the second full segment is acknowledged at once");
	conn_send_at(&c, TH_ACK, 1448, 1448);
	ok(segment_take(w, &s) && s.ack == c.seq, "row 17: a gap is reported at once");
	conn_send(&c, TH_ACK, 1448);
	ok(segment_take(w, &s) && s.ack == c.seq + 1448, "row 17: its filling as well");
	done();
}

static void row18(void)
{
	struct sockaddr_in to = name4("10.0.0.255", 80), group = name4("224.1.2.3", 80);

	w = wire_open(0);
	int l1 = listen_on(w, false, 80), l2 = listen_on(w, true, 81);

	ok(l1 >= 0 && l2 >= 0 && conn_accept(w, &c, l1, 80, &plain),
	   "row 18: several listeners at once");
	struct offer o = plain;

	o.v6 = true;
	ok(conn_accept(w, &c, l2, 81, &o), "row 18: each gets its connections");
	int fd = lwip_msocket(w->stack, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	ok(lwip_connect(fd, (void *)&to, sizeof(to)) < 0 && errno == ENETUNREACH,
	   "row 18: no connection to a broadcast");
	ok(lwip_connect(fd, (void *)&group, sizeof(group)) < 0 && errno == ENETUNREACH,
	   "row 18: nor to a group");
	struct ip_packet ip = {.dst = "10.0.0.255",
			       .proto = IPPROTO_TCP,
			       .to_mac = (const uint8_t *)"\xff\xff\xff\xff\xff\xff"};
	uint8_t syn[20] = {0x30, 0x39, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, TH_SYN, 4, 0};
	uint8_t a[4] = {10, 0, 0, 2}, b[4] = {10, 0, 0, 255};
	uint16_t sum = transport_sum(false, a, b, IPPROTO_TCP, syn, 20);

	memcpy(syn + 16, &sum, 2);
	wire_drop(w);
	ip_send(w, &ip, syn, 20);
	wire_advance(w, 10);
	ok(!segment_take(w, &s), "row 18: a SYN to a broadcast is ignored");
	done();
}

static void row19(void)
{
	int ttl = 33, tos = 0x48, hops = 7, class = 0x20;

	open_accepted(&plain);
	lwip_setsockopt(c.fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	lwip_setsockopt(c.fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	lwip_send(c.fd, "x", 1, 0);
	ok(segment_take(w, &s) && s.ttl == 33 && (s.tos & 0xfc) == 0x48,
	   "row 19: IP_TTL and IP_TOS");
	done();
	struct offer o = plain;

	o.v6 = true;
	open_accepted(&o);
	lwip_setsockopt(c.fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof(hops));
	lwip_setsockopt(c.fd, IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof(class));
	lwip_send(c.fd, "x", 1, 0);
	ok(segment_take(w, &s) && s.ttl == 7 && (s.tos & 0xfc) == 0x20,
	   "row 19: hop limit and traffic class");
	done();
}

/* An ICMP unreachable of @code that quotes a segment of ours with sequence @seq. */
static void unreachable(uint8_t code, uint16_t sport, uint16_t dport, uint32_t seq, uint16_t mtu)
{
	uint8_t m[36] = {ICMP_DEST_UNREACH, code, 0, 0, 0, 0, mtu >> 8, mtu};
	struct iphdr *q = (struct iphdr *)(m + 8);
	uint16_t ports[2] = {htons(sport), htons(dport)};

	*q = (struct iphdr){
		.version = 4, .ihl = 5, .tot_len = htons(1500), .ttl = 64, .protocol = IPPROTO_TCP};
	inet_pton(AF_INET, our4, &q->saddr);
	inet_pton(AF_INET, peer4, &q->daddr);
	memcpy(m + 28, ports, 4);
	seq = htonl(seq);
	memcpy(m + 32, &seq, 4);
	icmp4_send(w, NULL, NULL, m, sizeof(m));
}

static void row20(void)
{
	struct sockaddr_in to = name4(peer4, 80);

	w = wire_open(0);
	int fd = lwip_msocket(w->stack, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	lwip_connect(fd, (void *)&to, sizeof(to));
	segment_take(w, &s);
	unreachable(ICMP_HOST_UNREACH, s.sport, 80, s.seq + 100000, 0);
	ok(!error_of(fd), "row 20: an error that quotes a strange sequence number is ignored");
	unreachable(ICMP_HOST_UNREACH, s.sport, 80, s.seq, 0);
	ok(error_of(fd) == EHOSTUNREACH, "row 20: a matching one ends the attempt");
	done();
	open_accepted(&plain);
	lwip_send(c.fd, "x", 1, 0);
	unreachable(ICMP_PORT_UNREACH, 80, c.port, c.ack, 0);
	ok(!error_of(c.fd) && !(events_of(c.fd) & POLLERR),
	   "row 20: an established connection survives it");
	done();
}

static void row21(void)
{
	bool push = true;

	open_accepted(&full);
	lwip_send(c.fd, pattern(), 4000, 0);
	while (segment_take(w, &s))
		push = !!(s.flags & TH_PUSH) == (s.seq + s.len == c.ack + 4000) && push;
	ok(push, "row 21: PSH on the last segment of a write, and only there");
	done();
}

static void row22(void)
{
	int size = 4096;

	w = wire_open(0);
	int l = listen_on(w, false, 80);

	lwip_setsockopt(l, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	conn_accept(w, &c, l, 80, &plain);
	for (int i = 0; i < 20; i++)
		conn_send(&c, TH_ACK, 536);
	wire_advance(w, 100);
	while (segment_take(w, &s))
		c.seq = s.ack;
	s = (struct segment){.sport = c.port,
			     .dport = 80,
			     .seq = c.seq,
			     .ack = c.ack,
			     .flags = TH_ACK | TH_URG,
			     .window = 65535,
			     .urgent = 9,
			     .data = pattern(),
			     .len = 1};
	segment_send(w, false, &s);
	ok(events_of(c.fd) & POLLPRI, "row 22: the urgent pointer is taken at a zero window");
	conn_send(&c, TH_RST, 0);
	ok(error_of(c.fd) == ECONNRESET, "row 22: and so is a reset");
	done();
}

static void row23(void)
{
	open_accepted(&plain);
	conn_send_at(&c, TH_RST, 100, 0);
	ok(segment_take(w, &s) && s.flags == TH_ACK && !error_of(c.fd),
	   "row 23: a reset inside the window is challenged");
	wire_advance(w, 1000);
	conn_send_at(&c, TH_SYN, 50, 0);
	ok(segment_take(w, &s) && s.flags == TH_ACK && !error_of(c.fd), "row 23: so is a SYN");
	wire_advance(w, 1000);
	c.ack += 100000;
	conn_send(&c, TH_ACK, 10);
	c.ack -= 100000;
	ok(segment_take(w, &s) && s.flags == TH_ACK, "row 23: and an ACK of what was never sent");
	wire_advance(w, 1000);
	wire_drop(w);
	int n = 0;

	for (int i = 0; i < 50; i++)
		conn_send_at(&c, TH_RST, 100, 0);
	while (segment_take(w, &s))
		n++;
	ok(n == 1, "row 23: challenges are limited for each connection (%d for 50)", n);
	done();
}

int main(void)
{
	row1();
	row2();
	row3();
	row4();
	row5();
	row6();
	row7();
	row8();
	row9();
	row10();
	row11();
	row12();
	row13();
	row14();
	row15();
	row16();
	row17();
	row18();
	row19();
	row20();
	row21();
	row22();
	row23();
	return done_testing();
}
