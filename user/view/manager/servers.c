// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * File-system servers: which mounts they serve, and waiting for their end.
 *
 * A mount is known by its device number, which the kernel gives to nothing else while it is there,
 * and, as it gives it to another as soon as it is gone, by its type, source and options. A server
 * is known by a mark in its environment, which it keeps however often it forks. An entry is dropped
 * when its device is in no branch any more and its server has ended: until then its image is
 * locked. A mount of the kernel's that a service made may be a copy of another, with its device:
 * that is known by its number in the branch where it is made.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "manager.h"
#include "user/view/keeper/keeper.h"

#define LOOK_MS 300

struct served {
	struct served *next;
	struct view *view;
	uint64_t service;
	uint64_t device;       /* major << 32 | minor */
	char mark[64];	       /* "": no servers, a mount of the kernel's */
	struct branch *branch; /* and then: where it is */
	uint64_t id;	       /* its number in that branch's mountinfo */
	int lock;	       /* the source, locked; -1: it is not */
	bool read_only;	       /* the server was started so */
	uint64_t *
		parts; /* numbers of the mounts that were below it from the start, and go with it */
	unsigned int part_count;
	char *source, *target, *type;
	char *super; /* as mountinfo has it */
};

static struct served *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t device_number(uint32_t major, uint32_t minor)
{
	return (uint64_t)major << 32 | minor;
}

/* The mount at a path, as the task sees it; false: there is none to be had. */
static bool mount_at(struct view_call *call, const char *path, bool follow, struct statx *about)
{
	int error;
	struct ask *ask = ask_of(call, &error);

	if (!ask)
		return false;
	error = ask_stat(ask, path, follow ? 0 : AT_SYMLINK_NOFOLLOW, about);
	ask_free(ask);
	return !error && (about->stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* The type and source that stand in a line of mountinfo after " - ". */
static char *super_of(char *line)
{
	char *super = strstr(line, " - ");

	if (super)
		super[strcspn(super, "\n")] = '\0';
	return super ? super : line;
}

/* Has a branch's mountinfo a line with these words and this end, or, without an end, one that
 * begins with the words? */
static bool mountinfo_has(const struct branch *branch, const char *words, const char *super)
{
	char path[64], *line = NULL;
	size_t size = 0;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", branch->servers);
	file = fopen(path, "re");
	while (file && !found && getline(&line, &size, file) > 0)
		found = super ? strstr(line, words) && !strcmp(super_of(line), super)
			      : !strncmp(line, words, strlen(words));
	free(line);
	if (file)
		fclose(file);
	return found;
}

/* What stands behind " - " of the mount with this number; to free(3). */
static char *super_at(const struct branch *branch, uint64_t id)
{
	char path[64], *line = NULL, *super = NULL;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", branch->servers);
	file = fopen(path, "re");
	while (file && !super && getline(&line, &size, file) > 0)
		if (strtoull(line, NULL, 10) == id)
			super = strdup(super_of(line));
	free(line);
	if (file)
		fclose(file);
	return super;
}

/* Is a device mounted in any branch, as it was when it was noted? */
static bool mounted(struct view *view, uint64_t device, const char *super)
{
	char words[64];
	bool found = false;

	snprintf(words, sizeof(words), " %u:%u ", (uint32_t)(device >> 32), (uint32_t)device);
	pthread_rwlock_rdlock(&view->branches_lock);
	for (struct branch *branch = view->branches; branch && !found; branch = branch->next)
		found = mountinfo_has(branch, words, super);
	pthread_rwlock_unlock(&view->branches_lock);
	return found;
}

static bool still_there(const struct served *served)
{
	char words[32];

	if (served->mark[0])
		return mounted(served->view, served->device, served->super);
	snprintf(words, sizeof(words), "%llu ", (unsigned long long)served->id);
	/* Branches are never freed; one that has ended has no namespace. */
	return served->branch->namespace && mountinfo_has(served->branch, words, NULL);
}

static void drop(struct served **at)
{
	struct served *served = *at;

	*at = served->next;
	if (served->lock >= 0)
		close(served->lock);
	free(served->source);
	free(served->target);
	free(served->type);
	free(served->super);
	free(served->parts);
	free(served);
}

/* A child of the keeper of servers with this mark; 0: there is none. */
static pid_t server_with(pid_t keeper, const char *mark)
{
	char path[64], value[64];
	int pid, found = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", keeper, keeper);
	file = fopen(path, "re");
	while (file && !found && fscanf(file, "%d", &pid) == 1)
		if (progress_variable(pid, KEEPER_MARK, value, sizeof(value)) &&
		    !strcmp(value, mark))
			found = pid;
	if (file)
		fclose(file);
	return found;
}

/* One that was unmounted lazily, or just now, may still write. */
static bool still_served(const struct served *served)
{
	return served->mark[0] && server_with(served->branch->servers, served->mark);
}

static void drop_unmounted(struct view *view)
{
	for (struct served **at = &all; *at;) {
		if ((*at)->view == view && !still_there(*at) && !still_served(*at))
			drop(at);
		else
			at = &(*at)->next;
	}
}

void servers_forget(struct view *view)
{
	pthread_mutex_lock(&lock);
	drop_unmounted(view);
	pthread_mutex_unlock(&lock);
}

/* ---- what is mounted below a mount */

struct row {
	uint64_t id, parent;
	char *point;
};

struct table {
	struct row *rows;
	unsigned int count;
};

static void table_free(struct table *table)
{
	for (unsigned int i = 0; i < table->count; i++)
		free(table->rows[i].point);
	free(table->rows);
}

/* The mounts of a branch that are below one, oldest first: a row's parent comes before it. */
static void table_below(struct table *table, const struct branch *branch, uint64_t id)
{
	char path[64], point[PATH_MAX], *line = NULL;
	size_t size = 0;
	FILE *file;

	*table = (struct table){0};
	snprintf(path, sizeof(path), "/proc/%d/mountinfo", branch->servers);
	file = fopen(path, "re");
	while (file && getline(&line, &size, file) > 0) {
		unsigned long own, parent;
		struct row *rows;
		bool below;

		if (sscanf(line, "%lu %lu %*s %*s %4095s", &own, &parent, point) != 3)
			continue;
		below = parent == id;
		for (unsigned int i = 0; i < table->count && !below; i++)
			below = table->rows[i].id == parent;
		rows = below ? reallocarray(table->rows, table->count + 1, sizeof(*rows)) : NULL;
		if (!rows)
			continue;
		table->rows = rows;
		mount_unescape(point);
		rows[table->count++] = (struct row){own, parent, strdup(point)};
	}
	free(line);
	if (file)
		fclose(file);
}

static void note_parts(struct served *served)
{
	struct table table;

	table_below(&table, served->branch, served->id);
	served->parts = calloc(table.count ?: 1, sizeof(*served->parts));
	for (unsigned int i = 0; served->parts && i < table.count; i++)
		served->parts[served->part_count++] = table.rows[i].id;
	table_free(&table);
}

static bool has_part(const struct served *served, uint64_t id)
{
	for (unsigned int i = 0; i < served->part_count; i++)
		if (served->parts[i] == id)
			return true;
	return false;
}

/* A path of the branch as the task names it; NULL: it is not below the task's root. */
static const char *below_root(pid_t tid, const char *path)
{
	char link[64], root[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/root", tid);
	length = readlink(link, root, sizeof(root));
	if (length <= 1)
		return path;
	return !strncmp(path, root, length) && path[length] == '/' ? path + length : NULL;
}

/* The paths of what goes with a mount, newest first; if there is more below it, none. */
static void list_parts(struct view_call *call, const struct served *served, uint64_t id,
		       struct parts *parts)
{
	const char *path;
	struct table table;
	size_t size;
	FILE *out;

	*parts = (struct parts){0};
	out = open_memstream(&parts->paths, &size);
	table_below(&table, call->branch, id);
	for (unsigned int i = table.count; out && i-- > 0;) {
		path = table.rows[i].point ? below_root(call->tid, table.rows[i].point) : NULL;
		if (!path || !has_part(served, table.rows[i].id)) {
			parts->count = 0;
			break;
		}
		fwrite(path, strlen(path) + 1, 1, out);
		parts->count++;
	}
	if (out)
		fclose(out);
	table_free(&table);
}

void servers_note(struct view_mount *mount, const char *mark)
{
	struct served *served = calloc(1, sizeof(*served));
	struct statx about;

	if (!served || !mount_at(mount->call, mount->target, true, &about)) {
		free(served);
		return;
	}
	served->branch = mount->call->branch;
	served->id = about.stx_mnt_id;
	served->super = super_at(served->branch, served->id);
	if (!served->super)
		served->super = strdup("");
	served->view = mount->call->view;
	served->service = mount->service;
	served->device = device_number(about.stx_dev_major, about.stx_dev_minor);
	note_parts(served);
	served->read_only = mount->flags & MS_RDONLY;
	served->lock = -1;
	if (mount->locked) {
		int *held = mount->whole >= 0 ? &mount->whole : &mount->image;

		served->lock = *held;
		*held = -1;
	}
	snprintf(served->mark, sizeof(served->mark), "%s", mark);
	served->source = strdup(view_mount_source(mount));
	served->target = strdup(mount->target);
	served->type = strdup(mount->type);
	pthread_mutex_lock(&lock);
	served->next = all;
	all = served;
	pthread_mutex_unlock(&lock);
}

uint64_t servers_device(struct view_call *call, const char *target, int flags, struct parts *parts)
{
	struct served *served;
	struct statx about;
	uint64_t device;

	*parts = (struct parts){0};
	if (!mount_at(call, target, !(flags & UMOUNT_NOFOLLOW), &about))
		return 0;
	device = device_number(about.stx_dev_major, about.stx_dev_minor);
	pthread_mutex_lock(&lock);
	for (served = all; served; served = served->next)
		if (served->mark[0]
			    ? served->device == device && served->view == call->view
			    : served->id == about.stx_mnt_id && served->branch == call->branch)
			break;
	if (served)
		list_parts(call, served, about.stx_mnt_id, parts);
	pthread_mutex_unlock(&lock);
	return served ? device : 0;
}

bool servers_read_only(struct view *view, uint64_t device)
{
	bool read_only = false;

	pthread_mutex_lock(&lock);
	for (struct served *served = all; served; served = served->next)
		if (served->view == view && served->device == device && served->mark[0])
			read_only = served->read_only;
	pthread_mutex_unlock(&lock);
	return read_only;
}

/* ---- waiting */

/* On the standard error of the task that waits, if there is room. */
static void tell(struct view_call *call, const char *source, const char *words)
{
	int fd = call_fd(call, 2);
	struct pollfd ready = {.fd = fd, .events = POLLOUT};

	if (fd >= 0 && poll(&ready, 1, 0) > 0 && (ready.revents & POLLOUT))
		dprintf(fd, "waiting for the server of %s, which still writes (%s)\n", source,
			words);
	if (fd >= 0)
		close(fd);
}

/* The end of a server, as long as it works, and somebody waits for that. */
static int wait_for_server(struct view_call *call, pid_t server, const char *source)
{
	struct pollfd ended = {.fd = syscall(SYS_pidfd_open, server, 0), .events = POLLIN};
	struct patience patience = {0};
	char words[128];
	int error = 0;

	/* It ended between being found and now: poll(2) would not tell. */
	if (ended.fd < 0)
		return 0;
	while (!error && poll(&ended, 1, LOOK_MS) == 0) {
		struct progress now = {0};

		progress_add(server, &now);
		if (!call->view->engine->waits(call))
			error = -EINTR;
		else if (!patience_look(&patience, &now, 0, words, sizeof(words)))
			error = -ETIMEDOUT;
		else if (words[0])
			tell(call, source, words);
	}
	if (ended.fd >= 0)
		close(ended.fd);
	return error;
}

int servers_wait(struct view_call *call, uint64_t device)
{
	char mark[64] = "", source[PATH_MAX] = "", text[PATH_MAX + 128];
	pid_t server;
	int error = 0;

	/* What is elsewhere still there is not waited for. */
	pthread_mutex_lock(&lock);
	for (struct served *served = all; served; served = served->next) {
		if (!served->mark[0] || served->device != device || still_there(served))
			continue;
		memcpy(mark, served->mark, sizeof(mark));
		snprintf(source, sizeof(source), "%s", served->source);
	}
	pthread_mutex_unlock(&lock);
	while (!error && mark[0] && (server = server_with(call->branch->servers, mark)))
		error = wait_for_server(call, server, source);
	if (error == -ETIMEDOUT) {
		snprintf(text, sizeof(text),
			 "%s is unmounted, but its server, process %d, does not end and does "
			 "nothing: what was written last may be missing",
			 source, server);
		message_keep(call->tid, text);
	}
	servers_forget(call->view);
	return error == -EINTR ? 0 : error;
}

/* ---- who asks */

bool servers_of_service(struct view *view, uint64_t service)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	drop_unmounted(view);
	for (struct served *served = all; served && !found; served = served->next)
		found = served->view == view && served->service == service;
	pthread_mutex_unlock(&lock);
	return found;
}

/* As what the kernel has it: "fuse.viewfs", "overlay", "tmpfs", the type of what was bound. */
static json_t *kernel_type(const struct served *served)
{
	const char *type = served->super;

	if (!strncmp(type, " - ", 3))
		type += 3;
	return json_stringn(type, strcspn(type, " "));
}

json_t *servers_list(struct view *view)
{
	json_t *list = json_array();

	pthread_mutex_lock(&lock);
	drop_unmounted(view);
	for (struct served *served = all; served; served = served->next) {
		if (!still_there(served))
			continue;
		json_array_append_new(list, json_pack("{s:o, s:o, s:s, s:o}", "source",
						      json_bytes(served->source), "target",
						      json_bytes(served->target), "type",
						      served->type, "by", kernel_type(served)));
	}
	pthread_mutex_unlock(&lock);
	return list;
}

void servers_locked(struct view *view, const struct stat *about, char *target, size_t size)
{
	struct stat locked;

	target[0] = '\0';
	pthread_mutex_lock(&lock);
	for (struct served *served = all; served; served = served->next)
		if (served->view == view && served->lock >= 0 &&
		    fstat(served->lock, &locked) == 0 && locked.st_ino == about->st_ino &&
		    locked.st_dev == about->st_dev)
			snprintf(target, size, "%s", served->target);
	pthread_mutex_unlock(&lock);
}
