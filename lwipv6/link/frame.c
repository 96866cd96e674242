/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An interface whose wire is the program: frames out go to its function, frames in come by
 * lwip_frame_input(). The function runs under the stack's lock and must not call the stack.
 */
#include <errno.h>
#include <stdlib.h>
#include "lwipv6/link/netif.h"

struct frame_wire {
	void (*output)(void *arg, const void *frame, size_t len);
	void *arg;
};

static void transmit(struct netif *netif, struct packet *p)
{
	struct frame_wire *w = netif->driver;

	if (!p->nfrags) {
		w->output(w->arg, p->data, p->len);
	} else {
		struct packet *flat = packet_flatten(p, 0);

		if (flat)
			w->output(w->arg, flat->data, flat->len);
		packet_free(flat);
	}
	packet_free(p);
}

static void frame_close(struct netif *netif)
{
	free(netif->driver);
}

static const struct netif_ops frame_ops = {
	.prefix = "fr", .transmit = transmit, .close = frame_close};

struct netif *frame_open(struct stack *stack, void (*output)(void *, const void *, size_t),
			 void *arg, enum netif_kind kind)
{
	struct frame_wire *w = calloc(1, sizeof(*w));
	struct netif *n;

	if (!w)
		return NULL;
	w->output = output;
	w->arg = arg;
	n = netif_new(stack, &frame_ops, kind, w, 1500);
	if (!n)
		free(w);
	return n;
}

int frame_input(struct netif *netif, const void *frame, size_t len)
{
	struct packet *p;

	if (len > PACKET_MAX)
		return -EMSGSIZE;
	p = packet_new(PACKET_HEADROOM + (netif->kind == NETIF_ETHERNET ? 2 : 0), len);
	if (!p)
		return -ENOMEM;
	memcpy(packet_put(p, len), frame, len);
	p->netif = netif;
	netif_receive(p);
	return 0;
}
