/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a stranger or a program can hand to a stack, for libFuzzer. The first byte says what
 * follows:
 *
 *   F   frames: LENGTH (2 bytes) FLAGS FRAME..., on a stack with sockets of every kind; FLAGS 1 =
 * leave the checksums as they are, 2 = let time pass behind it C   a configuration string, without
 * the items that open something outside the process A   a sequence of socket calls, see call(),
 * over the loopback interface
 *
 * Time is virtual and everything seeded: an input does the same each time.
 */
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include "tests/lwipv6/wire.h"

struct input {
	const uint8_t *data;
	size_t len;
};

static unsigned int take(struct input *in, unsigned int bytes)
{
	unsigned int v = 0;

	while (bytes-- && in->len) {
		v = v << 8 | *in->data++;
		in->len--;
	}
	return v;
}

/* ---- frames */

static void frames(struct input *in)
{
	static uint8_t room[4098], buf[70000];
	struct wire *w = wire_open(LWIP_STACK_FLAG_FORWARDING);
	int l = listen_on(w, true, 80),
	    udp = lwip_msocket(w->stack, AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	int raw = lwip_msocket(w->stack, AF_INET6, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMPV6), child;
	int packet = lwip_msocket(w->stack, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
	struct sockaddr_in6 any = name6("::", 7);
	struct conn c;

	lwip_bind(udp, (void *)&any, sizeof(any));
	conn_accept(w, &c, l, 80, &full);
	lwip_send(c.fd, pattern(), 20000, 0);
	while (in->len > 3) {
		size_t len = take(in, 2) % 4096;
		uint8_t flags = take(in, 1);

		if (len > in->len)
			len = in->len;
		memcpy(room + 2, in->data, len);
		in->data += len;
		in->len -= len;
		if (!(flags & 1) && len > 20)
			wire_repair(room + 2, len);
		wire_input(w, room + 2, len);
		if (flags & 2)
			wire_advance(w, flags * 40);
		wire_drop(w);
	}
	wire_advance(w, 100000);
	lwip_recv(c.fd, buf, sizeof(buf), 0);
	lwip_recv(udp, buf, sizeof(buf), 0);
	lwip_recv(raw, buf, sizeof(buf), 0);
	lwip_recv(packet, buf, sizeof(buf), 0);
	while ((child = lwip_accept4(l, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		lwip_close(child);
	lwip_close(c.fd);
	lwip_close(udp);
	lwip_close(raw);
	lwip_close(packet);
	lwip_close(l);
	wire_close(w);
}

/* ---- configuration */

static void configuration(struct input *in)
{
	char text[512], error[64];
	struct stack *stack;

	if (in->len >= sizeof(text))
		return;
	memcpy(text, in->data, in->len);
	text[in->len] = 0;
	/* vd, tp, tn open and create things outside; files are read or written. */
	for (const char *t = text; *t; t++)
		if (!strncmp(t, "vd", 2) || !strncmp(t, "tp", 2) || !strncmp(t, "tn", 2) ||
		    !strncmp(t, "sl", 2))
			return;
	stack = lwip_stack_create(text, error, sizeof(error));
	if (stack)
		lwip_stack_free(stack);
}

/* ---- calls */

#define FDS 8

struct calls {
	struct wire *w;
	int fd[FDS];
};

static void name_of(struct input *in, struct sockaddr_storage *sa, socklen_t *len)
{
	static const char *const hosts[] = {
		"::1", "::", "fd00::1", "fd00::2", "::ffff:127.0.0.1", "ff02::1"};
	unsigned int how = take(in, 1);
	uint16_t port = 1000 + how / 16;

	memset(sa, 0, sizeof(*sa));
	if (how & 8) {
		*(struct sockaddr_in *)sa = name4(how & 1   ? "127.0.0.1"
						  : how & 2 ? "10.0.0.1"
							    : "10.0.0.2",
						  port);
		*len = sizeof(struct sockaddr_in);
	} else {
		*(struct sockaddr_in6 *)sa = name6(hosts[how % 6], port);
		*len = sizeof(struct sockaddr_in6);
	}
	if (how == 255) {
		sa->ss_family = AF_UNSPEC;
		*len = take(in, 1) % sizeof(*sa);
	}
}

static void released(void *base, void *arg)
{
	free(base);
}

static void call(struct calls *k, struct input *in)
{
	static const int families[] = {AF_INET, AF_INET6, AF_INET6, AF_PACKET},
			 types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_STREAM, SOCK_RAW};
	static const int levels[] = {SOL_SOCKET,  IPPROTO_TCP,	  IPPROTO_IP, IPPROTO_IPV6,
				     IPPROTO_RAW, IPPROTO_ICMPV6, SOL_PACKET};
	static const long cmds[] = {FIONREAD,	   SIOCATMARK,	SIOCOUTQ,    SIOCGIFFLAGS,
				    SIOCSIFFLAGS,  SIOCGIFMTU,	SIOCSIFMTU,  SIOCGIFINDEX,
				    SIOCGIFHWADDR, SIOCGIFADDR, SIOCGIFNAME, SIOCSARP,
				    SIOCDARP,	   SIOCGARP,	SIOCGSTAMP};
	static uint8_t buf[70000];
	unsigned int op = take(in, 1), slot = op / 32, n;
	struct sockaddr_storage sa;
	struct lwip_lease *lease;
	socklen_t len = sizeof(sa);
	struct iovec iov[32];
	struct msghdr m = {
		.msg_iov = iov, .msg_iovlen = 1, .msg_control = buf + 60000, .msg_controllen = 256};
	int *fd = &k->fd[slot], other;

	switch (op % 32) {
	case 0:
	case 1:
		n = take(in, 1);
		if (*fd >= 0)
			lwip_close(*fd);
		*fd = lwip_msocket(k->w->stack, families[n % 4], types[n / 4 % 4] | SOCK_NONBLOCK,
				   n / 16 % 4 == 3 ? IPPROTO_ICMPV6 : 0);
		break;
	case 2:
		lwip_close(*fd);
		*fd = -1;
		break;
	case 3:
		name_of(in, &sa, &len);
		lwip_bind(*fd, (void *)&sa, len);
		break;
	case 4:
	case 5:
		name_of(in, &sa, &len);
		lwip_connect(*fd, (void *)&sa, len);
		break;
	case 6:
		lwip_listen(*fd, take(in, 1));
		break;
	case 7:
	case 8:
		other = lwip_accept4(*fd, (void *)&sa, &len, SOCK_NONBLOCK);
		if (other >= 0) {
			slot = take(in, 1) % FDS;
			if (k->fd[slot] >= 0)
				lwip_close(k->fd[slot]);
			k->fd[slot] = other;
		}
		break;
	case 9:
	case 10:
		n = take(in, 2);
		lwip_send(*fd, pattern(), n, take(in, 1));
		break;
	case 11:
		name_of(in, &sa, &len);
		lwip_sendto(*fd, pattern(), take(in, 2), 0, (void *)&sa, len);
		break;
	case 12:
	case 13:
		n = take(in, 2);
		lwip_recv(*fd, buf, n, take(in, 1));
		break;
	case 14:
		iov[0] = (struct iovec){buf, take(in, 2) % 60000};
		m.msg_controllen = take(in, 1);
		lwip_recvmsg(*fd, &m, take(in, 2));
		break;
	case 15:
		iov[0] = (struct iovec){pattern(), take(in, 2) % 60000};
		m.msg_controllen = take(in, 1);
		for (n = 0; n < m.msg_controllen; n++)
			buf[60000 + n] = take(in, 1);
		lwip_sendmsg(*fd, &m, take(in, 1));
		break;
	case 16:
		lwip_shutdown(*fd, take(in, 1) % 4);
		break;
	case 17:
	case 18:
	case 19: {
		int level = levels[take(in, 1) % 7], name = take(in, 1);

		n = take(in, 1) % 128;
		for (unsigned int i = 0; i < n; i++)
			buf[i] = take(in, 1);
		lwip_setsockopt(*fd, level, name, buf, n);
		break;
	}
	case 20: {
		int level = levels[take(in, 1) % 7], name = take(in, 1);

		len = take(in, 1);
		lwip_getsockopt(*fd, level, name, buf, &len);
		break;
	}
	case 21:
		n = take(in, 1) % (sizeof(cmds) / sizeof(cmds[0]));
		memset(buf, 0, 256);
		for (unsigned int i = 0; i < 40 && n > 2; i++)
			buf[i] = take(in, 1);
		lwip_ioctl(*fd, cmds[n], buf);
		break;
	case 22:
		n = take(in, 2);
		uint8_t *lent = malloc(n + 1);

		memset(lent, 7, n + 1);
		if (lwip_send_zc(*fd, lent, n, 0, released, NULL) < 0)
			free(lent);
		break;
	case 23:
		other = 32;
		if (lwip_recv_zc(*fd, iov, &other, 0, &lease) > 0)
			lwip_recv_zc_release(lease);
		break;
	case 24:
		wire_advance(k->w, take(in, 2));
		break;
	case 25:
		lwip_getsockname(*fd, (void *)&sa, &len);
		len = take(in, 1);
		lwip_getpeername(*fd, (void *)&sa, &len);
		break;
	case 26: {
		struct pollfd p = {.fd = *fd, .events = POLLIN | POLLOUT};

		lwip_poll(&p, 1, 0);
		break;
	}
	case 27: {
		struct ip_addr a = {{htonl(0xfd000000), 0, 0, htonl(take(in, 1))}},
			       mask = {{~0u, ~0u, 0, 0}};

		if (take(in, 1) & 1)
			lwip_add_addr(k->w->netif, &a, &mask);
		else
			lwip_del_addr(k->w->netif, &a, &mask);
		break;
	}
	case 28:
		lwip_set_mtu(k->w->netif, take(in, 2));
		break;
	case 29:
		if (take(in, 1) & 1)
			lwip_ifup(k->w->netif);
		else
			lwip_ifdown(k->w->netif);
		break;
	case 30: {
		char domains[64];
		struct ip_addr list[4];
		char *text = lwip_statistics_json(k->w->stack);

		free(text);
		lwip_resolvers(k->w->stack, list, 4);
		lwip_search_domains(k->w->stack, domains, take(in, 1) % 64);
		break;
	}
	default:
		wire_drop(k->w);
	}
}

static void calls(struct input *in)
{
	struct calls k = {.w = wire_open(0)};

	for (int i = 0; i < FDS; i++)
		k.fd[i] = -1;
	while (in->len)
		call(&k, in);
	wire_advance(k.w, 1000);
	for (int i = 0; i < FDS; i++)
		if (k.fd[i] >= 0)
			lwip_close(k.fd[i]);
	wire_advance(k.w, 200000);
	wire_close(k.w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = {data + 1, len - 1};

	if (!len)
		return 0;
	switch (data[0]) {
	case 'F':
		frames(&in);
		break;
	case 'C':
		configuration(&in);
		break;
	case 'A':
		calls(&in);
		break;
	}
	return 0;
}
