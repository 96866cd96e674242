// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * unreal: the whole tree once more in a directory, and again in a directory of that name in it.
 *
 *	mount -t unreal none /tmp/unreal
 *
 * /tmp/unreal/etc is /etc then, and so is /tmp/unreal/tmp/unreal/etc.
 *
 * A module for tests of layers: what is reached through any number of copies must be the same file.
 * Each copy is a recursive bind mount, so the calls on it cost what they cost on the tree itself.
 * The first holds the tree as it was before, the second, put over the target in the first, the same
 * again.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mount.h>

#include "user/view/view.h"

static int mount_unreal(struct view_mount *mount, void *data)
{
	const char *target = view_mount_target(mount);
	char inner[PATH_MAX];
	int error;

	if (target[0] != '/')
		return view_mount_error(mount, -EINVAL, "unreal needs a target that begins at /");
	if (snprintf(inner, sizeof(inner), "%s%s", target, target) >= (int)sizeof(inner))
		return -ENAMETOOLONG;
	error = view_mount_kernel(mount, "/", target, NULL, MS_BIND | MS_REC, NULL);
	if (error)
		return view_mount_error(mount, error, "cannot put the tree on %s", target);
	/* Of the copy, or it would hold itself. */
	return view_mount_kernel(mount, target, inner, NULL, MS_BIND | MS_REC, NULL);
}

static const struct view_mount_type types[] = {{.prefix = "unreal", .mount = mount_unreal}, {}};

const struct view_service view_service = {
	.abi = VIEW_ABI,
	.name = "unreal",
	.description = "the whole tree once more, twice",
	.mounts = types,
};
