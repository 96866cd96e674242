/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conformance of the DHCPv4 client (row 64) on a virtual clock: the test is the server, and the
 * host that already has an address.
 */
#include "tests/lwipv6/wire.h"

#define SECOND 1000

static struct wire *w;

struct message {
	uint8_t data[600];
	size_t len;
	char src[16], dst[16];
	uint64_t time;
};

enum { DISCOVER = 1, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE };

/* Option @code of a message: its length, -1 when absent. */
static int option(const struct message *m, uint8_t code, const uint8_t **value)
{
	for (size_t i = 240; i + 1 < m->len && m->data[i] != 255; i += m->data[i] ? 2 + m->data[i + 1] : 1)
		if (m->data[i] == code) {
			*value = m->data + i + 2;
			return m->data[i + 1];
		}
	return -1;
}

static bool option_is(const struct message *m, uint8_t code, const char *addr)
{
	const uint8_t *v;
	struct in_addr a;

	inet_pton(AF_INET, addr, &a);
	return option(m, code, &v) == 4 && !memcmp(v, &a, 4);
}

static int type_of(const struct message *m)
{
	const uint8_t *v;

	return option(m, 53, &v) == 1 ? v[0] : 0;
}

/* The next message of the client. */
static bool take(struct message *m)
{
	struct seen s;

	while (ip_take(w, IPPROTO_UDP, &s)) {
		if (s.v6 || s.payload[3] != 67 || s.payload[2])
			continue;
		m->len = s.len - 8;
		memcpy(m->data, s.payload + 8, m->len);
		inet_ntop(AF_INET, &s.ip4->saddr, m->src, sizeof(m->src));
		inet_ntop(AF_INET, &s.ip4->daddr, m->dst, sizeof(m->dst));
		m->time = s.frame->time;
		return s.payload[0] == 0 && s.payload[1] == 68;
	}
	return false;
}

static bool take_type(struct message *m, int type)
{
	return take(m) && type_of(m) == type;
}

struct answer {
	int type;
	const char *address, *server;
	uint32_t lease, t1, t2;
	const void *extra; /* more options, as bytes */
	size_t extra_len;
	const char *dst;   /* NULL = broadcast */
	const uint8_t *names; /* sname and file, 192 bytes */
};

static uint8_t *put(uint8_t *at, uint8_t code, uint8_t len, const void *v)
{
	*at++ = code;
	*at++ = len;
	memcpy(at, v, len);
	return at + len;
}

static void answer(const struct message *to, const struct answer *a)
{
	static const uint8_t all[6] = {255, 255, 255, 255, 255, 255};
	uint8_t u[8 + 600] = {0}, *m = u + 8, zero[192] = {0}, *at = m + 240, type = a->type;
	uint16_t head[4] = {htons(67), htons(68), 0, 0};
	uint32_t server, n;
	struct ip_packet ip = {.src = a->server, .dst = a->dst ? a->dst : "255.255.255.255", .proto = IPPROTO_UDP,
			       .to_mac = a->dst ? NULL : all};

	memcpy(m + 44, a->names ? a->names : zero, 192);
	m[0] = 2;
	m[1] = 1;
	m[2] = 6;
	memcpy(m + 4, to->data + 4, 4);
	memcpy(m + 28, to->data + 28, 16);
	memcpy(m + 236, "\x63\x82\x53\x63", 4);
	if (a->address)
		inet_pton(AF_INET, a->address, m + 16);
	inet_pton(AF_INET, a->server, &server);
	at = put(at, 53, 1, &type);
	at = put(at, 54, 4, &server);
	if (a->lease)
		at = put(at, 51, 4, (n = htonl(a->lease), &n));
	if (a->t1)
		at = put(at, 58, 4, (n = htonl(a->t1), &n));
	if (a->t2)
		at = put(at, 59, 4, (n = htonl(a->t2), &n));
	if (a->extra_len)
		memcpy(at, a->extra, a->extra_len);
	at += a->extra_len;
	*at++ = 255;
	head[2] = htons(at - u);
	memcpy(u, head, 8);
	ip_send(w, &ip, u, at - u);
}

static const struct answer offer = {.type = OFFER, .address = "10.0.0.50", .server = "10.0.0.2", .lease = 3600,
				    .extra = "\x01\x04\xff\xff\xff\x00\x03\x04\x0a\x00\x00\x09", .extra_len = 12};

static int state(void)
{
	struct lwip_dhcp_status s;

	lwip_dhcp_status(w->netif, AF_INET, &s, sizeof(s));
	return s.state;
}

static bool leased(const char *address)
{
	struct lwip_dhcp_status s;
	struct in_addr a;

	inet_pton(AF_INET, address, &a);
	lwip_dhcp_status(w->netif, AF_INET, &s, sizeof(s));
	return s.address.addr[3] == a.s_addr;
}

/* Whether the stack answers ARP for an address. */
static bool answers_arp(const char *address)
{
	uint8_t f[42] = {255, 255, 255, 255, 255, 255};
	struct frame *got;
	bool answered = false;

	memcpy(f + 6, peer_mac, 6);
	memcpy(f + 12, "\x08\x06\0\1\x08\0\6\4\0\1", 10);
	memcpy(f + 22, peer_mac, 6);
	inet_pton(AF_INET, "10.0.0.77", f + 28);
	inet_pton(AF_INET, address, f + 38);
	wire_drop(w);
	wire_input(w, f, sizeof(f));
	while ((got = wire_take(w)))
		answered |= got->data[12] == 8 && got->data[13] == 6 && got->data[21] == 2;
	return answered;
}

/* @sender on the link asks for @target: an announcement when they are the same, a probe from 0.0.0.0. */
static void arp_from(const char *sender, const char *target)
{
	uint8_t f[42] = {255, 255, 255, 255, 255, 255};

	memcpy(f + 6, peer_mac, 6);
	memcpy(f + 12, "\x08\x06\0\1\x08\0\6\4\0\1", 10);
	memcpy(f + 22, peer_mac, 6);
	inet_pton(AF_INET, sender, f + 28);
	inet_pton(AF_INET, target, f + 38);
	wire_input(w, f, sizeof(f));
}

static void start(void)
{
	w = wire_open_bare(0, 0);
	w->quiet = true;
	lwip_ifup_dhcp(w->netif);
}

/* A lease of 10.0.0.50, bound; *m is the REQUEST. */
static void acquire(const struct answer *how, struct message *m)
{
	struct answer a = *how;

	wire_advance(w, 1100);
	take(m);
	a.type = OFFER;
	answer(m, &a);
	take(m);
	a.type = ACK;
	answer(m, &a);
	wire_advance(w, 8 * SECOND);
	wire_drop(w);
}

static void messages(void)
{
	struct message m, r;
	const uint8_t *v;

	start();
	wire_advance(w, 1100);
	ok(take_type(&m, DISCOVER) && !strcmp(m.src, "0.0.0.0") && !strcmp(m.dst, "255.255.255.255"),
	   "row 64: DISCOVER goes from 0.0.0.0 to everybody");
	ok(m.len >= 300 && m.data[10] == 0x80, "row 64: with the broadcast flag, not shorter than BOOTP's 300 bytes");
	ok(option(&m, 61, &v) == 15 && v[0] == 255 && v[5] == 0 && v[6] == 3,
	   "row 64: the client identifier is IAID and DUID (RFC 4361)");
	ok(option(&m, 57, &v) == 2 && (v[0] << 8 | v[1]) == 1500, "row 64: says how long a message may be");
	int n = option(&m, 55, &v), routes = -1, router = -1;

	for (int i = 0; i < n; i++) {
		routes = v[i] == 121 ? i : routes;
		router = v[i] == 3 ? i : router;
	}
	ok(routes >= 0 && router > routes, "row 64: asks for classless routes before routers (RFC 3442)");
	/* Another server, that offers too late, and one for another exchange. */
	struct message strange = m;

	strange.data[7] ^= 1;
	answer(&strange, &offer);
	ok(state() == LWIP_DHCP_SELECTING, "row 64: another exchange's offer is ignored");
	answer(&m, &offer);
	ok(take_type(&r, REQUEST) && option_is(&r, 50, "10.0.0.50") && option_is(&r, 54, "10.0.0.2") &&
	   !memcmp(r.data + 12, "\0\0\0\0", 4) && !memcmp(r.data + 4, m.data + 4, 4) && !memcmp(r.data + 8, m.data + 8, 2),
	   "row 64: REQUEST names address and server, repeats xid and secs");
	struct answer other = offer;

	other.server = "10.0.0.8";
	other.type = NAK;
	answer(&r, &other);
	ok(state() == LWIP_DHCP_REQUESTING, "row 64: a refusal by the server not chosen is ignored");
	other = offer;
	other.type = ACK;
	answer(&r, &other);
	ok(state() == LWIP_DHCP_PROBING && !answers_arp("10.0.0.50"), "row 64: the address is not used before the probes");
	int probes = 0;
	uint64_t last = 0;
	bool spaced = true;

	for (int i = 0; i < 8; i++) {
		struct frame *f;

		wire_advance(w, SECOND);
		while ((f = wire_take(w)))
			if (f->data[12] == 8 && f->data[13] == 6 && !memcmp(f->data + 28, "\0\0\0\0", 4)) {
				spaced &= !last || (f->time - last >= 1000 * MS && f->time - last <= 2001 * MS);
				last = f->time;
				probes++;
			}
	}
	ok(probes == 3 && spaced, "row 64: three ARP probes, one to two seconds apart (RFC 5227): %d", probes);
	ok(state() == LWIP_DHCP_BOUND && leased("10.0.0.50") && answers_arp("10.0.0.50"), "row 64: then the address is in use");
	wire_close(w);
}

static void backoff(void)
{
	struct message m;
	bool good = true;

	start();
	uint64_t times[6] = {0};

	wire_advance(w, 130 * SECOND);
	for (int i = 0; i < 6 && take(&m); i++)
		times[i] = m.time / MS;
	for (int i = 0; i < 5; i++) {
		uint64_t gap = times[i + 1] - times[i], want = (4000ull << i) > 64000 ? 64000 : 4000ull << i;

		good &= gap + 1001 >= want && gap <= want + 1001;
	}
	ok(good, "row 64: 4, 8, 16, 32, 64 s, a second at random");
	wire_close(w);
}

static void timers(void)
{
	struct message m, r;
	struct answer ack = offer;
	struct lwip_dhcp_status s;

	start();
	acquire(&offer, &m);
	w->quiet = false; /* the wire resolves the server's address from now on */
	lwip_dhcp_status(w->netif, AF_INET, &s, sizeof(s));
	ok(s.renew > 1780 && s.renew <= 1800 && s.rebind > 3130 && s.rebind <= 3150 && s.expire <= 3600,
	   "row 64: T1 is a half, T2 seven eighths of the lease: %u %u %u", s.renew, s.rebind, s.expire);
	wire_advance(w, 1780 * SECOND);
	ok(!take(&m), "row 64: silent until T1");
	wire_advance(w, 20 * SECOND);
	ok(take_type(&r, REQUEST) && !strcmp(r.dst, "10.0.0.2") && !strcmp(r.src, "10.0.0.50") &&
	   !memcmp(r.data + 12, "\x0a\0\0\x32", 4) && !option_is(&r, 54, "10.0.0.2") && !option_is(&r, 50, "10.0.0.50"),
	   "row 64: at T1 REQUEST goes to the server alone, with ciaddr and no options for it");
	ok(state() == LWIP_DHCP_RENEWING, "row 64: RENEWING");
	uint64_t first = r.time, second;

	wire_advance(w, 700 * SECOND);
	ok(take_type(&r, REQUEST), "row 64: repeated");
	second = r.time;
	ok((second - first) / MS / SECOND > 600 && (second - first) / MS / SECOND < 720,
	   "row 64: after half of what is left until T2: %d s", (int)((second - first) / MS / SECOND));
	wire_advance(w, 680 * SECOND);
	bool rebinding = false;

	while (take(&r))
		rebinding |= !strcmp(r.dst, "255.255.255.255") && !strcmp(r.src, "10.0.0.50");
	ok(rebinding && state() == LWIP_DHCP_REBINDING, "row 64: from T2 on everybody is asked");
	ack.type = ACK;
	ack.server = "10.0.0.7";
	ack.dst = "10.0.0.50";
	answer(&r, &ack);
	lwip_dhcp_status(w->netif, AF_INET, &s, sizeof(s));
	ok(s.state == LWIP_DHCP_BOUND && s.expire > 3500 && s.server.addr[3] == inet_addr("10.0.0.7"),
	   "row 64: any server may extend the lease, without new probes");
	wire_advance(w, 3660 * SECOND);
	ok(!leased("10.0.0.50") && !answers_arp("10.0.0.50") && state() == LWIP_DHCP_SELECTING, "row 64: when it expires the address goes and the search begins anew");
	wire_close(w);

	start();
	ack = offer;
	ack.lease = 600;
	ack.t1 = 100;
	ack.t2 = 200;
	acquire(&ack, &m);
	lwip_dhcp_status(w->netif, AF_INET, &s, sizeof(s));
	ok(s.renew <= 100 && s.renew > 80 && s.rebind <= 200 && s.rebind > 180, "row 64: T1 and T2 of the server are kept");
	w->quiet = false;
	wire_advance(w, 100 * SECOND);
	ok(take_type(&r, REQUEST), "row 64: renewed at T1");
	first = r.time;
	wire_advance(w, 70 * SECOND);
	ok(take_type(&r, REQUEST) && (r.time - first) / MS >= 60000, "row 64: again after a minute, not less");
	wire_close(w);
	start();
	ack.t1 = 500;
	ack.t2 = 400;
	acquire(&ack, &m);
	lwip_dhcp_status(w->netif, AF_INET, &s, sizeof(s));
	ok(s.renew < s.rebind && s.rebind <= 400, "row 64: unless they make no sense");
	wire_close(w);
	start();
	ack.lease = UINT32_MAX;
	ack.t1 = ack.t2 = 0;
	acquire(&ack, &m);
	wire_advance(w, 100000 * SECOND);
	lwip_dhcp_status(w->netif, AF_INET, &s, sizeof(s));
	ok(s.state == LWIP_DHCP_BOUND && s.expire == UINT32_MAX && !take(&m), "row 64: an infinite lease is never renewed");
	wire_close(w);
}

static void refusal(void)
{
	struct message m;
	struct answer nak = offer, ack = offer;

	start();
	acquire(&offer, &m);
	w->quiet = false;
	wire_advance(w, 1800 * SECOND);
	take(&m);
	nak.type = NAK;
	nak.address = NULL;
	answer(&m, &nak);
	ok(!answers_arp("10.0.0.50"), "row 64: NAK ends the use of the address at once");
	wire_advance(w, 5 * SECOND);
	ok(take_type(&m, DISCOVER), "row 64: and the search begins anew");
	wire_close(w);

	/* A conflict while probing, by a host that has it and by one that probes too. */
	for (int i = 0; i < 2; i++) {
		start();
		wire_advance(w, 1100);
		take(&m);
		answer(&m, &offer);
		take(&m);
		ack.type = ACK;
		answer(&m, &ack);
		wire_advance(w, 1500);
		arp_from(i ? "0.0.0.0" : "10.0.0.50", i ? "10.0.0.50" : "10.0.0.60");
		ok(take_type(&m, DECLINE) && option_is(&m, 50, "10.0.0.50") && option_is(&m, 54, "10.0.0.2") && !strcmp(m.src, "0.0.0.0") &&
		   !memcmp(m.data + 12, "\0\0\0\0", 4), "row 64: an address %s is declined", i ? "that another host probes for" : "in use elsewhere");
		uint64_t declined = m.time;

		wire_advance(w, 12 * SECOND);
		ok(take_type(&m, DISCOVER) && m.time - declined >= 10000 * MS, "row 64: the next attempt comes ten seconds later");
		wire_close(w);
	}
	/* A conflict later: defended once, given up at the second within ten seconds. */
	start();
	acquire(&offer, &m);
	arp_from("10.0.0.50", "10.0.0.50");
	ok(state() == LWIP_DHCP_BOUND, "row 64: a later conflict is answered by one announcement");
	arp_from("10.0.0.50", "10.0.0.50");
	wire_advance(w, 2);
	ok(take_type(&m, DECLINE) && !answers_arp("10.0.0.50"), "row 64: at the second within ten seconds the address is given up");
	wire_close(w);
}

static void end_of_use(void)
{
	struct message m;
	struct ip_addr hint;

	start();
	acquire(&offer, &m);
	lwip_ifdown(w->netif);
	ok(take_type(&m, RELEASE) && !strcmp(m.dst, "10.0.0.2") && option_is(&m, 54, "10.0.0.2") && !memcmp(m.data + 12, "\x0a\0\0\x32", 4),
	   "row 64: ifdown releases, to the server alone");
	ok(state() == LWIP_DHCP_OFF, "row 64: and ends the client");
	wire_advance(w, 100 * SECOND);
	ok(!take(&m), "row 64: for good");

	IP64_ADDR(&hint, 10, 0, 0, 77);
	lwip_dhcp_reboot(w->netif, &hint);
	lwip_ifup_dhcp(w->netif);
	wire_advance(w, 1100);
	ok(take_type(&m, REQUEST) && option_is(&m, 50, "10.0.0.77") && !option_is(&m, 54, "10.0.0.2") && !memcmp(m.data + 12, "\0\0\0\0", 4) && state() == LWIP_DHCP_REBOOTING,
	   "row 64: INIT-REBOOT asks everybody for the address remembered");
	struct answer ack = offer;

	ack.type = ACK;
	ack.address = "10.0.0.77";
	answer(&m, &ack);
	wire_advance(w, 8 * SECOND);
	ok(leased("10.0.0.77"), "row 64: and has it again");
	lwip_ifdown(w->netif);
	lwip_ifup_dhcp(w->netif);
	wire_advance(w, 1100);
	wire_drop(w);
	wire_advance(w, 70 * SECOND);
	bool discover = false;

	while (take(&m))
		discover |= type_of(&m) == DISCOVER;
	ok(discover, "row 64: without an answer it searches after a minute");
	wire_close(w);
}

static bool reaches(const char *dst, const char *via)
{
	struct frame *f;
	struct in_addr want;
	struct sockaddr_in to = name4(dst, 9);
	int fd = lwip_msocket(w->stack, AF_INET, SOCK_DGRAM, 0);
	bool found = false;

	inet_pton(AF_INET, via, &want);
	wire_drop(w);
	lwip_sendto(fd, "x", 1, 0, (void *)&to, sizeof(to));
	while ((f = wire_take(w))) /* who is asked for by ARP is the next hop */
		found |= f->data[12] == 8 && f->data[13] == 6 && !memcmp(f->data + 38, &want, 4);
	lwip_close(fd);
	return found;
}

static void parameters(void)
{
	/* mask, router .9, MTU 1400, DNS .5 and .6, search lab.example and, by pointer, sub.lab.example;
	 * routes 192.168.5.0/24 by .3 and default by .4: the router option must not count */
	static const uint8_t extra[] =
		"\x01\x04\xff\xff\xff\x00\x03\x04\x0a\x00\x00\x09\x1a\x02\x05\x78\x06\x08\x0a\x00\x00\x05\x0a\x00\x00\x06"
		"\x77\x0d\x03lab\x07" "example\x00"
		"\x77\x06\x03sub\xc0\x00"
		"\x79\x0d\x18\xc0\xa8\x05\x0a\x00\x00\x03\x00\x0a\x00\x00\x04";
	struct answer full_offer = offer;
	struct ip_addr servers[4];
	struct message m;
	char domains[100];

	full_offer.extra = extra;
	full_offer.extra_len = sizeof(extra) - 1;
	start();
	acquire(&full_offer, &m);
	ok(lwip_resolvers(w->stack, servers, 4) == 2 && servers[0].addr[3] == inet_addr("10.0.0.5") && servers[1].addr[3] == inet_addr("10.0.0.6"),
	   "row 64, row 56: DNS servers are readable");
	lwip_search_domains(w->stack, domains, sizeof(domains));
	ok(!strcmp(domains, "lab.example sub.lab.example"), "row 64: search domains in pieces and compressed (RFC 3396, 3397): %s", domains);
	ok(reaches("192.168.5.1", "10.0.0.3"), "row 64: a classless route");
	ok(reaches("8.8.8.8", "10.0.0.4"), "row 64: the default route of classless routes wins over the router option");
	int fd = lwip_msocket(w->stack, AF_INET, SOCK_DGRAM, 0), on = IP_PMTUDISC_DO;
	struct sockaddr_in to = name4("10.0.0.2", 9);

	lwip_setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &on, sizeof(on));
	ok(lwip_sendto(fd, pattern(), 1400, 0, (void *)&to, sizeof(to)) < 0 && errno == EMSGSIZE, "row 64: the MTU of the lease is used");
	lwip_close(fd);
	lwip_ifdown(w->netif);
	ok(lwip_resolvers(w->stack, servers, 4) == 0 && !lwip_search_domains(w->stack, domains, sizeof(domains)), "row 64: all of it goes with the lease");
	wire_close(w);

	start();
	full_offer.extra = "\x01\x04\xff\xff\xff\x00\x03\x04\x0a\x00\x00\x09\x79\x08\x18\xc0\xa8\x05\x0a\x00\x00\x03";
	full_offer.extra_len = 22;
	acquire(&full_offer, &m);
	ok(reaches("192.168.5.1", "10.0.0.3") && !reaches("8.8.8.8", "10.0.0.9"), "row 64: with classless routes the router option does not count (RFC 3442)");
	wire_close(w);

	start();
	acquire(&offer, &m);
	ok(reaches("8.8.8.8", "10.0.0.9"), "row 64: the router option alone is the default route");
	ok(reaches("10.0.0.200", "10.0.0.200"), "row 64: the mask makes the link's prefix");
	wire_close(w);
}

/* A cut message, one without lease time, options spread over file and sname. */
static void odd_messages(void)
{
	struct message m;
	struct answer bare = offer, ack = offer;

	start();
	wire_advance(w, 1100);
	take(&m);
	bare.extra = "\x06\xff\x01"; /* an option longer than the message */
	bare.extra_len = 3;
	answer(&m, &bare);
	ok(state() == LWIP_DHCP_SELECTING, "row 64: a cut message is ignored");
	answer(&m, &offer);
	take(&m);
	ack.type = ACK;
	ack.lease = 0;
	answer(&m, &ack);
	ok(state() == LWIP_DHCP_REQUESTING, "row 64: an acknowledgment without lease time is ignored");
	wire_close(w);

	struct answer spread = offer;
	uint8_t names[192] = {6, 4, 10, 0, 0, 5, 255}; /* a DNS server in sname */
	struct ip_addr servers[4];

	memcpy(names + 64, "\x06\x04\x0a\x00\x00\x06\xff", 7); /* another in file, which comes first */
	spread.names = names;
	spread.extra = "\x34\x01\x03";
	spread.extra_len = 3;
	start();
	acquire(&spread, &m);
	ok(lwip_resolvers(w->stack, servers, 4) == 2 && servers[0].addr[3] == inet_addr("10.0.0.6") && servers[1].addr[3] == inet_addr("10.0.0.5"),
	   "row 64: options in file and sname (overload) are read, in that order");
	wire_close(w);
}

int main(void)
{
	messages();
	backoff();
	timers();
	refusal();
	end_of_use();
	parameters();
	odd_messages();
	return done_testing();
}
