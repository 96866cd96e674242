// SPDX-License-Identifier: GPL-2.0-only
/* How a task waits for its manager, see rest.h. */
#include <linux/sched.h>
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>

#include "rest.h"
#include "symbols.h"

static bool can_count(void)
{
	return kmview_has(KMVIEW_CGROUP_ENTER_FROZEN) && kmview_has(KMVIEW_CGROUP_LEAVE_FROZEN);
}

/* Tell the cgroup whether we are as good as frozen. */
static void follow_cgroup(struct kmview_rest *rest)
{
	bool wanted = READ_ONCE(current->jobctl) & JOBCTL_TRAP_FREEZE;

	if (likely(wanted == rest->frozen) || !can_count())
		return;
	__set_current_state(TASK_RUNNING);
	if (wanted)
		kmview_cgroup_enter_frozen();
	else
		kmview_cgroup_leave_frozen(true);
	rest->frozen = wanted;
}

long kmview_rest_begin(struct kmview_rest *rest, enum kmview_rest_kind kind)
{
	unsigned int state = TASK_INTERRUPTIBLE;
	long left = MAX_SCHEDULE_TIMEOUT;

	if (kind == KMVIEW_REST_KILLABLE) {
		follow_cgroup(rest);
		/* With a signal pending that must wait, nothing but a fatal one wakes us: look for the cgroup by time. */
		if (signal_pending(current)) {
			state = TASK_KILLABLE;
			left = rest->frozen ? MAX_SCHEDULE_TIMEOUT : HZ / 5;
		}
	}
	set_current_state(state | TASK_FREEZABLE);
	return left;
}

void kmview_rest_end(struct kmview_rest *rest)
{
	__set_current_state(TASK_RUNNING);
	/* If it is still to be frozen, the task stays counted, and stops on its way out of the kernel. */
	if (unlikely(rest->frozen))
		kmview_cgroup_leave_frozen(false);
	rest->frozen = false;
}
