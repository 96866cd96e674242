// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Maps of user namespaces nested in the branch's: of one who becomes another, and of a branch of
 * this one. All ids that the branch has are there, and the asking user's own takes the place of the
 * one that he wants to be, which in turn takes that one's.
 *
 * Whoever asks could have the same outside, by newuidmap(1); inside, no_new_privs is in its way.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keeper.h"

/* Our namespace has the ids from 0 to what is returned, exclusive. */
static unsigned int ids_of(const char *name)
{
	unsigned int inside, outside, count, end = 0;
	FILE *file = proc_file("self/%s", name);

	while (file && fscanf(file, "%u %u %u", &inside, &outside, &count) == 3 && inside == end)
		end += count;
	if (file)
		fclose(file);
	return end;
}

static int write_map(pid_t pid, const char *name, unsigned int inside, unsigned int outside)
{
	unsigned int low = inside < outside ? inside : outside, end;
	unsigned int high = inside < outside ? outside : inside;
	char text[256] = "";
	size_t used = 0;
	int fd, error = 0;

	end = ids_of(name);
	if (outside >= end || end < 2)
		return -EOPNOTSUPP;
	if (inside >= end)
		high = end;
	const unsigned int map[][3] = {
		{0, 0, low},
		{low, high, low < high && high < end ? 1 : 0},
		{low + 1, low + 1, low < high ? high - low - 1 : 0},
		{high, low, low < high && high < end ? 1 : 0},
		{inside, outside, inside >= end ? 1 : 0},
		{high + 1, high + 1, high < end ? end - high - 1 : 0},
		{high, high, low == high ? 1 : 0},
	};

	for (size_t i = 0; i < sizeof(map) / sizeof(*map); i++)
		if (map[i][2])
			used += snprintf(text + used, sizeof(text) - used, "%u %u %u\n", map[i][0],
					 map[i][1], map[i][2]);
	fd = proc_open(O_WRONLY, "%d/%s", pid, name);
	if (fd < 0)
		return -errno;
	if (write(fd, text, used) < 0)
		error = -errno;
	close(fd);
	return error;
}

int keeper_map_ids(pid_t pid, uid_t uid, uid_t outer_uid, gid_t gid, gid_t outer_gid)
{
	int error = write_map(pid, "uid_map", uid, outer_uid);

	return error ? error : write_map(pid, "gid_map", gid, outer_gid);
}
