// SPDX-License-Identifier: GPL-2.0-or-later
/* viewfs: take hold of the two directories, mount, serve. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "viewfs.h"

struct view view = {
	.root = {.fd = {-1, -1, -1}, .type = S_IFDIR},
	.work = -1,
	.covered = -1,
	.tree = PTHREAD_RWLOCK_INITIALIZER,
	.table = PTHREAD_MUTEX_INITIALIZER,
};

/* Returns a descriptor, or -1 after it has said why. */
static int open_root(const char *path, const char *what)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOTDIR)
		complain("%s \"%s\" is no directory; for a single file, mount --bind does it", what,
			 path);
	else if (fd < 0)
		complain("cannot open %s \"%s\": %s", what, path, strerror(errno));
	return fd;
}

/* Descriptors: a directory in use has up to three, an open file one. */
static void raise_limit(void)
{
	struct rlimit limit;

	view.open_limit = 300;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		getrlimit(RLIMIT_NOFILE, &limit);
	view.open_limit = limit.rlim_cur / 2 > 100000 ? 100000 : limit.rlim_cur / 2;
}

static int start_layers(void)
{
	const struct options *options = &view.options;
	struct stat source, target;
	struct node *root = &view.root;

	root->fd[SOURCE] = open_root(options->source, "SOURCE");
	if (root->fd[SOURCE] < 0)
		return -1;
	root->fd[TARGET] = options->tree ? open_root(options->tree, "tree")
					 : open_root(options->target, "TARGET");
	if (options->tree)
		view.covered = open_root(options->target, "TARGET");
	if (root->fd[TARGET] < 0 || (options->tree && view.covered < 0) ||
	    fstat(root->fd[SOURCE], &source) < 0 || fstat(root->fd[TARGET], &target) < 0)
		return -1;
	view.single = source.st_dev == target.st_dev && source.st_ino == target.st_ino;
	view.mode = view.single ? MODE_MOVE : options->mode;
	view.markers = view.mode == MODE_COW || view.mode == MODE_MINCOW;
	view.records = view.markers || options->vstat;
	root->in = IN_SOURCE | (view.mode == MODE_MOVE ? 0 : IN_TARGET);
	root->flags = view.mode == MODE_MOVE ? NODE_BARE : 0;
	view.dev = view.mode == MODE_MOVE ? source.st_dev : target.st_dev;
	root->dev = source.st_dev;
	root->ino = source.st_ino;
	root->number = view.mode == MODE_MOVE ? source.st_ino : target.st_ino;
	return 0;
}

/*
 * Two servers with one layer would not see each other's changes. The one before may be about to
 * end: an unmount does not wait for it. The descriptor stays open.
 */
static int lock_layer(void)
{
	const struct timespec moment = {0, 50000000};
	int fd = openat(view.root.fd[SOURCE], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int how = view.options.readonly ? LOCK_SH : LOCK_EX;

	for (int i = 0; fd >= 0 && flock(fd, how | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK)
			break; /* a file system without locks */
		if (i == 60) {
			complain("another viewfs has \"%s\" as its layer; unmount that one first",
				 view.options.source);
			return -1;
		}
		nanosleep(&moment, NULL);
	}
	return 0;
}

/* The part of an exception's path below TARGET; NULL if it is not there. */
static const char *below_target(const char *path)
{
	const char *top = view.options.tree ? view.options.tree : view.options.target;
	char *real = realpath(top, NULL);
	const char *rest = NULL;

	if (*path != '/')
		rest = path;
	for (int i = 0; i < 2 && !rest; i++) {
		const char *front = i ? real : top;
		size_t length = front ? strlen(front) : 0;

		while (length && front[length - 1] == '/')
			length--;
		if (front && !strncmp(path, front, length) && path[length] == '/')
			rest = path + length;
	}
	free(real);
	return rest;
}

static int start_exceptions(void)
{
	for (size_t i = 0; i < view.options.except_count; i++) {
		const char *path = view.options.except[i], *below = below_target(path);

		if (!below) {
			complain("the exception \"%s\" is not below \"%s\"", path,
				 view.options.target);
			return -1;
		}
		if (except_add(below) < 0) {
			complain("\"%s\" cannot be an exception: name a file or directory below "
				 "\"%s\", without dots",
				 path, view.options.target);
			return -1;
		}
	}
	view.root.exceptions = except_root;
	return 0;
}

static int start(void)
{
	int error;

	umask(0);
	raise_limit();
	if (start_layers() < 0 || start_exceptions() < 0)
		return -1;
	error = nodes_init();
	if (!error)
		error = ids_init();
	if (error) {
		complain("cannot start: %s", strerror(-error));
		return -1;
	}
	if (view.records && lock_layer() < 0)
		return -1;
	error = book_open();
	if (error) {
		complain("cannot use the bookkeeping in \"%s/.-\": %s", view.options.source,
			 strerror(-error));
		return -1;
	}
	return 0;
}

static void op_init(void *data, struct fuse_conn_info *connection)
{
	/* The kernel takes set-user-ID bits away itself; as root, the layer's would not. */
	connection->want &= ~FUSE_CAP_HANDLE_KILLPRIV;
	connection->want |= connection->capable & FUSE_CAP_CACHE_SYMLINKS;
	connection->want |= connection->capable & (FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
	connection->want &= ~FUSE_CAP_SPLICE_READ;
	if (view.options.writeback)
		connection->want |= connection->capable & FUSE_CAP_WRITEBACK_CACHE;
	view.options.writeback = connection->want & FUSE_CAP_WRITEBACK_CACHE;
	connection->time_gran = 1;
	if (!(connection->capable & FUSE_CAP_NO_OPEN_SUPPORT) ||
	    !(connection->capable & FUSE_CAP_NO_OPENDIR_SUPPORT))
		view.lazy = false;
	/* Then cutting a file off comes as a change of its size. */
	if (view.lazy)
		connection->want &= ~FUSE_CAP_ATOMIC_O_TRUNC;
}

/* Which device the mount is, learnt without asking the server, that is us. */
static void know_mount(void)
{
	struct statx stx;

	if (view.options.tree &&
	    statx(AT_FDCWD, view.options.target, AT_STATX_DONT_SYNC, STATX_TYPE, &stx) == 0)
		view.own_dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
}

static int serve(void)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int error;

	if (!config)
		return -ENOMEM;
	fuse_loop_cfg_set_max_threads(config, view.options.threads ? view.options.threads : 1);
	error = fuse_session_loop_mt(view.session, config);
	fuse_loop_cfg_destroy(config);
	return error;
}

int main(int argc, char **argv)
{
	struct fuse_lowlevel_ops ops = {.init = op_init};
	int status = EXIT_FAILURE;

	options_parse(&view.options, argc, argv);
	if (start() < 0)
		return EXIT_FAILURE;
	view.lazy = opened_lazily();
	if (view.lazy && !ids_initial() &&
	    fuse_opt_add_arg(&view.options.fuse, "-odefault_permissions"))
		return EXIT_FAILURE;
	attr_ops(&ops);
	xattr_ops(&ops);
	data_ops(&ops);
	names_ops(&ops);
	rename_ops(&ops);
	listing_ops(&ops);
	view.session = fuse_session_new(&view.options.fuse, &ops, sizeof(ops), NULL);
	if (!view.session)
		return EXIT_FAILURE; /* libfuse has said why */
	if (fuse_set_signal_handlers(view.session) < 0)
		goto destroy;
	if (fuse_session_mount(view.session, view.options.target) < 0)
		goto signals;
	know_mount();
	if (channel_init(view.session) < 0)
		complain("small writes will be slower than need be");
	if (fuse_daemonize(view.options.foreground || view.options.debug) == 0)
		status = serve() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	fuse_session_unmount(view.session);
      signals:
	fuse_remove_signal_handlers(view.session);
destroy:
	fuse_session_destroy(view.session);
	fuse_opt_free_args(&view.options.fuse);
	nodes_free();
	return status;
}
