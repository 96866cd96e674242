// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ummisc: control files in a directory.
 *
 *	mount -t ummiscuname none DIR	the names of uname(2), one file each, to read and write
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/view/view.h"

static int mount_names(struct view_mount *mount, void *data)
{
	char *argv[] = {data, (char *)view_mount_place(mount), "-o", "fsname=uname", NULL};

	if (view_mount_options(mount)[0])
		return view_mount_error(mount, -EINVAL, "%s has no options, not \"%s\"",
					view_mount_type(mount), view_mount_options(mount));
	return view_mount_run(mount, argv);
}

static int start(struct view *view, const char *options, void **data)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/name-files", view_directory(view)) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	*data = strdup(path);
	return *data ? 0 : -ENOMEM;
}

static const struct view_mount_type types[] = {
	{.prefix = "ummiscuname", .mount = mount_names},
	{.prefix = "uname", .mount = mount_names},
	{},
};

const struct view_service view_service = {
	.abi = VIEW_ABI,
	.name = "ummisc",
	.description = "names as files",
	.mounts = types,
	.start = start,
	.stop = free,
};
