// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * File-system servers: which mounts they serve, and waiting for their end.
 *
 * A mount is known by its device number, which the kernel gives to nothing else while it is there. A
 * server is known by a mark in its environment, which it keeps however often it forks. An entry is
 * dropped when its device is in no branch any more.
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
	uint64_t device; /* major << 32 | minor */
	char mark[64];	 /* "": no servers, a mount of the kernel's */
	int lock;	 /* on the source, -1: none */
	unsigned int parts;
	char *source, *target, *type;
};

static struct served *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t device_number(uint32_t major, uint32_t minor)
{
	return (uint64_t)major << 32 | minor;
}

/* The device at a path, as the task sees it; 0: not to be had. */
static uint64_t device_at(struct view_call *call, const char *path, bool follow)
{
	int error;
	struct ask *ask = ask_new(call->branch, call->tid, &error);
	struct statx about;
	uint64_t device = 0;

	if (!ask)
		return 0;
	if (ask_stat(ask, path, follow ? 0 : AT_SYMLINK_NOFOLLOW, &about) == 0 &&
	    (about.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		device = device_number(about.stx_dev_major, about.stx_dev_minor);
	ask_free(ask);
	return device;
}

/* Is a device mounted in a branch? */
static bool mounted_in(const struct branch *branch, uint64_t device)
{
	char path[64], wanted[64], *line = NULL;
	size_t size = 0;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", branch->servers);
	snprintf(wanted, sizeof(wanted), " %u:%u ", (uint32_t)(device >> 32), (uint32_t)device);
	file = fopen(path, "re");
	while (file && !found && getline(&line, &size, file) > 0)
		found = strstr(line, wanted) != NULL;
	free(line);
	if (file)
		fclose(file);
	return found;
}

static bool mounted(struct view *view, uint64_t device)
{
	bool found = false;

	pthread_rwlock_rdlock(&view->branches_lock);
	for (struct branch *branch = view->branches; branch && !found; branch = branch->next)
		found = mounted_in(branch, device);
	pthread_rwlock_unlock(&view->branches_lock);
	return found;
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
	free(served);
}

static void drop_unmounted(struct view *view)
{
	for (struct served **at = &all; *at;) {
		if ((*at)->view == view && !mounted(view, (*at)->device))
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
	uint64_t device = device_at(mount->call, mount->target, true);

	if (!served || !device) {
		free(served);
		return;
	}
	served->view = mount->call->view;
	served->service = mount->service;
	served->device = device;
	served->parts = mount->parts;
	served->lock = mount->lock;
	mount->lock = -1;
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
	uint64_t device = device_at(call, target, !(flags & UMOUNT_NOFOLLOW));
	struct served *served;

	pthread_mutex_lock(&lock);
	for (served = all; served; served = served->next)
		if (served->device == device && served->view == call->view)
			break;
	if (served)
		*parts = served->parts;
	pthread_mutex_unlock(&lock);
	return served ? device : 0;
}

/* ---- waiting */

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

void servers_wait(struct branch *branch, uint64_t device)
{
	char mark[64] = "";
	int fd;

	if (mounted(branch->view, device))
		return; /* elsewhere it is still there */
	pthread_mutex_lock(&lock);
	for (struct served *served = all; served; served = served->next)
		if (served->device == device)
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
	for (struct served *served = all; served; served = served->next)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "source", served->source,
						      "target", served->target, "type",
						      served->type));
	pthread_mutex_unlock(&lock);
	return list;
}
