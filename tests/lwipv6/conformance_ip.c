/* SPDX-License-Identifier: GPL-2.0-only */
/* Conformance of UDP, IP, ICMP, neighbours, groups, forwarding (rows 37 to 66), frame by frame. */
#include "tests/lwipv6/wire.h"

static struct wire *w;
static struct seen s;
static char buf[70000];

static void row37(void)
{
	struct sockaddr_in to = name4(peer4, 9), all = name4("10.0.0.255", 9);
	int on = 1;

	w = wire_open(0);
	int fd = udp_on(w, false, 7);

	udp_send(w, false, 9, 7, "hello", 5);
	ok(lwip_recv(fd, buf, 100, 0) == 5, "row 37: a datagram arrives");
	struct ip_packet ip = {.proto = IPPROTO_UDP};
	uint8_t bad[12] = {0, 9, 0, 7, 0, 12, 0x12, 0x34, 'x', 'x', 'x', 'x'};

	ip_send(w, &ip, bad, 12);
	ok(lwip_recv(fd, buf, 100, 0) < 0, "row 37: one with a bad checksum does not");
	wire_drop(w);
	udp_send(w, false, 9, 8, "hello", 5);
	ok(icmp4_take(w, ICMP_DEST_UNREACH, &s) && s.payload[1] == ICMP_PORT_UNREACH,
	   "row 37: a closed port answers unreachable");
	udp_send(w, true, 9, 8, "hello", 5);
	ok(icmp6_take(w, ICMP6_DST_UNREACH, &s) && s.payload[1] == 4,
	   "row 37: over IPv6 with code 4");
	ok(lwip_sendto(fd, "x", 1, 0, (void *)&all, sizeof(all)) < 0 && errno == EACCES,
	   "row 37: a broadcast needs SO_BROADCAST");
	lwip_setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	ok(lwip_sendto(fd, "x", 1, 0, (void *)&all, sizeof(all)) == 1, "row 37: and goes with it");
	lwip_connect(fd, (void *)&to, sizeof(to));
	wire_drop(w);
	lwip_send(fd, "x", 1, 0);
	ip_take(w, IPPROTO_UDP, &s);
	uint8_t m[36] = {ICMP_DEST_UNREACH, ICMP_PORT_UNREACH};

	memcpy(m + 8, s.ip4, 28);
	ok(!transport_sum(false, &s.ip4->saddr, &s.ip4->daddr, IPPROTO_UDP, s.payload, s.len),
	   "row 37: sent with a good checksum");
	icmp4_send(w, NULL, NULL, m, sizeof(m));
	ok(lwip_send(fd, "x", 1, 0) < 0 && errno == ECONNREFUSED,
	   "row 37: a connected socket hears ECONNREFUSED");
	wire_close(w);
}

static void row38(void)
{
	struct ip_packet ip = {.v6 = true, .proto = IPPROTO_UDP};
	uint8_t zero[12] = {0, 9, 0, 7, 0, 12, 0, 0, 'x', 'x', 'x', 'x'};

	w = wire_open(0);
	int fd = udp_on(w, true, 7);

	ip_send(w, &ip, zero, 12);
	ok(lwip_recv(fd, buf, 100, 0) < 0, "row 38: UDP over IPv6 without checksum is dropped");
	wire_close(w);
}

static void echo4(struct ip_packet *ip)
{
	uint8_t m[16] = {ICMP_ECHO, 0, 0, 0, 0, 1, 0, 1, 'e', 'c', 'h', 'o'};
	uint16_t sum = inet_sum(0, m, sizeof(m));

	memcpy(m + 2, &sum, 2);
	ip->proto = IPPROTO_ICMP;
	ip_send(w, ip, m, sizeof(m));
}

static void row39(void)
{
	struct ip_packet good = {0}, bad = {.bad_checksum = true};
	struct ip_packet options = {.options = (const uint8_t *)"\x07\x07\x04\0\0\0\0\0",
				    .options_len = 8};
	struct ip_packet route = {.options = (const uint8_t *)"\x83\x07\x04\x0a\0\0\x05\0",
				  .options_len = 8};
	struct ip_packet loop = {.src = "127.0.0.1"}, multi = {.src = "224.0.0.5"};

	w = wire_open(0);
	echo4(&good);
	ok(icmp4_take(w, ICMP_ECHOREPLY, &s) && s.ip4->ttl == 64 && !inet_sum(0, s.ip4, 20),
	   "row 39: echo is answered, TTL 64");
	echo4(&bad);
	ok(!icmp4_take(w, ICMP_ECHOREPLY, &s), "row 39: a bad header checksum is not");
	echo4(&options);
	ok(icmp4_take(w, ICMP_ECHOREPLY, &s), "row 39: options are skipped");
	echo4(&route);
	ok(!icmp4_take(w, ICMP_ECHOREPLY, &s), "row 39: a source route is refused");
	echo4(&loop);
	echo4(&multi);
	ok(!ip_take(w, IPPROTO_ICMP, &s), "row 39: impossible sources are ignored");
	wire_close(w);
}

/* A UDP datagram of @len payload bytes to port 7, in v4 fragments of @size bytes given in @order.
 */
static void fragments4(uint16_t id, size_t len, size_t size, const int *order, int n)
{
	uint8_t *u = calloc(1, 8 + len), a[4] = {10, 0, 0, 2}, b[4] = {10, 0, 0, 1};
	uint16_t head[4] = {htons(9), htons(7), htons(8 + len), 0}, sum;

	memcpy(u, head, 8);
	memcpy(u + 8, pattern(), len);
	sum = transport_sum(false, a, b, IPPROTO_UDP, u, 8 + len);
	memcpy(u + 6, &sum, 2);
	for (int i = 0; i < n; i++) {
		size_t at = order[i] * size, part = 8 + len - at < size ? 8 + len - at : size;
		struct ip_packet ip = {.proto = IPPROTO_UDP,
				       .id = id,
				       .frag = at / 8 | (at + part < 8 + len ? IP_MF : 0)};

		ip_send(w, &ip, u + at, part);
	}
	free(u);
}

static void row40(void)
{
	w = wire_open(0);
	int fd = udp_on(w, false, 7);

	fragments4(1, 3000, 1000, (int[]){3, 1, 0, 2}, 4);
	ok(lwip_recv(fd, buf, sizeof(buf), 0) == 3000 && !memcmp(buf, pattern(), 3000),
	   "row 40: fragments in any order");
	fragments4(2, 3000, 1000, (int[]){0, 1}, 2);
	struct ip_packet overlap = {.proto = IPPROTO_UDP, .id = 2, .frag = 500 / 8 | IP_MF};

	ip_send(w, &overlap, pattern(), 1000);
	fragments4(2, 3000, 1000, (int[]){2, 3}, 2);
	ok(lwip_recv(fd, buf, sizeof(buf), 0) < 0,
	   "row 40: overlapping fragments drop the datagram");
	wire_drop(w);
	fragments4(3, 3000, 1000, (int[]){0, 1}, 2);
	wire_advance(w, 14000);
	ok(!icmp4_take(w, ICMP_TIME_EXCEEDED, &s), "row 40: kept for 14 s");
	wire_advance(w, 20000);
	ok(icmp4_take(w, ICMP_TIME_EXCEEDED, &s) && s.payload[1] == 1,
	   "row 40: given up with time exceeded");
	struct lwip_statistics st;

	for (int i = 0; i < 4000; i++)
		fragments4(i, 3000, 1000, (int[]){i & 1}, 1);
	lwip_statistics(w->stack, &st, sizeof(st));
	ok(st.ip_reassembly_failed > 3000, "row 40: a flood of pieces drives the oldest out");
	struct ip_packet tiny = {.proto = IPPROTO_TCP, .id = 9, .frag = IP_MF};

	ip_send(w, &tiny, pattern(), 8);
	lwip_statistics(w->stack, &st, sizeof(st));
	ok(st.tcp_in == 0, "row 40: a tiny first fragment of TCP is refused");
	wire_close(w);
}

static void echo6(struct ip_packet *ip, uint8_t proto)
{
	uint8_t m[16] = {ICMP6_ECHO_REQUEST, 0, 0, 0, 0, 1, 0, 1, 'e', 'c', 'h', 'o'};
	struct in6_addr a, b;

	inet_pton(AF_INET6, peer6, &a);
	inet_pton(AF_INET6, our6, &b);
	uint16_t sum = transport_sum(true, &a, &b, IPPROTO_ICMPV6, m, sizeof(m));

	memcpy(m + 2, &sum, 2);
	ip->v6 = true;
	ip->proto = proto;
	ip_send(w, ip, m, sizeof(m));
}

static void row41(void)
{
	struct ip_packet dest = {.options = (const uint8_t *)"\x3a\0\x01\x04\0\0\0\0",
				 .options_len = 8};
	struct ip_packet skip = {.options = (const uint8_t *)"\x3a\0\x1e\x04\0\0\0\0",
				 .options_len = 8};
	struct ip_packet drop = {.options = (const uint8_t *)"\x3a\0\x5e\x04\0\0\0\0",
				 .options_len = 8};
	struct ip_packet tell = {.options = (const uint8_t *)"\x3a\0\x9e\x04\0\0\0\0",
				 .options_len = 8};
	struct ip_packet late = {
		.options = (const uint8_t *)"\0\0\x01\x04\0\0\0\0\x3a\0\x01\x04\0\0\0\0",
		.options_len = 16};
	struct ip_packet unknown = {0};

	w = wire_open(0);
	echo6(&dest, IPPROTO_DSTOPTS);
	ok(icmp6_take(w, ICMP6_ECHO_REPLY, &s), "row 41: destination options are passed");
	echo6(&skip, IPPROTO_HOPOPTS);
	ok(icmp6_take(w, ICMP6_ECHO_REPLY, &s), "row 41: unknown option 00: skipped");
	echo6(&drop, IPPROTO_HOPOPTS);
	ok(!ip_take(w, IPPROTO_ICMPV6, &s), "row 41: 01: dropped silently");
	echo6(&tell, IPPROTO_DSTOPTS);
	ok(icmp6_take(w, ICMP6_PARAM_PROB, &s) && s.payload[1] == 2 && s.payload[7] == 42,
	   "row 41: 10: parameter problem 2 at the option");
	echo6(&late, IPPROTO_DSTOPTS);
	ok(icmp6_take(w, ICMP6_PARAM_PROB, &s) && s.payload[1] == 1 && s.payload[7] == 40,
	   "row 41: hop-by-hop not first: unrecognised header");
	echo6(&unknown, 200);
	ok(icmp6_take(w, ICMP6_PARAM_PROB, &s) && s.payload[1] == 1 && s.payload[7] == 6,
	   "row 41: unknown next header: parameter problem 1");
	wire_close(w);
}

static void fragment6(uint32_t id, const uint8_t *data, size_t at, size_t len, bool more)
{
	uint8_t h[8] = {IPPROTO_UDP, 0, at >> 8, (at & 0xf8) | more};
	struct ip_packet ip = {
		.v6 = true, .proto = IPPROTO_FRAGMENT, .options = h, .options_len = 8};

	id = htonl(id);
	memcpy(h + 4, &id, 4);
	ip_send(w, &ip, data + at, len);
}

static void row42(void)
{
	uint8_t u[3008] = {0, 9, 0, 7, 3008 >> 8, 3008 & 255};
	struct in6_addr a, b;

	w = wire_open(0);
	int fd = udp_on(w, true, 7);

	memcpy(u + 8, pattern(), 3000);
	inet_pton(AF_INET6, peer6, &a);
	inet_pton(AF_INET6, our6, &b);
	uint16_t sum = transport_sum(true, &a, &b, IPPROTO_UDP, u, sizeof(u));

	memcpy(u + 6, &sum, 2);
	fragment6(1, u, 2000, 1008, false);
	fragment6(1, u, 0, 1000, true);
	fragment6(1, u, 1000, 1000, true);
	ok(lwip_recv(fd, buf, sizeof(buf), 0) == 3000 && !memcmp(buf, pattern(), 3000),
	   "row 42: fragments in any order");
	fragment6(2, u, 0, 1000, true);
	fragment6(2, u, 504, 1000, true);
	fragment6(2, u, 1000, 1000, true);
	fragment6(2, u, 2000, 1008, false);
	ok(lwip_recv(fd, buf, sizeof(buf), 0) < 0, "row 42: an overlap discards the packet whole");
	fragment6(4, u, 0, 3008 - 2000, false);
	uint8_t small[12] = {0, 9, 0, 7, 0, 12};

	sum = transport_sum(true, &a, &b, IPPROTO_UDP, small, 12);
	memcpy(small + 6, &sum, 2);
	fragment6(2, small, 0, 12, false);
	ok(lwip_recv(fd, buf, sizeof(buf), 0) == 4,
	   "row 42: an atomic fragment passes beside a poisoned packet of its id");
	wire_drop(w);
	fragment6(5, u, 0, 1000, true);
	wire_advance(w, 59000);
	ok(!icmp6_take(w, ICMP6_TIME_EXCEEDED, &s), "row 42: kept for 59 s");
	wire_advance(w, 2000);
	ok(icmp6_take(w, ICMP6_TIME_EXCEEDED, &s) && s.payload[1] == 1,
	   "row 42: time exceeded 1 after 60 s");
	uint8_t h[8] = {IPPROTO_DSTOPTS, 0, 0, 1, 0, 0, 0, 9}, cut[8] = {IPPROTO_UDP, 9};
	struct ip_packet chain = {
		.v6 = true, .proto = IPPROTO_FRAGMENT, .options = h, .options_len = 8};

	ip_send(w, &chain, cut, 8);
	ok(icmp6_take(w, ICMP6_PARAM_PROB, &s),
	   "row 42: a first fragment without its whole header chain is refused");
	wire_close(w);
}

static void row43(void)
{
	struct sockaddr_in6 to = name6(peer6, 9);
	uint32_t ids[20];
	int sequential = 0, n = 0;

	w = wire_open(0);
	int fd = udp_on(w, true, 7);

	for (int i = 0; i < 20; i++) {
		wire_drop(w);
		lwip_sendto(fd, pattern(), 3000, 0, (void *)&to, sizeof(to));
		if (ip_take(w, IPPROTO_FRAGMENT, &s))
			memcpy(&ids[n++], s.payload + 4, 4);
	}
	for (int i = 1; i < n; i++)
		sequential += ntohl(ids[i]) - ntohl(ids[i - 1]) < 1000;
	ok(n == 20 && !sequential, "row 43: fragment identifications have no order");
	wire_close(w);
}

static void row44(void)
{
	static const uint8_t rh0[24] = {IPPROTO_ICMPV6, 2, 0, 1};
	struct ip_packet ip = {.options = rh0, .options_len = 24};

	w = wire_open(0);
	echo6(&ip, IPPROTO_ROUTING);
	ok(icmp6_take(w, ICMP6_PARAM_PROB, &s) && s.payload[1] == 0 && s.payload[7] == 42,
	   "row 44: routing header type 0 is rejected");
	wire_close(w);
}

static void row45(void)
{
	struct offer o = full;
	struct conn c, d;
	struct segment t;
	bool same = true;

	w = wire_open(0);
	o.v6 = true;
	conn_connect(w, &c, &o);
	lwip_send(c.fd, pattern(), 5000, 0);
	while (segment_take(w, &t))
		same &= t.flow == c.syn.flow;
	conn_connect(w, &d, &o);
	ok(c.syn.flow && same, "row 45: a flow keeps its label");
	ok(c.syn.flow != d.syn.flow, "row 45: another flow has another");
	wire_close(w);
}

static void row48(void)
{
	uint8_t unreach[36] = {ICMP_DEST_UNREACH, ICMP_PORT_UNREACH};
	struct ip_packet ip = {.proto = 200}, later = {.proto = 200, .frag = 100},
			 all = {.proto = 200,
				.dst = "10.0.0.255",
				.to_mac = (const uint8_t *)"\xff\xff\xff\xff\xff\xff"};
	int n = 0;

	w = wire_open(0);
	ip_send(w, &ip, pattern(), 50);
	ok(icmp4_take(w, ICMP_DEST_UNREACH, &s) && s.payload[1] == ICMP_PROT_UNREACH,
	   "row 48: unknown protocol");
	icmp4_send(w, NULL, NULL, unreach, sizeof(unreach));
	ip_send(w, &later, pattern(), 50);
	ip_send(w, &all, pattern(), 50);
	ok(!ip_take(w, IPPROTO_ICMP, &s), "row 48: none about errors, later fragments, broadcasts");
	for (int i = 0; i < 1000; i++)
		ip_send(w, &ip, pattern(), 50);
	while (icmp4_take(w, ICMP_DEST_UNREACH, &s))
		n++;
	ok(n > 50 && n < 200, "row 48: errors are limited (%d for 1000)", n);
	wire_close(w);
}

static void row49(void)
{
	struct ip_packet ip = {.v6 = true, .proto = 200};
	int n = 0;

	w = wire_open(0);
	ip_send(w, &ip, pattern(), 1400);
	ok(icmp6_take(w, ICMP6_PARAM_PROB, &s) && s.len == 1240,
	   "row 49: an error quotes as much as 1280 bytes hold");
	ok(!transport_sum(true, &s.ip6->ip6_src, &s.ip6->ip6_dst, IPPROTO_ICMPV6, s.payload, s.len),
	   "row 49: with a good checksum");
	uint8_t echo[8] = {ICMP6_ECHO_REQUEST};

	icmp6_send(w, NULL, NULL, 64, echo, 8);
	ok(icmp6_take(w, ICMP6_ECHO_REPLY, &s), "row 49: echo");
	uint8_t error[60] = {ICMP6_DST_UNREACH, 4};

	icmp6_send(w, NULL, NULL, 64, error, 60);
	ok(!ip_take(w, IPPROTO_ICMPV6, &s), "row 49: no error about an error");
	for (int i = 0; i < 1000; i++)
		ip_send(w, &ip, pattern(), 50);
	while (icmp6_take(w, ICMP6_PARAM_PROB, &s))
		n++;
	ok(n > 50 && n < 200, "row 49: a token bucket limits errors (%d for 1000)", n);
	wire_close(w);
}

static void arp(uint16_t op, const char *sender, const uint8_t *hw, const char *target)
{
	uint8_t f[42] = {0}, *a = f + 14;

	memset(f, 0xff, 6);
	memcpy(f + 6, hw, 6);
	f[12] = 8;
	f[13] = 6;
	memcpy(a, "\0\1\x08\0\6\4\0", 7);
	a[7] = op;
	memcpy(a + 8, hw, 6);
	inet_pton(AF_INET, sender, a + 14);
	inet_pton(AF_INET, target, a + 24);
	wire_input(w, f, sizeof(f));
}

/* The next ARP packet's operation; its frame in *f. */
static int arp_take(struct frame **f)
{
	while ((*f = wire_take(w)))
		if ((*f)->data[12] == 8 && (*f)->data[13] == 6)
			return (*f)->data[21];
	return 0;
}

static void row50(void)
{
	const uint8_t other[6] = {2, 9, 9, 9, 9, 9};
	struct sockaddr_in to = name4("10.0.0.77", 9);
	struct frame *f;

	w = wire_open(0);
	int fd = udp_on(w, false, 7), asked = 0;

	lwip_sendto(fd, "x", 1, 0, (void *)&to, sizeof(to));
	wire_advance(w, 10000);
	while (arp_take(&f))
		asked++;
	ok(asked == 3, "row 50: three requests, then failure");
	ok(lwip_sendto(fd, "x", 1, 0, (void *)&to, sizeof(to)) == 1 && arp_take(&f) == 1,
	   "row 50: asked again when needed");
	arp(2, "10.0.0.77", other, our4);
	ok(ip_take(w, IPPROTO_UDP, &s) && !memcmp(s.frame->data, other, 6),
	   "row 50: the answer lets the waiting packet go");
	arp(1, "10.0.0.88", other, our4);
	ok(arp_take(&f) == 2 && !memcmp(f->data, other, 6), "row 50: requests for us are answered");
	arp(2, "10.0.0.99", other, our4);
	to = name4("10.0.0.99", 9);
	wire_drop(w);
	lwip_sendto(fd, "x", 1, 0, (void *)&to, sizeof(to));
	ok(arp_take(&f) == 1, "row 50: an unasked answer makes no entry");
	wire_drop(w);
	arp(1, our4, other, our4);
	ok(arp_take(&f) == 1 && !memcmp(f->data + 28, f->data + 38, 4),
	   "row 50: a conflict is answered by an announcement");
	arp(1, our4, other, our4);
	ok(!arp_take(&f), "row 50: but once in ten seconds");
	wire_close(w);
}

static void solicit(const char *src, const char *dst, const char *target, uint8_t hops, bool option)
{
	uint8_t m[32] = {ND_NEIGHBOR_SOLICIT};

	inet_pton(AF_INET6, target, m + 8);
	m[24] = 1;
	m[25] = 1;
	memcpy(m + 26, peer_mac, 6);
	icmp6_send(w, src, dst, hops, m, option ? 32 : 24);
}

static void row51(void)
{
	struct sockaddr_in6 to = name6("fd00::77", 9);
	int n = 0;

	w = wire_open(0);
	solicit(NULL, NULL, our6, 255, true);
	ok(icmp6_take(w, ND_NEIGHBOR_ADVERT, &s) && s.payload[4] == 0x60 && s.ip6->ip6_hlim == 255,
	   "row 51: an advertisement, solicited and override");
	solicit(NULL, NULL, our6, 64, true);
	ok(!icmp6_take(w, ND_NEIGHBOR_ADVERT, &s), "row 51: hop limit 64 is ignored");
	int fd = udp_on(w, true, 7);

	lwip_sendto(fd, "x", 1, 0, (void *)&to, sizeof(to));
	uint64_t first = 0, last = 0;

	wire_advance(w, 8000);
	while (icmp6_take(w, ND_NEIGHBOR_SOLICIT, &s)) {
		first = first ? first : s.frame->time;
		last = s.frame->time;
		n++;
	}
	ok(n == 3 && (last - first) / MS == 2000, "row 51: three solicitations a second apart");
	lwip_connect(fd, (void *)&to, sizeof(to));
	lwip_send(fd, "x", 1, 0);
	wire_advance(w, 4000);
	wire_drop(w);
	ok(lwip_send(fd, "x", 1, 0) == 1 || errno == EHOSTUNREACH,
	   "row 51: then the address is unreachable");
	wire_close(w);
	/* REACHABLE, STALE, DELAY, PROBE: data flows meanwhile, the probe goes to the neighbour
	 * alone. */
	struct sockaddr_in6 peer = name6(peer6, 9);

	w = wire_open(0);
	fd = udp_on(w, true, 7);
	lwip_sendto(fd, "x", 1, 0, (void *)&peer, sizeof(peer));
	wire_drop(w);
	lwip_sendto(fd, "x", 1, 0, (void *)&peer, sizeof(peer));
	wire_advance(w, 6000);
	ok(!icmp6_take(w, ND_NEIGHBOR_SOLICIT, &s),
	   "row 51: a reachable neighbour is not asked again");
	wire_advance(w, 50000);
	wire_drop(w);
	lwip_sendto(fd, "x", 1, 0, (void *)&peer, sizeof(peer));
	ok(ip_take(w, IPPROTO_UDP, &s), "row 51: to a stale one data goes at once");
	uint64_t sent = w->now;

	w->quiet = true;
	wire_advance(w, 5500);
	bool asked = icmp6_take(w, ND_NEIGHBOR_SOLICIT, &s);

	ok(asked && (s.frame->time - sent) / MS >= 5000 && !memcmp(s.frame->data, peer_mac, 6),
	   "row 51: five seconds later it is probed by unicast");
	uint8_t answer[32] = {ND_NEIGHBOR_ADVERT, 0, 0, 0, 0x60, 0, 0, 0};

	inet_pton(AF_INET6, peer6, answer + 8);
	answer[24] = 2;
	answer[25] = 1;
	memcpy(answer + 26, peer_mac, 6);
	icmp6_send(w, NULL, NULL, 255, answer, sizeof(answer));
	wire_drop(w);
	wire_advance(w, 5000);
	ok(!icmp6_take(w, ND_NEIGHBOR_SOLICIT, &s), "row 51: its answer ends that");
	wire_close(w);
	/* Redirects: from the router in use only, and obeyed. */
	struct ip_addr any = {{0}}, router;
	uint8_t m[48] = {ND_REDIRECT};
	struct sockaddr_in6 far = name6("2001:db8::5", 9);

	w = wire_open(0);
	inet_pton(AF_INET6, "fe80::2", &router);
	lwip_add_route(w->stack, &any, &any, &router, w->netif, 0);
	/* The router is known by its own solicitation. */
	solicit("fe80::2", NULL, our6, 255, true);
	wire_drop(w);
	fd = udp_on(w, true, 7);
	inet_pton(AF_INET6, "fe80::3", m + 8);
	inet_pton(AF_INET6, "2001:db8::5", m + 24);
	m[40] = 2; /* target link-layer address */
	m[41] = 1;
	memcpy(m + 42, "\2\0\0\0\0\3", 6);
	icmp6_send(w, "fe80::66", NULL, 255, m, sizeof(m));
	lwip_sendto(fd, "x", 1, 0, (void *)&far, sizeof(far));
	ok(ip_take(w, IPPROTO_UDP, &s) && !memcmp(s.frame->data, peer_mac, 6),
	   "row 51: a redirect of a stranger is ignored");
	icmp6_send(w, "fe80::2", NULL, 64, m, sizeof(m));
	wire_drop(w);
	lwip_sendto(fd, "x", 1, 0, (void *)&far, sizeof(far));
	ok(ip_take(w, IPPROTO_UDP, &s) && !memcmp(s.frame->data, peer_mac, 6),
	   "row 51: so is one from off the link");
	icmp6_send(w, "fe80::2", NULL, 255, m, sizeof(m));
	wire_drop(w);
	lwip_sendto(fd, "x", 1, 0, (void *)&far, sizeof(far));
	ok(ip_take(w, IPPROTO_UDP, &s) && s.frame->data[5] == 3, "row 51: the router's is obeyed");
	wire_close(w);
}

static void row53(void)
{
	uint8_t h[8] = {IPPROTO_ICMPV6}, m[32] = {ND_NEIGHBOR_SOLICIT};
	struct ip_packet ip = {
		.v6 = true, .proto = IPPROTO_FRAGMENT, .options = h, .options_len = 8, .ttl = 255};
	struct in6_addr a, b;

	w = wire_open(0);
	inet_pton(AF_INET6, our6, m + 8);
	m[24] = m[25] = 1;
	inet_pton(AF_INET6, peer6, &a);
	inet_pton(AF_INET6, our6, &b);
	uint16_t sum = transport_sum(true, &a, &b, IPPROTO_ICMPV6, m, 32);

	memcpy(m + 2, &sum, 2);
	h[3] = 1;
	h[7] = 3;
	ip_send(w, &ip, m, 16);
	h[2] = 0;
	h[3] = 16;
	ip_send(w, &ip, m + 16, 16);
	ok(!icmp6_take(w, ND_NEIGHBOR_ADVERT, &s), "row 53: a fragmented solicitation is ignored");
	wire_close(w);
}

static void row61(void)
{
	struct ipv6_mreq mreq = {0};
	uint8_t q[28] = {MLD_LISTENER_QUERY, 0, 0, 0, 0x03, 0xe8};
	static const uint8_t alert[8] = {IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0};
	int n = 0;

	w = wire_open(0);
	int fd = udp_on(w, true, 7);

	inet_pton(AF_INET6, "ff15::1234", &mreq.ipv6mr_multiaddr);
	mreq.ipv6mr_interface = lwip_netif_index(w->netif);
	lwip_setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &mreq, sizeof(mreq));
	wire_advance(w, 3000);
	while (icmp6_take(w, 143, &s))
		if (s.payload[8] == 4 && !memcmp(s.payload + 12, &mreq.ipv6mr_multiaddr, 16) &&
		    s.ip6->ip6_nxt == IPPROTO_HOPOPTS && s.ip6->ip6_hlim == 1)
			n++;
	ok(n == 2, "row 61: a join is reported twice, with router alert");
	struct ip_packet ip = {.v6 = true,
			       .src = "fe80::99",
			       .dst = "ff02::1",
			       .proto = IPPROTO_HOPOPTS,
			       .ttl = 1,
			       .options = alert,
			       .options_len = 8,
			       .to_mac = (const uint8_t *)"\x33\x33\0\0\0\1"};
	struct in6_addr a, b;

	inet_pton(AF_INET6, "fe80::99", &a);
	inet_pton(AF_INET6, "ff02::1", &b);
	uint16_t sum = transport_sum(true, &a, &b, IPPROTO_ICMPV6, q, 28);

	memcpy(q + 2, &sum, 2);
	ip_send(w, &ip, q, 28);
	wire_advance(w, 1100);
	for (n = 0; icmp6_take(w, 143, &s);)
		n += !memcmp(s.payload + 12, &mreq.ipv6mr_multiaddr, 16) && s.payload[8] == 2;
	ok(n == 1, "row 61: a query is answered");
	lwip_setsockopt(fd, IPPROTO_IPV6, IPV6_DROP_MEMBERSHIP, &mreq, sizeof(mreq));
	ok(icmp6_take(w, 143, &s) && s.payload[8] == 3, "row 61: leaving is reported");
	wire_close(w);
}

static void row62(void)
{
	struct ip_mreqn mreq = {0};
	uint8_t q[8] = {0x11, 100};
	int n = 0;

	w = wire_open(0);
	int fd = udp_on(w, false, 7);

	inet_pton(AF_INET, "239.1.2.3", &mreq.imr_multiaddr);
	mreq.imr_ifindex = lwip_netif_index(w->netif);
	lwip_setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq));
	wire_advance(w, 3000);
	while (ip_take(w, IPPROTO_IGMP, &s))
		n += s.payload[0] == 0x22 && s.payload[8] == 4 && s.ip4->ihl == 6 &&
		     s.ip4->ttl == 1;
	ok(n == 2, "row 62: IGMPv3 reports a join twice, with router alert");
	struct ip_packet ip = {.dst = "224.0.0.1",
			       .proto = IPPROTO_IGMP,
			       .ttl = 1,
			       .to_mac = (const uint8_t *)"\1\0\x5e\0\0\1"};
	uint16_t sum = inet_sum(0, q, 8);

	memcpy(q + 2, &sum, 2);
	ip_send(w, &ip, q, 8);
	wire_advance(w, 11000);
	ok(ip_take(w, IPPROTO_IGMP, &s) && s.payload[0] == 0x16,
	   "row 62: a version 2 querier gets version 2 reports");
	lwip_close(fd);
	ok(ip_take(w, IPPROTO_IGMP, &s) && s.payload[0] == 0x17, "row 62: and a leave");
	wire_close(w);
}

static void row63(void)
{
	struct sockaddr_in6 from;
	char control[256];
	struct iovec iov = {buf, 100};
	struct msghdr m = {.msg_name = &from,
			   .msg_namelen = sizeof(from),
			   .msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	int on = 1, hops = 0, found = 0;

	w = wire_open(0);
	int fd = udp_on(w, true, 7);

	lwip_setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	lwip_setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof(on));
	udp_send(w, true, 9, 7, "x", 1);
	ok(lwip_recvmsg(fd, &m, 0) == 1, "row 63: recvmsg");
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_type == IPV6_PKTINFO)
			found = ((struct in6_pktinfo *)CMSG_DATA(c))->ipi6_ifindex ==
				(unsigned int)lwip_netif_index(w->netif);
		if (c->cmsg_type == IPV6_HOPLIMIT)
			memcpy(&hops, CMSG_DATA(c), sizeof(hops));
	}
	ok(found && hops == 64, "row 63: packet info and hop limit as ancillary data");
	udp_send(w, false, 9, 7, "y", 1);
	socklen_t len = sizeof(from);

	ok(lwip_recvfrom(fd, buf, 10, 0, (void *)&from, &len) == 1 &&
		   IN6_IS_ADDR_V4MAPPED(&from.sin6_addr),
	   "row 63: an IPv6 socket receives IPv4 with a mapped address");
	lwip_close(fd);
	fd = lwip_msocket(w->stack, AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	lwip_setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	struct sockaddr_in6 any = name6("::", 7);

	lwip_bind(fd, (void *)&any, sizeof(any));
	udp_send(w, false, 9, 7, "y", 1);
	ok(lwip_recv(fd, buf, 10, 0) < 0, "row 63: not with IPV6_V6ONLY");
	struct group_source_req gsr = {.gsr_interface = lwip_netif_index(w->netif)};
	struct sockaddr_in6 group = name6("ff15::1", 0), source = name6("fd00::2", 0);

	memcpy(&gsr.gsr_group, &group, sizeof(group));
	memcpy(&gsr.gsr_source, &source, sizeof(source));
	wire_drop(w);
	ok(!lwip_setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, &gsr, sizeof(gsr)),
	   "row 63: a source-specific join");
	wire_close(w);
}

static void row66(void)
{
	uint8_t m[16] = {ICMP_ECHO};
	struct ip_packet through = {.dst = "10.0.0.9"}, last = {.dst = "10.1.0.9", .ttl = 1},
			 lost = {.dst = "99.0.0.1"}, martian = {.dst = "127.0.0.1"},
			 ll = {.v6 = true,
			       .src = "fe80::2",
			       .dst = "2001:db8::1",
			       .proto = IPPROTO_UDP};

	w = wire_open(LWIP_STACK_FLAG_FORWARDING);
	struct ip_addr a, mask, hop;

	IP64_ADDR(&a, 10, 1, 0, 0);
	IP64_MASKADDR(&mask, 255, 255, 0, 0);
	IP64_ADDR(&hop, 10, 0, 0, 2);
	lwip_add_route(w->stack, &a, &mask, &hop, w->netif, 0);
	uint16_t sum = inet_sum(0, m, 16);

	memcpy(m + 2, &sum, 2);
	through.dst = "10.1.0.9";
	through.proto = last.proto = lost.proto = martian.proto = IPPROTO_ICMP;
	ip_send(w, &through, m, 16);
	bool forwarded = false;

	while (ip_take(w, IPPROTO_ICMP, &s))
		forwarded |=
			s.payload[0] == ICMP_ECHO && s.ip4->ttl == 63 && !inet_sum(0, s.ip4, 20);
	ok(forwarded, "row 66: forwarded with TTL less one and a good checksum");
	ip_send(w, &last, m, 16);
	ok(icmp4_take(w, ICMP_TIME_EXCEEDED, &s), "row 66: TTL 1 is time exceeded");
	ip_send(w, &lost, m, 16);
	ok(icmp4_take(w, ICMP_DEST_UNREACH, &s) && s.payload[1] == ICMP_NET_UNREACH,
	   "row 66: without route: unreachable");
	ip_send(w, &martian, m, 16);
	ok(!ip_take(w, IPPROTO_ICMP, &s), "row 66: martians are dropped");
	solicit("fe80::2", NULL, our6, 255, true); /* so that the answer finds it */
	ip_send(w, &ll, pattern(), 30);
	ok(icmp6_take(w, ICMP6_DST_UNREACH, &s) && s.payload[1] == 2,
	   "row 66: link-local sources stay on their link");
	lwip_set_mtu(w->netif, 1000);
	struct ip_packet big = {.dst = "10.1.0.9", .proto = IPPROTO_UDP, .frag = IP_DF};

	ip_send(w, &big, pattern(), 1200);
	ok(icmp4_take(w, ICMP_DEST_UNREACH, &s) && s.payload[1] == ICMP_FRAG_NEEDED &&
		   (s.payload[6] << 8 | s.payload[7]) == 1000,
	   "row 66: too big with DF: fragmentation needed and the MTU");
	wire_close(w);
}

int main(void)
{
	row37();
	row38();
	row39();
	row40();
	row41();
	row42();
	row43();
	row44();
	row45();
	row48();
	row49();
	row50();
	row51();
	row53();
	row61();
	row62();
	row63();
	row66();
	return done_testing();
}
