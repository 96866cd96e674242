/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What somebody wants mounted: words of a command line as of mount(8), and the mount(2) that does
 * it. The stand-in for mount(8) and viewctl mount share this.
 */
#ifndef VIEW_MOUNT_WISH_H
#define VIEW_MOUNT_WISH_H

#include <stdbool.h>
#include <stddef.h>

struct wish {
	const char *type, *source, *target; /* type NULL: by what is in it */
	char *data;			    /* options for the file system, or NULL; owned */
	size_t used;			    /* bytes of it */
	unsigned long flags;
	bool verbose;
	bool manual; /* noauto is among the options */
	bool nofail; /* and nofail: a source that is not there is no error */
};

/* Options separated by commas: flags that are known become flags, the rest becomes data. */
void wish_options(struct wish *wish, const char *options);

/* With a type, "move" and "bind" are words for the file system: of viewfs, for one. */
void wish_settle(struct wish *wish);

/* Mount, and say why not, or what there is to say of it; the exit status of mount(8). program: in
 * front of messages. */
int wish_mount(const struct wish *wish, const char *program);

#endif
