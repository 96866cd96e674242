/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_TASK_H
#define KMVIEW_TASK_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/threads.h>

#include "uapi/kmview.h"

struct kmview_session;
struct kmview_space;

/*
 * A task of a session, from joining (or being forked) to exit. Only the task itself reads its own entry without
 * lock: it is made before the task runs or is published as a whole, and goes when the task exits.
 */
struct kmview_task {
	struct task_struct *task;
	pid_t pid;			/* where its entry is */
	struct kmview_session *session; /* the innermost; counted */
	u64 cookie;
	bool moving; /* a task work of enter.c waits for it; under kmview_tasks_lock */
	bool native; /* the module itself makes calls as this task: no session sees them */
	/* Its pids as the manager of a session counts them, and for which session that is. Of the task alone. */
	const struct kmview_session *counted_by;
	u32 seen_pid;
	u32 seen_tid;
	struct kmview_space *space; /* space.c; counted; changed by the task, under kmview_tasks_lock */
	bool moved;		    /* an exec gave it another pid */
	bool watched;		    /* counted so: it came into a session that only watches */
	struct list_head node;	    /* of all tasks, under kmview_tasks_lock */
	atomic_t users;		    /* 1 while it is published, and 1 for each call of the task that dispatch.c is in */
	union {
		struct hlist_node by_task;
		struct rcu_head rcu; /* when it is gone */
	};
	struct kmview_call call;       /* record of a BPF program */
	const struct bpf_prog *writer; /* of call.out; not counted, only compared */
};

/* Tasks by pid: leaves of 512, all of them kmview_no_leaf at first; never freed before the module goes. */
#define KMVIEW_LEAF_SHIFT 9
#define KMVIEW_LEAF_SIZE  (1 << KMVIEW_LEAF_SHIFT)
#define KMVIEW_LEAVES	  (PID_MAX_LIMIT >> KMVIEW_LEAF_SHIFT)
struct kmview_leaf {
	struct kmview_task *task[KMVIEW_LEAF_SIZE];
};
extern struct kmview_leaf *kmview_leaves[KMVIEW_LEAVES];

/**
 * kmview_tasks_init() - The module is loaded.
 *
 * Return: 0, -ENOMEM, or -ENOENT: this kernel has not all tracepoints.
 */
int kmview_tasks_init(void);

/**
 * kmview_tasks_exit() - The module goes; no task is in a session, and no tracepoint calls us.
 */
void kmview_tasks_exit(void);

/**
 * kmview_tasks_watch() - Have the tracepoints of fork, exec, exit and signals call us.
 *
 * Sleeps. The caller sees to it that this happens once.
 *
 * Return: 0 or a negative error.
 */
int kmview_tasks_watch(void);

/**
 * kmview_tasks_unwatch() - Take back what kmview_tasks_watch() did.
 */
void kmview_tasks_unwatch(void);

/**
 * kmview_current() - Find the entry of the current task.
 *
 * Return: The entry, or NULL: the task is outside all sessions.
 */
struct kmview_task *kmview_current(void);

/**
 * kmview_task_inside() - The current task is in a call.
 * @self: its entry
 *
 * An entry whose task has left its session in the meantime goes with the last call that it is in.
 */
static inline void kmview_task_inside(struct kmview_task *self)
{
	atomic_inc(&self->users);
}

/**
 * kmview_task_free() - Free an entry that is in no table and no call.
 * @self: the entry
 */
void kmview_task_free(struct kmview_task *self);

/**
 * kmview_task_outside() - The current task comes out of a call that kmview_task_inside() said.
 * @self: its entry; may be gone afterwards
 */
static inline void kmview_task_outside(struct kmview_task *self)
{
	if (unlikely(atomic_dec_and_test(&self->users)))
		kmview_task_free(self);
}

/**
 * kmview_tasks_release() - All tasks of a session that only watches leave it.
 * @session: the session
 *
 * Any context but interrupts.
 */
void kmview_tasks_release(struct kmview_session *session);

/**
 * kmview_join() - KMVIEW_JOIN: the current task enters a session.
 * @session: the session
 * @cookie: of the manager's, for the task
 *
 * Return: 0, or an error as the protocol has it.
 */
int kmview_join(struct kmview_session *session, u64 cookie);

/**
 * kmview_attach() - KMVIEW_ATTACH: a running process enters a session.
 * @session: the session
 * @pidfd: the process
 * @cookie: of the manager's, for its threads
 *
 * Return: 0, or an error as the protocol has it.
 */
int kmview_attach(struct kmview_session *session, int pidfd, u64 cookie);

/**
 * kmview_pidfd_task() - Find the process of a pidfd.
 * @pidfd: a descriptor of the current task
 *
 * Return: Its leader, counted, or an error.
 */
struct task_struct *kmview_pidfd_task(int pidfd);

/**
 * kmview_may_ptrace() - Could the current task ptrace a task?
 * @task: the task
 *
 * Return: True if it could; false also where this kernel does not say.
 */
bool kmview_may_ptrace(struct task_struct *task);

/**
 * kmview_task_moving() - Note that a task of the session begins, or has ended, to move to another namespace.
 * @task: the task
 * @session: the session
 * @moving: it begins
 *
 * Return: 0, -ESRCH: it is not in it, or -EALREADY: it moves.
 */
int kmview_task_moving(struct task_struct *task, const struct kmview_session *session, bool moving);

/**
 * kmview_task_set_cookie() - Give a task another cookie.
 * @task: the task
 * @session: of whose manager it is
 * @cookie: the cookie
 *
 * Return: 0, -ESRCH: it is gone, or -EPERM: the session is not its innermost.
 */
int kmview_task_set_cookie(struct task_struct *task, const struct kmview_session *session, u64 cookie);

/**
 * kmview_task_space() - Find the space of a task.
 * @task: the task
 *
 * Return: The space, counted, or NULL.
 */
struct kmview_space *kmview_task_space(struct task_struct *task);

/**
 * kmview_task_set_space() - Give the current task, which is in a session, a space.
 * @space: the caller's reference passes on
 *
 * Return: The old one, whose reference passes to the caller, or NULL.
 */
struct kmview_space *kmview_task_set_space(struct kmview_space *space);

/**
 * kmview_tasks_list() - KMVIEW_TASKS: list the tasks of a session and of those nested in it.
 * @session: the session
 * @arg: the command's argument
 *
 * Return: 0, -EFAULT, -EINVAL or -ENOMEM.
 */
int kmview_tasks_list(struct kmview_session *session, struct kmview_tasks __user *arg);

/**
 * kmview_tasks_kill() - Send a signal to every process of the session and of those nested in it.
 * @session: the session
 * @signal: its number; 0 only looks
 */
void kmview_tasks_kill(struct kmview_session *session, int signal);

#endif
