/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_HOOK_H
#define KMVIEW_HOOK_H

#include <linux/types.h>

#include "uapi/kmview.h"

struct pt_regs;

/* What the module does itself at some calls of every session, after all managers. */
enum kmview_builtin {
	KMVIEW_BUILTIN_NONE,
	KMVIEW_BUILTIN_EXIT, /* does not return: no verdict can keep it from running */
	KMVIEW_BUILTIN_IO_URING,
	KMVIEW_BUILTIN_UNSHARE,
	KMVIEW_BUILTIN_MOUNT,
	KMVIEW_BUILTIN_UMOUNT,
	KMVIEW_BUILTIN_PIVOT_ROOT,
	KMVIEW_BUILTIN_FSOPEN,
	KMVIEW_BUILTIN_FSCONFIG,
	KMVIEW_BUILTIN_FSMOUNT,
	KMVIEW_BUILTIN_OPEN_TREE,
	KMVIEW_BUILTIN_MOVE_MOUNT,
	KMVIEW_BUILTIN_MOUNT_SETATTR,
};

/* A call, by table and number; what is known of the function that serves it. */
struct kmview_site {
	const char *symbol;
	unsigned long address; /* of its ftrace location; 0: not looked for, ULONG_MAX: there is none */
	u8 builtin;	       /* enum kmview_builtin */
};
extern struct kmview_site kmview_sites[KMVIEW_ABIS][KMVIEW_CALLS];

struct kmview_name {
	u16 abi;
	u16 nr;
};

/**
 * kmview_hooks_init() - The module is loaded: find what it serves by itself.
 *
 * Return: 0, -ENOMEM, or -ENOENT: this kernel's io_uring cannot be hooked.
 */
int kmview_hooks_init(void);

/**
 * kmview_hooks_exit() - The module goes; no hook is on.
 */
void kmview_hooks_exit(void);

/**
 * kmview_hooks_get() - Hook some calls, or count one more user of those hooked already.
 * @names: the calls
 * @count: how many
 * @failed: out, the index of the one at fault, after an error
 *
 * All or none. Sleeps, and changes the kernel's text.
 *
 * Return: 0, -ENOENT: there is no such call, -EBUSY: the function is taken, -ENOSYS: function tracing is switched
 * off, or -ENOMEM.
 */
int kmview_hooks_get(const struct kmview_name *names, unsigned int count, unsigned int *failed);

/**
 * kmview_hooks_put() - Count one user less of some calls; hooks that nobody uses come off.
 * @names: the calls
 * @count: how many
 *
 * Sleeps until no task is on its way into a hook that came off.
 */
void kmview_hooks_put(const struct kmview_name *names, unsigned int count);

/**
 * kmview_hooks_builtin_get() - Hook what the module does itself at calls of every session.
 * @mounts: those of KMVIEW_INIT_MOUNT, too
 *
 * Parts that this kernel lacks are left out.
 *
 * Return: 0, or as kmview_hooks_get().
 */
int kmview_hooks_builtin_get(bool mounts);

/**
 * kmview_hooks_builtin_put() - Give back what kmview_hooks_builtin_get() took.
 * @mounts: as it was then
 */
void kmview_hooks_builtin_put(bool mounts);

#endif
