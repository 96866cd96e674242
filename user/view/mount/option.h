/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Options as one text, separated by commas. A comma that is part of a value has a backslash before
 * it, as libfuse and overlayfs have it, or stands between quotes, as mount(8) has it.
 */
#ifndef VIEW_MOUNT_OPTION_H
#define VIEW_MOUNT_OPTION_H

#include <stdio.h>

/* Cut the next option off the text, which is changed; NULL: that was all. */
char *option_next(char **text);

/* The length of the first option of a text. */
size_t option_length(const char *text);

/* Take backslashes away that protect a comma, a quote or a backslash, in place. */
void option_unescape(char *value);

/* Write a value so that option_next and option_unescape give it back. */
void option_escape(FILE *out, const char *value);

#endif
