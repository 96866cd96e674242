/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pcap trace of an interface to a file; under the stack's lock. */
#ifndef LWIPV6_LINK_CAPTURE_H
#define LWIPV6_LINK_CAPTURE_H

#include "lwipv6/link/netif.h"

/* 0, or -errno of the file; replaces a running trace. */
int capture_start(struct netif *netif, const char *path);
void capture_stop(struct netif *netif);
void capture_write(struct netif *netif, const struct packet *p);

static inline void capture_frame(struct netif *netif, const struct packet *p)
{
	if (netif->capture)
		capture_write(netif, p);
}

#endif
