/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_MOUNT_FUSE_H
#define KMVIEW_MOUNT_FUSE_H

struct kmview_session;

/**
 * kmview_fuse_prepare() - Check the options of a FUSE file system that the current task mounts with mount(2), and
 * make its device one of the session's.
 * @session: the session
 * @data: a page with the options, is changed
 *
 * The kernel wants device and mount in the same user namespace.
 *
 * Return: 0; -EPERM: it asks for what is another's; -EINVAL, -EBADF: there is no FUSE device; or -ENOMEM.
 */
int kmview_fuse_prepare(struct kmview_session *session, char *data);

#endif
