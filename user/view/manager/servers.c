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

#define WAIT_MS 60000

struct served {
	struct served *next;
	struct view *view;
	uint64_t service;
	uint64_t device;       /* major << 32 | minor */
	char mark[64];	       /* "": no servers, a mount of the kernel's */
	struct branch *branch; /* and then: where it is */
	uint64_t id;	       /* its number in that branch's mountinfo */
	int lock;	       /* the source, locked; -1: it is not */
	unsigned int parts;
	bool read_only; /* the server was started so */
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
	struct ask *ask = ask_new(call->branch, call->tid, &error);

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
	free(served);
}

static bool has_mark(pid_t pid, const char *mark)
{
	char path[64], *environment = NULL;
	size_t size = 0, length = strlen(mark);
	ssize_t got;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	file = fopen(path, "re");
	while (file && !found && (got = getdelim(&environment, &size, '\0', file)) > 0)
		found = (size_t)got == length + 1 && !memcmp(environment, mark, length);
	free(environment);
	if (file)
		fclose(file);
	return found;
}

/* A child of the keeper of servers with this mark; a descriptor to wait for its end, or -1. */
static int server_with(pid_t keeper, const char *mark)
{
	char path[64];
	int pid, fd = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", keeper, keeper);
	file = fopen(path, "re");
	while (file && fd < 0 && fscanf(file, "%d", &pid) == 1)
		if (has_mark(pid, mark))
			fd = syscall(SYS_pidfd_open, pid, 0);
	if (file)
		fclose(file);
	return fd;
}

/* One that was unmounted lazily, or just now, may still write. */
static bool still_served(const struct served *served)
{
	int fd = served->mark[0] ? server_with(served->branch->servers, served->mark) : -1;

	if (fd >= 0)
		close(fd);
	return fd >= 0;
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
	served->parts = mount->parts;
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

uint64_t servers_device(struct view_call *call, const char *target, int flags, unsigned int *parts)
{
	struct served *served;
	struct statx about;
	uint64_t device;

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
		*parts = served->parts;
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

void servers_wait(struct branch *branch, uint64_t device)
{
	char mark[64] = "";
	int fd;

	/* What is elsewhere still there is not waited for. */
	pthread_mutex_lock(&lock);
	for (struct served *served = all; served; served = served->next)
		if (served->mark[0] && served->device == device && !still_there(served))
			memcpy(mark, served->mark, sizeof(mark));
	pthread_mutex_unlock(&lock);
	while (mark[0] && (fd = server_with(branch->servers, mark)) >= 0) {
		struct pollfd ended = {.fd = fd, .events = POLLIN};
		int ready = poll(&ended, 1, WAIT_MS);

		close(fd);
		if (ready <= 0)
			break;
	}
	servers_forget(branch->view);
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

json_t *servers_list(struct view *view)
{
	json_t *list = json_array();

	pthread_mutex_lock(&lock);
	drop_unmounted(view);
	for (struct served *served = all; served; served = served->next) {
		if (!still_there(served))
			continue;
		json_array_append_new(list,
				      json_pack("{s:o, s:o, s:s}", "source",
						json_bytes(served->source), "target",
						json_bytes(served->target), "type", served->type));
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
