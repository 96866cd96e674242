/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the execution ROM and a kernel agree on: service numbers of BREAK, and where the saved
 * states and the pass up vectors of the processors are. Usable from C and from assembler.
 */
#ifndef UMPS_BIOS_DEFS_H
#define UMPS_BIOS_DEFS_H

#include "umps/arch.h"

#if UMPS_VARIANT == 2
#define BIOS_SRV_FORK 0
#else
#define BIOS_SRV_LDCXT 0
#endif
#define BIOS_SRV_LDST  1
#define BIOS_SRV_PANIC 2
#define BIOS_SRV_HALT  3

#if UMPS_VARIANT == 2
/*
 * Each processor's copies hold the addresses of its eight state areas (old and new: interrupt, TLB,
 * program trap, SYSCALL and BREAK) and of its scratch memory; those of processor 0 follow.
 */
#define BIOS_EXCVEC_BASE	  CPUCTL_BIOS_RES_0
#define BIOS_SCRATCH_BASE	  CPUCTL_BIOS_RES_1
#define BIOS_LEGACY_EXCVEC_BASE	  0x20000000
#define BIOS_LEGACY_SCRATCH_BASE  0x20000FE0
#define BIOS_CPU_SCRATCH_RAM_SIZE 32

/* 64 address spaces of three words: page tables of ksegOS, kUseg2, kUseg3. */
#define BIOS_SEGMENT_TABLE 0x20000500

#else
/* Each processor's copies hold the addresses of its saved state and of its pass up vector. */
#define BIOS_PC_AREA_BASE	 CPUCTL_BIOS_RES_1
#define BIOS_EXCPT_VECT_BASE	 CPUCTL_BIOS_RES_0

/* 35 words of saved state per processor, then from +0x900 four words of vector per processor. */
#define BIOS_DATA_PAGE_BASE	 0x0FFFF000
#define BIOS_EXEC_HANDLERS_ADDRS 0x0FFFF900
#endif

#endif
