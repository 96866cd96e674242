// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses, messages and options of sockets as text. */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netpacket/packet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "decode.h"

void print_sockaddr(FILE *out, struct traced *traced, uint64_t at, uint64_t length)
{
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_nl nl;
		struct sockaddr_ll ll;
		char bytes[128];
	} address = {0};
	char text[INET6_ADDRSTRLEN];
	ssize_t got;

	if (length > sizeof(address))
		length = sizeof(address);
	got = at ? traced->engine->read(traced, at, &address, length) : -1;
	if (got < (ssize_t)sizeof(address.any.sa_family)) {
		print_pointer(out, at);
		return;
	}
	fputs("{sa_family=", out);
	name_print(out, KMVIEW_T_DOMAIN, address.any.sa_family);
	if (address.any.sa_family == AF_UNIX) {
		size_t room = got - offsetof(struct sockaddr_un, sun_path);
		size_t used = address.un.sun_path[0] ? strnlen(address.un.sun_path, room) : room;

		if (used) {
			fputs(", sun_path=", out);
			string_print(out, address.un.sun_path, used, false);
		}
	} else if (address.any.sa_family == AF_INET && got >= (ssize_t)sizeof(address.in)) {
		fprintf(out, ", sin_port=%u, sin_addr=%s", ntohs(address.in.sin_port),
			inet_ntop(AF_INET, &address.in.sin_addr, text, sizeof(text)));
	} else if (address.any.sa_family == AF_INET6 && got >= (ssize_t)sizeof(address.in6)) {
		fprintf(out, ", sin6_port=%u, sin6_addr=%s", ntohs(address.in6.sin6_port),
			inet_ntop(AF_INET6, &address.in6.sin6_addr, text, sizeof(text)));
		if (address.in6.sin6_scope_id)
			fprintf(out, ", sin6_scope_id=%u", address.in6.sin6_scope_id);
	} else if (address.any.sa_family == AF_NETLINK && got >= (ssize_t)sizeof(address.nl)) {
		fprintf(out, ", nl_pid=%u, nl_groups=%#x", address.nl.nl_pid, address.nl.nl_groups);
	} else if (address.any.sa_family == AF_PACKET && got >= 12) {
		fprintf(out, ", sll_protocol=%#x, sll_ifindex=%d", ntohs(address.ll.sll_protocol),
			address.ll.sll_ifindex);
	}
	fputc('}', out);
}

void print_sockaddr_out(FILE *out, struct traced *traced, unsigned int arg)
{
	uint32_t length;

	if (!succeeded(traced) || !traced->args[arg] ||
	    !read_whole(traced, traced->args[arg + 1], &length, sizeof(length)))
		print_pointer(out, traced->args[arg]);
	else
		print_sockaddr(out, traced, traced->args[arg], length);
}

void print_message(FILE *out, struct traced *traced, unsigned int arg, uint64_t bytes)
{
	struct msghdr message;

	if (word_size(traced) != 8 ||
	    !read_whole(traced, traced->args[arg], &message, sizeof(message))) {
		print_pointer(out, traced->args[arg]);
		return;
	}
	fputs("{msg_name=", out);
	print_sockaddr(out, traced, (uintptr_t)message.msg_name, message.msg_namelen);
	fprintf(out, ", msg_namelen=%u, msg_iov=", message.msg_namelen);
	print_iovecs(out, traced, (uintptr_t)message.msg_iov, message.msg_iovlen, bytes);
	fprintf(out, ", msg_iovlen=%zu, msg_controllen=%zu, msg_flags=", message.msg_iovlen,
		message.msg_controllen);
	name_print(out, KMVIEW_T_MSG, message.msg_flags);
	fputc('}', out);
}

/* ---- options */

struct option_name {
	int level, option;
	const char *name;
};

/* clang-format off */
#define O(level, option) { level, option, #option }

static const struct option_name option_names[] = {
	O(SOL_SOCKET, SO_DEBUG), O(SOL_SOCKET, SO_REUSEADDR), O(SOL_SOCKET, SO_TYPE), O(SOL_SOCKET, SO_ERROR),
	O(SOL_SOCKET, SO_DONTROUTE), O(SOL_SOCKET, SO_BROADCAST), O(SOL_SOCKET, SO_SNDBUF), O(SOL_SOCKET, SO_RCVBUF),
	O(SOL_SOCKET, SO_SNDBUFFORCE), O(SOL_SOCKET, SO_RCVBUFFORCE), O(SOL_SOCKET, SO_KEEPALIVE),
	O(SOL_SOCKET, SO_OOBINLINE), O(SOL_SOCKET, SO_PRIORITY), O(SOL_SOCKET, SO_LINGER), O(SOL_SOCKET, SO_REUSEPORT),
	O(SOL_SOCKET, SO_PASSCRED), O(SOL_SOCKET, SO_PEERCRED), O(SOL_SOCKET, SO_RCVLOWAT), O(SOL_SOCKET, SO_SNDLOWAT),
	O(SOL_SOCKET, SO_RCVTIMEO), O(SOL_SOCKET, SO_SNDTIMEO), O(SOL_SOCKET, SO_BINDTODEVICE),
	O(SOL_SOCKET, SO_ATTACH_FILTER), O(SOL_SOCKET, SO_TIMESTAMP), O(SOL_SOCKET, SO_ACCEPTCONN),
	O(SOL_SOCKET, SO_PEERSEC), O(SOL_SOCKET, SO_PASSSEC), O(SOL_SOCKET, SO_MARK), O(SOL_SOCKET, SO_PROTOCOL),
	O(SOL_SOCKET, SO_DOMAIN), O(SOL_SOCKET, SO_BUSY_POLL), O(SOL_SOCKET, SO_PEERGROUPS),
	O(SOL_SOCKET, SO_ZEROCOPY), O(SOL_SOCKET, SO_COOKIE),
	O(IPPROTO_TCP, TCP_NODELAY), O(IPPROTO_TCP, TCP_MAXSEG), O(IPPROTO_TCP, TCP_CORK), O(IPPROTO_TCP, TCP_KEEPIDLE),
	O(IPPROTO_TCP, TCP_KEEPINTVL), O(IPPROTO_TCP, TCP_KEEPCNT), O(IPPROTO_TCP, TCP_SYNCNT),
	O(IPPROTO_TCP, TCP_LINGER2), O(IPPROTO_TCP, TCP_DEFER_ACCEPT), O(IPPROTO_TCP, TCP_WINDOW_CLAMP),
	O(IPPROTO_TCP, TCP_INFO), O(IPPROTO_TCP, TCP_QUICKACK), O(IPPROTO_TCP, TCP_CONGESTION),
	O(IPPROTO_TCP, TCP_USER_TIMEOUT), O(IPPROTO_TCP, TCP_FASTOPEN), O(IPPROTO_TCP, TCP_NOTSENT_LOWAT),
	O(IPPROTO_TCP, TCP_ULP), O(IPPROTO_TCP, TCP_INQ),
	O(IPPROTO_IP, IP_TOS), O(IPPROTO_IP, IP_TTL), O(IPPROTO_IP, IP_HDRINCL), O(IPPROTO_IP, IP_PKTINFO),
	O(IPPROTO_IP, IP_MTU_DISCOVER), O(IPPROTO_IP, IP_RECVERR), O(IPPROTO_IP, IP_RECVTTL), O(IPPROTO_IP, IP_FREEBIND),
	O(IPPROTO_IP, IP_TRANSPARENT), O(IPPROTO_IP, IP_MULTICAST_IF), O(IPPROTO_IP, IP_MULTICAST_TTL),
	O(IPPROTO_IP, IP_MULTICAST_LOOP), O(IPPROTO_IP, IP_ADD_MEMBERSHIP), O(IPPROTO_IP, IP_DROP_MEMBERSHIP),
	O(IPPROTO_IPV6, IPV6_V6ONLY), O(IPPROTO_IPV6, IPV6_RECVPKTINFO), O(IPPROTO_IPV6, IPV6_RECVERR),
	O(IPPROTO_IPV6, IPV6_UNICAST_HOPS), O(IPPROTO_IPV6, IPV6_MULTICAST_IF), O(IPPROTO_IPV6, IPV6_MULTICAST_HOPS),
	O(IPPROTO_IPV6, IPV6_MTU_DISCOVER), O(IPPROTO_IPV6, IPV6_TCLASS), O(IPPROTO_IPV6, IPV6_RECVHOPLIMIT),
};
/* clang-format on */

void print_socket_option(FILE *out, struct traced *traced, unsigned int arg)
{
	for (size_t i = 0; i < sizeof(option_names) / sizeof(option_names[0]); i++) {
		const struct option_name *option = &option_names[i];

		if (option->level == (int)traced->args[arg - 1] &&
		    option->option == (int)traced->args[arg]) {
			fputs(option->name, out);
			return;
		}
	}
	fprintf(out, "%d", (int)traced->args[arg]);
}

void print_socket_value(FILE *out, struct traced *traced, unsigned int arg)
{
	bool written = traced->call->args[arg] == KMVIEW_T_SOCKVAL_OUT;
	uint32_t length = traced->args[arg + 1];
	int value;

	if (written && (!succeeded(traced) ||
			!read_whole(traced, traced->args[arg + 1], &length, sizeof(length)))) {
		print_pointer(out, traced->args[arg]);
		return;
	}
	if (length == sizeof(value) && read_whole(traced, traced->args[arg], &value, length))
		fprintf(out, "[%d]", value);
	else
		print_bytes(out, traced, traced->args[arg], length);
}
