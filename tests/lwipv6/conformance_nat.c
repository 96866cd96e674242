/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conformance of NAT (row 67) and of the packet filter, on a virtual clock:
 *
 *   10.0.0.2, .3, fd00::2  --  [10.0.0.1, fd00::1  stack  203.0.113.1, 2001:db8::1]  --  the outside
 *
 * Every packet that comes out is checked for its sums.
 */
#include "tests/lwipv6/wire.h"

#define SECOND	1000
#define OUTSIDE "203.0.113.1"
#define SERVER	"203.0.113.80"
#define OTHER	"203.0.113.90"

static struct wire *in, *out;

struct datagram {
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	uint16_t sport, dport;
	uint8_t flags; /* of TCP */
	bool sums_good;
	struct seen s;
};

static void start(const char *rules)
{
	char error[200] = "";

	in = wire_open(LWIP_STACK_FLAG_FORWARDING);
	in->answer_all = true;
	out = wire_join(in, OUTSIDE "/24", "2001:db8::1/64", 0);
	if (lwip_filter_load(in->stack, rules, error, sizeof(error)))
		ok(false, "rules: %s", error);
}

static void stop(void)
{
	wire_leave(out);
	wire_close(in);
}

static bool is_v6(const char *addr)
{
	return strchr(addr, ':');
}

/* A transport packet with its checksum made. */
static void transport(struct wire *w, const char *src, const char *dst, uint8_t proto, uint8_t *data, size_t len)
{
	bool v6 = is_v6(src);
	struct ip_packet ip = {.v6 = v6, .src = src, .dst = dst, .proto = proto, .id = 77};
	size_t at = proto == IPPROTO_UDP ? 6 : proto == IPPROTO_TCP ? 16 : 2;
	uint8_t s[16], d[16];
	uint16_t sum;

	inet_pton(v6 ? AF_INET6 : AF_INET, src, s);
	inet_pton(v6 ? AF_INET6 : AF_INET, dst, d);
	memset(data + at, 0, 2);
	sum = proto == IPPROTO_ICMP ? inet_sum(0, data, len) : transport_sum(v6, s, d, proto, data, len);
	memcpy(data + at, &sum, 2);
	ip_send(w, &ip, data, len);
}

static void udp(struct wire *w, const char *src, uint16_t sport, const char *dst, uint16_t dport)
{
	uint8_t u[20] = {sport >> 8, sport, dport >> 8, dport, 0, 20, 0, 0, 'p', 'a', 'y', 'l', 'o', 'a', 'd'};

	transport(w, src, dst, IPPROTO_UDP, u, sizeof(u));
}

static void tcp(struct wire *w, const char *src, uint16_t sport, const char *dst, uint16_t dport, uint8_t flags)
{
	uint8_t t[20] = {sport >> 8, sport, dport >> 8, dport, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags, 1, 0};

	transport(w, src, dst, IPPROTO_TCP, t, sizeof(t));
}

static void ping(struct wire *w, const char *src, const char *dst, uint8_t type, uint16_t id)
{
	uint8_t m[16] = {type, 0, 0, 0, id >> 8, id, 0, 1, 'e', 'c', 'h', 'o'};

	transport(w, src, dst, is_v6(src) ? IPPROTO_ICMPV6 : IPPROTO_ICMP, m, sizeof(m));
}

static bool sums_good(const struct seen *s)
{
	if (!s->v6 && inet_sum(0, s->ip4, s->ip4->ihl * 4))
		return false;
	if (s->proto == IPPROTO_ICMP)
		return !inet_sum(0, s->payload, s->len);
	return !transport_sum(s->v6, s->v6 ? (void *)&s->ip6->ip6_src : &s->ip4->saddr,
			      s->v6 ? (void *)&s->ip6->ip6_dst : &s->ip4->daddr, s->proto, s->payload, s->len);
}

/* The next packet of @proto that left on a link. */
static bool take(struct wire *w, uint8_t proto, struct datagram *d)
{
	memset(d, 0, sizeof(*d));
	while (ip_take(w, proto, &d->s)) {
		const uint8_t *t = d->s.payload;

		if (d->s.v6 && d->s.proto == IPPROTO_ICMPV6 && t[0] >= 130 && t[0] <= 143)
			continue; /* discovery and reports */
		inet_ntop(d->s.v6 ? AF_INET6 : AF_INET, d->s.v6 ? (void *)&d->s.ip6->ip6_src : &d->s.ip4->saddr, d->src, sizeof(d->src));
		inet_ntop(d->s.v6 ? AF_INET6 : AF_INET, d->s.v6 ? (void *)&d->s.ip6->ip6_dst : &d->s.ip4->daddr, d->dst, sizeof(d->dst));
		d->sport = t[0] << 8 | t[1];
		d->dport = t[2] << 8 | t[3];
		if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)
			d->sport = d->dport = t[4] << 8 | t[5];
		d->flags = proto == IPPROTO_TCP ? t[13] : 0;
		d->sums_good = sums_good(&d->s);
		return true;
	}
	return false;
}

static bool came(struct wire *w, uint8_t proto, struct datagram *d, const char *src, const char *dst)
{
	return take(w, proto, d) && d->sums_good && !strcmp(d->src, src) && !strcmp(d->dst, dst);
}

static bool nothing(struct wire *w, uint8_t proto)
{
	struct datagram d;

	return !take(w, proto, &d);
}

/* A mapping made by a UDP packet: its outside port. */
static uint16_t map_udp(const char *src, uint16_t sport)
{
	struct datagram d;

	udp(in, src, sport, SERVER, 53);
	return take(out, IPPROTO_UDP, &d) ? d.sport : 0;
}

static void mapping(void)
{
	struct datagram d, e;

	start("nat on fr1");
	udp(in, "10.0.0.2", 5000, SERVER, 53);
	ok(came(out, IPPROTO_UDP, &d, OUTSIDE, SERVER) && d.sport == 5000 && d.dport == 53,
	   "row 67: the source is translated, its port kept");
	ok(d.s.ip4->id != htons(77), "row 67: with an identification of its own (RFC 6864)");
	udp(out, SERVER, 53, OUTSIDE, d.sport);
	ok(came(in, IPPROTO_UDP, &e, SERVER, "10.0.0.2") && e.dport == 5000, "row 67: the answer finds back");
	udp(in, "10.0.0.2", 5000, OTHER, 99);
	ok(came(out, IPPROTO_UDP, &e, OUTSIDE, OTHER) && e.sport == d.sport, "row 67: endpoint-independent mapping (4787 REQ-1)");
	udp(out, OTHER, 1234, OUTSIDE, d.sport);
	ok(came(in, IPPROTO_UDP, &e, OTHER, "10.0.0.2"), "row 67: endpoint-independent filtering (4787 REQ-8)");
	udp(in, "10.0.0.3", 5000, SERVER, 53);
	ok(came(out, IPPROTO_UDP, &e, OUTSIDE, SERVER) && e.sport != 5000 && !(e.sport & 1) && e.sport >= 1024,
	   "row 67: a taken port is replaced by one of the same parity, above 1023 (4787 REQ-3, REQ-4): %d", e.sport);
	udp(out, SERVER, 53, OUTSIDE, e.sport);
	ok(came(in, IPPROTO_UDP, &d, SERVER, "10.0.0.3") && d.dport == 5000, "row 67: which leads to the other host");
	map_udp("10.0.0.2", 123);
	udp(in, "10.0.0.3", 123, SERVER, 53);
	ok(take(out, IPPROTO_UDP, &e) && e.sport < 1024 && e.sport != 123 && e.sport & 1, "row 67: below 1024 stays below 1024: %d", e.sport);
	tcp(in, "10.0.0.2", 5000, SERVER, 80, TH_SYN);
	ok(came(out, IPPROTO_TCP, &e, OUTSIDE, SERVER) && e.sport == 5000, "row 67: TCP has mappings of its own");
	udp(out, SERVER, 53, OUTSIDE, 6666);
	ok(nothing(in, IPPROTO_UDP), "row 67: what nobody asked for does not come in");
	/* A datagram without checksum keeps it so. */
	uint8_t u[12] = {0x13, 0x88, 0, 53, 0, 12, 0, 0, 'x', 'x', 'x', 'x'};
	struct ip_packet ip = {.src = "10.0.0.2", .dst = SERVER, .proto = IPPROTO_UDP};

	ip_send(in, &ip, u, sizeof(u));
	ok(take(out, IPPROTO_UDP, &d) && !d.s.payload[6] && !d.s.payload[7], "row 67: UDP without checksum stays without");
	stop();

	start("nat on fr1 from 10.0.0.2/32 to 203.0.113.7");
	udp(in, "10.0.0.2", 5000, SERVER, 53);
	ok(came(out, IPPROTO_UDP, &d, "203.0.113.7", SERVER), "row 67: to an address that the rule gives");
	udp(in, "10.0.0.3", 5000, SERVER, 53);
	ok(came(out, IPPROTO_UDP, &d, "10.0.0.3", SERVER), "row 67: sources outside the rule are left alone");
	stop();
}

static void timeouts(void)
{
	struct datagram d;

	start("nat on fr1");
	uint16_t port = map_udp("10.0.0.2", 5000);

	wire_advance(in, 250 * SECOND);
	udp(out, OTHER, 9, OUTSIDE, port);
	ok(came(in, IPPROTO_UDP, &d, OTHER, "10.0.0.2"), "row 67: a UDP mapping is there after 250 s (4787 REQ-5: 2 min at least)");
	wire_advance(in, 60 * SECOND);
	udp(out, OTHER, 9, OUTSIDE, port);
	ok(nothing(in, IPPROTO_UDP), "row 67: packets from outside do not keep it alive (4787 REQ-6)");
	port = map_udp("10.0.0.2", 5000);
	wire_advance(in, 250 * SECOND);
	map_udp("10.0.0.2", 5000);
	wire_advance(in, 250 * SECOND);
	udp(out, OTHER, 9, OUTSIDE, port);
	ok(came(in, IPPROTO_UDP, &d, OTHER, "10.0.0.2"), "row 67: packets from inside do");

	tcp(in, "10.0.0.2", 4000, SERVER, 80, TH_SYN);
	wire_advance(in, 230 * SECOND);
	tcp(out, SERVER, 80, OUTSIDE, 4000, TH_SYN | TH_ACK);
	ok(came(in, IPPROTO_TCP, &d, SERVER, "10.0.0.2"), "row 67: a connection may take four minutes to open (5382 REQ-5)");
	tcp(in, "10.0.0.2", 4000, SERVER, 80, TH_ACK);
	wire_advance(in, 7400 * SECOND);
	tcp(out, SERVER, 80, OUTSIDE, 4000, TH_ACK);
	ok(came(in, IPPROTO_TCP, &d, SERVER, "10.0.0.2"), "row 67: open it may be idle for 2 h 4 min (5382 REQ-5)");
	tcp(out, SERVER, 80, OUTSIDE, 4000, TH_FIN | TH_ACK);
	wire_advance(in, 7000 * SECOND);
	wire_drop(in);
	tcp(in, "10.0.0.2", 4000, SERVER, 80, TH_ACK);
	tcp(out, SERVER, 80, OUTSIDE, 4000, TH_ACK);
	ok(came(in, IPPROTO_TCP, &d, SERVER, "10.0.0.2"), "row 67: half closed it still lives long");
	tcp(in, "10.0.0.2", 4000, SERVER, 80, TH_FIN | TH_ACK);
	wire_advance(in, 230 * SECOND);
	wire_drop(in);
	tcp(out, SERVER, 80, OUTSIDE, 4000, TH_ACK);
	ok(came(in, IPPROTO_TCP, &d, SERVER, "10.0.0.2"), "row 67: closed by both, four minutes more");
	wire_advance(in, 250 * SECOND);
	wire_drop(in);
	tcp(out, SERVER, 80, OUTSIDE, 4000, TH_ACK);
	ok(nothing(in, IPPROTO_TCP), "row 67: then it is gone");
	/* RFC 7857 2.2: RST, then data. */
	tcp(in, "10.0.0.2", 4001, SERVER, 80, TH_SYN);
	tcp(out, SERVER, 80, OUTSIDE, 4001, TH_SYN | TH_ACK);
	tcp(out, SERVER, 80, OUTSIDE, 4001, TH_RST);
	wire_advance(in, 200 * SECOND);
	tcp(in, "10.0.0.2", 4001, SERVER, 80, TH_ACK);
	wire_advance(in, 1000 * SECOND);
	wire_drop(in);
	tcp(out, SERVER, 80, OUTSIDE, 4001, TH_ACK);
	ok(came(in, IPPROTO_TCP, &d, SERVER, "10.0.0.2"), "row 67: data after an RST show that the connection lives (7857 2.2)");
	ping(in, "10.0.0.2", SERVER, ICMP_ECHO, 9);
	wire_advance(in, 55 * SECOND);
	ping(out, SERVER, OUTSIDE, ICMP_ECHOREPLY, 9);
	ok(came(in, IPPROTO_ICMP, &d, SERVER, "10.0.0.2"), "row 67: ICMP queries have a minute (5508 REQ-2)");
	wire_advance(in, 61 * SECOND);
	ping(out, SERVER, OUTSIDE, ICMP_ECHOREPLY, 9);
	ok(nothing(in, IPPROTO_ICMP), "row 67: and not more");
	stop();
}

static void filtering(void)
{
	struct datagram d;

	start("nat on fr1; set filtering address");
	uint16_t port = map_udp("10.0.0.2", 5000);

	udp(out, SERVER, 9999, OUTSIDE, port);
	ok(came(in, IPPROTO_UDP, &d, SERVER, "10.0.0.2"), "row 67: address-dependent filtering: another port of the peer may");
	udp(out, OTHER, 53, OUTSIDE, port);
	ok(nothing(in, IPPROTO_UDP), "row 67: another address may not");
	stop();
	start("nat on fr1\nset filtering port\n");
	port = map_udp("10.0.0.2", 5000);
	udp(out, SERVER, 53, OUTSIDE, port);
	ok(came(in, IPPROTO_UDP, &d, SERVER, "10.0.0.2"), "row 67: address and port dependent filtering: the peer may");
	udp(out, SERVER, 9999, OUTSIDE, port);
	ok(nothing(in, IPPROTO_UDP), "row 67: another port may not");
	/* Unsolicited SYN. */
	tcp(in, "10.0.0.2", 4000, SERVER, 80, TH_SYN);
	wire_drop(out);
	tcp(out, OTHER, 77, OUTSIDE, 4000, TH_SYN);
	wire_advance(in, 5 * SECOND);
	ok(nothing(in, IPPROTO_TCP) && nothing(out, IPPROTO_TCP) && nothing(out, IPPROTO_ICMP), "row 67: an unsolicited SYN is not answered for six seconds (5382 REQ-4)");
	wire_advance(in, 2 * SECOND);
	ok(take(out, IPPROTO_ICMP, &d) && d.s.payload[0] == ICMP_DEST_UNREACH && d.s.payload[1] == ICMP_PORT_UNREACH, "row 67: then it is unreachable");
	tcp(out, OTHER, 78, OUTSIDE, 4000, TH_SYN);
	wire_advance(in, SECOND);
	tcp(in, "10.0.0.2", 4000, OTHER, 78, TH_SYN);
	wire_drop(out);
	wire_advance(in, 10 * SECOND);
	ok(nothing(out, IPPROTO_ICMP), "row 67: unless the inside opens the same connection meanwhile");
	tcp(out, OTHER, 78, OUTSIDE, 4000, TH_SYN | TH_ACK);
	ok(came(in, IPPROTO_TCP, &d, OTHER, "10.0.0.2"), "row 67: which then works");
	stop();
	start("nat on fr1");
	tcp(out, OTHER, 77, OUTSIDE, 22, TH_SYN);
	wire_advance(in, 5 * SECOND);
	ok(nothing(out, IPPROTO_TCP), "row 67: no RST for a port without mapping or listener");
	int l = listen_on(in, false, 22);

	tcp(out, OTHER, 78, OUTSIDE, 22, TH_SYN);
	ok(take(out, IPPROTO_TCP, &d) && d.flags == (TH_SYN | TH_ACK), "row 67: a listener of the router itself is reached");
	lwip_close(l);
	stop();
}

static void hairpin(void)
{
	struct datagram d;
	uint16_t a, b;

	start("nat on fr1");
	a = map_udp("10.0.0.2", 5000);
	b = map_udp("10.0.0.3", 6000);
	udp(in, "10.0.0.2", 5000, OUTSIDE, b);
	ok(came(in, IPPROTO_UDP, &d, OUTSIDE, "10.0.0.3") && d.sport == a && d.dport == 6000, "row 67: hairpin: the sender shows its outside address (4787 REQ-9)");
	udp(in, "10.0.0.3", 6000, OUTSIDE, a);
	ok(came(in, IPPROTO_UDP, &d, OUTSIDE, "10.0.0.2") && d.sport == b, "row 67: and back");
	/* .3 says that its port is closed. */
	uint8_t m[36] = {ICMP_DEST_UNREACH, ICMP_PORT_UNREACH};

	udp(in, "10.0.0.2", 5000, OUTSIDE, b);
	take(in, IPPROTO_UDP, &d);
	memcpy(m + 8, d.s.ip4, 28);
	transport(in, "10.0.0.3", OUTSIDE, IPPROTO_ICMP, m, sizeof(m));
	ok(came(in, IPPROTO_ICMP, &d, OUTSIDE, "10.0.0.2") && !memcmp(d.s.payload + 20, "\x0a\0\0\x02\xcb\0\x71\x01", 8) &&
	   (d.s.payload[28] << 8 | d.s.payload[29]) == 5000 && (d.s.payload[30] << 8 | d.s.payload[31]) == b,
	   "row 67: errors about hairpinned packets are translated at both ends (5508 REQ-7)");
	stop();
	start("nat on fr1; redirect on fr1 proto tcp port 80 to 10.0.0.3 port 8080");
	tcp(in, "10.0.0.2", 4000, OUTSIDE, 80, TH_SYN);
	ok(came(in, IPPROTO_TCP, &d, OUTSIDE, "10.0.0.3") && d.dport == 8080, "row 67: hairpin to a redirected port (5382 REQ-8)");
	tcp(in, "10.0.0.3", 8080, OUTSIDE, d.sport, TH_SYN | TH_ACK);
	ok(came(in, IPPROTO_TCP, &d, OUTSIDE, "10.0.0.2") && d.sport == 80 && d.dport == 4000, "row 67: and its answer");
	stop();
}

static void icmp(void)
{
	struct datagram d, e;
	uint8_t m[36] = {ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 0, 0, 0, 0, 5, 0};

	start("nat on fr1");
	ping(in, "10.0.0.2", SERVER, ICMP_ECHO, 42);
	ok(came(out, IPPROTO_ICMP, &d, OUTSIDE, SERVER) && d.sport == 42, "row 67: an echo request, its identifier kept (5508 REQ-1)");
	ping(in, "10.0.0.3", SERVER, ICMP_ECHO, 42);
	ok(came(out, IPPROTO_ICMP, &e, OUTSIDE, SERVER) && e.sport != 42, "row 67: another host's gets another");
	ping(out, SERVER, OUTSIDE, ICMP_ECHOREPLY, e.sport);
	ok(came(in, IPPROTO_ICMP, &d, SERVER, "10.0.0.3") && d.sport == 42, "row 67: the reply finds its host");
	ping(out, OTHER, OUTSIDE, ICMP_ECHO, 4711);
	ok(came(out, IPPROTO_ICMP, &d, OUTSIDE, OTHER), "row 67: the router answers for itself");

	/* The checksum that the inside host sent, which the error must show it again. */
	uint8_t u0[20] = {5000 >> 8, 5000 & 255, 0, 53, 0, 20, 0, 0, 'p', 'a', 'y', 'l', 'o', 'a', 'd'}, a[4], b[4];
	uint16_t sent;

	inet_pton(AF_INET, "10.0.0.2", a);
	inet_pton(AF_INET, SERVER, b);
	sent = transport_sum(false, a, b, IPPROTO_UDP, u0, sizeof(u0));
	udp(in, "10.0.0.2", 5000, SERVER, 53);
	take(out, IPPROTO_UDP, &d);
	memcpy(m + 8, d.s.ip4, 28);
	transport(out, "203.0.113.254", OUTSIDE, IPPROTO_ICMP, m, sizeof(m));
	ok(came(in, IPPROTO_ICMP, &d, "203.0.113.254", "10.0.0.2") && !memcmp(d.s.payload + 20, "\x0a\0\0\x02", 4) &&
	   d.s.payload[6] == 5 && !inet_sum(0, d.s.payload + 8, 20) && !memcmp(d.s.payload + 34, &sent, 2),
	   "row 67: an error from outside: inner and outer headers, sums of both (5508 REQ-4)");
	udp(out, SERVER, 53, OUTSIDE, 5000);
	ok(came(in, IPPROTO_UDP, &d, SERVER, "10.0.0.2"), "row 67: it does not end the mapping (4787 REQ-12)");
	/* From inside about a packet from outside: closed port of the inside host. */
	uint8_t unreachable[36] = {ICMP_DEST_UNREACH, ICMP_PORT_UNREACH};

	memcpy(unreachable + 8, d.s.ip4, 28);
	transport(in, "10.0.0.2", SERVER, IPPROTO_ICMP, unreachable, sizeof(unreachable));
	ok(came(out, IPPROTO_ICMP, &d, OUTSIDE, SERVER) && !memcmp(d.s.payload + 24, "\xcb\0\x71\x01", 4), "row 67: an error from inside shows no inner address (5508 REQ-5)");
	memcpy(unreachable + 30, "\x12\x34", 2);
	transport(in, "10.0.0.2", SERVER, IPPROTO_ICMP, unreachable, sizeof(unreachable));
	ok(nothing(out, IPPROTO_ICMP), "row 67: one that belongs to no mapping stays inside");
	m[2] ^= 1;
	struct ip_packet ip = {.src = SERVER, .dst = OUTSIDE, .proto = IPPROTO_ICMP};

	ip_send(out, &ip, m, sizeof(m));
	ok(nothing(in, IPPROTO_ICMP), "row 67: one with a bad sum is dropped (5508 REQ-3)");
	/* The router itself: a packet that may go no further. */
	struct ip_packet last = {.src = "10.0.0.2", .dst = SERVER, .proto = IPPROTO_UDP, .ttl = 1};
	uint8_t u[8] = {0x13, 0x88, 0, 53, 0, 8};

	ip_send(in, &last, u, sizeof(u));
	ok(came(in, IPPROTO_ICMP, &d, "10.0.0.1", "10.0.0.2") && d.s.payload[0] == ICMP_TIME_EXCEEDED && !memcmp(d.s.payload + 20, "\x0a\0\0\x02", 4),
	   "row 67: traceroute from inside sees the router");
	stop();
}

static void redirects(void)
{
	struct datagram d;

	start("redirect on fr1 proto tcp port 8000-8010 to 10.0.0.2 port 80");
	tcp(out, OTHER, 1111, OUTSIDE, 8003, TH_SYN);
	ok(came(in, IPPROTO_TCP, &d, OTHER, "10.0.0.2") && d.dport == 83, "row 67: a redirected range of ports");
	tcp(in, "10.0.0.2", 83, OTHER, 1111, TH_SYN | TH_ACK);
	ok(came(out, IPPROTO_TCP, &d, OUTSIDE, OTHER) && d.sport == 8003, "row 67: the answer comes from the port that was asked");
	tcp(out, OTHER, 1111, OUTSIDE, 8011, TH_SYN);
	ok(nothing(in, IPPROTO_TCP), "row 67: ports beside it are not");
	stop();
	start("redirect on fr1 proto udp port 500 to 10.0.0.2; nat on fr1; set filtering port");
	udp(out, OTHER, 1111, OUTSIDE, 500);
	ok(came(in, IPPROTO_UDP, &d, OTHER, "10.0.0.2") && d.dport == 500, "row 67: a redirected UDP port is open to all, whatever the filtering");
	wire_advance(in, 200 * SECOND);
	udp(in, "10.0.0.2", 500, SERVER, 500);
	ok(came(out, IPPROTO_UDP, &d, OUTSIDE, SERVER) && d.sport == 500, "row 67: the server's own traffic shows the same port");
	stop();
}

static void own_traffic(void)
{
	struct datagram d;
	struct sockaddr_in bound = name4(OUTSIDE, 7000), to = name4(SERVER, 53);
	int fd;

	start("nat on fr1");
	map_udp("10.0.0.2", 7000);
	fd = lwip_msocket(in->stack, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	lwip_bind(fd, (void *)&bound, sizeof(bound));
	lwip_sendto(fd, "x", 1, 0, (void *)&to, sizeof(to));
	ok(came(out, IPPROTO_UDP, &d, OUTSIDE, SERVER) && d.sport != 7000, "row 67: the router's own socket on a port given away is translated too");
	udp(out, SERVER, 53, OUTSIDE, d.sport);
	char buf[40];

	ok(lwip_recv(fd, buf, sizeof(buf), 0) == 12, "row 67: and hears its answer");
	lwip_close(fd);
	bound.sin_port = htons(7002);
	fd = lwip_msocket(in->stack, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	lwip_bind(fd, (void *)&bound, sizeof(bound));
	ok(map_udp("10.0.0.2", 7002) != 7002, "row 67: a port where the router listens is not given away");
	lwip_close(fd);
	stop();
}

static void limits(void)
{
	struct datagram d;
	char *json;

	start("nat on fr1\nset mappings 100");
	tcp(in, "10.0.0.2", 4000, SERVER, 80, TH_SYN);
	tcp(out, SERVER, 80, OUTSIDE, 4000, TH_SYN | TH_ACK);
	for (int i = 0; i < 5000; i++) {
		udp(in, "10.0.0.2", 10000 + i, SERVER, 53);
		wire_drop(out);
	}
	wire_drop(in);
	json = lwip_filter_json(in->stack);
	int n = 0;

	for (char *at = json; (at = strstr(at, "\"inner\"")); at++)
		n++;
	ok(n == 100, "row 67: the table is bounded: %d", n);
	free(json);
	tcp(out, SERVER, 80, OUTSIDE, 4000, TH_ACK);
	ok(came(in, IPPROTO_TCP, &d, SERVER, "10.0.0.2"), "row 67: an open connection survives a flood of others");
	/* A flood of SYNs through one mapping (everybody may use it) does not keep the inside from connecting. */
	lwip_filter_load(in->stack, "nat on fr1\nset flows 50", NULL, 0);
	for (int i = 0; i < 3000; i++)
		tcp(out, OTHER, 1000 + i, OUTSIDE, 4000, TH_SYN);
	wire_drop(in);
	tcp(in, "10.0.0.2", 4500, SERVER, 80, TH_SYN);
	ok(came(out, IPPROTO_TCP, &d, OUTSIDE, SERVER), "row 67: the sessions are bounded, old half-open ones make room");
	tcp(out, SERVER, 80, OUTSIDE, 4000, TH_ACK);
	ok(came(in, IPPROTO_TCP, &d, SERVER, "10.0.0.2"), "row 67: and the open one is still there");
	struct ip_addr addr, mask;

	IP64_ADDR(&addr, 203, 0, 113, 1);
	IP64_MASKADDR(&mask, 255, 255, 255, 0);
	lwip_del_addr(out->netif, &addr, &mask);
	json = lwip_filter_json(in->stack);
	ok(!strstr(json, "inner"), "row 67: mappings go with their address");
	free(json);
	mask.addr[3] = 0;
	IP64_ADDR(&addr, 203, 0, 113, 80);
	lwip_add_route(in->stack, &addr, &(struct ip_addr){{~0u, ~0u, ~0u, ~0u}}, IP_ADDR_ANY, out->netif, 0);
	udp(in, "10.0.0.2", 5000, SERVER, 53);
	ok(nothing(out, IPPROTO_UDP), "row 67: without an outside address no inner one leaves");
	stop();
}

static void fragments(void)
{
	struct datagram d;
	uint8_t *u = malloc(3008), s[4] = {10, 0, 0, 2}, to[4];
	uint16_t head[4] = {htons(5000), htons(53), htons(3008), 0}, sum;
	size_t got = 0;
	int order[3] = {2, 0, 1};

	start("nat on fr1");
	inet_pton(AF_INET, SERVER, to);
	memcpy(u, head, 8);
	memcpy(u + 8, pattern(), 3000);
	sum = transport_sum(false, s, to, IPPROTO_UDP, u, 3008);
	memcpy(u + 6, &sum, 2);
	for (int i = 0; i < 3; i++) {
		size_t at = order[i] * 1200, part = at + 1200 < 3008 ? 1200 : 3008 - at;
		struct ip_packet ip = {.src = "10.0.0.2", .dst = SERVER, .proto = IPPROTO_UDP, .id = 9, .frag = at / 8 | (at + part < 3008 ? IP_MF : 0)};

		ip_send(in, &ip, u + at, part);
	}
	bool good = true;

	while (take(out, IPPROTO_UDP, &d)) {
		good &= !strcmp(d.src, OUTSIDE) && !inet_sum(0, d.s.ip4, 20);
		got += d.s.len;
	}
	ok(good && got == 3008, "row 67: fragments in any order are translated (4787 REQ-14): %d", (int)got);
	free(u);
	stop();
}

static void ipv6(void)
{
	struct datagram d, e;

	start("nat on fr1 from fd00::/64; redirect on fr1 proto tcp port 80 to fd00::2");
	udp(in, "fd00::2", 5000, "2001:db8::80", 53);
	ok(came(out, IPPROTO_UDP, &d, "2001:db8::1", "2001:db8::80") && d.sport == 5000, "row 67: the same engine translates IPv6");
	udp(out, "2001:db8::80", 53, "2001:db8::1", 5000);
	ok(came(in, IPPROTO_UDP, &e, "2001:db8::80", "fd00::2"), "row 67: and back");
	ping(in, "fd00::2", "2001:db8::80", ICMP6_ECHO_REQUEST, 42);
	ok(came(out, IPPROTO_ICMPV6, &d, "2001:db8::1", "2001:db8::80"), "row 67: ICMPv6 echo with its pseudo header");
	tcp(out, "2001:db8::99", 1111, "2001:db8::1", 80, TH_SYN);
	ok(came(in, IPPROTO_TCP, &d, "2001:db8::99", "fd00::2"), "row 67: a redirected port");
	uint8_t m[56] = {ICMP6_PACKET_TOO_BIG, 0, 0, 0, 0, 0, 5, 0};

	udp(in, "fd00::2", 5000, "2001:db8::80", 53);
	take(out, IPPROTO_UDP, &d);
	memcpy(m + 8, d.s.ip6, 48);
	transport(out, "2001:db8::fe", "2001:db8::1", IPPROTO_ICMPV6, m, sizeof(m));
	ok(came(in, IPPROTO_ICMPV6, &d, "2001:db8::fe", "fd00::2") && d.s.payload[6] == 5, "row 67: packet too big is translated");
	stop();
}

/* ---- the filter */

static void rules(void)
{
	struct datagram d;
	char *json;

	start("policy forward drop; accept forward in fr0 proto udp to any port 53\n"
	      "accept forward inet6\n"
	      "drop forward proto tcp from 10.0.0.3/32   # never\n"
	      "accept forward in fr0 out fr1 proto tcp from 10.0.0.0/24 to not 203.0.113.90 port 80-90\n"
	      "reject forward proto icmp");
	udp(in, "10.0.0.2", 5000, SERVER, 53);
	ok(take(out, IPPROTO_UDP, &d), "filter: accepted by port");
	udp(in, "10.0.0.2", 5000, SERVER, 54);
	ok(nothing(out, IPPROTO_UDP), "filter: another port falls to the policy");
	udp(out, SERVER, 53, "10.0.0.2", 53);
	ok(nothing(in, IPPROTO_UDP), "filter: another interface too");
	tcp(in, "10.0.0.3", 1, SERVER, 80, TH_SYN);
	ok(nothing(out, IPPROTO_TCP), "filter: the first rule that matches decides");
	tcp(in, "10.0.0.2", 1, SERVER, 85, TH_SYN);
	ok(take(out, IPPROTO_TCP, &d), "filter: ranges and nets");
	tcp(in, "10.0.0.2", 1, OTHER, 85, TH_SYN);
	ok(nothing(out, IPPROTO_TCP), "filter: not");
	ping(in, "10.0.0.2", SERVER, ICMP_ECHO, 1);
	ok(nothing(out, IPPROTO_ICMP) && take(in, IPPROTO_ICMP, &d) && d.s.payload[0] == ICMP_DEST_UNREACH && d.s.payload[1] == ICMP_PKT_FILTERED, "filter: reject says so to the sender");
	ping(in, "fd00::2", "2001:db8::80", ICMP6_ECHO_REQUEST, 1);
	ok(take(out, IPPROTO_ICMPV6, &d), "filter: by family");
	ping(in, "10.0.0.2", our4, ICMP_ECHO, 1);
	ok(take(in, IPPROTO_ICMP, &d), "filter: chains are apart");
	json = lwip_filter_json(in->stack);
	ok(strstr(json, "\"packets\":1") && strstr(json, "\"action\":\"reject\""), "filter: rules count what they met");
	free(json);
	lwip_filter_load(in->stack, NULL, NULL, 0);
	udp(in, "10.0.0.2", 5000, SERVER, 54);
	ok(take(out, IPPROTO_UDP, &d), "filter: no rules, no filter");
	stop();
}

static void states(void)
{
	struct datagram d;
	uint8_t m[36] = {ICMP_DEST_UNREACH, ICMP_HOST_UNREACH};

	start("policy forward drop; policy input drop\n"
	      "drop forward state invalid; accept forward state established,related\n"
	      "accept forward in fr0 state new\naccept input state established,related; accept input in fr0");
	tcp(out, SERVER, 80, "10.0.0.2", 4000, TH_SYN);
	ok(nothing(in, IPPROTO_TCP), "filter: nothing begins from outside");
	tcp(in, "10.0.0.2", 4000, SERVER, 80, TH_ACK);
	ok(nothing(out, IPPROTO_TCP), "filter: a connection does not begin in its middle");
	tcp(in, "10.0.0.2", 4000, SERVER, 80, TH_SYN);
	ok(take(out, IPPROTO_TCP, &d), "filter: from inside it does");
	tcp(out, SERVER, 80, "10.0.0.2", 4000, TH_SYN | TH_ACK);
	ok(take(in, IPPROTO_TCP, &d), "filter: the answer is let in");
	tcp(out, SERVER, 81, "10.0.0.2", 4000, TH_SYN | TH_ACK);
	ok(nothing(in, IPPROTO_TCP), "filter: and nothing else");
	udp(in, "10.0.0.2", 5000, SERVER, 53);
	take(out, IPPROTO_UDP, &d);
	memcpy(m + 8, d.s.ip4, 28);
	transport(out, "203.0.113.254", "10.0.0.2", IPPROTO_ICMP, m, sizeof(m));
	ok(take(in, IPPROTO_ICMP, &d), "filter: an error about a flow is related");
	m[29] ^= 1;
	transport(out, "203.0.113.254", "10.0.0.2", IPPROTO_ICMP, m, sizeof(m));
	ok(nothing(in, IPPROTO_ICMP), "filter: one about no flow is invalid");
	wire_advance(in, 310 * SECOND);
	udp(out, SERVER, 53, "10.0.0.2", 5000);
	ok(nothing(in, IPPROTO_UDP), "filter: a flow ends");
	struct sockaddr_in to = name4(SERVER, 53);
	int fd = lwip_msocket(in->stack, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	char buf[40];

	lwip_connect(fd, (void *)&to, sizeof(to));
	lwip_send(fd, "x", 1, 0);
	wire_advance(in, 10);
	take(out, IPPROTO_UDP, &d);
	udp(out, SERVER, 53, OUTSIDE, d.sport);
	ok(lwip_recv(fd, buf, sizeof(buf), 0) == 12, "filter: what a socket sent is answered, without a rule for output");
	lwip_filter_load(in->stack, "policy input drop; accept input state established; policy output drop; accept output proto udp to any port 54 state new", NULL, 0);
	ok(lwip_send(fd, "x", 1, 0) == 1 && nothing(out, IPPROTO_UDP), "filter: output is filtered as well");
	lwip_close(fd);
	stop();
}

static void mistakes(void)
{
	static const struct {
		const char *rules, *said;
	} cases[] = {
		{"allow input", "line 1: allow where accept, drop"},
		{"\naccept inpt", "line 2: inpt where input, forward or output"},
		{"accept input proto tcp to any port 70000", "ports go from 1 to 65535"},
		{"accept input proto tcp port 80", "write from or to before it"},
		{"accept input to any port 80", "needs proto tcp or proto udp"},
		{"accept input from 10.0.0.300", "10.0.0.300 where an address"},
		{"accept output in fr0", "write out"},
		{"accept input state new,old", "new,old where new, established"},
		{"policy input reject", "reject where accept or drop"},
		{"nat fr1", "fr1 where on INTERFACE"},
		{"redirect on fr1 proto icmp port 1 to 10.0.0.1", "only tcp and udp"},
		{"set timeout udp 5", "5 where seconds from 120"},
		{"accept input proto udp extra", "extra where in, out"},
		{"nat on fr1 from any to 10.0.0.1 more", "should end before it"},
		{"accept input in", "the end of the line where the name"},
	};
	char error[200];

	start("policy forward drop");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int result = lwip_filter_load(in->stack, cases[i].rules, error, sizeof(error));

		ok(result == -1 && errno == EINVAL && strstr(error, cases[i].said), "filter: refused: %s", error);
	}
	udp(in, "10.0.0.2", 5000, SERVER, 53);
	ok(nothing(out, IPPROTO_UDP), "filter: the rules before stay in force");
	ok(lwip_filter_load_file(in->stack, "/nonexistent/rules", error, sizeof(error)) == -1 && errno == ENOENT && strstr(error, "/nonexistent/rules"), "filter: a file that is not there is named");
	stop();
}

int main(void)
{
	mapping();
	timeouts();
	filtering();
	hairpin();
	icmp();
	redirects();
	own_traffic();
	limits();
	fragments();
	ipv6();
	rules();
	states();
	mistakes();
	return done_testing();
}
