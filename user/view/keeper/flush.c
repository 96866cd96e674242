// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The end of the servers of a branch: what was mounted is unmounted, and servers have all the time
 * that they need to write what they hold.
 *
 *	unmount, by a child -> servers see the end, write, and end -> none is left
 *	a server that does nothing, or whose time is over -> SIGTERM, SIGKILL, its image is named
 *
 * Nothing here waits for a file system: mounts are taken from the top, so that no path leads through
 * one whose server does not answer, and by a child, as the kernel writes what it has in memory. To
 * kill a server ends its connection, and sends away whoever waits for it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"

#define MOUNTS_MAX 4096
#define CHILDREN   1024
#define LOOK_MS	   100
#define TERM_MS	   2000

static uint64_t base_mounts[MOUNTS_MAX]; /* their ids in mountinfo, at the start */
static unsigned int base_count;
static unsigned int connections[MOUNTS_MAX]; /* of FUSE, by the device's minor number */
static unsigned int connection_count;

/* ---- unmounting */

static void remember(const struct mounted *mounted, void *data)
{
	if (base_count < MOUNTS_MAX)
		base_mounts[base_count++] = mounted->id;
}

void flush_begin(void)
{
	mounts_each(remember, NULL);
}

static bool is_base(uint64_t id)
{
	for (unsigned int i = 0; i < base_count; i++)
		if (base_mounts[i] == id)
			return true;
	return false;
}

struct newest {
	struct mounted mounted;
	bool found;
};

/* The newest of those that stand on what was there before; the others are in it, or below it. */
static void find_newest(const struct mounted *mounted, void *data)
{
	struct newest *newest = data;

	if (is_base(mounted->id) || !is_base(mounted->parent))
		return;
	newest->mounted = *mounted;
	newest->found = true;
}

static void note_connection(const struct mounted *mounted, void *data)
{
	if (mounted->fuse && !is_base(mounted->id) && connection_count < MOUNTS_MAX)
		connections[connection_count++] = mounted->minor;
}

static bool is_mounted(void)
{
	static struct newest newest;

	newest.found = false;
	mounts_each(find_newest, &newest);
	return newest.found;
}

static void unmount_all(struct keeper *keeper)
{
	static struct newest newest;

	for (;;) {
		newest.found = false;
		mounts_each(find_newest, &newest);
		if (!newest.found)
			return;
		if (keeper_call(keeper, SYS_umount2, (uintptr_t)newest.mounted.point,
				MNT_DETACH | UMOUNT_NOFOLLOW, 0, 0, 0) < 0) {
			if (base_count >= MOUNTS_MAX)
				return;
			base_mounts[base_count++] = newest.mounted.id; /* not to be had */
		}
	}
}

static pid_t start_unmounting(struct keeper *keeper)
{
	pid_t pid = fork();

	if (pid == 0) {
		unmount_all(keeper);
		_exit(0);
	}
	return pid;
}

/* ---- who is left */

struct child {
	pid_t pid;
	bool server, writes;
	char mark[64];
	char name[32];
	char image[4096];
};

static void look_at(struct child *child)
{
	char image[4200] = "";
	FILE *file;

	child->server =
		progress_variable(child->pid, KEEPER_MARK, child->mark, sizeof(child->mark));
	progress_variable(child->pid, KEEPER_IMAGE, image, sizeof(image));
	child->writes = image[0] == 'w';
	snprintf(child->image, sizeof(child->image), "%.4000s", image[0] ? image + 1 : "");
	file = proc_file("%d/comm", child->pid);
	if (!file || !fgets(child->name, sizeof(child->name), file))
		strcpy(child->name, "?");
	child->name[strcspn(child->name, "\n")] = '\0';
	if (file)
		fclose(file);
}

/* Our children, but for one. */
static unsigned int children(pid_t except, pid_t *pids)
{
	FILE *file = proc_file("%d/task/%d/children", getpid(), getpid());
	unsigned int count = 0;
	int pid;

	while (file && count < CHILDREN && fscanf(file, "%d", &pid) == 1)
		if (pid != except)
			pids[count++] = pid;
	if (file)
		fclose(file);
	return count;
}

/* Requests under way, and whoever watches a server, have nothing to write. */
static void end_requests(pid_t except)
{
	pid_t pids[CHILDREN];
	unsigned int count = children(except, pids);
	struct child child;

	for (unsigned int i = 0; i < count; i++) {
		child.pid = pids[i];
		look_at(&child);
		if (!child.server)
			kill(pids[i], SIGTERM);
	}
}

/* ---- waiting */

/* A server to speak of; of several processes that serve one mount, as sshfs and its ssh, it is the last. */
static bool is_spoken_of(struct child *child, const pid_t *pids, unsigned int index,
			 unsigned int count)
{
	char mark[sizeof(child->mark)];

	child->pid = pids[index];
	look_at(child);
	for (unsigned int i = index + 1; child->server && i < count; i++)
		if (progress_variable(pids[i], KEEPER_MARK, mark, sizeof(mark)) &&
		    !strcmp(mark, child->mark))
			return false;
	return child->server;
}

static void say_waiting(const pid_t *pids, unsigned int count, const char *words)
{
	struct child child;

	for (unsigned int i = 0; i < count; i++)
		if (is_spoken_of(&child, pids, i, count))
			dprintf(2,
				"%s: waiting for %s, which still works on %s (%s); Ctrl-C ends "
				"the wait\n",
				program_invocation_short_name, child.name,
				child.image[0] ? child.image : "what it serves", words);
}

/* A file of the kernel's for each connection, where it is mounted: it frees who waits. */
static void abort_connections(void)
{
	char path[64];
	int fd;

	for (unsigned int i = 0; i < connection_count; i++) {
		snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%u/abort", connections[i]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd >= 0 && write(fd, "1", 1) < 0)
			connections[i] = 0;
		if (fd >= 0)
			close(fd);
	}
}

/* Kill who is left. True: one of them may not have written everything. */
static bool give_up(pid_t except, bool stalled)
{
	pid_t pids[CHILDREN];
	unsigned int count = children(except, pids);
	bool cut_off = false;
	struct child child;

	for (unsigned int i = 0; i < count; i++) {
		if (!is_spoken_of(&child, pids, i, count) || !child.writes)
			continue;
		dprintf(2,
			"%s: %s is incomplete: %s was ended before it had written everything%s\n",
			program_invocation_short_name,
			child.image[0] ? child.image : "what was mounted", child.name,
			stalled ? ", as it did nothing any more" : "");
		cut_off = true;
	}
	tree_signal(getpid(), 0, SIGTERM);
	return cut_off;
}

/* Take the dead, and a signal that says not to wait any longer. */
static bool wait_moment(int signals, pid_t *unmounting)
{
	struct pollfd ready = {.fd = signals, .events = POLLIN};
	struct signalfd_siginfo info;
	bool enough = false;
	pid_t pid;

	if (poll(&ready, 1, LOOK_MS) > 0 && read(signals, &info, sizeof(info)) == sizeof(info))
		enough = info.ssi_signo == SIGUSR1;
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		if (pid == *unmounting)
			*unmounting = 0;
	return enough;
}

int flush_end(struct keeper *keeper, int signals)
{
	struct patience patience = {0};
	pid_t unmounting = 0, pids[CHILDREN];
	bool enough = false, cut_off = false, tried = false;
	int64_t killed = 0;
	char words[128];

	if (chdir("/") < 0)
		return 1;
	mounts_each(note_connection, NULL);
	for (;;) {
		struct progress now = {0};
		unsigned int count;

		/* A request that was under way may mount something yet. */
		count = children(0, pids);
		if (!unmounting && (!tried || count) && is_mounted()) {
			unmounting = start_unmounting(keeper);
			count = children(0, pids);
		}
		tried = true;
		if (!count)
			return cut_off ? FLUSH_CUT_OFF : 0;
		end_requests(unmounting);
		for (unsigned int i = 0; i < count; i++)
			if (pids[i] != unmounting)
				progress_add(pids[i], &now);
		/* Unmounting writes what the kernel holds, and that waits for a server. */
		now.asked = unmounting != 0;
		if (!killed &&
		    (!patience_look(&patience, &now, keeper->flush_limit, words, sizeof(words)) ||
		     enough)) {
			cut_off = give_up(unmounting, patience.stalled);
			killed = now_ms();
		} else if (killed && now_ms() - killed > TERM_MS) {
			tree_signal(getpid(), unmounting, SIGKILL);
			abort_connections();
		} else if (words[0]) {
			say_waiting(pids, count, words);
		}
		enough |= wait_moment(signals, &unmounting);
	}
}
