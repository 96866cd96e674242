/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_DISPATCH_H
#define KMVIEW_DISPATCH_H

#include <linux/linkage.h>

struct kmview_task;
struct pt_regs;

/**
 * kmview_dispatch() - Where the gate jumps to, in place of the hooked function.
 * @regs: the argument of the function
 * @body: where the function goes on
 * @self: what the table of tasks has for the current pid; may be of a former task
 *
 * May sleep for as long as a manager likes.
 *
 * Return: The call's result.
 */
asmlinkage long kmview_dispatch(struct pt_regs *regs, unsigned long body, struct kmview_task *self);

/**
 * kmview_dispatch_shared() - The same for a function that somebody else hooks as well (share.c): this stands in its
 * place.
 * @regs: the argument of the function
 *
 * Return: The call's result.
 */
asmlinkage long kmview_dispatch_shared(struct pt_regs *regs);

/**
 * kmview_call_address() - Tell the ftrace location of the function that serves a call. Not traced itself.
 * @regs: the registers of the call
 *
 * Return: The address, or 0: no call of the tables.
 */
unsigned long kmview_call_address(const struct pt_regs *regs);

#endif
