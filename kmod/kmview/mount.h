/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_MOUNT_H
#define KMVIEW_MOUNT_H

#include <linux/types.h>

struct kmview_context;
struct kmview_session;

/* Are the kernel functions there that KMVIEW_INIT_MOUNT needs? */
bool kmview_mount_available(void);

/*
 * Get a session ready for KMVIEW_INIT_MOUNT, for the current task.
 * Returns 0; -EOPNOTSUPP: not on this kernel; -EACCES: the administrator does not let this user; -ENOMEM; or what the
 * kernel or a security module says against user namespaces.
 */
int kmview_mount_prepare(struct kmview_session *session);

/* Serve one of the mount calls for a task of a session that has KMVIEW_INIT_MOUNT; else the original. */
long kmview_mount_call(struct kmview_context *context, unsigned int builtin);

#endif
