/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directory of which changes are the view's own (--cow): in the view's own directory there is what
 * it was, and a file that says, in two lines, which directory that is and where its changes are.
 */
#ifndef VIEW_CHANGES_H
#define VIEW_CHANGES_H

#define CHANGES_ORIGINAL "original"
#define CHANGES_FILE	 "changes"

/* In the first process: begin. own: the view's own directory. 0, or -1: why was said. */
int changes_begin(const char *own, const char *directory);

/* Mount the layer of changes over the directory. 0, or -1: why was said. */
int changes_mount(const char *layer, const char *directory);

#endif
