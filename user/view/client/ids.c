// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ids of a user's choice: real ones where there is the right to them, else by a user namespace.
 *
 * Such a namespace is nested in that of the view and shares its mounts, so mount requests of what
 * runs there are served as any other of the branch. It has all ids that the user has, if the
 * manager can give them, and else the one.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "ids.h"

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error;
	ssize_t written;

	if (fd < 0)
		return -1;
	written = write(fd, text, strlen(text));
	error = errno;
	close(fd);
	errno = error;
	return written < 0 ? -1 : 0;
}

int ids_asked(uid_t uid, uid_t outer_uid, gid_t gid, gid_t outer_gid)
{
	json_t *reply =
		client_ask(json_pack("{s:s, s:I, s:I, s:I, s:I}", "command", "ids", "uid",
				     (json_int_t)uid, "outer-uid", (json_int_t)outer_uid, "gid",
				     (json_int_t)gid, "outer-gid", (json_int_t)outer_gid),
			   -1);
	bool mapped = reply && !json_object_get(reply, "error");

	json_decref(reply);
	return mapped ? 0 : -1;
}

static int by_namespace(uid_t uid, gid_t gid)
{
	char map[64];
	uid_t outer = geteuid();
	gid_t outer_group = getegid();

	if (unshare(CLONE_NEWUSER) < 0)
		return -1;
	if (ids_asked(uid, outer, gid, outer_group) == 0)
		return 0;
	if (write_file("/proc/self/setgroups", "deny") < 0 && errno != ENOENT)
		return -1;
	snprintf(map, sizeof(map), "%u %u 1", uid, outer);
	if (write_file("/proc/self/uid_map", map) < 0)
		return -1;
	snprintf(map, sizeof(map), "%u %u 1", gid, outer_group);
	return write_file("/proc/self/gid_map", map);
}

int ids_become(const char *login, uid_t uid, gid_t gid)
{
	if (uid == geteuid() && gid == getegid())
		return 0;
	if (geteuid() || setresgid(gid, gid, gid) < 0)
		return by_namespace(uid, gid);
	/* Where groups may not be set, there are none but the user's own. */
	if (login && initgroups(login, gid) < 0 && errno != EPERM)
		return -1;
	if (setresuid(uid, uid, uid) == 0)
		return 0;
	return by_namespace(uid, gid);
}
