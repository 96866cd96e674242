// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that the kernel opens without asking.
 *
 * Where all that is written goes to a copy of ours (cow), there is nothing to decide when a file is
 * opened: the kernel is told once that it need not ask (ENOSYS), keeps pages and listings from one
 * opening to the next, and knows by their attributes when they are out of date. Data then has a
 * node and no handle. A node has one descriptor of the layer, opened when data is first asked for,
 * to write only when something is written, for which the file is copied first; and closed when the
 * node is forgotten, or by a sweep (node.c). Directories are listed without a handle, too (listing.c).
 *
 * Whether a file may be opened is judged by the kernel from what is shown of it, as its owner's
 * permissions are what counts in a copy. In the initial user namespace, where other owners are shown
 * as they are, it is found out when data is asked for.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "viewfs.h"

struct opened {
	int fd;
	bool write;
	unsigned int users; /* the node's own reference is one; under view.table */
};

/* Takes the last reference away, perhaps. view.table is held. */
static void release(struct opened *opened)
{
	if (!opened || --opened->users)
		return;
	close(opened->fd);
	free(opened);
	__atomic_sub_fetch(&view.open_dirs, 1, __ATOMIC_RELAXED);
}

void opened_put(struct opened *opened)
{
	pthread_mutex_lock(&view.table);
	release(opened);
	pthread_mutex_unlock(&view.table);
}

void opened_drop(struct node *node, bool unused)
{
	if (node->opened && unused && node->opened->users > 1)
		return;
	release(node->opened);
	node->opened = NULL;
}

struct opened *opened_keep(struct node *node, int fd, bool write)
{
	struct opened *opened = malloc(sizeof(*opened));

	if (!opened) {
		close(fd);
		return NULL;
	}
	*opened = (struct opened){.fd = fd, .write = write, .users = 2};
	__atomic_add_fetch(&view.open_dirs, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&view.table);
	release(node->opened);
	node->opened = opened;
	pthread_mutex_unlock(&view.table);
	return opened;
}

int opened_fd(const struct opened *opened)
{
	return opened->fd;
}

static struct opened *find_opened(struct node *node, bool write)
{
	struct opened *opened;

	pthread_mutex_lock(&view.table);
	opened = node->opened && (!write || node->opened->write) ? node->opened : NULL;
	if (opened) {
		opened->users++;
		__atomic_fetch_or(&node->flags, NODE_USED, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&view.table);
	return opened;
}

/* EXDEV: copy first. view.tree is held. */
static struct opened *open_now(struct node *node, bool write, int *error)
{
	enum layer layer = shown_layer(node);
	struct opened *opened;
	int fd;

	if (write && layer == TARGET) {
		*error = writable_copy(node) ? -EXDEV : -EACCES;
		return NULL;
	}
	fd = place_open(node, layer, (write ? O_RDWR : O_RDONLY) | O_NONBLOCK);
	if (fd == -EACCES && write)
		fd = place_open(node, layer, O_WRONLY | O_NONBLOCK);
	*error = fd < 0 ? fd : 0;
	opened = fd < 0 ? NULL : opened_keep(node, fd, write);
	if (fd >= 0 && !opened)
		*error = -ENOMEM;
	return opened;
}

struct opened *opened_get(struct node *node, bool write, int *error)
{
	struct opened *opened;

	for (;;) {
		tree_read();
		*error = 0;
		opened = find_opened(node, write);
		if (!opened)
			opened = open_now(node, write, error);
		tree_unlock();
		if (*error != -EXDEV)
			return opened;
		*error = copy_up(node, COPY_ALL);
		if (*error)
			return NULL;
	}
}

/* ---- where it can be done */

/* Files that the kernel makes when they are read, which say nothing of their size, must be opened. */
bool made_when_read(int fd)
{
	struct statfs st;

	if (fstatfs(fd, &st) < 0)
		return false;
	switch ((unsigned long)st.f_type) {
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case DEBUGFS_MAGIC:
	case TRACEFS_MAGIC:
	case SECURITYFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}

/* Is anything mounted below a directory? */
static bool mounts_below(int fd)
{
	char self[32], path[PATH_MAX], point[PATH_MAX], *line = NULL;
	FILE *file = fopen("/proc/self/mountinfo", "re");
	ssize_t length;
	size_t size = 0;
	bool found = !file;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	length = readlink(self, path, sizeof(path) - 1);
	if (length <= 0)
		found = true;
	if (length == 1)
		length = 0; /* "/" */
	while (!found && getline(&line, &size, file) > 0)
		found = sscanf(line, "%*u %*u %*s %*s %4095s", point) == 1 &&
			!strncmp(point, path, length) && point[length] == '/' && point[length + 1];
	free(line);
	if (file)
		fclose(file);
	return found;
}

bool opened_lazily(void)
{
	const struct options *options = &view.options;
	const struct node *root = &view.root;

	return view.mode == MODE_COW && !options->vstat && !options->wok && !options->writeback &&
	       !options->nochcopy && !options->except_count && !options->readonly &&
	       !made_when_read(root->fd[TARGET]) && !mounts_below(root->fd[TARGET]);
}
