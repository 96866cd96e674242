/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/lwipv6/wire.h"
#include <fcntl.h>

const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 2};
const char *const our4 = "10.0.0.1", *const our6 = "fd00::1", *const peer4 = "10.0.0.2",
		  *const peer6 = "fd00::2";
const struct offer plain = {.wscale = -1};
const struct offer full = {.ts = true, .sack = true, .mss = 1460, .wscale = 7};

uint16_t inet_sum(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

uint16_t transport_sum(bool v6, const void *src, const void *dst, uint8_t proto, const void *data,
		       size_t len)
{
	uint32_t sum = proto + len;
	size_t n = v6 ? 16 : 4;

	for (size_t i = 0; i < n; i += 2) {
		sum += ((const uint8_t *)src)[i] << 8 | ((const uint8_t *)src)[i + 1];
		sum += ((const uint8_t *)dst)[i] << 8 | ((const uint8_t *)dst)[i + 1];
	}
	return inet_sum(sum, data, len);
}

void *pattern(void)
{
	static uint8_t bytes[300000];

	static bool made;

	for (size_t i = 0; i < sizeof(bytes) && !made; i++)
		bytes[i] = i * 7 + (i >> 8);
	made = true;
	return bytes;
}

static void answer(struct wire *w, const uint8_t *frame, size_t len)
{
	if (w->nanswers < 16) {
		memcpy(w->answers[w->nanswers].data, frame, len);
		w->answers[w->nanswers++].len = len;
	}
}

/* ARP and neighbour solicitations for the peer are answered once the stack has been left. */
static bool resolve(struct wire *w, const uint8_t *f, size_t len)
{
	uint16_t type = f[12] << 8 | f[13];
	struct in_addr a4;
	struct in6_addr a6;

	inet_pton(AF_INET, peer4, &a4);
	inet_pton(AF_INET6, peer6, &a6);
	if (w->answer_all) { /* not to probes and announcements */
		memcpy(&a4, f + 38, 4);
		memcpy(&a6, f + 62, 16);
		if (type == ETHERTYPE_ARP
			    ? !memcmp(f + 28, "\0\0\0", 4) || !memcmp(f + 28, f + 38, 4)
			    : !memcmp(f + 22, "\0\0\0", 4))
			return false;
	}
	if (type == ETHERTYPE_ARP && f[21] == 1 && !memcmp(f + 38, &a4, 4)) {
		uint8_t r[42];

		memcpy(r, f, 42);
		memcpy(r, f + 6, 6);
		memcpy(r + 6, peer_mac, 6);
		r[21] = 2;
		memcpy(r + 22, peer_mac, 6);
		memcpy(r + 28, f + 38, 4);
		memcpy(r + 32, f + 22, 10);
		answer(w, r, sizeof(r));
		return true;
	}
	if (type == ETHERTYPE_IPV6 && f[20] == IPPROTO_ICMPV6 && f[54] == ND_NEIGHBOR_SOLICIT &&
	    !memcmp(f + 62, &a6, 16)) {
		uint8_t r[14 + 40 + 32] = {0}, *icmp = r + 54;

		memcpy(r, f + 6, 6);
		memcpy(r + 6, peer_mac, 6);
		r[12] = 0x86;
		r[13] = 0xdd;
		r[14] = 0x60;
		r[19] = 32;
		r[20] = IPPROTO_ICMPV6;
		r[21] = 255;
		memcpy(r + 22, &a6, 16);
		memcpy(r + 38, f + 22, 16);
		icmp[0] = ND_NEIGHBOR_ADVERT;
		icmp[4] = 0x60;
		memcpy(icmp + 8, &a6, 16);
		icmp[24] = 2;
		icmp[25] = 1;
		memcpy(icmp + 26, peer_mac, 6);
		uint16_t sum = transport_sum(true, r + 22, r + 38, IPPROTO_ICMPV6, icmp, 32);

		memcpy(icmp + 2, &sum, 2);
		answer(w, r, sizeof(r));
		return true;
	}
	return false;
}

static void output(void *arg, const void *frame, size_t len)
{
	struct wire *w = arg;
	struct frame *f = &w->queue[w->head % FRAMES];

	uint8_t padded[128] = {0};

	if (!w->quiet && len >= 42 && len <= sizeof(padded) &&
	    resolve(w, memcpy(padded, frame, len), len))
		return;
	if (w->head - w->tail >= FRAMES)
		return;
	free(f->room);
	f->room = malloc(2 + len);
	f->data = f->room + 2;
	memcpy(f->data, frame, len);
	f->len = len;
	f->time = w->now;
	w->head++;
}

static void give_answers(struct wire *w)
{
	while (w->nanswers) {
		struct pending a = w->answers[--w->nanswers];

		lwip_frame_input(w->netif, a.data, a.len);
	}
}

void wire_advance(struct wire *w, uint64_t ms)
{
	give_answers(w);
	for (uint64_t i = 0; i < ms;) {
		/* Long times in larger steps once nothing happens; short ones tick by tick. */
#ifdef LWIPV6_FUZZ
		uint64_t step = ms - i > 1000 ? 1000 : ms - i;
#else
		uint64_t step = ms - i > 10000 ? 50 : 1;
#endif

		w->now += step * MS;
		lwip_stack_advance(w->stack, step * MS);
		give_answers(w);
		i += step;
	}
	lwip_stack_advance(w->stack, 0);
	give_answers(w);
}

void wire_input(struct wire *w, const void *frame, size_t len)
{
	give_answers(w);
	lwip_frame_input(w->netif, frame, len);
	give_answers(w);
}

struct frame *wire_take(struct wire *w)
{
	give_answers(w);
	return w->tail == w->head ? NULL : &w->queue[w->tail++ % FRAMES];
}

void wire_drop(struct wire *w)
{
	while (wire_take(w))
		;
}

struct wire *wire_open_bare(unsigned long flags, int netif_flags)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	struct wire *w = calloc(1, sizeof(*w));

	w->stack = lwip_stack_new_seeded(LWIP_STACK_FLAG_VIRTUAL_CLOCK | flags, 42);
	w->netif = lwip_add_frameif(w->stack, output, w, netif_flags);
	memcpy(w->mac, mac, 6);
	lwip_set_hwaddr(w->netif, mac);
	return w;
}

struct wire *wire_open(unsigned long flags)
{
	struct wire *w = wire_open_bare(flags, 0);
	struct ip_addr a, m;

	IP64_ADDR(&a, 10, 0, 0, 1);
	IP64_MASKADDR(&m, 255, 255, 255, 0);
	lwip_add_addr(w->netif, &a, &m);
	IP6_ADDR(&a, 0xfd00, 0, 0, 0, 0, 0, 0, 1);
	IP6_ADDR(&m, 0xffff, 0xffff, 0xffff, 0xffff, 0, 0, 0, 0);
	lwip_add_addr(w->netif, &a, &m);
	lwip_ifup(w->netif);
	wire_advance(w, 5000); /* duplicate detection and announcements are over */
	wire_drop(w);
	return w;
}

static void add_address(struct netif *netif, const char *text)
{
	struct ip_addr a = {{0, 0, IP64_PREFIX, 0}}, mask = {{~0u, ~0u, ~0u, ~0u}};
	char copy[64], *slash;
	bool v6 = strchr(text, ':');

	slash = strchr(strcpy(copy, text), '/');
	*slash = 0;
	inet_pton(v6 ? AF_INET6 : AF_INET, copy, v6 ? (void *)&a : &a.addr[3]);
	for (int i = atoi(slash + 1) + (v6 ? 0 : 96); i < 128; i++)
		((uint8_t *)&mask)[i / 8] &= ~(0x80 >> i % 8);
	lwip_add_addr(netif, &a, &mask);
}

struct wire *wire_join(struct wire *first, const char *addr4, const char *addr6, int netif_flags)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 1, 1};
	struct wire *w = calloc(1, sizeof(*w));

	w->stack = first->stack;
	w->answer_all = true;
	w->netif = lwip_add_frameif(w->stack, output, w, netif_flags);
	memcpy(w->mac, mac, 6);
	lwip_set_hwaddr(w->netif, mac);
	if (addr4)
		add_address(w->netif, addr4);
	if (addr6)
		add_address(w->netif, addr6);
	lwip_ifup(w->netif);
	wire_advance(w, 5000);
	wire_drop(w);
	wire_drop(first);
	return w;
}

void wire_leave(struct wire *w)
{
	lwip_del_netif(w->netif);
	for (int i = 0; i < FRAMES; i++)
		free(w->queue[i].room);
	free(w);
}

void wire_close(struct wire *w)
{
	lwip_stack_free(w->stack);
	for (int i = 0; i < FRAMES; i++)
		free(w->queue[i].room);
	free(w);
}

/* ---- IP */

void ip_send(struct wire *w, const struct ip_packet *ip, const void *payload, size_t len)
{
	/* Two bytes in front, so that the network header is aligned. */
	uint8_t *room = malloc(2 + 14 + 40 + ip->options_len + len), *f = room + 2, *n = f + 14;
	const char *src = ip->src ? ip->src : ip->v6 ? peer6 : peer4;
	const char *dst = ip->dst ? ip->dst : ip->v6 ? our6 : our4;
	size_t header = (ip->v6 ? 40 : 20) + ip->options_len;

	memcpy(f, ip->to_mac ? ip->to_mac : w->mac, 6);
	memcpy(f + 6, peer_mac, 6);
	f[12] = ip->v6 ? 0x86 : 0x08;
	f[13] = ip->v6 ? 0xdd : 0x00;
	memset(n, 0, ip->v6 ? 40 : 20);
	if (ip->v6) {
		struct ip6_hdr *h = (struct ip6_hdr *)n;

		h->ip6_flow = htonl(6u << 28 | (uint32_t)ip->tos << 20);
		h->ip6_plen = htons(ip->options_len + len);
		h->ip6_nxt = ip->proto;
		h->ip6_hlim = ip->ttl ? ip->ttl : 64;
		inet_pton(AF_INET6, src, &h->ip6_src);
		inet_pton(AF_INET6, dst, &h->ip6_dst);
	} else {
		struct iphdr *h = (struct iphdr *)n;

		h->version = 4;
		h->ihl = header / 4;
		h->tos = ip->tos;
		h->tot_len = htons(header + len);
		h->id = htons(ip->id);
		h->frag_off = htons(ip->frag);
		h->ttl = ip->ttl ? ip->ttl : 64;
		h->protocol = ip->proto;
		inet_pton(AF_INET, src, &h->saddr);
		inet_pton(AF_INET, dst, &h->daddr);
	}
	if (ip->options_len)
		memcpy(n + (ip->v6 ? 40 : 20), ip->options, ip->options_len);
	if (!ip->v6) {
		uint16_t sum = inet_sum(0, n, header) ^ (ip->bad_checksum ? 0x5555 : 0);

		memcpy(n + 10, &sum, 2);
	}
	memcpy(n + header, payload, len);
	wire_input(w, f, 14 + header + len);
	free(room);
}

void icmp6_send(struct wire *w, const char *src, const char *dst, uint8_t hops, void *icmp,
		size_t len)
{
	struct ip_packet ip = {
		.v6 = true, .src = src, .dst = dst, .proto = IPPROTO_ICMPV6, .ttl = hops};
	struct in6_addr s, d;
	uint8_t *m = icmp, mac[6] = {0x33, 0x33};
	uint16_t sum;

	inet_pton(AF_INET6, src ? src : peer6, &s);
	inet_pton(AF_INET6, dst ? dst : our6, &d);
	m[2] = m[3] = 0;
	sum = transport_sum(true, &s, &d, IPPROTO_ICMPV6, icmp, len);
	memcpy(m + 2, &sum, 2);
	memcpy(mac + 2, d.s6_addr + 12, 4);
	if (d.s6_addr[0] == 0xff)
		ip.to_mac = mac;
	ip_send(w, &ip, icmp, len);
}

void icmp4_send(struct wire *w, const char *src, const char *dst, void *icmp, size_t len)
{
	struct ip_packet ip = {.src = src, .dst = dst, .proto = IPPROTO_ICMP};
	uint8_t *m = icmp;
	uint16_t sum;

	m[2] = m[3] = 0;
	sum = inet_sum(0, icmp, len);
	memcpy(m + 2, &sum, 2);
	ip_send(w, &ip, icmp, len);
}

void udp_send(struct wire *w, bool v6, uint16_t sport, uint16_t dport, const void *data, size_t len)
{
	struct ip_packet ip = {.v6 = v6, .proto = IPPROTO_UDP};
	uint8_t *u = malloc(8 + len);
	uint8_t s[16], d[16];
	uint16_t header[4] = {htons(sport), htons(dport), htons(8 + len), 0}, sum;

	inet_pton(v6 ? AF_INET6 : AF_INET, v6 ? peer6 : peer4, s);
	inet_pton(v6 ? AF_INET6 : AF_INET, v6 ? our6 : our4, d);
	memcpy(u, header, 8);
	memcpy(u + 8, data, len);
	sum = transport_sum(v6, s, d, IPPROTO_UDP, u, 8 + len);
	memcpy(u + 6, &sum, 2);
	ip_send(w, &ip, u, 8 + len);
	free(u);
}

bool ip_take(struct wire *w, uint8_t proto, struct seen *s)
{
	struct frame *f;

	while ((f = wire_take(w))) {
		uint16_t type = f->data[12] << 8 | f->data[13];

		memset(s, 0, sizeof(*s));
		s->frame = f;
		if (type == ETHERTYPE_IP) {
			s->ip4 = (struct iphdr *)(f->data + 14);
			s->proto = s->ip4->protocol;
			s->payload = f->data + 14 + s->ip4->ihl * 4;
			s->len = ntohs(s->ip4->tot_len) - s->ip4->ihl * 4;
		} else if (type == ETHERTYPE_IPV6) {
			s->v6 = true;
			s->ip6 = (struct ip6_hdr *)(f->data + 14);
			s->proto = s->ip6->ip6_nxt;
			s->payload = f->data + 54;
			s->len = ntohs(s->ip6->ip6_plen);
			if (s->proto == IPPROTO_HOPOPTS) {
				size_t skip = s->payload[1] * 8 + 8;

				s->proto = s->payload[0];
				s->payload += skip;
				s->len -= skip;
			}
		} else {
			continue;
		}
		if (!proto || s->proto == proto)
			return true;
	}
	return false;
}

bool icmp6_take(struct wire *w, uint8_t type, struct seen *s)
{
	while (ip_take(w, IPPROTO_ICMPV6, s))
		if (s->payload[0] == type)
			return true;
	return false;
}

bool icmp4_take(struct wire *w, uint8_t type, struct seen *s)
{
	while (ip_take(w, IPPROTO_ICMP, s))
		if (!s->v6 && s->payload[0] == type)
			return true;
	return false;
}

/* ---- TCP */

void segment_send(struct wire *w, bool v6, const struct segment *s)
{
	struct ip_packet ip = {.v6 = v6, .proto = IPPROTO_TCP, .tos = s->tos, .ttl = s->ttl};
	uint8_t len = (s->options_len + 3) & ~3, *t = calloc(1, 20 + len + s->len), a[16], b[16];
	struct tcphdr *h = (struct tcphdr *)t;

	h->source = htons(s->sport);
	h->dest = htons(s->dport);
	h->seq = htonl(s->seq);
	h->ack_seq = htonl(s->ack);
	h->doff = 5 + len / 4;
	h->th_flags = s->flags;
	h->window = htons(s->window);
	h->urg_ptr = htons(s->urgent);
	memcpy(t + 20, s->options, s->options_len);
	if (s->len)
		memcpy(t + 20 + len, s->data, s->len);
	inet_pton(v6 ? AF_INET6 : AF_INET, v6 ? peer6 : peer4, a);
	inet_pton(v6 ? AF_INET6 : AF_INET, v6 ? our6 : our4, b);
	h->check = transport_sum(v6, a, b, IPPROTO_TCP, t, 20 + len + s->len) ^ s->check;
	ip_send(w, &ip, t, 20 + len + s->len);
	free(t);
}

static void decode_options(struct segment *s, const uint8_t *o, size_t len)
{
	while (len) {
		if (o[0] == 0)
			break;
		if (o[0] == 1) {
			o++;
			len--;
			continue;
		}
		if (len < 2 || o[1] < 2 || o[1] > len)
			break;
		if (o[0] == 2)
			s->mss = o[2] << 8 | o[3];
		else if (o[0] == 3)
			s->wscale = o[2];
		else if (o[0] == 4)
			s->sack_ok = true;
		else if (o[0] == 5)
			for (s->nsack = 0; s->nsack < (o[1] - 2) / 8 && s->nsack < 4; s->nsack++)
				for (int k = 0; k < 2; k++) {
					memcpy(&s->sack[s->nsack][k], o + 2 + 8 * s->nsack + 4 * k,
					       4);
					s->sack[s->nsack][k] = ntohl(s->sack[s->nsack][k]);
				}
		else if (o[0] == 8) {
			s->has_ts = true;
			memcpy(&s->tsval, o + 2, 4);
			memcpy(&s->tsecr, o + 6, 4);
			s->tsval = ntohl(s->tsval);
			s->tsecr = ntohl(s->tsecr);
		}
		len -= o[1];
		o += o[1];
	}
}

bool segment_take(struct wire *w, struct segment *s)
{
	const struct tcphdr *h;
	struct seen seen;

	if (!ip_take(w, IPPROTO_TCP, &seen))
		return false;
	h = (const struct tcphdr *)seen.payload;
	*s = (struct segment){
		.sport = ntohs(h->source),
		.dport = ntohs(h->dest),
		.seq = ntohl(h->seq),
		.ack = ntohl(h->ack_seq),
		.flags = h->th_flags,
		.window = ntohs(h->window),
		.urgent = ntohs(h->urg_ptr),
		.data = seen.payload + h->doff * 4,
		.len = seen.len - h->doff * 4,
		.wscale = -1,
		.time = seen.frame->time,
		.tos = seen.v6 ? ntohl(seen.ip6->ip6_flow) >> 20 : seen.ip4->tos,
		.ttl = seen.v6 ? seen.ip6->ip6_hlim : seen.ip4->ttl,
		.flow = seen.v6 ? ntohl(seen.ip6->ip6_flow) & 0xfffff : 0,
	};
	s->checksum_good = !transport_sum(
		seen.v6, seen.v6 ? (void *)&seen.ip6->ip6_src : (void *)&seen.ip4->saddr,
		seen.v6 ? (void *)&seen.ip6->ip6_dst : (void *)&seen.ip4->daddr, IPPROTO_TCP,
		seen.payload, seen.len);
	decode_options(s, seen.payload + 20, h->doff * 4 - 20);
	return true;
}

struct sockaddr_in name4(const char *addr, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

	inet_pton(AF_INET, addr, &a.sin_addr);
	return a;
}

struct sockaddr_in6 name6(const char *addr, uint16_t port)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	inet_pton(AF_INET6, addr, &a.sin6_addr);
	return a;
}

int listen_on(struct wire *w, bool v6, uint16_t port)
{
	int fd = lwip_msocket(w->stack, v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0),
	    on = 1;
	struct sockaddr_in a = name4("0.0.0.0", port);
	struct sockaddr_in6 b = name6("::", port);

	lwip_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (lwip_bind(fd, v6 ? (void *)&b : (void *)&a, v6 ? sizeof(b) : sizeof(a)) < 0 ||
	    lwip_listen(fd, 16) < 0)
		return -1;
	return fd;
}

static uint8_t put_options(uint8_t *o, const struct offer *f, uint32_t tsval, uint32_t tsecr)
{
	uint8_t *at = o;

	if (f->mss)
		*at++ = 2, *at++ = 4, *at++ = f->mss >> 8, *at++ = f->mss;
	if (f->sack)
		*at++ = 1, *at++ = 1, *at++ = 4, *at++ = 2;
	if (f->ts) {
		uint32_t v = htonl(tsval), e = htonl(tsecr);

		*at++ = 1, *at++ = 1, *at++ = 8, *at++ = 10;
		memcpy(at, &v, 4);
		memcpy(at + 4, &e, 4);
		at += 8;
	}
	if (f->wscale >= 0)
		*at++ = 1, *at++ = 3, *at++ = 3, *at++ = f->wscale;
	return at - o;
}

static void conn_init(struct conn *c, struct wire *w, const struct offer *o)
{
	*c = (struct conn){.w = w,
			   .v6 = o->v6,
			   .seq = 1000,
			   .window = o->window ? o->window : 65535,
			   .ts = o->ts,
			   .tsval = 5000};
}

int udp_on(struct wire *w, bool v6, uint16_t port)
{
	int fd = lwip_msocket(w->stack, v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in a = name4("0.0.0.0", port);
	struct sockaddr_in6 b = name6("::", port);

	return lwip_bind(fd, v6 ? (void *)&b : (void *)&a, v6 ? sizeof(b) : sizeof(a)) < 0 ? -1
											   : fd;
}

bool conn_accept(struct wire *w, struct conn *c, int listener, uint16_t port, const struct offer *o)
{
	static uint16_t next = 20000;
	struct segment s = {.flags = TH_SYN};

	conn_init(c, w, o);
	c->port = next++;
	c->stack_port = port;
	s.sport = c->port;
	s.dport = port;
	s.seq = c->seq++;
	s.window = c->window;
	s.flags |= o->ecn ? 0xc0 : 0;
	s.options_len = put_options(s.options, o, c->tsval, 0);
	wire_drop(w);
	segment_send(w, o->v6, &s);
	if (!segment_take(w, &c->syn))
		return false;
	c->ack = c->syn.seq + 1;
	c->tsecr = c->syn.tsval;
	wire_advance(w, 20); /* a round trip */
	conn_send(c, TH_ACK, 0);
	c->fd = lwip_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	wire_drop(w);
	return c->fd >= 0;
}

bool conn_connect(struct wire *w, struct conn *c, const struct offer *o)
{
	struct sockaddr_in a = name4(peer4, 80);
	struct sockaddr_in6 b = name6(peer6, 80);
	struct segment s;

	conn_init(c, w, o);
	wire_drop(w);
	c->fd = lwip_msocket(w->stack, o->v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	lwip_connect(c->fd, o->v6 ? (void *)&b : (void *)&a, o->v6 ? sizeof(b) : sizeof(a));
	if (!segment_take(w, &c->syn))
		return false;
	c->port = 80;
	c->stack_port = c->syn.sport;
	c->ack = c->syn.seq + 1;
	c->tsecr = c->syn.tsval;
	s = (struct segment){.sport = 80,
			     .dport = c->stack_port,
			     .seq = c->seq++,
			     .ack = c->ack,
			     .flags = TH_SYN | TH_ACK | (o->ecn ? 0x40 : 0),
			     .window = c->window};
	s.options_len = put_options(s.options, o, c->tsval, c->tsecr);
	wire_advance(w, 20);
	segment_send(w, o->v6, &s);
	return segment_take(w, &s) && s.flags == TH_ACK;
}

static void fill(struct conn *c, struct segment *s, uint8_t flags)
{
	*s = (struct segment){.sport = c->port,
			      .dport = c->stack_port,
			      .seq = c->seq,
			      .ack = c->ack,
			      .flags = flags,
			      .window = c->window,
			      .data = pattern()};
	if (c->ts) {
		static const struct offer ts = {.ts = true, .wscale = -1};

		s->options_len = put_options(s->options, &ts, c->tsval, c->tsecr);
	}
}

void conn_send_at(struct conn *c, uint8_t flags, uint32_t at, size_t len)
{
	struct segment s;

	fill(c, &s, flags);
	s.seq += at;
	s.len = len;
	segment_send(c->w, c->v6, &s);
}

void conn_send(struct conn *c, uint8_t flags, size_t len)
{
	conn_send_at(c, flags, 0, len);
	c->seq += len + !!(flags & TH_FIN);
}

void conn_sack(struct conn *c, uint32_t ack, int n, const uint32_t blocks[][2])
{
	struct segment s;

	fill(c, &s, TH_ACK);
	s.ack = c->ack + ack;
	s.options[s.options_len++] = 1;
	s.options[s.options_len++] = 1;
	s.options[s.options_len++] = 5;
	s.options[s.options_len++] = 2 + 8 * n;
	for (int i = 0; i < n; i++)
		for (int k = 0; k < 2; k++) {
			uint32_t v = htonl(c->ack + blocks[i][k]);

			memcpy(s.options + s.options_len, &v, 4);
			s.options_len += 4;
		}
	segment_send(c->w, c->v6, &s);
}

void conn_close(struct conn *c)
{
	struct linger l = {1, 0};

	lwip_setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	lwip_close(c->fd);
	wire_drop(c->w);
}

void wire_repair(uint8_t *f, size_t len)
{
	uint8_t *ip = f + 14;
	uint16_t zero = 0, sum;

	if (f[13] == 0xdd && len > 62 && ip[6] == IPPROTO_ICMPV6) {
		memcpy(ip + 42, &zero, 2);
		sum = transport_sum(true, ip + 8, ip + 24, ip[6], ip + 40, len - 54);
		memcpy(ip + 42, &sum, 2);
	} else if (f[13] == 0xdd && len > 76 && ip[6] == IPPROTO_TCP) {
		memcpy(ip + 56, &zero, 2);
		sum = transport_sum(true, ip + 8, ip + 24, ip[6], ip + 40, len - 54);
		memcpy(ip + 56, &sum, 2);
	} else if (f[12] == 8 && f[13] == 0 && len > 34u) {
		size_t header = (ip[0] & 15) * 4;

		if (len < 14 + header + 20)
			return;
		if (ip[9] == IPPROTO_TCP) {
			memcpy(ip + header + 16, &zero, 2);
			sum = transport_sum(false, ip + 12, ip + 16, ip[9], ip + header,
					    len - 14 - header);
			memcpy(ip + header + 16, &sum, 2);
		} else if (ip[9] == IPPROTO_ICMP || ip[9] == IPPROTO_IGMP) {
			memcpy(ip + header + 2, &zero, 2);
			sum = inet_sum(0, ip + header, len - 14 - header);
			memcpy(ip + header + 2, &sum, 2);
		}
		memcpy(ip + 10, &zero, 2);
		sum = inet_sum(0, ip, header);
		memcpy(ip + 10, &sum, 2);
	}
}
