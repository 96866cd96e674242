// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Branches: the first one, and one for each view that is started inside.
 *
 * A view inside a view is no second manager: its keeper, which is the process that the user
 * started, sends us one end of a socket pair over the control socket of the branch it is in, and
 * from then on it is as the keeper of the first branch. It sees the mounts that were there when it
 * began and adds its own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manager.h"
#include "user/view/keeper/keeper.h"

/* Has the user namespace of a process one id only? */
static bool has_single_id(pid_t pid)
{
	unsigned int count = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	file = fopen(path, "re");
	if (file && fscanf(file, "%*u %*u %u", &count) != 1)
		count = 0;
	if (file)
		fclose(file);
	/* A user who has more has those below his own first. */
	return count == 1;
}

static void become_ready(struct branch *branch, const struct keeper_news *news, int *fds,
			 unsigned int count)
{
	struct view *view = branch->view;
	int listener = count > 1 ? fds[1] : -1;

	pthread_rwlock_wrlock(&view->branches_lock);
	branch->namespace = news->namespace;
	branch->first = news->pid;
	branch->servers = news->servers;
	branch->single_id = has_single_id(news->servers);
	pthread_rwlock_unlock(&view->branches_lock);
	if (count > 0) {
		branch->control = fds[0];
		control_listen(branch);
	}
	/* One listener serves all branches, as one session does. */
	if (listener >= 0)
		calls_listen(view, listener);
}

static bool take_news(struct branch *branch)
{
	struct view *view = branch->view;
	unsigned int count = 2;
	struct keeper_news news;
	int fds[2];
	ssize_t got = channel_receive(branch->channel, &news, sizeof(news), fds, &count);

	if (got < (ssize_t)sizeof(news))
		return false;
	if (news.event == KEEPER_READY) {
		become_ready(branch, &news, fds, count);
		return true;
	}
	for (unsigned int i = 0; i < count; i++)
		close(fds[i]);
	if (news.event == KEEPER_FAILED) {
		news.text[sizeof(news.text) - 1] = '\0';
		say(view, "cannot %s: %s", news.text, strerror(news.value));
	}
	if (news.event == KEEPER_CUT_OFF && !branch->parent)
		view->status = STATUS_FAILED;
	if (news.event == KEEPER_EXITED)
		view->ending = true;
	if (!branch->parent && news.event == KEEPER_EXITED)
		view->status = WIFEXITED(news.value) ? WEXITSTATUS(news.value)
						     : 128 + WTERMSIG(news.value);
	return true;
}

static void channel_ready(struct view *view, struct source *source, uint32_t events)
{
	struct branch *branch = source->data;

	if ((events & EPOLLIN) && take_news(branch))
		return;
	source_remove(view, source);
	free(source);
	branch_free(branch);
}

struct branch *branch_new(struct view *view, struct branch *parent, int channel, pid_t keeper,
			  uid_t owner)
{
	struct branch *branch = calloc(1, sizeof(*branch));
	struct source *source = calloc(1, sizeof(*source));

	if (!branch || !source) {
		free(branch);
		free(source);
		return NULL;
	}
	branch->view = view;
	branch->parent = parent;
	branch->channel = channel;
	branch->keeper = keeper;
	branch->keeper_fd = syscall(SYS_pidfd_open, keeper, 0);
	caller_own_branch(branch, owner, keeper);
	branch->control = -1;
	branch->number = view->branch_count++;
	pthread_rwlock_wrlock(&view->branches_lock);
	branch->next = view->branches;
	view->branches = branch;
	pthread_rwlock_unlock(&view->branches_lock);
	*source = (struct source){.ready = channel_ready, .data = branch, .fd = channel};
	source_add(view, source);
	return branch;
}

void branch_free(struct branch *branch)
{
	struct view *view = branch->view;
	struct branch **at;

	/* A thread that still serves a call of it finds its channel shut. */
	pthread_rwlock_wrlock(&view->branches_lock);
	for (at = &view->branches; *at != branch; at = &(*at)->next)
		;
	*at = branch->next;
	branch->namespace = 0;
	pthread_rwlock_unlock(&view->branches_lock);
	servers_forget(view);
	view->ending = !branch->parent;
	close(branch->channel);
	branch->channel = -1;
	if (branch->control >= 0)
		close(branch->control);
	if (branch->keeper_fd >= 0)
		close(branch->keeper_fd);
	branch->control = branch->keeper_fd = -1;
}

/* What the keeper said before its first process could make a call is read before that call. */
static void read_pending(struct view *view)
{
	for (struct branch *branch = view->branches; branch; branch = branch->next) {
		char byte;

		if (!branch->namespace &&
		    recv(branch->channel, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
			take_news(branch);
	}
}

void branches_drain(struct view *view)
{
	char byte;

	for (struct branch *branch = view->branches; branch; branch = branch->next)
		while (recv(branch->channel, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
			take_news(branch);
}

struct branch *branch_of_namespace(struct view *view, uint64_t namespace)
{
	struct branch *branch;

	for (branch = view->branches; branch; branch = branch->next)
		if (branch->namespace == namespace)
			break;
	return branch;
}

struct branch *branch_of_number(struct view *view, unsigned int number)
{
	struct branch *branch;

	for (branch = view->branches; branch; branch = branch->next)
		if (branch->number == number)
			break;
	return branch;
}

struct branch *branch_of_task(struct view *view, pid_t tid)
{
	struct branch *branch;
	struct stat namespace;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", tid);
	if (stat(path, &namespace) < 0)
		return NULL;
	branch = branch_of_namespace(view, namespace.st_ino);
	if (branch)
		return branch;
	read_pending(view);
	return branch_of_namespace(view, namespace.st_ino);
}
