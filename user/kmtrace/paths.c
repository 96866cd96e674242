// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The files that a call is about, as absolute paths: a relative path is put behind the directory it
 * starts from, and "." and ".." are resolved by text, not through links.
 */
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "kmtrace.h"

/* Resolve "." and ".." and double slashes by text, in place. */
static void normalize(char *path)
{
	char *out = path, *rest = path, *part;

	while ((part = strsep(&rest, "/"))) {
		if (!*part || !strcmp(part, "."))
			continue;
		if (!strcmp(part, "..")) {
			while (out > path && *--out != '/')
				;
			continue;
		}
		*out++ = '/';
		memmove(out, part, strlen(part) + 1);
		out += strlen(part);
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
}

bool absolute_path(struct traced *traced, unsigned int arg, char *path, size_t size)
{
	char link[64], given[PATH_MAX];
	int dirfd = AT_FDCWD;
	ssize_t length;

	if (traced->engine->string(traced, arg, given, sizeof(given)) < 0)
		return false;
	for (unsigned int i = 0; i < arg; i++)
		if (traced->call->args[i] == KMVIEW_T_DIRFD)
			dirfd = traced->args[i];
	if (given[0] == '/') {
		strcpy(path, given);
	} else {
		if (dirfd == AT_FDCWD)
			snprintf(link, sizeof(link), "/proc/%d/cwd", traced->tid);
		else
			snprintf(link, sizeof(link), "/proc/%d/fd/%d", traced->tid, dirfd);
		length = readlink(link, path, size - strlen(given) - 2);
		if (length < 0)
			return false;
		path[length] = '/';
		strcpy(path + length + 1, given);
	}
	normalize(path);
	return true;
}

bool names_path(struct traced *traced, const char *pattern)
{
	char path[2 * PATH_MAX];

	for (unsigned int i = 0; i < traced->call->argc; i++)
		if (traced->call->args[i] == KMVIEW_T_PATH && traced->args[i] &&
		    absolute_path(traced, i, path, sizeof(path)) && !fnmatch(pattern, path, 0))
			return true;
	return false;
}

static bool is_one_of(const struct options *options, const char *path)
{
	for (unsigned int i = 0; i < options->path_count; i++)
		if (!strcmp(path, options->paths[i]))
			return true;
	return false;
}

bool on_traced_path(const struct options *options, struct traced *traced)
{
	char path[2 * PATH_MAX], link[64];
	ssize_t length;

	for (unsigned int i = 0; traced->call && i < traced->call->argc; i++) {
		enum kmview_type type = traced->call->args[i];

		if (type == KMVIEW_T_PATH && traced->args[i] &&
		    absolute_path(traced, i, path, sizeof(path)) && is_one_of(options, path))
			return true;
		if (type != KMVIEW_T_FD && type != KMVIEW_T_DIRFD)
			continue;
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", traced->tid, (int)traced->args[i]);
		length = readlink(link, path, sizeof(path) - 1);
		if (length > 0) {
			path[length] = '\0';
			if (is_one_of(options, path))
				return true;
		}
	}
	return false;
}
