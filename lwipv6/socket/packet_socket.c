/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packet sockets: frames of one ethertype or all, in both directions, packet(7). */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include "lwipv6/link/ethernet.h"
#include "lwipv6/socket/socket.h"
#include "lwipv6/transport/endpoint.h"

struct packet_socket {
	struct socket socket; /* first */
	struct packet_tap tap;
	struct list queue; /* struct packet */
	uint32_t queued;
	struct tpacket_stats stats;
};

static const struct socket_ops packet_ops;

static struct packet_socket *packet_socket(struct socket *s)
{
	return container_of(s, struct packet_socket, socket);
}

static void receive(struct packet_tap *tap, const struct packet *p, bool outgoing)
{
	struct packet_socket *ps = tap->user;
	struct packet *copy;

	ps->stats.tp_packets++;
	if (ps->queued > ps->socket.rcvbuf || !(copy = packet_clone(p))) {
		ps->stats.tp_drops++;
		return;
	}
	if (outgoing)
		copy->link_type = PACKET_OUTGOING;
	if (ps->socket.type == SOCK_DGRAM && p->netif->kind == NETIF_ETHERNET)
		packet_pull(copy, sizeof(struct ether_header));
	ps->queued += packet_truesize(copy);
	list_append(&ps->queue, &copy->node);
	socket_grew(&ps->socket);
}

static struct socket *create(struct stack *stack, int family, int type, int protocol)
{
	struct packet_socket *ps = calloc(1, sizeof(*ps));

	if (!ps)
		return NULL;
	socket_init(&ps->socket, stack, &packet_ops, family, type, protocol);
	list_init(&ps->queue);
	ps->tap = (struct packet_tap){
		.stack = stack, .protocol = ntohs(protocol), .receive = receive, .user = ps};
	list_init(&ps->tap.node);
	packet_tap_open(&ps->tap);
	return &ps->socket;
}

static int packet_bind(struct socket *s, const struct sockaddr *sa, socklen_t len)
{
	const struct sockaddr_ll *ll = (const struct sockaddr_ll *)sa;
	struct packet_socket *ps = packet_socket(s);

	if (len < offsetof(struct sockaddr_ll, sll_hatype) || ll->sll_family != AF_PACKET)
		return -EINVAL;
	if (ll->sll_ifindex && !netif_by_index(s->stack, ll->sll_ifindex))
		return -ENODEV;
	ps->tap.netif = netif_by_index(s->stack, ll->sll_ifindex);
	if (ll->sll_protocol)
		ps->tap.protocol = ntohs(ll->sll_protocol);
	return 0;
}

static int packet_name(struct socket *s, bool peer, struct sockaddr_storage *sa, socklen_t *len)
{
	struct packet_socket *ps = packet_socket(s);
	struct sockaddr_ll *ll = (struct sockaddr_ll *)sa;

	if (peer)
		return -EOPNOTSUPP;
	memset(sa, 0, sizeof(*sa));
	ll->sll_family = AF_PACKET;
	ll->sll_protocol = htons(ps->tap.protocol);
	if (ps->tap.netif) {
		ll->sll_ifindex = ps->tap.netif->index;
		ll->sll_hatype = ARPHRD_ETHER;
		ll->sll_halen = ps->tap.netif->hwlen;
		memcpy(ll->sll_addr, ps->tap.netif->hwaddr, 6);
	}
	*len = sizeof(*ll);
	return 0;
}

static ssize_t packet_send(struct socket *s, const struct msghdr *m, int flags)
{
	struct packet_socket *ps = packet_socket(s);
	const struct sockaddr_ll *ll = m->msg_name;
	struct netif *netif = ps->tap.netif;
	uint16_t protocol = ps->tap.protocol;
	struct packet *p;
	size_t len = 0;

	if (ll && m->msg_namelen >= offsetof(struct sockaddr_ll, sll_addr)) {
		netif = netif_by_index(s->stack, ll->sll_ifindex);
		protocol = ntohs(ll->sll_protocol);
	}
	if (!netif)
		return -ENXIO;
	if (!netif_is_up(netif))
		return -ENETDOWN;
	for (size_t i = 0; i < m->msg_iovlen; i++)
		len += m->msg_iov[i].iov_len;
	if (len > netif->mtu + (s->type == SOCK_RAW && netif->kind == NETIF_ETHERNET ? 18 : 0))
		return -EMSGSIZE;
	p = packet_new(PACKET_HEADROOM, len);
	if (!p)
		return -ENOBUFS;
	for (size_t i = 0; i < m->msg_iovlen; i++)
		memcpy(packet_put(p, m->msg_iov[i].iov_len), m->msg_iov[i].iov_base,
		       m->msg_iov[i].iov_len);
	p->netif = netif;
	p->checksum = CHECKSUM_VALID;
	if (netif->kind != NETIF_ETHERNET || s->type == SOCK_RAW) {
		if (netif->kind == NETIF_ETHERNET && len < sizeof(struct ether_header)) {
			packet_free(p);
			return -EINVAL;
		}
		p->link = packet_headroom(p);
		p->network = p->link + (netif->kind == NETIF_ETHERNET ? 14 : 0);
		p->protocol = netif->kind == NETIF_ETHERNET
				      ? ntohs(((struct ether_header *)p->data)->ether_type)
				      : protocol;
		netif_transmit(p);
	} else if (ll && ll->sll_halen >= 6) {
		p->network = packet_headroom(p);
		ethernet_output(netif, p, ll->sll_addr, protocol);
	} else {
		packet_free(p);
		return -EINVAL;
	}
	return len;
}

static ssize_t packet_receive(struct socket *s, struct msghdr *m, int flags)
{
	struct packet_socket *ps = packet_socket(s);
	struct packet *p = list_first(&ps->queue, struct packet, node);
	uint32_t done, total;

	if (!p)
		return s->error ? -socket_take_error(s) : -EAGAIN;
	total = p->len;
	done = message_put(m, p, 0);
	if (m->msg_name) {
		struct sockaddr_ll ll = {.sll_family = AF_PACKET,
					 .sll_protocol = htons(p->protocol),
					 .sll_ifindex = p->ifindex,
					 .sll_pkttype = p->link_type};
		bool ethernet = p->network - p->link == sizeof(struct ether_header);

		ll.sll_hatype = ethernet ? ARPHRD_ETHER : ARPHRD_NONE;
		ll.sll_halen = ethernet ? 6 : 0;
		if (ethernet)
			memcpy(ll.sll_addr, packet_at(p, p->link) + 6, 6);
		memcpy(m->msg_name, &ll, m->msg_namelen < sizeof(ll) ? m->msg_namelen : sizeof(ll));
		m->msg_namelen = sizeof(ll);
	}
	m->msg_controllen = 0;
	if (!(flags & MSG_PEEK)) {
		list_remove(&p->node);
		ps->queued -= packet_truesize(p);
		packet_free(p);
		if (list_empty(&ps->queue))
			readiness_update(s, s->ops->poll(s));
	}
	return flags & MSG_TRUNC ? total : done;
}

static void packet_close(struct socket *s)
{
	struct packet_socket *ps = packet_socket(s);

	packet_tap_close(&ps->tap);
	packet_list_free(&ps->queue);
	socket_fini(s);
	free(ps);
}

static int packet_setsockopt(struct socket *s, int level, int name, const void *value,
			     socklen_t len)
{
	struct packet_mreq mreq;
	struct netif *netif;

	if (level == SOL_SOCKET)
		return socket_set_common(s, name, value, len);
	if (level != SOL_PACKET ||
	    (name != PACKET_ADD_MEMBERSHIP && name != PACKET_DROP_MEMBERSHIP))
		return -ENOPROTOOPT;
	if (len < sizeof(mreq))
		return -EINVAL;
	memcpy(&mreq, value, sizeof(mreq));
	netif = netif_by_index(s->stack, mreq.mr_ifindex);
	if (!netif)
		return -ENODEV;
	if (mreq.mr_type == PACKET_MR_PROMISC) {
		if (name == PACKET_ADD_MEMBERSHIP)
			netif->flags |= IFF_PROMISC;
		else
			netif->flags &= ~IFF_PROMISC;
	}
	return 0;
}

static int packet_getsockopt(struct socket *s, int level, int name, void *value, socklen_t *len)
{
	struct packet_socket *ps = packet_socket(s);

	if (level == SOL_SOCKET)
		return socket_get_common(s, name, value, len);
	if (level != SOL_PACKET || name != PACKET_STATISTICS || *len < sizeof(ps->stats))
		return -ENOPROTOOPT;
	memcpy(value, &ps->stats, sizeof(ps->stats));
	*len = sizeof(ps->stats);
	memset(&ps->stats, 0, sizeof(ps->stats));
	return 0;
}

static int packet_ioctl(struct socket *s, unsigned long cmd, void *arg)
{
	struct packet *p = list_first(&packet_socket(s)->queue, struct packet, node);

	if (cmd != FIONREAD)
		return -ENOTTY;
	*(int *)arg = p ? p->len : 0;
	return 0;
}

static uint32_t packet_poll(struct socket *s)
{
	return POLLOUT | POLLWRNORM |
	       (list_empty(&packet_socket(s)->queue) && !s->error ? 0 : POLLIN | POLLRDNORM);
}

static const struct socket_ops packet_ops = {
	.bind = packet_bind,
	.name = packet_name,
	.send = packet_send,
	.receive = packet_receive,
	.close = packet_close,
	.setsockopt = packet_setsockopt,
	.getsockopt = packet_getsockopt,
	.ioctl = packet_ioctl,
	.poll = packet_poll,
};

const struct socket_family socket_packet_families[] = {
	{AF_PACKET, SOCK_RAW, -1, LWIP_CAP_NET_RAW, create},
	{AF_PACKET, SOCK_DGRAM, -1, LWIP_CAP_NET_RAW, create},
	{0},
};
