/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_SESSION_H
#define KMVIEW_SESSION_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "filter.h"
#include "mount_userns.h"
#include "rule.h"
#include "turns.h"
#include "uapi/kmview.h"

/* The kernel's own account of a slot; what is in the ring is only for the manager. Under ring_lock. */
struct kmview_pending {
	struct task_struct *task; /* blocked in it, or NULL */
	struct file *gift;	  /* KMVIEW_GIVE */
	u64 id;
	u32 next; /* in a list of slots */
};

/* Back-off: how many more calls go by before polling is tried again. */
struct kmview_pause {
	unsigned int left;
	unsigned int next;
};

/* The event ring, see ring.c. */
struct kmview_channel {
	spinlock_t lock;
	struct kmview_ring *ring; /* shared with the manager */
	struct kmview_pending *pending;
	size_t size;
	u32 head;
	u32 mask;
	u32 slots;
	u32 slot_size;
	u32 slots_offset;
	u32 free;		 /* first of the free slots */
	u32 zombies;		 /* first of those cancelled and not yet released by the manager */
	struct list_head idle;	 /* threads of the manager that sleep in KMVIEW_EXCHANGE */
	struct timer_list later; /* wakes one of them, in sessions that watch */
	wait_queue_head_t poll;
	wait_queue_head_t room; /* tasks that found no free slot */
	u64 next_id;
	bool one_cpu;
	struct kmview_pause task_pause, manager_pause; /* from trying to do without sleep */
	struct kmview_turns turns;
};

struct kmview_format_table;
struct kmview_image_entry;

struct kmview_session {
	refcount_t refs; /* the open file, each task, each nested session */
	u64 id;
	struct kmview_session *parent; /* the session that the manager is in; counted */
	kuid_t user;		       /* who opened it */
	unsigned int depth;	       /* how many sessions are around it */
	struct pid *manager;	       /* the process that opened it */
	struct pid_namespace *pid_ns;  /* in which the manager counts */
	struct work_struct free_work;
	struct list_head node; /* of all sessions */
	struct hlist_node by_manager;

	struct mutex setup;			      /* INIT, RULES, PREFIX, PROG; taken before the locks of hook.c */
	bool opener_has_seccomp;		      /* whoever opened it had a seccomp filter */
	bool trusted;				      /* whoever opened it may trace anything (CAP_SYS_PTRACE) */
	bool watching;				      /* initialised: holds hooks */
	bool alive;				      /* initialised, and the manager is there */
	u32 flags;				      /* KMVIEW_INIT_ */
	struct user_namespace *userns[KMVIEW_USERNS]; /* INIT_MOUNT: mount_userns.c */
	atomic_t tasks;
	bool populated; /* had a task at some time */

	struct kmview_channel channel;
	struct kmview_rule_table rules;
	struct kmview_prefixes prefixes;
	struct kmview_marks marks;
	struct bpf_prog __rcu *progs[KMVIEW_PROGS];
	spinlock_t image_lock;
	struct kmview_image_entry *image; /* image.c */
	spinlock_t formats_lock;
	struct kmview_format_table *formats; /* format.c */

	atomic64_t answers, bad_answers, cancelled, slept;
	size_t bytes;
};

/**
 * kmview_sessions_init() - The module is loaded.
 *
 * Return: 0 or -ENOMEM.
 */
int kmview_sessions_init(void);

/**
 * kmview_sessions_exit() - The module goes; no session is left.
 */
void kmview_sessions_exit(void);

/**
 * kmview_session_open() - Make a session for the current process, whose open file it is.
 *
 * It holds the module.
 *
 * Return: The session, with one reference; or -ENOMEM, -ENFILE: the user has too many, -ELOOP: it would be nested
 * too deep.
 */
struct kmview_session *kmview_session_open(void);

/**
 * kmview_session_init() - KMVIEW_INIT: make a session ready for tasks.
 * @session: the session, under its setup
 * @init: what the manager asks for, and what it gets
 *
 * Return: 0, or an error as the protocol has it.
 */
int kmview_session_init(struct kmview_session *session, struct kmview_init *init);

/**
 * kmview_session_die() - The manager is gone: nobody answers any more, and no task of the session shall go on
 * without it.
 * @session: the session; may be dead already
 *
 * Does not sleep. Tasks that were only watched leave.
 */
void kmview_session_die(struct kmview_session *session);

/**
 * kmview_sessions_leave() - A process ends: so do the sessions that it manages, even if a process of theirs has
 * inherited the descriptor.
 * @process: its pid
 *
 * Does not sleep.
 */
void kmview_sessions_leave(const struct pid *process);

/**
 * kmview_session_get() - Take one more reference.
 * @session: of which the caller has one
 */
void kmview_session_get(struct kmview_session *session);

/**
 * kmview_session_put() - Let go of a reference.
 * @session: may be gone afterwards
 *
 * Does not sleep: the rest is left to a worker.
 */
void kmview_session_put(struct kmview_session *session);

/**
 * kmview_session_lives() - Are a session's manager, and those of the outer sessions, there?
 * @session: the session, or NULL
 *
 * One that only watched is not missed.
 *
 * Return: True if they are.
 */
bool kmview_session_lives(const struct kmview_session *session);

/**
 * kmview_session_has_seccomp() - Is its manager under a seccomp filter?
 * @session: the session
 *
 * A filter sees the arguments of calls as the program passes them. It must not be got round by a session: no CHANGE of
 * arguments, no ATTACH of processes that are not under it. It counts whether the opener had one, or any thread of
 * the manager has one now: a process may have opened the session before it confined itself.
 *
 * Return: true if it is, or was when it opened the session.
 */
bool kmview_session_has_seccomp(const struct kmview_session *session);

/**
 * kmview_session_within() - Is a session the same as another, or nested in it?
 * @inner: the one, or NULL
 * @outer: the other
 *
 * Return: True if it is.
 */
bool kmview_session_within(const struct kmview_session *inner, const struct kmview_session *outer);

#endif
