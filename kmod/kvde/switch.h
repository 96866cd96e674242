/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the module share: a switch, its ports, VLANs and addresses.
 *
 *   device.c    /dev/kvde: open, read, ioctl, close
 *   control.c   what the switch says about VLANs and ports
 *   port.c      adopting a socket, and letting go of it
 *   receive.c   a client has sent: frames out of the socket
 *   forward.c   where a frame goes
 *   deliver.c   into a client's queue
 *   tag.c       VLAN tags
 *   table.c     addresses
 *   up.c        what is queued for the switch
 *
 * A frame is handled in the sender's system call, under rcu_read_lock() and the lock of the port that it came in by.
 * That lock keeps the order of what one client sends, and preemption off. Ports, VLANs and the set of adopted ports are
 * read under RCU and replaced whole by ioctls, which take sw->lock.
 */
#ifndef KVDE_SWITCH_H
#define KVDE_SWITCH_H

#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "uapi/kvde.h"

/* A set of ports that is never changed. */
struct kvde_set {
	refcount_t refs;
	struct rcu_head rcu;
	u32 words; /* that have bits */
	u64 word[KVDE_WORDS];
};

static inline bool kvde_has(const u64 *words, unsigned int port)
{
	return words[port / 64] >> port % 64 & 1;
}

struct kvde_members {
	struct rcu_head rcu;
	struct kvde_vlan vlan;
};

struct kvde_adopted {
	struct kvde *sw;
	u32 number;
	u16 pvid, tpid;
	struct sock *sk, *client;	     /* counted: the switch's socket, and whose frames come in by it */
	void (*data_ready)(struct sock *sk); /* sk's own */
	spinlock_t rx_lock;
	bool stuck;		 /* by rx_lock: no more is taken from the socket */
	bool full;		 /* nor now, until the switch has read what it has of this port */
	struct work_struct work; /* goes on where a call has had its share */
	struct kvde_counters __percpu *counters;
	struct rcu_head rcu;
};

#define kvde_count(port, field, n) this_cpu_add((port)->counters->field, n)

struct kvde {
	struct mutex lock;    /* all ioctls */
	struct mm_struct *mm; /* of the process that opened the file */
	bool paused;
	u32 flags;		   /* KVDE_SPANNING_TREE */
	unsigned long persistence; /* jiffies */
	struct kvde_adopted __rcu *ports[KVDE_PORTS];
	struct kvde_members __rcu *vlans[KVDE_VLANS];
	struct kvde_set __rcu *adopted;
	struct rhashtable addresses;
	/* up.c */
	struct mutex read_lock;
	spinlock_t up_lock; /* what follows */
	struct list_head up;
	u32 up_events;
	u16 up_of[KVDE_PORTS]; /* frames of each port */
	u64 up_records;	       /* ever */
	bool up_lost;
	wait_queue_head_t up_wait;
};

/* ---- control.c: the ioctls of these structures; under sw->lock. 0 or -errno */
int kvde_set_vlan(struct kvde *sw, const struct kvde_vlan *vlan);
int kvde_set_port(struct kvde *sw, const struct kvde_port *port);

/* ---- port.c: the same; release_all: also without any port */
int kvde_adopt(struct kvde *sw, const struct kvde_adopt *arg);
int kvde_release(struct kvde *sw, struct kvde_port_state *state);
int kvde_port_count(struct kvde *sw, struct kvde_port_state *state);
void kvde_release_all(struct kvde *sw);
void kvde_pause(struct kvde *sw, struct kvde_pause *pause);
void kvde_resume(struct kvde *sw);

/* ---- receive.c */

/* What the sockets of adopted ports have in the place of their own function. */
void kvde_data_ready(struct sock *sk);

/* Take what is in the socket, up to a share; true: there may be more. */
bool kvde_receive(struct kvde_adopted *port);

/* ---- forward.c: consumes the frame; under rcu_read_lock() and port->rx_lock */
void kvde_forward(struct kvde_adopted *port, struct sk_buff *skb);

/* ---- deliver.c: consumes the frame, which must be nobody else's; under rcu_read_lock() */
void kvde_deliver(struct kvde_adopted *to, struct sk_buff *skb);

/* ---- tag.c */

/* What a frame has behind its addresses, as far as its port is concerned. */
struct kvde_tag {
	u16 tpid; /* 0: no tag */
	u16 tci;
};

/*
 * Give a frame that has one tag another one, or none. The frame's bytes must be nobody else's. It is consumed, and the
 * same or another one returned; NULL: no memory.
 */
struct sk_buff *kvde_retag(struct sk_buff *skb, struct kvde_tag has, struct kvde_tag wanted);

/* A copy of a frame with bytes of its own, with room for a tag. NULL: no memory. */
struct sk_buff *kvde_copy(const struct sk_buff *skb);

/* ---- table.c */
int kvde_table_init(struct kvde *sw);
void kvde_table_free(struct kvde *sw);

/* Where an address is: a port, 0 for the switch, -1: nowhere that is known. Under rcu_read_lock(). */
int kvde_lookup(struct kvde *sw, u16 vlan, const u8 *mac);
void kvde_learn(struct kvde *sw, u16 vlan, const u8 *mac, u32 port);
int kvde_address_set(struct kvde *sw, const struct kvde_address *address);
int kvde_address_del(struct kvde *sw, const struct kvde_address *address);
int kvde_address_get(struct kvde *sw, struct kvde_address *address);
void kvde_flush(struct kvde *sw);

/* ---- up.c */
void kvde_up_init(struct kvde *sw);
void kvde_up_free(struct kvde *sw);

/*
 * A frame for the switch, consumed; set, counted by the caller, is given away: NULL or where it has gone. The sender stays
 * charged for it.
 */
void kvde_up_frame(struct kvde_adopted *port, struct sk_buff *skb, struct kvde_set *set);

/* Has the switch enough of the port's frames to read? Then port->work is queued when it has read some. */
bool kvde_up_full(struct kvde_adopted *port);

/* Something about an address (LEARNED, MOVED, CLAIMED) or a port (STUCK; mac NULL). False: there is no memory or room. */
bool kvde_up_event(struct kvde *sw, u16 type, u32 port, u16 vlan, const u8 *mac);

ssize_t kvde_up_read(struct kvde *sw, char __user *buffer, size_t size, bool wait);

void kvde_set_put(struct kvde_set *set);

#endif
