// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files: opening, reading, writing.
 *
 * A file opened for writing is copied to SOURCE first where the mode says so; after that, calls go
 * straight to a descriptor of the layer, without any lock of ours. The kernel keeps the pages of a
 * file from one opening to the next, unless TARGET's file was changed from outside meanwhile.
 *
 * Where the kernel opens without asking (opened.c), a request has a node and no handle.
 *
 * O_APPEND and O_DIRECT are the kernel's business: pages it writes back later have their own
 * position. Only a write that comes straight from an appending program is made to append, because
 * others may append to TARGET's file as well.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "viewfs.h"

/* From here on, a descriptor handed over to the kernel is cheaper than a copy. */
#define SPLICE_MIN (128 << 10)

static struct handle *handle_of(struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

/* What a request on data works on. */
struct target {
	int fd;
	int flags; /* of the opening */
	struct node *node;
	struct opened *opened;
};

static int target_get(fuse_ino_t ino, struct fuse_file_info *fi, bool write, struct target *target)
{
	struct handle *handle = handle_of(fi);
	int error = 0;

	*target = (struct target){.node = node_of(ino), .flags = fi->flags, .fd = -1};
	if (handle) {
		target->fd = handle->fd;
		target->flags = handle->flags;
		return 0;
	}
	target->opened = opened_get(target->node, write, &error);
	if (!error)
		target->fd = opened_fd(target->opened);
	return error;
}

static void target_put(const struct target *target)
{
	if (target->opened)
		opened_put(target->opened);
}

static bool same_version(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* May the kernel keep the pages it has? view.table is held. */
static bool keep_pages(struct node *node, int fd, enum layer layer)
{
	struct stat st;
	bool keep;

	if (view.markers && layer == SOURCE)
		return true;
	if (fstat(fd, &st) < 0)
		return false;
	keep = same_version(&st, &node->seen);
	node->seen = st;
	return keep;
}

/* Makes the handle of an open file, which owns the descriptor. view.tree is held. */
static int handle_open(struct node *node, int fd, int flags, enum layer layer,
		       struct fuse_file_info *fi)
{
	struct handle *handle = malloc(sizeof(*handle));

	if (!handle) {
		close(fd);
		return -ENOMEM;
	}
	*handle = (struct handle){.node = node, .fd = fd, .flags = flags, .layer = layer};
	fi->direct_io = layer == TARGET && made_when_read(fd);
	fi->noflush =
		(flags & O_ACCMODE) == O_RDONLY; /* there is nothing to say when it is closed */
	pthread_mutex_lock(&view.table);
	handle->next = node->handles;
	node->handles = handle;
	node->holds++;
	fi->keep_cache = keep_pages(node, fd, layer);
	pthread_mutex_unlock(&view.table);
	fi->fh = (uintptr_t)handle;
	return 0;
}

/* How a file is opened in its layer. */
int layer_flags(int flags)
{
	flags &= ~(O_APPEND | O_DIRECT | O_NOATIME | O_CREAT | O_EXCL | O_NOFOLLOW);
	if (view.options.writeback && (flags & O_ACCMODE) == O_WRONLY)
		flags = (flags & ~O_ACCMODE) |
			O_RDWR; /* the kernel fills pages it was given part of */
	return flags | O_NONBLOCK;
}

/* 0: opened. EXDEV: copy first. */
static int open_in_layer(struct node *node, int flags, bool write, struct fuse_file_info *fi)
{
	enum layer layer = shown_layer(node);
	bool plain = node->flags & NODE_PLAIN;
	int fd;

	if (write && !plain) {
		if (view.mode == MODE_MERGE && layer == SOURCE)
			return -EROFS;
		if (view.mode == MODE_COW && layer == TARGET)
			return writable_copy(node) ? -EXDEV : -EACCES;
	}
	fd = place_open(node, layer, layer_flags(flags));
	if (fd == -EACCES && view.options.writeback && (flags & O_ACCMODE) == O_WRONLY)
		fd = place_open(node, layer, flags & ~(O_APPEND | O_DIRECT | O_NOATIME));
	if (write && !plain && view.mode == MODE_MINCOW && layer == TARGET && denied(fd))
		return writable_copy(node) ? -EXDEV : fd;
	if (fd < 0)
		return fd;
	return handle_open(node, fd, flags, layer, fi);
}

static int open_node(struct node *node, struct fuse_file_info *fi)
{
	bool write = (fi->flags & O_ACCMODE) != O_RDONLY || fi->flags & O_TRUNC;
	int error;

	for (;;) {
		tree_read();
		error = open_in_layer(node, fi->flags, write, fi);
		tree_unlock();
		if (error != -EXDEV)
			return error;
		error = copy_up(node, fi->flags & O_TRUNC ? 0 : COPY_ALL);
		if (error)
			return error;
	}
}

static void close_handle(struct handle *handle)
{
	struct node *node = handle->node;
	struct handle **at;

	tree_read(); /* no copy is handing descriptors over */
	pthread_mutex_lock(&view.table);
	for (at = &node->handles; *at != handle; at = &(*at)->next)
		;
	*at = handle->next;
	pthread_mutex_unlock(&view.table);
	tree_unlock();
	close(handle->fd);
	free(handle);
	node_put(node);
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	int error = view.lazy ? -ENOSYS : open_node(node_of(ino), fi);

	if (error)
		fuse_reply_err(req, -error);
	else if (fuse_reply_open(req, fi) < 0)
		close_handle(handle_of(fi));
}

struct creation {
	int flags;
	mode_t mode;
	int fd;
};

static int create(int dir, const char *name, void *argument)
{
	struct creation *creation = argument;

	int flags = layer_flags(creation->flags);

	if (view.lazy)
		flags = (flags & ~O_ACCMODE) | O_RDWR;
	creation->fd = openat(dir, name, flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			      creation->mode & 07777);
	return creation->fd < 0 ? -errno : 0;
}

/* Makes the file if it is not there; then it is open. EEXIST: it is there. */
static int create_name(struct node *parent, const char *name, mode_t mode,
		       const struct fuse_ctx *ctx, struct fuse_entry_param *entry,
		       struct fuse_file_info *fi)
{
	struct creation creation = {fi->flags, mode, -1};
	enum layer layer;
	int error = entry_for(parent, name, entry);

	if (error == -ESTALE) {
		error = links_join(parent, name);
		if (!error)
			error = entry_for(parent, name, entry);
	}
	if (!error)
		return -EEXIST;
	if (error != -ENOENT)
		return error;
	if (view.options.vstat)
		creation.mode |= 0600;
	error = make_name(parent, name, create, &creation, &layer);
	if (!error)
		error = record_new(parent, name, layer, S_IFREG | (mode & 07777), 0, ctx);
	if (!error)
		error = entry_for(parent, name, entry);
	if (error) {
		if (creation.fd >= 0)
			close(creation.fd);
		return error;
	}
	if (view.lazy) {
		struct opened *opened = opened_keep(node_of(entry->ino), creation.fd, true);

		fi->keep_cache = 1;
		if (opened)
			opened_put(opened);
		return 0; /* without memory it is opened again when data comes */
	}
	error = handle_open(node_of(entry->ino), creation.fd, fi->flags, layer, fi);
	if (error)
		node_forget(node_of(entry->ino), 1);
	return error;
}

static void op_create(fuse_req_t req, fuse_ino_t ino, const char *name, mode_t mode,
		      struct fuse_file_info *fi)
{
	struct fuse_entry_param entry;
	int error;

	tree_write();
	error = create_name(node_of(ino), name, mode, fuse_req_ctx(req), &entry, fi);
	tree_unlock();
	if (error == -EEXIST) {
		error = fi->flags & O_EXCL ? -EEXIST : open_node(node_of(entry.ino), fi);
		if (error)
			node_forget(node_of(entry.ino), 1);
		if (!error && view.lazy) {
			close_handle(handle_of(fi));
			fi->fh = 0;
		}
	}
	if (error) {
		fuse_reply_err(req, -error);
	} else if (fuse_reply_create(req, &entry, fi) < 0) {
		if (fi->fh)
			close_handle(handle_of(fi));
		node_forget(node_of(entry.ino), 1);
	}
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *fi)
{
	static __thread char buffer[SPLICE_MIN];
	struct fuse_bufvec data = FUSE_BUFVEC_INIT(size);
	struct target target;
	int error = target_get(ino, fi, false, &target);
	ssize_t length;

	if (error) {
		fuse_reply_err(req, -error);
		return;
	}
	if (size <= sizeof(buffer)) {
		length = pread(target.fd, buffer, size, offset);
		if (length < 0)
			fuse_reply_err(req, errno);
		else
			fuse_reply_buf(req, buffer, length);
	} else {
		data.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK | FUSE_BUF_FD_RETRY;
		data.buf[0].fd = target.fd;
		data.buf[0].pos = offset;
		fuse_reply_data(req, &data, FUSE_BUF_SPLICE_MOVE);
	}
	target_put(&target);
}

/* At the end of the file, wherever that is now. */
static ssize_t append(int fd, struct fuse_bufvec *from)
{
	size_t size = fuse_buf_size(from);
	struct fuse_bufvec memory = FUSE_BUFVEC_INIT(size);
	struct iovec part;
	ssize_t length;

	memory.buf[0].mem = malloc(size);
	if (!memory.buf[0].mem)
		return -ENOMEM;
	length = fuse_buf_copy(&memory, from, 0);
	if (length >= 0) {
		part = (struct iovec){memory.buf[0].mem, length};
		length = pwritev2(fd, &part, 1, 0, RWF_APPEND);
		if (length < 0)
			length = -errno;
	}
	free(memory.buf[0].mem);
	return length;
}

/* The kernel believes that set-ID bits go by themselves (channel.c), but not that they are gone. */
static void wrote(struct node *node)
{
	if (!(node->flags & NODE_SETID))
		return;
	__atomic_fetch_and(&node->flags, ~NODE_SETID, __ATOMIC_RELAXED);
	fuse_lowlevel_notify_inval_inode(view.session, node_id(node), -1, 0);
}

static void op_write(fuse_req_t req, fuse_ino_t ino, struct fuse_bufvec *from, off_t offset,
		     struct fuse_file_info *fi)
{
	struct fuse_bufvec to = FUSE_BUFVEC_INIT(fuse_buf_size(from));
	struct target target;
	ssize_t length = target_get(ino, fi, true, &target);

	if (length < 0) {
		fuse_reply_err(req, -length);
		return;
	}
	if (target.flags & O_APPEND && !fi->writepage && !view.options.writeback) {
		length = append(target.fd, from);
	} else {
		to.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
		to.buf[0].fd = target.fd;
		to.buf[0].pos = offset;
		length = fuse_buf_copy(&to, from, 0);
	}
	wrote(target.node);
	target_put(&target);
	if (length < 0)
		fuse_reply_err(req, -length);
	else
		fuse_reply_write(req, length);
}

/* Says what closing would: some file systems keep an error of writing until then. */
static void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct handle *handle = handle_of(fi);
	int error = view.lazy ? ENOSYS : 0;

	if (handle && (handle->flags & O_ACCMODE) != O_RDONLY && close(dup(handle->fd)) < 0)
		error = errno;
	fuse_reply_err(req, error);
}

static void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	if (fi->fh)
		close_handle(handle_of(fi));
	fuse_reply_err(req, 0);
}

static void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct target target;
	int error = -target_get(ino, fi, false, &target);

	if (!error && (datasync ? fdatasync(target.fd) : fsync(target.fd)) < 0)
		error = errno;
	target_put(&target);
	fuse_reply_err(req, error);
}

static void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
			 struct fuse_file_info *fi)
{
	struct target target;
	int error = -target_get(ino, fi, true, &target);

	if (!error && fallocate(target.fd, mode, offset, length) < 0)
		error = errno;
	wrote(target.node);
	target_put(&target);
	fuse_reply_err(req, error);
}

static void op_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t in,
			       struct fuse_file_info *fi_in, fuse_ino_t ino_out, off_t out,
			       struct fuse_file_info *fi_out, size_t size, int flags)
{
	struct target from, to;
	ssize_t length = target_get(ino_out, fi_out, true, &to);
	int error = -length;

	if (!error) {
		/* After that: the copy of a file to itself has its new descriptor. */
		error = -target_get(ino_in, fi_in, false, &from);
		length = error ? -1 : copy_file_range(from.fd, &in, to.fd, &out, size, flags);
		if (!error && length < 0)
			error = errno;
		target_put(&from);
		wrote(to.node);
	}
	target_put(&to);
	/* EXDEV as well as EOPNOTSUPP tell the kernel to copy by itself. */
	if (error)
		fuse_reply_err(req, error == EINVAL ? EOPNOTSUPP : error);
	else
		fuse_reply_write(req, length);
}

static void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence,
		     struct fuse_file_info *fi)
{
	struct target target;
	int error = -target_get(ino, fi, false, &target);
	off_t found = error ? -1 : lseek(target.fd, offset, whence);

	if (!error && found < 0)
		error = errno;
	target_put(&target);
	if (error)
		fuse_reply_err(req, error);
	else
		fuse_reply_lseek(req, found);
}

void data_ops(struct fuse_lowlevel_ops *ops)
{
	ops->open = op_open;
	ops->create = op_create;
	ops->read = op_read;
	ops->write_buf = op_write;
	ops->flush = op_flush;
	ops->release = op_release;
	ops->fsync = op_fsync;
	ops->fallocate = op_fallocate;
	ops->copy_file_range = op_copy_file_range;
	ops->lseek = op_lseek;
}
