// SPDX-License-Identifier: GPL-2.0-only
/* What a session may ask of a file system that it mounts, see mount_options.h. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "mount_options.h"

enum kmview_fs kmview_fs_of(const char *type)
{
	if (!strcmp(type, "fuse") || !strncmp(type, "fuse.", 5))
		return KMVIEW_FS_FUSE;
	if (!strcmp(type, "tmpfs"))
		return KMVIEW_FS_TMPFS;
	if (!strcmp(type, "overlay"))
		return KMVIEW_FS_OVERLAY;
	return KMVIEW_FS_OTHER;
}

/* Base 0, as the kernel's parser has it: 010 is 8. */
static bool is_number(const char *value, unsigned int wanted)
{
	unsigned int number;

	return value && !kstrtouint(value, 0, &number) && number == wanted;
}

int kmview_fuse_options(char *data, unsigned int uid, unsigned int gid, int *fd)
{
	char *from = data, *to = data, *end, *value, separator;
	unsigned int number;
	bool has_fd = false;
	size_t length;
	int err = 0;

	for (; !err && *from; from = separator ? end + 1 : end) {
		end = strchrnul(from, ',');
		separator = *end;
		*end = '\0';
		value = strchr(from, '=');
		value = value ? value + 1 : NULL;
		if (!strncmp(from, "user_id=", 8)) {
			err = is_number(value, uid) ? 0 : -EPERM;
		} else if (!strncmp(from, "group_id=", 9)) {
			err = is_number(value, gid) ? 0 : -EPERM;
		} else if (!strncmp(from, "fd=", 3)) {
			has_fd = !kstrtouint(value, 0, &number) && number <= INT_MAX;
			*fd = number; /* the last one counts, also to the kernel */
		}
		length = end - from;
		if (strcmp(from, "allow_other") && length) {
			if (to != data)
				*to++ = ',';
			memmove(to, from, length);
			to += length;
		}
	}
	*to = '\0';
	return err ?: has_fd ? 0 : -EINVAL;
}

int kmview_overlay_options(char *data, size_t size)
{
	static const char option[] = "userxattr";
	const size_t length = strlen(data);
	const char *from, *end;

	for (from = data; *from; from = *end ? end + 1 : end) {
		end = strchrnul(from, ',');
		if (end - from == sizeof(option) - 1 && !memcmp(from, option, sizeof(option) - 1))
			return 0;
	}
	if (length + 1 + sizeof(option) > size)
		return -E2BIG;
	snprintf(data + length, size - length, "%s%s", length ? "," : "", option);
	return 0;
}
