// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * User and group numbers that the kernel can take from us.
 *
 * A FUSE mount made in a user namespace has no inode whose owner that namespace does not know: the
 * kernel would let nobody write to it, whatever the server says. So owners without a number there
 * show as the user of the server, which is also who acts on them.
 */
#include <stdio.h>
#include <unistd.h>

#include "viewfs.h"

#define RANGES 340 /* the kernel's limit */

struct map {
	const char *path, *overflow_path;
	unsigned int count;
	uint32_t overflow;
	struct range {
		uint32_t first, count;
	} ranges[RANGES];
};

static struct map users = {"/proc/self/uid_map", "/proc/sys/kernel/overflowuid", 0, 65534, {}};
static struct map groups = {"/proc/self/gid_map", "/proc/sys/kernel/overflowgid", 0, 65534, {}};

static int read_map(struct map *map)
{
	FILE *file = fopen(map->path, "re");
	uint32_t first, outside, count;

	if (!file)
		return -errno;
	while (map->count < RANGES && fscanf(file, "%u %u %u", &first, &outside, &count) == 3)
		map->ranges[map->count++] = (struct range){first, count};
	fclose(file);
	file = fopen(map->overflow_path, "re");
	if (file) {
		if (fscanf(file, "%u", &map->overflow) != 1)
			map->overflow = 65534;
		fclose(file);
	}
	return 0;
}

static bool known(const struct map *map, uint32_t id)
{
	for (unsigned int i = 0; i < map->count; i++)
		if (id - map->ranges[i].first < map->ranges[i].count)
			return true;
	return false;
}

int ids_init(void)
{
	int error = read_map(&users);

	view.uid = geteuid();
	view.gid = getegid();
	return error ? error : read_map(&groups);
}

/* Are these the machine's own numbers, all of them? */
bool ids_initial(void)
{
	return users.count == 1 && users.ranges[0].first == 0 &&
	       users.ranges[0].count == UINT32_MAX;
}

uid_t uid_shown(uid_t uid)
{
	return known(&users, uid) ? uid : view.uid;
}

gid_t gid_shown(gid_t gid)
{
	return known(&groups, gid) ? gid : view.gid;
}
