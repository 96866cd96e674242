// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where a name leads.
 *
 *   in an exception              TARGET, whatever else there is
 *   SOURCE has it, no directory  SOURCE
 *   SOURCE has a directory       SOURCE, merged with TARGET's directory of that name unless the
 *                                bookkeeping hides that one, or names another
 *   only TARGET has it           TARGET, unless the bookkeeping hides it
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "viewfs.h"

#define BOOKKEEPING ".-"

/* Names nobody may make: the bookkeeping's directory, and those its files have. */
bool reserved(const struct node *parent, const char *name)
{
	size_t length = strlen(name);

	if (parent == &view.root && !strcmp(name, BOOKKEEPING))
		return true;
	return view.records && !(parent->flags & NODE_PLAIN) && length && name[length - 1] == 0x7f;
}

static int stat_in(struct node *parent, enum layer layer, const char *name, struct stat *st)
{
	int fd = dir_fd(parent, layer);

	if (fd < 0)
		return fd;
	if (layer == TARGET)
		return target_stat(fd, name, st);
	return fstatat(fd, name, st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static bool target_shows(const struct node *parent)
{
	return parent->in & IN_TARGET && !(parent->flags & NODE_BARE);
}

/* Does TARGET have a file that shows, or would without the bookkeeping and SOURCE, under this name?
 */
int find_below(struct node *parent, const char *name, struct stat *st)
{
	if (!target_shows(parent) || parent->flags & NODE_PLAIN)
		return -ENOENT;
	return stat_in(parent, TARGET, name, st);
}

static int stat_low(struct node *parent, const char *name, struct found *found)
{
	int fd;

	if (!found->redirect)
		return stat_in(parent, TARGET, name, &found->low);
	fd = open_below(view.root.fd[TARGET], found->redirect, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return fd;
	if (fstat(fd, &found->low) < 0) {
		close(fd);
		return -errno;
	}
	close(fd);
	return 0;
}

/* What of TARGET belongs to a name that SOURCE does not have, or has as a directory. */
static int find_low(struct node *parent, const char *name, struct found *found)
{
	bool way = found->exceptions && parent->flags & NODE_BARE;
	int marks = 0, error;

	/* A directory that moved may be in one that shows nothing of TARGET. */
	if (view.markers && (found->in || target_shows(parent))) {
		marks = book_marks(parent, name, &found->redirect);
		if (marks < 0)
			return marks;
	}
	if (!target_shows(parent) && !way && !found->redirect)
		return -ENOENT;
	found->hidden = marks && !(found->redirect && found->in);
	if (found->hidden) {
		free(found->redirect);
		found->redirect = NULL;
		return -ENOENT;
	}
	error = stat_low(parent, name, found);
	if (error)
		return error;
	if (found->in && !S_ISDIR(found->low.st_mode))
		return -ENOENT;
	if (way) {
		/* Shown for the sake of the exceptions below it, and nothing else. */
		found->flags |= NODE_BARE;
		if (found->in)
			return -ENOENT;
	}
	if (!found->in)
		found->st = found->low;
	found->in |= IN_TARGET;
	return 0;
}

/* On success the caller frees what found holds, with found_free(). */
int find(struct node *parent, const char *name, struct found *found)
{
	const struct exception *exception = except_child(parent->exceptions, name);
	int error;

	memset(found, 0, sizeof(*found));
	if (parent->flags & NODE_GONE || (parent == &view.root && !strcmp(name, BOOKKEEPING)))
		return -ENOENT;
	if (parent->flags & NODE_PLAIN || (exception && exception->end)) {
		found->in = IN_TARGET;
		found->flags = NODE_PLAIN | NODE_NOBOOK;
		return stat_in(parent, TARGET, name, &found->st);
	}
	found->exceptions = exception;
	if (parent->in & IN_SOURCE) {
		error = stat_in(parent, SOURCE, name, &found->st);
		if (!error)
			found->in = IN_SOURCE;
		else if (error != -ENOENT)
			return error;
	}
	if (found->in && !S_ISDIR(found->st.st_mode))
		return 0;
	error = find_low(parent, name, found);
	if (found->in)
		return 0;
	return error ? error : -ENOENT;
}

void found_free(struct found *found)
{
	free(found->redirect);
	found->redirect = NULL;
}

uint64_t number_for(dev_t dev, ino_t ino)
{
	if (dev == view.dev)
		return ino;
	return (ino ^ (uint64_t)dev * 0x9e3779b97f4a7c15ULL) | 1ULL << 63;
}

/*
 * The inode number shown: that of the file, changed beyond collision with the main tree's if it is
 * on another file system. A merged directory has that of TARGET, so that it does not change when it
 * is copied.
 */
uint64_t number_of(const struct found *found)
{
	const struct stat *st = &found->st;

	if (S_ISDIR(st->st_mode) && found->in == (IN_SOURCE | IN_TARGET))
		st = &found->low;
	return number_for(st->st_dev, st->st_ino);
}
