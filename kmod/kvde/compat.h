/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between kernels. */
#ifndef KVDE_COMPAT_H
#define KVDE_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#endif
