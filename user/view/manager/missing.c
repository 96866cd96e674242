// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mount points that do not exist.
 *
 * A mount needs something to be on. Nothing is made in the real tree: viewfs(1) shows the nearest
 * directory above merged with a layer that has the missing names, and goes when what was mounted
 * there goes. So nobody else sees anything, and the rest of that directory is the real one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "manager.h"

#define MNT_DETACH_FLAG 2

struct made {
	struct made *next;
	struct branch *branch;
	char *target, *parent;
};

static struct made *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void remember(struct view_call *call, const char *target, const char *parent)
{
	struct made *made = calloc(1, sizeof(*made));

	if (!made)
		return;
	made->branch = call->branch;
	made->target = strdup(target);
	made->parent = strdup(parent);
	pthread_mutex_lock(&lock);
	made->next = all;
	all = made;
	pthread_mutex_unlock(&lock);
}

/* Merge parent with a layer that has the rest of target. */
static int merge(struct view_call *call, const char *parent, const char *target, const char *rest)
{
	struct view_mount mount;
	char layer[PATH_MAX + 64], path[2 * PATH_MAX + 64];
	int error;

	mount_init(&mount, call);
	snprintf(layer, sizeof(layer), "%s.points", mount.place);
	snprintf(path, sizeof(path), "%s/%s", layer, rest);
	error = view_mount_make(&mount, path, call->view->own);
	mount.source = strdup(layer);
	mount.target = strdup(parent);
	mount.type = strdup("viewfs");
	mount.options = strdup("merge");
	if (!error)
		error = mount_by_service(&mount);
	if (!error)
		remember(call, target, parent);
	mount_free(&mount);
	return error == VIEW_PASS ? -ENOENT : error;
}

int missing_make(struct view_mount *mount)
{
	const char *target = mount->target;
	char parent[PATH_MAX], *slash;

	if (view_mount_exists(mount, target))
		return 0;
	snprintf(parent, sizeof(parent), "%s", target);
	do {
		slash = strrchr(parent, '/');
		if (slash == parent)
			return -ENOENT; /* the root cannot be covered */
		if (slash)
			*slash = '\0';
		else
			strcpy(parent, ".");
	} while (slash && !view_mount_exists(mount, parent));
	return merge(mount->call, parent, target, slash ? target + (slash - parent) + 1 : target);
}

void missing_remove(struct view_call *call, const char *target)
{
	struct made **at, *made;

	pthread_mutex_lock(&lock);
	for (at = &all; *at; at = &(*at)->next)
		if ((*at)->branch == call->branch && !strcmp((*at)->target, target))
			break;
	made = *at;
	if (made)
		*at = made->next;
	pthread_mutex_unlock(&lock);
	if (!made)
		return;
	ask_path(call, SYS_umount2, made->parent, MNT_DETACH_FLAG);
	free(made->target);
	free(made->parent);
	free(made);
}
