/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_MOUNT_H
#define KMVIEW_MOUNT_H

#include <linux/list.h>
#include <linux/mutex.h>

struct kmview_context;
struct kmview_session;

/* The private mount namespaces of a session and the mounts it made in them, see mount.c. */
struct kmview_namespaces {
	struct mutex lock;
	struct list_head spaces;
	struct list_head mounts;
	unsigned int count;
};

/* Are the kernel functions there that this needs? Looked up once, when the module is loaded. */
bool kmview_mount_available(void);
void kmview_mount_init(void);

/* Serve one of the mount calls for a task of a session that has KMVIEW_INIT_MOUNT; else the original. */
long kmview_mount_call(struct kmview_context *context, unsigned int builtin);

void kmview_namespaces_init(struct kmview_session *session);
void kmview_namespaces_free(struct kmview_session *session);

#endif
