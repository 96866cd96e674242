/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions whose direct call somebody else has, a BPF fentry program mostly.
 *
 * A function has place for one direct call. Where it is taken, the module is called back by ftrace and lets tasks of
 * sessions go on in kmview_dispatch_shared() (FTRACE_OPS_FL_IPMODIFY); the other side's trampoline makes room for that.
 * For tasks outside that costs more than the gate.
 */
#ifndef KMVIEW_SHARE_H
#define KMVIEW_SHARE_H

struct ftrace_ops;

/**
 * kmview_is_taken() - Does something else hook a function already? Looks at its first instruction.
 * @address: its ftrace location
 *
 * Return: True if so.
 */
bool kmview_is_taken(unsigned long address);

/**
 * kmview_share() - Hook functions that are taken.
 * @ops: operations that nothing was done to yet
 * @addresses: ftrace locations
 * @count: how many
 *
 * Return: 0, or as register_ftrace_function().
 */
int kmview_share(struct ftrace_ops *ops, unsigned long *addresses, unsigned int count);

/**
 * kmview_unshare() - Take back what kmview_share() did.
 * @ops: its operations
 *
 * Return: 0, or as unregister_ftrace_function().
 */
int kmview_unshare(struct ftrace_ops *ops);

#endif
