// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copying a file of TARGET to SOURCE before it is changed.
 *
 * The copy is made in the bookkeeping's work directory, complete with times, owner, permissions and
 * extended attributes, and renamed into place: whoever dies or finds the disk full meanwhile leaves
 * nothing but a file there that the next mount removes. Data is copied (shared, where the file
 * system can) without view.tree. Files open at the time go on with the copy under the same
 * descriptor numbers, so nobody who has the file open sees an old version.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "viewfs.h"

#define STRIPES 64

static pthread_mutex_t stripes[STRIPES] = {[0 ... STRIPES - 1] = PTHREAD_MUTEX_INITIALIZER};

static pthread_mutex_t *copy_lock(const struct node *node)
{
	return &stripes[((uintptr_t)node >> 6) % STRIPES];
}

bool denied(int error)
{
	return error == -EACCES || error == -EPERM || error == -EROFS;
}

/* Plain reading and writing, for what the kernel cannot copy by itself. */
static int copy_by_hand(int from, int to, off_t at, off_t end)
{
	static __thread char buffer[65536];

	while (at < end) {
		size_t want =
			end - at < (off_t)sizeof(buffer) ? (size_t)(end - at) : sizeof(buffer);
		ssize_t got = pread(from, buffer, want, at), put = 0;

		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		while (put < got) {
			ssize_t n = pwrite(to, buffer + put, got - put, at + put);

			if (n < 0)
				return -errno;
			put += n;
		}
		at += got;
	}
	return 0;
}

static int copy_range(int from, int to, off_t at, off_t end)
{
	while (at < end) {
		loff_t in = at, out = at;
		ssize_t n = copy_file_range(from, &in, to, &out, end - at, 0);

		if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS ||
			      errno == EOPNOTSUPP || errno == EBADF || errno == ETXTBSY))
			return copy_by_hand(from, to, at, end);
		if (n < 0)
			return -errno;
		if (n == 0) /* some file systems say so of files in memory: /proc, /sys */
			return copy_by_hand(from, to, at, end);
		at += n;
	}
	return 0;
}

/* Data but not holes; up to size bytes. */
static int copy_data(int from, int to, off_t size)
{
	off_t at = 0, hole, length;
	int error = 0;

	length = lseek(from, 0, SEEK_END);
	if (length > 0 && length <= size && ioctl(to, FICLONE, from) == 0)
		return 0;
	if (length >= 0 && length < size)
		size = length;
	while (!error && at < size) {
		off_t data = lseek(from, at, SEEK_DATA);

		if (data < 0 && errno == ENXIO)
			break;
		if (data < 0)
			data = at;
		if (data >= size)
			break;
		hole = lseek(from, data, SEEK_HOLE);
		if (hole < 0 || hole > size)
			hole = size;
		error = copy_range(from, to, data, hole);
		at = hole;
	}
	if (!error && ftruncate(to, size) < 0)
		error = -errno;
	return error;
}

/* Gives a file in the work directory the owner, permissions and times that st says. */
static void copy_attributes(int work, const char *name, const struct stat *st)
{
	struct timespec times[2] = {st->st_atim, st->st_mtim};
	mode_t mode = st->st_mode & 07777;

	if (fchownat(work, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0) {
		if (st->st_uid != view.uid)
			mode &= ~S_ISUID;
		if (fchownat(work, name, -1, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 &&
		    st->st_gid != view.gid)
			mode &= ~S_ISGID;
	}
	if (view.options.vstat && S_ISREG(st->st_mode))
		mode |= 0600;
	if (view.options.vstat && S_ISDIR(st->st_mode))
		mode |= 0700;
	if (!S_ISLNK(st->st_mode))
		fchmodat(work, name, mode, AT_SYMLINK_NOFOLLOW);
	utimensat(work, name, times, AT_SYMLINK_NOFOLLOW);
}

/* With vstat, what the copy's file system did not take is kept in the bookkeeping. */
static int keep_record(struct node *node, const struct stat *wanted, int work, const char *name)
{
	struct record record = {0};
	struct stat st;
	bool had = node_record(node, &record);

	if (record.has & RECORD_TIMES)
		record.has &= ~RECORD_TIMES;
	else if (!view.options.vstat)
		return 0;
	if (view.options.vstat && fstatat(work, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!(record.has & RECORD_UID) && st.st_uid != wanted->st_uid) {
			record.uid = wanted->st_uid;
			record.has |= RECORD_UID;
		}
		if (!(record.has & RECORD_GID) && st.st_gid != wanted->st_gid) {
			record.gid = wanted->st_gid;
			record.has |= RECORD_GID;
		}
		if (!(record.has & RECORD_MODE) && (st.st_mode ^ wanted->st_mode) & 07777) {
			record.mode = (record.mode & S_IFMT) | (wanted->st_mode & 07777);
			record.has |= RECORD_MODE;
		}
	}
	return had || record.has ? node_set_record(node, &record) : 0;
}

/*
 * Gives a file a place in a directory of SOURCE, by renaming or linking it. The directory keeps its
 * times, as no name in it changes for those who look; one without write permission gets it for this
 * moment, as only data is to change.
 */
static int place_file(int from, const char *made, struct node *parent, const char *name,
		      int (*place)(int, const char *, int, const char *))
{
	int dir = dir_fd(parent, SOURCE), writable, error;
	struct timespec times[2];
	struct stat st;

	if (dir < 0)
		return dir;
	if (fstat(dir, &st) < 0)
		return -errno;
	error = place(from, made, dir, name) < 0 ? -errno : 0;
	if (error == -EACCES) {
		writable = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (writable < 0)
			return -errno;
		if (fchmod(writable, (st.st_mode & 07777) | 0300) == 0) {
			error = place(from, made, dir, name) < 0 ? -errno : 0;
			if (fchmod(writable, st.st_mode & 07777) < 0 && !error)
				error = -errno;
		}
		close(writable);
	}
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	utimensat(dir, ".", times, 0);
	return error;
}

static int put_in_place(int work, const char *made, struct node *parent, const char *name)
{
	return place_file(work, made, parent, name, renameat);
}

static int link_file(int from, const char *name, int dir, const char *new_name)
{
	return linkat(from, name, dir, new_name, 0);
}

int link_in_place(int from, const char *name, struct node *parent, const char *new_name)
{
	return place_file(from, name, parent, new_name, link_file);
}

/* Makes the directory, and those above it, in SOURCE. view.tree is held for writing. */
int ensure_source_dir(struct node *dir)
{
	struct place to;
	struct record record;
	struct stat st;
	char made[16];
	int work, error;

	if (dir->in & IN_SOURCE)
		return 0;
	if (!dir->links || dir->flags & NODE_BARE)
		return dir->links ? -EROFS : -ENOENT;
	if (dir->flags & NODE_PLAIN)
		return -EXDEV;
	error = ensure_source_dir(dir->links->parent);
	if (!error)
		error = place_stat(dir, TARGET, &st);
	if (error)
		return error;
	if (node_record(dir, &record) && record.has & RECORD_TIMES)
		record_apply(&record, &st);
	work = book_temporary(made, sizeof(made));
	if (work < 0)
		return work;
	if (mkdirat(work, made, 0700) < 0)
		return -errno;
	to = (struct place){work, made};
	error = copy_xattrs(dir, &to);
	copy_attributes(work, made, &st);
	if (!error)
		error = keep_record(dir, &st, work, made);
	if (!error)
		error = put_in_place(work, made, dir->links->parent, dir->links->name);
	if (error) {
		remove_tree(work, made);
		return error;
	}
	dir->in |= IN_SOURCE;
	error = place_stat(dir, SOURCE, &st);
	if (!error)
		node_rekey(dir, &st);
	return error;
}

/* A copy in progress. */
struct copy {
	struct node *node;
	int from; /* data of a regular file */
	int work;
	char made[16];
	struct stat low, st; /* of TARGET's file; of the copy */
	struct record record;
	char *text; /* of a symbolic link */
};

static int begin(struct copy *copy)
{
	struct node *node = copy->node;
	struct place place;
	ssize_t length;
	int error;

	error = place_stat(node, TARGET, &copy->low);
	copy->st = copy->low;
	if (!error && S_ISREG(copy->st.st_mode)) {
		copy->from = place_open(node, TARGET, O_RDONLY | O_NONBLOCK);
		return copy->from < 0 ? copy->from : 0;
	}
	if (!error && S_ISLNK(copy->st.st_mode)) {
		copy->text = malloc(PATH_MAX);
		if (!copy->text)
			return -ENOMEM;
		error = place_of(node, TARGET, &place);
		length = error ? -1 : readlinkat(place.fd, place.name, copy->text, PATH_MAX - 1);
		if (!error && length < 0)
			error = -errno;
		if (!error)
			copy->text[length] = '\0';
	}
	return error;
}

static int make(struct copy *copy, int64_t size)
{
	struct stat *st = &copy->st;
	int to, error;

	if (S_ISLNK(st->st_mode))
		return symlinkat(copy->text, copy->work, copy->made) < 0 ? -errno : 0;
	if (!S_ISREG(st->st_mode))
		return mknodat(copy->work, copy->made, (st->st_mode & S_IFMT) | 0600, st->st_rdev) <
				       0
			       ? -errno
			       : 0;
	to = openat(copy->work, copy->made, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	error = copy_data(copy->from, to, size);
	close(to);
	return error;
}

/* Those who have the file open shall have the copy open: opened now, while permissions allow it. */
static int reopen(struct copy *copy, int *descriptors)
{
	unsigned int i = 0;

	for (struct handle *handle = copy->node->handles; handle; handle = handle->next) {
		int fd = openat(copy->work, copy->made,
				(layer_flags(handle->flags) & ~O_TRUNC) | O_CLOEXEC | O_NOFOLLOW);

		if (fd < 0)
			return -errno;
		descriptors[i++] = fd;
	}
	return 0;
}

static unsigned int handle_count(const struct node *node)
{
	unsigned int count = 0;

	for (struct handle *handle = node->handles; handle; handle = handle->next)
		count++;
	return count;
}

/* The other names of the file that are known become names of the copy. */
static int link_names(struct node *node)
{
	struct link *first = node->links;
	int dir = dir_fd(first->parent, SOURCE), error;

	for (struct link *link = first->next; link; link = link->next) {
		error = ensure_source_dir(link->parent);
		if (!error)
			error = link_in_place(dir, first->name, link->parent, link->name);
		if (error && error != -EEXIST)
			return error;
	}
	return 0;
}

static int settle(struct copy *copy)
{
	struct node *node = copy->node;
	struct place to = {copy->work, copy->made};
	struct link *link = node->links;
	int pin, error = link ? ensure_source_dir(link->parent) : 0;

	if (error)
		return error;
	error = copy_xattrs(node, &to);
	if (error)
		return error;
	if (node_record(node, &copy->record) && copy->record.has & RECORD_TIMES)
		record_apply(&copy->record, &copy->st);
	copy_attributes(copy->work, copy->made, &copy->st);
	error = keep_record(node, &copy->st, copy->work, copy->made);
	if (error)
		return error;
	if (copy->low.st_nlink > 1 && view.markers) {
		unsigned int names = 0;

		for (struct link *known = link; known; known = known->next)
			names++;
		error = links_copied(&copy->low, names, copy->work, copy->made);
		if (error)
			return error;
	}
	if (link) {
		error = put_in_place(copy->work, copy->made, link->parent, link->name);
		if (error)
			return error;
		node->in = IN_SOURCE;
		error = link_names(node);
	} else {
		pin = openat(copy->work, copy->made, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (pin < 0)
			return -errno;
		unlinkat(copy->work, copy->made, 0);
		node->fd[SOURCE] = pin;
		view.open_dirs++;
		node->in = IN_SOURCE;
	}
	if (place_stat(node, SOURCE, &copy->st) == 0)
		node_rekey(node, &copy->st);
	if (!error && node_record(node, &copy->record))
		error = links_set_record(node, &copy->record);
	return error;
}

static int finish(struct copy *copy)
{
	unsigned int count = handle_count(copy->node), i = 0;
	int *descriptors = calloc(count + 1, sizeof(*descriptors)), error;

	if (!descriptors)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		descriptors[i] = -1;
	error = reopen(copy, descriptors);
	if (!error)
		error = settle(copy);
	if (!error) {
		pthread_mutex_lock(&view.table);
		opened_drop(copy->node, false);
		pthread_mutex_unlock(&view.table);
	}
	i = 0;
	for (struct handle *handle = copy->node->handles; handle; handle = handle->next, i++) {
		if (!error) {
			dup3(descriptors[i], handle->fd, O_CLOEXEC);
			handle->layer = SOURCE;
		}
		if (descriptors[i] >= 0)
			close(descriptors[i]);
	}
	free(descriptors);
	return error;
}

static int copy_file(struct node *node, int64_t size)
{
	struct copy copy = {.node = node, .from = -1};
	int error;

	tree_read();
	error = node->in & IN_SOURCE ? -EALREADY : begin(&copy);
	tree_unlock();
	if (!error && view.work < 0) {
		tree_write();
		error = book_work();
		error = error < 0 ? error : 0;
		tree_unlock();
	}
	if (!error) {
		copy.work = book_temporary(copy.made, sizeof(copy.made));
		error = make(&copy, size);
		if (!error) {
			tree_write();
			error = finish(&copy);
			tree_unlock();
		}
		if (error)
			unlinkat(copy.work, copy.made, 0);
	}
	if (copy.from >= 0)
		close(copy.from);
	free(copy.text);
	return error == -EALREADY ? 0 : error;
}

/* Copies a file, of its data the first size bytes. The caller does not hold view.tree. */
int copy_up(struct node *node, int64_t size)
{
	int error;

	pthread_mutex_lock(copy_lock(node));
	if (is_dir(node)) {
		tree_write();
		error = ensure_source_dir(node);
		tree_unlock();
	} else {
		error = copy_file(node, size);
	}
	pthread_mutex_unlock(copy_lock(node));
	return error;
}
