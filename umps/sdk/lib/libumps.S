/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The support library of umps/libumps.h. Every access to coprocessor 0 has a NOP on either side, so
 * that the machine's one-instruction delays never show to the caller. Every function takes the ticks
 * that kernels which measure themselves have always found it to take; where less would do, SPEND()
 * waits.
 */
#include "umps/arch.h"
#include "umps/bios_defs.h"
#include "umps/cp0.h"
#include "umps/regdef.h"

#define STATE_SIZE	   140
#define SECONDARY_START	   0x100	/* where the execution ROM starts other processors */
#define SPEND(ticks)	   .rept ticks; nop; .endr
#define FUNCTION(name)	   .globl name; .type name, @function; .ent name; name:
#define END(name)	   .end name; .size name, . - name

/* unsigned int name(void): reads a register. */
#define GETTER(name, register)	\
	FUNCTION(name);		\
	nop;			\
	mfc0	$v0, $register;	\
	nop;			\
	jr	$ra;		\
	nop;			\
	END(name)

/* unsigned int name(unsigned int value): writes a register, returns what it holds then. */
#define SETTER(name, register)	\
	FUNCTION(name);		\
	nop;			\
	mtc0	$a0, $register;	\
	nop;			\
	mfc0	$v0, $register;	\
	nop;			\
	jr	$ra;		\
	nop;			\
	END(name)

/* void name(void): one instruction of coprocessor 0. */
#define OPERATION(name, instruction)	\
	FUNCTION(name);			\
	nop;				\
	instruction;			\
	nop;				\
	jr	$ra;			\
	nop;				\
	END(name)

/* name(a, b, c): a service of the execution ROM; its arguments go one register up. */
#define SERVICE(name, number)		\
	FUNCTION(name);			\
	addu	$a3, $a2, $0;		\
	addu	$a2, $a1, $0;		\
	addu	$a1, $a0, $0;		\
	addiu	$a0, $0, number;	\
	break;				\
	nop;				\
	jr	$ra;			\
	nop;				\
	END(name)

	.text
	.set	noreorder
	.set	noat

FUNCTION(SYSCALL)
	syscall
	jr	$ra
	nop
END(SYSCALL)

SERVICE(LDCXT, BIOS_SRV_LDCXT)
SERVICE(LDST, BIOS_SRV_LDST)
SERVICE(PANIC, BIOS_SRV_PANIC)
SERVICE(HALT, BIOS_SRV_HALT)

GETTER(getINDEX, CP0_Index)
GETTER(getRANDOM, CP0_Random)
GETTER(getENTRYLO, CP0_EntryLo)
GETTER(getBADVADDR, CP0_BadVAddr)
GETTER(getTIMER, CP0_Timer)
GETTER(getENTRYHI, CP0_EntryHi)
GETTER(getSTATUS, CP0_Status)
GETTER(getCAUSE, CP0_Cause)
GETTER(getEPC, CP0_EPC)
GETTER(getPRID, CP0_PRID)

SETTER(setINDEX, CP0_Index)
SETTER(setENTRYLO, CP0_EntryLo)
SETTER(setTIMER, CP0_Timer)
SETTER(setENTRYHI, CP0_EntryHi)
SETTER(setSTATUS, CP0_Status)
SETTER(setCAUSE, CP0_Cause)

OPERATION(TLBWR, tlbwr)
OPERATION(TLBWI, tlbwi)
OPERATION(TLBP, tlbp)
OPERATION(TLBR, tlbr)
OPERATION(TLBCLR, .word 0x40802000)	/* mtc0 $0, $4 */
OPERATION(WAIT, .word 0x42000020)

/* The compare-and-set instruction has the encoding that MIPS32 gives to MOVN. */
FUNCTION(CAS)
	.set	push
	.set	mips32
	movn	$a2, $a0, $a1
	.set	pop
	nop
	jr	$ra
	addu	$v0, $a2, $0
END(CAS)

/* Changes v0 only: a kernel may take its own registers' picture with it. */
FUNCTION(STST)
	sw	$1, 16($a0)
	mfc0	$1, $CP0_EntryHi
	nop
	sw	$1, 0($a0)
	mfc0	$1, $CP0_Cause
	nop
	sw	$1, 4($a0)
	mfc0	$1, $CP0_Status
	nop
	sw	$1, 8($a0)
	sw	$0, 12($a0)
	.irp	n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25
	sw	$\n, 12 + \n * 4($a0)
	.endr
	.irp	n, 28, 29, 30, 31		/* not k0 and k1 */
	sw	$\n, 4 + \n * 4($a0)
	.endr
	mfhi	$1
	nop
	sw	$1, 132($a0)
	mflo	$1
	nop
	sw	$1, 136($a0)
	lw	$1, 16($a0)
	jr	$ra
	addu	$v0, $ra, $0
END(STST)

FUNCTION(INITCPU)
	SPEND(3)
	addiu	$t0, $0, STATE_SIZE
	multu	$a0, $t0
	addiu	$t2, $0, SECONDARY_START
	lui	$t3, MCTL_BASE >> 16
	lui	$t4, (BIOS_DATA_PAGE_BASE + 0x8000) >> 16
	mflo	$t1
	nop
	addu	$t4, $t4, $t1
	sw	$t2, MCTL_BOOT_PC & 0xFFFF($t3)
	sw	$a1, BIOS_DATA_PAGE_BASE - 0x10000000($t4)
	sw	$a0, MCTL_RESET_CPU & 0xFFFF($t3)
	jr	$ra
	nop
END(INITCPU)
