// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue to the switch: frames and events in the order of their coming, for read(2).
 *
 * Frames stay charged to who sent them, and there are so many of each port at most: a client that is faster than the switch
 * waits, others do not. Events about addresses have a bound of their own; if they are lost, the switch is told.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "switch.h"

#define PORT_FRAMES_MAX 256
#define EVENTS_MAX	4096

struct record {
	struct list_head node;
	struct sk_buff *skb; /* NULL: an event */
	struct kvde_set *set;
	u16 type, number, vlan;
	u8 mac[6];
};

void kvde_set_put(struct kvde_set *set)
{
	if (set && refcount_dec_and_test(&set->refs))
		kfree_rcu(set, rcu);
}

void kvde_up_init(struct kvde *sw)
{
	mutex_init(&sw->read_lock);
	spin_lock_init(&sw->up_lock);
	INIT_LIST_HEAD(&sw->up);
	init_waitqueue_head(&sw->up_wait);
}

/* All by sw->up_lock. */
static void count_record(struct kvde *sw, const struct record *record, int n)
{
	if (record->skb)
		sw->up_of[record->number] += n;
	else
		sw->up_events += n;
}

static void queue_record(struct kvde *sw, struct record *record)
{
	list_add_tail(&record->node, &sw->up);
	sw->up_records++;
	count_record(sw, record, 1);
}

bool kvde_up_full(struct kvde_adopted *port)
{
	const u16 *frames = &port->sw->up_of[port->number];

	if (likely(READ_ONCE(*frames) < PORT_FRAMES_MAX))
		return false;
	WRITE_ONCE(port->full, true);
	smp_mb(); /* with the lock that take_record() has: it sees this, or we see that it has read */
	return READ_ONCE(*frames) >= PORT_FRAMES_MAX;
}

static void wake_reader(struct kvde *sw)
{
	if (wq_has_sleeper(&sw->up_wait))
		wake_up_interruptible_poll(&sw->up_wait, EPOLLIN | EPOLLRDNORM);
}

void kvde_up_frame(struct kvde_adopted *port, struct sk_buff *skb, struct kvde_set *set)
{
	struct kvde *sw = port->sw;
	struct record *record;

	record = kmalloc(sizeof(*record), GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	if (record) {
		*record = (struct record){
			.skb = skb, .set = set, .type = set ? KVDE_FLOODED : KVDE_FRAME, .number = port->number
		};
		spin_lock(&sw->up_lock);
		queue_record(sw, record);
		spin_unlock(&sw->up_lock);
		wake_reader(sw);
		return;
	}
	kvde_set_put(set);
	kvde_count(port, in_dropped, 1);
	kfree_skb(skb);
}

bool kvde_up_event(struct kvde *sw, u16 type, u32 port, u16 vlan, const u8 *mac)
{
	struct record *record = kzalloc(sizeof(*record), GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	bool queued = false;

	spin_lock(&sw->up_lock);
	/* That a port is stuck is told at all events; there are no more of these than ports. */
	if (record && (!mac || sw->up_events < EVENTS_MAX)) {
		record->type = type;
		record->number = port;
		record->vlan = vlan;
		if (mac)
			memcpy(record->mac, mac, sizeof(record->mac));
		queue_record(sw, record);
		queued = true;
	} else if (mac) {
		sw->up_lost = true;
	}
	spin_unlock(&sw->up_lock);
	if (!queued)
		kfree(record);
	wake_reader(sw);
	return queued;
}

/* ---- reading; under sw->read_lock */

/* The port may go on. */
static void go_on(struct kvde *sw, u32 number)
{
	struct kvde_adopted *port;

	rcu_read_lock();
	port = rcu_dereference(sw->ports[number]);
	if (port && xchg(&port->full, false))
		schedule_work(&port->work);
	rcu_read_unlock();
}

static struct record *take_record(struct kvde *sw)
{
	struct record *record;
	bool some = false;

	spin_lock(&sw->up_lock);
	record = list_first_entry_or_null(&sw->up, struct record, node);
	if (record) {
		list_del(&record->node);
		count_record(sw, record, -1);
		some = record->skb && sw->up_of[record->number] == PORT_FRAMES_MAX / 2;
	}
	spin_unlock(&sw->up_lock);
	if (some)
		go_on(sw, record->number);
	return record;
}

static void put_back(struct kvde *sw, struct record *record)
{
	spin_lock(&sw->up_lock);
	list_add(&record->node, &sw->up);
	count_record(sw, record, 1);
	spin_unlock(&sw->up_lock);
}

static void free_record(struct record *record)
{
	if (record->skb)
		consume_skb(record->skb);
	kvde_set_put(record->set);
	kfree(record);
}

/* Bytes written; 0: it does not fit; -EFAULT. */
static ssize_t copy_record(const struct record *record, char __user *to, size_t room)
{
	u32 length = record->skb ? record->skb->len : 0, words = record->set ? record->set->words : 0;
	struct kvde_record head = {
		.size = ALIGN(sizeof(head) + 8 * words + length, 8),
		.type = record->type,
		.port = record->number,
		.vlan = record->vlan,
		.length = length,
		.words = words,
	};

	if (head.size > room)
		return 0;
	memcpy(head.mac, record->mac, sizeof(head.mac));
	if (copy_to_user(to, &head, sizeof(head)) ||
	    (words && copy_to_user(to + sizeof(head), record->set->word, 8 * words)) ||
	    (length && copy_to_user(to + sizeof(head) + 8 * words, record->skb->data, length)) ||
	    clear_user(to + sizeof(head) + 8 * words + length, head.size - sizeof(head) - 8 * words - length))
		return -EFAULT;
	return head.size;
}

static bool take_lost(struct kvde *sw)
{
	bool lost;

	spin_lock(&sw->up_lock);
	lost = sw->up_lost;
	sw->up_lost = false;
	spin_unlock(&sw->up_lock);
	return lost;
}

static ssize_t read_all(struct kvde *sw, char __user *buffer, size_t size)
{
	static const struct record lost = { .type = KVDE_LOST };
	struct record *record;
	size_t done = 0;
	ssize_t got;

	if (size < KVDE_RECORD_MAX)
		return -EINVAL;
	if (take_lost(sw)) {
		got = copy_record(&lost, buffer, size);
		if (got < 0)
			return got;
		done += got;
	}
	while (done + KVDE_RECORD_MAX <= size) {
		record = take_record(sw);
		if (!record)
			break;
		got = copy_record(record, buffer + done, size - done);
		if (got <= 0) {
			put_back(sw, record);
			return done ?: got;
		}
		done += got;
		free_record(record);
		cond_resched();
	}
	return done;
}

ssize_t kvde_up_read(struct kvde *sw, char __user *buffer, size_t size, bool wait)
{
	ssize_t got;

	for (;;) {
		if (mutex_lock_interruptible(&sw->read_lock))
			return -ERESTARTSYS;
		got = read_all(sw, buffer, size);
		mutex_unlock(&sw->read_lock);
		if (got)
			return got;
		if (!wait)
			return -EAGAIN;
		if (wait_event_interruptible(sw->up_wait, !list_empty_careful(&sw->up) || READ_ONCE(sw->up_lost)))
			return -ERESTARTSYS;
	}
}

void kvde_up_free(struct kvde *sw)
{
	struct record *record;

	while ((record = take_record(sw)))
		free_record(record);
}
