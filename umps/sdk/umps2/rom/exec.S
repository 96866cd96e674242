/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Execution ROM of uMPS2, at address 0: stands between the processor's two exception vectors and
 * the kernel.
 *
 * An exception saves the interrupted state in the old area of its class and loads the state of the
 * new area behind it. A TLB refill looks in the kernel's segment and page tables and comes back; if
 * they do not help, it is passed up like other TLB exceptions, with a cause code of its own (13 or
 * 14) that goes through the processor's scratch memory. A BREAK in kernel mode with a service
 * number in a0 is served here. The banked registers BIOS reserved 0 and 1 hold the addresses of the
 * processor's state areas and scratch memory. Only k0 and k1 are free for this ROM.
 *
 * Time is part of the interface: SPEND() makes each path as long as kernels have always found it.
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

/* The old areas; each new one lies STATE_SIZE behind. */
#define A_INTERRUPT 0
#define A_TLB	    (2 * STATE_SIZE)
#define A_TRAP	    (4 * STATE_SIZE)
#define A_SYSCALL   (6 * STATE_SIZE)

/* A processor's scratch memory: at a refill, then at the start of another processor. */
#define X_CAUSE	    0
#define X_A0	    4
#define X_A1	    8
#define X_A2	    12
#define X_A3	    16
#define X_STATE	    4
#define X_AREAS	    8

#define CODE(n)		((n) << CAUSE_EXCCODE_BIT)
#define N_SERVICES	4
#define TABLE_MAGIC	0x2A
#define LOW(address)	((address) & 0xFFFF)
#define ADDRESS(label)	((label) - __start)
#define MMIO_HIGH	(MMIO_BASE >> 16)
#define SPEND(ticks)	.rept ticks; nop; .endr

/* What is left of each path's ticks. */
#define T_INTERRUPT	14
#define T_TLB		27
#define T_TRAP		40
#define T_SYSCALL	53
#define T_OTHER_TRAP	44
#define T_USER_BREAK	60
#define T_BREAK		69
#define T_LDST		12
#define T_FORK		5
#define T_REFILL	20
#define T_FOUND		17
#define T_GLOBAL	1
#define T_MISS		20
#define T_SECONDARY	10

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
	b	refill
	lui	$k1, MMIO_HIGH
halt_text:
	.asciiz	"System halted \n"
panic_text:
	.asciiz	"kernel panic()\n"

/* 0x080: every other exception. */
	.org	0x80
general:
	mfc0	$k0, $CP0_EPC
	lui	$k1, RAM_BASE >> 16
	sltu	$k0, $k0, $k1			/* below RAM: this ROM has failed */
	bne	$k0, $0, panic
	mfc0	$k0, $CP0_Cause
	nop
	andi	$k0, $k0, CAUSE_EXCCODE_MASK
	beq	$k0, $0, pass_interrupt
	sltiu	$k1, $k0, CODE(EXC_ADEL)
	bne	$k1, $0, pass_tlb
	sltiu	$k1, $k0, CODE(EXC_SYS)
	bne	$k1, $0, pass_trap
	addiu	$k1, $k0, -CODE(EXC_SYS)
	beq	$k1, $0, pass_syscall
	addiu	$k1, $k0, -CODE(EXC_BP)
	bne	$k1, $0, pass_other_trap
	nop
	b	break_instruction
	nop

/* 0x100: start of processors other than 0. */
	.org	0x100
	b	secondary_start
	mfc0	$t0, $CP0_PRID

/* 0x108: what the boot ROM puts in all new areas. */
	.org	0x108
panic:
	addiu	$s0, $0, ADDRESS(panic_text)
	b	print_and_stop
	mtc0	$0, $CP0_Status

break_instruction:
	mfc0	$k0, $CP0_Status
	sltiu	$k1, $a0, N_SERVICES
	andi	$k0, $k0, STATUS_KUp
	bne	$k0, $0, pass_user_break
	sll	$k0, $a0, 2
	beq	$k1, $0, pass_break
	addiu	$k0, $k0, ADDRESS(services)
	lw	$k0, 0($k0)
	nop
	jr	$k0
	nop
services:
	.word	ADDRESS(fork), ADDRESS(load_state), ADDRESS(panic), ADDRESS(halt)

/* Each class has its own time. */
pass_interrupt:
	SPEND(T_INTERRUPT)
	b	pass_up
	addiu	$k1, $0, A_INTERRUPT
pass_tlb:
	SPEND(T_TLB)
	b	pass_up
	addiu	$k1, $0, A_TLB
pass_trap:
	SPEND(T_TRAP)
	b	pass_up
	addiu	$k1, $0, A_TRAP
pass_syscall:
	SPEND(T_SYSCALL)
	b	pass_up
	addiu	$k1, $0, A_SYSCALL
pass_other_trap:
	SPEND(T_OTHER_TRAP)
	b	pass_up
	addiu	$k1, $0, A_TRAP
pass_user_break:
	SPEND(T_USER_BREAK)
	b	pass_up
	addiu	$k1, $0, A_SYSCALL
pass_break:
	SPEND(T_BREAK)
	b	pass_up
	addiu	$k1, $0, A_SYSCALL

/* Save the state in the old area at offset k1 of the state areas, load the new one. */
pass_up:
	lui	$k0, MMIO_HIGH
	lw	$k0, LOW(BIOS_EXCVEC_BASE)($k0)
	nop
	addu	$k0, $k0, $k1
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
	sw	$t2, S_STATUS($k0)
	sw	$t3, S_PC($k0)

	/* The refill's code, if there is one, in place of the processor's. */
	lui	$t4, MMIO_HIGH
	lw	$t4, LOW(BIOS_SCRATCH_BASE)($t4)
	nop
	lw	$t5, X_CAUSE($t4)
	sw	$0, X_CAUSE($t4)
	beq	$t5, $0, 1f
	addiu	$t6, $0, ~CAUSE_EXCCODE_MASK
	and	$t1, $t1, $t6
	sll	$t5, $t5, CAUSE_EXCCODE_BIT
	or	$t1, $t1, $t5
1:	sw	$t1, S_CAUSE($k0)
	b	load_from_k0
	addiu	$k0, $k0, STATE_SIZE

/* Service 1: a1 = a state record. */
load_state:
	SPEND(T_LDST)
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
	nop
	srl	$k1, $k1, 2			/* the current mode comes from the pop below */
	sll	$k1, $k1, 2
	mtc0	$k1, $CP0_Status
	lw	$k0, S_PC($k0)			/* with VMc of that Status */
	nop
	jr	$k0
	rfe

/* Service 0: v0 = EntryHi, a1 = Status, a2 = program counter, a3 = Cause. */
fork:
	SPEND(T_FORK)
	mtc0	$v0, $CP0_EntryHi
	mtc0	$a3, $CP0_Cause
	lui	$k0, (~STATUS_VMc >> 16) & 0xFFFF
	ori	$k0, $k0, ~(STATUS_KUc | STATUS_IEc) & 0xFFFF
	and	$k0, $k0, $a1
	mtc0	$k0, $CP0_Status
	nop
	jr	$a2
	rfe

/*
 * TLB refill, from 0x000 with MMIO_HIGH in k1. a0: EntryHi of the fault, a1: page table, then an
 * entry of it, a2: its address, then entries left, k1: scratch memory.
 */
refill:
	lw	$k1, LOW(BIOS_SCRATCH_BASE)($k1)
	nop
	sw	$0, X_CAUSE($k1)
	sw	$a0, X_A0($k1)
	sw	$a1, X_A1($k1)
	sw	$a2, X_A2($k1)
	sw	$a3, X_A3($k1)
	mfc0	$a0, $CP0_EntryHi
	nop

	/* Column of the segment table, in 2, 5, 9 and 10 ticks. */
	srl	$a1, $a0, 30
	beq	$a1, $0, 1f
	addiu	$a2, $0, 0
	addiu	$a3, $a1, -1
	beq	$a3, $0, 1f
	nop
	nop
	addiu	$a3, $a1, -2
	beq	$a3, $0, 1f
	addiu	$a2, $0, 4
	addiu	$a2, $0, 8
1:
	/* The row of the address space, in 6 ticks for each before it. */
	lui	$a3, BIOS_SEGMENT_TABLE >> 16
	or	$a2, $a2, $a3
	andi	$a1, $a0, ENTRYHI_ASID_MASK
	srl	$a1, $a1, ENTRYHI_ASID_BIT
2:	beq	$a1, $0, 3f
	nop
	addiu	$a2, $a2, 12
	addiu	$a1, $a1, -1
	b	2b
	nop
3:	lw	$a1, LOW(BIOS_SEGMENT_TABLE)($a2)

	/* Is that a page table, and all of it in RAM? */
	lui	$k0, MMIO_HIGH
	andi	$a3, $a1, 3
	bne	$a3, $0, bad_table
	lui	$a2, RAM_BASE >> 16
	sltu	$a3, $a1, $a2
	bne	$a3, $0, bad_table
	lw	$k0, LOW(BUS_REG_RAM_SIZE)($k0)
	nop
	addu	$k0, $k0, $a2			/* the end of RAM */
	sltu	$a3, $a1, $k0
	beq	$a3, $0, bad_table
	nop
	lw	$a2, 0($a1)
	subu	$k0, $k0, $a1
	srl	$a3, $a2, 24
	xori	$a3, $a3, TABLE_MAGIC
	bne	$a3, $0, bad_table
	sll	$a2, $a2, 8
	srl	$a3, $a2, 5			/* 8 * count */
	addiu	$k0, $k0, -4
	subu	$k0, $k0, $a3
	blez	$k0, bad_table
	srl	$a2, $a2, 8
	beq	$a2, $0, table_miss
	addiu	$a1, $a1, 4
	SPEND(T_REFILL)

next_entry:					/* 15 ticks, 20 if it has G */
	lw	$a3, 0($a1)
	nop
	beq	$a3, $a0, found
	lw	$a3, 4($a1)
	nop
	andi	$a3, $a3, ENTRYLO_GLOBAL
	bne	$a3, $0, global_entry
	nop
not_this:
	addiu	$a2, $a2, -1
	addiu	$a1, $a1, 8
	SPEND(3)
	bgtz	$a2, next_entry
	nop
	SPEND(T_MISS)
table_miss:
	b	failed
	addiu	$a2, $0, EXC_PTMS

global_entry:
	lw	$a3, 0($a1)
	srl	$k0, $a0, ENTRYHI_VPN_BIT
	srl	$a3, $a3, ENTRYHI_VPN_BIT
	bne	$a3, $k0, not_this
	nop
	SPEND(T_GLOBAL)
found:
	lw	$a2, 0($a1)
	lw	$a3, 4($a1)
	mtc0	$a2, $CP0_EntryHi
	mtc0	$a3, $CP0_EntryLo
	nop
	tlbwr
	mtc0	$a0, $CP0_EntryHi
	SPEND(T_FOUND)
	lw	$a0, X_A0($k1)
	lw	$a1, X_A1($k1)
	lw	$a2, X_A2($k1)
	lw	$a3, X_A3($k1)
	mfc0	$k0, $CP0_EPC
	nop
	jr	$k0
	rfe

bad_table:
	addiu	$a2, $0, EXC_BDPT
failed:
	sw	$a2, X_CAUSE($k1)
	lw	$a0, X_A0($k1)
	lw	$a1, X_A1($k1)
	lw	$a2, X_A2($k1)
	lw	$a3, X_A3($k1)
	b	general
	nop

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
	addiu	$s2, $0, BUSY
next_character:					/* 10 ticks, and 4 for each look */
	lbu	$t0, 0($s0)
	nop
	beq	$t0, $0, stop
	sll	$t0, $t0, 8
	ori	$t0, $t0, TRANSMIT
wait_transmitter:
	lw	$t1, TRANSM_STATUS($s1)
	nop
	beq	$t1, $s2, wait_transmitter
	nop
	sw	$t0, TRANSM_COMMAND($s1)
	SPEND(2)
	b	next_character
	addiu	$s0, $s0, 1
stop:
	b	stop
	nop

/* Processor n has its scratch memory n times its size before that of processor 0. */
secondary_start:
	nop
	sll	$t0, $t0, 5
	lui	$t1, BIOS_LEGACY_SCRATCH_BASE >> 16
	ori	$t1, $t1, LOW(BIOS_LEGACY_SCRATCH_BASE)
	subu	$t1, $t1, $t0
	lui	$t2, MMIO_HIGH
	sw	$t1, LOW(BIOS_SCRATCH_BASE)($t2)
	lw	$t3, X_AREAS($t1)
	lw	$k0, X_STATE($t1)
	sw	$t3, LOW(BIOS_EXCVEC_BASE)($t2)
	SPEND(T_SECONDARY)
	b	load_from_k0
	nop
