/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Datagram sockets (UDP, ICMP-less) and raw IP sockets over endpoints. */
#include "lwipv6/socket/datagram.h"
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include "lwipv6/core/checksum.h"

#define MAX_ERRORS 32
#define MAX_JOINED 64 /* datagrams of one packet: what every kernel takes (UDP_MAX_SEGMENTS) */

static const struct socket_ops datagram_ops;

/* An ICMP error kept for MSG_ERRQUEUE. */
struct queued_error {
	struct list node;
	struct sock_extended_err err;
	struct socket_name to, offender;
};

/* ---- from the endpoint */

static void receive(struct endpoint *e, struct packet *p, uint16_t source_port)
{
	struct datagram_socket *d = e->user;
	uint32_t size = packet_truesize(p);

	if (d->read_shut || d->queued + size > d->socket.rcvbuf + (d->queued ? 0 : size)) {
		COUNT(e->stack, udp_overflow);
		packet_free(p);
		return;
	}
	if (e->raw && e->family == AF_INET6 && e->protocol == IPPROTO_ICMPV6 &&
	    (!p->linear || ICMP6_FILTER_WILLBLOCK(p->data[0], &d->filter))) {
		packet_free(p);
		return;
	}
	if (e->raw && e->family == AF_INET6 && d->checksum_offset >= 0) {
		uint32_t pseudo = checksum_pseudo(&p->src, &p->dst, p->next_header, p->len);

		if (checksum_fold(checksum_add(packet_sum(p, 0), &pseudo, 4))) {
			packet_free(p);
			return;
		}
	}
	p->mark = source_port;
	d->queued += size;
	list_append(&d->queue, &p->node);
	socket_grew(&d->socket);
}

static void error(struct endpoint *e, const struct icmp_report *r)
{
	struct datagram_socket *d = e->user;
	struct queued_error *q;

	if (d->recv_error && d->nerrors < MAX_ERRORS && (q = calloc(1, sizeof(*q)))) {
		q->err = (struct sock_extended_err){
			.ee_errno = r->error,
			.ee_origin = ip_is_v4(&r->remote) ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6,
			.ee_type = r->type,
			.ee_code = r->code,
			.ee_info = r->mtu,
		};
		q->to.addr = r->remote;
		q->to.port = e->raw ? 0 : r->payload[2] << 8 | r->payload[3];
		q->offender.addr = r->offender;
		list_append(&d->errors, &q->node);
		d->nerrors++;
	}
	/* RFC 1122 4.1.3.3: the program hears; unconnected sockets only when they asked. */
	if (e->connected ? r->hard || d->recv_error : d->recv_error)
		socket_error(&d->socket, r->error);
}

/* ---- calls */

static struct socket *create(struct stack *stack, int family, int type, int protocol)
{
	struct datagram_socket *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	socket_init(&d->socket, stack, &datagram_ops, family, type, protocol);
	list_init(&d->queue);
	list_init(&d->errors);
	d->checksum_offset = type == SOCK_RAW && protocol == IPPROTO_ICMPV6 ? 2 : -1;
	endpoint_init(&d->endpoint, stack, family, protocol);
	ICMP6_FILTER_SETPASSALL(&d->filter);
	d->endpoint.user = d;
	d->endpoint.receive = receive;
	d->endpoint.error = error;
	d->header_included = protocol == IPPROTO_RAW;
	if (type == SOCK_RAW)
		raw_open(&d->endpoint);
	return &d->socket;
}

static int zone_netif(struct stack *stack, const struct socket_name *n, struct netif **netif)
{
	if (!n->zone)
		return 0;
	*netif = netif_by_index(stack, n->zone);
	return *netif ? 0 : -ENODEV;
}

static int datagram_bind(struct socket *s, const struct sockaddr *sa, socklen_t len)
{
	struct endpoint *e = &datagram(s)->endpoint;
	struct socket_name n;
	int error = name_read_local(&n, s->family, sa, len);

	if (error)
		return error;
	if (n.port && n.port < 1024 && s->type != SOCK_RAW &&
	    !stack_capable(s->stack, LWIP_CAP_NET_BIND_SERVICE))
		return -EACCES;
	error = zone_netif(s->stack, &n, &e->netif);
	if (error)
		return error;
	if (!e->raw)
		return udp_bind(e, &n.addr, n.port);
	if (!e->freebind && !ip_is_any(&n.addr) && !ip_is_multicast(&n.addr) &&
	    !netif_addr_find(s->stack, NULL, &n.addr))
		return -EADDRNOTAVAIL;
	e->local = n.addr;
	return 0;
}

static int datagram_connect(struct socket *s, const struct sockaddr *sa, socklen_t len)
{
	struct endpoint *e = &datagram(s)->endpoint;
	struct socket_name n;
	int error;

	if (sa && len >= sizeof(sa->sa_family) && sa->sa_family == AF_UNSPEC) {
		e->connected = false;
		e->remote_port = 0;
		return 0;
	}
	error = name_read(&n, s->family, sa, len);
	if (!error)
		error = zone_netif(s->stack, &n, &e->netif);
	if (error)
		return error;
	if (ip_is_any(&n.addr))
		n.addr = s->family == AF_INET ? ip_from_v4(htonl(0x7f000001))
					      : (struct ip_addr){{0, 0, 0, htonl(1)}};
	if (!e->raw)
		return udp_connect(e, &n.addr, n.port);
	e->remote = n.addr;
	e->connected = true;
	return 0;
}

static int datagram_name(struct socket *s, bool peer, struct sockaddr_storage *sa, socklen_t *len)
{
	const struct endpoint *e = &datagram(s)->endpoint;
	struct socket_name n = {.addr = peer ? e->remote : e->local,
				.port = peer ? e->remote_port : e->local_port,
				.zone = e->netif ? e->netif->index : 0};

	if (peer && !e->connected)
		return -ENOTCONN;
	name_write(&n, s->family, sa, len);
	return 0;
}

/* Control messages of one send: packet info, TTL, class. */
static int read_control(struct socket *s, const struct msghdr *m, struct ip_options *o,
			struct ip_addr *src)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR((struct msghdr *)m, c)) {
		int n = 0;

		if (c->cmsg_len >= CMSG_LEN(sizeof(int)))
			memcpy(&n, CMSG_DATA(c), sizeof(n));
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO &&
		    c->cmsg_len >= CMSG_LEN(sizeof(struct in_pktinfo))) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			if (info.ipi_ifindex &&
			    !(o->netif = netif_by_index(s->stack, info.ipi_ifindex)))
				return -ENODEV;
			if (info.ipi_spec_dst.s_addr)
				*src = ip_from_v4(info.ipi_spec_dst.s_addr);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO &&
			   c->cmsg_len >= CMSG_LEN(sizeof(struct in6_pktinfo))) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			if (info.ipi6_ifindex &&
			    !(o->netif = netif_by_index(s->stack, info.ipi6_ifindex)))
				return -ENODEV;
			*src = ip_from_in6(&info.ipi6_addr);
		} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
			   (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
			if (n < 1 || n > 255)
				return -EINVAL;
			o->hop_limit = n;
		} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) ||
			   (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)) {
			o->traffic_class = n;
		} else {
			return -EINVAL;
		}
	}
	if (!ip_is_any(src) && !netif_addr_find(s->stack, NULL, src))
		return -EADDRNOTAVAIL;
	return 0;
}

static void append(struct packet *p, const struct msghdr *m)
{
	for (size_t i = 0; i < m->msg_iovlen; i++)
		memcpy(packet_put(p, m->msg_iov[i].iov_len), m->msg_iov[i].iov_base,
		       m->msg_iov[i].iov_len);
}

static size_t length(const struct msghdr *m)
{
	size_t len = 0;

	for (size_t i = 0; i < m->msg_iovlen; i++)
		len += m->msg_iov[i].iov_len;
	return len;
}

/* IP_HDRINCL: the program's header, with length, checksum, missing source and id filled in. */
static int send_with_header(struct socket *s, struct packet *p, const struct ip_options *o)
{
	struct iphdr *ip = (struct iphdr *)p->data;
	struct next_hop hop;
	struct ip_addr src, dst;
	int error;

	if (p->len < sizeof(*ip) || ip->version != 4 || ip->ihl < 5 || ip->ihl * 4u > p->len) {
		packet_free(p);
		return -EINVAL;
	}
	dst = ip_from_v4(ip->daddr);
	src = ip_from_v4(ip->saddr);
	error = route_lookup(s->stack, &dst, o->netif, NULL, &hop);
	if (!error && netif_addr_find(s->stack, NULL, &dst))
		hop.netif = s->stack->loopback;
	if (!error && ip_is_any(&src) && !source_select(s->stack, hop.netif, &dst, &src))
		error = -EADDRNOTAVAIL;
	if (error) {
		packet_free(p);
		return error;
	}
	ip->saddr = src.addr[3];
	ip->tot_len = htons(p->len);
	if (!ip->id)
		ip->id = random_u64(&s->stack->random);
	ip->check = 0;
	ip->check = checksum_fold(checksum_add(0, ip, ip->ihl * 4));
	p->protocol = ETH_P_IP;
	p->src = src;
	p->dst = dst;
	p->next_header = ip->protocol;
	p->network = packet_headroom(p);
	p->transport = p->network + ip->ihl * 4;
	p->locally_made = 1;
	return ip_send(s->stack, p, &hop, hop.netif->mtu);
}

static int send_raw(struct socket *s, struct packet *p, const struct ip_addr *src,
		    const struct ip_addr *dst, struct ip_options *o)
{
	struct datagram_socket *d = datagram(s);
	struct ip_addr from = *src;
	struct next_hop hop;

	COUNT(s->stack, raw_out);
	if (d->header_included && s->family == AF_INET)
		return send_with_header(s, p, o);
	if (ip_is_multicast(dst)) {
		if (!o->netif)
			o->netif = d->endpoint.multicast_netif;
		if (!o->hop_limit)
			o->hop_limit = d->endpoint.multicast_hops;
		o->multicast_loop = d->endpoint.multicast_loop;
	}
	if (!d->endpoint.broadcast && !route_lookup(s->stack, dst, o->netif, NULL, &hop) &&
	    netif_is_broadcast(hop.netif, dst)) {
		packet_free(p);
		return -EACCES;
	}
	if (d->checksum_offset >= 0 && s->family == AF_INET6) {
		uint16_t *field = (uint16_t *)(p->data + d->checksum_offset);

		if (d->checksum_offset + 2u > p->len) {
			packet_free(p);
			return -EINVAL;
		}
		if (ip_is_any(&from) && netif_addr_find(s->stack, NULL, dst))
			from = *dst;
		else if (ip_is_any(&from) && (route_lookup(s->stack, dst, o->netif, NULL, &hop) ||
					      !source_select(s->stack, hop.netif, dst, &from))) {
			packet_free(p);
			return -ENETUNREACH;
		}
		uint32_t pseudo = checksum_pseudo(&from, dst, s->protocol, p->len);

		*field = 0;
		*field = checksum_fold(checksum_add(packet_sum(p, 0), &pseudo, 4));
	}
	return ip_output(s->stack, p, &from, dst, s->protocol, o);
}

static ssize_t datagram_send(struct socket *s, const struct msghdr *m, int flags)
{
	struct datagram_socket *d = datagram(s);
	struct endpoint *e = &d->endpoint;
	struct ip_options o = e->options;
	struct ip_addr src = e->local;
	struct socket_name to;
	const struct ip_addr *dst = NULL;
	struct packet *p;
	size_t len = length(m);
	int error = 0;

	if (s->error)
		return -socket_take_error(s);
	if (d->write_shut)
		return -EPIPE;
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (len > UINT16_MAX)
		return -EMSGSIZE;
	o.hop_limit = d->unicast_hops;
	o.netif = e->netif;
	if (m->msg_name && m->msg_namelen) {
		error = name_read(&to, s->family, m->msg_name, m->msg_namelen);
		if (!error)
			error = zone_netif(s->stack, &to, &o.netif);
		if (error)
			return error;
		if (ip_is_any(&to.addr))
			to.addr = s->family == AF_INET ? ip_from_v4(htonl(0x7f000001))
						       : (struct ip_addr){{0, 0, 0, htonl(1)}};
		if (e->v6only && ip_is_v4(&to.addr))
			return -ENETUNREACH;
		if (!e->raw && !to.port)
			return -EINVAL;
		dst = &to.addr;
	} else if (!e->connected) {
		return -EDESTADDRREQ;
	}
	if (ip_is_multicast(dst ? dst : &e->remote))
		o.hop_limit = 0;
	if (m->msg_controllen)
		error = read_control(s, m, &o, &src);
	if (error)
		return error;
	p = packet_new(PACKET_HEADROOM, len);
	if (!p)
		return -ENOBUFS;
	append(p, m);
	if (e->raw)
		error = send_raw(s, p, &src, dst ? dst : &e->remote, &o);
	else
		error = udp_send(e, p, &src, dst, dst ? to.port : 0, &o);
	return error < 0 ? error : (ssize_t)len;
}

/* Messages of one size, the last may be shorter, to the connected peer. */
static unsigned int datagram_send_joined(struct socket *s, struct mmsghdr *m, unsigned int n,
					 int flags)
{
	struct datagram_socket *d = datagram(s);
	struct endpoint *e = &d->endpoint;
	struct ip_options o = e->options;
	size_t size = length(&m[0].msg_hdr), total = 0, len = size;
	unsigned int count = 0;
	struct packet *p;

	if (e->raw || s->error || d->write_shut || flags & MSG_OOB || !size || n < 2 ||
	    !udp_may_join(e, size))
		return 0;
	while (count < n && count < MAX_JOINED && len == size) {
		const struct msghdr *h = &m[count].msg_hdr;

		len = length(h);
		if (h->msg_name || h->msg_controllen || !len || len > size ||
		    total + len > UINT16_MAX - PACKET_HEADROOM)
			break;
		total += len;
		count++;
	}
	if (count < 2)
		return 0;
	p = packet_new(PACKET_HEADROOM, total);
	if (!p)
		return 0;
	for (unsigned int i = 0; i < count; i++)
		append(p, &m[i].msg_hdr);
	p->gso_size = size;
	p->gso_segs = count;
	o.hop_limit = d->unicast_hops;
	if (udp_send(e, p, NULL, NULL, 0, &o) < 0)
		return 0;
	COUNT_ADD(s->stack, udp_out, count - 1);
	for (unsigned int i = 0; i < count; i++)
		m[i].msg_len = length(&m[i].msg_hdr);
	return count;
}

/* What the socket asked to know of a datagram. */
static void put_control(struct datagram_socket *d, struct msghdr *m, const struct packet *p)
{
	struct socket *s = &d->socket;
	size_t used = 0;
	int number;

	control_put_time(s, m, &used, p->time);
	if (s->family == AF_INET) {
		if (d->recv_info) {
			struct in_pktinfo info = {.ipi_ifindex = p->ifindex,
						  .ipi_spec_dst.s_addr = p->dst.addr[3],
						  .ipi_addr.s_addr = p->dst.addr[3]};

			control_put(m, &used, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
		}
		number = p->hop_limit;
		if (d->recv_hops)
			control_put(m, &used, IPPROTO_IP, IP_TTL, &number, sizeof(number));
		if (d->recv_class)
			control_put(m, &used, IPPROTO_IP, IP_TOS, &p->traffic_class, 1);
	} else {
		if (d->recv_info) {
			struct in6_pktinfo info = {.ipi6_ifindex = p->ifindex};

			memcpy(&info.ipi6_addr, &p->dst, 16);
			control_put(m, &used, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
		}
		number = p->hop_limit;
		if (d->recv_hops)
			control_put(m, &used, IPPROTO_IPV6, IPV6_HOPLIMIT, &number, sizeof(number));
		number = p->traffic_class;
		if (d->recv_class)
			control_put(m, &used, IPPROTO_IPV6, IPV6_TCLASS, &number, sizeof(number));
	}
	m->msg_controllen = used;
}

static void put_name(struct msghdr *m, int family, const struct ip_addr *addr, uint16_t port,
		     int zone)
{
	struct socket_name n = {.addr = *addr, .port = port, .zone = zone};
	struct sockaddr_storage sa;
	socklen_t len;

	if (!m->msg_name)
		return;
	name_write(&n, family, &sa, &len);
	memcpy(m->msg_name, &sa, m->msg_namelen < len ? m->msg_namelen : len);
	m->msg_namelen = len;
}

static ssize_t receive_error(struct datagram_socket *d, struct msghdr *m)
{
	struct queued_error *q = list_first(&d->errors, struct queued_error, node);
	struct {
		struct sock_extended_err err;
		struct sockaddr_storage offender;
	} full = {0};
	size_t used = 0;
	socklen_t len;

	if (!q)
		return -EAGAIN;
	put_name(m, d->socket.family, &q->to.addr, q->to.port, 0);
	full.err = q->err;
	name_write(&q->offender, d->socket.family, &full.offender, &len);
	if (d->socket.family == AF_INET)
		control_put(m, &used, IPPROTO_IP, IP_RECVERR, &full,
			    sizeof(full.err) + sizeof(struct sockaddr_in));
	else
		control_put(m, &used, IPPROTO_IPV6, IPV6_RECVERR, &full,
			    sizeof(full.err) + sizeof(struct sockaddr_in6));
	m->msg_controllen = used;
	m->msg_flags |= MSG_ERRQUEUE;
	list_remove(&q->node);
	d->nerrors--;
	free(q);
	return 0;
}

static ssize_t datagram_receive(struct socket *s, struct msghdr *m, int flags)
{
	struct datagram_socket *d = datagram(s);
	struct packet *p = list_first(&d->queue, struct packet, node);
	uint32_t done, total, skip = 0;

	if (flags & MSG_ERRQUEUE)
		return receive_error(d, m);
	if (!p) {
		if (s->error)
			return -socket_take_error(s);
		return d->read_shut ? 0 : -EAGAIN;
	}
	/* SO_PEEK_OFF passes whole datagrams over. */
	if (flags & MSG_PEEK && s->peek_off > 0) {
		for (skip = s->peek_off; skip && skip >= p->len;
		     p = list_entry(p->node.next, struct packet, node)) {
			skip -= p->len;
			if (p->node.next == &d->queue)
				return -EAGAIN;
		}
	}
	total = p->len;
	done = message_put(m, p, skip);
	socket_peeked(s, flags & MSG_PEEK, flags & MSG_PEEK ? done : total);
	put_name(m, s->family, &p->src, p->mark, p->ifindex);
	put_control(d, m, p);
	if (!(flags & MSG_PEEK)) {
		list_remove(&p->node);
		d->queued -= packet_truesize(p);
		packet_free(p);
		if (list_empty(&d->queue))
			readiness_update(s, s->ops->poll(s));
	}
	return flags & MSG_TRUNC ? total : done;
}

static int datagram_shutdown(struct socket *s, int how)
{
	struct datagram_socket *d = datagram(s);

	d->read_shut |= how != SHUT_WR;
	d->write_shut |= how != SHUT_RD;
	socket_event(s);
	return d->endpoint.connected ? 0 : -ENOTCONN; /* but shut it is, as the kernel's */
}

static void datagram_close(struct socket *s)
{
	struct datagram_socket *d = datagram(s);

	membership_leave_all(d);
	if (d->endpoint.raw)
		raw_close(&d->endpoint);
	else
		udp_close(&d->endpoint);
	packet_list_free(&d->queue);
	while (!list_empty(&d->errors)) {
		struct queued_error *q = list_first(&d->errors, struct queued_error, node);

		list_remove(&q->node);
		free(q);
	}
	socket_fini(s);
	free(d);
}

static int datagram_ioctl(struct socket *s, unsigned long cmd, void *arg)
{
	struct packet *p = list_first(&datagram(s)->queue, struct packet, node);

	switch (cmd) {
	case FIONREAD:
		*(int *)arg = p ? p->len : 0;
		return 0;
	case SIOCOUTQ:
		*(int *)arg = 0;
		return 0;
	}
	return -ENOTTY;
}

static uint32_t datagram_poll(struct socket *s)
{
	struct datagram_socket *d = datagram(s);
	uint32_t events = POLLOUT | POLLWRNORM;

	if (!list_empty(&d->queue) || d->read_shut)
		events |= POLLIN | POLLRDNORM;
	if (d->read_shut)
		events |= POLLRDHUP;
	if (d->read_shut && d->write_shut)
		events |= POLLHUP;
	return events;
}

/* A pending error shows in poll as readable: the next call takes it and the socket goes on. */
static uint32_t datagram_poll_error(struct socket *s)
{
	struct datagram_socket *d = datagram(s);

	return datagram_poll(s) | (s->error || d->nerrors ? POLLERR | POLLIN | POLLRDNORM : 0);
}

static const struct socket_ops datagram_ops = {
	.bind = datagram_bind,
	.connect = datagram_connect,
	.name = datagram_name,
	.send = datagram_send,
	.send_joined = datagram_send_joined,
	.receive = datagram_receive,
	.shutdown = datagram_shutdown,
	.close = datagram_close,
	.setsockopt = datagram_setsockopt,
	.getsockopt = datagram_getsockopt,
	.ioctl = datagram_ioctl,
	.poll = datagram_poll_error,
};

const struct socket_family socket_datagram_families[] = {
	{AF_INET, SOCK_DGRAM, IPPROTO_UDP, 0, create},
	{AF_INET6, SOCK_DGRAM, IPPROTO_UDP, 0, create},
	{AF_INET, SOCK_RAW, -1, LWIP_CAP_NET_RAW, create},
	{AF_INET6, SOCK_RAW, -1, LWIP_CAP_NET_RAW, create},
	{0},
};
