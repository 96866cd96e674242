// SPDX-License-Identifier: GPL-2.0-only
/* A call on its way, see call.h: its registers, and the kernel's own service of it. */
#include <linux/ptrace.h>
#include <linux/string.h>

#include "call.h"
#include "gate.h"
#include "uapi/kmview.h"

void kmview_read_args(const struct pt_regs *regs, u32 abi, u64 args[6])
{
	if (abi == KMVIEW_ABI_IA32) {
		args[0] = (u32)regs->bx;
		args[1] = (u32)regs->cx;
		args[2] = (u32)regs->dx;
		args[3] = (u32)regs->si;
		args[4] = (u32)regs->di;
		args[5] = (u32)regs->bp;
	} else {
		args[0] = regs->di;
		args[1] = regs->si;
		args[2] = regs->dx;
		args[3] = regs->r10;
		args[4] = regs->r8;
		args[5] = regs->r9;
	}
}

void kmview_write_args(struct pt_regs *regs, u32 abi, const u64 args[6])
{
	if (abi == KMVIEW_ABI_IA32) {
		regs->bx = (u32)args[0];
		regs->cx = (u32)args[1];
		regs->dx = (u32)args[2];
		regs->si = (u32)args[3];
		regs->di = (u32)args[4];
		regs->bp = (u32)args[5];
	} else {
		regs->di = args[0];
		regs->si = args[1];
		regs->dx = args[2];
		regs->r10 = args[3];
		regs->r8 = args[4];
		regs->r9 = args[5];
	}
}

long kmview_native(struct kmview_context *context)
{
	return kmview_original(context->regs, context->body);
}

long kmview_with_args(const struct kmview_context *context, long (*serve)(struct kmview_context *context, void *data),
		      void *data)
{
	struct kmview_context changed = *context;
	struct pt_regs regs = *context->regs;

	kmview_write_args(&regs, context->abi, context->args);
	changed.regs = &regs;
	return serve(&changed, data);
}
