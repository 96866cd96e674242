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

int kmview_tasks_init(void);
void kmview_tasks_exit(void);

/* Tracepoints of fork, exec and exit. */
int kmview_tasks_watch(void);
void kmview_tasks_unwatch(void);

/* The current task, or NULL if it is outside all sessions. */
struct kmview_task *kmview_current(void);

/*
 * The current task, whose entry this is, is in a call, or comes out of it. An entry whose task has left its session in
 * the meantime goes with the last call that it is in.
 */
static inline void kmview_task_inside(struct kmview_task *self)
{
	atomic_inc(&self->users);
}
void kmview_task_free(struct kmview_task *self);
static inline void kmview_task_outside(struct kmview_task *self)
{
	if (unlikely(atomic_dec_and_test(&self->users)))
		kmview_task_free(self);
}

/* All tasks of a session that only watches leave it. Any context but interrupts. */
void kmview_tasks_release(struct kmview_session *session);

int kmview_join(struct kmview_session *session, u64 cookie);
int kmview_attach(struct kmview_session *session, int pidfd, u64 cookie);

/* The process of a pidfd, counted, or an error. */
struct task_struct *kmview_pidfd_task(int pidfd);

/* Could the current task ptrace it? False also where this kernel does not say. */
bool kmview_may_ptrace(struct task_struct *task);

/* Note that a task of the session begins, or has ended, to move. -ESRCH: it is not in it, -EALREADY: it moves. */
int kmview_task_moving(struct task_struct *task, const struct kmview_session *session, bool moving);

/* Give a task another cookie. -ESRCH: it is gone; -EPERM: the session is not its innermost. */
int kmview_task_set_cookie(struct task_struct *task, const struct kmview_session *session, u64 cookie);

/* The space of a task, counted, or NULL. */
struct kmview_space *kmview_task_space(struct task_struct *task);

/* Give the current task a space; the count passes on, as does that of the old one, which is returned. */
struct kmview_space *kmview_task_set_space(struct kmview_space *space);

int kmview_tasks_list(struct kmview_session *session, struct kmview_tasks __user *arg);

/* Send a signal to every process of the session and of those nested in it. */
void kmview_tasks_kill(struct kmview_session *session, int signal);

#endif
