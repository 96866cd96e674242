/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A call on its way from the gate to its result: what dispatch.c carries and those who serve the call get. It lives on
 * the stack of the calling task.
 */
#ifndef KMVIEW_CALL_H
#define KMVIEW_CALL_H

#include <linux/types.h>

struct kmview_task;
struct pt_regs;

struct kmview_context {
	struct kmview_task *self; /* the calling task */
	struct pt_regs *regs;	  /* what the function gets; never written to: a debugger, and a restart, see them */
	unsigned long body;	  /* where the hooked function goes on */
	u32 abi;		  /* KMVIEW_ABI_ */
	u32 nr;
	u64 args[6];	 /* as numbers of 64 bits, whatever the ABI */
	u64 mark_cookie; /* of the mark that the filter of the rule at hand has matched, or 0 */
};

/* The arguments in the registers of a call, and back. */
void kmview_read_args(const struct pt_regs *regs, u32 abi, u64 args[6]);
void kmview_write_args(struct pt_regs *regs, u32 abi, const u64 args[6]);

/* The kernel's own service of a call, with the arguments in its registers. Returns its result. */
long kmview_native(struct kmview_context *context);

/* Serve a call with the arguments in context->args, in a copy of the registers. Returns what serve() does. */
long kmview_with_args(const struct kmview_context *context, long (*serve)(struct kmview_context *context, void *data),
		      void *data);

#endif
