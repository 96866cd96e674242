/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_GATE_H
#define KMVIEW_GATE_H

#include <linux/types.h>

struct ftrace_ops;
struct pt_regs;

/**
 * kmview_gate() - The target of the direct calls that ftrace puts at the entry of hooked functions; no function of
 * C.
 */
void kmview_gate(void);

/**
 * kmview_original() - Run a system-call function from behind its entry, without passing the gate.
 * @regs: its arguments; may be a copy with some of them changed
 * @body: what the gate passed to kmview_dispatch()
 *
 * Return: The call's result.
 */
asmlinkage long kmview_original(const struct pt_regs *regs, unsigned long body);

/**
 * kmview_call() - Call a function of the kernel that is not exported.
 * @address: from symbols.c: where ftrace would call out of it, behind the mark that indirect calls need
 * @a: its first argument
 * @b: its second
 * @c: its third
 * @d: its fourth
 * @e: its fifth
 *
 * Return: Its result; a bool is in the lowest byte only.
 */
asmlinkage unsigned long kmview_call(unsigned long address, unsigned long a, unsigned long b, unsigned long c,
				     unsigned long d, unsigned long e);

#endif
