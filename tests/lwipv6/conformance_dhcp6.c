/* SPDX-License-Identifier: GPL-2.0-only */
/* Conformance of the DHCPv6 client (row 65) on a virtual clock: the test is router and servers. */
#include "tests/lwipv6/wire.h"

#define SECOND 1000

enum {
	SOLICIT = 1,
	ADVERTISE,
	REQUEST,
	CONFIRM,
	RENEW,
	REBIND,
	REPLY,
	RELEASE,
	DECLINE,
	INFORMATION = 11
};

static struct wire *w;

struct message {
	uint8_t data[1200];
	size_t len;
	uint64_t time;
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
};

static int option_in(const uint8_t *at, size_t len, uint16_t code, const uint8_t **value)
{
	for (size_t i = 0; i + 4 <= len; i += 4 + (at[i + 2] << 8 | at[i + 3]))
		if ((at[i] << 8 | at[i + 1]) == code) {
			*value = at + i + 4;
			return at[i + 2] << 8 | at[i + 3];
		}
	return -1;
}

static int option(const struct message *m, uint16_t code, const uint8_t **value)
{
	return option_in(m->data + 4, m->len - 4, code, value);
}

static bool take(struct message *m)
{
	struct seen s;

	while (ip_take(w, IPPROTO_UDP, &s)) {
		if (!s.v6 || (s.payload[2] << 8 | s.payload[3]) != 547 ||
		    (s.payload[0] << 8 | s.payload[1]) != 546)
			continue;
		m->len = s.len - 8;
		memcpy(m->data, s.payload + 8, m->len);
		m->time = s.frame->time;
		inet_ntop(AF_INET6, &s.ip6->ip6_src, m->src, sizeof(m->src));
		inet_ntop(AF_INET6, &s.ip6->ip6_dst, m->dst, sizeof(m->dst));
		return true;
	}
	return false;
}

static bool take_type(struct message *m, int type)
{
	return take(m) && m->data[0] == type;
}

/* Whether the IA of a message names an address. */
static bool names(const struct message *m, const char *addr)
{
	const uint8_t *ia, *a;
	struct in6_addr want;
	int len = option(m, 3, &ia);

	inet_pton(AF_INET6, addr, &want);
	return len >= 12 && option_in(ia + 12, len - 12, 5, &a) >= 24 && !memcmp(a, &want, 16);
}

static bool to_server(const struct message *m, uint8_t server)
{
	const uint8_t *id;

	return option(m, 2, &id) == 10 && id[9] == server;
}

struct answer {
	uint8_t type, server; /* the last byte of its DUID */
	const char *address, *second;
	uint32_t preferred, valid, t1, t2;
	int preference, ia_status, status; /* -1 = none */
	bool rapid;
	const void *extra;
	size_t extra_len;
};

static const struct answer advertise = {.type = ADVERTISE,
					.server = 1,
					.address = "2001:db8::50",
					.preferred = 1000,
					.valid = 2000,
					.t1 = 400,
					.t2 = 700,
					.preference = -1,
					.ia_status = -1,
					.status = -1};

static uint8_t *put16(uint8_t *at, uint16_t v)
{
	at[0] = v >> 8;
	at[1] = v;
	return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t v)
{
	return put16(put16(at, v >> 16), v);
}

static uint8_t *put_address(uint8_t *at, const struct answer *a, const char *text)
{
	at = put16(put16(at, 5), 24);
	inet_pton(AF_INET6, text, at);
	return put32(put32(at + 16, a->preferred), a->valid);
}

static void answer(const struct message *to, const struct answer *a)
{
	struct ip_packet ip = {.v6 = true, .src = "fe80::99", .dst = to->src, .proto = IPPROTO_UDP};
	uint8_t u[1300] = {0}, *m = u + 8, *at = m + 4, *length, s[16], d[16];
	const uint8_t *v;
	uint16_t sum;
	int len;

	memcpy(m, to->data, 4);
	m[0] = a->type;
	len = option(to, 1, &v);
	at = put16(put16(at, 1), len);
	memcpy(at, v, len);
	at = put16(put16(at + len, 2), 10);
	memcpy(at, "\0\3\0\1\2\0\0\0\0", 9);
	at[9] = a->server;
	at += 10;
	if (a->address || a->ia_status >= 0) {
		at = put16(at, 3);
		length = at;
		at += 2;
		option(to, 3, &v);
		memcpy(at, v, 4);
		at = put32(put32(at + 4, a->t1), a->t2);
		if (a->address)
			at = put_address(at, a, a->address);
		if (a->second)
			at = put_address(at, a, a->second);
		if (a->ia_status >= 0)
			at = put16(put16(put16(at, 13), 2), a->ia_status);
		put16(length, at - length - 2);
	}
	if (a->preference >= 0) {
		at = put16(put16(at, 7), 1);
		*at++ = a->preference;
	}
	if (a->status >= 0)
		at = put16(put16(put16(at, 13), 2), a->status);
	if (a->rapid)
		at = put16(put16(at, 14), 0);
	if (a->extra_len)
		memcpy(at, a->extra, a->extra_len);
	at += a->extra_len;
	put16(put16(put16(u, 547), 546), at - u);
	inet_pton(AF_INET6, "fe80::99", s);
	inet_pton(AF_INET6, to->src, d);
	sum = transport_sum(true, s, d, IPPROTO_UDP, u, at - u);
	memcpy(u + 6, &sum, 2);
	ip_send(w, &ip, u, at - u);
}

static void router_advertisement(uint8_t flags)
{
	uint8_t ra[16] = {ND_ROUTER_ADVERT, 0, 0, 0, 64, flags, 7, 8};

	icmp6_send(w, "fe80::99", "ff02::1", 255, ra, sizeof(ra));
}

static struct lwip_dhcp_status status(void)
{
	struct lwip_dhcp_status s;

	lwip_dhcp_status(w->netif, AF_INET6, &s, sizeof(s));
	return s;
}

/* Whether the stack answers neighbour solicitations for an address. */
static bool answers(const char *addr)
{
	uint8_t ns[32] = {ND_NEIGHBOR_SOLICIT};
	char group[INET6_ADDRSTRLEN];
	struct in6_addr target;
	struct seen s;

	inet_pton(AF_INET6, addr, &target);
	memcpy(ns + 8, &target, 16);
	memcpy(ns + 24, "\1\1", 2);
	memcpy(ns + 26, peer_mac, 6);
	snprintf(group, sizeof(group), "ff02::1:ff%02x:%02x%02x", target.s6_addr[13],
		 target.s6_addr[14], target.s6_addr[15]);
	wire_drop(w);
	icmp6_send(w, "fe80::99", group, 255, ns, sizeof(ns));
	return icmp6_take(w, ND_NEIGHBOR_ADVERT, &s);
}

static void start(int flags)
{
	w = wire_open_bare(0, NETIF_FLAG_AUTOCONF);
	w->quiet = true;
	lwip_ifup_flags(w->netif, flags);
}

/* The stack solicits: the first message. */
static bool first(struct message *m, int type)
{
	for (int i = 0; i < 60; i++) {
		wire_advance(w, 100);
		if (take(m))
			return m->data[0] == type;
	}
	return false;
}

/* A client has chosen us: *m is its Request. */
static void chosen(const struct answer *how, struct message *m)
{
	struct answer a = *how;

	start(NETIF_FLAG_DHCP6);
	first(m, SOLICIT);
	a.preference = 255;
	answer(m, &a);
	take(m);
}

static void acquire(const struct answer *how, struct message *m)
{
	struct answer a = *how;

	a.type = ADVERTISE;
	chosen(&a, m);
	a.type = REPLY;
	answer(m, &a);
	wire_advance(w, 3 * SECOND);
	wire_drop(w);
}

static void exchange(void)
{
	struct message m, r;
	const uint8_t *v;
	struct answer a = advertise, b = advertise;

	start(NETIF_FLAG_DHCP6);
	ok(first(&m, SOLICIT) && !strcmp(m.dst, "ff02::1:2") && !strncmp(m.src, "fe80:", 5),
	   "row 65: Solicit goes from the link-local address to all servers");
	ok(option(&m, 1, &v) == 10 && !memcmp(v, "\0\3\0\1\2\0\0\0\0\1", 10),
	   "row 65: with a DUID of the link address");
	ok(option(&m, 3, &v) == 12 && option(&m, 14, &v) == 0 && option(&m, 8, &v) == 2,
	   "row 65: an IA, rapid commit, elapsed time");
	int n = option(&m, 6, &v), dns = 0;

	for (int i = 0; i + 1 < n; i += 2)
		dns |= v[i + 1] == 23 ? 1 : v[i + 1] == 24 ? 2 : v[i + 1] == 82 ? 4 : 0;
	ok(dns == 7, "row 65: asks for DNS servers, search list, SOL_MAX_RT");
	a.preference = 10;
	b.preference = 20;
	b.server = 2;
	b.address = "2001:db8::60";
	answer(&m, &a);
	answer(&m, &b);
	wire_advance(w, 100);
	ok(!take(&r), "row 65: advertisements are collected for the first second");
	wire_advance(w, 1100);
	ok(take_type(&r, REQUEST) && to_server(&r, 2) && names(&r, "2001:db8::60"),
	   "row 65: the most preferred server is asked");
	a.type = REPLY;
	a.server = 2;
	a.address = "2001:db8::60";
	a.preference = -1;
	struct message strange = r;

	strange.data[3] ^= 1;
	answer(&strange, &a);
	ok(status().state == LWIP_DHCP_REQUESTING,
	   "row 65: a reply of another exchange is ignored");
	answer(&r, &a);
	ok(status().state == LWIP_DHCP_BOUND, "row 65: bound");
	wire_advance(w, 3 * SECOND);
	ok(answers("2001:db8::60"), "row 65: the address is in use after duplicate detection");
	lwip_ifdown(w->netif);
	ok(take_type(&m, RELEASE) && to_server(&m, 2) && names(&m, "2001:db8::60"),
	   "row 65: ifdown releases");
	wire_close(w);

	start(NETIF_FLAG_DHCP6);
	first(&m, SOLICIT);
	a = advertise;
	a.preference = 255;
	answer(&m, &a);
	ok(take_type(&r, REQUEST), "row 65: preference 255 ends the waiting");
	wire_close(w);
	start(NETIF_FLAG_DHCP6);
	first(&m, SOLICIT);
	a = advertise;
	a.type = REPLY;
	answer(&m, &a);
	ok(status().state == LWIP_DHCP_SELECTING,
	   "row 65: a Reply without rapid commit does not answer a Solicit");
	a.rapid = true;
	answer(&m, &a);
	ok(status().state == LWIP_DHCP_BOUND, "row 65: with it it does");
	wire_close(w);
}

static void retransmission(void)
{
	struct message m;
	uint64_t times[6];
	bool good = true;
	struct answer none = advertise;

	start(NETIF_FLAG_DHCP6);
	first(&m, SOLICIT);
	times[0] = m.time / MS;
	wire_advance(w, 40 * SECOND);
	for (int i = 1; i < 5 && take(&m); i++)
		times[i] = m.time / MS;
	for (int i = 0; i < 4; i++) {
		/* Time advances in steps of up to 50 ms here. */
		double gap = times[i + 1] - times[i], before = i ? times[i] - times[i - 1] : 0,
		       low = i ? 1.9 * before - 150 : 1000, high = i ? 2.1 * before + 150 : 1150;

		good &= gap >= low && gap <= high;
	}
	ok(good, "row 65: Solicit after 1, 2, 4, 8 s, a tenth at random");
	const uint8_t *v;

	ok(option(&m, 8, &v) == 2 && (v[0] << 8 | v[1]) > 1000,
	   "row 65: elapsed time counts in hundredths");
	/* NoAddrsAvail, and SOL_MAX_RT 100 s */
	wire_drop(w);
	none.address = NULL;
	none.ia_status = 2;
	none.extra = "\0\x52\0\4\0\0\0\x64";
	none.extra_len = 8;
	answer(&m, &none);
	wire_advance(w, 1000 * SECOND);
	uint64_t last = 0, widest = 0;

	while (take(&m)) {
		if (last && m.time - last > widest)
			widest = m.time - last;
		last = m.time;
	}
	ok(status().state == LWIP_DHCP_SELECTING,
	   "row 65: a server without addresses is not chosen");
	ok(widest / MS > 85000 && widest / MS <= 111000, "row 65: but its SOL_MAX_RT counts: %d s",
	   (int)(widest / MS / 1000));
	wire_close(w);
}

static void timers(void)
{
	struct message m;
	struct answer reply = advertise;

	reply.type = REPLY;
	acquire(&advertise, &m);
	struct lwip_dhcp_status s = status();

	ok(s.renew <= 400 && s.renew > 390 && s.rebind <= 700 && s.expire <= 2000,
	   "row 65: T1, T2, lifetimes: %u %u %u", s.renew, s.rebind, s.expire);
	wire_advance(w, 390 * SECOND);
	ok(!take(&m), "row 65: silent until T1");
	wire_advance(w, 10 * SECOND);
	ok(take_type(&m, RENEW) && to_server(&m, 1) && names(&m, "2001:db8::50"),
	   "row 65: Renew to its server at T1");
	uint64_t first_time = m.time;

	wire_advance(w, 12 * SECOND);
	ok(take_type(&m, RENEW) && (m.time - first_time) / MS >= 9000 &&
		   (m.time - first_time) / MS <= 11000,
	   "row 65: again after 10 s");
	wire_advance(w, 290 * SECOND);
	bool rebind = false;
	const uint8_t *v;

	while (take(&m))
		rebind |= m.data[0] == REBIND && option(&m, 2, &v) < 0;
	ok(rebind && status().state == LWIP_DHCP_REBINDING,
	   "row 65: Rebind to all servers from T2 on");
	reply.server = 3;
	answer(&m, &reply);
	ok(status().state == LWIP_DHCP_BOUND && status().expire > 1990,
	   "row 65: another server's Reply extends the lease");
	wire_advance(w, 1100 * SECOND);
	ok(answers("2001:db8::50"), "row 65: deprecated it is still there");
	wire_advance(w, 1000 * SECOND);
	ok(!answers("2001:db8::50") && status().state == LWIP_DHCP_SELECTING,
	   "row 65: at its end the address goes and the client begins anew");
	wire_close(w);

	reply = advertise;
	reply.t1 = reply.t2 = 0;
	acquire(&reply, &m);
	s = status();
	ok(s.renew <= 500 && s.renew > 490 && s.rebind <= 800 && s.rebind > 790,
	   "row 65: T1 and T2 of zero: a half and eight tenths of the preferred lifetime");
	wire_close(w);
	reply.preferred = reply.valid = UINT32_MAX;
	acquire(&reply, &m);
	wire_advance(w, 50000 * SECOND);
	ok(!take(&m) && status().expire == UINT32_MAX, "row 65: infinite lifetimes");
	wire_close(w);
}

static void refusals(void)
{
	struct message m;
	struct answer a = advertise;

	acquire(&advertise, &m);
	wire_advance(w, 400 * SECOND);
	take(&m);
	a.type = REPLY;
	a.address = NULL;
	a.ia_status = 3;
	answer(&m, &a);
	ok(take_type(&m, REQUEST) && names(&m, "2001:db8::50"),
	   "row 65: NoBinding: the same is requested anew");
	a = advertise;
	a.type = REPLY;
	a.address = "2001:db8::51";
	answer(&m, &a);
	wire_advance(w, 3 * SECOND);
	ok(answers("2001:db8::51") && answers("2001:db8::50"),
	   "row 65: an address that the Reply does not name stays");
	wire_drop(w);
	wire_advance(w, 400 * SECOND);
	ok(take_type(&m, RENEW) && option(&m, 3, &(const uint8_t *){0}) == 12 + 2 * 28,
	   "row 65: and is renewed with the other");
	a.valid = a.preferred = 0;
	a.address = "2001:db8::50";
	answer(&m, &a);
	ok(!answers("2001:db8::50") && answers("2001:db8::51"),
	   "row 65: until its lifetime is said to be 0");
	wire_close(w);

	chosen(&advertise, &m);
	a = advertise;
	a.type = REPLY;
	a.address = NULL;
	a.ia_status = -1;
	a.status = 4;
	answer(&m, &a);
	ok(first(&m, SOLICIT), "row 65: NotOnLink: from the beginning");
	wire_close(w);

	/* Somebody has the address. */
	chosen(&advertise, &m);
	a = advertise;
	a.type = REPLY;
	answer(&m, &a);
	struct seen s;
	bool probed = false;

	for (int i = 0; i < 20 && !probed; i++) {
		wire_advance(w, 100);
		while (icmp6_take(w, ND_NEIGHBOR_SOLICIT, &s))
			probed |= !memcmp(s.payload + 8, "\x20\x01\x0d\xb8", 4);
	}
	ok(probed, "row 65: duplicate detection is done for a leased address");
	uint8_t na[32] = {ND_NEIGHBOR_ADVERT, 0, 0, 0, 0x20};

	inet_pton(AF_INET6, "2001:db8::50", na + 8);
	memcpy(na + 24, "\2\1", 2);
	memcpy(na + 26, peer_mac, 6);
	icmp6_send(w, "2001:db8::50", "ff02::1", 255, na, sizeof(na));
	wire_advance(w, 2);
	ok(take_type(&m, DECLINE) && to_server(&m, 1) && names(&m, "2001:db8::50"),
	   "row 65: a duplicate is declined");
	a.address = NULL;
	answer(&m, &a);
	ok(first(&m, SOLICIT), "row 65: then from the beginning");
	wire_close(w);
}

static void stateless(void)
{
	/* DNS fd00::53, search lab.example, refresh after 700 s */
	static const char extra[] = "\0\x17\0\x10\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x53"
				    "\0\x18\0\x0d\x03lab\x07"
				    "example\0"
				    "\0\x20\0\4\0\0\2\xbc";
	struct answer a = {.type = REPLY,
			   .server = 1,
			   .preference = -1,
			   .ia_status = -1,
			   .status = -1,
			   .extra = extra,
			   .extra_len = sizeof(extra) - 1};
	struct ip_addr servers[2];
	char domains[64];
	struct message m;

	start(0);
	wire_advance(w, 5 * SECOND);
	router_advertisement(0);
	wire_advance(w, 5 * SECOND);
	ok(!take(&m), "row 65: without the flags of a router nothing is asked");
	router_advertisement(0x40);
	ok(first(&m, INFORMATION), "row 65: the O flag: Information-request");
	const uint8_t *v;

	ok(option(&m, 3, &v) < 0, "row 65: without an IA");
	answer(&m, &a);
	ok(lwip_resolvers(w->stack, servers, 2) == 1 && servers[0].addr[3] == htonl(0x53),
	   "row 65, row 56: DNS servers are readable");
	lwip_search_domains(w->stack, domains, sizeof(domains));
	ok(!strcmp(domains, "lab.example"), "row 65: search domains: %s", domains);
	wire_drop(w);
	wire_advance(w, 690 * SECOND);
	ok(!take(&m), "row 65: until the refresh time");
	wire_advance(w, 12 * SECOND);
	ok(take_type(&m, INFORMATION), "row 65: asked again then");
	answer(&m, &a);
	wire_drop(w);
	router_advertisement(0x80);
	ok(first(&m, SOLICIT), "row 65: the M flag: addresses as well");
	wire_close(w);
}

int main(void)
{
	exchange();
	retransmission();
	timers();
	refusals();
	stateless();
	return done_testing();
}
