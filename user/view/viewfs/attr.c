// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attributes: what is shown, and changing them.
 *
 * The kernel may keep attributes and names for ever where nobody else can change them, which is in
 * the layer of cow and mincow; elsewhere for the time of the option "timeout".
 */
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "viewfs.h"

#define FOREVER 86400.0

#define SET_OWNER (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)
#define SET_TIMES                                                                                  \
	(FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME_NOW |                     \
	 FUSE_SET_ATTR_MTIME_NOW)

/* From what a file system says to what the kernel is told. */
static void shown(struct node *node, struct stat *st, const struct record *record)
{
	st->st_nlink = links_count(node, st);
	if (record)
		record_apply(record, st);
	if (S_ISREG(st->st_mode) && st->st_mode & (S_ISUID | S_ISGID))
		__atomic_fetch_or(&node->flags, NODE_SETID, __ATOMIC_RELAXED);
	st->st_ino = node->number;
	st->st_uid = uid_shown(st->st_uid);
	st->st_gid = gid_shown(st->st_gid);
}

/*
 * The kernel knows by the time of a directory whether the listing that it keeps is out of date. Of
 * one that both layers have it sees SOURCE's; whether TARGET's changed is noted here.
 */
static void look_below(struct node *node, const struct stat *low)
{
	const struct stat *seen = &node->seen;

	if (low->st_mtim.tv_sec == seen->st_mtim.tv_sec &&
	    low->st_mtim.tv_nsec == seen->st_mtim.tv_nsec)
		return;
	pthread_mutex_lock(&view.table);
	if (seen->st_ino)
		__atomic_fetch_or(&node->flags, NODE_STALE, __ATOMIC_RELAXED);
	node->seen = *low;
	pthread_mutex_unlock(&view.table);
}

bool listing_is_stale(struct node *node)
{
	bool stale;

	if (!(node->flags & NODE_STALE))
		return false;
	pthread_mutex_lock(&view.table);
	stale = node->flags & NODE_STALE;
	__atomic_fetch_and(&node->flags, ~NODE_STALE, __ATOMIC_RELAXED);
	node->holds += stale;
	pthread_mutex_unlock(&view.table);
	return stale;
}

void forget_listing(struct node *node)
{
	fuse_lowlevel_notify_inval_inode(view.session, node_id(node), 0, 0);
	node_put(node);
}

static bool listed_by_both(const struct node *node)
{
	return view.lazy && is_dir(node) && node->in == (IN_SOURCE | IN_TARGET);
}

/* view.tree is held. */
static int node_stat(struct node *node, struct handle *handle, struct stat *st)
{
	struct record record;
	struct stat low;
	int error = 0;

	if (handle && handle->layer == shown_layer(node))
		error = fstat(handle->fd, st) < 0 ? -errno : 0;
	else
		error = place_stat(node, shown_layer(node), st);
	if (!error && listed_by_both(node) && place_stat(node, TARGET, &low) == 0)
		look_below(node, &low);
	if (!error)
		shown(node, st, node_record(node, &record) ? &record : NULL);
	/* A file that turns into a device does so when it is looked up again. */
	if (!error && node->told)
		st->st_mode = (st->st_mode & ~S_IFMT) | node->told;
	return error;
}

static bool private_layer(const struct node *node)
{
	return view.markers && node->in & IN_SOURCE;
}

/* Whether TARGET's part of a directory changed is to be asked. */
static double attr_timeout(const struct node *node)
{
	bool shared = view.lazy && is_dir(node) && node->in & IN_TARGET;

	return private_layer(node) && !shared ? FOREVER : view.options.timeout;
}

/* Of a name that leads nowhere. */
static double entry_timeout(const struct node *parent)
{
	return private_layer(parent) && !(parent->in & IN_TARGET) ? FOREVER : view.options.timeout;
}

/*
 * Looks a name up for the kernel. view.tree is held; -ENOENT leaves an entry for "no such name".
 * ESTALE: the name is to be joined to a copy first, for which view.tree must be held for writing.
 */
int entry_for(struct node *parent, const char *name, struct fuse_entry_param *entry)
{
	struct found found;
	struct record record;
	struct node *node;
	int book = -1, error = find(parent, name, &found);
	bool have = false;

	memset(entry, 0, sizeof(*entry));
	entry->entry_timeout = entry_timeout(parent);
	if (error)
		return error;
	if (view.markers && links_wanted(&found))
		return -ESTALE;
	node = node_get(&found, parent, name);
	found_free(&found);
	if (!node)
		return -ENOMEM;
	if (node->kept)
		have = node_record(node, &record);
	else if (view.records && !(node->flags & NODE_PLAIN))
		book = dir_fd(parent, BOOK);
	if (book >= 0)
		have = record_read(book, name, &record);
	entry->attr = found.st;
	if (listed_by_both(node))
		look_below(node, &found.low);
	shown(node, &entry->attr, have ? &record : NULL);
	node->told = entry->attr.st_mode & S_IFMT;
	entry->ino = node_id(node);
	entry->generation = 1;
	entry->attr_timeout = entry->entry_timeout = attr_timeout(node);
	/* It may become a device, for which the kernel needs a new inode. */
	if (view.options.vstat && S_ISREG(found.st.st_mode) && !found.st.st_size)
		entry->entry_timeout = 0;
	return 0;
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct node *node = node_of(ino);
	struct handle *handle = fi && !is_dir(node) ? (struct handle *)(uintptr_t)fi->fh : NULL;
	struct stat st;
	bool stale;
	int error;

	tree_read();
	error = node_stat(node, handle, &st);
	tree_unlock();
	stale = listing_is_stale(node);
	if (error)
		fuse_reply_err(req, -error);
	else
		fuse_reply_attr(req, &st, attr_timeout(node));
	if (stale)
		forget_listing(node);
}

struct setting {
	const struct stat *attr;
	int set;
	struct handle *handle;
};

static void times_of(const struct setting *setting, struct timespec times[2])
{
	int set = setting->set;

	times[0] = setting->attr->st_atim;
	times[1] = setting->attr->st_mtim;
	if (!(set & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW)))
		times[0].tv_nsec = UTIME_OMIT;
	else if (set & FUSE_SET_ATTR_ATIME_NOW)
		times[0].tv_nsec = UTIME_NOW;
	if (!(set & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW)))
		times[1].tv_nsec = UTIME_OMIT;
	else if (set & FUSE_SET_ATTR_MTIME_NOW)
		times[1].tv_nsec = UTIME_NOW;
}

static int set_size(struct node *node, enum layer layer, const struct setting *setting)
{
	int fd, error = 0;

	if (setting->handle && (setting->handle->flags & O_ACCMODE) != O_RDONLY)
		return ftruncate(setting->handle->fd, setting->attr->st_size) < 0 ? -errno : 0;
	fd = place_open(node, layer, O_WRONLY | O_NONBLOCK);
	if (fd < 0)
		return fd;
	if (ftruncate(fd, setting->attr->st_size) < 0)
		error = -errno;
	close(fd);
	return error;
}

static int set_mode(struct node *node, const struct place *place, mode_t mode)
{
	int error, fd;

	if (*place->name)
		return fchmodat(place->fd, place->name, mode, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
	if (is_dir(node) && !(node->flags & NODE_GONE))
		return fchmodat(place->fd, ".", mode, 0) < 0 ? -errno : 0;
	fd = place_open(node, shown_layer(node), O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return fd;
	error = fchmod(fd, mode) < 0 ? -errno : 0;
	close(fd);
	return error;
}

static int apply(struct node *node, enum layer layer, void *argument)
{
	const struct setting *setting = argument;
	const struct stat *attr = setting->attr;
	struct timespec times[2];
	struct place place;
	int error = place_of(node, layer, &place);

	if (!error && setting->set & FUSE_SET_ATTR_SIZE)
		error = set_size(node, layer, setting);
	if (!error && setting->set & SET_OWNER) {
		uid_t uid = setting->set & FUSE_SET_ATTR_UID ? attr->st_uid : (uid_t)-1;
		gid_t gid = setting->set & FUSE_SET_ATTR_GID ? attr->st_gid : (gid_t)-1;

		error = fchownat(place.fd, place.name, uid, gid, PLACE_FLAGS) < 0 ? -errno : 0;
	}
	if (!error && setting->set & FUSE_SET_ATTR_MODE)
		error = set_mode(node, &place, attr->st_mode & 07777);
	if (!error && setting->set & SET_TIMES) {
		times_of(setting, times);
		error = utimensat(place.fd, place.name, times, PLACE_FLAGS) < 0 ? -errno : 0;
	}
	return error;
}

/* What the bookkeeping is to say instead of the file system. */
static int virtual_part(const struct node *node)
{
	if (!view.records || node->flags & NODE_PLAIN)
		return 0;
	if (view.options.vstat)
		return SET_OWNER | FUSE_SET_ATTR_MODE;
	if (view.options.nochcopy && view.markers && !(node->in & IN_SOURCE))
		return SET_OWNER | FUSE_SET_ATTR_MODE | SET_TIMES;
	return 0;
}

static void record_time(struct record *record, unsigned int has, struct timespec *to,
			const struct timespec *from, const struct timespec *now)
{
	if (from->tv_nsec == UTIME_OMIT)
		return;
	*to = from->tv_nsec == UTIME_NOW ? *now : *from;
	record->has |= has;
}

/* The file itself is kept accessible for us; what the permissions of the view are is in the record.
 */
static void set_real_mode(struct node *node, mode_t mode)
{
	mode_t forced = is_dir(node) ? 0700 : S_ISREG(node->type) ? 0600 : 0;
	struct place place;

	if (node->in & IN_SOURCE && view.mode != MODE_MERGE && !S_ISLNK(node->type) &&
	    place_of(node, SOURCE, &place) == 0)
		set_mode(node, &place, (mode & 0777) | forced);
}

static int record_setting(struct node *node, const struct setting *setting, int set)
{
	struct record record;
	struct timespec now, times[2];
	struct stat st;
	int error;

	if (!node_record(node, &record))
		memset(&record, 0, sizeof(record));
	clock_gettime(CLOCK_REALTIME, &now);
	if (set & FUSE_SET_ATTR_UID) {
		record.uid = setting->attr->st_uid;
		record.has |= RECORD_UID;
	}
	if (set & FUSE_SET_ATTR_GID) {
		record.gid = setting->attr->st_gid;
		record.has |= RECORD_GID;
	}
	if (set & FUSE_SET_ATTR_MODE) {
		if (view.options.vstat)
			set_real_mode(node, setting->attr->st_mode);
		record.mode = (record.mode & S_IFMT) | (setting->attr->st_mode & 07777);
		record.has |= RECORD_MODE;
	}
	if (set & SET_TIMES) {
		times_of(setting, times);
		record_time(&record, RECORD_ATIME, &record.atime, &times[0], &now);
		record_time(&record, RECORD_MTIME, &record.mtime, &times[1], &now);
	}
	record.ctime = now;
	record.has |= RECORD_CTIME;
	error = place_stat(node, shown_layer(node), &st);
	/* What the file says anyway need not be said again. */
	if (!error && record.has & RECORD_UID && record.uid == st.st_uid)
		record.has &= ~RECORD_UID;
	if (!error && record.has & RECORD_GID && record.gid == st.st_gid)
		record.has &= ~RECORD_GID;
	if (!error && record.has & RECORD_MODE && !((record.mode ^ st.st_mode) & 07777))
		record.has &= ~RECORD_MODE;
	if (record.has == RECORD_CTIME)
		record.has = 0;
	return node_set_record(node, &record);
}

/* What was changed in the file itself is not to be hidden by what was noted before. */
static int forget_record(struct node *node, int set)
{
	struct record record;
	unsigned int has;
	int error = 0;

	tree_write();
	if (node_record(node, &record)) {
		has = record.has;
		if (set & FUSE_SET_ATTR_UID)
			has &= ~RECORD_UID;
		if (set & FUSE_SET_ATTR_GID)
			has &= ~RECORD_GID;
		if (set & FUSE_SET_ATTR_MODE)
			has &= ~RECORD_MODE;
		if (set & SET_TIMES)
			has &= ~RECORD_TIMES;
		if (has != record.has) {
			record.has = has;
			error = node_set_record(node, &record);
		}
	}
	tree_unlock();
	return error;
}

/*
 * Has a file of TARGET names nobody has looked at? What is noted for one name would not hold for
 * those, so such a file is copied, and they will lead to the copy.
 */
static bool has_hidden_names(struct node *node)
{
	nlink_t known = 0;
	struct stat st;
	bool hidden;

	if (!view.markers || !(view.options.vstat || view.options.nochcopy) || is_dir(node))
		return false;
	tree_read();
	for (struct link *link = node->links; link; link = link->next)
		known++;
	hidden = node->in == IN_TARGET && !(node->flags & NODE_PLAIN) &&
		 place_stat(node, TARGET, &st) == 0 && links_count(node, &st) > known;
	tree_unlock();
	return hidden;
}

static int set_attributes(struct node *node, struct setting *setting)
{
	int virtual, error = 0;

	if (has_hidden_names(node)) {
		error = copy_up(node, COPY_ALL);
		if (error)
			return error;
	}
	tree_write();
	virtual = virtual_part(node) & setting->set;
	if (virtual)
		error = record_setting(node, setting, virtual);
	setting->set &=
		~virtual & (FUSE_SET_ATTR_SIZE | SET_OWNER | FUSE_SET_ATTR_MODE | SET_TIMES);
	tree_unlock();
	if (error || !setting->set)
		return error;
	if (setting->set & FUSE_SET_ATTR_SIZE && view.markers &&
	    !(node->in & IN_SOURCE || node->flags & NODE_PLAIN)) {
		tree_read();
		error = writable_copy(node) ? 0 : -EACCES;
		tree_unlock();
		if (!error && view.mode == MODE_COW)
			error = copy_up(node, setting->attr->st_size);
		if (error && view.mode == MODE_COW)
			return error;
	}
	error = change(node, apply, setting);
	if (!error && view.records && setting->set & ~FUSE_SET_ATTR_SIZE)
		error = forget_record(node, setting->set);
	return error;
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		       struct fuse_file_info *fi)
{
	struct node *node = node_of(ino);
	struct setting setting = {attr, to_set, NULL};
	struct stat st;
	int error;

	if (fi && !is_dir(node))
		setting.handle = (struct handle *)(uintptr_t)fi->fh;
	error = set_attributes(node, &setting);
	if (!error) {
		tree_read();
		error = node_stat(node, setting.handle, &st);
		tree_unlock();
	}
	if (error)
		fuse_reply_err(req, -error);
	else
		fuse_reply_attr(req, &st, attr_timeout(node));
}

/*
 * A new file belongs to who made it, which is not the server's user if others use the mount; with
 * vstat, the bookkeeping has what its file system did not take. view.tree is held for writing.
 */
static int note_new(struct node *parent, const char *name, enum layer layer, mode_t mode,
		    dev_t rdev, const struct fuse_ctx *ctx)
{
	struct record record = {.mode = mode, .uid = ctx->uid, .gid = ctx->gid, .rdev = rdev},
		      above;
	int dir = dir_fd(parent, layer), book;
	struct stat st, parent_st;

	if (!view.options.vstat && ctx->uid == view.uid && ctx->gid == view.gid)
		return 0;
	if (dir < 0)
		return dir;
	if (fstat(dir, &parent_st) < 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (node_record(parent, &above))
		record_apply(&above, &parent_st);
	/* The directory may say which group, and that directories below say so too. */
	if (parent_st.st_mode & S_ISGID) {
		record.gid = parent_st.st_gid;
		record.mode |= S_ISDIR(mode) ? S_ISGID : 0;
	}
	if ((st.st_uid != record.uid || st.st_gid != record.gid) &&
	    fchownat(dir, name, record.uid, record.gid, AT_SYMLINK_NOFOLLOW) == 0) {
		st.st_uid = record.uid;
		st.st_gid = record.gid;
	}
	if (!view.options.vstat)
		return 0;
	record.has |= st.st_uid != record.uid ? RECORD_UID : 0;
	record.has |= st.st_gid != record.gid ? RECORD_GID : 0;
	if (!S_ISLNK(st.st_mode) && (record.mode ^ st.st_mode) & 07777)
		record.has |= RECORD_MODE;
	if ((mode ^ st.st_mode) & S_IFMT)
		record.has |= RECORD_TYPE | RECORD_RDEV;
	if (!record.has)
		return 0;
	book = book_dir(parent);
	return book < 0 ? book : record_write(book, name, &record);
}

/* The same; a file that cannot be noted is not made. */
int record_new(struct node *parent, const char *name, enum layer layer, mode_t mode, dev_t rdev,
	       const struct fuse_ctx *ctx)
{
	int error = note_new(parent, name, layer, mode, rdev, ctx);

	if (error)
		unlinkat(dir_fd(parent, layer), name, S_ISDIR(mode) ? AT_REMOVEDIR : 0);
	return error;
}

/* With vstat, who may execute is what the bookkeeping says; the rest is ours to give. */
static int access_virtual(struct node *node, int *mask)
{
	struct stat st;
	int error;

	if (!view.options.vstat || !(*mask & X_OK) || node->flags & NODE_PLAIN || is_dir(node))
		return 0;
	*mask &= ~X_OK;
	error = node_stat(node, NULL, &st);
	return error ? error : st.st_mode & 0111 ? 0 : -EACCES;
}

static void op_access(fuse_req_t req, fuse_ino_t ino, int mask)
{
	struct node *node = node_of(ino);
	struct place place;
	int error;

	tree_read();
	error = access_virtual(node, &mask);
	if (error) {
		tree_unlock();
		fuse_reply_err(req, -error);
		return;
	}
	error = place_of(node, shown_layer(node), &place);
	if (!error && faccessat(place.fd, place.name, mask, AT_EACCESS | PLACE_FLAGS) < 0)
		error = -errno;
	if (denied(error) && mask & W_OK) {
		int rest = mask & ~W_OK;

		/* Not writable as it is, but perhaps as a copy; nor need it be. */
		if ((view.options.wok ||
		     (view.markers && !(node->in & IN_SOURCE) && !(node->flags & NODE_PLAIN) &&
		      writable_copy(node) &&
		      (is_dir(node) ||
		       faccessat(place.fd, place.name, R_OK, AT_EACCESS | PLACE_FLAGS) == 0))) &&
		    (!rest || faccessat(place.fd, place.name, rest, AT_EACCESS | PLACE_FLAGS) == 0))
			error = 0;
	} else if (!error && mask & W_OK && !view.options.wok && view.mode == MODE_MERGE &&
		   node->in & IN_SOURCE && !(node->in & IN_TARGET)) {
		error = -EROFS;
	}
	tree_unlock();
	fuse_reply_err(req, -error);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statvfs st;
	bool source = view.mode == MODE_COW || view.mode == MODE_MOVE;

	if (fstatvfs(view.root.fd[source ? SOURCE : TARGET], &st) < 0) {
		fuse_reply_err(req, errno);
		return;
	}
	if (view.records && st.f_namemax == NAME_MAX)
		st.f_namemax--; /* the bookkeeping adds a byte */
	fuse_reply_statfs(req, &st);
}

void attr_ops(struct fuse_lowlevel_ops *ops)
{
	ops->getattr = op_getattr;
	ops->setattr = op_setattr;
	ops->access = op_access;
	ops->statfs = op_statfs;
}
