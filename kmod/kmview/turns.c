// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two tasks that take turns on the only processor, see turns.h.
 *
 * The scheduler before EEVDF (6.6) does not let a task yield to one that has run longer by a millisecond, and of two
 * that take turns one will have run longer in time: the other then has to sleep at each turn, which doubles what the
 * module adds to a call. So each, before it yields, gives up in its own virtual run time what it is owed, and goes on as
 * if it had run as long. That can only be to its own loss, and is never much. It is the scheduler's account that is
 * written to, so it is done only if the administrator says so.
 */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/rt.h>
#include <linux/version.h>

#include "turns.h"

static bool even_turns;
module_param(even_turns, bool, 0644);
MODULE_PARM_DESC(even_turns, "before 6.6, with one processor: give up virtual run time when taking turns; default no");

void kmview_turns_even(struct kmview_turns *turns)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0) && defined(CONFIG_FAIR_GROUP_SCHED)
	struct sched_entity *entity = &current->se;
	unsigned long flags;
	s64 owed;

	if (!READ_ONCE(even_turns) || rt_prio(current->prio))
		return;
	/* On the only processor nobody else touches the run queue while interrupts are off. */
	local_irq_save(flags);
	owed = turns->vruntime - entity->vruntime;
	if (turns->queue != entity->cfs_rq || owed < 0 || owed > 10 * NSEC_PER_MSEC) {
		turns->queue = entity->cfs_rq;
		turns->vruntime = entity->vruntime;
	} else if (num_online_cpus() == 1) {
		entity->vruntime += owed;
	}
	local_irq_restore(flags);
#endif
}
