// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which layer a change goes to: the table of modes, in code.
 *
 *   move     SOURCE
 *   merge    TARGET; EROFS for what comes from SOURCE
 *   cow      SOURCE, where a file is copied first
 *   mincow   TARGET; what is not permitted there goes as with cow
 * In exceptions: TARGET.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "viewfs.h"

/* Changes a file. The function is called with view.tree held for writing, perhaps twice. */
int change(struct node *node, change_fn function, void *argument)
{
	int error;

	for (;;) {
		bool source;

		tree_write();
		source = node->in & IN_SOURCE;
		if (node->flags & NODE_PLAIN)
			error = function(node, TARGET, argument);
		else if (node->flags & NODE_BARE && !source)
			error = -EROFS;
		else if (view.mode == MODE_MERGE)
			error = source ? -EROFS : function(node, TARGET, argument);
		else if (source)
			error = function(node, SOURCE, argument);
		else if (view.mode == MODE_MINCOW)
			error = function(node, TARGET, argument);
		else
			error = -EXDEV; /* to be copied */
		tree_unlock();
		if (source || node->flags & (NODE_PLAIN | NODE_BARE) || view.mode == MODE_MERGE ||
		    (view.mode == MODE_MINCOW && !denied(error)))
			return error;
		error = copy_up(node, COPY_ALL);
		if (error)
			return error;
	}
}

/*
 * May the user change names in a directory that is still TARGET's alone? In SOURCE the kernel says;
 * a directory that is copied belongs to the user, so its owner's permissions count.
 */
int may_change(struct node *dir)
{
	struct stat st;
	int error;

	if (dir->in & IN_SOURCE || view.uid == 0 || view.options.vstat)
		return 0;
	error = place_stat(dir, TARGET, &st);
	if (error)
		return error;
	return (st.st_mode & 0300) == 0300 ? 0 : -EACCES;
}

/*
 * Will a file of TARGET be writable once it is copied? Asked before a copy that leaves data out,
 * which must not be made for a call that then fails.
 */
bool writable_copy(struct node *node)
{
	struct stat st;

	return view.uid == 0 || view.options.vstat ||
	       (place_stat(node, TARGET, &st) == 0 && st.st_mode & S_IWUSR);
}

static int make_in_source(struct node *parent, const char *name, make_fn function, void *argument)
{
	int dir, error = may_change(parent);
	struct stat below, st;

	if (!error)
		error = ensure_source_dir(parent);
	if (error)
		return error;
	dir = dir_fd(parent, SOURCE);
	if (dir < 0)
		return dir;
	error = function(dir, name, argument);
	if (error || !view.markers || find_below(parent, name, &below))
		return error;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return book_seal_name(parent, name);
	book_unmark(parent, name);
	return 0;
}

/* Makes a new name. view.tree is held for writing. */
int make_name(struct node *parent, const char *name, make_fn function, void *argument,
	      enum layer *layer)
{
	const struct exception *exception = except_child(parent->exceptions, name);
	char *redirect = NULL;
	int dir, error;

	if (parent->flags & NODE_GONE)
		return -ENOENT;
	if (reserved(parent, name))
		return parent == &view.root ? -EPERM : -EINVAL;
	if (view.options.vstat && strlen(name) >= NAME_MAX)
		return -ENAMETOOLONG; /* the bookkeeping adds a byte */
	*layer = TARGET;
	if (parent->flags & NODE_PLAIN || (exception && exception->end)) {
		dir = dir_fd(parent, TARGET);
		return dir < 0 ? dir : function(dir, name, argument);
	}
	if (view.mode == MODE_MERGE || view.mode == MODE_MOVE) {
		*layer = view.mode == MODE_MERGE ? TARGET : SOURCE;
		if (!(parent->in & (*layer == TARGET ? IN_TARGET : IN_SOURCE)))
			return -EROFS;
		dir = dir_fd(parent, *layer);
		return dir < 0 ? dir : function(dir, name, argument);
	}
	if (view.mode == MODE_MINCOW && parent->in & IN_TARGET) {
		int marks = book_marks(parent, name, &redirect);

		free(redirect);
		dir = marks ? -EACCES : dir_fd(parent, TARGET);
		error = dir < 0 ? dir : function(dir, name, argument);
		if (!denied(error) && error != -ENOENT)
			return error;
	}
	*layer = SOURCE;
	return make_in_source(parent, name, function, argument);
}
