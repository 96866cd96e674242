/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_MOUNT_H
#define KMVIEW_MOUNT_H

#include <linux/types.h>

struct cred;
struct kmview_context;

/* Are the kernel functions there that this needs? Looked up once, when the module is loaded. */
bool kmview_mount_available(void);
void kmview_mount_init(void);

/* Serve one of the mount calls for a task of a session that has KMVIEW_INIT_MOUNT; else the original. */
long kmview_mount_call(struct kmview_context *context, unsigned int builtin);

/* CAP_SYS_ADMIN for the current task, in credentials of their own. False: no memory. */
struct kmview_raised {
	struct cred *cred;
	const struct cred *before;
};
bool kmview_raise(struct kmview_raised *raised);
void kmview_lower(struct kmview_raised *raised);

#endif
