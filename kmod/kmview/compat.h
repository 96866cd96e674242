/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between the supported kernels, 6.1 to 7.x. The module is written for the newest; this file bends
 * it to the others, and refuses what was never tried.
 */
#ifndef KMVIEW_COMPAT_H
#define KMVIEW_COMPAT_H

#include <linux/version.h>
#include <linux/file.h>
#include <linux/ftrace.h>
#include <linux/fs.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0) || LINUX_VERSION_CODE >= KERNEL_VERSION(8, 0, 0)
#error "kmview supports Linux 6.1 to 7.x"
#endif
#ifndef CONFIG_X86_64
#error "kmview supports x86-64 only"
#endif
#ifdef CONFIG_PREEMPT_RT
#error "kmview does not support PREEMPT_RT: its tracepoint functions take locks that sleep there"
#endif

#ifndef CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS
#error "kmview needs a kernel with the function tracer and its direct calls (CONFIG_FUNCTION_TRACER)"
#endif

/* Without CONFIG_TASKS_RCU, call_rcu_tasks() is call_rcu(). */
#ifdef CONFIG_TASKS_RCU
#define kmview_rcu_barrier_tasks()     rcu_barrier_tasks()
#define kmview_synchronize_rcu_tasks() synchronize_rcu_tasks()
#else
#define kmview_rcu_barrier_tasks()     rcu_barrier()
#define kmview_synchronize_rcu_tasks() synchronize_rcu()
#endif

/* 6.2: timers are deleted under another name; 6.15 has only that one. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define kmview_timer_delete_sync(timer) timer_delete_sync(timer)
#else
#define kmview_timer_delete_sync(timer) del_timer_sync(timer)
#endif

/* 6.4: direct calls are registered for an ftrace_ops; before, this was the _multi variant. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define kmview_ftrace_direct(ops, addr)	  register_ftrace_direct(ops, addr)
#define kmview_ftrace_undirect(ops, addr) unregister_ftrace_direct(ops, addr, true)
#else
#define kmview_ftrace_direct(ops, addr) register_ftrace_direct_multi(ops, addr)

/**
 * kmview_ftrace_undirect() - Take back what kmview_ftrace_direct() did.
 * @ops: its operations
 * @addr: where the direct call led
 *
 * Return: 0 or a negative error.
 */
static inline int kmview_ftrace_undirect(struct ftrace_ops *ops, unsigned long addr)
{
	int err = unregister_ftrace_direct_multi(ops, addr);

	ftrace_free_filter(ops);
	return err;
}
#endif

/* 6.3: accessors of ftrace_regs. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define kmview_ftrace_go_on(regs, address) ftrace_regs_set_instruction_pointer(regs, address)
#define kmview_ftrace_argument(regs)	   ftrace_regs_get_argument(regs, 0)
#else
#define kmview_ftrace_go_on(regs, address) ftrace_instruction_pointer_set(regs, address)
#define kmview_ftrace_argument(regs)	   ((regs)->regs.di)
#endif
#ifndef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#error "kmview needs a kernel whose ftrace passes arguments (CONFIG_DYNAMIC_FTRACE_WITH_ARGS)"
#endif

/* 6.7: receive_fd() can also write the number to user space. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define kmview_receive_fd(file, flags) receive_fd(file, NULL, flags)
#else
#define kmview_receive_fd(file, flags) receive_fd(file, flags)
#endif

/* 6.9: whether a program sleeps moved from prog->aux to the program. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#define kmview_prog_sleeps(prog) ((prog)->sleepable)
#else
#define kmview_prog_sleeps(prog) ((prog)->aux->sleepable)
#endif

#endif
