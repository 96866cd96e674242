/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of datagram and raw sockets: ip(7), ipv6(7), RFC 3493, RFC 3542. */
#include <errno.h>
#include "lwipv6/socket/datagram.h"

static int set_socket(struct datagram_socket *d, int name, const void *value, socklen_t len)
{
	struct endpoint *e = &d->endpoint;
	int n, error;

	if (name == SO_BINDTODEVICE) {
		char device[IFNAMSIZ] = "";

		memcpy(device, value, len < IFNAMSIZ - 1 ? len : IFNAMSIZ - 1);
		e->netif = *device ? netif_by_name(e->stack, device) : NULL;
		return *device && !e->netif ? -ENODEV : 0;
	}
	switch (name) {
	case SO_REUSEADDR:
	case SO_REUSEPORT:
	case SO_BROADCAST:
	case SO_NO_CHECK:
	case SO_KEEPALIVE:
		error = option_int(value, len, &n);
		if (error)
			return error;
		break;
	default:
		return socket_set_common(&d->socket, name, value, len);
	}
	if (name == SO_BROADCAST && n && !stack_capable(e->stack, LWIP_CAP_NET_BROADCAST))
		return -EPERM;
	if (name == SO_REUSEADDR)
		e->reuse_address = n;
	else if (name == SO_REUSEPORT)
		e->reuse_port = n;
	else if (name == SO_BROADCAST)
		e->broadcast = n;
	else if (name == SO_NO_CHECK)
		e->no_checksum_v4 = n;
	return 0;
}

static int set_hops(uint8_t *hops, int n, int fallback)
{
	if (n < -1 || n > 255)
		return -EINVAL;
	*hops = n == -1 ? fallback : n;
	return 0;
}

static int set_ip(struct datagram_socket *d, int name, const void *value, socklen_t len)
{
	struct endpoint *e = &d->endpoint;
	int n = 0;

	if (len == 1) /* multicast options may come as bytes */
		n = *(const uint8_t *)value;
	else if (option_int(value, len, &n)) /* the others come from options.c, whole */
		return e->raw || name == IP_HDRINCL ? -EINVAL : -ENOPROTOOPT;
	switch (name) {
	case IP_TTL:
		return n ? set_hops(&d->unicast_hops, n, 0) : -EINVAL;
	case IP_TOS:
		e->options.traffic_class = n;
		return 0;
	case IP_HDRINCL:
		d->header_included = n;
		return 0;
	case IP_MULTICAST_TTL:
		return set_hops(&e->multicast_hops, n, 1);
	case IP_MULTICAST_LOOP:
		e->multicast_loop = n;
		return 0;
	case IP_PKTINFO:
		d->recv_info = n;
		return 0;
	case IP_RECVTTL:
		d->recv_hops = n;
		return 0;
	case IP_RECVTOS:
		d->recv_class = n;
		return 0;
	case IP_RECVERR:
		d->recv_error = n;
		return 0;
	case IP_FREEBIND:
		e->freebind = n;
		return 0;
	case IP_MTU_DISCOVER:
		e->options.dont_fragment = n != IP_PMTUDISC_DONT && n != IP_PMTUDISC_WANT;
		e->options.ignore_path_mtu = n == IP_PMTUDISC_PROBE;
		return 0;
	}
	return -ENOPROTOOPT;
}

static int set_ip6(struct datagram_socket *d, int name, const void *value, socklen_t len)
{
	struct endpoint *e = &d->endpoint;
	int n;

	if (option_int(value, len, &n)) /* as above */
		return e->raw || name == IPV6_MULTICAST_IF || name == IPV6_CHECKSUM ? -EINVAL
										    : -ENOPROTOOPT;
	switch (name) {
	case IPV6_V6ONLY:
		if (e->bound)
			return -EINVAL;
		e->v6only = n;
		return 0;
	case IPV6_UNICAST_HOPS:
		return set_hops(&d->unicast_hops, n, 0);
	case IPV6_MULTICAST_HOPS:
		return set_hops(&e->multicast_hops, n, 1);
	case IPV6_MULTICAST_LOOP:
		e->multicast_loop = n;
		return 0;
	case IPV6_MULTICAST_IF:
		e->multicast_netif = n ? netif_by_index(e->stack, n) : NULL;
		return n && !e->multicast_netif ? -ENODEV : 0;
	case IPV6_TCLASS:
		e->options.traffic_class = n == -1 ? 0 : n;
		return 0;
	case IPV6_RECVPKTINFO:
		d->recv_info = n;
		return 0;
	case IPV6_RECVHOPLIMIT:
	case IPV6_HOPLIMIT:
		d->recv_hops = n;
		return 0;
	case IPV6_RECVTCLASS:
		d->recv_class = n;
		return 0;
	case IPV6_RECVERR:
		d->recv_error = n;
		return 0;
	case IPV6_FREEBIND:
		e->freebind = n;
		return 0;
	case IPV6_DONTFRAG:
		e->options.dont_fragment = n;
		return 0;
	case IPV6_MTU_DISCOVER:
		e->options.ignore_path_mtu = n == IPV6_PMTUDISC_PROBE;
		return 0;
	case IPV6_CHECKSUM:
		d->checksum_offset = n;
		return n >= 0 && n % 2 ? -EINVAL : 0;
	}
	return -ENOPROTOOPT;
}

int datagram_setsockopt(struct socket *s, int level, int name, const void *value, socklen_t len)
{
	struct datagram_socket *d = datagram(s);
	int error;

	if (!value)
		return -EFAULT;
	switch (level) {
	case SOL_SOCKET:
		return set_socket(d, name, value, len);
	case IPPROTO_IP:
	case IPPROTO_IPV6:
		error = membership_setsockopt(d, level, name, value, len);
		if (error != -ENOPROTOOPT)
			return error;
		return level == IPPROTO_IP ? set_ip(d, name, value, len)
					   : set_ip6(d, name, value, len);
	case IPPROTO_ICMPV6:
		if (name != ICMP6_FILTER || len < sizeof(d->filter))
			return -EINVAL;
		memcpy(&d->filter, value, sizeof(d->filter));
		return 0;
	case IPPROTO_RAW:
		return name == IPV6_CHECKSUM ? set_ip6(d, name, value, len) : -ENOPROTOOPT;
	}
	return -ENOPROTOOPT;
}

static int path_mtu_of(struct datagram_socket *d, void *value, socklen_t *len)
{
	struct endpoint *e = &d->endpoint;
	struct next_hop hop;
	int error;

	if (!e->connected)
		return -ENOTCONN;
	error = route_lookup(e->stack, &e->remote, e->netif, &e->local, &hop);
	return error ? error
		     : option_put_int(value, len, path_mtu(e->stack, hop.netif, &e->remote));
}

int datagram_getsockopt(struct socket *s, int level, int name, void *value, socklen_t *len)
{
	struct datagram_socket *d = datagram(s);
	const struct endpoint *e = &d->endpoint;
	int hops = d->unicast_hops ? d->unicast_hops : s->stack->settings.default_ttl;

	if (level == SOL_SOCKET) {
		switch (name) {
		case SO_REUSEADDR:
			return option_put_int(value, len, e->reuse_address);
		case SO_REUSEPORT:
			return option_put_int(value, len, e->reuse_port);
		case SO_BROADCAST:
			return option_put_int(value, len, e->broadcast);
		case SO_KEEPALIVE:
			return option_put_int(value, len, 0);
		}
		return socket_get_common(s, name, value, len);
	}
	if (level == IPPROTO_IP) {
		switch (name) {
		case IP_TTL:
			return option_put_int(value, len, hops);
		case IP_TOS:
			return option_put_int(value, len, e->options.traffic_class);
		case IP_HDRINCL:
			return option_put_int(value, len, d->header_included);
		case IP_MULTICAST_TTL:
			return option_put_int(value, len, e->multicast_hops);
		case IP_MULTICAST_LOOP:
			return option_put_int(value, len, e->multicast_loop);
		case IP_MTU:
			return path_mtu_of(d, value, len);
		case IP_FREEBIND:
			return option_put_int(value, len, e->freebind);
		}
	} else if (level == IPPROTO_IPV6) {
		switch (name) {
		case IPV6_V6ONLY:
			return option_put_int(value, len, e->v6only);
		case IPV6_UNICAST_HOPS:
			return option_put_int(value, len, hops);
		case IPV6_MULTICAST_HOPS:
			return option_put_int(value, len, e->multicast_hops);
		case IPV6_MULTICAST_LOOP:
			return option_put_int(value, len, e->multicast_loop);
		case IPV6_MULTICAST_IF:
			return option_put_int(value, len,
					      e->multicast_netif ? e->multicast_netif->index : 0);
		case IPV6_TCLASS:
			return option_put_int(value, len, e->options.traffic_class);
		case IPV6_MTU:
			return path_mtu_of(d, value, len);
		case IPV6_FREEBIND:
			return option_put_int(value, len, e->freebind);
		case IPV6_CHECKSUM:
			return option_put_int(value, len, d->checksum_offset);
		}
	}
	return -ENOPROTOOPT;
}
