/* SPDX-License-Identifier: GPL-2.0-only */
/* BPF programs that sessions bring along: which are taken, and the frame that they run in. */
#ifndef KMVIEW_PROGRAM_H
#define KMVIEW_PROGRAM_H

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/percpu.h>
#include <linux/preempt.h>

#include "uapi/kmview.h"

struct kmview_session;

/**
 * kmview_program_set() - KMVIEW_PROG: put a BPF program into a place of the session, or empty it.
 * @session: the session
 * @arg: the command's argument, in kernel memory
 *
 * Takes the session's setup.
 *
 * Return: 0, -EBADF, or -EINVAL: it is not one that may run here, or an argument is out of range.
 */
int kmview_program_set(struct kmview_session *session, const struct kmview_prog *arg);

/**
 * kmview_program_run() - Run a BPF program on a record, as the kernel runs those of raw tracepoints.
 * @prog: the program
 * @call: the record, which the program changes
 *
 * Without preemption, since it may use what belongs to the processor; with a run context, which helpers like
 * bpf_get_attach_cookie() read; and not if it is running on this processor already. The caller holds the RCU read
 * lock, under which it got the program.
 */
static inline void kmview_program_run(struct bpf_prog *prog, struct kmview_call *call)
{
	/* On x86-64 this is what newer kernels call bpf_prog_get_recursion_context(). */
	int __percpu *active = (int __percpu *)prog->active;
	struct bpf_trace_run_ctx context = { .bpf_cookie = 0 };
	u64 args[1] = { (unsigned long)call };
	struct bpf_run_ctx *before;

	preempt_disable();
	if (likely(this_cpu_inc_return(*active) == 1)) {
		before = bpf_set_run_ctx(&context.run_ctx);
		bpf_prog_run(prog, args);
		bpf_reset_run_ctx(before);
	}
	this_cpu_dec(*active);
	preempt_enable();
}

#endif
