/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Row 69: mutated frames on an interface of a stack with sockets of every kind open, under the
 * sanitizers. The frames are valid ones of every protocol with random bytes changed, cut or joined;
 * half of them get their checksums repaired so that the mutation is seen behind the checks. The
 * seed is fixed; FUZZ_FRAMES and FUZZ_SEED change amount and seed.
 */
#include "tests/lwipv6/wire.h"

size_t __sanitizer_get_current_allocated_bytes(void); /* of the sanitizer's run-time */

static unsigned int seed = 1;
static uint8_t mac[6] = {2, 0, 0, 0, 0, 1};

static unsigned int below(unsigned int n)
{
	return rand_r(&seed) % n;
}

static size_t base_frame(uint8_t *f)
{
	static const uint8_t protocols[] = {IPPROTO_TCP,     IPPROTO_UDP,     IPPROTO_ICMP,
					    IPPROTO_ICMPV6,  IPPROTO_IGMP,    IPPROTO_FRAGMENT,
					    IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING};
	static const uint8_t types[] = {1,   2,	  3,   4,   128, 129, 130, 131,
					132, 133, 134, 135, 136, 137, 143};
	size_t payload = below(4) ? below(200) : below(1400);
	bool v6 = below(2);
	uint8_t *ip = f + 14, *t = ip + (v6 ? 40 : 20), proto = protocols[below(sizeof(protocols))];

	memcpy(f, mac, 6);
	memcpy(f + 6, peer_mac, 6);
	if (!below(20)) { /* ARP */
		memcpy(f + 12, "\x08\x06\0\1\x08\0\6\4\0\1", 10);
		for (int i = 22; i < 42; i++)
			f[i] = below(256);
		return 42;
	}
	f[12] = v6 ? 0x86 : 8;
	f[13] = v6 ? 0xdd : 0;
	memset(ip, 0, v6 ? 40 : 20);
	for (size_t i = 0; i < payload + 40; i++)
		t[i] = below(256);
	if (proto == IPPROTO_TCP) {
		uint16_t ports[2] = {htons(20000 + below(3)), htons(below(2) ? 80 : below(65536))};

		memcpy(t, ports, 4);
		t[12] = (5 + below(11)) << 4;
		t[13] = below(4) ? 1u << below(8) | TH_ACK : below(256);
	} else if (proto == IPPROTO_UDP) {
		uint16_t words[4] = {htons(9), htons(below(2) ? 7 : below(65536)), htons(payload),
				     0};

		memcpy(t, words, 8);
	} else if (proto == IPPROTO_ICMPV6) {
		t[0] = types[below(sizeof(types))];
		t[1] = below(8) ? 0 : below(256);
	}
	if (v6) {
		ip[0] = 0x60;
		ip[4] = payload >> 8;
		ip[5] = payload;
		ip[6] = proto;
		ip[7] = below(2) ? 255 : below(4);
		inet_pton(AF_INET6, below(2) ? peer6 : "fe80::99", ip + 8);
		inet_pton(AF_INET6, below(4) ? our6 : "ff02::1", ip + 24);
		if (proto == IPPROTO_FRAGMENT || proto == IPPROTO_HOPOPTS ||
		    proto == IPPROTO_DSTOPTS || proto == IPPROTO_ROUTING) {
			t[0] = protocols[below(sizeof(protocols))];
			t[1] = below(3);
		}
	} else {
		ip[0] = 0x40 | (below(4) ? 5 : 5 + below(11));
		ip[2] = (payload + 20) >> 8;
		ip[3] = payload + 20;
		ip[5] = below(4);
		ip[6] = below(3) ? 0 : below(64);
		ip[7] = below(3) ? 0 : below(4);
		ip[8] = 64;
		ip[9] = proto;
		inet_pton(AF_INET, peer4, ip + 12);
		inet_pton(AF_INET, below(4) ? our4 : "224.0.0.1", ip + 16);
	}
	return 14 + (v6 ? 40 : 20) + payload;
}

static size_t memory(void)
{
	return __sanitizer_get_current_allocated_bytes();
}

/* Everything that whoever is on the link can make the stack remember. */
static void floods(void)
{
	struct wire *w = wire_open(0);
	struct sockaddr_in6 any = name6("::", 7);
	struct offer o = full;
	size_t before, most = 0;
	struct conn c;
	int l = listen_on(w, false, 80),
	    udp = lwip_msocket(w->stack, AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	lwip_bind(udp, (void *)&any, sizeof(any));
	conn_accept(w, &c, l, 80, &o);
	lwip_send(c.fd, pattern(), 60000, 0);
	wire_drop(w);
	before = memory();
	for (uint32_t i = 0; i < 10000; i++) {
		struct segment syn = {
			.sport = i, .dport = 80, .seq = i, .flags = TH_SYN, .window = 1000};
		struct ip_packet fragment = {
			.proto = IPPROTO_UDP, .id = i, .frag = IP_MF | (i % 7)};
		uint8_t solicitation[32] = {ND_NEIGHBOR_SOLICIT};
		char from[32];

		segment_send(w, false, &syn);
		ip_send(w, &fragment, pattern(), 1000);
		udp_send(w, false, 9, 7, pattern(), 1000);
		snprintf(from, sizeof(from), "fd00::5:%x", i);
		inet_pton(AF_INET6, our6, solicitation + 8);
		solicitation[24] = solicitation[25] = 1;
		memcpy(solicitation + 26, peer_mac, 6);
		icmp6_send(w, from, our6, 255, solicitation, 32);
		/* Single bytes out of order, and acknowledgments of every second byte. */
		conn_send_at(&c, TH_ACK, 2 + 2 * i, 1);
		conn_sack(&c, 0, 3,
			  (uint32_t[][2]){{1 + 6 * i % 50000, 2 + 6 * i % 50000},
					  {3 + 6 * i % 50000, 4 + 6 * i % 50000},
					  {5 + 6 * i % 50000, 6 + 6 * i % 50000}});
		if (i % 100 == 0)
			wire_drop(w);
		if (memory() - before > most && memory() > before)
			most = memory() - before;
	}
	ok(most < 32 << 20,
	   "row 69: floods of SYNs, fragments, datagrams, neighbours, crumbs and SACK blocks take "
	   "%zu KiB",
	   most >> 10);
	wire_close(w);
}

int main(void)
{
	long frames = getenv("FUZZ_FRAMES") ? atol(getenv("FUZZ_FRAMES")) : 20000;
	static uint8_t room[4096];
	uint8_t *f = room + 2;
	struct wire *w = wire_open(LWIP_STACK_FLAG_FORWARDING);
	struct lwip_statistics st;
	struct conn c;
	struct segment s;

	if (getenv("FUZZ_SEED"))
		seed = atoi(getenv("FUZZ_SEED"));
	int l = listen_on(w, true, 80);
	int udp = lwip_msocket(w->stack, AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	int raw = lwip_msocket(w->stack, AF_INET6, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMPV6);
	int packet = lwip_msocket(w->stack, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
	struct sockaddr_in6 any = name6("::", 7);
	struct offer o = full;

	lwip_bind(udp, (void *)&any, sizeof(any));
	conn_accept(w, &c, l, 80, &o);
	for (long i = 0; i < frames; i++) {
		size_t len = base_frame(f);

		if (below(3))
			wire_repair(f, len);
		for (unsigned int k = below(4); k; k--)
			f[below(len)] = below(256);
		if (!below(8))
			len = below(len) + 1;
		if (below(2))
			wire_repair(f, len);
		wire_input(w, f, len);
		if (!below(10)) { /* a segment of the living connection, with wild numbers */
			c.tsval += below(3);
			conn_send_at(&c, below(256), below(3) ? below(3000) : below(1u << 31),
				     below(1500));
			lwip_send(c.fd, pattern(), below(3000), 0);
		}
		if (!below(50)) {
			static char buf[70000];

			wire_advance(w, below(3000));
			wire_drop(w);
			lwip_recv(c.fd, buf, sizeof(buf), 0);
			lwip_recv(udp, buf, sizeof(buf), 0);
			lwip_recv(raw, buf, sizeof(buf), 0);
			lwip_recv(packet, buf, sizeof(buf), 0);
			int fd = lwip_accept4(l, NULL, NULL, SOCK_NONBLOCK);

			if (fd >= 0)
				lwip_close(fd);
		}
	}
	wire_advance(w, 200000);
	wire_drop(w);
	uint8_t echo[8] = {ICMP6_ECHO_REQUEST};
	struct seen seen;

	lwip_statistics(w->stack, &st, sizeof(st));
	icmp6_send(w, NULL, NULL, 64, echo, 8);
	bool alive = icmp6_take(w, ICMP6_ECHO_REPLY, &seen) ||
		     (conn_accept(w, &c, l, 80, &o) && !segment_take(w, &s));

	ok(alive, "row 69: the stack lives after %ld mutated frames", frames);
	ok(st.ip_in > (uint64_t)frames / 2 && st.tcp_in > 100 && st.icmp_in > 100,
	   "row 69: and they reached TCP and ICMP (%d, %d)", (int)st.tcp_in, (int)st.icmp_in);
	wire_close(w);
	floods();
	return done_testing();
}
