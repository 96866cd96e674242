/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of mount(8), as far as we do it ourselves. */
#ifndef VIEW_MOUNT_COMMAND_H
#define VIEW_MOUNT_COMMAND_H

/* Do it; the exit status of mount(8), or -1: it is not for us, and nothing was done. */
int command_mount(int argc, char **argv);

#endif
