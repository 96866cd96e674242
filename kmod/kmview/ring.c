// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event ring: how a blocked call asks the manager and gets its answer.
 *
 *   task:    get_slot -> fill -> post -> wait (poll a moment, then sleep) -> read the answer, once -> put_slot
 *   manager: KMVIEW_EXCHANGE wakes the tasks it answered, then waits for what is posted
 *
 * The states of a slot are in uapi/kmview.h. What the kernel itself relies on is in struct kmview_pending and struct
 * kmview_channel, never in the shared memory; a slot is the kernel's again (its index is on a list of ours) only after
 * the manager said ANSWERED or RELEASED, or before anything was said to it.
 *
 * Sleeping and being woken is most of the cost of a notified call, so both sides try not to. With several processors, a
 * task polls for its answer for a moment. With one, it yields: if the manager is runnable it answers meanwhile and need
 * not wake anybody, then yields in its turn, in KMVIEW_EXCHANGE, to the task that will ask next. Both try less often
 * while it does not help.
 *
 * Two sleeps, two races. A task sets waiting, then looks at state; a manager sets ANSWERED, then looks at waiting; full
 * barriers between. A manager puts itself on the idle list and then looks at head, under the lock under which
 * tasks advance head and look at the idle list. A manager that polls in user space says so in ring->spinning and
 * promises to come to KMVIEW_EXCHANGE, which looks again, before it sleeps.
 *
 * In a session that watches nobody waits: a posted slot is a zombie from the start, which the manager releases. As nothing
 * is urgent, the manager is woken when half of the slots are posted, or a moment after the first: it takes many
 * events at a time, and the task goes on where it is.
 *
 * channel.lock protects all of struct kmview_channel and the pendings. Interrupts are off under it, because signals are
 * announced under a lock that interrupts take, too.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "call.h"
#include "compat.h"
#include "rest.h"
#include "ring.h"
#include "ring_index.h"
#include "session.h"
#include "task.h"
#include "turns.h"
#include "user_memory.h"

#define NO_SLOT U32_MAX
#define MEM_MAX (16 << 20)

/* How often a task looks for its answer before it sleeps: 10 to 50 us on hardware of today. */
#define POLLS 1000

/* A thread of the manager that sleeps in KMVIEW_EXCHANGE. */
struct idle {
	struct list_head node;
	struct task_struct *task;
};

static struct kmview_slot *slot_at(const struct kmview_channel *channel, u32 index)
{
	return (void *)channel->ring + channel->slots_offset + (size_t)index * channel->slot_size;
}

static u32 data_bytes(const struct kmview_channel *channel)
{
	return channel->slot_size - offsetof(struct kmview_slot, data);
}

/* Zeroed pages, charged to the caller's memory cgroup, that can be mapped by the kernel and by a process. */
static void *alloc_shared(size_t size)
{
	unsigned int n = size >> PAGE_SHIFT, i;
	struct page **pages = kvcalloc(n, sizeof(*pages), GFP_KERNEL);
	void *memory = NULL;

	if (!pages)
		return NULL;
	for (i = 0; i < n; i++) {
		pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
		if (!pages[i])
			break;
	}
	if (i == n)
		memory = vmap(pages, n, VM_MAP | VM_USERMAP, PAGE_KERNEL);
	/* The mapping does not hold the pages: they are found through it again by free_shared(). */
	while (!memory && i)
		__free_page(pages[--i]);
	kvfree(pages);
	return memory;
}

static void free_shared(void *memory, size_t size)
{
	unsigned int n = size >> PAGE_SHIFT, i;
	struct page **pages;

	if (!memory)
		return;
	pages = kvcalloc(n, sizeof(*pages), GFP_KERNEL | __GFP_NOFAIL);
	for (i = 0; i < n; i++)
		pages[i] = vmalloc_to_page(memory + (size_t)i * PAGE_SIZE);
	vunmap(memory);
	for (i = 0; i < n; i++)
		__free_page(pages[i]);
	kvfree(pages);
}

/* Wake a thread of the manager, if one sleeps. Under the lock. */
static void wake_one(struct kmview_channel *channel)
{
	struct idle *idle = list_first_entry_or_null(&channel->idle, struct idle, node);

	if (idle) {
		list_del_init(&idle->node);
		wake_up_process(idle->task);
	}
}

static void wake_later(struct timer_list *timer)
{
	struct kmview_channel *channel = container_of(timer, struct kmview_channel, later);
	unsigned long flags;

	spin_lock_irqsave(&channel->lock, flags);
	wake_one(channel);
	spin_unlock_irqrestore(&channel->lock, flags);
}

int kmview_channel_init(struct kmview_session *session, u32 slots, u32 slot_size)
{
	struct kmview_channel *channel = &session->channel;
	u32 entries = 2 * slots, i;
	size_t offset;

	if (!is_power_of_2(slots) || slots > KMVIEW_SLOTS_MAX || !is_power_of_2(slot_size) ||
	    slot_size < KMVIEW_SLOT_SIZE_MIN || slot_size > KMVIEW_SLOT_SIZE_MAX)
		return -EINVAL;
	offset = ALIGN(struct_size(channel->ring, entry, entries), max_t(size_t, slot_size, 64));
	channel->size = PAGE_ALIGN(offset + (size_t)slots * slot_size);
	channel->pending = kvcalloc(slots, sizeof(*channel->pending), GFP_KERNEL_ACCOUNT);
	channel->ring = alloc_shared(channel->size);
	if (!channel->ring || !channel->pending) {
		kmview_channel_free(session);
		return -ENOMEM;
	}
	channel->head = 0;
	channel->mask = entries - 1;
	channel->slots = slots;
	channel->slot_size = slot_size;
	channel->slots_offset = offset;
	channel->ring->mask = channel->mask;
	channel->ring->slots = slots;
	channel->ring->slot_size = slot_size;
	channel->ring->slots_offset = offset;
	for (i = 0; i < slots; i++)
		channel->pending[i].next = i + 1 < slots ? i + 1 : NO_SLOT;
	channel->free = 0;
	channel->zombies = NO_SLOT;
	spin_lock_init(&channel->lock);
	INIT_LIST_HEAD(&channel->idle);
	timer_setup(&channel->later, wake_later, 0);
	init_waitqueue_head(&channel->poll);
	init_waitqueue_head(&channel->room);
	channel->one_cpu = num_online_cpus() == 1;
	session->bytes += channel->size + slots * sizeof(*channel->pending);
	return 0;
}

void kmview_channel_free(struct kmview_session *session)
{
	struct kmview_channel *channel = &session->channel;
	u32 i;

	if (channel->slots)
		kmview_timer_delete_sync(&channel->later);
	for (i = 0; channel->pending && i < channel->slots; i++)
		if (channel->pending[i].gift)
			fput(channel->pending[i].gift);
	kvfree(channel->pending);
	free_shared(channel->ring, channel->size);
	channel->pending = NULL;
	channel->ring = NULL;
	channel->size = 0;
}

int kmview_channel_mmap(struct kmview_session *session, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != session->channel.size)
		return -EINVAL;
	return remap_vmalloc_range(vma, session->channel.ring, 0);
}

static bool has_entries(const struct kmview_channel *channel)
{
	return READ_ONCE(channel->head) != READ_ONCE(channel->ring->tail);
}

__poll_t kmview_channel_poll(struct kmview_session *session, struct file *file, poll_table *wait)
{
	struct kmview_channel *channel = &session->channel;
	__poll_t events = 0;

	poll_wait(file, &channel->poll, wait);
	smp_mb(); /* pairs with announce_entry(): on the queue before we look */
	if (has_entries(channel))
		events |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(session->populated) && !atomic_read(&session->tasks))
		events |= EPOLLHUP;
	return events;
}

/* Wake all threads of the manager. */
static void wake_manager(struct kmview_channel *channel)
{
	struct idle *idle, *next;

	spin_lock_irq(&channel->lock);
	list_for_each_entry_safe(idle, next, &channel->idle, node) {
		list_del_init(&idle->node);
		wake_up_process(idle->task);
	}
	spin_unlock_irq(&channel->lock);
	wake_up_all(&channel->poll);
}

void kmview_channel_emptied(struct kmview_session *session)
{
	wake_manager(&session->channel);
}

void kmview_channel_close(struct kmview_session *session)
{
	struct kmview_channel *channel = &session->channel;
	u32 i;

	if (!session->watching)
		return;
	wake_manager(channel);
	spin_lock_irq(&channel->lock);
	for (i = 0; i < channel->slots; i++)
		if (channel->pending[i].task)
			wake_up_process(channel->pending[i].task);
	spin_unlock_irq(&channel->lock);
	wake_up_all(&channel->room);
}

/*
 * Write an entry, and wake a thread of the manager if more are to be taken than threads poll: now, or, if it is not
 * urgent, when half of the slots' number of entries waits, else a moment later. Under the lock.
 */
static void announce_entry(struct kmview_channel *channel, u32 slot, u64 id, u32 what, bool urgent)
{
	struct kmview_entry *entry = &channel->ring->entry[channel->head & channel->mask];
	u32 used;

	entry->id = id;
	entry->slot = slot;
	entry->what = what;
	WRITE_ONCE(channel->head, channel->head + 1);
	smp_store_release(&channel->ring->head, channel->head); /* the entry before it; the manager acquires */
	smp_mb(); /* head before spinning: a manager that stops polling looks at head again */
	used = kmview_ring_used(channel->head, READ_ONCE(channel->ring->tail), channel->mask);
	if (used > READ_ONCE(channel->ring->spinning) && !list_empty(&channel->idle)) {
		if (urgent || used >= channel->slots / 2)
			wake_one(channel);
		else if (!timer_pending(&channel->later))
			mod_timer(&channel->later, jiffies + 1);
	}
	/* The barrier above: on the queue before it looked at head. */
	if (waitqueue_active(&channel->poll))
		wake_up_poll(&channel->poll, EPOLLIN | EPOLLRDNORM);
}

/* ---- slots */

/* Slots whose cancellation the manager has confirmed are free again. Under the lock. */
static void reap_zombies(struct kmview_channel *channel)
{
	u32 *link = &channel->zombies, index;

	while ((index = *link) != NO_SLOT) {
		struct kmview_pending *pending = &channel->pending[index];

		/* The manager has written its last before it released. */
		if (smp_load_acquire(&slot_at(channel, index)->state) != KMVIEW_RELEASED) {
			link = &pending->next;
			continue;
		}
		*link = pending->next;
		pending->next = channel->free;
		channel->free = index;
	}
}

static u32 try_get_slot(struct kmview_channel *channel)
{
	u32 index;

	spin_lock_irq(&channel->lock);
	if (channel->free == NO_SLOT)
		reap_zombies(channel);
	index = channel->free;
	/* Half of the ring is for events, so there is place for one of each slot, unless tail runs wild. */
	if (index != NO_SLOT &&
	    kmview_ring_used(channel->head, READ_ONCE(channel->ring->tail), channel->mask) > channel->mask)
		index = NO_SLOT;
	if (index != NO_SLOT)
		channel->free = channel->pending[index].next;
	spin_unlock_irq(&channel->lock);
	return index;
}

/*
 * Wait for a free slot, since the manager is that far behind. Slots of cancelled events come back without a
 * wake-up, so this looks again now and then. A call that is yet to be made starts anew behind any signal; one that
 * was made must not.
 */
static noinline int wait_slot(struct kmview_session *session, unsigned int kind, u32 *index)
{
	enum kmview_rest_kind waits = kind == KMVIEW_KIND_ENTRY ? KMVIEW_REST_INTERRUPTIBLE : KMVIEW_REST_KILLABLE;
	struct kmview_channel *channel = &session->channel;
	DEFINE_WAIT_FUNC(entry, default_wake_function);
	struct kmview_rest rest = {};
	int err = 0;
	long left;

	add_wait_queue(&channel->room, &entry);
	for (;;) {
		left = kmview_rest_begin(&rest, waits);
		/* The condition is getting one: a ring that is full by a wild tail has free slots, too. */
		*index = try_get_slot(channel);
		if (*index != NO_SLOT)
			break;
		if (waits == KMVIEW_REST_INTERRUPTIBLE && signal_pending(current))
			err = -ERESTARTNOINTR;
		else if (fatal_signal_pending(current))
			err = -EINTR;
		else if (!kmview_session_lives(session) || !READ_ONCE(session->alive))
			err = -EIO;
		if (err)
			break;
		schedule_timeout(min_t(long, left, HZ / 20));
	}
	kmview_rest_end(&rest);
	remove_wait_queue(&channel->room, &entry);
	return err;
}

static int get_slot(struct kmview_session *session, unsigned int kind, u32 *index)
{
	*index = try_get_slot(&session->channel);
	return likely(*index != NO_SLOT) ? 0 : wait_slot(session, kind, index);
}

/* Give a slot back: to the free ones, or, if the manager may still write to it, to the zombies. */
static struct file *put_slot(struct kmview_channel *channel, u32 index, bool zombie)
{
	struct kmview_pending *pending = &channel->pending[index];
	u32 *list = zombie ? &channel->zombies : &channel->free;
	struct file *gift;

	spin_lock_irq(&channel->lock);
	gift = pending->gift;
	pending->task = NULL;
	pending->gift = NULL;
	pending->next = *list;
	*list = index;
	spin_unlock_irq(&channel->lock);
	/* No barrier: who is missed looks again by itself, see get_slot(). */
	if (!zombie && waitqueue_active(&channel->room))
		wake_up(&channel->room);
	return gift;
}

/* ---- filling an event */

/* Bytes to copy of argument i: at most, as the rule says. */
static size_t copy_wanted(const struct kmview_context *context, const struct kmview_rule *rule, unsigned int i)
{
	if (rule->copy[i] >= KMVIEW_COPY_BYTES && !context->args[i])
		return 0;
	switch (rule->copy[i]) {
	case KMVIEW_COPY_STRING:
		return PATH_MAX;
	case KMVIEW_COPY_SOCKADDR:
		return i < 5 ? min_t(u64, (u32)context->args[i + 1], sizeof(struct __kernel_sockaddr_storage)) : 0;
	case KMVIEW_COPY_BYTES:
		return rule->copy_bytes[i];
	case KMVIEW_COPY_BUFFER:
		return i < 5 ? min_t(u64, context->args[i + 1], rule->copy_bytes[i]) : 0;
	}
	return 0;
}

static void copy_arguments(struct kmview_channel *channel, struct kmview_slot *slot,
			   const struct kmview_context *context, const struct kmview_rule *rule)
{
	u32 room = data_bytes(channel), used = 0;
	unsigned int i;

	for (i = 0; i < 6; i++) {
		struct kmview_copied copied = { .offset = used };
		void __user *from = (void __user *)(unsigned long)context->args[i];
		size_t wanted = copy_wanted(context, rule, i);
		size_t length = min_t(size_t, wanted, room - used);
		long got = 0;

		if (!wanted)
			continue;
		if (rule->copy[i] == KMVIEW_COPY_STRING) {
			got = kmview_copy_string(slot->data + used, from, length);
			if (got < 0) {
				copied.flags = KMVIEW_COPIED_FAULT;
				got = 0;
			} else if (got < length) {
				got++; /* the NUL */
			} else {
				copied.flags = KMVIEW_COPIED_CUT;
			}
		} else {
			if (copy_from_user(slot->data + used, from, length))
				copied.flags = KMVIEW_COPIED_FAULT;
			else
				got = length;
			if (length < wanted)
				copied.flags |= KMVIEW_COPIED_CUT;
		}
		copied.length = got;
		slot->event.copied[i] = copied;
		used = min_t(u32, ALIGN(used + got, 8), room);
	}
}

static void fill_slot(struct kmview_session *session, struct kmview_slot *slot, const struct kmview_context *context,
		      const struct kmview_rule *rule, unsigned int kind, long result)
{
	struct kmview_event *event = &slot->event;
	struct kmview_task *self = context->self;

	if (unlikely(self->counted_by != session)) {
		self->seen_pid = task_tgid_nr_ns(current, session->pid_ns);
		self->seen_tid = task_pid_nr_ns(current, session->pid_ns);
		self->counted_by = session;
	}
	event->kind = kind;
	event->abi = context->abi;
	event->nr = context->nr;
	event->pid = self->seen_pid;
	event->tid = self->seen_tid;
	event->cookie = self->cookie;
	memcpy(event->args, context->args, sizeof(event->args));
	event->result = result;
	slot->mark_cookie = context->mark_cookie;
	/* Who watches reads later, and cannot look at a clock in time. */
	slot->time_ns = session->flags & KMVIEW_INIT_WATCH ? ktime_get_ns() : 0;
	memset(event->copied, 0, sizeof(event->copied));
	if (kmview_rule_copies(rule))
		copy_arguments(&session->channel, slot, context, rule);
}

/* waits: the task will wait for an answer; else the slot is the manager's to release. Returns the event's id. */
static u64 post_event(struct kmview_channel *channel, struct kmview_slot *slot, u32 index, bool waits)
{
	struct kmview_pending *pending = &channel->pending[index];
	u64 id;

	WRITE_ONCE(slot->waiting, 0);
	WRITE_ONCE(slot->told, !waits);
	spin_lock_irq(&channel->lock);
	id = ++channel->next_id;
	pending->id = id;
	if (waits) {
		pending->task = current;
	} else {
		pending->next = channel->zombies;
		channel->zombies = index;
	}
	slot->event.id = id;
	smp_store_release(&slot->state, KMVIEW_POSTED); /* the event before it; the manager acquires */
	announce_entry(channel, index, id, KMVIEW_ENTRY_EVENT, waits);
	spin_unlock_irq(&channel->lock);
	return id;
}

/* ---- waiting for the answer */

static bool is_answered(const struct kmview_slot *slot)
{
	return smp_load_acquire(&slot->state) == KMVIEW_ANSWERED; /* the manager wrote the answer before */
}

/* Is it time to try once more what may save a sleep? */
static bool worth_trying(struct kmview_pause *pause)
{
	if (!pause->left)
		return true;
	pause->left--;
	return false;
}

/* What helped is tried again the next time; what did not, after a pause twice as long as the last. */
static bool learn_pause(struct kmview_pause *pause, bool helped)
{
	pause->next = helped ? 0 : min(2 * pause->next + 1, 63U);
	pause->left = pause->next;
	return helped;
}

/* Let the other side run, on the only processor. */
static void take_turns(struct kmview_channel *channel)
{
	kmview_turns_even(&channel->turns);
	yield();
}

/*
 * Give the manager a moment to answer before we sleep: with several processors poll, with one let it run. Polls are
 * counted, not timed, so that the moment is longer on a slower machine.
 */
static bool answered_soon(struct kmview_channel *channel, const struct kmview_slot *slot)
{
	unsigned int polls = POLLS;

	if (!worth_trying(&channel->task_pause))
		return false;
	if (channel->one_cpu)
		take_turns(channel);
	else
		while (!is_answered(slot) && --polls && !need_resched() && !signal_pending(current))
			cpu_relax();
	return learn_pause(&channel->task_pause, is_answered(slot));
}

/* How a signal ends the wait for an answer. */
enum patience {
	INTERRUPTIBLE, /* at once: EINTR or a restart */
	UNTIL_TAKEN,   /* if the manager has not begun: a restart that the program does not see */
	KILLABLE,      /* only if it kills */
};

/*
 * Sleep until the slot is answered. Returns 0, or -errno: then the event is cancelled, and the slot is a zombie's.
 */
static int wait_answer(struct kmview_session *session, u32 index, u64 id, enum patience patience)
{
	struct kmview_channel *channel = &session->channel;
	struct kmview_slot *slot = slot_at(channel, index);
	struct kmview_rest rest = {};
	int err = 0;
	long left;

	if (answered_soon(channel, slot))
		return 0;
	atomic64_inc(&session->slept);
	WRITE_ONCE(slot->waiting, 1);
	for (;;) {
		left = kmview_rest_begin(&rest,
					 patience == KILLABLE ? KMVIEW_REST_KILLABLE : KMVIEW_REST_INTERRUPTIBLE);
		if (is_answered(slot))
			break;
		if (fatal_signal_pending(current)) {
			err = -EINTR;
		} else if (!READ_ONCE(session->alive)) {
			err = -EIO;
		} else if (patience == INTERRUPTIBLE && signal_pending(current)) {
			err = -ERESTARTSYS;
		} else if (patience == UNTIL_TAKEN && signal_pending(current)) {
			if (cmpxchg(&slot->state, KMVIEW_POSTED, KMVIEW_CANCELLED) == KMVIEW_POSTED) {
				kmview_rest_end(&rest);
				return -ERESTARTNOINTR;
			}
			patience = KILLABLE;
			continue;
		}
		if (err)
			break;
		schedule_timeout(left);
	}
	kmview_rest_end(&rest);
	if (!err)
		return 0;
	switch (xchg(&slot->state, KMVIEW_CANCELLED)) {
	case KMVIEW_ANSWERED:
		return 0; /* just in time */
	case KMVIEW_TAKEN:
		spin_lock_irq(&channel->lock);
		/* Only a hint, since slots are accounted without it: left out when the manager is half a ring behind. */
		if (kmview_ring_used(channel->head, READ_ONCE(channel->ring->tail), channel->mask) < channel->slots)
			announce_entry(channel, index, id, KMVIEW_ENTRY_CANCEL, true);
		spin_unlock_irq(&channel->lock);
	}
	return err;
}

static bool is_sensible(const struct kmview_answer *answer, u64 id, unsigned int kind, bool gift)
{
	if (answer->id != id)
		return false;
	if (answer->flags & ~(KMVIEW_ANSWER_EXIT | KMVIEW_ANSWER_COPY | KMVIEW_ANSWER_CLOEXEC))
		return false;
	switch (answer->verdict) {
	case KMVIEW_CONTINUE:
	case KMVIEW_RETURN:
		return true;
	case KMVIEW_CHANGE:
		return kind == KMVIEW_KIND_ENTRY;
	case KMVIEW_INSTALL:
		return gift && answer->value >= -1 && answer->value <= INT_MAX;
	}
	return false;
}

/* Copy what the manager put into the slot to the task, which is us. */
static bool copy_answer(const struct kmview_channel *channel, const struct kmview_slot *slot,
			const struct kmview_answer *answer)
{
	u32 room = data_bytes(channel);

	return answer->copy_length <= room && answer->copy_offset <= room - answer->copy_length &&
	       kmview_copy_out(answer->copy_to, slot->data + answer->copy_offset, answer->copy_length);
}

int kmview_ask(struct kmview_session *session, const struct kmview_context *context, const struct kmview_rule *rule,
	       unsigned int kind, long result, struct kmview_answer *answer, struct file **gift)
{
	struct kmview_channel *channel = &session->channel;
	enum patience patience = UNTIL_TAKEN;
	struct kmview_slot *slot;
	u32 index;
	u64 id;
	int err;

	if (kind == KMVIEW_KIND_EXIT)
		patience = KILLABLE;
	else if (rule->flags & KMVIEW_RULE_INTERRUPTIBLE)
		patience = INTERRUPTIBLE;
	err = get_slot(session, kind, &index);
	if (err)
		return err;
	slot = slot_at(channel, index);
	fill_slot(session, slot, context, rule, kind, result);
	id = post_event(channel, slot, index, true);

	err = wait_answer(session, index, id, patience);
	if (err) {
		atomic64_inc(&session->cancelled);
		*gift = put_slot(channel, index, true);
		if (*gift)
			fput(*gift);
		*gift = NULL;
		return err;
	}
	memcpy(answer, &slot->answer, sizeof(*answer));
	barrier(); /* from here on, the copy */
	if (answer->verdict == KMVIEW_RETURN && answer->flags & KMVIEW_ANSWER_COPY && answer->id == id &&
	    !copy_answer(channel, slot, answer))
		answer->value = -EFAULT;
	WRITE_ONCE(slot->state, KMVIEW_FREE);
	*gift = put_slot(channel, index, false);
	/* A manager under a seccomp filter may not change arguments: a filter checks only the original ones. */
	if (unlikely(!is_sensible(answer, id, kind, *gift) ||
		     (answer->verdict == KMVIEW_CHANGE && kmview_session_has_seccomp(session)))) {
		atomic64_inc(&session->bad_answers);
		if (*gift)
			fput(*gift);
		*gift = NULL;
		return -EIO;
	}
	atomic64_inc(&session->answers);
	return 0;
}

/* ---- telling, in sessions that watch */

int kmview_tell(struct kmview_session *session, const struct kmview_context *context, const struct kmview_rule *rule,
		unsigned int kind, long result)
{
	struct kmview_channel *channel = &session->channel;
	struct kmview_slot *slot;
	u32 index;
	int err;

	if (!READ_ONCE(session->alive))
		return 0;
	err = get_slot(session, kind, &index);
	if (err)
		return err == -ERESTARTNOINTR ? err : 0;
	slot = slot_at(channel, index);
	fill_slot(session, slot, context, rule, kind, result);
	post_event(channel, slot, index, false);
	return 0;
}

void kmview_announce(struct kmview_session *session, u32 what, u32 process, u64 id)
{
	struct kmview_channel *channel = &session->channel;
	unsigned long flags;

	spin_lock_irqsave(&channel->lock, flags);
	/* An event that finds no place waits for one. */
	if (kmview_ring_used(channel->head, READ_ONCE(channel->ring->tail), channel->mask) <= channel->mask)
		announce_entry(channel, process, id, what, false);
	spin_unlock_irqrestore(&channel->lock, flags);
}

/* ---- the manager's side */

static int wake_answered(struct kmview_channel *channel, const struct kmview_exchange *arg)
{
	u32 __user *slots = u64_to_user_ptr(arg->slots);
	u32 i, index = arg->slot;

	if (arg->count > KMVIEW_SLOTS_MAX)
		return -EINVAL;
	for (i = 0; i < arg->count; i++) {
		if (arg->count > 1 && get_user(index, &slots[i]))
			return -EFAULT;
		if (index >= channel->slots)
			return -EINVAL;
		spin_lock_irq(&channel->lock);
		if (channel->pending[index].task)
			wake_up_process(channel->pending[index].task);
		spin_unlock_irq(&channel->lock);
	}
	return 0;
}

static int wait_events(struct kmview_session *session, s32 timeout_ms)
{
	struct kmview_channel *channel = &session->channel;
	long left = timeout_ms < 0 ? MAX_SCHEDULE_TIMEOUT : msecs_to_jiffies(timeout_ms);
	struct idle idle = { .task = current };
	int err = 1;

	if (channel->one_cpu && worth_trying(&channel->manager_pause)) {
		take_turns(channel);
		if (learn_pause(&channel->manager_pause, has_entries(channel)))
			return 1;
	}
	INIT_LIST_HEAD(&idle.node);
	spin_lock_irq(&channel->lock);
	for (;;) {
		if (list_empty(&idle.node))
			list_add(&idle.node, &channel->idle);
		__set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		if (has_entries(channel))
			break;
		if (READ_ONCE(session->populated) && !atomic_read(&session->tasks))
			err = -ESRCH;
		else if (!READ_ONCE(session->alive))
			err = -ENOTCONN;
		else if (signal_pending(current))
			err = -EINTR;
		else if (!left)
			err = -ETIMEDOUT;
		if (err < 0)
			break;
		spin_unlock_irq(&channel->lock);
		left = schedule_timeout(left);
		spin_lock_irq(&channel->lock);
	}
	__set_current_state(TASK_RUNNING);
	list_del_init(&idle.node);
	spin_unlock_irq(&channel->lock);
	return err;
}

int kmview_exchange(struct kmview_session *session, const struct kmview_exchange *arg)
{
	int err;

	if (arg->flags & ~KMVIEW_EXCHANGE_WAIT)
		return -EINVAL;
	if (arg->count) {
		err = wake_answered(&session->channel, arg);
		if (err)
			return err;
	}
	if (session->flags & KMVIEW_INIT_WATCH) {
		smp_mb(); /* what was released, before who waits for it */
		if (waitqueue_active(&session->channel.room))
			wake_up_all(&session->channel.room);
	}
	if (has_entries(&session->channel))
		return 1;
	return arg->flags & KMVIEW_EXCHANGE_WAIT ? wait_events(session, arg->timeout_ms) : 0;
}

/* The task of a pending event, counted. */
static struct task_struct *pending_task(struct kmview_channel *channel, u32 index, u64 id)
{
	struct task_struct *task = ERR_PTR(-ESTALE);

	if (index >= channel->slots)
		return ERR_PTR(-EINVAL);
	spin_lock_irq(&channel->lock);
	if (channel->pending[index].task && channel->pending[index].id == id)
		task = get_task_struct(channel->pending[index].task);
	spin_unlock_irq(&channel->lock);
	return task;
}

int kmview_cookie_set(struct kmview_session *session, const struct kmview_cookie *arg)
{
	struct task_struct *task;
	int err;

	if (arg->reserved)
		return -EINVAL;
	task = pending_task(&session->channel, arg->slot, arg->id);
	if (IS_ERR(task))
		return PTR_ERR(task);
	err = kmview_task_set_cookie(task, session, arg->cookie);
	put_task_struct(task);
	return err;
}

/* Move up to a buffer's length. Returns bytes moved. */
static long mem_chunk(struct task_struct *task, const struct kmview_mem *arg, u64 done, void *buffer, size_t length)
{
	void __user *user = u64_to_user_ptr(arg->buffer + done);
	int moved;

	if (arg->write && copy_from_user(buffer, user, length))
		return -EFAULT;
	moved = access_process_vm(task, arg->address + done, buffer, length, arg->write ? FOLL_WRITE : 0);
	if (!arg->write && moved > 0 && copy_to_user(user, buffer, moved))
		return -EFAULT;
	return moved;
}

long kmview_mem(struct kmview_session *session, const struct kmview_mem *arg)
{
	size_t room = min_t(u64, arg->length, 64 << 10);
	struct task_struct *task;
	long moved = 0;
	u64 done = 0;
	void *buffer;

	if (arg->write > 1 || arg->length > MEM_MAX)
		return -EINVAL;
	task = pending_task(&session->channel, arg->slot, arg->id);
	if (IS_ERR(task))
		return PTR_ERR(task);
	buffer = kvmalloc(room ?: 1, GFP_KERNEL_ACCOUNT);
	if (!buffer)
		moved = -ENOMEM;
	while (buffer && done < arg->length) {
		size_t length = min_t(u64, arg->length - done, room);

		if (fatal_signal_pending(current))
			break;
		moved = mem_chunk(task, arg, done, buffer, length);
		if (moved > 0)
			done += moved;
		if (moved < (long)length)
			break;
		cond_resched();
	}
	kvfree(buffer);
	put_task_struct(task);
	return done ? done : moved < 0 ? moved : arg->length ? -EFAULT : 0;
}

int kmview_give(struct kmview_session *session, const struct kmview_give *arg)
{
	struct kmview_channel *channel = &session->channel;
	struct kmview_pending *pending;
	struct file *file;
	int err = -ESTALE;

	if (arg->slot >= channel->slots)
		return -EINVAL;
	file = fget(arg->fd);
	if (!file)
		return -EBADF;
	pending = &channel->pending[arg->slot];
	spin_lock_irq(&channel->lock);
	if (pending->task && pending->id == arg->id) {
		swap(pending->gift, file);
		err = 0;
	}
	spin_unlock_irq(&channel->lock);
	if (file)
		fput(file); /* not taken, or what was given before */
	return err;
}
