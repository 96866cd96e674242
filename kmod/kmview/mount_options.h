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

/**
 * kmview_fs_of() - Which kind of file system is meant?
 * @type: as mount(2) has it
 *
 * Return: The kind.
 */
enum kmview_fs kmview_fs_of(const char *type);

/**
 * kmview_fuse_options() - Check the options of a FUSE mount: user_id and group_id must be these; allow_other is
 * taken out, as it would be for nobody.
 * @data: the list, separated by commas, is changed
 * @uid: the caller's, as the mount counts
 * @gid: the same
 * @fd: out, the number of the device
 *
 * Return: 0; -EPERM: another id; or -EINVAL: there is no fd.
 */
int kmview_fuse_options(char *data, unsigned int uid, unsigned int gid, int *fd);

/**
 * kmview_overlay_options() - Add userxattr to the options of an overlay, without which one of an ordinary user
 * cannot keep what it has to know about its files.
 * @data: the list, is changed
 * @size: bytes of room in @data
 *
 * Return: 0, or -E2BIG: no room for it.
 */
int kmview_overlay_options(char *data, size_t size);

#endif
