// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unmounting a mount that consists of several: what was mounted on a tree stays visible below a
 * patch of that tree, as copies bound there, and goes with it.
 *
 * The kernel unmounts one at a time, and only what nobody uses. So the copies are first moved aside,
 * where it is asked for each whether somebody uses it (MNT_EXPIRE says so, and does nothing at the
 * first time); then the patch is unmounted. When any of these is in use, all go back to where they
 * were, and nothing has changed. Else what was aside goes, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "keeper.h"

#define ABORT_TRIES 20 /* of 100 ms, until those whom an abort frees have gone */

struct part {
	const char *path;
	char aside[4096];
	bool gone;
};

static int unmount_call(struct keeper *keeper, const char *path, int flags)
{
	return keeper_call(keeper, SYS_umount2, (uintptr_t)path, flags, 0, 0, 0) < 0 ? -errno : 0;
}

static int mount_call(struct keeper *keeper, const char *from, const char *to, unsigned long flags)
{
	return keeper_call(keeper, SYS_mount, (uintptr_t)from, (uintptr_t)to, 0, flags, 0) < 0
		       ? -errno
		       : 0;
}

/* A directory or an empty file, as the root of the mount is one, in the view's own directory. */
static int make_aside(struct keeper *keeper, struct part *part, unsigned int index)
{
	struct statx about;

	snprintf(part->aside, sizeof(part->aside), "%s/aside.%d.%u", keeper->directory, getpid(),
		 index);
	if (statx(AT_FDCWD, part->path, AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE, &about) <
	    0)
		return -errno;
	if (S_ISDIR(about.stx_mode))
		return mkdir(part->aside, 0700) < 0 ? -errno : 0;
	return mknod(part->aside, S_IFREG | 0600, 0) < 0 ? -errno : 0;
}

static int take_away(struct keeper *keeper, struct part *part, unsigned int index)
{
	int error = make_aside(keeper, part, index);

	if (!error)
		error = mount_call(keeper, part->path, part->aside, MS_MOVE);
	part->gone = !error;
	if (!error && unmount_call(keeper, part->aside, MNT_EXPIRE | UMOUNT_NOFOLLOW) == -EBUSY)
		error = -EBUSY;
	return error;
}

/* Back to where it was, or, with the rest, unmounted; and nothing is left aside. */
static void settle(struct keeper *keeper, struct part *part, bool back)
{
	if (part->gone && back)
		mount_call(keeper, part->aside, part->path, MS_MOVE);
	else if (part->gone)
		unmount_call(keeper, part->aside, MNT_DETACH | UMOUNT_NOFOLLOW);
	if (part->aside[0] && rmdir(part->aside) < 0)
		unlink(part->aside);
}

/* With MNT_FORCE the kernel ends the connection to the server first; who waited for it goes then. */
static int unmount_one(struct keeper *keeper, const char *path, int flags)
{
	const struct timespec pause = {.tv_nsec = 100000000};
	int error = unmount_call(keeper, path, flags);

	for (int i = 0; (flags & MNT_FORCE) && error == -EBUSY && i < ABORT_TRIES; i++) {
		nanosleep(&pause, NULL);
		error = unmount_call(keeper, path, flags);
	}
	/* Where that is only for the root of the machine, as before Linux 6.9, the rest is done. */
	if (error == -EPERM && (flags & MNT_FORCE))
		error = unmount_call(keeper, path, flags & ~MNT_FORCE);
	return error;
}

int unmount_stack(struct keeper *keeper, const char *paths, unsigned int count, int flags)
{
	const char *path = paths + strlen(paths) + 1;
	struct part *parts;
	unsigned int taken;
	int error = 0;

	if (count <= 1 || (flags & (MNT_DETACH | MNT_EXPIRE)))
		return unmount_one(keeper, paths, flags);
	parts = calloc(count, sizeof(*parts));
	if (!parts)
		return -ENOMEM;
	/* Newest first, as they are in each other. */
	for (taken = 0; taken < count - 1 && !error; taken++, path += strlen(path) + 1) {
		parts[taken].path = path;
		error = take_away(keeper, &parts[taken], taken);
	}
	if (!error)
		error = unmount_one(keeper, paths, flags);
	while (taken > 0)
		settle(keeper, &parts[--taken], error != 0);
	free(parts);
	return error == -EINVAL || error == -EPERM ? unmount_one(keeper, paths, flags | MNT_DETACH)
						   : error;
}
