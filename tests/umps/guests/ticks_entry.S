/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entry points of ticks.c: the handlers note the clock first, each trap raises one exception
 * and would return to its caller.
 */
#include <umps/arch.h>
#include <umps/aout.h>
#include <umps/cp0.h>
#include <umps/regdef.h>

	.text
	.set	noreorder
	.set	noat
	.globl	__start, refill_entry, general_entry
__start:
	lui	$t0, BUS_REG_TOD_LO >> 16
	lw	$t1, BUS_REG_TOD_LO & 0xFFFF($t0)
	lui	$t0, %hi(first_tick)
	sw	$t1, %lo(first_tick)($t0)
	lui	$sp, 0x2000
	addiu	$sp, $sp, 0x1000 - 32
	jal	main
	nop

refill_entry:
	lui	$k0, BUS_REG_TOD_LO >> 16
	lw	$k0, BUS_REG_TOD_LO & 0xFFFF($k0)
	b	note
	addiu	$k1, $0, 0

general_entry:
	lui	$k0, BUS_REG_TOD_LO >> 16
	lw	$k0, BUS_REG_TOD_LO & 0xFFFF($k0)
	addiu	$k1, $0, 1
note:
	lui	$t0, %hi(entered_at)
	sw	$k0, %lo(entered_at)($t0)
	lui	$t0, %hi(entered_by)
	sw	$k1, %lo(entered_by)($t0)
	addiu	$sp, $sp, -32
	j	noted
	nop

#define TRAP(name, ...) .globl name; name: __VA_ARGS__; jr $ra; nop

TRAP(trap_syscall, syscall)
TRAP(trap_reserved, .word 0x0000000F)
TRAP(trap_overflow, lui $t0, 0x7FFF; add $t0, $t0, $t0)
TRAP(trap_unaligned, lui $t0, 0x2000; lw $t0, 2($t0))
TRAP(trap_bus, lui $t0, 0x3F00; lw $t0, 0($t0))
TRAP(trap_refill, lui $t0, 0x8000; lw $t0, 0($t0))
TRAP(trap_invalid, lui $t0, 0x8000; lw $t0, 0x1000($t0))
TRAP(trap_modified, lui $t0, 0x8000; sw $t0, 0x2000($t0))
TRAP(trap_coprocessor, .word 0x44000000)

/* Loads the local timer with 20 and waits with only its interrupt enabled. */
	.globl	trap_timer
trap_timer:
	lui	$t0, (STATUS_TE | STATUS_CU0) >> 16
	ori	$t0, $t0, STATUS_IM(IL_CPUTIMER) | STATUS_IEc
	addiu	$t1, $0, 20
	mtc0	$t1, $CP0_Timer
	mtc0	$t0, $CP0_Status
1:	b	1b
	nop
