/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_GATE_H
#define KMVIEW_GATE_H

#include <linux/types.h>

struct ftrace_ops;
struct pt_regs;

/* The target of the direct calls that ftrace puts at the entry of hooked functions. */
void kmview_gate(void);

/*
 * Run a system-call function from behind its entry, without passing the gate.
 * @regs: its arguments; may be a copy with some of them changed
 * @body: what the gate passed to kmview_dispatch()
 */
asmlinkage long kmview_original(const struct pt_regs *regs, unsigned long body);

/*
 * Call a function of the kernel that is not exported, at an address from symbols.c. That is where ftrace would call
 * out of it, behind the mark that indirect calls need; so it is entered as a body is. A bool is in the lowest byte
 * of the result only.
 */
asmlinkage unsigned long kmview_call(unsigned long address, unsigned long a, unsigned long b, unsigned long c,
				     unsigned long d, unsigned long e);

#endif
