/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bootstrap ROM, at 0x1FC00000: the emulator has loaded a core file at the start of RAM, and
 * processor 0 starts it here. What flows in: the entry field of the core file's header. What flows
 * out: exceptions go to the execution ROM, which knows processor 0's saved state and pass up
 * vector; both handlers of the vector panic until the kernel sets its own.
 *
 * An exception before Status.BEV is cleared comes to the vectors of this ROM and panics.
 */
#include "umps/arch.h"
#include "umps/aout.h"
#include "umps/bios_defs.h"
#include "umps/cp0.h"
#include "umps/regdef.h"

#define PANIC_ENTRY  0x108
#define SIZE	     0x200
#define CORE_HEADER  (RAM_BASE + 0x1000)

	.text
	.set	noreorder
	.set	noat
	.globl	__start
__start:
	/* Exceptions to the execution ROM; the kernel starts with an empty mode stack. */
	mfc0	$t0, $CP0_Status
	lui	$t1, (~(STATUS_BEV | STATUS_IEp | STATUS_KUp) >> 16) & 0xFFFF
	ori	$t1, $t1, ~(STATUS_BEV | STATUS_IEp | STATUS_KUp) & 0xFFFF
	and	$t0, $t0, $t1
	mtc0	$t0, $CP0_Status

	/* Processor 0's records in the BIOS data page. */
	lui	$t2, (BIOS_DATA_PAGE_BASE >> 16) & 0xFFFF
	ori	$t3, $t2, BIOS_DATA_PAGE_BASE & 0xFFFF
	ori	$t4, $t2, BIOS_EXEC_HANDLERS_ADDRS & 0xFFFF
	addiu	$t5, $0, PANIC_ENTRY
	sw	$t5, 0($t4)
	sw	$t5, 8($t4)
	lui	$t0, CPUCTL_BASE >> 16
	sw	$t3, BIOS_EXCPT_VECT_BASE & 0xFFFF($t0)
	sw	$t4, BIOS_PC_AREA_BASE & 0xFFFF($t0)

	.rept	9				/* kernels find the same clock as ever */
	nop
	.endr
	lui	$t0, CORE_HEADER >> 16
	lw	$t9, (CORE_HEADER & 0xFFFF) + AOUT_HE_ENTRY * WS($t0)
	nop
	jr	$t9
	nop

	/* TLB refill and other exceptions while Status.BEV is set. */
	.org	0x100
	addiu	$k0, $0, PANIC_ENTRY
	jr	$k0
	nop
	.org	0x180
	addiu	$k0, $0, PANIC_ENTRY
	jr	$k0
	nop
	.org	SIZE
