// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mount and umount: thin front ends of mount(2) and umount2(2), with no fstab and no set-user-ID.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "ctl.h"
#include "user/view/mount/wish.h"

#define UMOUNT_FAILED 32 /* exit status of umount(8) */

static const struct argp_option mount_options[] = {
	{"types", 't', "TYPE", 0, "type of the file system; without it the source is looked at", 0},
	{"options", 'o', "OPTION,...", 0, "options, as of mount(8)", 0},
	{"read-only", 'r', NULL, 0, "the same as -o ro", 0},
	{"rw", 'w', NULL, 0, "the same as -o rw", 0},
	{"bind", 'B', NULL, 0, "the same as -o bind", 0},
	{"rbind", 'R', NULL, 0, "the same as -o rbind", 0},
	{"move", 'M', NULL, 0, "the same as -o move", 0},
	{"verbose", 'v', NULL, 0, "say what was mounted", 0},
	{NULL, 'h', NULL, OPTION_HIDDEN, NULL, 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_mount(int key, char *argument, struct argp_state *state)
{
	struct wish *wish = state->input;

	switch (key) {
	case 't':
		wish->type = argument;
		return 0;
	case 'o':
		wish_options(wish, argument);
		return 0;
	case 'r':
		wish_options(wish, "ro");
		return 0;
	case 'w':
		wish_options(wish, "rw");
		return 0;
	case 'B':
		wish_options(wish, "bind");
		return 0;
	case 'R':
		wish_options(wish, "rbind");
		return 0;
	case 'M':
		wish_options(wish, "move");
		return 0;
	case 'v':
		wish->verbose = true;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARGS:
		if (state->argc - state->next != 2)
			argp_error(state, "a source and a target are needed");
		wish->source = state->argv[state->next];
		wish->target = state->argv[state->next + 1];
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a source and a target are needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int mount_main(int argc, char **argv)
{
	const struct argp argp = {mount_options,
				  parse_mount,
				  "SOURCE TARGET",
				  "Mount a file system in the view.",
				  NULL,
				  NULL,
				  NULL};
	struct wish wish = {0};
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &wish);
	wish_settle(&wish);
	status = wish_mount(&wish, argv[0]);
	free(wish.data);
	return status;
}

/* ---- umount */

struct unmount {
	const char *target;
	int flags;
};

static const struct argp_option umount_options[] = {
	{"force", 'f', NULL, 0, "even when the server does not answer", 0},
	{"lazy", 'l', NULL, 0, "now from the tree, wholly when nobody uses it any more", 0},
	{"detach", 'd', NULL, 0, "the same", 0},
	{NULL, 'h', NULL, OPTION_HIDDEN, NULL, 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_umount(int key, char *argument, struct argp_state *state)
{
	struct unmount *unmount = state->input;

	switch (key) {
	case 'f':
		unmount->flags |= MNT_FORCE;
		return 0;
	case 'l':
	case 'd':
		unmount->flags |= MNT_DETACH;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		if (unmount->target)
			argp_error(state, "\"%s\" is too much", argument);
		unmount->target = argument;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a target is needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const char *why_not(int error)
{
	switch (error) {
	case EBUSY:
		return "it is in use: fuser -vm shows by whom; -l unmounts it all the same";
	case EINVAL:
		return "nothing is mounted there";
	case EPERM:
		return "it was mounted outside of the view";
	default:
		return strerror(error);
	}
}

int umount_main(int argc, char **argv)
{
	const struct argp argp = {
		umount_options, parse_umount, "TARGET", "Unmount what is mounted on TARGET.",
		NULL,		NULL,	      NULL};
	struct unmount unmount = {0};

	argp_parse(&argp, argc, argv, 0, NULL, &unmount);
	if (umount2(unmount.target, unmount.flags) == 0)
		return 0;
	complain("cannot unmount %s: %s", unmount.target, why_not(errno));
	return UMOUNT_FAILED;
}
