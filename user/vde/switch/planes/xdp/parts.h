/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the xdp plane share.
 *
 * The datapath (datapath.h) belongs to the control thread. The trunk's thread and the threads that
 * transmit read `endpoints` and what it leads to under RCU, and write the counters marked _Atomic.
 */
#ifndef VDE_XDP_PARTS_H
#define VDE_XDP_PARTS_H

#include <pthread.h>

#include "user/vde/switch/planes/plane.h"
#include "user/vde/switch/planes/xdp/datapath.h"

#define XDP_NAMES_MAX 255

struct trunk;
struct watch;

struct xdp_endpoint {
	struct endpoint base;
	unsigned int slot;
	int sender; /* packet socket of the netdev */
	bool alone; /* the port is plain and all ours: the programs forward its frames */
	/* Frames that the programs counted and forward() counted too. */
	_Atomic uint64_t twice_frames_in, twice_bytes_in, twice_frames_out, twice_bytes_out;
	_Atomic uint64_t lost; /* by the netdev, at the last look */
};

struct xdp_plane {
	struct datapath *datapath; /* NULL: no netdev was asked for yet */
	struct trunk *trunk;
	struct watch *events, *links;
	int links_fd;
	enum datapath_mode mode;
	bool later, trust_veths;
	unsigned int name_count;
	const char *names[XDP_NAMES_MAX];	   /* of the command line */
	struct xdp_endpoint *endpoints[VDE_SLOTS]; /* RCU, by slot */
};

static inline struct xdp_endpoint *xdp_of(struct endpoint *endpoint)
{
	return (struct xdp_endpoint *)endpoint;
}

/* Join a netdev to a port (PORT_AUTOMATIC); 0 or -errno, with the reason logged. */
int xdp_add(struct plane *plane, const char *name, int port);
struct xdp_endpoint *xdp_named(struct plane *plane, const char *name);
void xdp_commands(struct console *console);

/* The thread that reads frames from the trunk and hands them to forward(); NULL with errno. */
struct trunk *trunk_start(struct plane *plane, int fd);
void trunk_stop(struct trunk *trunk);
void xdp_transmit(struct forwarder *forwarder, struct endpoint *endpoint,
		  const struct egress *frames, unsigned int frame_count);

/* addresses.c: the MAC table of the switch and the addresses of the programs kept the same. */
void addresses_take(void *context, uint32_t events);
void addresses_changed(struct plane *plane, const struct fdb_entry *entry, enum fdb_change change);
void addresses_sync(struct plane *plane);
unsigned int addresses_idle(struct plane *plane, const struct fdb_entry *entry);

#endif
