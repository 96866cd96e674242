// SPDX-License-Identifier: GPL-2.0-only
/*
 * Marked descriptors.
 *
 * A mark is on the open file (struct file), which is what dup, fork, exec and SCM_RIGHTS share. A mark must not
 * hold the file, or closing would not close; and it must notice when the file is gone and its memory is another file.
 * So marking gives the file a copy of its credentials, which no other file can have while we hold that copy: as long
 * as file->f_cred is our copy, it is the file that we marked. The credentials that the file had are kept as long, since
 * somebody may be using them.
 *
 * A file may be marked by several sessions, so the table is one for all, under marked_lock; a session that has no marks
 * never takes it. Entries of files that are gone are swept when a new mark is set and when a session ends.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/slab.h>

#include "compat.h"
#include "filter.h"
#include "session.h"

struct mark {
	struct hlist_node node; /* of a marked file */
	struct kmview_session *session;
	u32 marks;
};

struct marked_file {
	struct hlist_node node;
	struct file *file;	   /* not counted, may be gone */
	const struct cred *cred;   /* our copy */
	const struct cred *before; /* what it replaced */
	struct hlist_head marks;
};

static DEFINE_SPINLOCK(marked_lock);
static DEFINE_HASHTABLE(marked, 8);

/* The entry of an open file. Under the lock. */
static struct marked_file *find_file(const struct file *file)
{
	struct marked_file *entry;

	hash_for_each_possible(marked, entry, node, (unsigned long)file)
		if (entry->file == file && entry->cred == file->f_cred)
			return entry;
	return NULL;
}

static struct mark *find_mark(struct marked_file *entry, const struct kmview_session *session)
{
	struct mark *mark;

	hlist_for_each_entry(mark, &entry->marks, node)
		if (mark->session == session)
			return mark;
	return NULL;
}

static bool is_gone(const struct marked_file *entry)
{
	return atomic_long_read(&entry->cred->usage) == 1;
}

static void drop_mark(struct mark *mark)
{
	hlist_del(&mark->node);
	mark->session->marks.count--;
	kfree(mark);
}

/*
 * Drop the marks of a session (NULL: of none) and the entries of files that are gone. An entry whose file is there
 * stays, with or without marks: the file has our credentials.
 */
static void sweep(const struct kmview_session *session)
{
	struct marked_file *entry;
	struct hlist_node *tmp, *tmp2;
	struct mark *mark;
	HLIST_HEAD(gone);
	int i;

	spin_lock(&marked_lock);
	hash_for_each_safe(marked, i, tmp, entry, node) {
		bool all = is_gone(entry);

		hlist_for_each_entry_safe(mark, tmp2, &entry->marks, node)
			if (all || mark->session == session)
				drop_mark(mark);
		if (all) {
			hash_del(&entry->node);
			hlist_add_head(&entry->node, &gone);
		}
	}
	spin_unlock(&marked_lock);
	hlist_for_each_entry_safe(entry, tmp, &gone, node) {
		put_cred(entry->cred);
		put_cred(entry->before);
		kfree(entry);
	}
}

/* A copy of credentials that nobody else has. */
static const struct cred *copy_cred(const struct cred *cred)
{
	const struct cred *old = override_creds(cred);
	const struct cred *copy = prepare_creds();

	revert_creds(old);
	return copy;
}

/* Take a file into the table; fresh is used up if it is not there yet. Under the lock. */
static struct marked_file *take_file(struct file *file, struct marked_file **fresh)
{
	struct marked_file *entry = find_file(file);

	if (entry)
		return entry;
	entry = *fresh;
	*fresh = NULL;
	entry->file = file;
	entry->before = file->f_cred; /* the file's count passes to the entry */
	WRITE_ONCE(file->f_cred, get_cred(entry->cred));
	hash_add(marked, &entry->node, (unsigned long)file);
	return entry;
}

static int set(struct kmview_session *session, struct file *file, u32 marks)
{
	struct marked_file *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT), *entry;
	struct mark *mark = kzalloc(sizeof(*mark), GFP_KERNEL_ACCOUNT), *old;
	int err = -ENOMEM;

	if (!fresh || !mark)
		goto out;
	fresh->cred = copy_cred(file->f_cred);
	if (!fresh->cred)
		goto out;
	spin_lock(&marked_lock);
	entry = take_file(file, &fresh);
	old = find_mark(entry, session);
	if (old) {
		old->marks = marks;
	} else {
		mark->session = session;
		mark->marks = marks;
		hlist_add_head(&mark->node, &entry->marks);
		session->marks.count++;
		mark = NULL;
	}
	spin_unlock(&marked_lock);
	err = 0;
out:
	if (fresh && fresh->cred)
		put_cred(fresh->cred);
	kfree(fresh);
	kfree(mark);
	return err;
}

int kmview_mark_set(struct kmview_session *session, int fd, u32 marks)
{
	struct marked_file *entry;
	struct mark *mark = NULL;
	struct file *file;
	int err = 0;

	file = fget_raw(fd);
	if (!file)
		return -EBADF;
	sweep(NULL);
	if (marks) {
		err = set(session, file, marks);
	} else {
		spin_lock(&marked_lock);
		entry = find_file(file);
		if (entry)
			mark = find_mark(entry, session);
		if (mark)
			drop_mark(mark);
		spin_unlock(&marked_lock);
	}
	fput(file);
	return err;
}

void kmview_marks_free(struct kmview_session *session)
{
	sweep(session);
}

void kmview_marks_exit(void)
{
	struct marked_file *entry;
	struct hlist_node *tmp;
	int i;

	/* No session is left, but files may be: they keep the credentials that we gave them. */
	hash_for_each_safe(marked, i, tmp, entry, node) {
		hash_del(&entry->node);
		put_cred(entry->cred);
		put_cred(entry->before);
		kfree(entry);
	}
}

bool kmview_fd_match(struct kmview_session *session, int fd, u32 marks)
{
	struct marked_file *entry;
	struct mark *mark = NULL;
	struct file *file;
	bool match;

	if (!READ_ONCE(session->marks.count))
		return false;
	file = fget_raw(fd);
	if (!file)
		return false;
	spin_lock(&marked_lock);
	entry = find_file(file);
	if (entry)
		mark = find_mark(entry, session);
	match = mark && mark->marks & marks;
	spin_unlock(&marked_lock);
	fput(file);
	return match;
}
