/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Open files that are known again later.
 *
 * Nothing may hold a file that a session marks, or closing would not close; and who remembers a file must notice when
 * it is gone and its memory is another file. So the file gets a copy of its credentials, which no other file can have
 * while we hold that copy: as long as file->f_cred is our copy, it is the file that we mean. The credentials that the
 * file had are kept as long, since the kernel's readers of f_cred take no reference. The kernel compares f_cred by
 * address in a few places (sg, infiniband), which then refuse to write: such devices are not to be marked.
 *
 * For FUSE the copy is also one in another user namespace: see mount_fuse.c.
 */
#ifndef KMVIEW_FILE_CREDS_H
#define KMVIEW_FILE_CREDS_H

#include <linux/list.h>
#include <linux/spinlock.h>

struct cred;
struct file;
struct user_namespace;

struct kmview_file {
	struct hlist_node node;
	struct file *file;	   /* not counted, may be gone */
	const struct cred *cred;   /* our copy */
	const struct cred *before; /* what it replaced */
	struct hlist_head marks;   /* of filter_fd.c */
};

/* Protects all entries and their marks. */
extern spinlock_t kmview_files_lock;

/**
 * kmview_file_find() - Find the entry of an open file.
 * @file: the file
 *
 * Under kmview_files_lock.
 *
 * Return: The entry, which is the table's, or NULL.
 */
struct kmview_file *kmview_file_find(const struct file *file);

/**
 * kmview_file_new() - Make an entry that is not in the table yet, with credentials for the file.
 * @file: the file
 * @ns: NULL: the credentials that it has; else the same without capabilities in that user namespace
 *
 * To be used up by kmview_file_take() or freed. May sleep.
 *
 * Return: The entry, or NULL: no memory.
 */
struct kmview_file *kmview_file_new(const struct file *file, struct user_namespace *ns);

/**
 * kmview_file_free() - Free an entry that is in no table.
 * @entry: from kmview_file_new(), or NULL
 */
void kmview_file_free(struct kmview_file *entry);

/**
 * kmview_file_take() - Give a file the credentials of a new entry, and put that into the table.
 * @file: the file
 * @fresh: the entry, which is the table's from now on
 *
 * The marks of the entry that the file had pass on. Under kmview_files_lock.
 */
void kmview_file_take(struct file *file, struct kmview_file *fresh);

/**
 * kmview_files_sweep() - Show all entries to a function, then drop those whose files are gone.
 * @visit: the function; it is told which are gone, and may not sleep
 * @data: for @visit
 *
 * Takes kmview_files_lock. An entry whose file is there stays, with or without marks: the file has our credentials.
 */
void kmview_files_sweep(void (*visit)(struct kmview_file *entry, bool gone, void *data), void *data);

/**
 * kmview_files_exit() - The module goes: no session is left, but files may be, which keep the credentials that we
 * gave them.
 */
void kmview_files_exit(void);

#endif
