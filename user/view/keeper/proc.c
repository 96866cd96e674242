// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /proc as it was when the keeper started.
 *
 * What runs in a branch may mount something else over /proc there, or have a process namespace with
 * a /proc of its own; the keeper goes on to see the processes by a descriptor. In the manager, which
 * is in no branch, it is /proc.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "keeper.h"

static int root = -1;

void proc_keep(void)
{
	if (root < 0)
		root = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int open_at(int flags, const char *format, va_list args)
{
	char path[128];

	vsnprintf(path, sizeof(path), format, args);
	if (root >= 0)
		return openat(root, path, flags | O_CLOEXEC);
	memmove(path + 6, path, sizeof(path) - 6);
	memcpy(path, "/proc/", 6);
	path[sizeof(path) - 1] = '\0';
	return open(path, flags | O_CLOEXEC);
}

int proc_open(int flags, const char *format, ...)
{
	va_list args;
	int fd;

	va_start(args, format);
	fd = open_at(flags, format, args);
	va_end(args);
	return fd;
}

void proc_close_others(void)
{
	if (root > 3)
		close_range(3, root - 1, 0);
	close_range(root > 2 ? root + 1 : 3, ~0U, 0);
}

FILE *proc_file(const char *format, ...)
{
	va_list args;
	FILE *file;
	int fd;

	va_start(args, format);
	fd = open_at(O_RDONLY, format, args);
	va_end(args);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (fd >= 0 && !file)
		close(fd);
	return file;
}
