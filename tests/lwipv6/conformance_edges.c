/* SPDX-License-Identifier: GPL-2.0-only */
/* The largest datagram, the narrowest path, the oddest segments. The name of each function is the
 * state, its lines are the segments. */
#include "tests/lwipv6/path.h"
#include "tests/lwipv6/script.h"
#include <sys/ioctl.h>

/* ---- datagrams up to the last byte, over loopback and in fragments over a link */

static struct path path;

static int udp(int side, bool v6, bool bind_it)
{
	int fd = lwip_msocket(path.stack[side], v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK,
			      0),
	    big = 1 << 20;
	struct sockaddr_in a = name4("0.0.0.0", 9);
	struct sockaddr_in6 b = name6("::", 9);

	lwip_setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof(big));
	if (bind_it)
		lwip_bind(fd, v6 ? (void *)&b : (void *)&a, v6 ? sizeof(b) : sizeof(a));
	return fd;
}

static void largest(int to, bool v6, const char *address, int row, int size)
{
	static uint8_t in[70000];
	int from = udp(0, v6, false), sink = udp(to, v6, true);
	struct sockaddr_in a = name4(address, 9);
	struct sockaddr_in6 b = name6(address, 9);
	void *name = v6 ? (void *)&b : (void *)&a;
	socklen_t len = v6 ? sizeof(b) : sizeof(a);
	ssize_t got;

	ok(lwip_sendto(from, pattern(), size, 0, name, len) == size,
	   "row %d: a datagram of %d bytes is sent to %s", row, size, address);
	for (int i = 0; i < 100; i++)
		path_step(&path, NULL, NULL);
	got = lwip_recv(sink, in, sizeof(in), 0);
	ok(got == size && !memcmp(in, pattern(), size), "row %d: and arrives whole (%zd)", row,
	   got);
	ok(lwip_sendto(from, pattern(), size + 1, 0, name, len) < 0 && errno == EMSGSIZE,
	   "row %d: EMSGSIZE for one more", row);
	lwip_close(from);
	lwip_close(sink);
}

static void largest_datagrams(void)
{
	path = (struct path){0};
	path_open(&path, 1500);
	for (int i = 0; i < 3000; i++)
		path_step(&path, NULL, NULL);
	largest(0, false, "127.0.0.1", 37, 65507);
	largest(0, true, "::1", 37, 65527);
	largest(1, false, "10.0.0.2", 39, 65507);
	largest(1, true, "fd00::2", 42, 65527);
	path_close(&path);
}

/* ---- a path below 552 bytes */

/* An ICMP report of @mtu about the segment at @seq of the script's connection. */
static void too_big(uint32_t seq, uint16_t mtu)
{
	uint8_t m[36] = {ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 0, 0, 0, 0, mtu >> 8, mtu};
	struct iphdr *q = (struct iphdr *)(m + 8);
	uint16_t ports[2] = {htons(80), htons(script.port)};

	*q = (struct iphdr){
		.version = 4, .ihl = 5, .tot_len = htons(576), .ttl = 64, .protocol = IPPROTO_TCP};
	inet_pton(AF_INET, our4, &q->saddr);
	inet_pton(AF_INET, peer4, &q->daddr);
	memcpy(m + 28, ports, 4);
	seq = htonl(seq);
	memcpy(m + 32, &seq, 4);
	icmp4_send(script_wire, NULL, NULL, m, sizeof(m));
	wire_advance(script_wire, 0);
}

/* The next packet's length, its DF in *@df; 0 = none. */
static size_t next_packet(bool *df)
{
	struct seen s;

	if (!ip_take(script_wire, IPPROTO_TCP, &s))
		return 0;
	*df = s.ip4->frag_off & htons(IP_DF);
	return ntohs(s.ip4->tot_len);
}

static void row35_path_of_300_is_told_once_segments_go_without_df(void)
{
	size_t len, largest_len = 0;
	bool df = false, any_df = false;

	script_open(&plain, NULL);
	writes(2000);
	len = next_packet(&df);
	says("576 bytes with DF to begin with", len == 576 && df);
	skip();
	too_big(script.ack, 300);
	while ((len = next_packet(&df))) {
		any_df |= df;
		if (len > largest_len)
			largest_len = len;
	}
	says("sent again at once, up to 552 bytes, without DF", largest_len == 552 && !any_df);
	in(". 1:1(0) ack 2001");
	writes(1000);
	len = next_packet(&df);
	says("what follows as well", len == 552 && !df);
	script_close();
}

static void row35_path_of_1000_keeps_df(void)
{
	bool df = false;
	size_t len;

	script_open(&full, NULL);
	writes(5000);
	skip();
	too_big(script.ack, 1000);
	len = next_packet(&df);
	says("1000 bytes with DF", len == 1000 && df);
	script_close();
}

static void row36_silent_path_below_552_is_passed_without_df(void)
{
	bool df = true;
	size_t len = 0;

	script_open(&plain, NULL);
	writes(536);
	for (int i = 0; i < 3000 && df; i++) {
		after(10);
		len = next_packet(&df) ?: len;
	}
	says("after some timeouts", len && !df);
	script_close();
}

/* ---- TIME-WAIT whose descriptor is still open */

static void row7_time_wait_with_open_descriptor_takes_a_later_syn(void)
{
	struct segment syn, s;
	char byte;

	script_open(&full, NULL);
	in("P 1:11(10) ack 1 ts");
	skip();
	lwip_shutdown(script.fd, SHUT_WR);
	skip();
	in("F 11:11(0) ack 2 ts");
	skip();
	after(1500);
	syn = (struct segment){.sport = script.port,
			       .dport = 80,
			       .seq = script.seq + 70000,
			       .flags = TH_SYN,
			       .window = 1000,
			       .options = {1, 1, 8, 10},
			       .options_len = 12};
	uint32_t later = htonl(script.tsval + 100);

	memcpy(syn.options + 4, &later, 4);
	segment_send(script_wire, false, &syn);
	says("SYN-ACK",
	     segment_take(script_wire, &s) && s.flags == (TH_SYN | TH_ACK) && s.ack == syn.seq + 1);
	says("the old descriptor gives what was not read", reads(100) == 10);
	says("and the end", lwip_recv(script.fd, &byte, 1, 0) == 0);
	script_close();
}

/* ---- segments that are strange */

static void row18_listen_ignores_syn_with_fin(void)
{
	struct segment s = {
		.sport = 30000, .dport = 80, .seq = 5000, .flags = TH_SYN | TH_FIN, .window = 1000};

	script_open(&plain, NULL);
	segment_send(script_wire, false, &s);
	after(5000);
	none();
	script_close();
}

static void row21_bare_fin_sent_again_has_no_push(void)
{
	struct segment s;

	script_open(&plain, NULL);
	lwip_shutdown(script.fd, SHUT_WR);
	says("the first", segment_take(script_wire, &s) && s.flags == (TH_FIN | TH_ACK));
	after(300);
	says("the second", segment_take(script_wire, &s) && s.flags == (TH_FIN | TH_ACK));
	script_close();
}

static void row14_urgent_byte_is_read_once(void)
{
	char buf[10];
	int at_mark;

	script_open(&plain, NULL);
	in("U 1:6(5) ack 1 urg 3");
	says("MSG_PEEK leaves it", lwip_recv(script.fd, buf, 1, MSG_OOB | MSG_PEEK) == 1);
	says("read", lwip_recv(script.fd, buf, 1, MSG_OOB) == 1);
	says("EINVAL the second time",
	     lwip_recv(script.fd, buf, 1, MSG_OOB) < 0 && errno == EINVAL);
	struct pollfd p = {.fd = script.fd, .events = POLLPRI | POLLIN};

	lwip_poll(&p, 1, 0);
	says("POLLPRI is gone", !(p.revents & POLLPRI) && p.revents & POLLIN);
	says("two bytes up to the mark", reads(10) == 2);
	lwip_ioctl(script.fd, SIOCATMARK, &at_mark);
	says("at the mark", at_mark);
	says("two bytes behind it", reads(10) == 2);
	lwip_ioctl(script.fd, SIOCATMARK, &at_mark);
	says("no longer at the mark", !at_mark);
	script_close();
}

static void row14_urgent_byte_alone_is_no_end_of_file(void)
{
	struct pollfd p;
	char byte;
	int n = 5;

	script_open(&plain, NULL);
	in("U 1:2(1) ack 1 urg 1");
	p = (struct pollfd){.fd = script.fd, .events = POLLPRI | POLLIN};
	lwip_poll(&p, 1, 0);
	says("POLLPRI without POLLIN", p.revents == POLLPRI);
	lwip_ioctl(script.fd, FIONREAD, &n);
	says("FIONREAD says 0", n == 0);
	says("EAGAIN", lwip_recv(script.fd, &byte, 1, 0) < 0 && errno == EAGAIN);
	script_close();
}

static void row14_urgent_byte_passed_over_is_gone(void)
{
	char byte;

	script_open(&plain, NULL);
	in("U 1:6(5) ack 1 urg 3");
	says("two bytes up to the mark", reads(10) == 2);
	says("two bytes behind it", reads(10) == 2);
	says("EINVAL for MSG_OOB", lwip_recv(script.fd, &byte, 1, MSG_OOB) < 0 && errno == EINVAL);
	script_close();
}

int main(void)
{
	largest_datagrams();
	row35_path_of_300_is_told_once_segments_go_without_df();
	row35_path_of_1000_keeps_df();
	row36_silent_path_below_552_is_passed_without_df();
	row7_time_wait_with_open_descriptor_takes_a_later_syn();
	row18_listen_ignores_syn_with_fin();
	row21_bare_fin_sent_again_has_no_push();
	row14_urgent_byte_is_read_once();
	row14_urgent_byte_alone_is_no_end_of_file();
	row14_urgent_byte_passed_over_is_gone();
	return done_testing();
}
