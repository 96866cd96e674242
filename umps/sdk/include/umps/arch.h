/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The physical address map: memory, bus registers, device registers, interrupt controller and
 * machine control. Plain constants, usable from C and from assembler.
 */
#ifndef UMPS_ARCH_H
#define UMPS_ARCH_H

#include "umps/variant.h"

#define WORD_SIZE 4
#define WS	  WORD_SIZE

/* Where things are; kseg0 holds the two ROMs and the registers, RAM starts at RAM_BASE. */
#define KSEG0_BASE	0x00000000
#define KSEG0_BIOS_BASE 0x00000000
#define MMIO_BASE	0x10000000
#define KSEG0_BOOT_BASE 0x1FC00000
#define RAM_BASE	0x20000000
#define KUSEG_BASE	0x80000000
#if UMPS_VARIANT == 2
#define KSEGOS_BASE 0x00000000
#define KUSEG2_BASE 0x80000000
#define KUSEG3_BASE 0xC0000000
#endif

/* Interrupt lines. Lines from DEV_IL_START on each serve eight devices of one class. */
#define N_INTERRUPT_LINES 8
#define N_IL		  N_INTERRUPT_LINES
#define N_EXT_IL	  5
#define N_DEV_PER_IL	  8
#define DEV_IL_START	  (N_IL - N_EXT_IL)
#define EXT_IL_INDEX(il)  ((il)-DEV_IL_START)

#define IL_IPI	    0
#define IL_CPUTIMER 1
#define IL_TIMER    2
#define IL_DISK	    3
#if UMPS_VARIANT == 2
#define IL_TAPE 4
#else
#define IL_FLASH 4
#endif
#define IL_ETHERNET 5
#define IL_PRINTER  6
#define IL_TERMINAL 7

/* Bus registers. */
#define BUS_REG_RAM_BASE   (MMIO_BASE + 0x00)
#define BUS_REG_RAM_SIZE   (MMIO_BASE + 0x04)
#define BUS_REG_BIOS_BASE  (MMIO_BASE + 0x08)
#define BUS_REG_BIOS_SIZE  (MMIO_BASE + 0x0C)
#define BUS_REG_BOOT_BASE  (MMIO_BASE + 0x10)
#define BUS_REG_BOOT_SIZE  (MMIO_BASE + 0x14)
#define BUS_REG_TOD_HI	   (MMIO_BASE + 0x18)
#define BUS_REG_TOD_LO	   (MMIO_BASE + 0x1C)
#define BUS_REG_TIMER	   (MMIO_BASE + 0x20)
#define BUS_REG_TIME_SCALE (MMIO_BASE + 0x24)
#if UMPS_VARIANT == 2
#define BUS_REG_END (MMIO_BASE + 0x28)
#else
#define TLB_FLOOR_ADDR (MMIO_BASE + 0x28)
#define BUS_REG_END    (MMIO_BASE + 0x2C)
#endif

/* Bitmaps with one word per device line: installed devices, devices that want attention. */
#define IDEV_BITMAP_BASE     BUS_REG_END
#define IDEV_BITMAP_END	     (IDEV_BITMAP_BASE + N_EXT_IL * WS)
#define IDEV_BITMAP_ADDR(il) (IDEV_BITMAP_BASE + EXT_IL_INDEX(il) * WS)
#define CDEV_BITMAP_BASE     IDEV_BITMAP_END
#define CDEV_BITMAP_END	     (CDEV_BITMAP_BASE + N_EXT_IL * WS)
#define CDEV_BITMAP_ADDR(il) (CDEV_BITMAP_BASE + EXT_IL_INDEX(il) * WS)

/* Device registers: four words per device. */
#define DEV_REG_SIZE_W 4
#define DEV_REG_SIZE   (DEV_REG_SIZE_W * WS)
#define DEV_REG_START  CDEV_BITMAP_END
#define DEV_REG_ADDR(il, dev)                                                                      \
	(DEV_REG_START + (EXT_IL_INDEX(il) * N_DEV_PER_IL + (dev)) * DEV_REG_SIZE)
#define DEV_REG_END (DEV_REG_START + N_EXT_IL * N_DEV_PER_IL * DEV_REG_SIZE)

/* Interrupt routing table: one word per source, which processor gets its interrupts. */
#define IRT_BASE	   (MMIO_BASE + 0x300)
#define IRT_END		   (IRT_BASE + (N_IL - IL_TIMER) * N_DEV_PER_IL * WS)
#define IRT_ENTRY(il, dev) (IRT_BASE + (((il)-IL_TIMER) * N_DEV_PER_IL + (dev)) * WS)

#define IRT_POLICY_FIXED   0
#define IRT_POLICY_DYNAMIC 1

#define IRT_ENTRY_POLICY_BIT	    28
#define IRT_ENTRY_POLICY_MASK	    0x10000000
#define IRT_ENTRY_GET_POLICY(entry) (((entry)&IRT_ENTRY_POLICY_MASK) >> IRT_ENTRY_POLICY_BIT)
#define IRT_ENTRY_DEST_BIT	    0
#define IRT_ENTRY_DEST_MASK	    0x0000FFFF
#define IRT_ENTRY_GET_DEST(entry)   (((entry)&IRT_ENTRY_DEST_MASK) >> IRT_ENTRY_DEST_BIT)

/* Registers that each processor sees its own copy of. */
#define CPUCTL_BASE	  (MMIO_BASE + 0x400)
#define CPUCTL_INBOX	  (CPUCTL_BASE + 0x00)
#define CPUCTL_OUTBOX	  (CPUCTL_BASE + 0x04)
#define CPUCTL_TPR	  (CPUCTL_BASE + 0x08)
#define CPUCTL_BIOS_RES_0 (CPUCTL_BASE + 0x0C)
#define CPUCTL_BIOS_RES_1 (CPUCTL_BASE + 0x10)
#define CPUCTL_END	  (CPUCTL_BASE + 0x14)

#define CPUCTL_INBOX_MSG_BIT	    0
#define CPUCTL_INBOX_MSG_MASK	    0x000000FF
#define CPUCTL_INBOX_GET_MSG(inbox) (((inbox)&CPUCTL_INBOX_MSG_MASK) >> CPUCTL_INBOX_MSG_BIT)
#define CPUCTL_INBOX_ORIGIN_BIT	    8
#define CPUCTL_INBOX_ORIGIN_MASK    0x00000F00
#define CPUCTL_INBOX_GET_ORIGIN(inbox)                                                             \
	(((inbox)&CPUCTL_INBOX_ORIGIN_MASK) >> CPUCTL_INBOX_ORIGIN_BIT)
#define CPUCTL_OUTBOX_MSG_BIT	      0
#define CPUCTL_OUTBOX_MSG_MASK	      0x000000FF
#define CPUCTL_OUTBOX_RECIP_BIT	      8
#define CPUCTL_OUTBOX_RECIP_MASK      0x00FFFF00
#define CPUCTL_OUTBOX_GET_MSG(outbox) (((outbox)&CPUCTL_OUTBOX_MSG_MASK) >> CPUCTL_OUTBOX_MSG_BIT)
#define CPUCTL_OUTBOX_GET_RECIP(outbox)                                                            \
	(((outbox)&CPUCTL_OUTBOX_RECIP_MASK) >> CPUCTL_OUTBOX_RECIP_BIT)
#define CPUCTL_TPR_PRIORITY_MASK 0x0000000F

/* Machine control. */
#define MCTL_BASE		  (MMIO_BASE + 0x500)
#define MCTL_NCPUS		  (MCTL_BASE + 0x00)
#define MCTL_RESET_CPU		  (MCTL_BASE + 0x04)
#define MCTL_RESET_CPU_CPUID_MASK 0x0000000F
#define MCTL_BOOT_PC		  (MCTL_BASE + 0x08)
#define MCTL_DEFAULT_BOOT_PC	  KSEG0_BOOT_BASE
#define MCTL_BOOT_SP		  (MCTL_BASE + 0x0C)
#define MCTL_DEFAULT_BOOT_SP	  0x00000000
#define MCTL_HALT_CPU		  (MCTL_BASE + 0x10)
#define MCTL_POWER		  (MCTL_BASE + 0x14)
#define MCTL_END		  (MCTL_BASE + 0x18)

#define MMIO_END MCTL_END

#endif
