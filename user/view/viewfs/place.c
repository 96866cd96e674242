// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From nodes to descriptors: the directories of the layers are opened when first needed, each from
 * its parent's descriptor and its name, and kept until a sweep (node.c) or the kernel forgets them.
 * view.tree is held by every caller.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "viewfs.h"

/* Opens a path below a directory; no part of it may be a symbolic link. Returns a descriptor. */
int open_below(int fd, const char *path, int flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int opened = syscall(SYS_openat2, fd, *path ? path : ".", &how, sizeof(how));

	return opened < 0 ? -errno : opened;
}

/*
 * Is this our own mount, seen from below? TARGET may be a tree that the mount is in. Asked without
 * a request to ourselves, which nobody might be free to serve.
 */
static bool is_own(int fd, const char *name, struct statx *stx)
{
	if (statx(fd, name, PLACE_FLAGS | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, stx) < 0)
		return false;
	return makedev(stx->stx_dev_major, stx->stx_dev_minor) == view.own_dev;
}

/* fstatat() in TARGET. In the place of our own mount is the directory it covers. */
int target_stat(int fd, const char *name, struct stat *st)
{
	struct statx stx;

	if (view.own_dev && is_own(fd, name, &stx)) {
		if (view.covered < 0)
			return -ENOENT;
		fd = view.covered;
		name = "";
	}
	return fstatat(fd, name, st, PLACE_FLAGS) < 0 ? -errno : 0;
}

static int open_in_target(int parent, const char *name)
{
	int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statx stx;

	if (fd < 0 || !is_own(fd, "", &stx))
		return fd;
	close(fd);
	errno = ENOENT;
	return view.covered < 0 ? -1 : fcntl(view.covered, F_DUPFD_CLOEXEC, 0);
}

/* The descriptor of a directory in a layer, which stays the node's; -ENOENT if it is not there. */
int dir_fd(struct node *dir, enum layer layer)
{
	int fd = __atomic_load_n(&dir->fd[layer], __ATOMIC_ACQUIRE), parent, unset = -1;

	if (fd >= 0) {
		if (!(dir->flags & NODE_USED))
			__atomic_fetch_or(&dir->flags, NODE_USED, __ATOMIC_RELAXED);
		return fd;
	}
	if (dir == &view.root || dir->flags & NODE_GONE || !dir->links)
		return -ENOENT;
	if (layer == BOOK && dir->flags & NODE_NOBOOK)
		return -ENOENT;
	if (layer == TARGET && dir->redirect) {
		fd = open_below(view.root.fd[TARGET], dir->redirect, O_PATH | O_DIRECTORY);
	} else {
		parent = dir_fd(dir->links->parent, layer);
		if (parent < 0)
			return parent;
		if (layer == TARGET)
			fd = open_in_target(parent, dir->links->name);
		else
			fd = openat(parent, dir->links->name,
				    O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
	}
	if (fd < 0) {
		if (layer == BOOK && (fd == -ENOENT || fd == -ENOTDIR)) {
			__atomic_fetch_or(&dir->flags, NODE_NOBOOK, __ATOMIC_RELAXED);
			fd = -ENOENT;
		}
		return fd;
	}
	if (!__atomic_compare_exchange_n(&dir->fd[layer], &unset, fd, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE)) {
		close(fd);
		return unset;
	}
	__atomic_add_fetch(&view.open_dirs, 1, __ATOMIC_RELAXED);
	__atomic_fetch_or(&dir->flags, NODE_USED, __ATOMIC_RELAXED);
	return fd;
}

/* The layer whose attributes and data show. */
enum layer shown_layer(const struct node *node)
{
	return node->in & IN_SOURCE ? SOURCE : TARGET;
}

int place_of(struct node *node, enum layer layer, struct place *place)
{
	int fd;

	place->name = "";
	if (node == &view.root || !node->links ||
	    (is_dir(node) && (node->fd[layer] >= 0 || node->redirect))) {
		fd = dir_fd(node, layer);
	} else {
		fd = dir_fd(node->links->parent, layer);
		place->name = node->links->name;
	}
	place->fd = fd;
	return fd < 0 ? fd : 0;
}

int place_stat(struct node *node, enum layer layer, struct stat *st)
{
	struct place place;
	int error = place_of(node, layer, &place);

	if (error)
		return error;
	return fstatat(place.fd, place.name, st, PLACE_FLAGS) < 0 ? -errno : 0;
}

/* Returns a descriptor. */
int place_open(struct node *node, enum layer layer, int flags)
{
	struct place place;
	char self[32];
	int error = place_of(node, layer, &place), fd;

	if (error)
		return error;
	flags |= O_CLOEXEC;
	if (*place.name) {
		fd = openat(place.fd, place.name, flags | O_NOFOLLOW);
	} else if (is_dir(node)) {
		fd = openat(place.fd, ".", flags | O_NOFOLLOW);
	} else { /* has no name any more */
		snprintf(self, sizeof(self), "/proc/self/fd/%d", place.fd);
		fd = open(self, flags & ~O_NOFOLLOW);
	}
	return fd < 0 ? -errno : fd;
}

/*
 * Calls on extended attributes know no directory descriptors, so a thread changes to the directory;
 * each thread has a working directory of its own.
 */
int enter(const struct place *place)
{
	static __thread bool own;

	if (!own && unshare(CLONE_FS) < 0)
		return -errno;
	own = true;
	return fchdir(place->fd) < 0 ? -errno : 0;
}

static char *join(char *front, const char *name)
{
	size_t length = strlen(front);
	char *path = realloc(front, length + strlen(name) + 2);

	if (!path) {
		free(front);
		return NULL;
	}
	if (length)
		path[length++] = '/';
	strcpy(path + length, name);
	return path;
}

/* The path of a name in a directory from the root of the view; the caller frees it. */
char *path_in_view(struct node *dir, const char *name)
{
	char *front;

	if (dir == &view.root)
		return strdup(name);
	front = path_in_view(dir->links->parent, dir->links->name);
	return front ? join(front, name) : NULL;
}

/* The path of the directory of TARGET that a node shows; the caller frees it. */
char *path_in_target(struct node *dir)
{
	char *front;

	if (dir == &view.root)
		return strdup("");
	if (dir->redirect)
		return strdup(dir->redirect);
	front = path_in_target(dir->links->parent);
	return front ? join(front, dir->links->name) : NULL;
}
