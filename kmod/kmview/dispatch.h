/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_DISPATCH_H
#define KMVIEW_DISPATCH_H

#include <linux/linkage.h>

struct kmview_task;
struct pt_regs;

/*
 * Where the gate jumps to, in place of the hooked function; the result is the call's.
 * @regs: the argument of the function; @body: where the function goes on; @self: what the table has for our pid
 */
asmlinkage long kmview_dispatch(struct pt_regs *regs, unsigned long body, struct kmview_task *self);

/* The same for a function that somebody else hooks as well (share.c): this stands in its place. */
asmlinkage long kmview_dispatch_shared(struct pt_regs *regs);

/* The ftrace location of the function that serves a call; 0: no call of the tables. Not traced. */
unsigned long kmview_call_address(const struct pt_regs *regs);

#endif
