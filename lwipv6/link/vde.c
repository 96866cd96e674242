/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VDE: a port of a Virtual Distributed Ethernet switch through libvdeplug, which is loaded when the
 * first such interface is made, so that programs without VDE need no library.
 *
 * What a batch of work sends is queued and leaves at its end; with a switch's own port in one
 * system call, and frames come likewise. A switch's socket takes few frames at a time (ten, as
 * kernels come): what it refuses waits until the descriptor is writable. A queue that has
 * grown long is offered with each frame that joins it, which also holds back the program that sends
 * faster than the switch takes; beyond QUEUE frames are dropped.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lwipv6/core/loop.h"
#include "lwipv6/link/netif.h"

#define BATCH	      64
#define SEND_BATCH    32
#define RECEIVE_BATCH 32
#define QUEUE	      1000 /* frames */
#define LONG_QUEUE    64
#define DRAIN_MS      100

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
	bool plain;   /* frames pass the descriptor as they are: several in one call */
	bool stalled; /* the switch takes no more until the descriptor is writable */
	struct packet *spare[RECEIVE_BATCH];
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

/* One frame through the library: false when it must wait; else it was sent, or never can be. */
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

/* The first of the queue, as many as one call takes: how many are done with, 0 = they must wait. */
static int send_batch(struct netif *netif)
{
	struct vde *vde = netif->driver;
	struct iovec iov[SEND_BATCH][PACKET_FRAGS + 1];
	struct mmsghdr m[SEND_BATCH];
	struct packet *p;
	int n = 0, sent;

	if (!vde->plain)
		return send_frame(netif, list_first(&vde->queue, struct packet, node));
	list_for_each_entry (p, &vde->queue, node) {
		m[n].msg_hdr =
			(struct msghdr){.msg_iov = iov[n], .msg_iovlen = packet_iovec(p, iov[n])};
		if (++n == SEND_BATCH)
			break;
	}
	sent = sendmmsg(netif->fd, m, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent > 0)
		return sent;
	if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
		return 0;
	netif->statistics.tx_dropped++;
	return 1;
}

/* Send what waits, as far as the switch takes it; @watched: the descriptor will tell of room. */
static void flush(struct netif *netif, bool watched)
{
	struct vde *vde = netif->driver;

	while (vde->queued) {
		int done = send_batch(netif);

		if (!done) {
			vde->stalled = true;
			if (!watched)
				stack_watch_output(netif->stack, netif->fd, netif, true);
			return;
		}
		watched = false; /* of more room it tells only who asks anew */
		vde->queued -= done;
		while (done--) {
			struct packet *p = list_first(&vde->queue, struct packet, node);

			list_remove(&p->node);
			packet_free(p);
		}
	}
	if (vde->stalled) {
		vde->stalled = false;
		stack_watch_output(netif->stack, netif->fd, netif, false);
	}
}

static void transmit(struct netif *netif, struct packet *p)
{
	struct vde *vde = netif->driver;

	if (vde->queued >= (vde->stalled ? LONG_QUEUE : SEND_BATCH))
		flush(netif, vde->stalled);
	if (vde->queued == QUEUE) {
		netif->statistics.tx_dropped++;
		packet_free(p);
		return;
	}
	list_append(&vde->queue, &p->node);
	vde->queued++;
	if (!vde->stalled)
		netif->poke_due = netif->stack->poke_due = true;
}

static void poke(struct netif *netif)
{
	struct vde *vde = netif->driver;

	if (!vde->stalled)
		flush(netif, false);
}

/* Room for an ordinary frame, kept from one call to the next. */
static struct packet *spare(struct vde *vde, int i)
{
	if (!vde->spare[i])
		vde->spare[i] = packet_new(PACKET_HEADROOM + 2, PACKET_FRAME);
	return vde->spare[i];
}

static void take(struct netif *netif, struct packet *p, uint32_t len)
{
	packet_put(p, len);
	p->netif = netif;
	netif_receive(p);
}

/* Ordinary frames, as many as one call brings; true = there may be more. */
static bool receive_batch(struct netif *netif)
{
	struct vde *vde = netif->driver;
	struct iovec iov[RECEIVE_BATCH];
	struct mmsghdr m[RECEIVE_BATCH];
	int n = 0, got;

	for (; n < RECEIVE_BATCH && spare(vde, n); n++) {
		iov[n] = (struct iovec){vde->spare[n]->data, PACKET_FRAME};
		m[n].msg_hdr = (struct msghdr){.msg_iov = &iov[n], .msg_iovlen = 1};
	}
	got = n ? recvmmsg(netif->fd, m, n, MSG_DONTWAIT, NULL) : 0;
	for (int i = 0; i < got; i++) {
		struct packet *p = vde->spare[i];

		if (m[i].msg_len < 14 || m[i].msg_hdr.msg_flags & MSG_TRUNC) {
			netif->statistics.rx_errors++;
			continue;
		}
		vde->spare[i] = NULL;
		take(netif, p, m[i].msg_len);
	}
	/* Less than asked for: the next one makes the descriptor ready anew. */
	return got == RECEIVE_BATCH;
}

/* One frame of any length through the library; false when there is none. */
static bool receive_frame(struct netif *netif)
{
	struct vde *vde = netif->driver;
	ssize_t n = vdeplug.receive(vde->conn, vde->large, sizeof(vde->large), 0);
	struct packet *p;

	if (n <= 0)
		return false;
	if (n < 14)
		return true;
	p = packet_new(PACKET_HEADROOM + 2, n < PACKET_FRAME ? PACKET_FRAME : n);
	if (!p) {
		COUNT(netif->stack, memory_failures);
		return true;
	}
	memcpy(p->data, vde->large, n);
	take(netif, p, n);
	return true;
}

static bool receive(struct netif *netif)
{
	struct vde *vde = netif->driver;

	flush(netif, false);
	if (vde->plain && netif->mtu + 18 <= PACKET_FRAME)
		return receive_batch(netif);
	for (int i = 0; i < BATCH; i++) {
		if (!receive_frame(netif))
			return false;
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
		flush(netif, false);
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
	for (int i = 0; i < RECEIVE_BATCH; i++)
		packet_free(vde->spare[i]);
	packet_list_free(&vde->queue);
	free(vde);
}

static const struct netif_ops vde_ops = {.prefix = "vd",
					 .transmit = transmit,
					 .receive = receive,
					 .poke = poke,
					 .drain = drain,
					 .close = vde_close};

/* A switch's own port, and not one of the plugins that put something around a frame. */
static bool passes_plain(const char *url, int fd)
{
	socklen_t len = sizeof(int);
	char path[PATH_MAX];
	struct stat st;
	int domain, type;

	if (!url)
		return false;
	/* Without its "[port]" the path of a directory is a switch; of a file, it could be any URL.
	 */
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(url, "["), url);
	if (strncmp(url, "vde://", 6) && (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)))
		return false;
	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) && domain == AF_UNIX &&
	       !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) && type == SOCK_DGRAM;
}

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
	vde->plain = passes_plain(url, n->fd);
	fcntl(n->fd, F_SETFL, fcntl(n->fd, F_GETFL) | O_NONBLOCK);
	stack_watch(stack, n->fd, n);
	return n;
}
