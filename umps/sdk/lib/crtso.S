/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernel startup: the boot ROM jumps here. Gives main() a stack at the end of RAM's first page and
 * the gp of the core file's header, and halts the machine when main() returns.
 */
#include "umps/arch.h"
#include "umps/aout.h"
#include "umps/bios_defs.h"
#include "umps/regdef.h"

#define PAGE 0x1000

	.text
	.set	noreorder
	.globl	__start
	.ent	__start
__start:
	lui	$t0, BUS_REG_RAM_BASE >> 16
	lw	$t1, BUS_REG_RAM_BASE & 0xFFFF($t0)
	lui	$gp, (RAM_BASE + PAGE) >> 16
	addiu	$sp, $t1, PAGE - 8
	lw	$gp, (PAGE + AOUT_HE_GP_VALUE * WS)($gp)
	.rept	3				/* kernels find the same clock as ever */
	nop
	.endr
	jal	main
	addiu	$sp, $sp, -16		/* room for the four arguments a callee may store */

	addiu	$a0, $0, BIOS_SRV_HALT
	break
1:	b	1b
	nop
	.end	__start
