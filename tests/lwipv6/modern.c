/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The calls beside the old ones, between two stacks joined in memory, in real time: descriptors in
 * epoll and io_uring, sending and receiving without copies, batches, statistics, MTU, pcap trace, a
 * stack from one string.
 */
#include <jansson.h>
#include <liburing.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include "tests/lwipv6/wire.h"

static struct stack *a, *b;
static struct netif *ends[2];

static void address(struct netif *n, int host)
{
	struct ip_addr ip, mask;

	IP64_ADDR(&ip, 10, 0, 0, host);
	IP64_MASKADDR(&mask, 255, 255, 255, 0);
	lwip_add_addr(n, &ip, &mask);
	lwip_ifup(n);
}

/* A connection from a to port 80 of b. */
static void connection(int *client, int *server)
{
	struct sockaddr_in to = name4("10.0.0.2", 80);
	int l = lwip_msocket(b, AF_INET, SOCK_STREAM, 0), on = 1;

	lwip_setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	lwip_bind(l, (void *)&to, sizeof(to));
	lwip_listen(l, 5);
	*client = lwip_msocket(a, AF_INET, SOCK_STREAM, 0);
	ok(!lwip_connect(*client, (void *)&to, sizeof(to)), "connected");
	*server = lwip_accept(l, NULL, NULL);
	lwip_close(l);
}

static void epoll_and_uring(void)
{
	struct io_uring ring;
	struct io_uring_cqe *cqe;
	struct epoll_event ev = {.events = EPOLLIN}, got;
	int client, server, ep = epoll_create1(0);
	char byte;

	connection(&client, &server);
	epoll_ctl(ep, EPOLL_CTL_ADD, server, &ev);
	ok(epoll_wait(ep, &got, 1, 0) == 0, "epoll: nothing to read yet");
	lwip_send(client, "x", 1, 0);
	ok(epoll_wait(ep, &got, 1, 5000) == 1 && got.events & EPOLLIN,
	   "epoll: data shows as readable");
	lwip_recv(server, &byte, 1, 0);
	ok(epoll_wait(ep, &got, 1, 0) == 0, "epoll: and no more when it was read");
	close(ep);
	ok(!io_uring_queue_init(4, &ring, 0), "io_uring: a ring");
	io_uring_prep_poll_add(io_uring_get_sqe(&ring), server, POLLIN);
	io_uring_submit(&ring);
	ok(io_uring_peek_cqe(&ring, &cqe) == -EAGAIN, "io_uring: a poll on a descriptor waits");
	lwip_send(client, "y", 1, 0);
	ok(!io_uring_wait_cqe(&ring, &cqe) && cqe->res & POLLIN,
	   "io_uring: and completes when data is there");
	io_uring_cqe_seen(&ring, cqe);
	lwip_recv(server, &byte, 1, 0);
	io_uring_prep_poll_add(io_uring_get_sqe(&ring), server, POLLRDHUP);
	io_uring_submit(&ring);
	lwip_close(client);
	ok(!io_uring_wait_cqe(&ring, &cqe) && cqe->res & POLLRDHUP,
	   "io_uring: the peer's end shows as well");
	io_uring_queue_exit(&ring);
	lwip_close(server);
}

static int releases;
static void *released_base;

static void released(void *base, void *arg)
{
	releases += *(int *)arg;
	released_base = base;
}

static void zero_copy(void)
{
	static uint8_t data[100000];
	struct iovec iov[32];
	struct lwip_lease *lease;
	int client, server, count, one = 1;
	size_t got = 0;
	bool same = true;

	memcpy(data, pattern(), sizeof(data));
	connection(&client, &server);
	ok(lwip_send_zc(client, data, sizeof(data), 0, released, &one) == sizeof(data),
	   "zero copy: the whole buffer is taken");
	while (got < sizeof(data)) {
		count = 32;
		ssize_t n = lwip_recv_zc(server, iov, &count, 0, &lease);

		if (n <= 0)
			break;
		for (int i = 0; i < count; i++) {
			same &= !memcmp(iov[i].iov_base, data + got, iov[i].iov_len);
			got += iov[i].iov_len;
		}
		ok(releases == 0 || got == sizeof(data),
		   "zero copy: %zu bytes are lent, the sender's buffer is kept", got);
		lwip_recv_zc_release(lease);
	}
	ok(same && got == sizeof(data), "zero copy: every byte arrives");
	/* The last acknowledgment may be delayed. */
	for (int i = 0; i < 5000 && !__atomic_load_n(&releases, __ATOMIC_ACQUIRE); i++)
		usleep(1000);
	ok(releases == 1 && released_base == data, "zero copy: the buffer is given back once");
	lwip_send_zc(client, data, 1000, 0, released, &one);
	lwip_close(client);
	lwip_close(server);
	for (int i = 0; i < 5000 && __atomic_load_n(&releases, __ATOMIC_ACQUIRE) < 2; i++)
		usleep(1000);
	ok(releases == 2, "zero copy: and when the connection is closed");
}

static void batches(void)
{
	struct sockaddr_in to = name4("10.0.0.2", 7);
	int tx = lwip_msocket(a, AF_INET, SOCK_DGRAM, 0),
	    rx = lwip_msocket(b, AF_INET, SOCK_DGRAM, 0), n = 0;
	char out[10][4], in[10][4];
	struct mmsghdr m[10] = {0};
	struct iovec iov[10];
	bool order = true;

	lwip_bind(rx, (void *)&to, sizeof(to));
	lwip_connect(tx, (void *)&to, sizeof(to));
	for (int i = 0; i < 10; i++) {
		snprintf(out[i], 4, "%d", i);
		iov[i] = (struct iovec){out[i], 4};
		m[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	}
	ok(lwip_sendmmsg(tx, m, 10, 0) == 10, "batch: ten datagrams in one call");
	for (int i = 0; i < 10; i++)
		iov[i].iov_base = in[i];
	while (n < 10) {
		int r = lwip_recvmmsg(rx, m + n, 10 - n, MSG_WAITFORONE, NULL);

		if (r <= 0)
			break;
		n += r;
	}
	for (int i = 0; i < n; i++)
		order &= m[i].msg_len == 4 && !strcmp(in[i], out[i]);
	ok(n == 10 && order, "batch: and out again, in order");
	lwip_close(tx);
	lwip_close(rx);
}

static void statistics_and_trace(void)
{
	char path[] = "/tmp/lwipv6-trace-XXXXXX", magic[4];
	struct lwip_netif_statistics before, after;
	struct lwip_statistics s;
	struct stat st;
	int client, server, fd = mkstemp(path);
	char *text;
	json_t *j;

	lwip_netif_statistics(ends[0], &before, sizeof(before));
	ok(!lwip_capture_start(ends[0], path), "trace: started");
	connection(&client, &server);
	lwip_send(client, "traced", 6, 0);
	lwip_recv(server, path + sizeof(path), 0, 0);
	lwip_capture_stop(ends[0]);
	lwip_netif_statistics(ends[0], &after, sizeof(after));
	ok(after.tx_packets > before.tx_packets && after.rx_packets > before.rx_packets,
	   "statistics: of an interface");
	ok(read(fd, magic, 4) == 4 && !memcmp(magic, "\x4d\x3c\xb2\xa1", 4) && !fstat(fd, &st) &&
		   st.st_size > 300,
	   "trace: a pcap file with frames");
	ok(!lwip_statistics(a, &s, sizeof(s)) && s.tcp_active_opens, "statistics: as a structure");
	text = lwip_statistics_json(a);
	j = json_loads(text, 0, NULL);
	ok(j &&
		   json_integer_value(json_object_get(j, "tcp_active_opens")) ==
			   (json_int_t)s.tcp_active_opens &&
		   json_object_get(json_object_get(j, "interfaces"), "pr0"),
	   "statistics: as JSON, the same figures");
	json_decref(j);
	free(text);
	lwip_close(client);
	lwip_close(server);
	close(fd);
	unlink(path);
}

static void mtu(void)
{
	static uint8_t data[60000], back[60000];
	struct sockaddr_in to = name4("10.0.0.2", 7);
	struct lwip_statistics before, after;
	int tx = lwip_msocket(a, AF_INET, SOCK_DGRAM, 0),
	    rx = lwip_msocket(b, AF_INET, SOCK_DGRAM, 0), client, server;
	struct tcp_info info;
	socklen_t len = sizeof(info);

	ok(lwip_set_mtu(ends[0], 65536) < 0 && lwip_set_mtu(ends[0], 67) < 0,
	   "mtu: 65536 and 67 are refused");
	ok(!lwip_set_mtu(ends[0], 65535) && !lwip_set_mtu(ends[1], 65535), "mtu: 65535 is taken");
	lwip_bind(rx, (void *)&to, sizeof(to));
	lwip_statistics(a, &before, sizeof(before));
	memcpy(data, pattern(), sizeof(data));
	ok(lwip_sendto(tx, data, sizeof(data), 0, (void *)&to, sizeof(to)) == sizeof(data),
	   "mtu: a datagram of 60,000 bytes");
	ok(lwip_recv(rx, back, sizeof(back), 0) == sizeof(back) &&
		   !memcmp(data, back, sizeof(data)),
	   "mtu: arrives");
	lwip_statistics(a, &after, sizeof(after));
	ok(before.ip_fragmented == after.ip_fragmented, "mtu: without fragments");
	connection(&client, &server);
	lwip_getsockopt(client, IPPROTO_TCP, TCP_INFO, &info, &len);
	ok(info.tcpi_snd_mss > 60000, "mtu: TCP's segments grow with it (%u)", info.tcpi_snd_mss);
	lwip_close(client);
	lwip_close(server);
	lwip_close(tx);
	lwip_close(rx);
}

static void from_string(void)
{
	char error[200] = "";
	struct stack *s = lwip_stack_create(
		"ip=lo0:10.5.0.1/24,ip='lo0:fd05::1/64',forward,temporary,mtu=lo0:1400", error,
		sizeof(error));

	ok(s, "string: a stack (%s)", error);
	if (s) {
		ok(lwip_stack_flags_get(s) & LWIP_STACK_FLAG_FORWARDING &&
			   lwip_stack_flags_get(s) & LWIP_STACK_FLAG_TEMPORARY,
		   "string: its flags");
		lwip_stack_free(s);
	}
	ok(!lwip_stack_create("mtu=lo0:12", error, sizeof(error)) && strstr(error, "12"),
	   "string: a bad value is named (%s)", error);
}

/* What was sent and closed is delivered although the stack ends at once. */
static void ending(void)
{
	static uint8_t back[200000];
	struct stack *last = lwip_stack_new();
	struct sockaddr_in to = name4("10.1.0.2", 80);
	struct netif *pair[2];
	struct ip_addr ip, mask;
	int l = lwip_msocket(b, AF_INET, SOCK_STREAM, 0), fd, got = 0, n;

	lwip_add_pairif(last, b, pair);
	IP64_MASKADDR(&mask, 255, 255, 255, 0);
	for (int i = 0; i < 2; i++) {
		IP64_ADDR(&ip, 10, 1, 0, 1 + i);
		lwip_add_addr(pair[i], &ip, &mask);
		lwip_ifup(pair[i]);
	}
	lwip_bind(l, (void *)&to, sizeof(to));
	lwip_listen(l, 5);
	fd = lwip_msocket(last, AF_INET, SOCK_STREAM, 0);
	lwip_connect(fd, (void *)&to, sizeof(to));
	lwip_send(fd, pattern(), 100000, 0);
	lwip_close(fd);
	lwip_stack_free(last);
	fd = lwip_accept(l, NULL, NULL);
	while ((n = lwip_recv(fd, back + got, sizeof(back) - got, 0)) > 0)
		got += n;
	ok(got == 100000 && !n && !memcmp(back, pattern(), got),
	   "ending: a stack that goes delivers what was closed before (%d bytes)", got);
	lwip_close(fd);
	lwip_close(l);
}

int main(void)
{
	a = lwip_stack_new();
	b = lwip_stack_new();
	if (lwip_add_pairif(a, b, ends))
		return 1;
	address(ends[0], 1);
	address(ends[1], 2);
	epoll_and_uring();
	zero_copy();
	batches();
	statistics_and_trace();
	mtu();
	from_string();
	ending();
	lwip_stack_free(a);
	lwip_stack_free(b);
	return done_testing();
}
