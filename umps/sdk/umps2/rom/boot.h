/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the two bootstrap ROMs of uMPS2 share: how they begin and how they hand over to the kernel.
 */
#include "umps/arch.h"
#include "umps/aout.h"
#include "umps/bios_defs.h"
#include "umps/cp0.h"
#include "umps/regdef.h"

#define PANIC_ENTRY  0x108 /* of the execution ROM */
#define SIZE	     0x300
#define CORE_HEADER  (RAM_BASE + 0x1000)
#define STATE_SIZE   140
#define S_PC	     12
#define CLEARED	     (STATUS_BEV | STATUS_IEp | STATUS_KUp | STATUS_VMp)
#define LOW(address) ((address)&0xFFFF)

/* Exceptions to the execution ROM; the kernel starts with an empty mode stack. */
.macro begin.text.set noreorder.set noat.globl __start __start : mfc0 $t0, $CP0_Status lui $t1,
	(~CLEARED >> 16) & 0xFFFF ori $t1, $t1, ~CLEARED & 0xFFFF and $t0, $t0, $t1 mtc0 $t0,
	$CP0_Status
		.endm

		/* All state areas lead to a panic until the kernel fills them. */
		.macro start_kernel lui $t0,
	BIOS_LEGACY_EXCVEC_BASE >> 16 addiu $t1, $0, PANIC_ENTRY.irp area, 0, 1, 2, 3, 4, 5, 6,
	7 sw $t1, \area *STATE_SIZE + S_PC($t0).endr ori $t2, $t0,
	LOW(BIOS_LEGACY_SCRATCH_BASE) lui $t3, CPUCTL_BASE >> 16 sw $t0,
	LOW(BIOS_EXCVEC_BASE)($t3) sw $t2,
	LOW(BIOS_SCRATCH_BASE)($t3) lui $t0, CORE_HEADER >> 16 lw $t9,
	LOW(CORE_HEADER) + AOUT_HE_ENTRY *WS($t0)
nop jr $t9
	rfe.endm

		/* TLB refill and other exceptions while Status.BEV is set. */
		.macro vectors.org 0x100 addiu $k0,
	$0, PANIC_ENTRY jr $k0 nop.org 0x180 addiu $k0, $0, PANIC_ENTRY jr $k0 nop.endm
