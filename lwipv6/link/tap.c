/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernel tap and tun interfaces with the virtio-net header: checksums are left to whoever is last,
 * and TCP super-segments of up to 64 KiB pass in one system call each way. Datagrams of one size to
 * one peer go out in one call as well, where the kernel knows that (Linux 6.2); it hands us single
 * ones.
 *
 * Receiving reads into the room of a packet for ordinary frames and, behind it, one large buffer
 * that is given away only when a frame needed it. p->data is so aligned that the packet's network
 * header falls on a multiple of four.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>
#include "lwipv6/core/loop.h"
#include "lwipv6/link/netif.h"

#define BATCH	   64
#define LARGE	   65600
#define KEEP_LARGE 16384 /* a shorter tail is copied and the large buffer kept */

/* Of Linux 6.2; the headers may be older than the kernel. */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

struct tap {
	struct packet *spare;
	struct buffer *large;
	bool vnet;
};

static void transmit(struct netif *netif, struct packet *p)
{
	struct tap *tap = netif->driver;
	struct virtio_net_hdr h = {0};
	struct iovec iov[PACKET_FRAGS + 2] = {{&h, sizeof(h)}};
	int n = packet_iovec(p, iov + 1) + 1, first = tap->vnet ? 0 : 1;
	uint16_t network = p->network - (int)packet_headroom(p);

	if (p->checksum == CHECKSUM_PARTIAL) {
		h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h.csum_start = network + p->checksum_start;
		h.csum_offset = p->checksum_offset;
	}
	if (p->gso_size && p->next_header == IPPROTO_UDP) {
		h.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
		h.gso_size = p->gso_size;
		h.hdr_len = p->transport - (int)packet_headroom(p) + sizeof(struct udphdr);
	} else if (p->gso_size) {
		const uint8_t *tcp = packet_at(p, p->transport);

		h.gso_type = p->data[network] >> 4 == 4 ? VIRTIO_NET_HDR_GSO_TCPV4
							: VIRTIO_NET_HDR_GSO_TCPV6;
		if (tcp[13] & 0x80) /* CWR */
			h.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
		h.gso_size = p->gso_size;
		h.hdr_len = p->transport - (int)packet_headroom(p) + (tcp[12] >> 4) * 4;
	}
	if (writev(netif->fd, iov + first, n - first) < 0)
		netif->statistics.tx_errors++;
	packet_free(p);
}

/* Set what the virtio-net header tells; false when it cannot be. */
static bool take_header(struct packet *p, const struct virtio_net_hdr *h)
{
	if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		uint32_t link = p->netif->kind == NETIF_ETHERNET ? 14 : 0;

		if (h->csum_start < link ||
		    (uint32_t)h->csum_start + h->csum_offset + 2 > p->linear)
			return false;
		p->checksum = CHECKSUM_PARTIAL;
		p->checksum_start = h->csum_start - link;
		p->checksum_offset = h->csum_offset;
	} else if (h->flags & VIRTIO_NET_HDR_F_DATA_VALID) {
		p->checksum = CHECKSUM_VALID;
	}
	switch (h->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return true;
	case VIRTIO_NET_HDR_GSO_TCPV4:
	case VIRTIO_NET_HDR_GSO_TCPV6:
		p->gso_size = h->gso_size;
		return h->gso_size > 0;
	}
	return false;
}

/* The part of a frame beyond the room. */
static bool attach_tail(struct tap *tap, struct packet *p, uint32_t len)
{
	struct buffer *b = tap->large;

	if (len <= KEEP_LARGE) {
		b = buffer_new(len);
		if (!b)
			return false;
		memcpy(b->base, tap->large->base, len);
	} else {
		tap->large = NULL;
	}
	packet_add_frag(p, b, 0, len);
	buffer_put(b);
	return true;
}

/* One frame: 1, 0 when there is none, -1 when it was dropped. */
static int receive_one(struct netif *netif)
{
	struct tap *tap = netif->driver;
	struct virtio_net_hdr h = {0};
	struct iovec iov[3] = {{&h, sizeof(h)}};
	int first = tap->vnet ? 0 : 1;
	struct packet *p = tap->spare;
	uint32_t align = netif->kind == NETIF_ETHERNET ? 2 : 0;

	if (!p)
		p = tap->spare = packet_new(PACKET_HEADROOM + align, PACKET_FRAME);
	if (!tap->large)
		tap->large = buffer_new(LARGE);
	if (!p || !tap->large) {
		COUNT(netif->stack, memory_failures);
		return 0;
	}
	iov[1] = (struct iovec){p->data, PACKET_FRAME};
	iov[2] = (struct iovec){tap->large->base, tap->large->size};
	ssize_t n = readv(netif->fd, iov + first, 3 - first);

	if (n < 0)
		return 0;
	n -= first ? 0 : sizeof(h);
	if (n <= 0)
		return -1;
	tap->spare = NULL;
	packet_put(p, n < PACKET_FRAME ? n : PACKET_FRAME);
	p->netif = netif;
	if ((n > PACKET_FRAME && !attach_tail(tap, p, n - PACKET_FRAME)) || !take_header(p, &h)) {
		netif->statistics.rx_errors++;
		packet_free(p);
		return -1;
	}
	netif_receive(p);
	return 1;
}

static bool receive(struct netif *netif)
{
	for (int i = 0; i < BATCH; i++) {
		if (!receive_one(netif))
			return false;
		if (loop_may_stop(netif->stack)) {
			netif->unread = true;
			return false;
		}
	}
	return true;
}

static void tap_close(struct netif *netif)
{
	struct tap *tap = netif->driver;

	close(netif->fd);
	packet_free(tap->spare);
	buffer_put(tap->large);
	free(tap);
}

static const struct netif_ops tap_ops = {
	.prefix = "tp", .transmit = transmit, .receive = receive, .close = tap_close};
static const struct netif_ops tun_ops = {
	.prefix = "tn", .transmit = transmit, .receive = receive, .close = tap_close};

/* The kernel's interface; negative errno. */
static int open_device(const char *name, int kind, bool *vnet)
{
	struct ifreq ifr = {.ifr_flags = kind | IFF_NO_PI | IFF_VNET_HDR};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	if (name && *name) {
		if (strlen(name) >= IFNAMSIZ) {
			close(fd);
			return -ENAMETOOLONG;
		}
		strcpy(ifr.ifr_name, name);
	}
	*vnet = true;
	if (!ioctl(fd, TUNSETIFF, &ifr)) {
		int size = sizeof(struct virtio_net_hdr);

		ioctl(fd, TUNSETVNETHDRSZ, &size);
		return fd;
	}
	/* A persistent interface that was made without the header, or an old kernel. */
	*vnet = false;
	ifr.ifr_flags = kind | IFF_NO_PI;
	if (!ioctl(fd, TUNSETIFF, &ifr))
		return fd;
	error = -errno;
	close(fd);
	return error;
}

/* What the kernel takes from us, enum netif_offload; and what it may hand us. */
static unsigned int offload_of(int fd)
{
	unsigned int segments = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
	/* Asked for only to learn whether it is known: we do not read such packets. */
	bool datagrams = !ioctl(fd, TUNSETOFFLOAD, segments | TUN_F_USO4 | TUN_F_USO6);

	if (ioctl(fd, TUNSETOFFLOAD, segments) < 0)
		return 0;
	return OFFLOAD_CHECKSUM | OFFLOAD_TSO4 | OFFLOAD_TSO6 | (datagrams ? OFFLOAD_USO : 0);
}

static struct netif *device_open(struct stack *stack, const char *name, const struct netif_ops *ops,
				 enum netif_kind kind)
{
	struct tap *tap = calloc(1, sizeof(*tap));
	struct netif *n = NULL;
	int fd;

	if (!tap) {
		errno = ENOMEM;
		return NULL;
	}
	fd = open_device(name, kind == NETIF_ETHERNET ? IFF_TAP : IFF_TUN, &tap->vnet);
	if (fd >= 0)
		n = netif_new(stack, ops, kind, tap, 1500);
	if (!n) {
		if (fd >= 0)
			close(fd);
		free(tap);
		errno = fd < 0 ? -fd : ENOMEM;
		return NULL;
	}
	n->fd = fd;
	if (tap->vnet)
		n->offload = offload_of(fd);
	stack_watch(stack, fd, n);
	return n;
}

struct netif *tap_open(struct stack *stack, const char *name)
{
	return device_open(stack, name, &tap_ops, NETIF_ETHERNET);
}

struct netif *tun_open(struct stack *stack, const char *name)
{
	return device_open(stack, name, &tun_ops, NETIF_POINT_TO_POINT);
}
