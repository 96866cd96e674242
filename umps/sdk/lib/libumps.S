/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The support library of umps/libumps.h. Every access to coprocessor 0 has a NOP on either side, so
 * that the machine's one-instruction delays never show to the caller.
 */
#include "umps/arch.h"
#include "umps/bios_defs.h"
#include "umps/cp0.h"
#include "umps/regdef.h"

#define STATE_SIZE	   140
#define SECONDARY_START	   0x100	/* where the execution ROM starts other processors */
#define FUNCTION(name)	   .globl name; .type name, @function; .ent name; name:
#define END(name)	   .end name; .size name, . - name

/* unsigned int name(void): reads a register. */
#define GETTER(name, register)	\
	FUNCTION(name);		\
	mfc0	$v0, $register;	\
	nop;			\
	jr	$ra;		\
	nop;			\
	END(name)

/* unsigned int name(unsigned int value): writes a register, returns what it holds then. */
#define SETTER(name, register)	\
	FUNCTION(name);		\
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
	nop
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
	sw	$v0, 20($a0)
	sw	$v1, 24($a0)
	sw	$a0, 28($a0)
	sw	$a1, 32($a0)
	sw	$a2, 36($a0)
	sw	$a3, 40($a0)
	sw	$t0, 44($a0)
	sw	$t1, 48($a0)
	sw	$t2, 52($a0)
	sw	$t3, 56($a0)
	sw	$t4, 60($a0)
	sw	$t5, 64($a0)
	sw	$t6, 68($a0)
	sw	$t7, 72($a0)
	sw	$s0, 76($a0)
	sw	$s1, 80($a0)
	sw	$s2, 84($a0)
	sw	$s3, 88($a0)
	sw	$s4, 92($a0)
	sw	$s5, 96($a0)
	sw	$s6, 100($a0)
	sw	$s7, 104($a0)
	sw	$t8, 108($a0)
	sw	$t9, 112($a0)
	sw	$gp, 116($a0)
	sw	$sp, 120($a0)
	sw	$fp, 124($a0)
	sw	$ra, 128($a0)
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
