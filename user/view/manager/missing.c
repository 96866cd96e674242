// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mount points that do not exist.
 *
 * A mount needs something to be on. Nothing is made in the real tree: viewfs(1) shows the nearest
 * directory above merged with a layer that has the missing names, and goes when what was mounted
 * there goes. So nobody else sees anything, and the rest of that directory is the real one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "manager.h"

#define MNT_DETACH_FLAG 2

struct made {
	struct made *next;
	struct branch *branch;
	char *parent; /* where viewfs is */
	char *point;  /* what it shows, as the table of mounts has it */
};

static struct made *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Note what was made. */
static void remember(struct view_call *call, const char *parent, const char *rest)
{
	struct made *made = calloc(1, sizeof(*made));
	int fd = mount_open_path(call, parent, O_PATH);
	char real[PATH_MAX];

	if (made && fd >= 0 && mount_path_of(fd, real) &&
	    asprintf(&made->point, "%s/%s", real, rest) >= 0) {
		made->branch = call->branch;
		made->parent = strdup(real);
		pthread_mutex_lock(&lock);
		made->next = all;
		all = made;
		pthread_mutex_unlock(&lock);
	} else {
		free(made);
	}
	if (fd >= 0)
		close(fd);
}

/* Merge parent with a layer that has the rest of target. */
static int merge(struct view_call *call, const char *parent, const char *rest)
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
		remember(call, parent, rest);
	mount_free(&mount);
	return error == VIEW_PASS ? -ENOENT : error;
}

int missing_make(struct view_mount *mount)
{
	const char *target = mount->target;
	char parent[PATH_MAX], *slash;
	int error;

	if (view_mount_exists(mount, target))
		return 0;
	snprintf(parent, sizeof(parent), "%s", target);
	do {
		slash = strrchr(parent, '/');
		if (!slash || slash == parent)
			return view_mount_error(
				mount, -ENOENT,
				"%s does not exist, and nothing can be shown in the root directory "
				"that is not there: make it, or mount below another directory",
				target);
		*slash = '\0';
	} while (!view_mount_exists(mount, parent));
	error = merge(mount->call, parent, target + (slash - parent) + 1);
	return error ? error : 1;
}

/* Is anything mounted on a point? */
static bool is_mounted(const struct made *made)
{
	char path[64], point[PATH_MAX], *line = NULL;
	size_t size = 0;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", made->branch->servers);
	file = fopen(path, "re");
	while (file && !found && getline(&line, &size, file) > 0) {
		if (sscanf(line, "%*u %*u %*s %*s %4095s", point) != 1)
			continue;
		mount_unescape(point);
		found = !strcmp(point, made->point);
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

void missing_remove(struct view_call *call)
{
	struct view_call at_root = *call;
	struct made **at, *made;

	at_root.at_root = true;
	for (;;) {
		pthread_mutex_lock(&lock);
		for (at = &all; *at; at = &(*at)->next)
			if ((*at)->branch == call->branch && !is_mounted(*at))
				break;
		made = *at;
		if (made)
			*at = made->next;
		pthread_mutex_unlock(&lock);
		if (!made)
			return;
		ask_path(&at_root, SYS_umount2, made->parent, MNT_DETACH_FLAG);
		free(made->point);
		free(made->parent);
		free(made);
	}
}
