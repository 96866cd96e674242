// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mounts of the kernel's in a branch, made by its keeper for a task, at the task's root and working
 * directory; and what is mounted there. A FUSE program's mount has the program's own open device.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "manager.h"

/* libfuse names its open device in the options: it is the task's descriptor, of which we pass a
 * copy. */
static int pass_fuse_device(struct ask *ask, struct view_call *call, const char *options,
			    char *changed, size_t size)
{
	const char *at = options ? strstr(options, "fd=") : NULL;
	int number, fd, there;
	char *rest;

	if (!at || (at != options && at[-1] != ','))
		return -EINVAL;
	number = strtol(at + 3, &rest, 10);
	fd = call_fd(call, number);
	if (fd < 0)
		return fd;
	there = ask_fd(ask, fd);
	snprintf(changed, size, "%.*sfd=%d%s", (int)(at - options), options, there, rest);
	return fd;
}

/*
 * Until its server is asked, the kernel takes root for the owner of a FUSE file system's root, and
 * lets nobody write to what belongs to an id that the namespace does not have. So where root is
 * such an id it is asked at once; but it can answer only when its mount(2) has returned, so we do
 * not wait for that.
 */
static void ask_for_owner(struct view_call *call, const char *target)
{
	int error;
	struct ask *ask = ask_of(call, &error);
	struct statx about = {0};

	if (!ask)
		return;
	ask_value(ask, 0, (int64_t)AT_FDCWD);
	ask_string(ask, 1, target);
	ask_value(ask, 2, AT_NO_AUTOMOUNT);
	ask_value(ask, 3, STATX_BASIC_STATS);
	ask_bytes(ask, 4, &about, sizeof(about));
	ask_begin(ask, SYS_statx);
	ask_free(ask);
}

int mount_by_kernel(struct view_call *call, const char *source, const char *target,
		    const char *type, unsigned long flags, const char *options)
{
	char changed[4096];
	int error, fuse = -1;
	struct ask *ask = ask_of(call, &error);

	if (!ask)
		return error;
	if (type && (!strcmp(type, "fuse") || !strncmp(type, "fuse.", 5)) &&
	    !(flags & MS_CHANGES)) {
		fuse = pass_fuse_device(ask, call, options, changed, sizeof(changed));
		if (fuse < 0) {
			ask_free(ask);
			return fuse;
		}
		options = changed;
	}
	ask_string(ask, 0, source);
	ask_string(ask, 1, target);
	ask_string(ask, 2, type);
	ask_value(ask, 3, flags & MS_CHANGES & ~MS_REMOUNT ? flags : flags | MS_NOSUID | MS_NODEV);
	ask_string(ask, 4, options);
	error = ask_call(ask, SYS_mount, NULL);
	ask_free(ask);
	if (fuse >= 0) {
		if (!error && call->branch->single_id)
			ask_for_owner(call, target);
		close(fuse);
	}
	return error;
}

void mount_unescape(char *path)
{
	char *to = path;

	for (; *path; path++) {
		unsigned int code;

		if (*path == '\\' && sscanf(path + 1, "%3o", &code) == 1) {
			*to++ = code;
			path += 3;
		} else {
			*to++ = *path;
		}
	}
	*to = '\0';
}

/* By the table of the keeper's namespace. */
int mounts_below(struct view_call *call, const char *path)
{
	int error, fd = -1, count = -1;
	struct ask *ask = ask_of(call, &error);
	char table[64], real[PATH_MAX], point[PATH_MAX], *line = NULL;
	ssize_t length = -1;
	size_t size = 0;
	FILE *file;

	if (!ask)
		return -1;
	ask_value(ask, 0, (int64_t)AT_FDCWD);
	ask_string(ask, 1, path);
	ask_value(ask, 2, O_PATH | O_CLOEXEC);
	if (ask_call(ask, SYS_openat, &fd) == 0) {
		snprintf(table, sizeof(table), "/proc/self/fd/%d", fd);
		length = readlink(table, real, sizeof(real) - 1);
		close(fd);
	}
	ask_free(ask);
	snprintf(table, sizeof(table), "/proc/%d/mountinfo", call->branch->servers);
	file = fopen(table, "re");
	if (file && length > 0)
		count = 0;
	while (count >= 0 && getline(&line, &size, file) > 0) {
		if (sscanf(line, "%*u %*u %*s %*s %4095s", point) != 1)
			continue;
		mount_unescape(point);
		count += !strncmp(point, real, length) && point[length] == '/';
	}
	free(line);
	if (file)
		fclose(file);
	return count;
}
