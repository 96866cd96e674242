/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The slirp interface as the rest of the stack sees it. All want the stack's lock. */
#ifndef LWIPV6_SLIRP_INTERFACE_H
#define LWIPV6_SLIRP_INTERFACE_H

#include "lwipv6/link/netif.h"

/* A new interface, down, or NULL with errno. */
struct netif *slirp_open(struct stack *stack);
/* As lwip_slirp_listen_add(), lwip_slirp_host(); the second returns a negative errno. */
int slirp_listen(struct netif *netif, const struct ip_addr *dest, int dest_port, const void *src,
		 int src_port, int flags);
int slirp_set_host(struct netif *netif, const struct ip_addr *alias);

#endif
