// SPDX-License-Identifier: GPL-2.0-only
/* Functions whose direct call somebody else has, see share.h. */
#include <linux/ftrace.h>
#include <linux/sched.h>
#include <asm/text-patching.h>

#include "compat.h"
#include "dispatch.h"
#include "share.h"
#include "task.h"

bool kmview_is_taken(unsigned long address)
{
	return *(const u8 *)address == CALL_INSN_OPCODE;
}

/* With preemption off, for every task that calls the function. */
static void notrace redirect_call(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
				  struct ftrace_regs *regs)
{
	unsigned int pid = current->pid;

	if (!READ_ONCE(kmview_leaves[pid >> KMVIEW_LEAF_SHIFT]->task[pid & (KMVIEW_LEAF_SIZE - 1)]))
		return;
	/* Not a call that kmview_dispatch_shared() cannot find its way back from, as that of the vsyscall page. */
	if (kmview_call_address((const struct pt_regs *)kmview_ftrace_argument(regs)) == ip)
		kmview_ftrace_go_on(regs, (unsigned long)kmview_dispatch_shared);
}

int kmview_share(struct ftrace_ops *ops, unsigned long *addresses, unsigned int count)
{
	int err;

	ops->func = redirect_call;
	ops->flags = FTRACE_OPS_FL_IPMODIFY;
	err = ftrace_set_filter_ips(ops, addresses, count, 0, 1);
	if (!err)
		err = register_ftrace_function(ops);
	if (err)
		ftrace_free_filter(ops);
	return err;
}

int kmview_unshare(struct ftrace_ops *ops)
{
	int err = unregister_ftrace_function(ops);

	if (!err)
		ftrace_free_filter(ops);
	return err;
}
