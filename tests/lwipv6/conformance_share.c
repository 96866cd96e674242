/* SPDX-License-Identifier: GPL-2.0-only */
/* What one flood must not take from others: half-open connections, memory of reassembly. */
#include "tests/lwipv6/wire.h"

static struct wire *w;

static void syn(const char *from, uint16_t sport, uint16_t port)
{
	uint8_t t[20] = {0}, a[4], b[4];
	struct tcphdr *h = (struct tcphdr *)t;
	struct ip_packet ip = {.src = from, .proto = IPPROTO_TCP};

	h->source = htons(sport);
	h->dest = htons(port);
	h->seq = htonl(1000);
	h->doff = 5;
	h->th_flags = TH_SYN;
	h->window = htons(1000);
	inet_pton(AF_INET, from, a);
	inet_pton(AF_INET, our4, b);
	h->check = transport_sum(false, a, b, IPPROTO_TCP, t, sizeof(t));
	ip_send(w, &ip, t, sizeof(t));
}

/* SYN-ACKs for @port in the next @ms. A cookie is sent once, a request's answer again and again. */
static int answers(uint16_t port, unsigned int ms)
{
	struct segment s;
	int n = 0;

	for (unsigned int i = 0; i < ms; i++) {
		wire_advance(w, 1);
		while (segment_take(w, &s))
			n += s.dport == port;
	}
	return n;
}

static void row32_flooded_port_leaves_others_their_half_open_connections(void)
{
	char from[20];
	int flooded, other;

	w = wire_open(0);
	flooded = listen_on(w, false, 80);
	other = listen_on(w, false, 81);
	lwip_listen(flooded, 8000);
	for (int i = 0; i < 6000; i++) {
		snprintf(from, sizeof(from), "10.0.0.%d", 3 + i % 200);
		syn(from, 1000 + i, 80);
	}
	wire_drop(w);
	syn(peer4, 999, 81);
	ok(answers(999, 1500) == 2, "row 32: with one port flooded another has no need of cookies");
	wire_drop(w);
	syn(peer4, 998, 80);
	ok(answers(998, 1500) == 1, "row 32: the flooded one has");
	lwip_close(flooded);
	lwip_close(other);
	wire_close(w);
}

static void fragment(const char *from, uint16_t id, bool first)
{
	uint8_t d[32] = {0};
	struct ip_packet ip = {
		.src = from, .proto = IPPROTO_UDP, .id = id, .frag = first ? IP_MF : 32 / 8};

	if (first) {
		d[1] = 7;
		d[3] = 9;
		d[5] = 64;
	}
	ip_send(w, &ip, d, sizeof(d));
}

static void row40_sender_of_first_fragments_does_not_push_out_those_of_others(void)
{
	char buf[100];
	int fd;

	w = wire_open(0);
	fd = udp_on(w, false, 9);
	fragment(peer4, 1, true);
	for (int i = 0; i < 3000; i++)
		fragment("10.0.0.66", i, true);
	fragment(peer4, 1, false);
	ok(lwip_recv(fd, buf, sizeof(buf), 0) == 56,
	   "row 40: one sender of first fragments does not push out those of others");
	lwip_close(fd);
	wire_close(w);
}

int main(void)
{
	row32_flooded_port_leaves_others_their_half_open_connections();
	row40_sender_of_first_fragments_does_not_push_out_those_of_others();
	return done_testing();
}
