// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Renaming.
 *
 * Where one layer has it all, the kernel renames there. With cow, a file is copied to SOURCE and
 * renamed in it; a directory is not copied: it is made in SOURCE, its bookkeeping notes which
 * directory of TARGET shows below it, and then SOURCE's directory and its bookkeeping are renamed.
 * The old name gets a marker if TARGET has it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "viewfs.h"

/* One end of a renaming. */
struct end {
	struct node *parent;
	const char *name;
	struct node *node; /* NULL: nothing there */
	struct found found;
	bool below; /* TARGET has something there, shown or not */
};

struct renaming {
	struct end old, new;
	unsigned int flags;
	struct node *copy; /* to be copied first */
	bool in_target;	   /* TARGET did it alone */
	bool last;	   /* what was at the new name had no other */
};

static int look(struct end *end)
{
	struct stat st;
	int error = find(end->parent, end->name, &end->found);

	end->below = find_below(end->parent, end->name, &st) == 0;
	if (error)
		return error == -ENOENT ? 0 : error;
	end->node = node_get(&end->found, end->parent, end->name);
	return end->node ? 0 : -ENOMEM;
}

static void leave(struct end *end)
{
	if (end->node)
		node_forget(end->node, 1);
	found_free(&end->found);
	end->node = NULL;
}

static bool end_is_dir(const struct end *end)
{
	return end->node && is_dir(end->node);
}

static bool end_is_plain(const struct end *end)
{
	const struct exception *exception = except_child(end->parent->exceptions, end->name);

	return end->parent->flags & NODE_PLAIN || (exception && exception->end);
}

static int rename_in(const struct renaming *renaming, enum layer layer, unsigned int flags)
{
	int old_dir = dir_fd(renaming->old.parent, layer);
	int new_dir = dir_fd(renaming->new.parent, layer);

	if (old_dir < 0 || new_dir < 0)
		return old_dir < 0 ? old_dir : new_dir;
	if (renameat2(old_dir, renaming->old.name, new_dir, renaming->new.name, flags) < 0)
		return -errno;
	return 0;
}

static int check(const struct renaming *renaming)
{
	const struct end *old = &renaming->old, *new = &renaming->new;
	bool exchange = renaming->flags & RENAME_EXCHANGE;

	if (!old->node || (exchange && !new->node))
		return -ENOENT;
	if (new->node && renaming->flags &RENAME_NOREPLACE)
		return -EEXIST;
	if (reserved(new->parent, new->name) || reserved(old->parent, old->name))
		return -EPERM;
	if (end_is_plain(old) != end_is_plain(new))
		return -EXDEV;
	/* An exception below cannot move. */
	if (old->node->exceptions || (exchange && new->node->exceptions))
		return -EBUSY;
	if (!new->node || exchange)
		return 0;
	if (end_is_dir(old) && !end_is_dir(new))
		return -ENOTDIR;
	if (!end_is_dir(old) && end_is_dir(new))
		return -EISDIR;
	return end_is_dir(new) ? dir_is_empty(new->node) : 0;
}

/* Can TARGET do it alone, so that the bookkeeping has no part in it? */
static bool target_has_all(const struct renaming *renaming)
{
	const struct end *old = &renaming->old, *new = &renaming->new;
	char *redirect = NULL;
	int marks;

	if (old->node->in != IN_TARGET || !(new->parent->in &IN_TARGET) ||
	    (new->node &&new->node->in != IN_TARGET))
		return false;
	if ((end_is_dir(old) && dir_fd(old->node, BOOK) >= 0) ||
	    (end_is_dir(new) && dir_fd(new->node, BOOK) >= 0))
		return false;
	marks = book_marks(new->parent, new->name, &redirect);
	free(redirect);
	return marks == 0;
}

/* A directory of SOURCE that is about to move takes along what TARGET shows in it, and nothing
 * else. */
static int seal(struct end *end, bool below)
{
	char *path;
	int error;

	error = ensure_source_dir(end->node);
	if (error)
		return error;
	if (!(end->node->in & IN_TARGET))
		return below ? book_seal(end->node, NULL) : 0;
	path = path_in_target(end->node);
	if (!path)
		return -ENOMEM;
	error = strlen(path) < PATH_MAX ? book_seal(end->node, path) : -ENAMETOOLONG;
	if (error || end->node->redirect) {
		free(path);
		return error;
	}
	end->node->redirect = path;
	return 0;
}

/* The name of a file that went to SOURCE, in TARGET. */
static int drop_old(struct end *old)
{
	int dir, error = -EROFS;

	if (view.mode == MODE_MINCOW && !old->found.hidden) {
		dir = dir_fd(old->parent, TARGET);
		error = dir < 0 ? dir : unlinkat(dir, old->name, 0) < 0 ? -errno : 0;
	}
	return error ? book_mark(old->parent, old->name) : 0;
}

static int write_journal(const struct renaming *renaming)
{
	char *old_path = path_in_view(renaming->old.parent, renaming->old.name);
	char *new_path = path_in_view(renaming->new.parent, renaming->new.name);
	int error = -ENOMEM;

	if (old_path && new_path)
		error = strlen(old_path) < PATH_MAX && strlen(new_path) < PATH_MAX
				? journal_write(old_path, new_path, renaming->old.below)
				: -ENAMETOOLONG;
	free(old_path);
	free(new_path);
	return error;
}

static int move_dir(struct renaming *renaming)
{
	struct end *old = &renaming->old, *new = &renaming->new;
	bool journal;
	int error = seal(old, new->below);

	if (error)
		return error;
	journal = old->below || dir_fd(old->node, BOOK) >= 0;
	if (journal)
		error = write_journal(renaming);
	if (error)
		return error;
	error = rename_in(renaming, SOURCE, 0);
	/* From here on it is done; what cannot be noted now, the next mount does. */
	if (!error && (book_rename(old->parent, old->name, new->parent, new->name, false) ||
		       (old->below && book_mark(old->parent, old->name))))
		return 0;
	if (journal)
		journal_clear();
	return error;
}

static int move_file(struct renaming *renaming)
{
	struct end *old = &renaming->old, *new = &renaming->new;
	char *redirect = NULL;
	bool mark = view.mode == MODE_COW && old->below;
	int error = 0, marks = book_marks(old->parent, old->name, &redirect);

	free(redirect);
	if (marks < 0)
		return marks;
	if (mark && !marks)
		error = book_mark(old->parent, old->name);
	if (error)
		return error;
	error = rename_in(renaming, SOURCE, 0);
	if (error) {
		if (mark && !marks)
			book_unmark(old->parent, old->name);
		return error;
	}
	book_rename(old->parent, old->name, new->parent, new->name, false);
	if (view.mode == MODE_MINCOW && old->below && !marks)
		drop_old(old);
	return 0;
}

static int exchange(struct renaming *renaming)
{
	struct end *old = &renaming->old, *new = &renaming->new;
	int error = 0;

	if (end_is_dir(old))
		error = seal(old, new->below);
	if (!error && end_is_dir(new))
		error = seal(new, old->below);
	if (!error)
		error = rename_in(renaming, SOURCE, RENAME_EXCHANGE);
	if (error)
		return error;
	book_rename(old->parent, old->name, new->parent, new->name, true);
	return 0;
}

/* What the bookkeeping will need is made first, as it is too late once a name has changed. */
static int make_room(const struct renaming *renaming)
{
	int fd = book_work();

	if (fd >= 0 && dir_fd(renaming->old.parent, BOOK) >= 0)
		fd = book_dir(renaming->new.parent);
	if (fd >= 0 && dir_fd(renaming->new.parent, BOOK) >= 0)
		fd = book_dir(renaming->old.parent);
	return fd < 0 ? fd : 0;
}

/* In cow and mincow. renaming->copy: to be copied, then asked again. */
static int rename_layered(struct renaming *renaming)
{
	struct end *old = &renaming->old, *new = &renaming->new;
	int error;

	if (view.mode == MODE_MINCOW && target_has_all(renaming)) {
		error = rename_in(renaming, TARGET, renaming->flags);
		renaming->in_target = !error;
		if (!error) {
			book_rename(old->parent, old->name, new->parent, new->name,
				    renaming->flags & RENAME_EXCHANGE);
			return 0;
		}
		if (!denied(error) && error != -ENOTEMPTY)
			return error;
	}
	error = may_change(old->parent);
	if (!error)
		error = may_change(new->parent);
	if (error)
		return error;
	if (!end_is_dir(old) && !(old->node->in & IN_SOURCE))
		renaming->copy = old->node;
	else if (renaming->flags & RENAME_EXCHANGE && !end_is_dir(new) &&
		 !(new->node->in &IN_SOURCE))
		renaming->copy = new->node;
	if (renaming->copy)
		return 0;
	error = ensure_source_dir(old->parent);
	if (!error)
		error = ensure_source_dir(new->parent);
	if (!error)
		error = make_room(renaming);
	if (error)
		return error;
	if (renaming->flags & RENAME_EXCHANGE)
		return exchange(renaming);
	return end_is_dir(old) ? move_dir(renaming) : move_file(renaming);
}

static int rename_anywhere(struct renaming *renaming)
{
	struct end *old = &renaming->old, *new = &renaming->new;
	enum layer layer = view.mode == MODE_MOVE ? SOURCE : TARGET;
	uint8_t in = layer == SOURCE ? IN_SOURCE : IN_TARGET;
	int error;

	if (end_is_plain(old))
		return rename_in(renaming, TARGET, renaming->flags);
	if (view.markers)
		return rename_layered(renaming);
	if (old->node->in != in || (new->node &&new->node->in != in) || !(new->parent->in &in))
		return -EROFS;
	error = rename_in(renaming, layer, renaming->flags);
	if (!error && view.records)
		book_rename(old->parent, old->name, new->parent, new->name,
			    renaming->flags & RENAME_EXCHANGE);
	return error;
}

/* The nodes follow. */
static int settle(struct renaming *renaming)
{
	struct end *old = &renaming->old, *new = &renaming->new;
	int error;

	if (renaming->flags & RENAME_EXCHANGE) {
		error = node_relink(new->node, new->parent, new->name, old->parent, old->name);
		if (error)
			return error;
	} else if (new->node) {
		node_unlink(new->node, new->parent, new->name, renaming->last);
	}
	return node_relink(old->node, old->parent, old->name, new->parent, new->name);
}

static int try_rename(struct renaming *renaming)
{
	int error = look(&renaming->old);

	if (!error)
		error = look(&renaming->new);
	if (!error)
		error = check(renaming);
	if (!error && renaming->new.node && !(renaming->flags & RENAME_EXCHANGE)) {
		hold_on(renaming->new.node);
		renaming->last = is_dir(renaming->new.node) ||
				 links_count(renaming->new.node, &renaming->new.found.st) <= 1;
	}
	if (!error)
		error = rename_anywhere(renaming);
	if (!error && !renaming->copy && view.markers && renaming->new.node &&
	    renaming->new.found.in == IN_TARGET && !(renaming->flags & RENAME_EXCHANGE))
		error = links_lost(&renaming->new.found.st, !renaming->in_target);
	if (!error && !renaming->copy)
		error = settle(renaming);
	if (renaming->copy) {
		pthread_mutex_lock(&view.table);
		renaming->copy->holds++;
		pthread_mutex_unlock(&view.table);
	}
	leave(&renaming->old);
	leave(&renaming->new);
	return error;
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
		      const char *new_name, unsigned int flags)
{
	struct renaming renaming;
	int error;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    flags == (RENAME_NOREPLACE | RENAME_EXCHANGE)) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	do {
		renaming = (struct renaming){
			.old = {.parent = node_of(parent), .name = name},
			.new = {.parent = node_of(new_parent), .name = new_name},
			.flags = flags,
		};
		tree_write();
		error = try_rename(&renaming);
		tree_unlock();
		if (renaming.copy) {
			error = copy_up(renaming.copy, COPY_ALL);
			node_put(renaming.copy);
		}
	} while (renaming.copy && !error);
	fuse_reply_err(req, -error);
}

void rename_ops(struct fuse_lowlevel_ops *ops)
{
	ops->rename = op_rename;
}
