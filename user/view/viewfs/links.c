// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hard links between names of TARGET.
 *
 * When a file of TARGET that has several names is copied, the names nobody has looked at yet must
 * lead to the copy as well. So the copy gets one more name, in the bookkeeping:
 *
 *   .-/ 0x7f 0x7f 0x7f 0x7f /INODE-LEFT     INODE: hexadecimal, that of TARGET's file; LEFT: how
 * many of its names still show
 *
 * and a name that is looked up later becomes a name of the copy then; what the bookkeeping says of
 * the copy is kept for those names by the name INODE (record.c). Deleted names count as well:
 * before there is a copy, the file INODE-LEFT- stands for nothing but the number. An entry whose
 * LEFT is 0 goes. Files of file systems mounted below TARGET are not followed so: their inode
 * numbers say nothing without a device.
 *
 * The table is in memory too; it changes while view.tree is held for writing.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "viewfs.h"

#define LINKS	"\x7f\x7f\x7f\x7f"
#define BUCKETS 1024

struct family {
	struct family *next_low, *next_copy;
	ino_t low;
	unsigned int left;
	bool copied;
	dev_t dev; /* of the copy */
	ino_t ino;
};

static struct family *by_low[BUCKETS], *by_copy[BUCKETS];
static int directory = -1;

static struct family *family_of(const struct stat *low)
{
	struct family *family = NULL;

	if (low->st_dev == view.dev)
		for (family = by_low[low->st_ino % BUCKETS]; family && family->low != low->st_ino;)
			family = family->next_low;
	return family;
}

static void file_name(char *name, size_t size, const struct family *family)
{
	snprintf(name, size, "%lx-%u%s", (unsigned long)family->low, family->left,
		 family->copied ? "" : "-");
}

static void record_name(char *name, size_t size, const struct family *family)
{
	snprintf(name, size, "%lx", (unsigned long)family->low);
}

static void insert_copy(struct family *family)
{
	family->next_copy = by_copy[family->ino % BUCKETS];
	by_copy[family->ino % BUCKETS] = family;
}

static struct family *family_new(ino_t low, unsigned int left)
{
	struct family *family = calloc(1, sizeof(*family));

	if (!family)
		return NULL;
	family->low = low;
	family->left = left;
	family->next_low = by_low[low % BUCKETS];
	by_low[low % BUCKETS] = family;
	return family;
}

static void family_free(struct family *family)
{
	struct family **at = &by_low[family->low % BUCKETS];
	char name[64];

	record_name(name, sizeof(name), family);
	record_remove(directory, name);
	while (*at != family)
		at = &(*at)->next_low;
	*at = family->next_low;
	if (family->copied) {
		at = &by_copy[family->ino % BUCKETS];
		while (*at != family)
			at = &(*at)->next_copy;
		*at = family->next_copy;
	}
	free(family);
}

static int open_directory(bool make)
{
	int book;

	if (directory >= 0)
		return directory;
	book = make ? book_dir(&view.root) : view.root.fd[BOOK];
	if (book < 0)
		return make ? book : -ENOENT;
	if (make && mkdirat(book, LINKS, 0700) < 0 && errno != EEXIST)
		return -errno;
	directory = openat(book, LINKS, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return directory < 0 ? -errno : directory;
}

/* At the start. */
int links_load(void)
{
	int fd = open_directory(false);
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		unsigned long low;
		unsigned int left;
		int length = 0;
		struct family *family;
		struct stat st;

		if (sscanf(entry->d_name, "%lx-%u%n", &low, &left, &length) != 2 ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		family = family_new(low, left);
		if (!family)
			break;
		if (!entry->d_name[length]) {
			family->copied = true;
			family->dev = st.st_dev;
			family->ino = st.st_ino;
			insert_copy(family);
		}
	}
	closedir(dir);
	return entry ? -ENOMEM : 0;
}

/* Fewer names of TARGET show. */
static int take(struct family *family, unsigned int names)
{
	char old[64], new[64];
	int error = 0;

	file_name(old, sizeof(old), family);
	family->left -= names < family->left ? names : family->left;
	if (!family->left) {
		if (unlinkat(directory, old, 0) < 0)
			error = -errno;
		family_free(family);
		return error;
	}
	file_name(new, sizeof(new), family);
	return renameat(directory, old, directory, new) < 0 ? -errno : 0;
}

/*
 * One name of a file of TARGET shows no more. If it is still there, that is noted; if it is not,
 * TARGET itself counts.
 */
int links_lost(const struct stat *low, bool there)
{
	struct family *family = family_of(low);
	char name[64];
	int fd;

	if (S_ISDIR(low->st_mode) || low->st_dev != view.dev)
		return 0;
	if (family)
		return take(family, 1);
	if (low->st_nlink <= 1 || !there)
		return 0;
	fd = open_directory(true);
	family = fd < 0 ? NULL : family_new(low->st_ino, low->st_nlink - 1);
	if (!family)
		return fd < 0 ? fd : -ENOMEM;
	file_name(name, sizeof(name), family);
	return mknodat(fd, name, S_IFREG | 0600, 0) < 0 ? -errno : 0;
}

/* A file of TARGET has got one more name there. */
void links_gained(const struct stat *low)
{
	struct family *family = family_of(low);
	char old[64], new[64];

	if (!family)
		return;
	file_name(old, sizeof(old), family);
	family->left++;
	file_name(new, sizeof(new), family);
	renameat(directory, old, directory, new);
}

/*
 * A copy is about to take the place of so many names of TARGET's file: the others shall lead to it.
 * The copy is still in the work directory.
 */
int links_copied(const struct stat *low, unsigned int names, int work, const char *made)
{
	struct family *family = family_of(low);
	unsigned int left = family ? family->left : low->st_nlink;
	char name[64];
	struct stat st;
	int fd;

	if (low->st_dev != view.dev || (left <= names && !family))
		return 0;
	if (family && left <= names)
		return take(family, left);
	fd = open_directory(true);
	if (fd < 0 || fstatat(work, made, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fd < 0 ? fd : -errno;
	if (family) {
		file_name(name, sizeof(name), family);
		unlinkat(fd, name, 0);
	} else {
		family = family_new(low->st_ino, left);
		if (!family)
			return -ENOMEM;
		/* A sudden end may have left it. */
		record_name(name, sizeof(name), family);
		record_remove(fd, name);
	}
	family->left = left - names;
	family->copied = true;
	family->dev = st.st_dev;
	family->ino = st.st_ino;
	insert_copy(family);
	file_name(name, sizeof(name), family);
	return linkat(work, made, fd, name, 0) < 0 ? -errno : 0;
}

/* Does this name of TARGET lead to a file that was copied under another name? view.tree is held. */
bool links_wanted(const struct found *found)
{
	struct family *family;

	if (found->in != IN_TARGET || found->flags & NODE_PLAIN || S_ISDIR(found->st.st_mode) ||
	    found->st.st_nlink <= 1)
		return false;
	family = family_of(&found->st);
	return family && family->copied;
}

/* Of a copy that names of TARGET still lead to. */
static struct family *family_of_copy(dev_t dev, ino_t ino)
{
	struct family *family = by_copy[ino % BUCKETS];

	while (family && (family->ino != ino || family->dev != dev))
		family = family->next_copy;
	return family;
}

/* What the bookkeeping says of a file shall hold for its names that nobody has looked at yet. */
int links_set_record(const struct node *node, const struct record *record)
{
	struct family *family = node->in & IN_SOURCE ? family_of_copy(node->dev, node->ino) : NULL;
	char name[64];

	if (!family)
		return 0;
	record_name(name, sizeof(name), family);
	return record_write(directory, name, record);
}

static int join_record(struct family *family, struct node *parent, const char *name)
{
	struct record record;
	char kept[64];
	int book;

	record_name(kept, sizeof(kept), family);
	if (!record_read(directory, kept, &record))
		return 0;
	book = book_dir(parent);
	return book < 0 ? book : record_write(book, name, &record);
}

/* Makes it a name of the copy. */
int links_join(struct node *parent, const char *name)
{
	struct found found;
	struct family *family;
	char indexed[64];
	int dir, error = find(parent, name, &found);

	if (error)
		return error;
	if (!links_wanted(&found))
		return 0;
	family = family_of(&found.st);
	file_name(indexed, sizeof(indexed), family);
	error = ensure_source_dir(parent);
	dir = error ? error : dir_fd(parent, SOURCE);
	if (dir < 0)
		return dir;
	error = link_in_place(directory, indexed, parent, name);
	if (!error)
		error = join_record(family, parent, name);
	return error ? error : take(family, 1);
}

/* How many names a file has for those who look. view.tree is held. */
nlink_t links_count(const struct node *node, const struct stat *st)
{
	struct family *family;

	if (node->flags & NODE_GONE)
		return 0;
	/* Subdirectories of two trees: 1 says that the number tells nothing. */
	if (node->in == (IN_SOURCE | IN_TARGET))
		return 1;
	if (is_dir(node) || !view.markers || node->flags & NODE_PLAIN)
		return st->st_nlink;
	if (node->in & IN_TARGET) {
		family = family_of(st);
		return family ? family->left : st->st_nlink;
	}
	family = family_of_copy(st->st_dev, st->st_ino);
	return family ? st->st_nlink - 1 + family->left : st->st_nlink;
}
