// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a session may ask of a file system that it mounts, see mount_options.h. Everything not named here is refused.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mount_options.h"

enum demand {
	ANY,  /* any value */
	FLAG, /* no value */
	UID,  /* the caller's */
	GID,
	SIZE,	  /* within the limit */
	INODES,	  /* one for each page of the limit, at most */
	OFF,	  /* only a value that turns the feature off */
	IF_OTHER, /* a flag, if the administrator allows */
};

static const struct option {
	enum kmview_fs fs;
	const char *key;
	enum demand demand;
} options[] = {
	{ KMVIEW_FS_FUSE, "fd", ANY },
	{ KMVIEW_FS_FUSE, "rootmode", ANY },
	{ KMVIEW_FS_FUSE, "user_id", UID },
	{ KMVIEW_FS_FUSE, "group_id", GID },
	{ KMVIEW_FS_FUSE, "default_permissions", FLAG },
	{ KMVIEW_FS_FUSE, "allow_other", IF_OTHER },
	{ KMVIEW_FS_FUSE, "max_read", ANY },
	{ KMVIEW_FS_FUSE, "subtype", ANY },
	{ KMVIEW_FS_FUSE, "source", ANY },
	{ KMVIEW_FS_FUSE, "ro", FLAG },
	{ KMVIEW_FS_FUSE, "rw", FLAG },

	{ KMVIEW_FS_TMPFS, "size", SIZE },
	{ KMVIEW_FS_TMPFS, "nr_inodes", INODES },
	{ KMVIEW_FS_TMPFS, "mode", ANY },
	{ KMVIEW_FS_TMPFS, "uid", ANY },
	{ KMVIEW_FS_TMPFS, "gid", ANY },
	{ KMVIEW_FS_TMPFS, "inode64", FLAG },
	{ KMVIEW_FS_TMPFS, "source", ANY },
	{ KMVIEW_FS_TMPFS, "ro", FLAG },
	{ KMVIEW_FS_TMPFS, "rw", FLAG },

	{ KMVIEW_FS_OVERLAY, "lowerdir", ANY },
	{ KMVIEW_FS_OVERLAY, "lowerdir+", ANY },
	{ KMVIEW_FS_OVERLAY, "upperdir", ANY },
	{ KMVIEW_FS_OVERLAY, "workdir", ANY },
	{ KMVIEW_FS_OVERLAY, "userxattr", FLAG },
	{ KMVIEW_FS_OVERLAY, "volatile", FLAG },
	{ KMVIEW_FS_OVERLAY, "xino", ANY },
	{ KMVIEW_FS_OVERLAY, "index", OFF },
	{ KMVIEW_FS_OVERLAY, "nfs_export", OFF },
	{ KMVIEW_FS_OVERLAY, "metacopy", OFF },
	{ KMVIEW_FS_OVERLAY, "redirect_dir", OFF },
	{ KMVIEW_FS_OVERLAY, "source", ANY },
	{ KMVIEW_FS_OVERLAY, "ro", FLAG },
	{ KMVIEW_FS_OVERLAY, "rw", FLAG },
};

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

static bool is_number(const char *value, unsigned int wanted)
{
	unsigned int number;

	/* Base 0, as the kernel's parser has it: 010 is 8. */
	return value && !kstrtouint(value, 0, &number) && number == wanted;
}

/* tmpfs takes sizes with a suffix, and 0 as "no limit". */
static bool is_size(const char *value, u64 limit)
{
	char *end;
	u64 size;

	if (!value)
		return false;
	size = memparse(value, &end);
	return end != value && !*end && size && size <= limit;
}

static bool meets(enum demand demand, const char *value, const struct kmview_limits *limits)
{
	switch (demand) {
	case ANY:
		return value && *value;
	case FLAG:
		return !value;
	case UID:
		return is_number(value, limits->uid);
	case GID:
		return is_number(value, limits->gid);
	case SIZE:
		return is_size(value, limits->tmpfs_bytes);
	case INODES:
		return is_size(value, limits->tmpfs_bytes >> PAGE_SHIFT);
	case OFF:
		return value && (!strcmp(value, "off") || !strcmp(value, "nofollow"));
	case IF_OTHER:
		return !value && limits->allow_other;
	}
	return false;
}

bool kmview_option_allowed(enum kmview_fs fs, const char *key, const char *value, const struct kmview_limits *limits)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].fs == fs && !strcmp(options[i].key, key))
			return meets(options[i].demand, value, limits);
	return false;
}

const char *kmview_option_forced(enum kmview_fs fs, const struct kmview_limits *limits, char *buffer, size_t size)
{
	buffer[0] = '\0';
	switch (fs) {
	case KMVIEW_FS_TMPFS:
		snprintf(buffer, size, "%llu", (unsigned long long)limits->tmpfs_bytes);
		return "size";
	case KMVIEW_FS_OVERLAY:
		return "userxattr";
	default:
		return NULL;
	}
}

/*
 * The end of the option that starts here: a comma, or the end of the list. Only overlay reads "\," as part of a value;
 * the others would take what follows as an option.
 */
static char *option_end(enum kmview_fs fs, char *option)
{
	for (; *option && *option != ','; option++)
		if (fs == KMVIEW_FS_OVERLAY && *option == '\\' && option[1])
			option++;
	return option;
}

/* Check one option, NUL-terminated in place. Notes whether it is the one that would be forced. */
static bool check_one(enum kmview_fs fs, char *option, const struct kmview_limits *limits, const char *forced,
		      bool *given)
{
	char *value = strchr(option, '=');
	bool allowed;

	if (value)
		*value = '\0';
	allowed = kmview_option_allowed(fs, option, value ? value + 1 : NULL, limits);
	*given |= forced && !strcmp(option, forced);
	if (value)
		*value = '=';
	return allowed;
}

int kmview_options_check(enum kmview_fs fs, char *data, size_t size, const struct kmview_limits *limits)
{
	char buffer[24], *option, *end, separator;
	const char *forced = kmview_option_forced(fs, limits, buffer, sizeof(buffer));
	bool given = false;
	size_t length;

	for (option = data; *option; option = *end ? end + 1 : end) {
		bool allowed;

		end = option_end(fs, option);
		separator = *end;
		*end = '\0';
		allowed = !*option || check_one(fs, option, limits, forced, &given);
		*end = separator;
		if (!allowed)
			return -EPERM;
	}
	if (!forced || given)
		return 0;
	length = strlen(data);
	if (snprintf(data + length, size - length, "%s%s%s%s", length ? "," : "", forced, *buffer ? "=" : "", buffer) >=
	    (int)(size - length))
		return -E2BIG;
	return 0;
}

/* The next of the names between colons, without its backslashes; returns where the list goes on, NULL: at its end. */
static const char *next_layer(const char *list, char *name)
{
	for (; *list && *list != ':'; list++) {
		if (*list == '\\' && list[1])
			list++;
		*name++ = *list;
	}
	*name = '\0';
	return *list ? list + 1 : NULL;
}

int kmview_layers_check(const char *key, const char *value, int (*check)(const char *name))
{
	char *name;
	int err = 0;

	if (strcmp(key, "lowerdir") && strcmp(key, "lowerdir+") && strcmp(key, "upperdir"))
		return 0;
	/* Here a colon and a backslash are part of the name. */
	if (!strcmp(key, "lowerdir+"))
		return check(value);
	name = kmalloc(strlen(value) + 1, GFP_KERNEL);
	if (!name)
		return -ENOMEM;
	while (!err && value) {
		value = next_layer(value, name);
		/* Two colons: what follows is for data only. */
		if (*name)
			err = check(name);
	}
	kfree(name);
	return err;
}

int kmview_options_layers_check(char *data, int (*check)(const char *name))
{
	char *option, *end, *value, separator;
	int err = 0;

	for (option = data; !err && *option; option = *end ? end + 1 : end) {
		end = option_end(KMVIEW_FS_OVERLAY, option);
		separator = *end;
		*end = '\0';
		value = strchr(option, '=');
		if (value) {
			*value = '\0';
			err = kmview_layers_check(option, value + 1, check);
			*value = '=';
		}
		*end = separator;
	}
	return err;
}
