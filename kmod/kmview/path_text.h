/* SPDX-License-Identifier: GPL-2.0-only */
/* Paths as text. Pure functions: they compile in user space and under KUnit, too. */
#ifndef KMVIEW_PATH_TEXT_H
#define KMVIEW_PATH_TEXT_H

#include <linux/string.h>
#include <linux/types.h>

/* Absolute, without "." or ".." or empty components, no slash at the end except for "/" itself. */
bool kmview_path_is_canonical(const char *path);

/* Is path the prefix or below it? Both canonical. */
bool kmview_path_below(const char *path, const char *prefix);

/*
 * Append relative components to a canonical path, following "." and "..", as if no component was a symbolic link.
 * @path: room for size bytes, holds a canonical path
 * Returns false, with path unspecified, if the result does not fit.
 */
bool kmview_path_append(char *path, size_t size, const char *relative);

#endif
