// SPDX-License-Identifier: GPL-2.0-only
/* Numbers that gate.S needs; the build makes offsets.h of this. */
#include <linux/kbuild.h>
#include <linux/sched.h>

#include "task.h"

int main(void)
{
	DEFINE(KMVIEW_TASK_PID, offsetof(struct task_struct, pid));
	DEFINE(KMVIEW_SHIFT, KMVIEW_LEAF_SHIFT);
	DEFINE(KMVIEW_MASK, KMVIEW_LEAF_SIZE - 1);
	return 0;
}
