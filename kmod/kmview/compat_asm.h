/* SPDX-License-Identifier: GPL-2.0-only */
/* compat.h for the assembler. */
#ifndef KMVIEW_COMPAT_ASM_H
#define KMVIEW_COMPAT_ASM_H

#include <linux/version.h>

/* Where the current task is found. 6.2 put it into pcpu_hot, as its first member; 6.15 took it out again. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0) || LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define KMVIEW_CURRENT PER_CPU_VAR(current_task)
#else
#define KMVIEW_CURRENT PER_CPU_VAR(pcpu_hot)
#endif

/* 6.15: a function that the linker sees pointed to needs its mark said; before, SYM_FUNC_START set it. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#include <asm/ibt.h>
#define KMVIEW_ENDBR ENDBR
#else
#define KMVIEW_ENDBR
#endif

#endif
