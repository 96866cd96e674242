// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A library that is loaded in front of file-system servers: their mount(2) names the source as the
 * user did (VIEW_FSNAME), where the server itself was given a neutral name; and what would be a
 * "fuseblk", which only root of the machine may mount, is a "fuse". And what they say is said at once:
 * a warning that waits in a buffer when the server goes to the background is lost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((constructor)) static void say_at_once(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
}

/* Without blksize=N, which "fuse" does not have. */
static void drop_block_size(char *options)
{
	char *at = strstr(options, "blksize=");
	size_t length;

	if (!at || (at != options && at[-1] != ','))
		return;
	length = strcspn(at, ",");
	if (at[length])
		length++;
	else if (at != options)
		at--, length++;
	memmove(at, at + length, strlen(at + length) + 1);
}

__attribute__((visibility("default"))) int mount(const char *source, const char *target,
						 const char *type, unsigned long flags,
						 const void *data)
{
	const char *name = getenv("VIEW_FSNAME");
	char changed[4096], options[4096];

	if (type && !strncmp(type, "fuse", 4)) {
		if (name)
			source = name;
		if (!strncmp(type, "fuseblk", 7) && strlen(type) < sizeof(changed) &&
		    (!data || strlen(data) < sizeof(options))) {
			strcpy(changed, "fuse");
			strcat(changed, type + 7);
			strcpy(options, data ? data : "");
			drop_block_size(options);
			type = changed;
			data = options;
		}
	}
	return syscall(SYS_mount, source, target, type, flags, data);
}
