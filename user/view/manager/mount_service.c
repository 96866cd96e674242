// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What services ask of a mount that they serve: the functions of view.h whose first argument is a
 * struct view_mount.
 *
 *	begin: the place, aside -> a server or mounts of the kernel's there
 *		-> finish: moved to the target
 *
 * An image is locked meanwhile, and for as long as it is mounted (servers.c).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "manager.h"

#define LOCK_WAIT_MS  3000
#define LOCK_PAUSE_MS 50

void mount_init(struct view_mount *mount, struct view_call *call)
{
	static uint32_t last;

	memset(mount, 0, sizeof(*mount));
	mount->call = call;
	mount->lock = -1;
	snprintf(mount->place, sizeof(mount->place), "%s/%u", call->view->own,
		 __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED));
}

void mount_free(struct view_mount *mount)
{
	free(mount->source);
	free(mount->target);
	free(mount->type);
	free(mount->options);
	if (mount->lock >= 0)
		close(mount->lock);
}

const char *view_mount_source(const struct view_mount *mount)
{
	return mount->source ? mount->source : "";
}

const char *view_mount_target(const struct view_mount *mount)
{
	return mount->target;
}

const char *view_mount_type(const struct view_mount *mount)
{
	return mount->type;
}

const char *view_mount_options(const struct view_mount *mount)
{
	return mount->options ? mount->options : "";
}

const char *view_mount_place(const struct view_mount *mount)
{
	return mount->place;
}

unsigned long view_mount_flags(const struct view_mount *mount)
{
	return mount->flags;
}

int view_mount_caller(const struct view_mount *mount, struct view_caller *caller)
{
	return view_call_caller(mount->call, caller);
}

bool view_mount_single_id(const struct view_mount *mount)
{
	return mount->call->branch->single_id;
}

int view_mount_error(struct view_mount *mount, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(mount->message, sizeof(mount->message), format, args);
	va_end(args);
	return error;
}

/* A server that writes its last after a lazy unmount still has its lock: wait a little for its end.
 */
static bool lock_soon(struct view *view, int fd, int how)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000};

	for (int waited = 0; waited <= LOCK_WAIT_MS; waited += LOCK_PAUSE_MS) {
		servers_forget(view);
		if (flock(fd, how | LOCK_NB) == 0)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

int view_mount_lock(struct view_mount *mount, bool alone)
{
	int error, fd = -1;
	struct ask *ask = ask_new(mount->call->branch, mount->call->tid, &error);
	struct stat about;

	if (!ask)
		return error;
	ask_value(ask, 0, (int64_t)AT_FDCWD);
	ask_string(ask, 1, view_mount_source(mount));
	ask_value(ask, 2, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	error = ask_call_as_caller(ask, SYS_openat, &fd);
	ask_free(ask);
	/* What cannot be opened is the server's to complain about. */
	if (error < 0)
		return 0;
	if (fstat(fd, &about) < 0 || !S_ISREG(about.st_mode)) {
		close(fd);
		return 0;
	}
	if (!lock_soon(mount->call->view, fd, alone ? LOCK_EX : LOCK_SH)) {
		close(fd);
		return view_mount_error(
			mount, -EBUSY,
			"%s is mounted already, in this view or another: unmount it "
			"there, or mount it read-only everywhere",
			view_mount_source(mount));
	}
	mount->lock = fd;
	return 0;
}

int view_mount_kernel(struct view_mount *mount, const char *source, const char *target,
		      const char *type, unsigned long flags, const char *data)
{
	int error = mount_by_kernel(mount->call, source, target, type, flags, data);

	if (error == 0 && !(flags & MS_CHANGES & ~MS_BIND) && !strcmp(target, mount->target))
		servers_note(mount, "");
	return error;
}

/* A directory or file, as like is one. */
static int make_like(struct view_call *call, const char *path, const char *like)
{
	int error;
	struct ask *ask = ask_new(call->branch, call->tid, &error);
	struct statx about;

	if (!ask)
		return error;
	error = ask_stat(ask, like, 0, &about);
	ask_free(ask);
	if (error < 0)
		return error;
	if (S_ISDIR(about.stx_mode))
		return ask_path(call, SYS_mkdir, path, 0755);
	ask = ask_new(call->branch, call->tid, &error);
	if (!ask)
		return error;
	ask_string(ask, 0, path);
	ask_value(ask, 1, S_IFREG | 0644);
	error = ask_call(ask, SYS_mknod, NULL);
	ask_free(ask);
	return error;
}

int view_mount_make(struct view_mount *mount, const char *path, const char *like)
{
	char parent[PATH_MAX];

	/* Those above exist or are made; what went wrong shows at the last. */
	for (const char *slash = path; (slash = strchr(slash + 1, '/'));) {
		snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
		ask_path(mount->call, SYS_mkdir, parent, 0755);
	}
	return make_like(mount->call, path, like);
}

int view_mount_begin(struct view_mount *mount)
{
	int error = make_like(mount->call, mount->place, mount->target);

	if (error < 0)
		view_mount_error(mount, error, "%s, where %s is to be mounted: %s", mount->target,
				 view_mount_source(mount), strerror(-error));
	return error;
}

int view_mount_finish(struct view_mount *mount, int error)
{
	if (!error)
		error = mount_by_kernel(mount->call, mount->place, mount->target, NULL, MS_MOVE,
					NULL);
	if (error < 0)
		ask_path(mount->call, SYS_umount2, mount->place, MNT_DETACH);
	else if (!error)
		servers_note(mount, mount->mark);
	if (ask_path(mount->call, SYS_rmdir, mount->place, 0) == -ENOTDIR)
		ask_path(mount->call, SYS_unlink, mount->place, 0);
	return error;
}

bool view_mount_exists(struct view_mount *mount, const char *path)
{
	int error;
	struct ask *ask = ask_new(mount->call->branch, mount->call->tid, &error);
	struct statx about;

	if (ask)
		error = ask_stat(ask, path, 0, &about);
	ask_free(ask);
	return error != -ENOENT && error != -ENOTDIR;
}

bool view_mount_has_mounts(struct view_mount *mount, const char *path)
{
	return mounts_below(mount->call, path) != 0;
}

static int explain(struct view_mount *mount, const char *program, int64_t status, const char *said)
{
	const char *colon = said[0] ? ": " : "";

	if (status == 126 || status == 127) /* of the keeper: it could not be executed */
		return view_mount_error(mount, -ENOENT, "there is no program %s", program);
	if (status == -ENOTCONN)
		return view_mount_error(mount, status, "%s mounted nothing on %s%s%s", program,
					mount->target, colon, said);
	if (status > 0)
		return view_mount_error(mount, -EIO, "%s of %s on %s failed%s%s", program,
					view_mount_source(mount), mount->target, colon, said);
	return status;
}

/* Some servers keep the flags to themselves: then the kernel is told, for all who look. */
static void set_flags(struct view_mount *mount)
{
	unsigned long flags = mount->flags & (MS_RDONLY | MS_NOEXEC);
	int error;
	struct ask *ask = flags ? ask_new(mount->call->branch, mount->call->tid, &error) : NULL;

	if (!ask)
		return;
	ask_value(ask, 0, 0);
	ask_string(ask, 1, mount->place);
	ask_value(ask, 2, 0);
	ask_value(ask, 3, flags | MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV);
	ask_value(ask, 4, 0);
	ask_call(ask, SYS_mount, NULL);
	ask_free(ask);
}

int view_mount_serve(struct view_mount *mount, char *const argv[])
{
	int error;
	struct ask *ask = ask_new(mount->call->branch, mount->call->tid, &error);
	char image[PATH_MAX + 2];
	const struct ask_program program = {
		.argv = argv,
		.mark = mount->mark,
		.image = image,
		.mounted = mount->place,
		.timeout = mount->timeout,
	};
	int64_t status;

	if (!ask)
		return error;
	snprintf(mount->mark, sizeof(mount->mark), "%d%s", getpid(), strrchr(mount->place, '/'));
	snprintf(image, sizeof(image), "%c%s", mount->flags & MS_RDONLY ? 'r' : 'w',
		 view_mount_source(mount));
	status = ask_run(ask, &program);
	if (status)
		error = explain(mount, argv[0], status, ask->text);
	else
		set_flags(mount);
	ask_free(ask);
	return error;
}

int view_mount_run(struct view_mount *mount, char *const argv[])
{
	int error = view_mount_begin(mount);

	return error < 0 ? error : view_mount_finish(mount, view_mount_serve(mount, argv));
}

/* By the table of the keeper's namespace, which lists what is below a mount after it. */
int view_mount_keep_below(struct view_mount *mount)
{
	char path[64], point[PATH_MAX], last[PATH_MAX] = "", to[2 * PATH_MAX + 64], *line = NULL;
	size_t size = 0, target = strlen(mount->target), length = 0;
	int error = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", mount->call->branch->servers);
	file = fopen(path, "re");
	while (file && !error && getline(&line, &size, file) > 0) {
		if (sscanf(line, "%*u %*u %*s %*s %4095s", point) != 1 ||
		    strncmp(point, mount->target, target) || point[target] != '/' ||
		    (length && !strncmp(point, last, length) && strchr("/", point[length])))
			continue;
		length = snprintf(last, sizeof(last), "%s", point);
		snprintf(to, sizeof(to), "%s%s", mount->place, point + target);
		error = view_mount_kernel(mount, point, to, NULL, MS_BIND | MS_REC, NULL);
		if (error == -ENOENT || error == -EACCES)
			error = 0; /* it was not to be seen before either */
	}
	free(line);
	if (file)
		fclose(file);
	return error;
}

int view_mount_again(struct view_mount *mount, const char *source, const char *target)
{
	struct view_mount again;
	int error;

	mount_init(&again, mount->call);
	again.source = strdup(source);
	again.target = strdup(target);
	again.type = strdup(mount->type);
	again.options = strdup(view_mount_options(mount));
	again.flags = mount->flags;
	error = mount_by_service(&again);
	if (error < 0)
		snprintf(mount->message, sizeof(mount->message), "%s", again.message);
	mount_free(&again);
	return error;
}

int view_mount_each_directory(struct view_mount *mount,
			      int (*use)(struct view_mount *mount, const char *name, void *data),
			      void *data)
{
	struct dirent *entry;
	char path[PATH_MAX];
	int error = 0;
	DIR *root;

	snprintf(path, sizeof(path), "/proc/%d/root/", mount->call->branch->servers);
	root = opendir(path);
	if (!root)
		return -errno;
	while (!error && (entry = readdir(root)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			error = use(mount, entry->d_name, data);
	closedir(root);
	return error;
}
