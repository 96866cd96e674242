/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernel startup: the boot ROM jumps here. Gives main() a stack at the end of RAM's first page (on
 * uMPS2, at the end of RAM) and
 * the gp of the core file's header, and halts the machine when main() returns. Only k0, k1, sp and
 * gp change. Every instruction has the place it has in uMPS3 3.0.5, so that main() starts at the
 * same tick and address.
 */
#include "umps/arch.h"
#include "umps/aout.h"
#include "umps/bios_defs.h"
#include "umps/regdef.h"

#define PAGE	  0x1000
#define ARGUMENTS 16		/* room for the four arguments that a callee may store */

	.text
	.set	noreorder
	.globl	__start
	.type	__start, @function
	.ent	__start
__start:
	lui	$k0, BUS_REG_RAM_BASE >> 16
#if UMPS_VARIANT == 2
	lw	$k1, BUS_REG_RAM_SIZE & 0xFFFF($k0)
	lw	$k0, BUS_REG_RAM_BASE & 0xFFFF($k0)
	nop
#else
	lw	$k0, BUS_REG_RAM_BASE & 0xFFFF($k0)
	li	$k1, PAGE
#endif
	addu	$k0, $k0, $k1
	addiu	$sp, $k0, -8
	lui	$gp, RAM_BASE >> 16
	lw	$gp, (PAGE + AOUT_HE_GP_VALUE * WS)($gp)
	addiu	$sp, $sp, -ARGUMENTS
	jal	main
	nop
	addiu	$sp, $sp, ARGUMENTS

	li	$a0, BIOS_SRV_HALT
	nop
	break
	nop
	.end	__start
	.size	__start, . - __start
