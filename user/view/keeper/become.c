// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A task's ids and capabilities for the process that serves its request.
 *
 * The keeper has, in its user namespace, capabilities over all ids of the branch (umview) or those
 * of root (a view of root's). What it does in a task's name is done with less: a program runs with
 * the task's ids and keeps only the right to mount; a call that opens a file for it is made as if
 * the task made it.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper.h"
#include "protocol.h"

static int set_groups(const struct keeper_ids *ids)
{
	gid_t groups[KEEPER_GROUPS];
	size_t count = 0;

	if (ids->keep_groups || ids->group_count > KEEPER_GROUPS)
		return ids->keep_groups ? 0 : -E2BIG;
	for (uint32_t i = 0; i < ids->group_count; i++)
		if (ids->groups[i] != (uint32_t)-1)
			groups[count++] = ids->groups[i];
	return setgroups(count, groups) < 0 ? -errno : 0;
}

/* By the system calls: those of the C library are for all threads, of which there is one. */
static int set_ids(const struct keeper_ids *ids)
{
	int error = set_groups(ids);

	if (error)
		return error;
	if (syscall(SYS_setresgid, ids->gid, ids->gid, ids->gid) < 0 ||
	    syscall(SYS_setresuid, ids->uid, ids->uid, ids->uid) < 0)
		return -errno;
	return 0;
}

static int get_capabilities(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capget, &header, data) < 0 ? -errno : 0;
}

static int set_capabilities(const struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* A server mounts by itself: where we have the right to, it keeps it over the exec. */
int become_for_program(const struct keeper_ids *ids)
{
	struct __user_cap_data_struct data[2];
	int error;

	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	error = set_ids(ids);
	if (error || get_capabilities(data) < 0 || !data[0].permitted)
		return error;
	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].inheritable = data[i].permitted;
	if (set_capabilities(data) == 0)
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0);
	return 0;
}

int become_for_call(const struct keeper_ids *ids, int user_namespace)
{
	struct __user_cap_data_struct data[2];
	int error;

	if (user_namespace >= 0 && setns(user_namespace, CLONE_NEWUSER) < 0)
		return -errno;
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	error = set_ids(ids);
	if (error || (error = get_capabilities(data)))
		return error;
	data[0].effective = data[0].permitted & (uint32_t)ids->capabilities;
	data[1].effective = data[1].permitted & (uint32_t)(ids->capabilities >> 32);
	for (int i = 0; i < 2; i++) {
		data[i].permitted = data[i].effective;
		data[i].inheritable = 0;
	}
	return set_capabilities(data);
}
