/* SPDX-License-Identifier: GPL-2.0-only */
/* What a session may ask of a file system that it mounts. Pure functions, so KUnit can test them. */
#ifndef KMVIEW_MOUNT_OPTIONS_H
#define KMVIEW_MOUNT_OPTIONS_H

#include <linux/types.h>

enum kmview_fs {
	KMVIEW_FS_FUSE,
	KMVIEW_FS_TMPFS,
	KMVIEW_FS_OVERLAY,
	KMVIEW_FS_OTHER, /* not for sessions */
};

/* Who mounts, and what the administrator allows. */
struct kmview_limits {
	unsigned int uid;
	unsigned int gid;
	bool allow_other;
	u64 tmpfs_bytes;
};

enum kmview_fs kmview_fs_of(const char *type);

/* May the option be given? value is NULL for a flag. */
bool kmview_option_allowed(enum kmview_fs fs, const char *key, const char *value, const struct kmview_limits *limits);

/* Options that every mount of the kind gets: the key, and in buffer the value or nothing for a flag; NULL: none. */
const char *kmview_option_forced(enum kmview_fs fs, const struct kmview_limits *limits, char *buffer, size_t size);

/*
 * Check a comma-separated list, as mount(2) takes it (in those of overlay, "\," is no separator), and append what is
 * forced.
 * @data: of size bytes, holds the list, is changed
 * Returns 0; -EPERM: an option is not allowed; -E2BIG: no room for what is forced.
 */
int kmview_options_check(enum kmview_fs fs, char *data, size_t size, const struct kmview_limits *limits);

/*
 * Show each directory that an overlay is made of to check(), as a name: those of one option, or of a list as above.
 * Returns the first result that is not 0; -ENOMEM; -EINVAL: a name that cannot be one.
 */
int kmview_layers_check(const char *key, const char *value, int (*check)(const char *name));
int kmview_options_layers_check(char *data, int (*check)(const char *name));

#endif
