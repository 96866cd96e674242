/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine language of ticks.c. raise_with() notes what its caller wants to keep and goes to one
 * of the do_... routines. Each reads the TOD some known instructions before its exception. The ROM
 * comes to arrive(), which reads it again and returns the difference from raise_with().
 *
 * With VM on, only this page is mapped (by TLB entry 0), and kept is what the old area holds.
 */
#include "umps/arch.h"
#include "umps/cp0.h"
#include "umps/regdef.h"

#define TOD_HIGH	(BUS_REG_TOD_LO >> 16)
#define TOD_LOW		(BUS_REG_TOD_LO & 0xFFFF)
#define TIMER_LOW	(BUS_REG_TIMER & 0xFFFF)

	.data
	.globl	boot_ticks
boot_ticks: .word 0
	.globl	left
left:	.word	0
kept:	.space	48

	.text
	.set	noreorder
	.set	noat

	.macro	keep instruction
	lui	$t0, %hi(kept)
	addiu	$t0, $t0, %lo(kept)
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23
	\instruction $\n, (\n - 16) * 4($t0)
	.endr
	.irp	n, 28, 29, 30, 31
	\instruction $\n, (\n - 20) * 4($t0)
	.endr
	.endm

/* The kernel's entry point: the boot ROM has just jumped here. */
	.globl	entry
entry:
	lui	$t0, TOD_HIGH
	lw	$t1, TOD_LOW($t0)
	lui	$t0, %hi(boot_ticks)
	addiu	$t1, $t1, -2			/* these two, from tick 1 on */
	j	__start
	sw	$t1, %lo(boot_ticks)($t0)

	.globl	raise_with
raise_with:					/* (what, a0, a1) */
	keep	sw
	move	$t9, $a0
	move	$a0, $a1
	jr	$t9
	move	$a1, $a2

	.globl	arrive
arrive:
	lui	$k0, TOD_HIGH
	lw	$v0, TOD_LOW($k0)
	keep	lw
	lui	$t0, %hi(left)
	lw	$t1, %lo(left)($t0)
	nop
	jr	$ra
	subu	$v0, $v0, $t1

/* `left` is the tick of the last instruction before INSTRUCTION, and five are counted with it. */
	.macro	path name instruction:vararg
	.globl	\name
\name:
	lui	$t0, TOD_HIGH
	lw	$t1, TOD_LOW($t0)
	lui	$t0, %hi(left)
	addiu	$t1, $t1, 6
	sw	$t1, %lo(left)($t0)
	\instruction
	.endm

	path	do_syscall syscall
	path	do_break break
	path	do_trap .word 0x0000000F
	path	do_load lw $t2, 0($a1)
	path	do_overflow addi $t2, $a1, 1

	.globl	do_interrupt
do_interrupt:
	mfc0	$t3, $CP0_Status
	nop
	ori	$t3, $t3, STATUS_IM(IL_TIMER) | STATUS_IEc
	mtc0	$t3, $CP0_Status
	addiu	$t4, $0, 20
	lui	$t0, TOD_HIGH
	lw	$t1, TOD_LOW($t0)
	sw	$t4, TIMER_LOW($t0)
	lui	$t0, %hi(left)
	addiu	$t1, $t1, 24			/* where its ROM begins, and one more */
	sw	$t1, %lo(left)($t0)
1:	b	1b
	addiu	$t4, $t4, 1

	.globl	do_ldst, do_fork
do_ldst:
	b	do_break
	nop
do_fork:
	mfc0	$v0, $CP0_EntryHi
	lui	$a1, STATUS_CU0 >> 16
	lui	$a2, %hi(arrive)
	addiu	$a2, $a2, %lo(arrive)
	addiu	$a3, $0, 0
	b	do_break
	nop

/* A load at a1 with VM on: returns the ticks of the refill, or arrives elsewhere. */
	.balign	4096
	.globl	do_vm_load
do_vm_load:
	mfc0	$t5, $CP0_Status
	lui	$t6, STATUS_VMc >> 16
	or	$t6, $t6, $t5
	lui	$t0, TOD_HIGH
	lui	$t7, %hi(left)
	mtc0	$t6, $CP0_Status
	nop
	nop
	lw	$t1, TOD_LOW($t0)
	lw	$t3, 0($a1)
	lw	$t4, TOD_LOW($t0)
	mtc0	$t5, $CP0_Status
	nop
	nop
	addiu	$t4, $t4, -3
	subu	$v0, $t4, $t1
	jr	$ra
	nop
	.balign	4096
