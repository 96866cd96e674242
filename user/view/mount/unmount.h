/* SPDX-License-Identifier: GPL-2.0-or-later */
/* umount(8) as far as it is one umount2(2) for each target. */
#ifndef VIEW_UNMOUNT_H
#define VIEW_UNMOUNT_H

/* The exit status of umount(8); -1: an option that is not known here. */
int unmount_plain(int argc, char **argv);

#endif
