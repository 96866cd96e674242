/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_MOUNT_FUSE_H
#define KMVIEW_MOUNT_FUSE_H

struct kmview_session;

/*
 * Check the options of a FUSE file system that the current task mounts with mount(2), and make its device one of the
 * session's: the kernel wants both in the same user namespace.
 * @data: a page with the options, is changed
 * Returns 0; -EPERM: it asks for what is another's; -EINVAL, -EBADF: there is no FUSE device; -ENOMEM.
 */
int kmview_fuse_prepare(struct kmview_session *session, char *data);

#endif
