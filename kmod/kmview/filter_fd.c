// SPDX-License-Identifier: GPL-2.0-only
/*
 * Marked descriptors.
 *
 * A mark is on the open file (struct file), which is what dup, fork, exec and SCM_RIGHTS share; file_creds.c finds the
 * file again and notices when it is gone. A file may be marked by several sessions. A file without a mark of the session is
 * mostly told by a bit of its address, without lock or reference: most calls are about such files.
 */
#include <linux/bitmap.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include "compat.h"
#include "file_creds.h"
#include "filter.h"
#include "session.h"

struct mark {
	struct hlist_node node; /* of a marked file */
	struct kmview_session *session;
	u64 cookie;
	u32 marks;
};

/* Under kmview_files_lock. */
static struct mark *find_mark(struct kmview_file *entry, const struct kmview_session *session)
{
	struct mark *mark;

	hlist_for_each_entry(mark, &entry->marks, node)
		if (mark->session == session)
			return mark;
	return NULL;
}

static void drop_mark(struct mark *mark)
{
	hlist_del(&mark->node);
	if (!--mark->session->marks.count)
		bitmap_zero(mark->session->marks.maybe, 1 << KMVIEW_MARK_BITS);
	kfree(mark);
}

/* Drop the marks of a file that is gone, and those of a session (NULL: of none). */
static void drop_marks(struct kmview_file *entry, bool gone, void *session)
{
	struct hlist_node *tmp;
	struct mark *mark;

	hlist_for_each_entry_safe(mark, tmp, &entry->marks, node)
		if (gone || mark->session == session)
			drop_mark(mark);
}

void kmview_marks_sweep(void)
{
	kmview_files_sweep(drop_marks, NULL);
}

void kmview_marks_free(struct kmview_session *session)
{
	kmview_files_sweep(drop_marks, session);
}

static int set_mark(struct kmview_session *session, struct file *file, u32 marks, u64 cookie)
{
	struct mark *mark = kzalloc(sizeof(*mark), GFP_KERNEL_ACCOUNT), *old;
	struct kmview_file *fresh = kmview_file_new(file, NULL), *entry;
	int err = -ENOMEM;

	if (!fresh || !mark)
		goto out;
	spin_lock(&kmview_files_lock);
	entry = kmview_file_find(file);
	if (!entry) {
		kmview_file_take(file, fresh);
		entry = fresh;
		fresh = NULL;
	}
	old = find_mark(entry, session);
	if (old) {
		old->marks = marks;
		old->cookie = cookie;
	} else {
		mark->session = session;
		mark->marks = marks;
		mark->cookie = cookie;
		hlist_add_head(&mark->node, &entry->marks);
		set_bit(kmview_mark_bit(file), session->marks.maybe);
		WRITE_ONCE(session->marks.count, session->marks.count + 1);
		mark = NULL;
	}
	spin_unlock(&kmview_files_lock);
	err = 0;
out:
	kmview_file_free(fresh);
	kfree(mark);
	return err;
}

int kmview_mark_set(struct kmview_session *session, int fd, u32 marks, u64 cookie)
{
	struct kmview_file *entry;
	struct mark *mark = NULL;
	struct file *file;
	int err = 0;

	file = fget_raw(fd);
	if (!file)
		return -EBADF;
	kmview_marks_sweep();
	if (marks) {
		err = set_mark(session, file, marks, cookie);
	} else {
		spin_lock(&kmview_files_lock);
		entry = kmview_file_find(file);
		if (entry)
			mark = find_mark(entry, session);
		if (mark)
			drop_mark(mark);
		spin_unlock(&kmview_files_lock);
	}
	fput(file);
	return err;
}

bool kmview_fd_match(struct kmview_session *session, int fd, u32 marks, u64 *cookie)
{
	struct kmview_file *entry;
	struct mark *mark = NULL;
	struct file *file;
	bool match;

	if (kmview_fd_unmarked(&session->marks, fd))
		return false;
	file = fget_raw(fd);
	if (!file)
		return false;
	spin_lock(&kmview_files_lock);
	entry = kmview_file_find(file);
	if (entry)
		mark = find_mark(entry, session);
	match = mark && mark->marks & marks;
	if (match)
		*cookie = mark->cookie;
	spin_unlock(&kmview_files_lock);
	fput(file);
	return match;
}
