// SPDX-License-Identifier: GPL-2.0-or-later
/* Names: looking up, making, removing. Renaming is in rename.c. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "viewfs.h"

static void reply_entry(fuse_req_t req, int error, const struct fuse_entry_param *entry)
{
	if (error)
		fuse_reply_err(req, -error);
	else if (fuse_reply_entry(req, entry) < 0 && entry->ino)
		node_forget(node_of(entry->ino), 1);
}

static void op_lookup(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct node *stale = NULL;
	struct fuse_entry_param entry;
	int error;

	tree_read();
	error = entry_for(node_of(ino), name, &entry);
	tree_unlock();
	if (error == -ESTALE) {
		tree_write();
		error = links_join(node_of(ino), name);
		if (!error)
			error = entry_for(node_of(ino), name, &entry);
		tree_unlock();
	}
	if (!error && listing_is_stale(node_of(entry.ino)))
		stale = node_of(entry.ino);
	/* An entry without a file may be remembered as well. */
	reply_entry(req, error == -ENOENT && entry.entry_timeout > 0 ? 0 : error, &entry);
	if (stale)
		forget_listing(stale);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
	node_forget(node_of(ino), lookups);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++)
		node_forget(node_of(forgets[i].ino), forgets[i].nlookup);
	fuse_reply_none(req);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct node *node = node_of(ino);
	char text[PATH_MAX];
	struct place place;
	ssize_t length = -1;
	int error;

	tree_read();
	error = place_of(node, shown_layer(node), &place);
	if (!error) {
		length = readlinkat(place.fd, place.name, text, sizeof(text) - 1);
		if (length < 0)
			error = -errno;
	}
	tree_unlock();
	if (error) {
		fuse_reply_err(req, -error);
		return;
	}
	text[length] = '\0';
	fuse_reply_readlink(req, text);
}

struct making {
	mode_t mode;
	dev_t rdev;
	const char *text;
};

static int make_dir(int dir, const char *name, void *argument)
{
	const struct making *making = argument;
	mode_t mode = (making->mode & 07777) | (view.options.vstat ? 0700 : 0);

	return mkdirat(dir, name, mode) < 0 ? -errno : 0;
}

static int make_symlink(int dir, const char *name, void *argument)
{
	const struct making *making = argument;

	return symlinkat(making->text, dir, name) < 0 ? -errno : 0;
}

static int make_node(int dir, const char *name, void *argument)
{
	const struct making *making = argument;
	mode_t mode = making->mode;
	bool device = S_ISCHR(mode) || S_ISBLK(mode);

	if (view.options.vstat && (device || S_ISREG(mode)))
		mode |= 0600;
	/* With vstat a device is a plain file, and the bookkeeping says what it stands for. */
	if (view.options.vstat && device)
		return mknodat(dir, name, S_IFREG | (mode & 07777), 0) < 0 ? -errno : 0;
	return mknodat(dir, name, mode, making->rdev) < 0 ? -errno : 0;
}

static void make(fuse_req_t req, fuse_ino_t ino, const char *name, make_fn function,
		 struct making *making)
{
	struct node *parent = node_of(ino);
	struct fuse_entry_param entry;
	struct found found;
	enum layer layer;
	int error;

	tree_write();
	error = find(parent, name, &found);
	if (!error) {
		found_free(&found);
		error = -EEXIST;
	} else if (error == -ENOENT) {
		error = make_name(parent, name, function, making, &layer);
		if (!error)
			error = record_new(parent, name, layer, making->mode, making->rdev,
					   fuse_req_ctx(req));
		if (!error)
			error = entry_for(parent, name, &entry);
	}
	tree_unlock();
	reply_entry(req, error, &entry);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct making making = {.mode = S_IFDIR | (mode & 07777)};

	make(req, parent, name, make_dir, &making);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	struct making making = {.mode = mode, .rdev = rdev};

	make(req, parent, name, make_node, &making);
}

static void op_symlink(fuse_req_t req, const char *text, fuse_ino_t parent, const char *name)
{
	struct making making = {.mode = S_IFLNK | 0777, .text = text};

	make(req, parent, name, make_symlink, &making);
}

/* ---- hard links */

struct linking {
	struct node *node;
	enum layer layer;
};

static int make_link(int dir, const char *name, void *argument)
{
	const struct linking *linking = argument;
	struct place place;
	int error = place_of(linking->node, linking->layer, &place);

	if (error)
		return error;
	if (!*place.name)
		return -ENOENT; /* the kernel revives no file that has no name */
	return linkat(place.fd, place.name, dir, name, 0) < 0 ? -errno : 0;
}

/* Into the layer the file is in, or EXDEV. view.tree is held for writing. */
static int link_in_layer(struct node *node, struct node *parent, const char *name)
{
	struct linking linking = {node, shown_layer(node)};
	struct record record;
	enum layer layer;
	int dir, error;

	if (linking.layer == SOURCE && view.mode == MODE_MERGE)
		return -EXDEV;
	if (node->flags & NODE_PLAIN || parent->flags & NODE_PLAIN) {
		if (!(node->flags & parent->flags & NODE_PLAIN))
			return -EXDEV;
	} else if (linking.layer == TARGET && view.mode == MODE_MINCOW) {
		struct stat st;

		/* Only where TARGET's own name is free. */
		if (!(parent->in & IN_TARGET) || find_below(parent, name, &st) == 0)
			return -EACCES;
		dir = dir_fd(parent, TARGET);
		error = dir < 0 ? dir : make_link(dir, name, &linking);
		if (!error && place_stat(node, TARGET, &st) == 0)
			links_gained(&st);
		return error;
	} else if (linking.layer == SOURCE && view.mode == MODE_MINCOW) {
		error = may_change(parent);
		if (!error)
			error = ensure_source_dir(parent);
		dir = error ? error : dir_fd(parent, SOURCE);
		error = dir < 0 ? dir : make_link(dir, name, &linking);
		if (error)
			return error;
		book_unmark(parent, name);
		goto linked;
	}
	error = make_name(parent, name, make_link, &linking, &layer);
	if (error)
		return error;
linked:
	if (node_record(node, &record)) {
		dir = book_dir(parent);
		error = dir < 0 ? dir : record_write(dir, name, &record);
	}
	return error;
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t new_parent, const char *name)
{
	struct node *node = node_of(ino), *parent = node_of(new_parent);
	struct fuse_entry_param entry;
	struct found found;
	int error;

	for (;;) {
		bool copy;

		tree_write();
		error = find(parent, name, &found);
		if (!error) {
			found_free(&found);
			error = -EEXIST;
		} else if (error == -ENOENT) {
			copy = view.markers && !(node->in & IN_SOURCE) &&
			       !(node->flags & NODE_PLAIN);
			error = reserved(parent, name)		? -EPERM
				: copy && view.mode == MODE_COW ? -EROFS
								: link_in_layer(node, parent, name);
			if (error && copy &&
			    (denied(error) || (error == -EXDEV && !(parent->flags & NODE_PLAIN)))) {
				tree_unlock();
				error = copy_up(node, COPY_ALL);
				if (error)
					break;
				continue;
			}
			if (!error)
				error = entry_for(parent, name, &entry);
		}
		tree_unlock();
		break;
	}
	reply_entry(req, error, &entry);
}

/* ---- removing */

/* A file whose last known name goes is still there for those who have it open, or stand in it. */
void hold_on(struct node *node)
{
	struct record record;
	struct place place;
	enum layer layer = shown_layer(node);

	if (is_dir(node)) {
		dir_fd(node, SOURCE);
		dir_fd(node, TARGET);
	} else if (node->fd[layer] < 0 && place_of(node, layer, &place) == 0) {
		node->fd[layer] = openat(place.fd, place.name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (node->fd[layer] >= 0)
			view.open_dirs++;
	}
	if (!node->kept && node_record(node, &record)) {
		node->kept = malloc(sizeof(*node->kept));
		if (node->kept)
			*node->kept = record;
	}
}

static int unlink_in(struct node *parent, enum layer layer, const char *name, bool dir)
{
	int fd = dir_fd(parent, layer);

	if (fd < 0)
		return fd;
	return unlinkat(fd, name, dir ? AT_REMOVEDIR : 0) < 0 ? -errno : 0;
}

/* The directory's time says that a name went, although no file system saw that, if there is room.
 */
static void touch(struct node *dir)
{
	static const struct timespec now[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
	int error = ensure_source_dir(dir), fd = error ? error : dir_fd(dir, SOURCE);

	if (fd >= 0)
		utimensat(fd, ".", now, 0);
}

/* In cow and mincow. */
static int remove_layered(struct node *parent, const char *name, bool dir,
			  const struct found *found)
{
	char *redirect = NULL;
	struct stat low = found->st;
	int marks = 0, error = 0;
	bool shows = found->in == IN_TARGET, below = shows;

	if (reserved(parent, name))
		return -EPERM;
	/* A file that shows TARGET's is there and not marked. */
	if (!shows || dir) {
		below = find_below(parent, name, &low) == 0;
		marks = book_marks(parent, name, &redirect);
		free(redirect);
		if (marks < 0)
			return marks;
	}
	if (below && !marks && view.mode == MODE_MINCOW) {
		error = unlink_in(parent, TARGET, name, S_ISDIR(low.st_mode));
		if (error && !denied(error) && error != -ENOTEMPTY && error != -EBUSY)
			return error;
		below = error;
	}
	if (below) {
		error = may_change(parent);
		if (!error && marks != MARKED)
			error = book_mark(parent, name);
		if (error)
			return error;
		touch(parent);
	}
	if (found->in & IN_SOURCE) {
		error = unlink_in(parent, SOURCE, name, dir);
		if (error) {
			if (below && !marks)
				book_unmark(parent, name);
			return error;
		}
	}
	if (below)
		record_remove(dir_fd(parent, BOOK), name);
	else
		book_clear(parent, name);
	return shows ? links_lost(&low, below) : 0;
}

static int remove_anywhere(struct node *parent, const char *name, bool dir,
			   const struct found *found)
{
	int error;

	if (found->flags & NODE_PLAIN)
		return unlink_in(parent, TARGET, name, dir);
	if (found->flags & NODE_BARE && !(found->in & IN_SOURCE))
		return -EROFS;
	if (view.markers)
		return remove_layered(parent, name, dir, found);
	if (view.mode == MODE_MERGE && found->in & IN_SOURCE)
		return -EROFS;
	error = unlink_in(parent, view.mode == MODE_MERGE ? TARGET : SOURCE, name, dir);
	if (!error && view.records)
		book_clear(parent, name);
	return error;
}

static int remove_name(struct node *parent, const char *name, bool dir)
{
	struct found found;
	struct node *node;
	bool last = true;
	int error = find(parent, name, &found);

	if (error)
		return error;
	if (dir != S_ISDIR(found.st.st_mode)) {
		found_free(&found);
		return dir ? -ENOTDIR : -EISDIR;
	}
	node = node_get(&found, parent, name);
	if (!node)
		error = -ENOMEM;
	else if (dir)
		error = dir_is_empty(node);
	if (!error) {
		last = dir || links_count(node, &found.st) <= 1;
		if (node->links && !node->links->next)
			hold_on(node);
		error = remove_anywhere(parent, name, dir, &found);
	}
	if (!error)
		node_unlink(node, parent, name, last);
	if (node)
		node_forget(node, 1);
	found_free(&found);
	return error;
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	int error;

	tree_write();
	error = remove_name(node_of(parent), name, false);
	tree_unlock();
	fuse_reply_err(req, -error);
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	int error;

	tree_write();
	error = remove_name(node_of(parent), name, true);
	tree_unlock();
	fuse_reply_err(req, -error);
}

void names_ops(struct fuse_lowlevel_ops *ops)
{
	ops->lookup = op_lookup;
	ops->forget = op_forget;
	ops->forget_multi = op_forget_multi;
	ops->readlink = op_readlink;
	ops->mkdir = op_mkdir;
	ops->mknod = op_mknod;
	ops->symlink = op_symlink;
	ops->link = op_link;
	ops->unlink = op_unlink;
	ops->rmdir = op_rmdir;
}
