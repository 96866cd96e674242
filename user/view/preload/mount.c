// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A library that is loaded in front of file-system servers: their mount(2) names the source as the
 * user did (VIEW_FSNAME), where the server itself was given a neutral name; and what would be a
 * "fuseblk", which only root of the machine may mount, is a "fuse". Where others may not be let in
 * (allow_other), as kmview has it, who mounts is. And what they say is said at once:
 * a warning that waits in a buffer when the server goes to the background is lost.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unasked.h"

__attribute__((constructor)) static void say_at_once(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
}

/* Take an option out of a list; "NAME=": with its value. */
static void drop(char *options, const char *name)
{
	size_t length = strlen(name), whole;

	for (char *at = options; *at; at += whole) {
		whole = strcspn(at, ",");
		if (!strncmp(at, name, length) && (name[length - 1] == '=' || whole == length)) {
			whole += at[whole] == ',';
			memmove(at, at + whole, strlen(at + whole) + 1);
			whole = 0;
		} else {
			whole += at[whole] == ',';
		}
	}
	length = strlen(options);
	if (length && options[length - 1] == ',')
		options[length - 1] = '\0';
}

__attribute__((visibility("default"))) int mount(const char *source, const char *target,
						 const char *type, unsigned long flags,
						 const void *data)
{
	const char *name = getenv("VIEW_FSNAME");
	char fuse[256], options[4096];
	const char *at;
	int result;

	if (!type || strncmp(type, "fuse", 4) || !data || strlen(data) >= sizeof(options) ||
	    strlen(type) >= sizeof(fuse))
		return syscall(SYS_mount, source, target, type, flags, data);
	/* Some keep it to themselves; the kernel would go on to ask for times of access. */
	if (getenv("VIEW_READ_ONLY"))
		flags |= MS_RDONLY;
	strcpy(fuse, type);
	strcpy(options, data);
	if (!strncmp(type, "fuseblk", 7)) {
		strcpy(fuse + 4, type + 7);
		drop(options, "blksize=");
	}
	at = strstr(options, "fd=");
	if (at && (at == options || at[-1] == ','))
		unasked_begin(atoi(at + 3));
	result = syscall(SYS_mount, name ? name : source, target, fuse, flags, options);
	if (result == 0 || errno != EPERM || !strstr(options, "allow_other"))
		return result;
	drop(options, "allow_other");
	return syscall(SYS_mount, name ? name : source, target, fuse, flags, options);
}
