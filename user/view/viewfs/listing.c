// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Listing directories.
 *
 * The names are collected when a directory is read from its start, and kept until it is closed:
 * what is removed or added meanwhile moves no entry, so that rm -r, which does both at once, sees
 * each name once. SOURCE's names come first, TARGET's follow unless SOURCE or the bookkeeping has
 * them.
 *
 * Where the kernel opens directories without asking (opened.c) there is nothing to keep names with. So
 * they are in the order of hashes of them, each of which says where to go on after it, whatever was
 * added or removed, and whoever reads at the same time. What is half read is kept with the node.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "viewfs.h"

struct entry {
	uint64_t number;
	off_t place; /* without a handle: by its name alone */
	unsigned char type;
	bool hidden;
	uint32_t name,
		next; /* offsets in the arena of names; next entry of the same bucket, or 0 */
};

struct listing {
	struct node *node;
	bool filled;
	struct entry *entries;
	uint32_t count, room;
	char *names;
	size_t names_size, names_room;
	uint32_t *buckets, bucket_count; /* number of an entry plus one */
};

static uint32_t hash(const char *name)
{
	uint32_t value = 2166136261u;

	while (*name)
		value = (value ^ (unsigned char)*name++) * 16777619u;
	return value;
}

static struct entry *entry_named(const struct listing *listing, const char *name)
{
	uint32_t at;

	if (!listing->bucket_count)
		return NULL;
	for (at = listing->buckets[hash(name) & (listing->bucket_count - 1)]; at;
	     at = listing->entries[at - 1].next)
		if (!strcmp(listing->names + listing->entries[at - 1].name, name))
			return &listing->entries[at - 1];
	return NULL;
}

static int rehash(struct listing *listing)
{
	uint32_t count = listing->bucket_count ? listing->bucket_count * 4 : 64;
	uint32_t *buckets = calloc(count, sizeof(*buckets));

	if (!buckets)
		return -ENOMEM;
	free(listing->buckets);
	listing->buckets = buckets;
	listing->bucket_count = count;
	for (uint32_t i = 0; i < listing->count; i++) {
		struct entry *entry = &listing->entries[i];
		uint32_t bucket = hash(listing->names + entry->name) & (count - 1);

		entry->next = buckets[bucket];
		buckets[bucket] = i + 1;
	}
	return 0;
}

static int add(struct listing *listing, const char *name, uint64_t number, unsigned char type,
	       bool hidden)
{
	size_t size = strlen(name) + 1;
	struct entry *entry;
	uint32_t bucket;

	if (listing->count == listing->room) {
		uint32_t room = listing->room ? listing->room * 2 : 64;
		void *bigger = realloc(listing->entries, room * sizeof(*entry));

		if (!bigger)
			return -ENOMEM;
		listing->entries = bigger;
		listing->room = room;
	}
	if (listing->names_size + size > listing->names_room) {
		size_t room = (listing->names_room + size) * 2;
		void *bigger = realloc(listing->names, room);

		if (!bigger)
			return -ENOMEM;
		listing->names = bigger;
		listing->names_room = room;
	}
	if (listing->count >= listing->bucket_count && rehash(listing))
		return -ENOMEM;
	entry = &listing->entries[listing->count];
	memcpy(listing->names + listing->names_size, name, size);
	bucket = hash(name) & (listing->bucket_count - 1);
	*entry = (struct entry){.number = number,
				.type = type,
				.hidden = hidden,
				.name = listing->names_size,
				.next = listing->buckets[bucket]};
	listing->names_size += size;
	listing->buckets[bucket] = ++listing->count;
	return 0;
}

static DIR *open_dir(struct node *node, enum layer layer, int *error)
{
	int base = dir_fd(node, layer), fd;
	DIR *dir;

	*error = base < 0 ? base : 0;
	if (base < 0)
		return NULL;
	fd = openat(base, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		*error = -errno;
		return NULL;
	}
	dir = fdopendir(fd);
	if (!dir) {
		*error = -ENOMEM;
		close(fd);
	}
	return dir;
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static bool excepted(const struct node *node, const char *name)
{
	const struct exception *exception = except_child(node->exceptions, name);

	return exception && (exception->end || node->flags & NODE_BARE);
}

/*
 * A directory that both have, or that moved, shows another number than its file in this layer:
 * asked for one by one, as there are few.
 */
static uint64_t number_in(struct node *node, const char *name, dev_t dev,
			  const struct dirent *entry)
{
	struct found found;
	uint64_t number;

	if (entry->d_type != DT_DIR || find(node, name, &found))
		return node_number(dev, entry->d_ino);
	number = number_of(&found);
	found_free(&found);
	return number;
}

static int read_source(struct listing *listing)
{
	struct node *node = listing->node;
	struct dirent *entry;
	struct stat st;
	int error;
	DIR *dir = open_dir(node, SOURCE, &error);

	if (!dir)
		return error;
	if (fstat(dirfd(dir), &st) < 0)
		error = -errno;
	errno = 0;
	while (!error && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (is_dots(name) || excepted(node, name) ||
		    (node == &view.root && !strcmp(name, ".-")))
			continue;
		error = add(listing, name,
			    node->in & IN_TARGET ? number_in(node, name, st.st_dev, entry)
						 : node_number(st.st_dev, entry->d_ino),
			    entry->d_type, false);
		errno = 0;
	}
	if (!error && errno)
		error = -errno;
	closedir(dir);
	return error;
}

/* Hides names of TARGET, and corrects types that the bookkeeping says otherwise. */
static int read_book(struct listing *listing)
{
	struct node *node = listing->node;
	struct dirent *entry;
	int error;
	DIR *dir = open_dir(node, BOOK, &error);

	if (!dir)
		return error == -ENOENT ? 0 : error;
	while (!error && (entry = readdir(dir))) {
		char *name = entry->d_name, *redirect = NULL;
		size_t length = strlen(name);
		int marks;

		if (is_dots(name) || !view.markers || name[length - 1] == 0x7f)
			continue;
		marks = book_marks(node, name, &redirect);
		free(redirect);
		if (marks < 0)
			error = marks;
		else if (marks && !entry_named(listing, name))
			error = add(listing, name, 0, DT_UNKNOWN, true);
	}
	closedir(dir);
	return error;
}

static int read_target(struct listing *listing)
{
	struct node *node = listing->node;
	bool all = node->in & IN_TARGET && !(node->flags & NODE_BARE);
	struct dirent *entry;
	struct stat st;
	int error;
	DIR *dir;

	if (!all && !node->exceptions)
		return 0;
	dir = open_dir(node, TARGET, &error);
	if (!dir)
		return all && !(node->in & IN_SOURCE && error == -ENOENT) ? error : 0;
	if (fstat(dirfd(dir), &st) < 0)
		error = -errno;
	errno = 0;
	while (!error && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (is_dots(name) || (node == &view.root && !strcmp(name, ".-")))
			continue;
		if (excepted(node, name) ? !entry_named(listing, name)
					 : all && !entry_named(listing, name))
			error = add(listing, name, node_number(st.st_dev, entry->d_ino),
				    entry->d_type, false);
		errno = 0;
	}
	if (!error && errno)
		error = -errno;
	closedir(dir);
	return error;
}

/* Types that the bookkeeping knows better. */
static void correct_types(struct listing *listing)
{
	int book = view.records && !(listing->node->flags & NODE_PLAIN)
			   ? dir_fd(listing->node, BOOK)
			   : -1;
	struct record record;

	for (uint32_t i = 0; book >= 0 && i < listing->count; i++) {
		struct entry *entry = &listing->entries[i];

		if (!entry->hidden && entry->type == DT_REG &&
		    record_read(book, listing->names + entry->name, &record) &&
		    record.has & RECORD_TYPE)
			entry->type = IFTODT(record.mode);
	}
}

static void empty(struct listing *listing)
{
	listing->count = listing->names_size = 0;
	if (listing->buckets)
		memset(listing->buckets, 0, listing->bucket_count * sizeof(*listing->buckets));
}

/* view.tree is held. */
static int fill(struct listing *listing)
{
	struct node *node = listing->node;
	int error = 0;

	empty(listing);
	listing->filled = true;
	if (node->flags & NODE_GONE)
		return 0;
	if (node->in & IN_SOURCE)
		error = read_source(listing);
	if (!error && view.records && !(node->flags & NODE_PLAIN))
		error = read_book(listing);
	if (!error)
		error = read_target(listing);
	if (!error)
		correct_types(listing);
	return error;
}

static void listing_free(struct listing *listing)
{
	free(listing->entries);
	free(listing->names);
	free(listing->buckets);
}

/*
 * May a directory be removed? 0, ENOTEMPTY, or why that is not known. One that nobody may read, and
 * that is in one layer alone, is for that layer's kernel to judge. view.tree is held.
 */
int dir_is_empty(struct node *dir)
{
	struct listing listing = {.node = dir};
	int error = fill(&listing);

	for (uint32_t i = 0; i < listing.count && !error; i++)
		if (!listing.entries[i].hidden)
			error = -ENOTEMPTY;
	listing_free(&listing);
	if (error == -EACCES && !dir->exceptions &&
	    (dir->in == IN_SOURCE || (dir->in == IN_TARGET && view.mode == MODE_MERGE)))
		error = 0;
	return error;
}

void listing_close(struct listing *listing)
{
	listing_free(listing);
	free(listing);
}

static struct listing *listing_of(struct fuse_file_info *fi)
{
	return (struct listing *)(uintptr_t)fi->fh;
}

/* The names are read at once: who may not read them is told now. */
static void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct listing *listing = view.lazy ? NULL : calloc(1, sizeof(*listing));
	int error;

	if (!listing) {
		fuse_reply_err(req, view.lazy ? ENOSYS : ENOMEM);
		return;
	}
	listing->node = node_of(ino);
	fi->fh = (uintptr_t)listing;
	tree_read();
	error = fill(listing);
	tree_unlock();
	if (error) {
		listing_close(listing);
		fuse_reply_err(req, -error);
	} else if (fuse_reply_open(req, fi) < 0) {
		listing_close(listing);
	}
}

/* The first two are the directory itself and the one above; then the entries. */
static const char *entry_at(struct listing *listing, off_t at, struct stat *st)
{
	struct node *node = listing->node, *parent = node;
	const struct entry *entry;

	if (at < 2) {
		if (at == 1 && node->links)
			parent = node->links->parent;
		st->st_ino = parent->number;
		st->st_mode = S_IFDIR;
		return at ? ".." : ".";
	}
	entry = &listing->entries[at - 2];
	st->st_ino = entry->number;
	st->st_mode = DTTOIF(entry->type);
	return entry->hidden ? NULL : listing->names + entry->name;
}

static size_t add_plus(fuse_req_t req, struct listing *listing, char *buffer, size_t room,
		       const char *name, const struct stat *st, off_t next)
{
	struct fuse_entry_param entry = {0};
	size_t size;

	entry.attr = *st;
	if (!is_dots(name) && entry_for(listing->node, name, &entry)) {
		/* Gone meanwhile: a name without a file, which the kernel will look up if asked. */
		memset(&entry, 0, sizeof(entry));
		entry.attr = *st;
	}
	size = fuse_add_direntry_plus(req, buffer, room, name, &entry, next);
	if (size > room && entry.ino)
		node_forget(node_of(entry.ino), 1);
	return size;
}

static size_t add_entry(fuse_req_t req, struct listing *listing, char *buffer, size_t room,
			const char *name, const struct stat *st, off_t next, bool plus)
{
	return plus ? add_plus(req, listing, buffer, room, name, st, next)
		    : fuse_add_direntry(req, buffer, room, name, st, next);
}

/* ---- without a handle */

/* 64 bits of FNV-1a; the places before 3 are those of "." and "..". */
static off_t place_of_name(const char *name)
{
	uint64_t value = 14695981039346656037u;

	while (*name)
		value = (value ^ (unsigned char)*name++) * 1099511628211u;
	value &= INT64_MAX;
	return value < 3 ? value + 3 : value;
}

static int by_place(const void *a, const void *b)
{
	off_t first = ((const struct entry *)a)->place, second = ((const struct entry *)b)->place;

	return first < second ? -1 : first > second;
}

/* Take the listing of a node, or make one. It is ours alone. view.tree is held. */
static struct listing *take_listing(struct node *node, bool anew, int *error)
{
	struct listing *listing;

	pthread_mutex_lock(&view.table);
	listing = node->listing;
	node->listing = NULL;
	pthread_mutex_unlock(&view.table);
	*error = 0;
	if (listing && !anew)
		return listing;
	if (!listing)
		listing = calloc(1, sizeof(*listing));
	if (!listing) {
		*error = -ENOMEM;
		return NULL;
	}
	listing->node = node;
	*error = fill(listing);
	for (uint32_t i = 0; i < listing->count; i++)
		listing->entries[i].place =
			place_of_name(listing->names + listing->entries[i].name);
	if (listing->count)
		qsort(listing->entries, listing->count, sizeof(*listing->entries), by_place);
	return listing;
}

static void keep_listing(struct listing *listing)
{
	struct node *node = listing->node;

	pthread_mutex_lock(&view.table);
	if (node->listing)
		listing_close(node->listing);
	node->listing = listing;
	pthread_mutex_unlock(&view.table);
}

/* The first entry behind a place. */
static uint32_t entry_behind(const struct listing *listing, off_t place)
{
	uint32_t from = 0, to = listing->count;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (listing->entries[middle].place > place)
			to = middle;
		else
			from = middle + 1;
	}
	return from;
}

static void read_places(fuse_req_t req, struct node *node, size_t size, off_t offset, bool plus)
{
	char *buffer = malloc(size);
	struct listing *listing = NULL;
	size_t used = 0, length = 0;
	bool full = false;
	int error = 0;

	tree_read();
	if (buffer)
		listing = take_listing(node, offset == 0, &error);
	else
		error = -ENOMEM;
	for (off_t at = offset; !error && at < 2 && !full; at++) {
		struct stat st = {0};
		const char *name = entry_at(listing, at, &st);

		length = add_entry(req, listing, buffer + used, size - used, name, &st, at + 1,
				   plus);
		full = length > size - used;
		used += full ? 0 : length;
	}
	for (uint32_t i = error ? 0 : entry_behind(listing, offset);
	     !error && !full && i < listing->count; i++) {
		const struct entry *entry = &listing->entries[i];
		struct stat st = {.st_ino = entry->number, .st_mode = DTTOIF(entry->type)};

		if (entry->hidden)
			continue;
		length = add_entry(req, listing, buffer + used, size - used,
				   listing->names + entry->name, &st, entry->place, plus);
		full = length > size - used;
		used += full ? 0 : length;
	}
	if (listing && full && !error)
		keep_listing(listing);
	else if (listing)
		listing_close(listing);
	tree_unlock();
	if (error)
		fuse_reply_err(req, -error);
	else
		fuse_reply_buf(req, buffer, used);
	free(buffer);
}

/* ---- with one */

static void read_entries(fuse_req_t req, size_t size, off_t offset, struct fuse_file_info *fi,
			 bool plus)
{
	struct listing *listing = listing_of(fi);
	char *buffer = malloc(size);
	size_t used = 0;
	int error = buffer ? 0 : -ENOMEM;

	tree_read();
	if (!error && offset == 0 && !listing->filled)
		error = fill(listing);
	if (offset > 0)
		listing->filled = false; /* read again from the start: see what is there then */
	for (off_t at = offset; !error && at < (off_t)listing->count + 2; at++) {
		struct stat st = {0};
		const char *name = entry_at(listing, at, &st);
		size_t length;

		if (!name)
			continue;
		length = add_entry(req, listing, buffer + used, size - used, name, &st, at + 1,
				   plus);
		if (length > size - used)
			break;
		used += length;
	}
	tree_unlock();
	if (error)
		fuse_reply_err(req, -error);
	else
		fuse_reply_buf(req, buffer, used);
	free(buffer);
}

static void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		       struct fuse_file_info *fi)
{
	if (!fi->fh)
		read_places(req, node_of(ino), size, offset, false);
	else
		read_entries(req, size, offset, fi, false);
}

static void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
			   struct fuse_file_info *fi)
{
	if (!fi->fh)
		read_places(req, node_of(ino), size, offset, true);
	else
		read_entries(req, size, offset, fi, true);
}

static void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	if (fi->fh)
		listing_close(listing_of(fi));
	fuse_reply_err(req, 0);
}

static void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	int error = 0;

	tree_read();
	for (int layer = 0; layer < LAYERS; layer++) {
		DIR *dir;
		int missing;

		if (layer == TARGET && view.mode == MODE_COW)
			continue;
		dir = open_dir(node_of(ino), layer, &missing);
		if (!dir)
			continue;
		if (fsync(dirfd(dir)) < 0 && errno != EROFS && errno != EINVAL)
			error = errno;
		closedir(dir);
	}
	tree_unlock();
	fuse_reply_err(req, error);
}

void listing_ops(struct fuse_lowlevel_ops *ops)
{
	ops->opendir = op_opendir;
	ops->readdir = op_readdir;
	ops->readdirplus = op_readdirplus;
	ops->releasedir = op_releasedir;
	ops->fsyncdir = op_fsyncdir;
}
