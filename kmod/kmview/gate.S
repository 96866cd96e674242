/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gate: what a call to a hooked function runs through.
 *
 * ftrace turns the first instruction of a hooked __x64_sys_NAME into "call kmview_gate". The gate decides with ten
 * instructions whether the current task is in a session: it looks its pid up in kmview_leaves, the table of task.c.
 * A task outside returns into the function as if nothing was there. For a task inside, the gate drops its own
 * return address, which is the body of the function, and jumps to kmview_dispatch(regs, body, task): that returns
 * to the caller of the function in its place.
 *
 * What the gate may clobber: at the entry of a function of one argument (rdi) the ABI leaves rax, rcx, rdx, rsi and
 * r8 to r11 free; functions that can be traced are compiled without interprocedural register allocation.
 *
 * Bodies are entered by a return: with indirect branch tracking no jump may land there. To objtool, each hint says
 * that the stack is as at the entry of a function, which it is.
 */
#include <linux/linkage.h>
#include <asm/percpu.h>
#include <asm/unwind_hints.h>

#include "compat_asm.h"
#include "offsets.h"

SYM_FUNC_START(kmview_gate)
	KMVIEW_ENDBR
	movq	KMVIEW_CURRENT, %rax
	movl	KMVIEW_TASK_PID(%rax), %ecx
	movl	%ecx, %edx
	shrl	$KMVIEW_SHIFT, %edx
	andl	$KMVIEW_MASK, %ecx
	movq	kmview_leaves(, %rdx, 8), %rdx
	movq	(%rdx, %rcx, 8), %rdx
	testq	%rdx, %rdx
	jnz	.Linside
	RET
.Linside:
	popq	%rsi
	UNWIND_HINT_FUNC
	jmp	kmview_dispatch
SYM_FUNC_END(kmview_gate)

/* long kmview_original(regs, body) */
SYM_FUNC_START(kmview_original)
	pushq	%rsi
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(kmview_original)

/* unsigned long kmview_call(address, a, b, c, d, e) */
SYM_FUNC_START(kmview_call)
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %rcx
	movq	%r9, %r8
	pushq	%rax
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(kmview_call)
