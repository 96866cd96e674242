/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of mounts, fstab(5): one that was named, or ~/.viewos/fstab and then /etc/fstab.
 */
#ifndef VIEW_MOUNT_TAB_H
#define VIEW_MOUNT_TAB_H

#include <stdbool.h>

struct tab_line {
	const char *source, *target, *type, *options;
};

/* From now on this table, or all files of this directory, alone. */
void tab_use(const char *path);

/* Call use with each line, up to one for which it is true; was there one? A line is valid in use only. */
bool tab_each(bool (*use)(const struct tab_line *line, void *data), void *data);

#endif
