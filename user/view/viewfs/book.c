// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bookkeeping in SOURCE/.- : what SOURCE alone cannot say.
 *
 *   .-/PATH            a regular file: TARGET's PATH is deleted
 *   .-/PATH 0x7f       attributes of PATH (record.c); 0xff instead of 0x7f: those of the first
 *                      generation, read only
 *   .-/PATH/ 0x7f      PATH is a directory that shows nothing of TARGET's PATH; if the file is not
 *                      empty, it holds the path below TARGET of the directory that shows instead
 *   .-/ 0x7f 0x7f /    files being made: moved to their places when they are complete; with three
 * of that byte, what is being done (journal.c); with four, hard links (links.c)
 *
 * A directory .-/PATH means nothing by itself. The third line is ours, the others were there
 * before. Each step leaves something that reads as before or as after: a marker is there before
 * what it hides goes, and what hides it in SOURCE is there before it goes. What changes the
 * bookkeeping holds view.tree for writing.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "viewfs.h"

#define SEAL "\x7f"
#define WORK "\x7f\x7f"

/* Removes a file, or a directory with all that is in it. */
int remove_tree(int fd, const char *name)
{
	struct dirent *entry;
	DIR *dir;
	int below, error = 0;

	if (unlinkat(fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (unlinkat(fd, name, AT_REMOVEDIR) == 0)
		return 0;
	below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (below < 0)
		return -errno;
	dir = fdopendir(below);
	if (!dir) {
		close(below);
		return -ENOMEM;
	}
	while (!error && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			error = remove_tree(dirfd(dir), entry->d_name);
	closedir(dir);
	if (!error && unlinkat(fd, name, AT_REMOVEDIR) < 0)
		error = -errno;
	return error;
}

/* At the start: the bookkeeping there is, without what an earlier end left half made. */
int book_open(void)
{
	int fd, error;

	view.work = -1;
	if (!view.records)
		return 0;
	fd = openat(view.root.fd[SOURCE], ".-", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	view.root.fd[BOOK] = fd;
	error = view.markers ? links_load() : 0;
	if (error || view.options.readonly)
		return error;
	return journal_replay();
}

/* The directory of files being made; returns a descriptor that stays open. */
int book_work(void)
{
	int book;

	if (view.work >= 0)
		return view.work;
	book = book_dir(&view.root);
	if (book < 0)
		return book;
	remove_tree(book, WORK);
	if (mkdirat(book, WORK, 0700) < 0 && errno != EEXIST)
		return -errno;
	view.work = openat(book, WORK, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return view.work < 0 ? -errno : view.work;
}

/* A name for a new file there; returns the descriptor. */
int book_temporary(char *name, size_t size)
{
	static unsigned int last;

	snprintf(name, size, "%u", __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED));
	return book_work();
}

/* Puts a file that was made in the work directory at a name, whatever is there. */
static int put(int work, const char *made, int fd, const char *name)
{
	int error = 0;

	if (renameat2(work, made, fd, name, RENAME_EXCHANGE) == 0)
		return remove_tree(work, made);
	if (errno != ENOENT)
		error = remove_tree(fd, name); /* a file system that cannot exchange */
	if (!error && renameat(work, made, fd, name) < 0)
		error = -errno;
	if (error)
		remove_tree(work, made);
	return error;
}

static int make_sealed(int work, const char *name)
{
	char seal[32];

	snprintf(seal, sizeof(seal), "%s/" SEAL, name);
	if (mkdirat(work, name, 0700) < 0)
		return -errno;
	if (mknodat(work, seal, S_IFREG | 0644, 0) < 0) {
		int error = -errno;

		remove_tree(work, name);
		return error;
	}
	return 0;
}

static int put_sealed(int fd, const char *name)
{
	char made[16];
	int work = book_temporary(made, sizeof(made)), error;

	if (work < 0)
		return work;
	error = make_sealed(work, made);
	return error ? error : put(work, made, fd, name);
}

/* The bookkeeping directory of a directory, made if there is none; returns the node's descriptor.
 */
int book_dir(struct node *dir)
{
	int fd = dir_fd(dir, BOOK), parent, error;

	if (fd != -ENOENT || dir->flags & (NODE_GONE | NODE_PLAIN))
		return fd;
	if (dir == &view.root) {
		if (mkdirat(dir->fd[SOURCE], ".-", 0700) < 0 && errno != EEXIST)
			return -errno;
		fd = openat(dir->fd[SOURCE], ".-", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		dir->fd[BOOK] = fd;
		return fd;
	}
	parent = book_dir(dir->links->parent);
	if (parent < 0)
		return parent;
	if (mkdirat(parent, dir->links->name, 0700) < 0) {
		if (errno != EEXIST)
			return -errno;
		/* A marker: the directory is in SOURCE and shows nothing of TARGET. */
		error = put_sealed(parent, dir->links->name);
		if (error)
			return error;
	}
	dir->flags &= ~NODE_NOBOOK;
	return dir_fd(dir, BOOK);
}

static char *read_redirect(int fd)
{
	char *path = malloc(PATH_MAX);
	ssize_t length = path ? read(fd, path, PATH_MAX - 1) : 0;

	if (length <= 0) {
		free(path);
		return NULL;
	}
	path[length] = '\0';
	return path;
}

/* 0, MARKED, SEALED, or an error; the caller frees the redirection. */
int book_marks(struct node *parent, const char *name, char **redirect)
{
	char seal[NAME_MAX + 3];
	int book = dir_fd(parent, BOOK), fd;

	if (book < 0)
		return book == -ENOENT ? 0 : book;
	if (snprintf(seal, sizeof(seal), "%s/" SEAL, name) >= (int)sizeof(seal))
		return -ENAMETOOLONG;
	fd = openat(book, seal, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOTDIR ? MARKED : errno == ENOENT ? 0 : -errno;
	*redirect = read_redirect(fd);
	close(fd);
	return SEALED;
}

/* TARGET's file of this name shows no more, nor does anything the bookkeeping has below it. */
int book_mark(struct node *parent, const char *name)
{
	char made[16];
	struct stat st;
	int book = book_dir(parent), work;

	if (book < 0)
		return book;
	if (mknodat(book, name, S_IFREG | 0644, 0) == 0)
		return 0;
	if (errno != EEXIST || fstatat(book, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return 0;
	work = book_temporary(made, sizeof(made));
	if (work < 0)
		return work;
	if (mknodat(work, made, S_IFREG | 0644, 0) < 0)
		return -errno;
	return put(work, made, book, name);
}

/* SOURCE has a file of this name, which hides TARGET's without a marker. */
void book_unmark(struct node *parent, const char *name)
{
	int book = dir_fd(parent, BOOK);

	if (book >= 0)
		unlinkat(book, name, 0);
}

/* The directory shows nothing of TARGET, or another directory of it. */
int book_seal(struct node *dir, const char *redirect)
{
	char made[16];
	int book = book_dir(dir), work, fd;
	ssize_t length = redirect ? strlen(redirect) : 0, written;

	if (book < 0)
		return book;
	work = book_temporary(made, sizeof(made));
	if (work < 0)
		return work;
	fd = openat(work, made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	written = length ? write(fd, redirect, length) : 0;
	close(fd);
	if (written == length && renameat(work, made, book, SEAL) == 0)
		return 0;
	written = written == length ? -errno : written < 0 ? -ENOSPC : -EIO;
	unlinkat(work, made, 0);
	return written;
}

/* The same for a name that has just become a directory of SOURCE. */
int book_seal_name(struct node *parent, const char *name)
{
	int book = book_dir(parent);

	return book < 0 ? book : put_sealed(book, name);
}

/* Nothing has this name any more, in SOURCE or TARGET. */
void book_clear(struct node *parent, const char *name)
{
	int book = dir_fd(parent, BOOK);

	if (book < 0)
		return;
	remove_tree(book, name);
	record_remove(book, name);
}

static bool is_book_dir(int book, const char *name)
{
	struct stat st;

	return book >= 0 && fstatat(book, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

/* Moves what was at a name out of the way, then the directory there. */
static int move_book_dir(int book, const char *name, int new_book, const char *new_name)
{
	char away[16];
	int work = book_temporary(away, sizeof(away)), error = 0;

	if (work < 0)
		return work;
	if (renameat(new_book, new_name, work, away) < 0 && errno != ENOENT)
		return -errno;
	if (renameat(book, name, new_book, new_name) < 0)
		error = -errno;
	remove_tree(work, away);
	return error;
}

/* A file or directory of SOURCE has got another name; what the bookkeeping says of it follows. */
int book_rename(struct node *parent, const char *name, struct node *new_parent,
		const char *new_name, bool exchange)
{
	int book = dir_fd(parent, BOOK), new_book = dir_fd(new_parent, BOOK), error;
	bool have, have_new;

	if (book < 0 && new_book < 0)
		return 0;
	if (book < 0)
		book = book_dir(parent);
	if (new_book < 0)
		new_book = book_dir(new_parent);
	if (book < 0 || new_book < 0)
		return book < 0 ? book : new_book;
	have = is_book_dir(book, name);
	have_new = is_book_dir(new_book, new_name);
	error = 0;
	if (exchange && have && have_new) {
		if (renameat2(book, name, new_book, new_name, RENAME_EXCHANGE) < 0)
			error = -errno;
	} else if (exchange && have_new) {
		error = move_book_dir(new_book, new_name, book, name);
	} else if (have) {
		error = move_book_dir(book, name, new_book, new_name);
	} else if (!exchange) {
		error = remove_tree(new_book, new_name);
	}
	if (error)
		return error;
	return record_rename(book, name, new_book, new_name, exchange);
}
