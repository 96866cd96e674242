// SPDX-License-Identifier: GPL-2.0-only
/* The mount namespaces that sessions have made, see space.h. A task's own space is kept by task.c. */
#include <linux/nsproxy.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "space.h"
#include "task.h"

struct kmview_space {
	refcount_t refs;		      /* tasks */
	const struct kmview_session *session; /* not counted: its tasks are */
	const struct mnt_namespace *ns;	      /* not counted, only compared */
};

struct kmview_space *kmview_space_get(struct kmview_space *space)
{
	if (space)
		refcount_inc(&space->refs);
	return space;
}

void kmview_space_put(struct kmview_space *space)
{
	if (space && refcount_dec_and_test(&space->refs))
		kfree(space);
}

struct kmview_space *kmview_space_new(const struct kmview_session *session)
{
	struct kmview_space *space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);

	if (!space)
		return NULL;
	refcount_set(&space->refs, 1);
	space->session = session;
	return space;
}

void kmview_space_begin(struct kmview_space *space)
{
	space->ns = current->nsproxy->mnt_ns;
	kmview_space_put(kmview_task_set_space(space));
}

int kmview_space_enter(const struct kmview_session *session, struct task_struct *like)
{
	struct kmview_space *space = kmview_task_space(like);

	/* We are in this namespace, so it is not another one at an address of old. */
	if (!space || space->session != session || space->ns != current->nsproxy->mnt_ns) {
		kmview_space_put(space);
		return -EPERM;
	}
	kmview_space_put(kmview_task_set_space(space));
	return 0;
}

bool kmview_in_space_of(const struct kmview_session *session, struct task_struct *task)
{
	struct kmview_space *space = kmview_task_space(task);
	bool in = false;

	task_lock(task);
	if (space && space->session == session && task->nsproxy)
		in = space->ns == task->nsproxy->mnt_ns;
	task_unlock(task);
	kmview_space_put(space);
	return in;
}
