// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tables of calls: which function of this kernel serves which number, for each ABI.
 *
 * The tables are the kernel's own (its build generates them), so numbers and names are always those of the kernel that
 * the module is built for.
 */
#include <linux/kernel.h>

#include "hook.h"

#define __SYSCALL_NORETURN __SYSCALL

struct kmview_site kmview_sites[KMVIEW_ABIS][KMVIEW_CALLS] = {
	[KMVIEW_ABI_X64] = {
#define __SYSCALL(nr, sym) [nr] = { .symbol = "__x64_" #sym },
#include <asm/syscalls_64.h>
#undef __SYSCALL
	},
#ifdef CONFIG_IA32_EMULATION
	[KMVIEW_ABI_IA32] = {
#define __SYSCALL(nr, sym)			   [nr] = { .symbol = "__ia32_" #sym },
#define __SYSCALL_WITH_COMPAT(nr, sym, compat)	   [nr] = { .symbol = "__ia32_" #compat },
#define __SYSCALL_COMPAT_NORETURN(nr, sym, compat) [nr] = { .symbol = "__ia32_" #compat },
#include <asm/syscalls_32.h>
#undef __SYSCALL_WITH_COMPAT
#undef __SYSCALL_COMPAT_NORETURN
#undef __SYSCALL
	},
#endif
#ifdef CONFIG_X86_X32_ABI
	[KMVIEW_ABI_X32] = {
#define __SYSCALL(nr, sym) [nr] = { .symbol = "__x64_" #sym },
#include <asm/syscalls_x32.h>
#undef __SYSCALL
	},
#endif
};
