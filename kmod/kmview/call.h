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

/**
 * kmview_read_args() - Read the arguments of a call.
 * @regs: the registers that the function got
 * @abi: KMVIEW_ABI_ of the call
 * @args: where they go, as numbers of 64 bits
 */
void kmview_read_args(const struct pt_regs *regs, u32 abi, u64 args[6]);

/**
 * kmview_write_args() - Write the arguments of a call.
 * @regs: registers of ours, not those of the program
 * @abi: KMVIEW_ABI_ of the call
 * @args: what they become; of 32-bit calls the low halves
 */
void kmview_write_args(struct pt_regs *regs, u32 abi, const u64 args[6]);

/**
 * kmview_native() - The kernel's own service of a call.
 * @context: the call; its registers have the arguments
 *
 * Return: The call's result.
 */
long kmview_native(struct kmview_context *context);

/**
 * kmview_with_args() - Serve a call with other arguments, in a copy of the registers.
 * @context: the call, with the new arguments in @context->args
 * @serve: what serves it
 * @data: for @serve
 *
 * Return: What @serve returns.
 */
long kmview_with_args(const struct kmview_context *context, long (*serve)(struct kmview_context *context, void *data),
		      void *data);

#endif
