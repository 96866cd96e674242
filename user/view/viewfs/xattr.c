// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Extended attributes, which pass to the layers; and one of ours on every file, not listed:
 *
 *   system.viewfs.stat   the file's attributes as the bookkeeping has them or its file system says,
 * in the text form of record.c. With vstat it can be written, tag by tag; removing it forgets what
 * the bookkeeping has.
 *
 * It is for those who stand for users that a user namespace has no numbers for: the kernel refuses
 * their numbers in chown(2) and stat(2).
 */
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "viewfs.h"

#define STAT_NAME "system.viewfs.stat"

/* A path for *xattr() calls: a name in the thread's directory, or a descriptor's path. */
static const char *xattr_path(struct node *node, enum layer layer, char *self, size_t size,
			      int *error)
{
	struct place place;

	*error = place_of(node, layer, &place);
	if (*error)
		return NULL;
	if (!*place.name && !is_dir(node)) {
		snprintf(self, size, "/proc/self/fd/%d", place.fd);
		return self;
	}
	*error = enter(&place);
	return *place.name ? place.name : ".";
}

/* A path of /proc is a symbolic link that must be followed. */
static bool follows(const char *path)
{
	return path[0] == '/';
}

static void all_of(const struct stat *st, struct record *record)
{
	record->mode = st->st_mode;
	record->uid = st->st_uid;
	record->gid = st->st_gid;
	record->rdev = st->st_rdev;
	record->has = RECORD_TYPE | RECORD_MODE | RECORD_UID | RECORD_GID | RECORD_RDEV;
	if (!S_ISCHR(st->st_mode) && !S_ISBLK(st->st_mode))
		record->has &= ~RECORD_RDEV;
	if (S_ISDIR(st->st_mode) || S_ISLNK(st->st_mode))
		record->has &= ~RECORD_TYPE;
}

static int read_stat(struct node *node, char *text, size_t size)
{
	struct record record;
	struct stat st;
	int error = place_stat(node, shown_layer(node), &st);

	if (error)
		return error;
	if (node_record(node, &record))
		record_apply(&record, &st);
	all_of(&st, &record);
	return record_print(&record, text, size);
}

static int write_stat(struct node *node, const char *value, size_t size)
{
	struct record record = {0}, new;
	char text[512];
	struct stat st;

	if (!view.options.vstat || node->flags & NODE_PLAIN)
		return -EOPNOTSUPP;
	if (size >= sizeof(text))
		return -E2BIG;
	memcpy(text, value, size);
	text[size] = '\0';
	if (record_parse(text, &new) < 0)
		return -EINVAL;
	if (new.has & RECORD_TYPE &&
	    (place_stat(node, shown_layer(node), &st) || st.st_size || !S_ISREG(st.st_mode)))
		return -EINVAL;
	node_record(node, &record);
	if (new.has & RECORD_TYPE)
		record.mode = (record.mode & ~S_IFMT) | (new.mode &S_IFMT);
	if (new.has & RECORD_MODE)
		record.mode = (record.mode & S_IFMT) | (new.mode & 07777);
	if (new.has & RECORD_UID)
		record.uid = new.uid;
	if (new.has & RECORD_GID)
		record.gid = new.gid;
	if (new.has & RECORD_RDEV)
		record.rdev = new.rdev;
	record.has |= new.has & ~RECORD_TIMES;
	return node_set_record(node, &record);
}

static void reply_value(fuse_req_t req, const char *value, ssize_t length, size_t size)
{
	if (length < 0)
		fuse_reply_err(req, -length);
	else if (size == 0)
		fuse_reply_xattr(req, length);
	else if ((size_t)length > size)
		fuse_reply_err(req, ERANGE);
	else
		fuse_reply_buf(req, value, length);
}

/* The value of an attribute, or without a name the list of them. */
static ssize_t read_layer(struct node *node, enum layer layer, const char *name, char *value,
			  size_t size)
{
	char self[32];
	int error;
	const char *path = xattr_path(node, layer, self, sizeof(self), &error);
	ssize_t length;

	if (error)
		return error;
	if (follows(path))
		length = name ? getxattr(path, name, value, size) : listxattr(path, value, size);
	else
		length = name ? lgetxattr(path, name, value, size) : llistxattr(path, value, size);
	return length < 0 ? -errno : length;
}

/*
 * To a file in the work directory, from TARGET. A file whose known names are gone has others
 * perhaps, so it is read without a name. What one file system has and the other refuses is lost, as
 * it is with cp; a disk that is full is an error. view.tree is held.
 */
int copy_xattrs(struct node *node, const struct place *to)
{
	char list[65536], *value = malloc(XATTR_SIZE_MAX);
	ssize_t length = read_layer(node, TARGET, NULL, list, sizeof(list)), size;
	int error = value ? 0 : -ENOMEM;

	for (char *name = list; !error && length > 0 && name < list + length;
	     name += strlen(name) + 1) {
		size = read_layer(node, TARGET, name, value, XATTR_SIZE_MAX);
		if (size < 0 || enter(to) < 0)
			continue;
		if (lsetxattr(to->name, name, value, size, 0) < 0 &&
		    (errno == ENOSPC || errno == EDQUOT))
			error = -errno;
	}
	free(value);
	return error;
}

static void reply_read(fuse_req_t req, struct node *node, const char *name, size_t size)
{
	char *value = size ? malloc(size) : NULL;
	ssize_t length;

	if (size && !value) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	tree_read();
	length = read_layer(node, shown_layer(node), name, value, size);
	tree_unlock();
	reply_value(req, value, length, size);
	free(value);
}

static void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	char text[512];
	int length;

	if (strcmp(name, STAT_NAME)) {
		reply_read(req, node_of(ino), name, size);
		return;
	}
	tree_read();
	length = read_stat(node_of(ino), text, sizeof(text));
	tree_unlock();
	reply_value(req, text, length, size);
}

static void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	reply_read(req, node_of(ino), NULL, size);
}

struct setting {
	const char *name, *value; /* no value: remove */
	size_t size;
	int flags;
};

static int set(struct node *node, enum layer layer, void *argument)
{
	const struct setting *setting = argument;
	char self[32];
	int error, result;
	const char *path = xattr_path(node, layer, self, sizeof(self), &error);

	if (error)
		return error;
	if (!setting->value)
		result = follows(path) ? removexattr(path, setting->name)
				       : lremovexattr(path, setting->name);
	else if (follows(path))
		result = setxattr(path, setting->name, setting->value, setting->size,
				  setting->flags);
	else
		result = lsetxattr(path, setting->name, setting->value, setting->size,
				   setting->flags);
	return result < 0 ? -errno : 0;
}

/* The kernel shall ask for the attributes again; for the type, it asks anyway (attr.c). */
static void changed(fuse_ino_t ino)
{
	fuse_lowlevel_notify_inval_inode(view.session, ino, -1, 0);
}

static void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value,
			size_t size, int flags)
{
	struct setting setting = {name, value, size, flags};
	int error;

	if (!strcmp(name, STAT_NAME)) {
		tree_write();
		error = write_stat(node_of(ino), value, size);
		tree_unlock();
		changed(ino);
	} else {
		error = change(node_of(ino), set, &setting);
	}
	fuse_reply_err(req, -error);
}

static void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct setting setting = {name, NULL, 0, 0};
	struct record none = {0};
	int error;

	if (!strcmp(name, STAT_NAME)) {
		tree_write();
		error = view.options.vstat ? node_set_record(node_of(ino), &none) : -EOPNOTSUPP;
		tree_unlock();
		changed(ino);
	} else {
		error = change(node_of(ino), set, &setting);
	}
	fuse_reply_err(req, -error);
}

void xattr_ops(struct fuse_lowlevel_ops *ops)
{
	ops->getxattr = op_getxattr;
	ops->listxattr = op_listxattr;
	ops->setxattr = op_setxattr;
	ops->removexattr = op_removexattr;
}
