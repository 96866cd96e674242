// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mount calls with descriptors, as a program makes them that does without mount(8).
 *
 *	mount_api TYPE SOURCE TARGET	fsopen, fsconfig, fsmount, move_mount
 *	mount_api bind SOURCE TARGET	open_tree, mount_setattr, move_mount
 *	mount_api plain-bind SOURCE TARGET	open_tree, move_mount
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

static int open_file_system(const char *type, const char *source)
{
	int context = syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), mount;

	if (context < 0)
		return -fail("fsopen");
	if (syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return -fail("fsconfig source");
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -fail("fsconfig create");
	mount = syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC,
			MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID);
	close(context);
	return mount < 0 ? -fail("fsmount") : mount;
}

static int open_copy(const char *source, int read_only)
{
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
	int mount = syscall(SYS_open_tree, AT_FDCWD, source, OPEN_TREE_CLONE | AT_RECURSIVE);

	if (mount < 0)
		return -fail("open_tree");
	if (read_only && syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH, &attributes,
				 sizeof(attributes)) < 0)
		return -fail("mount_setattr");
	return mount;
}

int main(int argc, char **argv)
{
	int mount;

	if (argc != 4)
		return 2;
	if (strstr(argv[1], "bind"))
		mount = open_copy(argv[2], !strcmp(argv[1], "bind"));
	else
		mount = open_file_system(argv[1], argv[2]);
	if (mount < 0)
		return 1;
	if (syscall(SYS_move_mount, mount, "", AT_FDCWD, argv[3], MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return fail("move_mount");
	return 0;
}
