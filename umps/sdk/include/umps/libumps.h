/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The support library: processor instructions that C cannot express, and the services of the
 * execution ROM. Link libumps.o.
 */
#ifndef UMPS_LIBUMPS_H
#define UMPS_LIBUMPS_H

#include "umps/variant.h"

/*
 * Executes SYSCALL with the four arguments in a0 to a3; returns what the handler left in the saved
 * v0. Works in user mode.
 */
extern unsigned int SYSCALL(unsigned int number, unsigned int arg1, unsigned int arg2,
			    unsigned int arg3);

/* Coprocessor 0 registers. Kernel mode, or Status.CU0. */
extern unsigned int getINDEX(void);
extern unsigned int getRANDOM(void);
extern unsigned int getENTRYLO(void);
extern unsigned int getBADVADDR(void);
extern unsigned int getTIMER(void);
extern unsigned int getENTRYHI(void);
extern unsigned int getSTATUS(void);
extern unsigned int getCAUSE(void);
extern unsigned int getEPC(void);
extern unsigned int getPRID(void);

/* Each writes the register and returns what it then holds. */
extern unsigned int setINDEX(unsigned int index);
extern unsigned int setENTRYLO(unsigned int entrylo);
extern unsigned int setTIMER(unsigned int timer);
extern unsigned int setENTRYHI(unsigned int entryhi);
extern unsigned int setSTATUS(unsigned int status);
extern unsigned int setCAUSE(unsigned int cause);

/*
 * The TLB: write the entry that Random or Index names from EntryHi and EntryLo, search for EntryHi
 * (Index bit 31 is set when absent), read the entry Index names, clear all but entry 0.
 */
extern void TLBWR(void);
extern void TLBWI(void);
extern void TLBP(void);
extern void TLBR(void);
extern void TLBCLR(void);

/* Sleep until an interrupt line is asserted, masked or not. */
extern void WAIT(void);

/*
 * If *address holds old, stores new there and returns 1; otherwise returns 0. Atomic among
 * processors. RAM only.
 */
extern int CAS(volatile unsigned int *address, unsigned int old, unsigned int new_value);

#if UMPS_VARIANT == 2
/*
 * Continue at pc with this EntryHi and Status, and with the general registers and Cause of *state;
 * the previous mode bits of status become current. pc sees a0 to a3 changed.
 */
extern void FORK(unsigned int entryhi, unsigned int status, unsigned int pc, void *state);
#else
/* Continue at pc with this stack and Status; the previous mode bits of status become current. */
extern void LDCXT(unsigned int stack, unsigned int status, unsigned int pc);
#endif

/* Continue in this state (physical address). */
extern void LDST(void *state);

/* Write the present state, with PC 0, to *state; returns its own return address. */
extern unsigned int STST(void *state);

/* Print a message on terminal 0 and stop for ever: after an error; at the end. */
extern void PANIC(void);
extern void HALT(void);

#if UMPS_VARIANT == 2
/* Start processor cpuid in *state; its exceptions use the eight state areas at *areas. */
extern void INITCPU(unsigned int cpuid, void *state, void *areas);
#else
/* Start processor cpuid in this state. */
extern void INITCPU(unsigned int cpuid, void *state);
#endif

#endif
