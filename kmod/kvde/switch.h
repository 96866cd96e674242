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

/**
 * kvde_has() - Is a port in a set of bits?
 * @words: KVDE_WORDS of them
 * @port: its number, below KVDE_PORTS
 *
 * Return: true if it is.
 */
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

/* ---- control.c, under sw->lock */

/**
 * kvde_set_vlan() - The ioctl KVDE_VLAN.
 * @sw: the switch
 * @vlan: its argument, which is copied
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int kvde_set_vlan(struct kvde *sw, const struct kvde_vlan *vlan);

/**
 * kvde_port_is_valid() - Are the settings of a port in their ranges?
 * @port: as a program gave them
 *
 * Return: true if they are.
 */
bool kvde_port_is_valid(const struct kvde_port *port);

/**
 * kvde_set_port() - The ioctl KVDE_PORT.
 * @sw: the switch
 * @port: its argument
 *
 * Return: 0, -EINVAL, or -ENOENT: the port is not adopted.
 */
int kvde_set_port(struct kvde *sw, const struct kvde_port *port);

/* ---- port.c, under sw->lock but for kvde_release_all() */

/**
 * kvde_adopt() - The ioctl KVDE_ADOPT.
 * @sw: the switch
 * @arg: its argument
 *
 * Return: 0, or an error as the protocol has it.
 */
int kvde_adopt(struct kvde *sw, const struct kvde_adopt *arg);

/**
 * kvde_release() - The ioctl KVDE_RELEASE. Nobody is in the port any more when it returns.
 * @sw: the switch
 * @state: its argument, filled in
 *
 * Return: 0, -EINVAL, -ENOENT.
 */
int kvde_release(struct kvde *sw, struct kvde_port_state *state);

/**
 * kvde_port_count() - The ioctl KVDE_COUNT.
 * @sw: the switch
 * @state: its argument, filled in
 *
 * Return: 0, -EINVAL, -ENOENT.
 */
int kvde_port_count(struct kvde *sw, struct kvde_port_state *state);

/**
 * kvde_release_all() - The file was closed: all sockets are as they were before, VLANs are forgotten.
 * @sw: the switch
 */
void kvde_release_all(struct kvde *sw);

/**
 * kvde_pause() - The ioctl KVDE_PAUSE. No frame is on its way when it returns.
 * @sw: the switch
 * @pause: its argument, filled in
 */
void kvde_pause(struct kvde *sw, struct kvde_pause *pause);

/**
 * kvde_resume() - The ioctl KVDE_RESUME.
 * @sw: the switch
 */
void kvde_resume(struct kvde *sw);

/* ---- receive.c */

/**
 * kvde_data_ready() - What the sockets of adopted ports have in the place of their own sk_data_ready.
 * @sk: the socket
 */
void kvde_data_ready(struct sock *sk);

/**
 * kvde_receive() - Take what is in the socket, up to a share.
 * @port: under rcu_read_lock()
 *
 * Return: true if there may be more.
 */
bool kvde_receive(struct kvde_adopted *port);

/* ---- forward.c */

/**
 * kvde_forward() - A frame came in.
 * @port: where; under rcu_read_lock() and its rx_lock
 * @skb: consumed; nobody else has its bytes
 */
void kvde_forward(struct kvde_adopted *port, struct sk_buff *skb);

/* ---- deliver.c */

/**
 * kvde_deliver() - Into the client's queue, or dropped and counted.
 * @to: under rcu_read_lock()
 * @skb: consumed; a clone may share its bytes
 */
void kvde_deliver(struct kvde_adopted *to, struct sk_buff *skb);

/* ---- tag.c */

/* What a frame has behind its addresses, as far as its port is concerned. */
struct kvde_tag {
	u16 tpid; /* 0: no tag */
	u16 tci;
};

/**
 * kvde_retag() - Give a frame another tag, or none.
 * @skb: consumed; nobody else has its bytes
 * @has: the tag that it has
 * @wanted: the one that it shall have
 *
 * Return: the same frame or another one; NULL: no memory.
 */
struct sk_buff *kvde_retag(struct sk_buff *skb, struct kvde_tag has, struct kvde_tag wanted);

/**
 * kvde_copy() - A copy of a frame with bytes of its own, and room for a tag.
 * @skb: stays as it is
 *
 * Return: the copy; NULL: no memory.
 */
struct sk_buff *kvde_copy(const struct sk_buff *skb);

/* ---- table.c */

/**
 * kvde_table_init() - A switch begins without addresses.
 * @sw: the switch
 *
 * Return: 0 or -ENOMEM.
 */
int kvde_table_init(struct kvde *sw);

/**
 * kvde_table_free() - Forget all, when nobody looks any more.
 * @sw: the switch
 */
void kvde_table_free(struct kvde *sw);

/**
 * kvde_lookup() - Where an address is.
 * @sw: the switch; under rcu_read_lock()
 * @vlan: the VLAN
 * @mac: the address
 *
 * Return: a port, 0: the switch's affair, -1: not known.
 */
int kvde_lookup(struct kvde *sw, u16 vlan, const u8 *mac);

/**
 * kvde_learn() - An address was seen as a source. A new place is told to the switch.
 * @sw: the switch; under rcu_read_lock()
 * @vlan: the VLAN
 * @mac: the address; groups are passed over
 * @port: where
 */
void kvde_learn(struct kvde *sw, u16 vlan, const u8 *mac, u32 port);

/**
 * kvde_address_set() - The ioctl KVDE_ADDRESS_SET.
 * @sw: the switch
 * @address: its argument
 *
 * Return: 0, -ENOSPC, -ENOMEM, or -EAGAIN: it was learned at this moment.
 */
int kvde_address_set(struct kvde *sw, const struct kvde_address *address);

/**
 * kvde_address_del() - The ioctl KVDE_ADDRESS_DEL.
 * @sw: the switch
 * @address: its argument
 *
 * Return: 0 or -ENOENT.
 */
int kvde_address_del(struct kvde *sw, const struct kvde_address *address);

/**
 * kvde_address_get() - The ioctl KVDE_ADDRESS_GET.
 * @sw: the switch
 * @address: its argument, filled in
 *
 * Return: 0 or -ENOENT.
 */
int kvde_address_get(struct kvde *sw, struct kvde_address *address);

/**
 * kvde_flush() - The ioctl KVDE_FLUSH.
 * @sw: the switch
 */
void kvde_flush(struct kvde *sw);

/* ---- up.c */

/**
 * kvde_up_init() - A switch begins with an empty queue.
 * @sw: the switch
 */
void kvde_up_init(struct kvde *sw);

/**
 * kvde_up_free() - Free what nobody will read.
 * @sw: the switch
 */
void kvde_up_free(struct kvde *sw);

/**
 * kvde_up_frame() - A frame for the switch. Its sender stays charged for it.
 * @port: where it came in
 * @skb: consumed
 * @set: where it has gone already, counted by the caller and given away; NULL: nowhere
 */
void kvde_up_frame(struct kvde_adopted *port, struct sk_buff *skb, struct kvde_set *set);

/**
 * kvde_up_full() - Has the switch enough of the port's frames to read?
 * @port: the port; its work is queued when the switch has read some
 *
 * Return: true if nothing is to be taken from the socket now.
 */
bool kvde_up_full(struct kvde_adopted *port);

/**
 * kvde_up_event() - Something about an address or a port.
 * @sw: the switch
 * @type: KVDE_LEARNED, _MOVED, _CLAIMED; or KVDE_STUCK
 * @port: the port
 * @vlan: of the address
 * @mac: the address; NULL for KVDE_STUCK
 *
 * Return: false if there is no memory or room.
 */
bool kvde_up_event(struct kvde *sw, u16 type, u32 port, u16 vlan, const u8 *mac);

/**
 * kvde_up_read() - read(2): records, as many as fit.
 * @sw: the switch
 * @buffer: the reader's
 * @size: its size in bytes
 * @wait: until there is one
 *
 * Return: bytes, or -EAGAIN, -EINVAL, -EFAULT, -ERESTARTSYS.
 */
ssize_t kvde_up_read(struct kvde *sw, char __user *buffer, size_t size, bool wait);

/**
 * kvde_set_put() - A reference of a set is given up.
 * @set: the set, or NULL
 */
void kvde_set_put(struct kvde_set *set);

#endif
