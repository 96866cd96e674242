// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open files that are known again later, see file_creds.h. Entries of files that are gone are swept when a new one is
 * made and when a session ends. A file that is taken twice has two entries; the first one is no longer found, and goes
 * one sweep after the second.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/slab.h>

#include "file_creds.h"
#include "mount_raised.h"

DEFINE_SPINLOCK(kmview_files_lock);
static DEFINE_HASHTABLE(files, 8); /* by address of the file */

struct kmview_file *kmview_file_find(const struct file *file)
{
	struct kmview_file *entry;

	hash_for_each_possible(files, entry, node, (unsigned long)file)
		if (entry->file == file && entry->cred == file->f_cred)
			return entry;
	return NULL;
}

/* A copy of credentials that nobody else has. */
static struct cred *copy_cred(const struct cred *cred)
{
	const struct cred *old = override_creds(cred);
	struct cred *copy = prepare_creds();

	revert_creds(old);
	return copy;
}

struct kmview_file *kmview_file_new(const struct file *file, struct user_namespace *ns)
{
	struct kmview_file *entry = kzalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);
	struct cred *cred = entry ? copy_cred(file->f_cred) : NULL;

	if (!cred) {
		kfree(entry);
		return NULL;
	}
	if (ns)
		kmview_cred_move(cred, ns);
	entry->cred = cred;
	return entry;
}

void kmview_file_free(struct kmview_file *entry)
{
	if (!entry)
		return;
	put_cred(entry->cred);
	if (entry->before)
		put_cred(entry->before);
	kfree(entry);
}

void kmview_file_take(struct file *file, struct kmview_file *fresh)
{
	struct kmview_file *old = kmview_file_find(file);

	fresh->file = file;
	fresh->before = file->f_cred; /* the file's count passes to the entry */
	if (old)
		hlist_move_list(&old->marks, &fresh->marks);
	WRITE_ONCE(file->f_cred, get_cred(fresh->cred));
	hash_add(files, &fresh->node, (unsigned long)file);
}

static bool is_gone(const struct kmview_file *entry)
{
	return atomic_long_read(&entry->cred->usage) == 1;
}

void kmview_files_sweep(void (*visit)(struct kmview_file *entry, bool gone, void *data), void *data)
{
	struct kmview_file *entry;
	struct hlist_node *tmp;
	HLIST_HEAD(dropped);
	bool gone;
	int i;

	spin_lock(&kmview_files_lock);
	hash_for_each_safe(files, i, tmp, entry, node) {
		gone = is_gone(entry);
		visit(entry, gone, data);
		if (gone) {
			hash_del(&entry->node);
			hlist_add_head(&entry->node, &dropped);
		}
	}
	spin_unlock(&kmview_files_lock);
	hlist_for_each_entry_safe(entry, tmp, &dropped, node)
		kmview_file_free(entry);
}

void kmview_files_exit(void)
{
	struct kmview_file *entry;
	struct hlist_node *tmp;
	int i;

	hash_for_each_safe(files, i, tmp, entry, node) {
		hash_del(&entry->node);
		kmview_file_free(entry);
	}
}
