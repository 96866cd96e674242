/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network devices as the xdp plane needs them: what they are, what their drivers can do with XDP,
 * what they have dropped. All questions go to the kernel by netlink, in the caller's network
 * namespace; nothing here changes a device but netdev_quiet(), which is for devices of our own.
 */
#ifndef VDE_XDP_NETDEV_H
#define VDE_XDP_NETDEV_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/* What a driver can do; bits of the kernel's netdev family (Documentation/netlink/specs/netdev). */
#define NETDEV_XDP_BASIC       (1u << 0)
#define NETDEV_XDP_REDIRECT    (1u << 1)
#define NETDEV_XDP_TRANSMIT    (1u << 2) /* takes frames that other devices redirect to it */
#define NETDEV_XDP_TRANSMIT_SG (1u << 6) /* also those of more than one page */

struct netdev {
	int ifindex;
	char name[IFNAMSIZ];
	char kind[16]; /* "tun", "veth", ...; empty for hardware */
	bool apart;    /* a veth whose other end is in another network namespace */
	unsigned int mtu;
	uint64_t xdp; /* NETDEV_XDP_..., a guess from the kind before Linux 6.3 */
	uint64_t tx_dropped, tx_errors;
};

/*
 * Look a device up by name or, if name is NULL, by ifindex; then its driver is not asked what it
 * can do. 0 or -errno (-ENODEV).
 */
int netdev_get(const char *name, int ifindex, struct netdev *dev);

/*
 * Raise a device of our own: up, this MTU and queue length, without ARP and without IPv6 of the
 * host's own. 0 or -errno.
 */
int netdev_quiet(int ifindex, unsigned int mtu, unsigned int queue);

/*
 * Hear of devices that are deleted or leave the namespace: a descriptor to poll, or -errno. Then
 * netdev_gone() gives the ifindex of one after the other, and 0 when there is no more to tell.
 */
int netdev_watch(void);
int netdev_gone(int fd);

/*
 * A packet socket that sends on the device and receives nothing; while it is open the device is
 * promiscuous. A descriptor or -errno.
 */
int netdev_sender(int ifindex);

#endif
