/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_MOUNT_H
#define KMVIEW_MOUNT_H

#include <linux/types.h>

struct kmview_context;
struct kmview_session;

/**
 * kmview_mount_available() - Are the kernel functions there that KMVIEW_INIT_MOUNT needs?
 *
 * Return: True if they are.
 */
bool kmview_mount_available(void);

/**
 * kmview_mount_prepare() - Get a session ready for KMVIEW_INIT_MOUNT, for the current task.
 * @session: one that is being initialised
 *
 * Return: 0; -EOPNOTSUPP: not on this kernel; -EACCES: the administrator does not let this user; -ENOMEM; or what
 * the kernel or a security module says against user namespaces.
 */
int kmview_mount_prepare(struct kmview_session *session);

/**
 * kmview_mount_call() - Serve one of the mount calls.
 * @context: the call
 * @builtin: which it is, enum kmview_builtin
 *
 * For a task of a session without KMVIEW_INIT_MOUNT that is the original.
 *
 * Return: The call's result.
 */
long kmview_mount_call(struct kmview_context *context, unsigned int builtin);

#endif
