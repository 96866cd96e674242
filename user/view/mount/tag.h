/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sources by what they hold: LABEL=, UUID=, PARTLABEL=, PARTUUID=. Looked for in the images that the
 * tables of mounts name (tab.h), then among the devices of the machine.
 */
#ifndef VIEW_MOUNT_TAG_H
#define VIEW_MOUNT_TAG_H

#include <stdbool.h>

bool tag_is(const char *source);

/* The path of what has it, to free(3); NULL: nothing. */
char *tag_find(const char *source);

#endif
