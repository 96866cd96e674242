// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine for any Linux: user, mount and UTS namespaces, and seccomp user notification.
 *
 * The keeper of a branch makes new namespaces and is all-powerful in them; what runs in the branch
 * is not, and what it may not do itself is asked of the manager by its filter. All branches of a
 * view have one filter and one listener, as a second listener is not allowed. Ids: an ordinary user
 * is mapped to himself, and the other ids to his ranges of subordinate ones if he has any; root may
 * map all ids, and does.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "idmap.h"
#include "user/view/client/ids.h"
#include "user/view/manager/manager.h"

#define X32_BIT 0x40000000u

static int open_engine(struct view *view, const char *const *hooks, char *text, size_t size)
{
	view->filter = seccomp_filter_new(hooks, view->token);
	if (!view->filter)
		snprintf(text, size, "no memory for the filter of system calls");
	return view->filter ? 0 : -ENOMEM;
}

static void close_engine(struct view *view)
{
	seccomp_filter_free(view->filter);
	view->filter = NULL;
}

static int hook(struct view *view, const char *name)
{
	return -ENOTSUP;
}

/* ---- entering */

static int write_file(pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd, error = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		error = -errno;
	close(fd);
	return error;
}

/* All ids if we may; else those of the user; else his own alone, which everybody may. */
static int write_maps(struct view *view, pid_t pid, uid_t uid, gid_t gid)
{
	char map[64];
	int error, mapped;

	if (write_file(pid, "uid_map", "0 0 4294967295") == 0 &&
	    write_file(pid, "gid_map", "0 0 4294967295") == 0)
		return 0;
	error = idmap_ranges(pid, uid, gid);
	if (error == 0)
		return 0;
	if (error == -ENOEXEC && !view->options.quiet)
		say(view,
		    "only your own id is here: your ranges in /etc/subuid and /etc/subgid need the "
		    "programs newuidmap and newgidmap, of the package uidmap");
	/* If one of those programs worked, its map is there. */
	mapped = error;
	error = write_file(pid, "setgroups", "deny");
	if (error && error != -ENOENT && mapped == -ENOENT)
		return error;
	snprintf(map, sizeof(map), "%u %u 1", uid, uid);
	error = write_file(pid, "uid_map", map);
	if (error)
		return error;
	snprintf(map, sizeof(map), "%u %u 1", gid, gid);
	error = write_file(pid, "gid_map", map);
	return mapped == -ENOENT ? error : 0;
}

static const char *why_not(int error)
{
	if (error == ENOSPC)
		return "the limit of user namespaces is reached: raise the sysctl "
		       "user.max_user_namespaces";
	if (access("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", F_OK) == 0)
		return "user namespaces are forbidden here: set the sysctl "
		       "kernel.apparmor_restrict_unprivileged_userns to 0, or load kmview.ko";
	if (access("/proc/sys/kernel/unprivileged_userns_clone", F_OK) == 0)
		return "user namespaces are forbidden here: set the sysctl "
		       "kernel.unprivileged_userns_clone to 1, or load kmview.ko";
	return "user namespaces are forbidden here: set the sysctl user.max_user_namespaces above "
	       "0, leave the container, or load kmview.ko";
}

/*
 * The maps are written by a child that stays in the namespace we come from, where it may have more
 * rights than we then have; but inside a view it has not, and the keeper of that may do it.
 */
static int enter(struct view *view, bool nested, char *text, size_t size)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int pair[2], status, error = 0;
	char ready = 0;
	pid_t self = getpid(), child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		snprintf(text, size, "cannot make a socket: %s", strerror(errno));
		return -errno;
	}
	child = fork();
	if (child == 0) {
		close(pair[0]);
		if (read(pair[1], &ready, 1) != 1)
			_exit(0);
		_exit(-write_maps(view, self, uid, gid));
	}
	close(pair[1]);
	if (child < 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS) < 0) {
		error = errno;
		snprintf(text, size, "%s", child < 0 ? strerror(error) : why_not(error));
	} else if (nested && ids_asked(uid, uid, gid, gid) == 0) {
		/* The child ends without it. */
	} else if (write(pair[0], &ready, 1) != 1) {
		error = errno;
	}
	close(pair[0]);
	if (child > 0 && waitpid(child, &status, 0) == child && !error && status) {
		error = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
		snprintf(text, size, "cannot map user ids: %s", strerror(error));
	}
	return -error;
}

/* ---- calls */

static int next(struct view *view, int fd, struct view_call *call)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	struct seccomp_notif notif;
	const struct kmview_syscall *known;
	unsigned int abi = KMVIEW_ABI_X64, nr;

	/* NOTIF_RECV would wait. */
	if (poll(&ready, 1, 0) <= 0 || !(ready.revents & POLLIN))
		return ready.revents & POLLHUP ? -ENOTCONN : 0;
	memset(&notif, 0, sizeof(notif));
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &notif) < 0)
		return errno == ENOENT || errno == EINTR ? 0 : -errno;
	nr = notif.data.nr;
	if (notif.data.arch != AUDIT_ARCH_X86_64) {
		abi = KMVIEW_ABI_IA32;
	} else if (nr & X32_BIT) {
		abi = KMVIEW_ABI_X32;
		nr &= ~X32_BIT;
	}
	known = kmview_syscall_by_number(abi, nr);
	*call = (struct view_call){
		.name = known ? known->name : "?",
		.tid = notif.pid,
		.id = notif.id,
		.narrow = abi != KMVIEW_ABI_X64,
		.listener = fd,
	};
	for (int i = 0; i < 6; i++)
		call->args[i] = notif.data.args[i];
	return 1;
}

static bool waits(const struct view_call *call)
{
	return ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id) == 0;
}

static ssize_t move(struct view_call *call, uint64_t address, void *buffer, size_t length, bool out)
{
	struct iovec local = {buffer, length}, remote = {(void *)(uintptr_t)address, length};
	ssize_t moved = out ? process_vm_writev(call->tid, &local, 1, &remote, 1, 0)
			    : process_vm_readv(call->tid, &local, 1, &remote, 1, 0);
	int error = errno;

	/* The thread may be gone and its number another's. */
	if (!waits(call))
		return -ESTALE;
	return moved < 0 ? -error : moved;
}

static ssize_t read_memory(struct view_call *call, uint64_t address, void *buffer, size_t length)
{
	return move(call, address, buffer, length, false);
}

static ssize_t write_memory(struct view_call *call, uint64_t address, const void *bytes,
			    size_t length)
{
	return move(call, address, (void *)bytes, length, true);
}

static ssize_t string(struct view_call *call, uint64_t address, char *buffer, size_t size)
{
	size_t have = 0;

	while (have < size) {
		size_t chunk = 4096 - (address + have) % 4096;
		ssize_t got;
		char *end;

		if (chunk > size - have)
			chunk = size - have;
		got = read_memory(call, address + have, buffer + have, chunk);
		if (got <= 0)
			return got ? got : -EFAULT;
		end = memchr(buffer + have, 0, got);
		if (end)
			return end - buffer;
		have += got;
	}
	return -ENAMETOOLONG;
}

static void respond(struct view_call *call, int64_t value, uint32_t flags)
{
	struct seccomp_notif_resp response = {.id = call->id, .flags = flags};

	if (value < 0 && value >= -4095)
		response.error = value;
	else
		response.val = value;
	/* ENOENT: the task died or got a signal; nobody waits. */
	ioctl(call->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static void proceed(struct view_call *call)
{
	respond(call, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

static void answer(struct view_call *call, int64_t value)
{
	respond(call, value, 0);
}

static void install(struct view_call *call, int fd, bool close_on_exec)
{
	struct seccomp_notif_addfd add = {
		.id = call->id,
		.flags = SECCOMP_ADDFD_FLAG_SEND,
		.srcfd = fd,
		.newfd_flags = close_on_exec ? O_CLOEXEC : 0,
	};

	if (ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0)
		answer(call, -errno);
}

static int change(struct view_call *call, const uint64_t args[6])
{
	return -ENOSYS;
}

const struct engine engine_umview = {
	.name = "umview",
	.own_names = true,
	.open = open_engine,
	.close = close_engine,
	.hook = hook,
	.enter = enter,
	.next = next,
	.waits = waits,
	.read = read_memory,
	.write = write_memory,
	.string = string,
	.proceed = proceed,
	.answer = answer,
	.install = install,
	.change = change,
};
