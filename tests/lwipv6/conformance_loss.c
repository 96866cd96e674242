/* SPDX-License-Identifier: GPL-2.0-only */
/* Conformance of TCP's extensions: timestamps, SACK, recovery, ECN, cookies, path MTU (rows 24 to
 * 36). */
#include "tests/lwipv6/wire.h"

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

static struct tcp_info info(void)
{
	struct tcp_info i;
	socklen_t len = sizeof(i);

	lwip_getsockopt(c.fd, IPPROTO_TCP, TCP_INFO, &i, &len);
	return i;
}

/* Let the stack send @n full segments in one flight, after the round trips that opens cwnd for. */
static void flight(unsigned int n)
{
	for (int round = 0; round < 20 && info().tcpi_snd_cwnd < n; round++) {
		lwip_send(c.fd, pattern(), 60000, 0);
		wire_advance(w, 20);
		while (segment_take(w, &s))
			if ((int32_t)(s.seq + s.len - c.ack) > 0)
				c.ack = s.seq + s.len;
		conn_send(&c, TH_ACK, 0);
		while (segment_take(w, &s))
			if ((int32_t)(s.seq + s.len - c.ack) > 0)
				c.ack = s.seq + s.len;
		conn_send(&c, TH_ACK, 0);
	}
	for (int i = 0; i < 5; i++) {
		wire_advance(w, 20);
		while (segment_take(w, &s))
			if ((int32_t)(s.seq + s.len - c.ack) > 0)
				c.ack = s.seq + s.len;
		conn_send(&c, TH_ACK, 0);
	}
	wire_drop(w);
	lwip_send(c.fd, pattern(), n * 1448, 0);
	wire_advance(w, 20);
	wire_drop(w);
}

static void row24(void)
{
	bool stamped = true;

	open_accepted(&full);
	ok(c.syn.wscale >= 0 && c.syn.wscale <= 14 && c.syn.has_ts && c.syn.tsecr == c.tsval,
	   "row 24: window scale %d and timestamps are agreed in the SYN-ACK", c.syn.wscale);
	lwip_send(c.fd, pattern(), 5000, 0);
	while (segment_take(w, &s))
		stamped &= s.has_ts && s.wscale < 0;
	ok(stamped, "row 24: every segment carries a timestamp, none the scale");
	c.tsval += 1000;
	conn_send(&c, TH_ACK, 100);
	wire_advance(w, 100);
	while (segment_take(w, &s))
		;
	ok(s.tsecr == c.tsval, "row 24: the latest timestamp is echoed");
	lwip_recv(c.fd, buf, 1000, 0);
	c.tsval -= 2000;
	conn_send_at(&c, TH_ACK, 0, 100);
	ok(lwip_recv(c.fd, buf, 100, 0) < 0 && segment_take(w, &s) && s.ack == c.seq,
	   "row 24: PAWS drops a segment with an old timestamp, with an ACK");
	wire_close(w);
	open_accepted(&plain);
	ok(c.syn.wscale < 0 && !c.syn.has_ts && !c.syn.sack_ok,
	   "row 24: what was not offered is not answered");
	wire_close(w);
}

static void row25(void)
{
	open_accepted(&full);
	ok(c.syn.sack_ok, "row 25: SACK is permitted");
	conn_send_at(&c, TH_ACK, 1000, 1000);
	conn_send_at(&c, TH_ACK, 3000, 1000);
	conn_send_at(&c, TH_ACK, 5000, 1000);
	while (segment_take(w, &s))
		;
	ok(s.nsack == 3 && s.sack[0][0] == c.seq + 5000 && s.sack[1][0] == c.seq + 3000 &&
		   s.sack[2][0] == c.seq + 1000,
	   "row 25: three blocks, the newest first");
	conn_send_at(&c, TH_ACK, 3000, 1000);
	segment_take(w, &s);
	ok(s.nsack && s.sack[0][0] == c.seq + 3000 && s.sack[0][1] == c.seq + 4000,
	   "row 25: a duplicate is told by D-SACK");
	wire_close(w);
	/* Reneging: SACKed data is kept until acknowledged. */
	open_accepted(&full);
	flight(10);
	conn_sack(&c, 0, 1, (uint32_t[][2]){{1448, 14480}});
	wire_advance(w, 3000);
	bool again = false;

	conn_send(&c, TH_ACK, 0);
	wire_drop(w);
	struct conn after = c;

	after.ack += 1448;
	conn_send(&after, TH_ACK, 0);
	for (int i = 0; i < 200; i++) {
		wire_advance(w, 50);
		while (segment_take(w, &s))
			again |= s.seq == after.ack;
	}
	ok(again, "row 25: what the peer reneged on is sent again");
	wire_close(w);
}

static void row26(void)
{
	unsigned int lost = 0, others = 0;

	open_accepted(&full);
	flight(10);
	/* Segments 2 and 5 (of ten) are missing. */
	conn_sack(&c, 1448, 1, (uint32_t[][2]){{2 * 1448, 4 * 1448}});
	conn_sack(&c, 1448, 2, (uint32_t[][2]){{5 * 1448, 10 * 1448}, {2 * 1448, 4 * 1448}});
	wire_advance(w, 60);
	while (segment_take(w, &s)) {
		if (s.seq == c.ack + 1448 || s.seq == c.ack + 4 * 1448)
			lost++;
		else if (s.len && (int32_t)(s.seq - (c.ack + 10 * 1448)) < 0)
			others++;
	}
	ok(lost == 2 && !others,
	   "row 26: SACK recovery sends exactly what is missing (%u, %u others)", lost, others);
	ok(info().tcpi_ca_state == 3, "row 26: in recovery");
	c.ack += 10 * 1448;
	conn_send(&c, TH_ACK, 0);
	ok(info().tcpi_ca_state == 0, "row 26: and out of it when all is acknowledged");
	wire_close(w);
	/* NewReno: a partial ACK retransmits the next hole without more duplicates. */
	struct offer o = {.mss = 1460, .wscale = 7};

	open_accepted(&o);
	lwip_send(c.fd, pattern(), 14600, 0);
	wire_drop(w);
	for (int i = 0; i < 3; i++)
		conn_send(&c, TH_ACK, 0);
	ok(segment_take(w, &s) && s.seq == c.ack,
	   "row 26: NewReno retransmits at three duplicates");
	wire_drop(w);
	c.ack += 3 * 1460;
	conn_send(&c, TH_ACK, 0);
	ok(segment_take(w, &s) && s.seq == c.ack, "row 26: and again at a partial ACK");
	wire_close(w);
}

static void row27(void)
{
	unsigned int before, sent = 0;

	open_accepted(&full);
	flight(20);
	before = info().tcpi_snd_cwnd;
	lwip_send(c.fd, pattern(), 60000, 0);
	wire_drop(w);
	for (uint32_t i = 2; i <= 20; i++) {
		conn_sack(&c, 0, 1, (uint32_t[][2]){{1448, i * 1448}});
		while (segment_take(w, &s))
			sent += s.len > 0;
	}
	ok(sent >= 8 && sent <= 19,
	   "row 27: recovery sends in proportion to what is delivered (%u for 19, window was %u)",
	   sent, before);
	wire_close(w);
}

static void row28(void)
{
	open_accepted(&full);
	flight(10);
	/* Reordering within the window is not loss. */
	conn_sack(&c, 0, 1, (uint32_t[][2]){{1448, 2 * 1448}});
	bool resent = false;

	while (segment_take(w, &s))
		resent |= s.seq == c.ack;
	ok(!resent, "row 28: one segment overtaken is not taken for lost at once");
	wire_advance(w, 200);
	while (segment_take(w, &s))
		resent |= s.seq == c.ack;
	ok(resent, "row 28: but after the reordering window");
	wire_close(w);
	/* The tail of a flight is probed. */
	open_accepted(&full);
	flight(10);
	uint64_t before = w->now;
	bool probe = false;

	for (int i = 0; i < 190 && !probe; i++) {
		wire_advance(w, 1);
		while (segment_take(w, &s))
			probe |= s.len && s.seq + s.len == c.ack + 14480;
	}
	ok(probe, "row 28: a silent tail is probed after %d ms", (int)((w->now - before) / MS));
	wire_close(w);
}

/* The end of a stream, short last segment and FIN with it, is lost at once and sent again. */
static void lost_end(void)
{
	enum { END = 5 * 1448 + 452 };
	uint32_t end, fin_at = 0;
	uint16_t window;

	open_accepted(&full);
	flight(10);
	c.ack += 14480;
	window = c.window;
	c.window = 0;
	conn_send(&c, TH_ACK, 0);
	lwip_send(c.fd, pattern(), END, 0);
	lwip_shutdown(c.fd, SHUT_WR);
	end = c.ack + END;
	c.window = window;
	conn_send(&c, TH_ACK, 0);
	wire_drop(w);
	for (int i = 0; i < 100 && !fin_at; i++) {
		wire_advance(w, 50);
		while (segment_take(w, &s)) {
			if (s.seq != c.ack)
				continue;
			c.ack += s.len;
			if (s.flags & TH_FIN)
				fin_at = c.ack;
		}
		conn_send(&c, TH_ACK, 0);
	}
	ok(fin_at == end, "row 28: sent again, the end of a stream is where it was (%d short)",
	   (int)(end - fin_at));
	wire_close(w);
}

static void row29(void)
{
	struct lwip_statistics st;

	open_accepted(&full);
	flight(20);
	unsigned int cwnd = info().tcpi_snd_cwnd;

	lwip_send(c.fd, pattern(), 60000, 0);
	wire_drop(w);
	/* A delay spike: the timeout fires, then the originals' ACKs come. */
	for (int i = 0; i < 2000 && info().tcpi_ca_state != 4; i++)
		wire_advance(w, 1);
	ok(info().tcpi_ca_state == 4 && info().tcpi_snd_cwnd < cwnd,
	   "row 29: the timeout reduces the window");
	struct conn originals = c;

	for (int i = 1; i <= 3; i++) {
		originals.ack = c.ack + i * 2 * 1448;
		conn_send(&originals, TH_ACK, 0);
	}
	lwip_statistics(w->stack, &st, sizeof(st));
	ok(st.tcp_spurious == 1 && info().tcpi_snd_cwnd >= cwnd,
	   "row 29: F-RTO finds it spurious and undoes it (%u, was %u)", info().tcpi_snd_cwnd,
	   cwnd);
	wire_close(w);
}

static void row30(void)
{
	unsigned int max, low, later;

	open_accepted(&full);
	flight(100);
	max = info().tcpi_snd_cwnd;
	conn_sack(&c, 0, 1, (uint32_t[][2]){{1448, 60 * 1448}});
	wire_advance(w, 40);
	low = info().tcpi_snd_ssthresh;
	ok(low >= max * 68 / 100 && low <= max * 72 / 100,
	   "row 30: a loss reduces %u to %u: beta 0.7", max, low);
	wire_drop(w);
	c.ack += 100 * 1448;
	conn_send(&c, TH_ACK, 0);
	unsigned int curve[40];

	for (int i = 0; i < 40; i++) {
		lwip_send(c.fd, pattern(), 65000, 0);
		lwip_send(c.fd, pattern(), 65000, 0);
		lwip_send(c.fd, pattern(), 65000, 0);
		for (int k = 0; k < 4; k++) {
			wire_advance(w, 25);
			while (segment_take(w, &s))
				if ((int32_t)(s.seq + s.len - c.ack) > 0)
					c.ack = s.seq + s.len;
			conn_send(&c, TH_ACK, 0);
		}
		curve[i] = info().tcpi_snd_cwnd;
	}
	later = curve[39];
	ok(later > low, "row 30: the window grows back (%u after 4 s)", later);
	ok(curve[5] - curve[0] >= curve[20] - curve[15] || later > max,
	   "row 30: concave towards the old maximum, then beyond");
	wire_close(w);
}

static void row31(void)
{
	struct offer o = full;

	o.ecn = true;
	open_accepted(&o);
	ok((c.syn.flags & 0xc0) == 0x40, "row 31: ECN is agreed with ECE alone in the SYN-ACK");
	lwip_send(c.fd, pattern(), 3000, 0);
	ok(segment_take(w, &s) && (s.tos & 3) == 2, "row 31: data leaves as ECT(0)");
	segment_take(w, &s);
	wire_drop(w);
	unsigned int before = info().tcpi_snd_cwnd;

	c.ack += 3000;
	conn_send(&c, TH_ACK | 0x40, 0);
	ok(info().tcpi_snd_ssthresh < before, "row 31: ECE reduces the window");
	lwip_send(c.fd, pattern(), 1448, 0);
	segment_take(w, &s);
	ok(s.flags & 0x80, "row 31: and CWR says so");
	wire_drop(w);
	struct segment ce = {.sport = c.port,
			     .dport = 80,
			     .seq = c.seq,
			     .ack = c.ack,
			     .flags = TH_ACK,
			     .window = 1000,
			     .data = pattern(),
			     .len = 100,
			     .tos = 3};

	ce.options_len = 12;
	memcpy(ce.options, "\x01\x01\x08\x0a", 4);
	uint32_t v = htonl(c.tsval);

	memcpy(ce.options + 4, &v, 4);
	segment_send(w, false, &ce);
	c.seq += 100;
	ok(segment_take(w, &s) && s.flags & 0x40, "row 31: a CE mark is echoed");
	conn_send(&c, TH_ACK | 0x80, 100);
	wire_advance(w, 100);
	wire_drop(w);
	conn_send(&c, TH_ACK, 100);
	wire_advance(w, 100);
	ok(segment_take(w, &s) && !(s.flags & 0x40), "row 31: until CWR");
	wire_close(w);
	w = wire_open(0);
	struct sockaddr_in to = name4(peer4, 80);
	int fd = lwip_msocket(w->stack, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), plain_syn = 0;

	lwip_connect(fd, (void *)&to, sizeof(to));
	wire_advance(w, 20000);
	while (segment_take(w, &s))
		plain_syn += !(s.flags & 0xc0);
	ok(plain_syn > 0, "row 31: unanswered SYNs fall back to none");
	wire_close(w);
}

static void row32(void)
{
	struct lwip_statistics st;
	struct segment syn = {.dport = 80, .flags = TH_SYN, .window = 65535};
	uint32_t cookie = 0;

	w = wire_open(0);
	int l = listen_on(w, false, 80);

	for (int i = 0; i < 6000; i++) {
		syn.sport = 1024 + i;
		syn.seq = i * 1000;
		segment_send(w, false, &syn);
		while (segment_take(w, &s))
			cookie = s.seq;
	}
	lwip_statistics(w->stack, &st, sizeof(st));
	ok(st.tcp_cookies_sent > 5000,
	   "row 32: under a flood of 6000 SYNs %d are answered by cookies",
	   (int)st.tcp_cookies_sent);
	struct segment ack = {.sport = syn.sport,
			      .dport = 80,
			      .seq = syn.seq + 1,
			      .ack = cookie + 1,
			      .flags = TH_ACK,
			      .window = 65535};

	segment_send(w, false, &ack);
	ok(lwip_accept4(l, NULL, NULL, SOCK_NONBLOCK) >= 0,
	   "row 32: a cookie that comes back makes the connection");
	ack.sport++;
	wire_drop(w);
	segment_send(w, false, &ack);
	ok(segment_take(w, &s) && s.flags & TH_RST, "row 32: a forged one does not");
	wire_close(w);
}

static void row33(void)
{
	unsigned int low = 65535, high = 0, sequential = 0, last = 0;

	w = wire_open(0);
	for (int i = 0; i < 300; i++) {
		conn_connect(w, &c, &plain);
		low = c.syn.sport < low ? c.syn.sport : low;
		high = c.syn.sport > high ? c.syn.sport : high;
		sequential += c.syn.sport == last + 1;
		last = c.syn.sport;
		conn_close(&c);
	}
	ok(high - low > 20000 && sequential < 5,
	   "row 33: ports spread over %u to %u, %u in sequence", low, high, sequential);
	wire_close(w);
}

static void too_big(uint16_t mtu, uint32_t seq)
{
	uint8_t m[36] = {ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 0, 0, 0, 0, mtu >> 8, mtu};
	struct iphdr *q = (struct iphdr *)(m + 8);
	uint16_t ports[2] = {htons(80), htons(c.port)};

	*q = (struct iphdr){
		.version = 4, .ihl = 5, .tot_len = htons(1500), .ttl = 64, .protocol = IPPROTO_TCP};
	inet_pton(AF_INET, our4, &q->saddr);
	inet_pton(AF_INET, peer4, &q->daddr);
	memcpy(m + 28, ports, 4);
	seq = htonl(seq);
	memcpy(m + 32, &seq, 4);
	icmp4_send(w, "10.0.0.99", NULL, m, sizeof(m));
}

static void too_big6(uint32_t mtu, uint32_t seq)
{
	uint8_t m[8 + 40 + 8] = {
		ICMP6_PACKET_TOO_BIG, 0, 0, 0, mtu >> 24, mtu >> 16, mtu >> 8, mtu};
	struct ip6_hdr *q = (struct ip6_hdr *)(m + 8);
	uint16_t ports[2] = {htons(80), htons(c.port)};

	q->ip6_flow = htonl(0x60000000);
	q->ip6_plen = htons(1440);
	q->ip6_nxt = IPPROTO_TCP;
	q->ip6_hlim = 64;
	inet_pton(AF_INET6, our6, &q->ip6_src);
	inet_pton(AF_INET6, peer6, &q->ip6_dst);
	memcpy(m + 48, ports, 4);
	seq = htonl(seq);
	memcpy(m + 52, &seq, 4);
	icmp6_send(w, "fd00::99", NULL, 64, m, sizeof(m));
}

static void row35(void)
{
	int on = 1;

	open_accepted(&full);
	lwip_setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	lwip_send(c.fd, pattern(), 4000, 0);
	wire_drop(w);
	too_big(1000, c.ack + 500000);
	lwip_send(c.fd, pattern(), 4000, 0);
	segment_take(w, &s);
	ok(s.len == 1448, "row 35: a report that quotes no segment in flight is ignored");
	wire_drop(w);
	too_big(1000, c.ack);
	bool fits = true, again = false;

	wire_advance(w, 5);
	while (segment_take(w, &s)) {
		fits &= s.len <= 1000 - 52;
		again |= s.seq == c.ack;
	}
	ok(again && fits, "row 35: a valid one lowers the segments and sends again");
	c.ack += 8000;
	conn_send(&c, TH_ACK, 0);
	too_big(100, c.ack);
	ok(info().tcpi_pmtu >= 552, "row 35: never below a floor (%u)", info().tcpi_pmtu);
	wire_advance(w, 590000);
	wire_drop(w);
	lwip_send(c.fd, pattern(), 4000, 0);
	ok(segment_take(w, &s) && s.len == 552 - 52, "row 35: kept for ten minutes");
	wire_drop(w);
	c.ack += 4000;
	conn_send(&c, TH_ACK, 0);
	wire_advance(w, 60000);
	wire_drop(w);
	lwip_send(c.fd, pattern(), 4000, 0);
	ok(segment_take(w, &s) && s.len == 1448, "row 35: then the wider path is tried again");
	wire_close(w);
	/* RFC 8201: IPv6, never below 1280. */
	struct offer o = full;

	o.v6 = true;
	open_accepted(&o);
	lwip_send(c.fd, pattern(), 4000, 0);
	wire_drop(w);
	too_big6(1400, c.ack + 500000);
	ok(info().tcpi_pmtu == 1500,
	   "row 35: a packet too big that quotes nothing in flight is ignored");
	too_big6(1400, c.ack);
	wire_advance(w, 5);
	fits = true;
	again = false;
	while (segment_take(w, &s)) {
		fits &= s.len <= 1400 - 72;
		again |= s.seq == c.ack;
	}
	ok(again && fits, "row 35: a packet too big lowers the segments and sends again");
	too_big6(600, c.ack);
	ok(info().tcpi_pmtu >= 1280, "row 35: never below 1280 (%u)", info().tcpi_pmtu);
	wire_close(w);
}

/* Large segments vanish without a word. */
static void row36(void)
{
	size_t size = 0;
	uint32_t top = 0;

	open_accepted(&full);
	lwip_send(c.fd, pattern(), 30000, 0);
	for (int i = 0; i < 400 && top < 30000; i++) {
		bool moved = false;

		wire_advance(w, 20);
		while (segment_take(w, &s)) {
			size = s.len;
			/* The path drops what is larger than 1000 bytes. */
			if (s.len && s.len + 52 <= 1000 && s.seq - c.ack == top) {
				top += s.len;
				moved = true;
			}
		}
		if (moved) {
			struct conn at = c;

			at.ack += top;
			conn_send(&at, TH_ACK, 0);
		}
	}
	ok(top == 30000,
	   "row 36: smaller segments get through a black hole (%u bytes, the last of %zu)", top,
	   size);
	wire_close(w);
}

int main(void)
{
	row24();
	row25();
	row26();
	row27();
	row28();
	lost_end();
	row29();
	row30();
	row31();
	row32();
	row33();
	row35();
	row36();
	return done_testing();
}
