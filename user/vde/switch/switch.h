/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model of a switch: what the control plane decides and what every data plane reads.
 *
 * Threads. The control thread (loop/) owns this model: only it changes ports, VLANs, endpoints and
 * settings. Data-plane threads read the fields marked _Atomic at any time, relaxed: each is one
 * independent fact and a frame may see it just before or just after a change. Objects that come and
 * go (endpoint sets) are published and read under RCU (liburcu, memb flavour): a data-plane thread
 * holds rcu_read_lock() between forward_begin() and forward_end(), the control thread frees after a
 * grace period. Ports and VLANs are never freed before the switch ends.
 *
 * A port is a place in the switch; an endpoint is one client, tap or network device joined to it. A
 * port has any number of endpoints and an endpoint belongs to exactly one plane (planes/plane.h).
 */
#ifndef VDE_SWITCH_H
#define VDE_SWITCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <urcu.h>

#define PORT_MAX    4095 /* highest number that --numports may give */
#define VLAN_COUNT  4096
#define VLAN_NONE   4095   /* as untagged VLAN: the port has none */
#define FRAME_MAX   9234   /* jumbo frame: MTU 9216, header 14, one tag 4 */
#define FRAME_MIN   14	   /* shorter ones carry no Ethernet header: runts */
#define FRAME_SHORT 60	   /* shorter ones are filled with zeros up to here */
#define DESCR_MAX   128	   /* description of an endpoint, with terminator */
#define NAME_SIZE   32	   /* name of a port, with terminator */
#define TAG_8021Q   0x8100 /* Ethernet types of tags */
#define TAG_8021AD  0x88a8

/* A set of ports. Only the control thread writes. */
#define PORT_WORDS ((PORT_MAX + 64) / 64)
struct port_set {
	_Atomic uint64_t word[PORT_WORDS];
};

static inline bool port_set_has(const struct port_set *set, unsigned int port)
{
	return atomic_load_explicit(&set->word[port / 64], memory_order_relaxed) >> port % 64 & 1;
}

static inline void port_set_put(struct port_set *set, unsigned int port, bool in)
{
	uint64_t bit = 1ull << port % 64;

	if (in)
		atomic_fetch_or_explicit(&set->word[port / 64], bit, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(&set->word[port / 64], ~bit, memory_order_relaxed);
}

/*
 * What passed a port, seen from the switch: in is from the clients. Frames and bytes out are
 * attempted sends, once per port however many endpoints it has; drops_out are those of them that
 * an endpoint could not take.
 */
struct counters {
	uint64_t frames_in, bytes_in, frames_out, bytes_out;
	uint64_t drops_in;   /* refused: not a member of the VLAN, blocked, storm or rate limit */
	uint64_t drops_out;  /* queue of an endpoint full */
	uint64_t errors_in;  /* runts, oversized */
	uint64_t errors_out; /* the endpoint's socket failed */
};

struct port_counters {
	_Atomic uint64_t frames_in, bytes_in, frames_out, bytes_out;
	_Atomic uint64_t drops_in, drops_out, errors_in, errors_out;
};

static inline void count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* What arrives from a port may be limited; see forward/limit.h. */
enum limit_kind { LIMIT_RATE, LIMIT_BROADCAST, LIMIT_MULTICAST, LIMIT_UNKNOWN, LIMIT_KINDS };
struct limit {
	_Atomic uint64_t per_second; /* LIMIT_RATE: bytes, others: frames; 0 = no limit */
	_Atomic uint64_t due;	     /* when the bucket is full again, ns of CLOCK_MONOTONIC */
};

enum mirror { MIRROR_OFF = 0, MIRROR_IN = 1, MIRROR_OUT = 2 };

struct port;
struct vswitch;
struct plane;
struct delay_line;

struct endpoint {
	struct port *port;
	struct plane *plane;
	int id;			/* number shown in port/print and taken by port/epclose */
	uid_t user;		/* (uid_t)-1: unknown */
	uint32_t speed;		/* Mb/s; 0: nobody knows. For the spanning tree's costs. */
	const char *module;	/* kind as port/print names it: "unix prog", "tuntap", ... */
	char descr[DESCR_MAX];	/* printable */
	_Atomic uint64_t drops; /* frames this endpoint could not take */
	/* Control thread: the endpoint leaves its port and its owner must forget it. */
	void (*left)(struct endpoint *endpoint);
	void *owner;
	struct rcu_head rcu;
};

struct endpoint_set {
	struct rcu_head rcu;
	unsigned int count;
	struct endpoint *at[];
};

struct port {
	/* Read by every frame. */
	unsigned int number;
	_Atomic uint16_t untagged_vlan; /* VLAN_NONE: untagged frames are refused */
	_Atomic uint16_t tag_type;	/* TPID of tags on this port: 0x8100 or 0x88a8 */
	_Atomic uint16_t mirror_to;	/* port that gets copies */
	_Atomic uint8_t mirror;		/* enum mirror, ored */
	_Atomic bool mirror_target;	/* it gets copies, and nothing else */
	_Atomic bool captured;		/* capture/ wants to see its frames */
	_Atomic bool limited;		/* some limit below is set */
	struct endpoint_set *endpoints; /* RCU; NULL = none: the port is inactive */
	struct delay_line *delay_in;	/* RCU; NULL = not impaired. From the clients... */
	struct delay_line *delay_out;	/* ... and to them */
	struct limit limit[LIMIT_KINDS];
	struct port_counters counters;

	/* Control thread only. */
	bool exists;
	bool allocatable; /* may automatic requests take it? */
	char name[NAME_SIZE];
	uid_t user;	/* of the clients on it; -1 when none or unknown */
	uid_t acl_user; /* -1 = no restriction */
	gid_t acl_group;
};

struct vlan {
	unsigned int id;
	bool exists; /* control thread only */
	struct port_set members;
	struct port_set tagged;	    /* subset of members: frames leave with a tag */
	struct port_set learning;   /* spanning tree lets addresses be learned */
	struct port_set forwarding; /* spanning tree lets frames pass */
};

struct vswitch {
	uint8_t mac[6];
	uint32_t started; /* forward_seconds() */
	_Atomic bool hub;
	_Atomic bool spanning_tree;
	_Atomic unsigned int numports;
	unsigned int ports_per_user; /* that one user may have; 0: three quarters of numports */
	struct port ports[PORT_MAX + 1];
	struct port_set active;			/* ports with endpoints */
	struct port_set mirror_targets;		/* as port->mirror_target */
	struct vlan *_Atomic vlans[VLAN_COUNT]; /* NULL: never made */

	struct fdb *fdb;
	unsigned int gc_interval, expire; /* seconds */
	struct timer *gc_timer;
	struct loop *loop;
	struct console *console;
	struct control *control;
	struct plane *planes;	  /* list */
	_Atomic bool fdb_watched; /* somebody wants to hear of changes of the MAC table */
	struct rstp *rstp;
	struct port_statistics *statistics;
};

static inline struct vlan *vlan_get(struct vswitch *sw, unsigned int id)
{
	return atomic_load_explicit(&sw->vlans[id], memory_order_acquire);
}

#endif
