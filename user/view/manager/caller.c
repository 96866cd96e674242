// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who asks (caller.h), by /proc/TID/status and the user namespace. A task that waits in a call
 * cannot change what is read here; who reads looks afterwards whether it still waits.
 */
#include "caller.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manager.h"

#define NOBODY ((uid_t)-1)

/* ---- reading */

static int read_groups(struct caller *caller, char *text)
{
	char *state = NULL, *word;

	for (word = strtok_r(text, " \t\n", &state); word; word = strtok_r(NULL, " \t\n", &state)) {
		if (caller->group_count == CALLER_GROUPS)
			return -E2BIG;
		caller->groups[caller->group_count++] = strtoul(word, NULL, 10);
	}
	return 0;
}

static int read_status(struct caller *caller)
{
	char path[64], *line = NULL;
	unsigned long long capabilities;
	size_t size = 0;
	int error = -ESRCH;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", caller->tid);
	file = fopen(path, "re");
	while (file && getline(&line, &size, file) > 0) {
		if (sscanf(line, "Uid: %*u %u", &caller->uid) == 1)
			error = 0;
		sscanf(line, "Gid: %*u %u", &caller->gid);
		if (!strncmp(line, "Groups:", 7))
			error = error ?: read_groups(caller, line + 7);
		if (sscanf(line, "CapEff: %llx", &capabilities) == 1)
			caller->capabilities = capabilities;
	}
	free(line);
	if (file)
		fclose(file);
	return error;
}

/* One that cannot be looked at is nobody's. */
static void read_namespace(struct caller *caller)
{
	struct stat about;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", caller->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &about) == 0)
		caller->user_namespace = about.st_ino;
	if (ioctl(fd, NS_GET_OWNER_UID, &caller->namespace_owner) < 0)
		caller->namespace_owner = NOBODY;
	close(fd);
}

int caller_read(struct caller *caller, pid_t tid)
{
	memset(caller, 0, sizeof(*caller));
	caller->tid = tid;
	caller->uid = caller->gid = caller->namespace_owner = NOBODY;
	read_namespace(caller);
	return read_status(caller);
}

/* ---- the rule */

static bool is_capable(const struct caller *caller)
{
	return caller->capabilities >> CAP_SYS_ADMIN & 1;
}

void caller_own_branch(struct branch *branch, uid_t uid, pid_t keeper)
{
	struct caller caller;

	branch->owner = uid;
	branch->capable = uid == 0 && caller_read(&caller, keeper) == 0 && is_capable(&caller);
}

static uint64_t user_namespace_of(pid_t pid)
{
	struct stat about;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	return stat(path, &about) == 0 ? about.st_ino : 0;
}

bool caller_has_authority(const struct caller *caller, const struct branch *branch)
{
	if (branch->capable)
		return caller->uid == branch->owner && is_capable(caller) &&
		       caller->user_namespace &&
		       caller->user_namespace == user_namespace_of(branch->servers);
	return caller->uid == branch->owner ||
	       (branch->owner && is_capable(caller) && caller->namespace_owner == branch->owner);
}

/* ---- ids for the keeper */

/* An id of ours in another user namespace, by its map; NOBODY: there is none for it. */
static unsigned int map_id(pid_t pid, const char *map, unsigned int id)
{
	unsigned int inside, outside, count, found = NOBODY;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, map);
	file = fopen(path, "re");
	while (file && fscanf(file, "%u %u %u", &inside, &outside, &count) == 3)
		if (id >= outside && id - outside < count)
			found = inside + (id - outside);
	if (file)
		fclose(file);
	return found;
}

static bool same_groups(const struct caller *caller, const struct caller *keeper)
{
	return caller->group_count == keeper->group_count &&
	       !memcmp(caller->groups, keeper->groups,
		       caller->group_count * sizeof(*caller->groups));
}

bool caller_ids(const struct caller *caller, pid_t within, pid_t keeper, struct keeper_ids *ids)
{
	struct caller own;

	memset(ids, 0, sizeof(*ids));
	if (caller_read(&own, keeper) < 0)
		return false;
	ids->keep_groups = same_groups(caller, &own);
	ids->enter = within == caller->tid && caller->user_namespace != own.user_namespace;
	ids->uid = map_id(within, "uid_map", caller->uid);
	ids->gid = map_id(within, "gid_map", caller->gid);
	ids->capabilities = caller->capabilities;
	/* A group that has no number there can be kept, but not set. */
	for (unsigned int i = 0; i < caller->group_count; i++)
		ids->groups[ids->group_count++] = map_id(within, "gid_map", caller->groups[i]);
	return ids->uid != NOBODY && ids->gid != NOBODY;
}
