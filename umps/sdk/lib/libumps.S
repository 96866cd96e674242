/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The support library of umps/libumps.h.
 *
 * Where the instructions of a routine stand is part of its interface, not only what they compute.
 * A kernel whose SYSCALL handler adds 4 to the saved PC twice comes back two words behind the
 * `syscall`: the `jr` must be there, not the next routine. A kernel that measures itself counts
 * the instructions, and the addresses of all that is linked behind this file follow from its size.
 * So the routines, their order, offsets and lengths are those of uMPS3 3.0.5: a kernel linked with
 * either library is the same, byte for byte.
 *
 * Each access to coprocessor 0 has a NOP on either side, so that the machine's one-instruction
 * delays never show to the caller.
 */
#include "umps/arch.h"
#include "umps/bios_defs.h"
#include "umps/cp0.h"
#include "umps/regdef.h"

/* A state record: see umps/types.h. */
#define STATE_SIZE	140
#define STATE_ENTRY_HI	0
#define STATE_CAUSE	4
#define STATE_STATUS	8
#define STATE_PC	12
#define STATE_GPR(n)	(12 + (n) * 4)	/* $1 to $25 */
#define STATE_GPR_HIGH(n) (4 + (n) * 4)	/* $28 to $31: k0 and k1 have no place */
#define STATE_HI	132
#define STATE_LO	136

#define SECONDARY_START 0x100		/* where the execution ROM starts other processors */

#define FUNCTION(name)	.globl name; .type name, @function; .ent name; name:
#define END(name)	.end name; .size name, . - name

/* How every routine but CAS ends: a NOP, then the return. */
#define RETURN		nop; jr $ra; nop

/* unsigned int name(void): reads a register. */
#define GETTER(name, register)	\
	FUNCTION(name);		\
	nop;			\
	mfc0	$v0, $register;	\
	RETURN;			\
	END(name)

/* unsigned int name(unsigned int value): writes a register, returns what it holds then. */
#define SETTER(name, register)	\
	FUNCTION(name);		\
	nop;			\
	mtc0	$a0, $register;	\
	nop;			\
	mfc0	$v0, $register;	\
	RETURN;			\
	END(name)

/* void name(void): one instruction between NOPs. */
#define OPERATION(name, instruction)	\
	FUNCTION(name);			\
	nop;				\
	instruction;			\
	RETURN;				\
	END(name)

/* A service of the execution ROM. Arguments, where it has some, were moved one register up. */
#define SERVICE(number)		\
	li	$a0, number;	\
	break;			\
	RETURN

	.text
	.set	noreorder
	.set	noat

OPERATION(SYSCALL, syscall)

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
OPERATION(TLBCLR, .word 0x40842000)	/* mtc0 to register 4; the value does not matter */
OPERATION(WAIT, .word 0x42000020)

/* The compare-and-set instruction has the encoding that MIPS32 gives to MOVN. */
FUNCTION(CAS)
	.set	push
	.set	mips32
	movn	$a2, $a0, $a1
	.set	pop
	move	$v0, $a2
	jr	$ra
	nop
END(CAS)

#if UMPS_VARIANT == 2
/* All general registers of the state but those that carry arguments; a3 becomes its Cause. */
FUNCTION(FORK)
	move	$v0, $a0
	lw	$1, STATE_GPR(1)($a3)
	lw	$3, STATE_GPR(3)($a3)
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25
	lw	$\n, STATE_GPR(\n)($a3)
	.endr
	.irp	n, 28, 29, 30, 31
	lw	$\n, STATE_GPR_HIGH(\n)($a3)
	.endr
	lw	$a3, STATE_CAUSE($a3)
	SERVICE(BIOS_SRV_FORK)
END(FORK)
#else
FUNCTION(LDCXT)
	move	$a3, $a2
	move	$a2, $a1
	move	$a1, $a0
	SERVICE(BIOS_SRV_LDCXT)
END(LDCXT)
#endif

/*
 * Changes v0 only, so that the state it writes is the caller's; v0, v1 and a1 are used once they
 * are in the record, the latter two are loaded from there again.
 */
FUNCTION(STST)
	sw	$1, STATE_GPR(1)($a0)
	sw	$2, STATE_GPR(2)($a0)
	mfc0	$v0, $CP0_Cause
	nop
	sw	$v0, STATE_CAUSE($a0)
	.irp	n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25
	sw	$\n, STATE_GPR(\n)($a0)
	.endr
	.irp	n, 28, 29, 30, 31
	sw	$\n, STATE_GPR_HIGH(\n)($a0)
	.endr
	mfhi	$a1
	sw	$a1, STATE_HI($a0)
	mflo	$a1
	sw	$a1, STATE_LO($a0)
	mfc0	$v0, $CP0_EntryHi
	nop
	sw	$v0, STATE_ENTRY_HI($a0)
	mfc0	$v0, $CP0_Status
	nop
	sw	$v0, STATE_STATUS($a0)
	sw	$0, STATE_PC($a0)
	lw	$v1, STATE_GPR(3)($a0)
	lw	$a1, STATE_GPR(5)($a0)
	move	$v0, $ra
	jr	$ra
	nop
END(STST)

FUNCTION(HALT)
	SERVICE(BIOS_SRV_HALT)
END(HALT)

FUNCTION(PANIC)
	SERVICE(BIOS_SRV_PANIC)
END(PANIC)

FUNCTION(LDST)
	move	$a1, $a0
	SERVICE(BIOS_SRV_LDST)
END(LDST)

#if UMPS_VARIANT == 2
FUNCTION(INITCPU)
	li	$t0, MCTL_BOOT_PC
	li	$t1, SECONDARY_START
	sw	$t1, 0($t0)
	sll	$t0, $a0, 5			/* times BIOS_CPU_SCRATCH_RAM_SIZE */
	li	$t1, BIOS_LEGACY_SCRATCH_BASE
	subu	$t0, $t1, $t0
	sw	$a1, 4($t0)
	sw	$a2, 8($t0)
	li	$t0, MCTL_RESET_CPU
	sw	$a0, 0($t0)
	jr	$ra
	nop
END(INITCPU)
#else
FUNCTION(INITCPU)
	li	$t0, MCTL_BOOT_PC
	li	$t1, SECONDARY_START
	sw	$t1, 0($t0)
	li	$t0, STATE_SIZE
	mult	$t0, $a0
	mflo	$t0
	li	$t1, BIOS_DATA_PAGE_BASE
	add	$t0, $t1, $t0
	sw	$a1, 0($t0)
	li	$t0, MCTL_RESET_CPU
	sw	$a0, 0($t0)
	jr	$ra
	nop
END(INITCPU)
#endif
