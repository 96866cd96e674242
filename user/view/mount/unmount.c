// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umount(8) where the real program cannot be reached: after chroot(2), or when something is mounted
 * over the view's own directory, which has it. Unmounting that must work then, too.
 */
#include "unmount.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#define FAILED 32

int unmount_plain(int argc, char **argv)
{
	static const struct option known[] = {
		{"lazy", no_argument, NULL, 'l'},    {"force", no_argument, NULL, 'f'},
		{"verbose", no_argument, NULL, 'v'}, {"no-mtab", no_argument, NULL, 'n'},
		{"quiet", no_argument, NULL, 'q'},   {NULL, 0, NULL, 0},
	};
	int key, flags = 0, status = 0;

	opterr = 0;
	optind = 1;
	while ((key = getopt_long(argc, argv, "lfvnq", known, NULL)) != -1) {
		if (key == '?')
			return -1;
		flags |= key == 'l' ? MNT_DETACH : key == 'f' ? MNT_FORCE : 0;
	}
	if (optind == argc)
		return -1;
	for (; optind < argc; optind++) {
		if (umount2(argv[optind], flags) == 0)
			continue;
		fprintf(stderr, "umount: %s: %s\n", argv[optind],
			errno == EINVAL ? "not mounted" : strerror(errno));
		status = FAILED;
	}
	return status;
}
