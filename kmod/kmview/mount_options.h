/* SPDX-License-Identifier: GPL-2.0-only */
/* What a session may ask of a file system that it mounts with mount(2). Pure functions, so KUnit can test them. */
#ifndef KMVIEW_MOUNT_OPTIONS_H
#define KMVIEW_MOUNT_OPTIONS_H

#include <linux/types.h>

enum kmview_fs {
	KMVIEW_FS_FUSE,
	KMVIEW_FS_TMPFS,
	KMVIEW_FS_OVERLAY,
	KMVIEW_FS_OTHER, /* not for sessions */
};

enum kmview_fs kmview_fs_of(const char *type);

/*
 * The options of a FUSE mount, separated by commas: user_id and group_id must be these, allow_other is taken out, as it
 * would be for nobody.
 * @data: holds the list, is changed
 * @fd: out, the number of the device
 * Returns 0; -EPERM: another id; -EINVAL: there is no fd.
 */
int kmview_fuse_options(char *data, unsigned int uid, unsigned int gid, int *fd);

/*
 * The options of an overlay: userxattr is added, without which an overlay of an ordinary user cannot keep what it has
 * to know about its files.
 * @data: of size bytes, holds the list, is changed
 * Returns 0; -E2BIG: no room for it.
 */
int kmview_overlay_options(char *data, size_t size);

#endif
