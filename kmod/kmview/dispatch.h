/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_DISPATCH_H
#define KMVIEW_DISPATCH_H

#include <linux/linkage.h>

struct kmview_context;
struct kmview_task;
struct pt_regs;

int kmview_dispatch_init(void);
asmlinkage long kmview_dispatch(struct pt_regs *regs, unsigned long body, struct kmview_task *self);

/* The kernel's own service of a call. */
long kmview_native(struct kmview_context *context);

/* Serve a call with the arguments that the context has, which are not those in its registers. */
long kmview_with_args(struct kmview_context *context, long (*serve)(struct kmview_context *context));

#endif
