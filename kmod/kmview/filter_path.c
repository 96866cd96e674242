// SPDX-License-Identifier: GPL-2.0-only
/*
 * Path prefixes: does the path that a call names lie where a session is responsible?
 *
 * The answer is about names, not objects: what is below the prefix need not exist. The path is followed as the kernel
 * would, from the task's root and working directory, as far as it exists; what does not exist is appended as text. So a
 * symbolic link that points below a prefix leads there, even if it points to nothing. The text that comes out is
 * compared with the prefixes (path_text.c).
 *
 * Costs one path walk by name, two or three if the path does not exist; only calls whose rule has a path filter pay.
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "filter.h"
#include "path_text.h"
#include "session.h"
#include "user_memory.h"

#define LINKS_MAX 40 /* as the kernel's MAXSYMLINKS */

/* Buffers of PATH_MAX for one resolution. */
struct walk {
	char name[PATH_MAX];   /* absolute, to be resolved */
	char result[PATH_MAX]; /* canonical */
	char text[PATH_MAX];   /* of d_path() */
};

/* The name of a path as the current task sees it; false if it does not see it. */
static bool path_name(const struct path *path, char *name, char *buffer)
{
	const char *text = d_path(path, buffer, PATH_MAX);

	if (IS_ERR(text) || text[0] != '/' || strscpy(name, text, PATH_MAX) < 0)
		return false;
	return true;
}

/* Where a relative name starts, in walk->name. */
static bool start_name(struct walk *walk, int dirfd)
{
	struct path start;
	struct file *file;
	bool good;

	if (dirfd == AT_FDCWD) {
		get_fs_pwd(current->fs, &start);
		good = path_name(&start, walk->name, walk->text);
		path_put(&start);
		return good;
	}
	file = fget_raw(dirfd);
	if (!file)
		return false;
	good = path_name(&file->f_path, walk->name, walk->text);
	fput(file);
	return good;
}

/* walk->name: absolute, neither canonical nor without links. */
static bool read_name(struct walk *walk, const char __user *name, int dirfd)
{
	size_t length = 0;
	long got;
	char c;

	if (get_user(c, name))
		return false;
	if (c != '/') {
		if (!start_name(walk, dirfd))
			return false;
		length = strlen(walk->name);
		if (length + 2 > PATH_MAX)
			return false;
		walk->name[length++] = '/';
	}
	got = kmview_copy_string(walk->name + length, name, PATH_MAX - length);
	return got >= 0 && got < (long)(PATH_MAX - length);
}

/*
 * The link at path, which is the first length bytes of walk->name, leads nowhere (yet): put what it says in its place,
 * before the rest of the name.
 */
static bool follow_link(struct walk *walk, const struct path *path, size_t length)
{
	DEFINE_DELAYED_CALL(done);
	const char *target, *rest = walk->name + length;
	size_t start = 0;
	bool good = false;
	int n;

	target = vfs_get_link(path->dentry, &done);
	if (IS_ERR(target))
		return false;
	if (target[0] != '/') { /* the directory of the link comes first */
		start = length;
		while (start && walk->name[start - 1] != '/')
			start--;
	}
	n = snprintf(walk->text, PATH_MAX, "%.*s%s%s", (int)start, walk->name, target, rest);
	if (n < PATH_MAX) {
		strscpy(walk->name, walk->text, PATH_MAX);
		good = true;
	}
	do_delayed_call(&done);
	return good;
}

/* The length of the name without its last component and the slashes around it; 0: it was the only one. */
static size_t parent_length(const char *name, size_t length)
{
	while (length && name[length - 1] == '/')
		length--;
	while (length && name[length - 1] != '/')
		length--;
	return length;
}

/*
 * A link of /proc that jumps to an open file or the like. It has no text to read, and only such links read themselves.
 */
static bool is_magic(const struct dentry *link)
{
	return d_is_symlink(link) && d_inode(link)->i_op->readlink;
}

/* Look the first length bytes of walk->name up. */
static int lookup_part(struct walk *walk, size_t length, unsigned int flags, struct path *path)
{
	char saved = walk->name[length];
	int err;

	walk->name[length] = '\0';
	err = kern_path(length ? walk->name : "/", flags, path);
	walk->name[length] = saved;
	return err;
}

/*
 * Bring walk->name to walk->result: from the whole name on, shorter and shorter, find a part that exists. If its last
 * component is a link, it is a dangling one, since the longer part did not exist: replace it and start anew. A magic
 * link is followed by the kernel. Returns 1; 0: it leads nowhere; -ENOMEM.
 */
static int resolve_name(struct walk *walk, bool follow)
{
	unsigned int links = 0;
	struct path path;
	size_t length;
	bool good;
	int err;

again:
	length = strlen(walk->name);
	err = lookup_part(walk, length, follow ? LOOKUP_FOLLOW : 0, &path);
	if (!err) {
		good = path_name(&path, walk->result, walk->text);
		path_put(&path);
		return good;
	}
	if (!follow)
		length = parent_length(walk->name, length);
	for (;; length = parent_length(walk->name, length)) {
		/* Without the slashes at its end, a link is found itself. */
		size_t end = length;
		bool magic;

		while (end > 1 && walk->name[end - 1] == '/')
			end--;
		if (err == -ENOMEM)
			return err;
		err = lookup_part(walk, end, 0, &path);
		if (err) {
			if (!length)
				return 0;
			continue;
		}
		magic = is_magic(path.dentry);
		if (magic) {
			path_put(&path);
			err = lookup_part(walk, end, LOOKUP_FOLLOW, &path);
			if (err)
				return err == -ENOMEM ? err : 0;
		}
		if (!magic && d_is_symlink(path.dentry)) {
			good = links++ < LINKS_MAX && follow_link(walk, &path, end);
			path_put(&path);
			if (!good)
				return 0;
			goto again;
		}
		good = path_name(&path, walk->result, walk->text);
		path_put(&path);
		return good && kmview_path_append(walk->result, PATH_MAX, walk->name + end);
	}
}

static bool below_any(struct kmview_session *session, const char *path, u32 marks)
{
	struct kmview_prefix_entry *entry;
	bool found = false;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < KMVIEW_PREFIXES && !found; i++) {
		entry = rcu_dereference(session->prefixes.entry[i]);
		found = entry && entry->marks & marks && kmview_path_below(path, entry->path);
	}
	rcu_read_unlock();
	return found;
}

int kmview_path_match(struct kmview_session *session, const char __user *name, int dirfd, bool follow, u32 marks)
{
	struct walk *walk = kmalloc(sizeof(*walk), GFP_KERNEL);
	int match = -ENOMEM;

	if (walk)
		match = read_name(walk, name, dirfd) ? resolve_name(walk, follow) : 0;
	if (match > 0)
		match = below_any(session, walk->result, marks);
	kfree(walk);
	return match;
}

/* ---- the set of prefixes, under session->setup */

int kmview_prefix_set(struct kmview_session *session, const struct kmview_prefix *arg)
{
	struct kmview_prefix_entry *entry, *new = NULL, __rcu **place = NULL;
	char *path;
	int i, err = 0;

	if (arg->reserved)
		return -EINVAL;
	path = strndup_user(u64_to_user_ptr(arg->path), PATH_MAX);
	if (IS_ERR(path))
		return PTR_ERR(path);
	if (!kmview_path_is_canonical(path)) {
		err = -EINVAL;
		goto out;
	}
	for (i = 0; i < KMVIEW_PREFIXES; i++) {
		entry = rcu_dereference_protected(session->prefixes.entry[i], lockdep_is_held(&session->setup));
		if (entry && !strcmp(entry->path, path)) {
			place = &session->prefixes.entry[i];
			break;
		}
		if (!entry && !place)
			place = &session->prefixes.entry[i];
	}
	entry = place ? rcu_dereference_protected(*place, lockdep_is_held(&session->setup)) : NULL;
	if (!arg->marks && !entry) {
		err = -ENOENT;
		goto out;
	}
	if (!place) {
		err = -ENOSPC;
		goto out;
	}
	if (arg->marks) {
		new = kmalloc(struct_size(new, path, strlen(path) + 1), GFP_KERNEL_ACCOUNT);
		if (!new) {
			err = -ENOMEM;
			goto out;
		}
		new->marks = arg->marks;
		memcpy(new->path, path, strlen(path) + 1);
	}
	rcu_assign_pointer(*place, new);
	if (entry)
		kfree_rcu(entry, rcu);
out:
	kfree(path);
	return err;
}

void kmview_prefixes_free(struct kmview_session *session)
{
	unsigned int i;

	for (i = 0; i < KMVIEW_PREFIXES; i++)
		kfree(rcu_dereference_protected(session->prefixes.entry[i], true));
}
