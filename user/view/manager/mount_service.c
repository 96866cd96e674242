// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What services ask of a mount that they serve: the functions of view.h whose first argument is a
 * struct view_mount.
 *
 *	begin: the place, aside -> a server or mounts of the kernel's there
 *		-> finish: moved to the target
 *
 * The source, an image: mount_image.c.
 */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "manager.h"

void mount_init(struct view_mount *mount, struct view_call *call)
{
	static uint32_t last;

	memset(mount, 0, sizeof(*mount));
	mount->call = call;
	mount->image = mount->whole = -1;
	snprintf(mount->place, sizeof(mount->place), "%s/%u", call->view->own,
		 __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED));
}

void mount_free(struct view_mount *mount)
{
	free(mount->source);
	free(mount->target);
	free(mount->type);
	free(mount->options);
	mount_image_let_go(mount);
	if (mount->image >= 0)
		close(mount->image);
	if (mount->whole >= 0)
		close(mount->whole);
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

void view_mount_note(struct view_mount *mount, const char *format, ...)
{
	size_t used = strlen(mount->note);
	va_list args;

	if (used && used + 1 < sizeof(mount->note))
		mount->note[used++] = '\n';
	va_start(args, format);
	vsnprintf(mount->note + used, sizeof(mount->note) - used, format, args);
	va_end(args);
}

const char *view_mount_message(const struct view_mount *mount)
{
	return mount->message;
}

const char *view_mount_notes(const struct view_mount *mount)
{
	return mount->note;
}

void view_mount_forget_notes(struct view_mount *mount)
{
	mount->note[0] = '\0';
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
	struct ask *ask = ask_of(call, &error);
	struct statx about;

	if (!ask)
		return error;
	error = ask_stat(ask, like, 0, &about);
	ask_free(ask);
	if (error < 0)
		return error;
	if (S_ISDIR(about.stx_mode))
		return ask_path(call, SYS_mkdir, path, 0755);
	ask = ask_of(call, &error);
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
	struct ask *ask = ask_of(mount->call, &error);
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

/* What a program said, with the names that the caller gave instead of ours. To free(3). */
static char *as_asked(const struct view_mount *mount, const char *said)
{
	const struct {
		const char *ours, *asked;
	} names[] = {{mount->aside[0] ? mount->aside : IMAGE_PATH, view_mount_source(mount)},
		     {IMAGE_PATH, view_mount_source(mount)},
		     {mount->place, mount->target}};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	while (out && *said) {
		bool ours = false;

		for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !ours; i++) {
			size_t length = strlen(names[i].ours);

			ours = !strncmp(said, names[i].ours, length) &&
			       (said[length] < '0' || said[length] > '9');
			if (ours) {
				fputs(names[i].asked, out);
				said += length;
			}
		}
		if (!ours)
			fputc(*said++, out);
	}
	if (out)
		fclose(out);
	return text;
}

static int explain(struct view_mount *mount, const char *program, int64_t status, const char *said)
{
	const char *colon = said[0] ? ": " : "", *name = strrchr(program, '/');
	int number = status > 128 ? status - 128 : 0;

	name = name ? name + 1 : program;
	if (status == 126 || status == 127) /* of the keeper: it could not be executed */
		return view_mount_error(mount, -ENOENT, "there is no program %s", program);
	if (status == -ENOTCONN)
		return view_mount_error(mount, status, "%s mounted nothing on %s%s%s", name,
					mount->target, colon, said);
	if (number && sigabbrev_np(number))
		return view_mount_error(mount, -EIO, "%s of %s on %s was ended by SIG%s (%s)%s%s",
					name, view_mount_source(mount), mount->target,
					sigabbrev_np(number), sigdescr_np(number), colon, said);
	if (status > 0)
		return view_mount_error(mount, -EIO, "%s of %s on %s failed (status %d)%s%s", name,
					view_mount_source(mount), mount->target, (int)status, colon,
					said);
	return status;
}

/* Some servers keep the flags to themselves: then the kernel is told, for all who look. */
static void set_flags(struct view_mount *mount)
{
	unsigned long flags = mount->flags & (MS_RDONLY | MS_NOEXEC);
	int error;
	struct ask *ask = flags ? ask_of(mount->call, &error) : NULL;

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

/*
 * What a server tells the kernel of its source is the name that we gave it. A library in front of it
 * puts the source's own name into its mount(2) (preload/mount.c), which no option string has room for.
 */
static unsigned int name_source(struct view_mount *mount, char *words[6])
{
	unsigned int count = 0;
	char fd[64], path[PATH_MAX];
	const char *source = view_mount_source(mount);
	ssize_t length;

	if (mount->image < 0 || strpbrk(mount->call->view->directory, " :"))
		return 0;
	snprintf(fd, sizeof(fd), "/proc/self/fd/%d",
		 mount->whole >= 0 ? mount->whole : mount->image);
	length = readlink(fd, path, sizeof(path) - 1);
	if (length > 0 && path[0] == '/') {
		path[length] = '\0';
		source = path;
	}
	words[count++] = strdup("env");
	if (asprintf(&words[count], "LD_PRELOAD=%s/mount-names.so", mount->call->view->directory) >=
	    0)
		count++;
	if (asprintf(&words[count], "VIEW_FSNAME=%s", source) >= 0)
		count++;
	if (mount->flags & MS_RDONLY)
		words[count++] = strdup("VIEW_READ_ONLY=1");
	if (mount->unasked)
		words[count++] = strdup("VIEW_UNASKED=1");
	return count;
}

int view_mount_program(struct view_mount *mount, char *const argv[], const char *place)
{
	int error;
	struct ask *ask = ask_of(mount->call, &error);
	char image[PATH_MAX + 2], *words[256] = {NULL}, *said;
	const struct ask_program program = {
		.argv = words,
		.mark = mount->mark,
		.image = image,
		.mounted = place,
		.timeout = place == mount->place ? mount->timeout : 0,
		.files = &mount->image,
		.file_count = mount->image >= 0,
	};
	unsigned int front, count;
	int64_t status;

	if (!ask)
		return error;
	snprintf(mount->mark, sizeof(mount->mark), "%d%s", getpid(), strrchr(mount->place, '/'));
	snprintf(image, sizeof(image), "%c%s", mount->flags & MS_RDONLY ? 'r' : 'w',
		 view_mount_source(mount));
	front = name_source(mount, words);
	for (count = 0; argv[count] && front + count < 255; count++)
		words[front + count] = argv[count];
	words[front + count] = NULL;
	status = ask_run(ask, &program);
	said = as_asked(mount, ask->text);
	if (status)
		error = explain(mount, argv[0], status, said ? said : "");
	else if (said && *said)
		view_mount_note(mount, "%s", said);
	free(said);
	while (front > 0)
		free(words[--front]);
	ask_free(ask);
	return error;
}

int view_mount_serve(struct view_mount *mount, char *const argv[])
{
	int error = view_mount_program(mount, argv, mount->place);

	if (!error)
		set_flags(mount);
	mount_image_let_go(mount);
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
		if (sscanf(line, "%*u %*u %*s %*s %4095s", point) != 1)
			continue;
		mount_unescape(point);
		if (strncmp(point, mount->target, target) || point[target] != '/' ||
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
