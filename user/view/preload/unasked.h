/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VIEW_PRELOAD_UNASKED_H
#define VIEW_PRELOAD_UNASKED_H

/* The descriptor of /dev/fuse that a server has just mounted by (unasked.c). */
void unasked_begin(int channel);

#endif
