/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Coprocessor 0: register numbers and the fields of Status, Cause, EntryHi and EntryLo. Plain
 * constants, usable from C and from assembler.
 */
#ifndef UMPS_CP0_H
#define UMPS_CP0_H

#include "umps/variant.h"

#define CP0_Index    0
#define CP0_Random   1
#define CP0_EntryLo  2
#define CP0_BadVAddr 8
#define CP0_Timer    9
#define CP0_EntryHi  10
#define CP0_Status   12
#define CP0_Cause    13
#define CP0_EPC	     14
#define CP0_PRID     15

/* Status: a stack of three (mode, interrupt enable) pairs, interrupt mask, switches. */
#define STATUS_IEc_BIT 0
#define STATUS_IEc     0x00000001
#define STATUS_KUc_BIT 1
#define STATUS_KUc     0x00000002
#define STATUS_IEp_BIT 2
#define STATUS_IEp     0x00000004
#define STATUS_KUp_BIT 3
#define STATUS_KUp     0x00000008
#define STATUS_IEo_BIT 4
#define STATUS_IEo     0x00000010
#define STATUS_KUo_BIT 5
#define STATUS_KUo     0x00000020

#define STATUS_IM_MASK	    0x0000FF00
#define STATUS_IM_BIT(line) (8 + (line))
#define STATUS_IM(line)	    (1 << STATUS_IM_BIT(line))

#define STATUS_BEV_BIT 22
#define STATUS_BEV     0x00400000
#if UMPS_VARIANT ==                                                                                \
	2 /* virtual memory is on: now, before the last exception, before the one before */
#define STATUS_VMc_BIT 24
#define STATUS_VMc     0x01000000
#define STATUS_VMp_BIT 25
#define STATUS_VMp     0x02000000
#define STATUS_VMo_BIT 26
#define STATUS_VMo     0x04000000
#endif
#define STATUS_TE_BIT  27
#define STATUS_TE      0x08000000
#define STATUS_CU0_BIT 28
#define STATUS_CU0     0x10000000
#define STATUS_CU1_BIT 29
#define STATUS_CU1     0x20000000
#define STATUS_CU2_BIT 30
#define STATUS_CU2     0x40000000
#define STATUS_CU3_BIT 31
#define STATUS_CU3     0x80000000

/* Cause: why the last exception was taken, and the pending interrupt lines. */
#define CAUSE_EXCCODE_BIT	 2
#define CAUSE_EXCCODE_MASK	 0x0000007C
#define CAUSE_GET_EXCCODE(cause) (((cause)&CAUSE_EXCCODE_MASK) >> CAUSE_EXCCODE_BIT)
#define CAUSE_IP_MASK		 0x0000FF00
#define CAUSE_IP_BIT(line)	 (8 + (line))
#define CAUSE_IP(line)		 (1 << CAUSE_IP_BIT(line))
#define CAUSE_CE_BIT		 28
#define CAUSE_CE_MASK		 0x30000000
#define CAUSE_GET_CE(cause)	 (((cause)&CAUSE_CE_MASK) >> CAUSE_CE_BIT)
#define CAUSE_BD_BIT		 31
#define CAUSE_BD		 0x80000000

/*
 * Exception codes. The names of 6 and 7 are those of MIPS; this machine delivers 6 for a bus error
 * on data and 7 for one on an instruction fetch.
 */
#define EXC_INT	 0
#define EXC_MOD	 1
#define EXC_TLBL 2
#define EXC_TLBS 3
#define EXC_ADEL 4
#define EXC_ADES 5
#define EXC_IBE	 6
#define EXC_DBE	 7
#define EXC_SYS	 8
#define EXC_BP	 9
#define EXC_RI	 10
#define EXC_CPU	 11
#define EXC_OV	 12
#if UMPS_VARIANT == 2 /* from the ROM's TLB refill: bad page table, page table miss */
#define EXC_BDPT 13
#define EXC_PTMS 14
#endif

/* EntryHi: virtual page and address space. */
#define ENTRYHI_SEGNO_BIT	   30
#define ENTRYHI_SEGNO_MASK	   0xC0000000
#define ENTRYHI_GET_SEGNO(entryhi) (((entryhi)&ENTRYHI_SEGNO_MASK) >> ENTRYHI_SEGNO_BIT)
#define ENTRYHI_VPN_BIT		   12
#define ENTRYHI_VPN_MASK	   0x3FFFF000
#define ENTRYHI_GET_VPN(entryhi)   (((entryhi)&ENTRYHI_VPN_MASK) >> ENTRYHI_VPN_BIT)
#define ENTRYHI_ASID_BIT	   6
#define ENTRYHI_ASID_MASK	   0x00000FC0
#define ENTRYHI_GET_ASID(entryhi)  (((entryhi)&ENTRYHI_ASID_MASK) >> ENTRYHI_ASID_BIT)

/* EntryLo: frame and its permissions. */
#define ENTRYLO_PFN_BIT		 12
#define ENTRYLO_PFN_MASK	 0xFFFFF000
#define ENTRYLO_GET_PFN(entrylo) (((entrylo)&ENTRYLO_PFN_MASK) >> ENTRYLO_PFN_BIT)
#define ENTRYLO_DIRTY_BIT	 10
#define ENTRYLO_DIRTY		 0x00000400
#define ENTRYLO_VALID_BIT	 9
#define ENTRYLO_VALID		 0x00000200
#define ENTRYLO_GLOBAL_BIT	 8
#define ENTRYLO_GLOBAL		 0x00000100

#endif
