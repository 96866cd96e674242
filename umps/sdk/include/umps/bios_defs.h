/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the execution ROM and a kernel agree on: service numbers of BREAK, and where the saved
 * states and the pass up vectors of the processors are. Usable from C and from assembler.
 */
#ifndef UMPS_BIOS_DEFS_H
#define UMPS_BIOS_DEFS_H

#include "umps/arch.h"

#define BIOS_SRV_LDCXT 0
#define BIOS_SRV_LDST  1
#define BIOS_SRV_PANIC 2
#define BIOS_SRV_HALT  3

/* Each processor's copies hold the addresses of its saved state and of its pass up vector. */
#define BIOS_PC_AREA_BASE    CPUCTL_BIOS_RES_1
#define BIOS_EXCPT_VECT_BASE CPUCTL_BIOS_RES_0

/* 35 words of saved state per processor, then from +0x900 four words of vector per processor. */
#define BIOS_DATA_PAGE_BASE	 0x0FFFF000
#define BIOS_EXEC_HANDLERS_ADDRS 0x0FFFF900

#endif
