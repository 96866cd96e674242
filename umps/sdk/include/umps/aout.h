/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The header of a program image (.aout.umps, and inside .core.umps): word numbers. All sizes and
 * offsets are bytes. Usable from C and from assembler.
 */
#ifndef UMPS_AOUT_H
#define UMPS_AOUT_H

/* A core file starts with its magic word and this many pages of zeros. */
#define N_BIOS_PAGES  1
#define CORE_HDR_SIZE (N_BIOS_PAGES * 1024 + 1)

#define AOUT_HE_TAG	    0
#define AOUT_HE_ENTRY	    1
#define AOUT_HE_TEXT_VADDR  2
#define AOUT_HE_TEXT_MEMSZ  3
#define AOUT_HE_TEXT_OFFSET 4
#define AOUT_HE_TEXT_FILESZ 5
#define AOUT_HE_DATA_VADDR  6
#define AOUT_HE_DATA_MEMSZ  7
#define AOUT_HE_DATA_OFFSET 8
#define AOUT_HE_DATA_FILESZ 9
#define AOUT_HE_GP_VALUE    42

#define N_AOUT_HDR_ENT 43

#endif
