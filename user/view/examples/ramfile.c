// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A service of views in fifty lines: a file in memory, and a call that is refused.
 *
 *	cc -shared -fPIC -o ramfile.so ramfile.c
 *	umview -p ./ramfile.so,loud
 *	mount -t ramfile none /etc/motd && echo hello >/etc/motd && cat /etc/motd
 *
 * The mount is one of the kernel's: a tmpfs with an empty file in it, of which the file is put
 * where a mount is wanted.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <view.h>

static int mount_file(struct view_mount *mount, void *data)
{
	char *make[] = {"/bin/sh", "-c",
			"d=$(mktemp -d) && mount -t tmpfs none $d && touch $d/file && "
			"mount --bind $d/file \"$0\" && umount -l $d && rmdir $d",
			(char *)view_mount_place(mount), NULL};

	if (view_mount_options(mount)[0])
		return view_mount_error(mount, -EINVAL,
					"a file in memory has no options, not \"%s\"",
					view_mount_options(mount));
	return view_mount_run(mount, make);
}

static int refuse(struct view_call *call, void *data)
{
	if (data)
		fprintf(stderr, "process %d may not %s\n", view_call_pid(call),
			view_call_name(call));
	view_call_return(call, -EPERM);
	return 0;
}

static int start(struct view *view, const char *options, void **data)
{
	*data = strcmp(options, "loud") ? NULL : view;
	return 0;
}

static const struct view_mount_type types[] = {{.prefix = "ramfile", .mount = mount_file}, {}};
static const struct view_call_claim calls[] = {{"acct", refuse}, {}};

const struct view_service view_service = {
	.abi = VIEW_ABI,
	.name = "ramfile",
	.description = "files in memory, and no accounting",
	.mounts = types,
	.calls = calls,
	.start = start,
};
