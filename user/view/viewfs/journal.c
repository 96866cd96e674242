// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Renaming a directory moves it in SOURCE, moves its bookkeeping, and marks its old name: steps
 * that must all be done or none. What is to be done is written down before the first; the next
 * mount does what a sudden end left undone.
 *
 * SOURCE/.-/ 0x7f 0x7f 0x7f holds "m" or "-" (mark the old name or not), the old path and the new
 * path, each ended by a zero byte.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "viewfs.h"

#define JOURNAL "\x7f\x7f\x7f"

int journal_write(const char *old_path, const char *new_path, bool mark)
{
	char made[16];
	int work = book_temporary(made, sizeof(made)), fd, error = 0;
	size_t old_size = strlen(old_path) + 1, new_size = strlen(new_path) + 1;
	size_t size = 1 + old_size + new_size;
	char *text;

	if (work < 0)
		return work;
	text = malloc(size);
	if (!text)
		return -ENOMEM;
	text[0] = mark ? 'm' : '-';
	memcpy(text + 1, old_path, old_size);
	memcpy(text + 1 + old_size, new_path, new_size);
	fd = openat(work, made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	errno = fd < 0 ? errno : ENOSPC;
	if (fd < 0 || write(fd, text, size) != (ssize_t)size ||
	    renameat(work, made, view.root.fd[BOOK], JOURNAL) < 0)
		error = -errno;
	if (fd >= 0)
		close(fd);
	if (error)
		unlinkat(work, made, 0);
	free(text);
	return error;
}

void journal_clear(void)
{
	unlinkat(view.root.fd[BOOK], JOURNAL, 0);
}

/* The directory a path is in, opened, and the name; the path is changed. Returns a descriptor. */
static int open_parent(int root, char *path, const char **name)
{
	char *slash = strrchr(path, '/');

	*name = slash ? slash + 1 : path;
	if (!slash)
		return open_below(root, ".", O_PATH | O_DIRECTORY);
	*slash = '\0';
	root = open_below(root, path, O_PATH | O_DIRECTORY);
	*slash = '/';
	return root;
}

static bool is_directory(int fd, const char *name)
{
	struct stat st;

	return fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* In one tree, SOURCE or its bookkeeping: the old name becomes the new one if it is still there. */
static int redo(int root, char *old_path, char *new_path, bool book, bool mark)
{
	const char *old_name, *new_name;
	int old_dir = open_parent(root, old_path, &old_name);
	int new_dir = open_parent(root, new_path, &new_name);
	int error = 0;

	if (old_dir >= 0 && new_dir >= 0 && is_directory(old_dir, old_name)) {
		if (book)
			error = remove_tree(new_dir, new_name);
		if (!error && renameat(old_dir, old_name, new_dir, new_name) < 0)
			error = -errno;
	}
	if (book && !error && old_dir >= 0 && new_dir >= 0)
		record_rename(old_dir, old_name, new_dir, new_name, false);
	if (book && !error && mark && old_dir >= 0 &&
	    mknodat(old_dir, old_name, S_IFREG | 0644, 0) < 0 && errno != EEXIST)
		error = -errno;
	if (old_dir >= 0)
		close(old_dir);
	if (new_dir >= 0)
		close(new_dir);
	return error;
}

int journal_replay(void)
{
	char *text;
	int fd = openat(view.root.fd[BOOK], JOURNAL, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), error = 0;
	ssize_t length;
	size_t old_size;

	if (fd < 0)
		return 0;
	text = malloc(2 * PATH_MAX + 2);
	length = text ? read(fd, text, 2 * PATH_MAX + 1) : 0;
	close(fd);
	if (length > 2) {
		text[length] = '\0';
		old_size = strlen(text + 1) + 1;
		if (1 + old_size < (size_t)length) {
			char *new_path = text + 1 + old_size;

			error = redo(view.root.fd[SOURCE], text + 1, new_path, false, false);
			if (!error)
				error = redo(view.root.fd[BOOK], text + 1, new_path, true,
					     text[0] == 'm');
		}
	}
	free(text);
	if (!error)
		journal_clear();
	return error;
}
