// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * part: so many bytes of a file, from so many on, as a file of their own.
 *
 *	part [-oro|-orw] FILE OFFSET SIZE PLACE		SIZE 0: to the end of FILE
 *
 * A FUSE server of one file, which is mounted on the file PLACE: the partition of a disk image, for
 * servers that know no offset. It neither grows nor shrinks. Data goes between the kernel's pages
 * and FILE by splice; nobody else changes FILE, as it is locked, so the kernel keeps the pages.
 */
#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FOREVER 1e9

static struct {
	int fd;
	off_t offset;
	off_t size;
	struct stat about;
} part;

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	fuse_reply_attr(req, &part.about, FOREVER);
}

/* Times and the like are not FILE's; the size stays. */
static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int set,
		       struct fuse_file_info *fi)
{
	if (set & FUSE_SET_ATTR_SIZE && attr->st_size != part.size)
		fuse_reply_err(req, ENOSPC);
	else
		fuse_reply_attr(req, &part.about, FOREVER);
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	fi->keep_cache = 1;
	fuse_reply_open(req, fi);
}

/* How much of a request is inside. */
static size_t within(size_t size, off_t offset)
{
	if (offset >= part.size)
		return 0;
	return (off_t)size > part.size - offset ? (size_t)(part.size - offset) : size;
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		    struct fuse_file_info *fi)
{
	struct fuse_bufvec data = FUSE_BUFVEC_INIT(within(size, offset));

	data.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK | FUSE_BUF_FD_RETRY;
	data.buf[0].fd = part.fd;
	data.buf[0].pos = part.offset + offset;
	fuse_reply_data(req, &data, FUSE_BUF_SPLICE_MOVE);
}

static void op_write(fuse_req_t req, fuse_ino_t ino, struct fuse_bufvec *from, off_t offset,
		     struct fuse_file_info *fi)
{
	size_t size = fuse_buf_size(from);
	struct fuse_bufvec to = FUSE_BUFVEC_INIT(within(size, offset));
	ssize_t length;

	if (size && !to.buf[0].size) {
		fuse_reply_err(req, ENOSPC);
		return;
	}
	to.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
	to.buf[0].fd = part.fd;
	to.buf[0].pos = part.offset + offset;
	length = fuse_buf_copy(&to, from, 0);
	if (length < 0)
		fuse_reply_err(req, -length);
	else
		fuse_reply_write(req, length);
}

static void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	fuse_reply_err(req, (datasync ? fdatasync(part.fd) : fsync(part.fd)) < 0 ? errno : 0);
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "part: %s: %s\n", what, why);
	return -1;
}

static int open_part(char **argv)
{
	int flags = strcmp(argv[1], "-oro") ? O_RDWR : O_RDONLY;
	struct stat about;
	uint64_t whole;

	part.fd = open(argv[2], flags | O_CLOEXEC);
	if (part.fd < 0 || fstat(part.fd, &about) < 0)
		return fail(argv[2], strerror(errno));
	whole = about.st_size;
	if (S_ISBLK(about.st_mode) && ioctl(part.fd, BLKGETSIZE64, &whole) < 0)
		return fail(argv[2], strerror(errno));
	part.offset = strtoull(argv[3], NULL, 10);
	part.size = strtoull(argv[4], NULL, 10);
	if (part.offset < 0 || part.size < 0 || (uint64_t)part.offset >= whole)
		return fail(argv[2], "it ends before the part begins");
	if (!part.size || (uint64_t)part.size > whole - part.offset)
		part.size = whole - part.offset;
	part.about = about;
	part.about.st_mode = S_IFREG | (flags == O_RDONLY ? 0400 : 0600);
	part.about.st_uid = getuid();
	part.about.st_gid = getgid();
	part.about.st_nlink = 1;
	part.about.st_size = part.size;
	part.about.st_blocks = part.size / 512;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct fuse_lowlevel_ops ops = {
		.getattr = op_getattr,
		.setattr = op_setattr,
		.open = op_open,
		.read = op_read,
		.write_buf = op_write,
		.fsync = op_fsync,
	};
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *session;
	int status = EXIT_FAILURE;

	if (argc != 6) {
		fprintf(stderr, "usage: part -oro|-orw FILE OFFSET SIZE PLACE\n");
		return EXIT_FAILURE;
	}
	if (open_part(argv) < 0 || fuse_opt_add_arg(&args, argv[0]) ||
	    fuse_opt_add_arg(&args, "-osubtype=part") || fuse_opt_add_arg(&args, argv[1]))
		return EXIT_FAILURE;
	session = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	if (!session)
		return EXIT_FAILURE;
	if (fuse_set_signal_handlers(session) == 0 && fuse_session_mount(session, argv[5]) == 0) {
		if (fuse_daemonize(0) == 0 && fuse_session_loop(session) == 0)
			status = EXIT_SUCCESS;
		fuse_session_unmount(session);
	}
	fuse_remove_signal_handlers(session);
	fuse_session_destroy(session);
	fuse_opt_free_args(&args);
	return status;
}
