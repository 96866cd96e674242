/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Execution ROM, at address 0: what stands between the processor's two exception vectors and the
 * kernel.
 *
 * An exception saves the interrupted state in the current processor's record of the BIOS data page
 * and continues at the handler, on the stack, that the processor's pass up vector names. A BREAK in
 * kernel mode with a service number in a0 is served here instead, and saves nothing, so that a
 * kernel may load a state from that very record. The banked registers BIOS reserved 0 and 1 hold
 * the addresses of the two records. Only k0 and k1 are free for this ROM; no kernel may count on
 * them. Handlers start in kernel mode with interrupts off, as the hardware leaves it.
 *
 * Time is part of the interface: a kernel that measures itself must find the ticks that it always
 * found, whichever ROM the machine has. SPEND() makes each path as long as it has been since the
 * first machines of this kind.
 */
#include "umps/arch.h"
#include "umps/bios_defs.h"
#include "umps/cp0.h"
#include "umps/regdef.h"

/* A state record; general registers but $0, k0 and k1 in order from 16 on. */
#define STATE_SIZE  140
#define S_ENTRYHI   0
#define S_CAUSE	    4
#define S_STATUS    8
#define S_PC	    12
#define S_AT	    16
#define S_GP	    116
#define S_HI	    132
#define S_LO	    136

/* A pass up vector. */
#define V_REFILL    0
#define V_GENERAL   8

#define MODE_BITS   (STATUS_KUc | STATUS_IEc)
#define BREAK_CAUSE (EXC_BP << CAUSE_EXCCODE_BIT)
#define N_SERVICES  4

#define LOW(address)	((address) & 0xFFFF)
#define ADDRESS(label)	((label) - __start)
#define MMIO_HIGH	(MMIO_BASE >> 16)
#define SPEND(ticks)	.rept ticks; nop; .endr

/* Stores or loads all general registers of the state record at k0; 26 and 27 are k0 and k1. */
	.macro	general_registers instruction
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25
	\instruction $\n, S_AT + (\n - 1) * 4($k0)
	.endr
	.irp	n, 28, 29, 30, 31
	\instruction $\n, S_GP + (\n - 28) * 4($k0)
	.endr
	.endm

	.text
	.set	noreorder
	.set	noat
	.globl	__start

/* 0x000: TLB refill. */
__start:
	b	pass_up
	addiu	$k1, $0, V_REFILL

services:
	.word	ADDRESS(load_context), ADDRESS(load_state), ADDRESS(panic), ADDRESS(halt)
panic_text:
	.asciiz	"kernel panic()\n"
halt_text:
	.asciiz	"System halted \n"

/* 0x080: every other exception. */
	.org	0x80
general:
	mfc0	$k0, $CP0_EPC
	nop
	srl	$k0, $k0, 28			/* EPC below 0x10000000: this ROM has failed */
	beq	$k0, $0, panic
	mfc0	$k0, $CP0_Cause
	addiu	$k1, $0, V_GENERAL
	andi	$k0, $k0, CAUSE_EXCCODE_MASK
	xori	$k0, $k0, BREAK_CAUSE
	bne	$k0, $0, pass_up_general
	mfc0	$k0, $CP0_Status
	nop
	andi	$k0, $k0, STATUS_KUp
	bne	$k0, $0, pass_up_general
	sltiu	$k0, $a0, N_SERVICES
	beq	$k0, $0, pass_up_general
	nop
	b	serve
	sll	$k0, $a0, 2

/* 0x100: start of processors other than 0, and of any that is reset with this as its Boot PC. */
	.org	0x100
	b	secondary_start
	nop

/* 0x108: what the boot ROM and unset vectors refer to. */
	.org	0x108
panic:
	addiu	$s0, $0, ADDRESS(panic_text)
	b	print_and_stop
	mtc0	$0, $CP0_Status

/* Dispatch on k0, four times the service number. */
serve:
	addiu	$k0, $k0, ADDRESS(services)
	lw	$k1, 0($k0)
	nop
	jr	$k1
	nop

/* Save the state, go to the handler at offset k1 of the pass up vector. */
pass_up_general:
	SPEND(6)
pass_up:
	lui	$k0, MMIO_HIGH
	lw	$k0, LOW(BIOS_EXCPT_VECT_BASE)($k0)
	nop
	general_registers sw
	mfhi	$t0
	mflo	$t1
	sw	$t0, S_HI($k0)
	sw	$t1, S_LO($k0)
	mfc0	$t0, $CP0_EntryHi
	mfc0	$t1, $CP0_Cause
	mfc0	$t2, $CP0_Status
	mfc0	$t3, $CP0_EPC
	sw	$t0, S_ENTRYHI($k0)
	sw	$t1, S_CAUSE($k0)
	sw	$t2, S_STATUS($k0)
	sw	$t3, S_PC($k0)

	SPEND(6)
	lui	$k0, MMIO_HIGH
	lw	$k0, LOW(BIOS_PC_AREA_BASE)($k0)
	nop
	addu	$k0, $k0, $k1
	lw	$k1, 0($k0)
	lw	$sp, 4($k0)
	jr	$k1
	nop

/* Service 0: a1 = stack, a2 = Status, a3 = program counter. */
load_context:
	SPEND(1)
	addiu	$k0, $0, ~MODE_BITS
	and	$k0, $a2, $k0
	mtc0	$k0, $CP0_Status
	addu	$sp, $a1, $0
	addu	$t9, $a3, $0
	jr	$t9
	rfe

/* Service 1: a1 = a state record. */
load_state:
	SPEND(9)
	addu	$k0, $a1, $0
load_from_k0:
	lw	$t0, S_HI($k0)
	lw	$t1, S_LO($k0)
	lw	$t2, S_ENTRYHI($k0)
	lw	$t3, S_CAUSE($k0)
	mthi	$t0
	mtlo	$t1
	mtc0	$t2, $CP0_EntryHi
	mtc0	$t3, $CP0_Cause
	general_registers lw
	lw	$k1, S_STATUS($k0)
	lw	$k0, S_PC($k0)
	srl	$k1, $k1, 2			/* the current mode comes from the pop below */
	sll	$k1, $k1, 2
	mtc0	$k1, $CP0_Status
	nop
	jr	$k0
	rfe

/* Service 3. */
halt:
	addiu	$s0, $0, ADDRESS(halt_text)
	mtc0	$0, $CP0_Status

/* Print the text at s0 on terminal 0 by polling its transmitter, then stop for ever. */
#define TERMINAL	DEV_REG_ADDR(IL_TERMINAL, 0)
#define TRANSM_STATUS	8
#define TRANSM_COMMAND	12
#define TRANSMIT	2
#define BUSY		3

print_and_stop:
	lui	$s1, MMIO_HIGH
	addiu	$s1, $s1, LOW(TERMINAL)
next_character:
	lbu	$t0, 0($s0)
	nop
	beq	$t0, $0, stop
	sll	$t0, $t0, 8
	ori	$t0, $t0, TRANSMIT
	sw	$t0, TRANSM_COMMAND($s1)
wait_transmitted:
	lw	$t1, TRANSM_STATUS($s1)
	nop
	andi	$t1, $t1, 0xFF
	xori	$t1, $t1, BUSY
	beq	$t1, $0, wait_transmitted
	nop
	b	next_character
	addiu	$s0, $s0, 1
stop:
	b	stop
	nop

/*
 * Processor n finds its records at n times their size in the BIOS data page; the first word of its
 * saved state is the address of the state it is to start in.
 */
secondary_start:
	mfc0	$t0, $CP0_PRID
	addiu	$t1, $0, STATE_SIZE
	multu	$t0, $t1
	sll	$t0, $t0, 4			/* times the size of a vector */
	lui	$t2, (BIOS_DATA_PAGE_BASE >> 16)
	ori	$t3, $t2, LOW(BIOS_DATA_PAGE_BASE)
	ori	$t4, $t2, LOW(BIOS_EXEC_HANDLERS_ADDRS)
	mflo	$t1
	addu	$t3, $t3, $t1
	addu	$t4, $t4, $t0
	lui	$t5, MMIO_HIGH
	sw	$t3, LOW(BIOS_EXCPT_VECT_BASE)($t5)
	sw	$t4, LOW(BIOS_PC_AREA_BASE)($t5)
	lw	$k0, 0($t3)
	b	load_from_k0
	nop

	.org	0x480
