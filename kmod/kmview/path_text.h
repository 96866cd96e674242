/* SPDX-License-Identifier: GPL-2.0-only */
/* Paths as text. Pure functions: they compile in user space and under KUnit, too. */
#ifndef KMVIEW_PATH_TEXT_H
#define KMVIEW_PATH_TEXT_H

#include <linux/string.h>
#include <linux/types.h>

/**
 * kmview_path_is_canonical() - Is a path absolute, without ".", ".." or empty components, and without a slash at
 * its end except for "/" itself?
 * @path: the path
 *
 * Return: True if it is.
 */
bool kmview_path_is_canonical(const char *path);

/**
 * kmview_path_below() - Is a path the prefix or below it?
 * @path: canonical
 * @prefix: canonical
 *
 * Return: True if it is.
 */
bool kmview_path_below(const char *path, const char *prefix);

/**
 * kmview_path_append() - Append relative components to a path, following "." and "..", as if no component was a
 * symbolic link.
 * @path: canonical, is changed
 * @size: bytes of room in @path
 * @relative: the components
 *
 * Return: True, or false with @path unspecified: the result does not fit.
 */
bool kmview_path_append(char *path, size_t size, const char *relative);

#endif
