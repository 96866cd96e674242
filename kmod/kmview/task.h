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
	bool native; /* the module itself makes calls as this task: no session sees them */
	/* Its pids as the manager of a session counts them, and for which session that is. Of the task alone. */
	const struct kmview_session *counted_by;
	u32 seen_pid;
	u32 seen_tid;
	struct kmview_space *space; /* mount_record.c; counted */
	bool moved;		    /* an exec gave it another pid */
	struct list_head node;	    /* of all tasks, under kmview_tasks_lock */
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

int kmview_join(struct kmview_session *session, u64 cookie);
int kmview_attach(struct kmview_session *session, int pidfd, u64 cookie);
int kmview_tasks_list(struct kmview_session *session, struct kmview_tasks __user *arg);

/* Send a signal to every process of the session and of those nested in it. */
void kmview_tasks_kill(struct kmview_session *session, int signal);

#endif
