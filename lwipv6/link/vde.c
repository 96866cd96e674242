/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VDE: a port of a Virtual Distributed Ethernet switch through libvdeplug, which is loaded when the
 * first such interface is made, so that programs without VDE need no library.
 *
 * A switch's socket takes few frames at a time (ten, as kernels come). What it refuses waits in a
 * queue, as in a kernel's interface, until the descriptor is writable; the queue's end is dropped.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "lwipv6/core/loop.h"
#include "lwipv6/link/netif.h"

#define BATCH	 64
#define QUEUE	 1000 /* frames */
#define DRAIN_MS 100

struct vdeconn;

/* libvdeplug.h's prototypes; interface version 1 of vde_open_real(). */
static struct vdeplug {
	struct vdeconn *(*open)(char *url, char *description, int version, void *args);
	ssize_t (*receive)(struct vdeconn *conn, void *buf, size_t len, int flags);
	ssize_t (*send)(struct vdeconn *conn, const void *buf, size_t len, int flags);
	int (*datafd)(struct vdeconn *conn);
	int (*close)(struct vdeconn *conn);
} vdeplug;

struct vde {
	struct vdeconn *conn;
	struct packet *spare;
	struct list queue; /* struct packet */
	unsigned int queued;
	uint8_t large[65536 + 64]; /* frames above PACKET_FRAME */
};

static bool vdeplug_loaded;

static void load(void)
{
	void *library = dlopen("libvdeplug.so.2", RTLD_NOW | RTLD_LOCAL);

	if (!library)
		library = dlopen("libvdeplug.so", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return;
	*(void **)&vdeplug.open = dlsym(library, "vde_open_real");
	*(void **)&vdeplug.receive = dlsym(library, "vde_recv");
	*(void **)&vdeplug.send = dlsym(library, "vde_send");
	*(void **)&vdeplug.datafd = dlsym(library, "vde_datafd");
	*(void **)&vdeplug.close = dlsym(library, "vde_close");
	vdeplug_loaded =
		vdeplug.open && vdeplug.receive && vdeplug.send && vdeplug.datafd && vdeplug.close;
}

/* False when the frame must wait; else it was sent, or never can be. */
static bool send_frame(struct netif *netif, const struct packet *p)
{
	struct vde *vde = netif->driver;
	const void *frame = p->data;

	if (p->nfrags) {
		if (p->len > sizeof(vde->large)) {
			netif->statistics.tx_errors++;
			return true;
		}
		packet_copy(p, 0, vde->large, p->len);
		frame = vde->large;
	}
	if (vdeplug.send(vde->conn, frame, p->len, 0) >= 0)
		return true;
	if (errno == EAGAIN || errno == ENOBUFS)
		return false;
	netif->statistics.tx_dropped++;
	return true;
}

static void flush(struct netif *netif)
{
	struct vde *vde = netif->driver;

	while (vde->queued) {
		struct packet *p = list_first(&vde->queue, struct packet, node);

		if (!send_frame(netif, p)) {
			stack_watch_output(netif->stack, netif->fd, netif, true);
			return;
		}
		list_remove(&p->node);
		packet_free(p);
		if (!--vde->queued)
			stack_watch_output(netif->stack, netif->fd, netif, false);
	}
}

static void transmit(struct netif *netif, struct packet *p)
{
	struct vde *vde = netif->driver;

	if (!vde->queued && send_frame(netif, p)) {
		packet_free(p);
		return;
	}
	if (vde->queued == QUEUE) {
		netif->statistics.tx_dropped++;
		packet_free(p);
		return;
	}
	list_append(&vde->queue, &p->node);
	if (!vde->queued++)
		stack_watch_output(netif->stack, netif->fd, netif, true);
}

static bool receive(struct netif *netif)
{
	struct vde *vde = netif->driver;

	flush(netif);
	for (int i = 0; i < BATCH; i++) {
		bool small = netif->mtu + 18 <= PACKET_FRAME;
		struct packet *p = vde->spare;

		if (!p)
			p = vde->spare = packet_new(PACKET_HEADROOM + 2, PACKET_FRAME);
		if (!p)
			return false;
		ssize_t n = vdeplug.receive(vde->conn, small ? p->data : vde->large,
					    small ? PACKET_FRAME : sizeof(vde->large), 0);

		if (n <= 0)
			return false;
		if (n < 14)
			continue;
		if (small || n <= PACKET_FRAME) {
			if (!small)
				memcpy(p->data, vde->large, n);
			vde->spare = NULL;
		} else {
			p = packet_new(PACKET_HEADROOM + 2, n);
			if (!p)
				return false;
			memcpy(p->data, vde->large, n);
		}
		packet_put(p, n);
		p->netif = netif;
		netif_receive(p);
		if (loop_may_stop(netif->stack)) {
			netif->unread = true;
			return false;
		}
	}
	return true;
}

/* A switch forgets what it has not yet read from a port that closes: the last acknowledgments. */
static void drain(struct netif *netif)
{
	struct vde *vde = netif->driver;
	int unread = 0;

	for (int i = 0; i < DRAIN_MS && vde->conn; i++) {
		flush(netif);
		/* Of a socket of another kind than the switch's this says nothing, or zero. */
		if (!vde->queued && (ioctl(netif->fd, SIOCOUTQ, &unread) < 0 || !unread))
			break;
		usleep(1000);
	}
}

static void vde_close(struct netif *netif)
{
	struct vde *vde = netif->driver;

	drain(netif);
	if (vde->conn)
		vdeplug.close(vde->conn);
	packet_free(vde->spare);
	packet_list_free(&vde->queue);
	free(vde);
}

static const struct netif_ops vde_ops = {.prefix = "vd",
					 .transmit = transmit,
					 .receive = receive,
					 .drain = drain,
					 .close = vde_close};

struct netif *vde_open(struct stack *stack, const char *url)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	char description[64];
	struct vde *vde;
	struct netif *n;

	pthread_once(&once, load);
	if (!vdeplug_loaded) {
		errno = ENOSYS;
		return NULL;
	}
	vde = calloc(1, sizeof(*vde));
	if (!vde)
		return NULL;
	list_init(&vde->queue);
	n = netif_new(stack, &vde_ops, NETIF_ETHERNET, vde, 1500);
	if (!n) {
		free(vde);
		errno = ENOMEM;
		return NULL;
	}
	snprintf(description, sizeof(description), "%sLWIPv6 if=%s",
		 getenv("_INSIDE_VIEWOS_MODULE") ? "VIEWOS-" : "", n->name);
	vde->conn = vdeplug.open((char *)(url ? url : ""), description, 1, NULL);
	if (!vde->conn) {
		int error = errno ? errno : ECONNREFUSED;

		netif_free(n);
		errno = error;
		return NULL;
	}
	n->fd = vdeplug.datafd(vde->conn);
	fcntl(n->fd, F_SETFL, fcntl(n->fd, F_GETFL) | O_NONBLOCK);
	stack_watch(stack, n->fd, n);
	return n;
}
