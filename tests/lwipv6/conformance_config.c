/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conformance of addresses and of what routers tell: zones, address selection, router discovery,
 * autoconfiguration (rows 46, 47, 54 to 60), frame by frame.
 */
#include "tests/lwipv6/wire.h"

static struct wire *w;
static struct seen s;
static char buf[256];

static void add6(const char *text, int plen)
{
	struct ip_addr a, m = {{0}};

	inet_pton(AF_INET6, text, &a);
	for (int i = 0; i < plen; i++)
		((uint8_t *)&m)[i / 8] |= 0x80 >> i % 8;
	lwip_add_addr(w->netif, &a, &m);
}

static const char *source_for(const char *dst)
{
	static char text[64];
	struct sockaddr_in6 to = name6(dst, 9), from;
	socklen_t len = sizeof(from);
	int fd = lwip_msocket(w->stack, AF_INET6, SOCK_DGRAM, 0);

	to.sin6_scope_id = lwip_netif_index(w->netif);
	if (lwip_connect(fd, (void *)&to, sizeof(to)) < 0)
		return "none";
	lwip_getsockname(fd, (void *)&from, &len);
	lwip_close(fd);
	return inet_ntop(AF_INET6, &from.sin6_addr, text, sizeof(text));
}

static bool has_source(const char *dst, const char *prefix)
{
	return !strncmp(source_for(dst), prefix, strlen(prefix));
}

static void advertise_router(uint16_t lifetime, uint8_t flags, uint32_t valid, uint32_t preferred)
{
	uint8_t m[16 + 32] = {ND_ROUTER_ADVERT, 0, 0, 0, 55, 0, lifetime >> 8, lifetime};

	m[16] = 3;
	m[17] = 4;
	m[18] = 64;
	m[19] = flags;
	valid = htonl(valid);
	preferred = htonl(preferred);
	memcpy(m + 20, &valid, 4);
	memcpy(m + 24, &preferred, 4);
	inet_pton(AF_INET6, "2001:db8::", m + 32);
	icmp6_send(w, "fe80::99", "ff02::1", 255, m, sizeof(m));
}

/* An advertisement of the router @from with options of @len bytes behind it. */
static void advertise(const char *from, uint16_t lifetime, uint8_t preference, const void *options,
		      size_t len)
{
	uint8_t m[512] = {ND_ROUTER_ADVERT, 0, 0, 0, 64, preference << 3, lifetime >> 8, lifetime};

	m[16] = 1; /* source link-layer address */
	m[17] = 1;
	memcpy(m + 18, peer_mac, 5);
	m[23] = from[strlen(from) - 1];
	if (len)
		memcpy(m + 24, options, len);
	icmp6_send(w, from, "ff02::1", 255, m, 24 + len);
}

/* The last byte of the link address that a datagram to @dst goes to: the router's, see advertise().
 */
static char router_for(const char *dst)
{
	struct sockaddr_in6 to = name6(dst, 9);
	int fd = udp_on(w, true, 0);
	char mac = 0;

	wire_drop(w);
	lwip_sendto(fd, "x", 1, 0, (void *)&to, sizeof(to));
	if (ip_take(w, IPPROTO_UDP, &s))
		mac = s.frame->data[5];
	lwip_close(fd);
	return mac;
}

static size_t put_prefix(uint8_t *o, const char *prefix, uint8_t flags, uint32_t valid,
			 uint32_t preferred)
{
	memset(o, 0, 32);
	o[0] = 3;
	o[1] = 4;
	o[2] = 64;
	o[3] = flags;
	valid = htonl(valid);
	preferred = htonl(preferred);
	memcpy(o + 4, &valid, 4);
	memcpy(o + 8, &preferred, 4);
	inet_pton(AF_INET6, prefix, o + 16);
	return 32;
}

static void row46(void)
{
	struct sockaddr_in6 ll = name6("fe80::1", 9), got;
	socklen_t len = sizeof(got);

	w = wire_open(0);
	int fd = udp_on(w, true, 7);

	ll.sin6_scope_id = 99;
	ok(lwip_sendto(fd, "x", 1, 0, (void *)&ll, sizeof(ll)) < 0 && errno == ENODEV,
	   "row 46: a zone that does not exist");
	ll.sin6_scope_id = lwip_netif_index(w->netif);
	ok(lwip_sendto(fd, "x", 1, 0, (void *)&ll, sizeof(ll)) == 1,
	   "row 46: a link-local destination with its zone");
	udp_send(w, true, 9, 7, "x", 1);
	lwip_recvfrom(fd, buf, 10, 0, (void *)&got, &len);
	ok(!got.sin6_scope_id, "row 46: a global source has no zone");
	wire_close(w);
	/* RFC 5952: lower case, no leading zeros, the longest run of zeros shortened, the first of
	 * equals. */
	static const struct {
		const char *in, *out;
	} text[] = {
		{"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1"},
		{"0:0:0:0:0:0:0:0", "::"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"10.1.2.3", "10.1.2.3"},
	};
	struct ip_addr a;
	char out[64];

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		ok(!lwip_pton(text[i].in, &a) && lwip_ntop(&a, out, sizeof(out)) &&
			   !strcmp(out, text[i].out),
		   "row 46: %s is written %s", text[i].in, out);
	ok(lwip_pton("1:2:3", &a) < 0 && lwip_pton("10.0.0.256", &a) < 0,
	   "row 46: what is no address is refused");
	ok(!lwip_ntop(&a, out, 3) && errno == ENOSPC, "row 46: and so is too small a buffer");
}

static void row47(void)
{
	static const struct {
		const char *dst, *src, *rule;
	} table[] = {
		{"2001:db8:1::1", "2001:db8:1::1", "1, the address itself"},
		{"2001:db8:1::99", "2001:db8:1::1", "8, longest prefix"},
		{"2001:db8:2::99", "2001:db8:2::1", "8, longest prefix"},
		{"fd00::99", "fd00::1", "6, label of unique local"},
		{"2002:c633:6401::5", "2002:c633:6401::1", "6, label of 6to4"},
	};
	struct ip_addr any = {{0}}, router;

	w = wire_open(0);
	add6("2001:db8:1::1", 64);
	add6("2001:db8:2::1", 64);
	add6("2002:c633:6401::1", 64);
	inet_pton(AF_INET6, "fe80::99", &router);
	lwip_add_route(w->stack, &any, &any, &router, w->netif, 0);
	wire_advance(w, 3000);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		ok(!strcmp(source_for(table[i].dst), table[i].src), "row 47: to %s rule %s",
		   table[i].dst, table[i].rule);
	ok(!strncmp(source_for("fe80::5"), "fe80:", 5), "row 47: to fe80::5 rule 2, scope");
	/* Destinations, section 6. */
	static const char *const given[] = {"2001:db8:ffff::1",	 "10.0.0.9",	  "fd00::9",
					    "2002:c633:6401::9", "2001:db8:2::9", "fe80::9"},
				 *const sorted[] = {"fe80::9",		 "2001:db8:2::9",
						    "2001:db8:ffff::1",	 "10.0.0.9",
						    "2002:c633:6401::9", "fd00::9"};
	struct ip_addr list[6];
	char text[64];

	for (int i = 0; i < 6; i++)
		lwip_pton(given[i], &list[i]);
	lwip_sort_destinations(w->stack, list, 6);
	for (int i = 0; i < 6; i++)
		ok(!strcmp(lwip_ntop(&list[i], text, sizeof(text)), sorted[i]),
		   "row 47: destination %d is %s (%s)", i + 1, sorted[i], text);
	wire_close(w);
	/* What cannot be reached comes last. */
	w = wire_open(0);
	lwip_pton("2001:db8::1", &list[0]);
	lwip_pton("10.0.0.9", &list[1]);
	lwip_sort_destinations(w->stack, list, 2);
	ok(!strcmp(lwip_ntop(&list[0], text, sizeof(text)), "10.0.0.9"),
	   "row 47: rule 1, an unreachable destination is the last");
	wire_close(w);
	/* Rule 3: a deprecated source is avoided. */
	w = wire_open_bare(0, NETIF_FLAG_AUTOCONF);
	lwip_ifup(w->netif);
	wire_advance(w, 3000);
	uint8_t two[64];

	advertise("fe80::99", 1800, 0, two,
		  put_prefix(two, "2001:db8:a::", 0xc0, 7200, 0) +
			  put_prefix(two + 32, "2001:db8:b::", 0xc0, 7200, 7200));
	wire_advance(w, 3000);
	ok(has_source("2001:db8:a::99", "2001:db8:b:"),
	   "row 47: rule 3, a deprecated address is avoided");
	wire_close(w);
}

static void row54(void)
{
	uint64_t times[6];
	int n = 0;

	w = wire_open_bare(0, NETIF_FLAG_AUTOCONF);
	lwip_ifup(w->netif);
	wire_advance(w, 120000);
	while (n < 6 && icmp6_take(w, ND_ROUTER_SOLICIT, &s))
		times[n++] = s.frame->time / MS;
	ok(n >= 4 && times[2] - times[1] > (times[1] - times[0]) * 3 / 2,
	   "row 54: router solicitations back off");
	advertise_router(1800, 0, 1, 1);
	wire_drop(w);
	wire_advance(w, 600000);
	ok(!icmp6_take(w, ND_ROUTER_SOLICIT, &s), "row 54: and end when a router answers");
	wire_close(w);
	/* RFC 7048: a neighbour that stops to answer is asked by multicast as well, less and less
	 * often. */
	struct sockaddr_in6 to = name6(peer6, 9);
	int unicast = 0, multicast = 0;
	uint64_t last = 0, gap = 0;
	bool patient = true;

	w = wire_open(0);
	int fd = udp_on(w, true, 7);

	lwip_sendto(fd, "x", 1, 0, (void *)&to, sizeof(to));
	wire_advance(w, 60000);
	w->quiet = true;
	wire_drop(w);
	lwip_sendto(fd, "x", 1, 0, (void *)&to, sizeof(to));
	for (int i = 0; i < 40; i++) {
		lwip_sendto(fd, "x", 1, 0, (void *)&to, sizeof(to));
		wire_advance(w, 1000);
		while (icmp6_take(w, ND_NEIGHBOR_SOLICIT, &s)) {
			if (memcmp(&s.ip6->ip6_dst, "\xff\x02", 2)) {
				unicast++;
			} else if (++multicast <= 3) {
				patient &= multicast == 1 || s.frame->time - last > gap;
				gap = multicast > 1 ? s.frame->time - last : 0;
				last = s.frame->time;
			}
		}
	}
	ok(unicast == 3, "row 54: three probes go to the neighbour alone (%d)", unicast);
	ok(multicast >= 3 && patient, "row 54: then they go to all, with growing pauses (%d)",
	   multicast);
	wire_close(w);
}

static void row55(void)
{
	uint8_t o[64];

	w = wire_open_bare(0, NETIF_FLAG_AUTOCONF);
	lwip_ifup(w->netif);
	wire_advance(w, 3000);
	put_prefix(o, "2001:db8::", 0x40, 7200, 7200);
	advertise("fe80::a", 1800, 0, o, 32);
	wire_advance(w, 3000);
	ok(router_for("2001:db8:9::1") == 'a', "row 55: the only router is used");
	advertise("fe80::b", 1800, 1, NULL, 0); /* high */
	advertise("fe80::c", 1800, 3, NULL, 0); /* low */
	/* The prefix is a's: without a source from it the preference decides. */
	put_prefix(o, "2001:db8::", 0x40, 7200, 7200);
	advertise("fe80::b", 1800, 1, o, 32);
	ok(router_for("2001:db8:9::1") == 'b', "row 55: one of high preference is preferred");
	uint8_t info[24] = {24, 3, 48, 0};
	uint32_t life = htonl(600);

	memcpy(info + 4, &life, 4);
	inet_pton(AF_INET6, "2001:db8:7::", info + 8);
	advertise("fe80::c", 1800, 3, info, 24);
	ok(router_for("2001:db8:7::1") == 'c', "row 55: route information leads to its router");
	ok(router_for("2001:db8:9::1") == 'b', "row 55: and other destinations do not follow");
	wire_advance(w, 601000);
	advertise("fe80::b", 1800, 1, o, 32);
	ok(router_for("2001:db8:7::1") == 'b', "row 55: it ends with its lifetime");
	memset(info + 4, 0, 4);
	advertise("fe80::b", 0, 0, NULL, 0);
	wire_advance(w, 10);
	advertise("fe80::a", 1800, 0, NULL, 0);
	ok(router_for("2001:db8:9::1") == 'a', "row 55: lifetime 0 takes a router away");
	/* Preference 2 is reserved: read as medium. */
	advertise("fe80::d", 1800, 2, NULL, 0);
	ok(router_for("2001:db8:9::1") == 'a', "row 55: the reserved preference counts as medium");
	wire_close(w);
	/* RFC 8028: each source goes through the router that announced its prefix. */
	w = wire_open_bare(0, NETIF_FLAG_AUTOCONF);
	lwip_ifup(w->netif);
	wire_advance(w, 3000);
	put_prefix(o, "2001:db8:a::", 0x40, 7200, 7200);
	advertise("fe80::a", 1800, 0, o, 32);
	put_prefix(o, "2001:db8:b::", 0x40, 7200, 7200);
	advertise("fe80::b", 1800, 0, o, 32);
	wire_advance(w, 3000);
	for (const char *net = "ab"; *net; net++) {
		struct sockaddr_in6 from, to = name6("2001:db8:9::1", 9);
		socklen_t len = sizeof(from);
		char near[] = "2001:db8:a::9";
		int fd = udp_on(w, true, 0), probe = udp_on(w, true, 0);

		near[9] = *net;
		struct sockaddr_in6 here = name6(near, 9);

		lwip_connect(probe, (void *)&here, sizeof(here));
		lwip_getsockname(probe, (void *)&from, &len);
		lwip_close(fd);
		fd = lwip_msocket(w->stack, AF_INET6, SOCK_DGRAM, 0);
		from.sin6_port = 0;
		lwip_bind(fd, (void *)&from, sizeof(from));
		wire_drop(w);
		lwip_sendto(fd, "x", 1, 0, (void *)&to, sizeof(to));
		ok(ip_take(w, IPPROTO_UDP, &s) && s.frame->data[5] == *net,
		   "row 55: a source of router %c goes through it", *net);
	}
	wire_close(w);
	/* Whoever is on the link cannot fill the memory. */
	w = wire_open_bare(0, NETIF_FLAG_AUTOCONF);
	lwip_ifup(w->netif);
	wire_advance(w, 3000);
	for (int i = 0; i < 2000; i++) {
		char router[32];

		snprintf(router, sizeof(router), "fe80::%x", i + 1);
		advertise(router, 1800, 0, NULL, 0);
	}
	advertise("fe80::1", 1800, 0, NULL, 0);
	ok(router_for("2001:db8:9::1") == '1', "row 55: two thousand routers are survived");
	wire_close(w);
}

static int servers(char *first)
{
	struct ip_addr list[4];
	int n = lwip_resolvers(w->stack, list, 4);

	*first = 0;
	if (n > 0)
		lwip_ntop(&list[0], first, 64);
	return n;
}

static void row56(void)
{
	uint8_t o[40] = {25, 5},
		names[40] = {31,  4,   0,   0, 0,   0,	 2,   88, 7, 'e', 'x', 'a', 'm',
			     'p', 'l', 'e', 3, 'o', 'r', 'g', 0,  3, 'l', 'a', 'n', 0};
	uint32_t life = htonl(600);
	char first[64];

	w = wire_open_bare(0, NETIF_FLAG_AUTOCONF);
	lwip_ifup(w->netif);
	wire_advance(w, 3000);
	memcpy(o + 4, &life, 4);
	inet_pton(AF_INET6, "2001:db8::53", o + 8);
	inet_pton(AF_INET6, "2001:db8::54", o + 24);
	advertise("fe80::a", 1800, 0, o, 40);
	ok(servers(first) == 2 && !strcmp(first, "2001:db8::53"),
	   "row 56: two name servers are learned (%s)", first);
	advertise("fe80::a", 1800, 0, names, 32);
	ok(lwip_search_domains(w->stack, buf, sizeof(buf)) && !strcmp(buf, "example.org lan"),
	   "row 56: and search domains (%s)", buf);
	names[9] = '$';
	names[5] = 1;
	advertise("fe80::a", 1800, 0, names, 32);
	lwip_search_domains(w->stack, buf, sizeof(buf));
	ok(!strchr(buf, '$'), "row 56: a name with strange characters is refused");
	wire_advance(w, 590000);
	ok(servers(first) == 2, "row 56: they stay for their lifetime");
	wire_advance(w, 20000);
	ok(servers(first) == 0, "row 56: and go with it");
	advertise("fe80::a", 1800, 0, o, 40);
	life = 0;
	memcpy(o + 4, &life, 4);
	o[1] = 3;
	advertise("fe80::a", 1800, 0, o, 24);
	ok(servers(first) == 1 && !strcmp(first, "2001:db8::54"),
	   "row 56: lifetime 0 removes a server");
	for (int i = 0; i < 200; i++) {
		o[7] = 100;
		o[23] = i;
		advertise("fe80::a", 1800, 0, o, 24);
	}
	ok(servers(first) <= 16, "row 56: their number is bounded (%d)", servers(first));
	lwip_ifdown(w->netif);
	ok(servers(first) == 0, "row 56: they go with the interface");
	wire_close(w);
}

static void row57(void)
{
	w = wire_open_bare(0, NETIF_FLAG_AUTOCONF);
	lwip_ifup(w->netif);
	wire_advance(w, 3000);
	bool probed = icmp6_take(w, ND_NEIGHBOR_SOLICIT, &s);

	ok(probed && s.len == 32 && s.payload[24] != 1 &&
		   !memcmp(&s.ip6->ip6_src, &in6addr_any, 16),
	   "row 57: the link-local address is probed from :: without a link address");
	advertise_router(1800, 0xc0, 86400, 14400);
	wire_advance(w, 3000);
	ok(has_source("2001:db8::5", "2001:db8:"), "row 57: a prefix gives an address");
	advertise_router(1800, 0xc0, 60, 60);
	wire_advance(w, 120000);
	ok(has_source("2001:db8::5", "2001:db8:"), "row 57: the two-hour rule protects it");
	wire_advance(w, 7200000);
	ok(!has_source("2001:db8::5", "2001:db8:"), "row 57: it ends with its lifetime");
	wire_close(w);
	/* Someone has the address already. */
	w = wire_open_bare(0, 0);
	add6("fd00::1", 64);
	w->quiet = true;
	lwip_ifup(w->netif);
	wire_advance(w, 2);
	uint8_t m[32] = {ND_NEIGHBOR_ADVERT, 0, 0, 0, 0x20};

	inet_pton(AF_INET6, "fd00::1", m + 8);
	m[24] = 2;
	m[25] = 1;
	memcpy(m + 26, peer_mac, 6);
	icmp6_send(w, "fd00::1", "ff02::1", 255, m, 32);
	wire_advance(w, 2000);
	wire_drop(w);
	uint8_t echo[8] = {ICMP6_ECHO_REQUEST};

	icmp6_send(w, "fd00::2", "fd00::1", 64, echo, 8);
	ok(!icmp6_take(w, ICMP6_ECHO_REPLY, &s), "row 57: a duplicate address is not used");
	wire_close(w);
}

/* An advertised address while it is tested: answered for, used, but put into no neighbour's cache.
 */
static void optimistic(void)
{
	char text[64], group[64];
	uint8_t ns[32] = {ND_NEIGHBOR_SOLICIT}, echo[8] = {ICMP6_ECHO_REQUEST}, o[32] = {0};
	bool gentle = true, answered = false;

	w = wire_open_bare(LWIP_STACK_FLAG_OPTIMISTIC, NETIF_FLAG_AUTOCONF);
	lwip_ifup(w->netif);
	wire_advance(w, 5000);
	wire_drop(w);
	put_prefix(o, "fd00:58::", 0xc0, 7200, 7200);
	advertise("fe80::2", 1800, 0, o, 32);
	/* The probe tells that the test is under way. */
	for (int i = 0; i < 2000 && !icmp6_take(w, ND_NEIGHBOR_SOLICIT, &s); i++)
		wire_advance(w, 1);
	inet_ntop(AF_INET6, s.payload + 8, text, sizeof(text));
	inet_ntop(AF_INET6, &s.ip6->ip6_dst, group, sizeof(group));
	memcpy(ns + 8, s.payload + 8, 16);
	ns[24] = ns[25] = 1;
	memcpy(ns + 26, peer_mac, 6);
	icmp6_send(w, "fe80::2", group, 255, ns, 32);
	while (icmp6_take(w, ND_NEIGHBOR_ADVERT, &s)) {
		answered = true;
		gentle &= !(s.payload[4] & 0x20);
	}
	ok(answered && gentle, "row 58: an optimistic address is answered for without override");
	icmp6_send(w, "fe80::2", text, 64, echo, 8);
	ok(icmp6_take(w, ICMP6_ECHO_REPLY, &s), "row 58: and used");
	wire_drop(w);
	icmp6_send(w, "fd00:58::77", text, 64, echo, 8);
	ok(!icmp6_take(w, ND_NEIGHBOR_SOLICIT, &s), "row 58: but resolves nobody's address");
	ns[24] = ns[25] = 0;
	icmp6_send(w, "::", group, 255, ns, 24);
	wire_drop(w);
	icmp6_send(w, "fe80::2", text, 64, echo, 8);
	ok(!icmp6_take(w, ICMP6_ECHO_REPLY, &s),
	   "row 58: when another tests it as well it is gone");
	wire_close(w);
}

/* Our own probe for the link-local address, sent back by the link. */
static void row58(void)
{
	struct frame copy;
	uint8_t mine[128], other[128];

	w = wire_open_bare(0, 0);
	lwip_ifup(w->netif);
	for (int i = 0; i < 2000 && !icmp6_take(w, ND_NEIGHBOR_SOLICIT, &s); i++)
		wire_advance(w, 1);
	copy = *s.frame;
	ok(s.len == 32 && s.payload[24] == 14, "row 58: a probe carries a nonce");
	memcpy(mine, copy.data, copy.len);
	memcpy(other, copy.data, copy.len);
	wire_input(w, mine, copy.len);
	wire_advance(w, 3000);
	ok(has_source("fe80::5", "fe80:"), "row 58: our own probe coming back is no conflict");
	wire_close(w);
	w = wire_open_bare(0, 0);
	lwip_ifup(w->netif);
	for (int i = 0; i < 2000 && !icmp6_take(w, ND_NEIGHBOR_SOLICIT, &s); i++)
		wire_advance(w, 1);
	/* Another nonce: somebody else's probe. */
	uint8_t m[32];
	struct in6_addr target;
	char text[64], group[64];

	memcpy(m, s.payload, 32);
	memcpy(&target, m + 8, 16);
	m[2] = m[3] = 0;
	m[30] ^= 0x55;
	inet_ntop(AF_INET6, &target, text, sizeof(text));
	inet_ntop(AF_INET6, &s.ip6->ip6_dst, group, sizeof(group));
	icmp6_send(w, "::", group, 255, m, 32);
	wire_advance(w, 3000);
	ok(strcmp(source_for("fe80::5"), text),
	   "row 58: another's probe is one, and another address is taken");
	wire_close(w);
	optimistic();
}

/* Whether a solicitation for @address is answered. */
static bool answers_for(const char *address)
{
	uint8_t m[32] = {ND_NEIGHBOR_SOLICIT};

	inet_pton(AF_INET6, address, m + 8);
	m[24] = m[25] = 1;
	memcpy(m + 26, peer_mac, 6);
	wire_drop(w);
	icmp6_send(w, "fe80::77", address, 255, m, sizeof(m));
	return icmp6_take(w, ND_NEIGHBOR_ADVERT, &s);
}

static void row59(void)
{
	char first[64];

	w = wire_open_bare(0, NETIF_FLAG_AUTOCONF);
	lwip_ifup(w->netif);
	wire_advance(w, 3000);
	advertise_router(1800, 0xc0, 86400, 14400);
	wire_advance(w, 3000);
	strcpy(first, source_for("2001:db8::5"));
	ok(!strstr(first, "ff:fe"), "row 59: the identifier is opaque (%s)", first);
	lwip_ifdown(w->netif);
	lwip_ifup(w->netif);
	wire_advance(w, 3000);
	advertise_router(1800, 0xc0, 86400, 14400);
	wire_advance(w, 3000);
	ok(!strcmp(first, source_for("2001:db8::5")), "row 59: and stable");
	wire_close(w);
	/* RFC 8981 */
	char temporary[64], later[64];

	w = wire_open_bare(LWIP_STACK_FLAG_TEMPORARY, NETIF_FLAG_AUTOCONF);
	lwip_ifup(w->netif);
	wire_advance(w, 3000);
	for (int i = 0; i < 3; i++) {
		advertise_router(1800, 0xc0, 86400 * 7, 86400 * 4);
		wire_advance(w, 3000);
	}
	strcpy(temporary, source_for("2001:db8::5"));
	ok(strcmp(temporary, first) && !strncmp(temporary, "2001:db8:", 9),
	   "row 59: a temporary address is preferred as source (%s)", temporary);
	wire_advance(w, 12 * 3600 * 1000);
	advertise_router(1800, 0xc0, 86400 * 7, 86400 * 4);
	ok(!strcmp(source_for("2001:db8::5"), temporary), "row 59: for half a day at least");
	for (int i = 0; i < 24; i++) {
		wire_advance(w, 1800 * 1000);
		advertise_router(1800, 0xc0, 86400 * 7, 86400 * 4);
	}
	wire_advance(w, 10000);
	strcpy(later, source_for("2001:db8::5"));
	ok(strcmp(later, temporary), "row 59: after a day another one (%s)", later);
	ok(answers_for(temporary), "row 59: the old one still answers");
	for (int i = 0; i < 60; i++) {
		wire_advance(w, 1800 * 1000);
		advertise_router(1800, 0xc0, 86400 * 7, 86400 * 4);
	}
	ok(!answers_for(temporary), "row 59: and is gone after two days");
	wire_close(w);
}

static void row60(void)
{
	struct sockaddr_in6 to = name6("2001:db8::5", 9);

	w = wire_open_bare(0, NETIF_FLAG_AUTOCONF);
	lwip_ifup(w->netif);
	wire_advance(w, 3000);
	advertise_router(1800, 0x40, 86400, 14400); /* A without L */
	wire_advance(w, 3000);
	wire_drop(w);
	int fd = udp_on(w, true, 7);

	lwip_sendto(fd, "x", 1, 0, (void *)&to, sizeof(to));
	bool asked = icmp6_take(w, ND_NEIGHBOR_SOLICIT, &s);
	struct in6_addr router;

	inet_pton(AF_INET6, "fe80::99", &router);
	ok(asked && !memcmp(s.payload + 8, &router, 16),
	   "row 60: without L the neighbour is reached through the router");
	wire_close(w);
}

int main(void)
{
	row46();
	row47();
	row54();
	row55();
	row56();
	row57();
	row58();
	row59();
	row60();
	return done_testing();
}
