/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conformance of router advertisements on a virtual clock: sent (row 52), and what a host makes of
 * their options (rows 55, 56).
 */
#include "tests/lwipv6/wire.h"

#define SECOND 1000

static struct wire *w;
static struct seen s;
static char error[300];

static int load(const char *text)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");
	int result = lwip_radv_load(w->stack, f, error, sizeof(error));

	fclose(f);
	return result;
}

static void start(unsigned long flags)
{
	w = wire_open_bare(flags, NETIF_FLAG_RADV);
	w->quiet = true;
}

static bool take_ra(void)
{
	return icmp6_take(w, ND_ROUTER_ADVERT, &s);
}

/* Option @n of a type in the advertisement taken. */
static const uint8_t *option(uint8_t type, int n)
{
	for (size_t i = 16; i + 2 <= s.len && s.payload[i + 1]; i += s.payload[i + 1] * 8)
		if (s.payload[i] == type && !n--)
			return s.payload + i;
	return NULL;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static void solicit(const char *from)
{
	uint8_t rs[8] = {ND_ROUTER_SOLICIT};

	icmp6_send(w, from, "ff02::2", 255, rs, sizeof(rs));
}

static void contents(void)
{
	static const char config[] =
		"# everything\n[fr0]\nAdvSendAdvert = on ; yes\nAdvManagedFlag=ON\nAdvOtherConfigFlag = true\n"
		"AdvLinkMTU = 1400\nAdvReachableTime = 30000\nAdvRetransTimer = 1000\nAdvCurHopLimit = 61\n"
		"MaxRtrAdvInterval = 100\nAdvDefaultPreference = high\n"
		"AddPrefix = 2001:db8:1::/64\n"
		"AddPrefix = 2001:db8:2::5/64, AdvOnLinkFlag = off, AdvAutonomousFlag = on, AdvValidLifetime = infinity, AdvPreferredLifetime = 99\n"
		"AddRoute = 2001:db8:f000::/36, AdvRoutePreference = low\n"
		"AddRoute = ::/0, AdvRouteLifetime = 5\n"
		"AddRDNSS = 2001:db8::53, 2001:db8::54\n"
		"AddDNSSL = lab.example, example.org, AdvDNSSLLifetime = 77\n";
	const uint8_t *o;

	start(LWIP_STACK_FLAG_FORWARDING);
	ok(!load(config), "row 52: the configuration is read: %s", error);
	lwip_ifup(w->netif);
	wire_advance(w, 3 * SECOND);
	ok(take_ra(), "row 52: advertised when the interface comes up");
	char src[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, &s.ip6->ip6_src, src, sizeof(src));
	ok(!strncmp(src, "fe80:", 5) && s.ip6->ip6_hlim == 255 && !memcmp(&s.ip6->ip6_dst, "\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16),
	   "row 52: from the link-local address, to all nodes, hop limit 255");
	ok(!transport_sum(true, &s.ip6->ip6_src, &s.ip6->ip6_dst, IPPROTO_ICMPV6, s.payload, s.len), "row 52: with a good checksum");
	ok(s.payload[4] == 61 && s.payload[5] == (0xc0 | 1 << 3) && s.payload[6] << 8 == 256 && s.payload[7] == 44 && get32(s.payload + 8) == 30000 && get32(s.payload + 12) == 1000,
	   "row 52: hop limit, flags, preference, lifetime, times");
	o = option(1, 0);
	ok(o && !memcmp(o + 2, w->mac, 6), "row 52: the link address");
	o = option(5, 0);
	ok(o && get32(o + 4) == 1400, "row 52: the MTU");
	o = option(3, 0);
	ok(o && o[2] == 64 && o[3] == 0xc0 && get32(o + 4) == 2592000 && get32(o + 8) == 604800, "row 52: a prefix with the defaults");
	o = option(3, 1);
	ok(o && o[3] == 0x40 && get32(o + 4) == UINT32_MAX && get32(o + 8) == 99 && !o[31], "row 52: a prefix with all given, its host bits cleared");
	o = option(24, 0);
	ok(o && o[1] == 2 && o[2] == 36 && o[3] == 3 << 3 && get32(o + 4) == 300, "row 55: a route of low preference");
	o = option(24, 1);
	ok(o && o[1] == 1 && !o[2] && get32(o + 4) == 5, "row 55: a default route of its own");
	o = option(25, 0);
	ok(o && o[1] == 5 && get32(o + 4) == 300 && o[23] == 0x53 && o[39] == 0x54, "row 56: DNS servers");
	o = option(31, 0);
	ok(o && get32(o + 4) == 77 && !memcmp(o + 8, "\3lab\7example\0\7example\3org\0", 26), "row 56: search domains");
	lwip_ifdown(w->netif);
	ok(take_ra() && !s.payload[6] && !s.payload[7] && !get32(option(25, 0) + 4) && !get32(option(24, 0) + 4), "row 52: a last one with lifetime 0 when the interface goes down");
	wire_close(w);

	start(0);
	load("[fr0]\nAdvSendAdvert = on\nAddPrefix = 2001:db8::/64\n");
	lwip_ifup(w->netif);
	wire_advance(w, 3 * SECOND);
	ok(take_ra() && !s.payload[6] && !s.payload[7] && option(3, 0), "row 52: a stack that does not forward is no default router");
	wire_close(w);
}

static void timing(void)
{
	uint64_t times[400];
	int n = 0;
	bool good = true, varied = false;

	start(LWIP_STACK_FLAG_FORWARDING);
	load("[fr0]\nAdvSendAdvert = on\nMaxRtrAdvInterval = 100\nMinRtrAdvInterval = 40\n");
	lwip_ifup(w->netif);
	for (int i = 0; i < 100; i++) {
		wire_advance(w, 30 * SECOND);
		while (take_ra() && n < 400)
			times[n++] = s.frame->time / MS;
	}
	for (int i = 1; i < n; i++) {
		uint64_t gap = times[i] - times[i - 1];

		good &= i < 3 ? gap <= 16000 : gap >= 40000 && gap <= 100001;
		varied |= i > 4 && gap / 1000 != (times[4] - times[3]) / 1000;
	}
	ok(n > 30 && good && varied, "row 52: three within 16 s, then at random between MinRtrAdvInterval and MaxRtrAdvInterval: %d", n);
	/* Solicited: within half a second, but 3 s apart. */
	wire_advance(w, 5 * SECOND);
	wire_drop(w);
	uint64_t asked = w->now;

	solicit("fe80::77");
	wire_advance(w, 4 * SECOND);
	ok(take_ra() && (s.frame->time - asked) / MS <= 501 && s.ip6->ip6_dst.s6_addr[0] == 0xff, "row 52: a solicitation is answered within half a second");
	uint64_t before = s.frame->time;

	while (take_ra())
		before = s.frame->time;
	for (int i = 0; i < 50; i++) {
		solicit("fe80::77");
		wire_advance(w, 100);
	}
	n = 0;
	good = true;
	while (take_ra()) {
		good &= (s.frame->time - before) / MS >= 3000;
		before = s.frame->time;
		n++;
	}
	ok(good && n >= 1 && n <= 3, "row 52: many solicitations, multicasts still 3 s apart: %d", n);
	uint8_t bad[16] = {ND_ROUTER_SOLICIT, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 9};

	wire_advance(w, 4 * SECOND);
	wire_drop(w);
	icmp6_send(w, "::", "ff02::2", 255, bad, sizeof(bad));
	icmp6_send(w, "fe80::77", "ff02::2", 64, bad, sizeof(bad));
	wire_advance(w, SECOND);
	ok(!take_ra(), "row 52: invalid solicitations are not answered");
	wire_close(w);

	start(LWIP_STACK_FLAG_FORWARDING);
	load("[fr0]\nAdvSendAdvert = on\nUnicastOnly = on\n");
	lwip_ifup(w->netif);
	wire_advance(w, 100 * SECOND);
	ok(!take_ra(), "row 52: UnicastOnly sends nothing unasked");
	uint8_t with_hw[16] = {ND_ROUTER_SOLICIT, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 2};

	icmp6_send(w, "fe80::77", "ff02::2", 255, with_hw, sizeof(with_hw));
	ok(take_ra() && s.ip6->ip6_dst.s6_addr[0] == 0xfe, "row 52: and answers the one who asks");
	wire_close(w);
}

static void configuration(void)
{
	static const struct {
		const char *text, *said;
	} bad[] = {
		{"AdvSendAdvert = on\n", "line 1: AdvSendAdvert = on: write the section"},
		{"[fr0]\nAdvSendAdvert = yes\n", "line 2: AdvSendAdvert = yes: write on or off"},
		{"[fr0]\n\nMaxRtrAdvInterval = 3\n", "line 3: MaxRtrAdvInterval = 3: a number from 4 to 1800"},
		{"[fr0]\nMinRtrAdvInterval = 500\nMaxRtrAdvInterval = 600\n", "above three quarters"},
		{"[fr0]\nAdvLinkMTU = 1200\n", "AdvLinkMTU"},
		{"[fr0]\nAdvDefaultLifetime = 5\n", "AdvDefaultLifetime"},
		{"[fr0]\nAddPrefix = 10.0.0.0/8\n", "not an IPv6 prefix"},
		{"[fr0]\nAddPrefix = 2001:db8::/64, AdvValidLifetime = 5, AdvPreferredLifetime = 6\n", "above AdvValidLifetime"},
		{"[fr0]\nAddPrefix = 2001:db8::/64, Colour = red\n", "Colour = red is not understood"},
		{"[fr0]\nColour = red\n", "Colour: unknown key"},
		{"[fr9]\n", "[fr9]: the stack has no such interface"},
		{"[lo0]\n", "was not made with NETIF_FLAG_RADV"},
		{"[fr0\n", "write a section"},
		{"[fr0]\nAddDNSSL = bad..name\n", "not a domain name"},
		{"[fr0]\nAddRDNSS = here\n", "not an IPv6 address"},
	};
	char line[1300];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start(LWIP_STACK_FLAG_FORWARDING);
		ok(load(bad[i].text) == -1 && errno == EINVAL && strstr(error, bad[i].said), "row 52: refused: %s", error);
		wire_close(w);
	}
	start(LWIP_STACK_FLAG_FORWARDING);
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = 0;
	ok(load(line) == -1 && strstr(error, "longer than"), "row 52: a line too long: %s", error);
	/* The old calls: what is wrong only turns its interface off. */
	lwip_ifup(w->netif);
	FILE *f = fmemopen("[fr0]\nAdvSendAdvert = on\nAdvCurHopLimit = 300\n", 46, "r");

	lwip_radv_load_config(w->stack, f);
	fclose(f);
	wire_advance(w, 50 * SECOND);
	ok(!take_ra(), "row 52: an interface with a mistake in its section does not advertise");
	ok(lwip_radv_load_configfile(w->stack, "/nonexistent") == 0, "row 52: lwip_radv_load_configfile() answers 0 for a file that is not there");
	char name[] = "/tmp/radvXXXXXX";
	int fd = mkstemp(name);

	dprintf(fd, "[fr0]\nAdvSendAdvert = on\n");
	ok(lwip_radv_load_configfile(w->stack, name) == 1, "row 52: and 1 for one that was read");
	close(fd);
	unlink(name);
	wire_advance(w, 3 * SECOND);
	ok(take_ra(), "row 52: loading works while the interface is up");
	load("[fr0]\nAdvSendAdvert = off\n");
	ok(take_ra() && !s.payload[7], "row 52: turning it off says so on the link");
	wire_close(w);
}

/* ---- a host */

static void advertise(const char *from, uint8_t preference, uint16_t life, const void *options, size_t len)
{
	uint8_t ra[600] = {ND_ROUTER_ADVERT, 0, 0, 0, 64, preference << 3, life >> 8, life};

	if (len)
		memcpy(ra + 16, options, len);
	icmp6_send(w, from, "ff02::1", 255, ra, 16 + len);
}

/* Whom the stack asks for by discovery when it sends to @dst: the next hop's last byte. */
static int next_hop(const char *dst)
{
	struct sockaddr_in6 to = name6(dst, 9);
	int fd = lwip_msocket(w->stack, AF_INET6, SOCK_DGRAM, 0), last = -1;

	wire_advance(w, 10 * SECOND);
	wire_drop(w);
	lwip_sendto(fd, "x", 1, 0, (void *)&to, sizeof(to));
	while (icmp6_take(w, ND_NEIGHBOR_SOLICIT, &s))
		last = s.payload[23];
	lwip_close(fd);
	return last;
}

static void host(void)
{
	static const uint8_t prefix[32] = {3, 4, 64, 0xc0, 0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0x20, 1, 0xd, 0xb8};
	static const uint8_t route[16] = {24, 2, 48, 1 << 3, 0, 0, 1, 0, 0x20, 1, 0xd, 0xb8, 0xf0, 0, 0, 0};
	static const uint8_t rdnss[40] = {25, 5, 0, 0, 0, 0, 0, 100, 0x20, 1, 0xd, 0xb8, [23] = 0x53, 0x20, 1, 0xd, 0xb8, [39] = 0x54};
	static const uint8_t dnssl[24] = {31, 3, 0, 0, 0, 0, 0, 200, 3, 'l', 'a', 'b', 0, 2, '$', '(', 0};
	uint8_t gone[40];
	struct ip_addr servers[4];
	char domains[64];

	w = wire_open_bare(0, NETIF_FLAG_AUTOCONF);
	w->quiet = true;
	lwip_ifup(w->netif);
	wire_advance(w, 5 * SECOND);
	advertise("fe80::a", 0, 1800, prefix, sizeof(prefix));
	advertise("fe80::b", 1, 1800, NULL, 0);
	advertise("fe80::c", 3, 1800, route, sizeof(route));
	wire_advance(w, 3 * SECOND);
	ok(next_hop("2001:db8:99::1") == 0xb, "row 55: of three routers the preferred one is used");
	ok(next_hop("2001:db8:f000::1") == 0xc, "row 55: a route information option wins for its prefix");
	advertise("fe80::b", 1, 0, NULL, 0);
	ok(next_hop("2001:db8:99::2") == 0xa, "row 55: when it is no router any more, the next one; low preference last");
	wire_advance(w, 260 * SECOND);
	ok(next_hop("2001:db8:f000::2") == 0xa, "row 55: a route ends with its lifetime");

	advertise("fe80::a", 0, 1800, rdnss, sizeof(rdnss));
	advertise("fe80::a", 0, 1800, dnssl, sizeof(dnssl));
	ok(lwip_resolvers(w->stack, servers, 4) == 2 && servers[0].addr[3] == htonl(0x53), "row 56: DNS servers are readable");
	lwip_search_domains(w->stack, domains, sizeof(domains));
	ok(!strcmp(domains, "lab"), "row 56: search domains too, but none that a shell could misread: %s", domains);
	wire_advance(w, 95 * SECOND);
	advertise("fe80::a", 0, 1800, rdnss, sizeof(rdnss));
	wire_advance(w, 95 * SECOND);
	ok(lwip_resolvers(w->stack, servers, 4) == 2, "row 56: each advertisement renews them");
	memcpy(gone, rdnss, sizeof(gone));
	gone[7] = 0;
	gone[1] = 3;
	advertise("fe80::a", 0, 1800, gone, 24);
	ok(lwip_resolvers(w->stack, servers, 4) == 1 && servers[0].addr[3] == htonl(0x54), "row 56: lifetime 0 takes one away");
	wire_advance(w, 120 * SECOND);
	ok(lwip_resolvers(w->stack, servers, 4) == 0 && !lwip_search_domains(w->stack, domains, sizeof(domains)), "row 56: and the others end with their lifetimes");
	for (int i = 0; i < 100; i++) {
		memcpy(gone, rdnss, sizeof(gone));
		gone[23] = i;
		gone[1] = 3;
		advertise("fe80::a", 0, 1800, gone, 24);
	}
	ok(lwip_resolvers(w->stack, servers, 4) == 16, "row 56: their number is bounded");
	wire_close(w);
}

int main(void)
{
	contents();
	timing();
	configuration();
	host();
	return done_testing();
}
