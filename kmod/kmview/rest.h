/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a task waits for its manager, so that the machine can be suspended and its cgroup be frozen meanwhile.
 *
 *	struct kmview_rest rest = {};
 *	for (;;) {
 *		left = kmview_rest_begin(&rest, kind);
 *		if (condition)
 *			break;
 *		schedule_timeout(left);
 *	}
 *	kmview_rest_end(&rest);
 *
 * Suspending stops the task where it sleeps (TASK_FREEZABLE). A cgroup is frozen by a kind of signal: a wait that
 * signals end ends by it, too, and the task stops on its way out of the kernel. One that only a fatal signal may end
 * counts as frozen while it sleeps, as vfork(2) does.
 */
#ifndef KMVIEW_REST_H
#define KMVIEW_REST_H

#include <linux/types.h>

struct kmview_rest {
	bool frozen; /* the task's cgroup counts it as frozen */
};

enum kmview_rest_kind {
	KMVIEW_REST_INTERRUPTIBLE, /* the caller looks at signal_pending() */
	KMVIEW_REST_KILLABLE,	   /* the caller looks at fatal_signal_pending() */
};

/**
 * kmview_rest_begin() - Set the state of the current task, before it looks at its condition.
 * @rest: of this wait, all zeros at first
 * @kind: which signals end the wait
 *
 * Return: How long it may sleep, in jiffies.
 */
long kmview_rest_begin(struct kmview_rest *rest, enum kmview_rest_kind kind);

/**
 * kmview_rest_end() - The task goes on.
 * @rest: of this wait
 */
void kmview_rest_end(struct kmview_rest *rest);

#endif
