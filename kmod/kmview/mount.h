/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_MOUNT_H
#define KMVIEW_MOUNT_H

#include <linux/types.h>

struct kmview_context;

/* Are the kernel functions there that this needs? Looked up once, when the module is loaded. */
bool kmview_mount_available(void);
void kmview_mount_init(void);

/* Serve one of the mount calls for a task of a session that has KMVIEW_INIT_MOUNT; else the original. */
long kmview_mount_call(struct kmview_context *context, unsigned int builtin);

#endif
