// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One system call, from the engine to whoever claimed it.
 *
 * Services are asked first, newest claim first; then come the calls that the manager itself serves;
 * the rest goes on as if nobody had looked. Calls that change mounts and names are for who has the
 * authority of the branch's owner (caller.h); this is looked at here, before anybody serves one. A call of a task in a mount namespace that it made
 * itself always goes on: what it does there is its own business, and it has the rights to. A task
 * that was attached but could not enter the branch's namespace keeps the mounts that it sees, yet
 * names and services are those of the branch.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "manager.h"

#define THREAD_STACK (256 << 10)

struct job {
	struct view_call *call;
	void (*serve)(struct view_call *call);
};

static void *job_main(void *data)
{
	struct job job = *(struct job *)data;

	free(data);
	job.serve(job.call);
	free(job.call);
	return NULL;
}

void call_in_thread(struct view_call *call, void (*serve)(struct view_call *call))
{
	struct job *job = malloc(sizeof(*job));
	pthread_attr_t attributes;
	pthread_t thread;
	int error = job ? 0 : ENOMEM;

	if (job) {
		*job = (struct job){call, serve};
		pthread_attr_init(&attributes);
		pthread_attr_setstacksize(&attributes, THREAD_STACK);
		pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
		error = pthread_create(&thread, &attributes, job_main, job);
		pthread_attr_destroy(&attributes);
	}
	if (error) {
		free(job);
		call_return(call, -EAGAIN);
		free(call);
	}
}

void call_return(struct view_call *call, int64_t value)
{
	call->view->engine->answer(call, value);
}

void call_continue(struct view_call *call)
{
	call->view->engine->proceed(call);
}

bool call_mounts_itself(const struct view_call *call)
{
	struct stat ours, its;
	char path[64];

	if (!call->view->engine->own_mounts)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/user", call->tid);
	/* In a user namespace (viewctl su) it may not, and the keeper does it. */
	return stat("/proc/self/ns/user", &ours) < 0 || stat(path, &its) < 0 ||
	       ours.st_ino == its.st_ino;
}

char *call_string(struct view_call *call, unsigned int index, size_t size, int *error)
{
	char *string;
	ssize_t got;

	*error = 0;
	if (!call->args[index])
		return NULL;
	string = malloc(size);
	got = string ? call->view->engine->string(call, call->args[index], string, size) : -ENOMEM;
	if (got >= 0)
		return string;
	free(string);
	*error = got;
	return NULL;
}

/* pidfd_open(2) wants the process of a thread. */
pid_t task_process(pid_t tid)
{
	char path[64], line[128];
	int pid = tid;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	file = fopen(path, "re");
	if (!file)
		return tid;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Tgid: %d", &pid) == 1)
			break;
	fclose(file);
	return pid;
}

pid_t task_inside(pid_t pid, const char *key)
{
	char path[64], line[256];
	size_t length = strlen(key);
	pid_t number = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		char *last = strrchr(line, '\t');

		if (strncmp(line, key, length) || line[length] != ':')
			continue;
		number = last ? atoi(last) : 0;
		break;
	}
	if (file)
		fclose(file);
	return number;
}

pid_t task_outside(pid_t ancestor, pid_t inside)
{
	pid_t found = 0;
	char path[64];
	FILE *file;
	int pid;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", ancestor, ancestor);
	file = fopen(path, "re");
	while (file && !found && fscanf(file, "%d", &pid) == 1)
		found = task_inside(pid, "NSpid") == inside ? pid : task_outside(pid, inside);
	if (file)
		fclose(file);
	return found;
}

int call_fd(struct view_call *call, int number)
{
	int pidfd = syscall(SYS_pidfd_open, task_process(call->tid), 0), fd;

	if (pidfd < 0)
		return -errno;
	fd = syscall(SYS_pidfd_getfd, pidfd, number, 0);
	if (fd < 0)
		fd = -errno;
	close(pidfd);
	return fd;
}

/*
 * May the task change what the call changes? If not, why is kept for the program that asks.
 */
static bool may_change(const struct view_call *call)
{
	struct caller caller;
	char text[256];

	if (caller_read(&caller, call->tid) < 0 || !call->view->engine->waits(call))
		return false;
	if (caller_has_authority(&caller, call->branch))
		return true;
	snprintf(
		text, sizeof(text),
		"%s: the mounts and names of this view are those of the user with id %u; a process "
		"with id %u may not change them",
		call->name, call->branch->owner, caller.uid);
	message_keep(call->tid, text);
	return false;
}

/* Mount calls of the keeper's own, and of who learned how to make them look so. */
static bool is_keepers(const struct view_call *call)
{
	return call->own && (!call->branch || may_change(call));
}

static void take(struct view *view, int fd)
{
	struct view_call taken, *call;
	bool attached;

	while (view->engine->next(view, fd, &taken) == 1) {
		taken.view = view;
		taken.branch = branch_of_task(view, taken.tid);
		attached = !taken.branch && taken.attached;
		if (attached)
			taken.branch = branch_of_number(view, taken.attached - 1);
		if (!taken.branch || is_keepers(&taken)) {
			call_continue(&taken);
			continue;
		}
		if ((names_change(&taken) || (!attached && mount_needs_authority(&taken))) &&
		    !may_change(&taken)) {
			call_return(&taken, -EPERM);
			continue;
		}
		/* A call may outlive this function: with its thread, or kept by a service. */
		call = malloc(sizeof(*call));
		if (!call) {
			call_return(&taken, -ENOMEM);
			continue;
		}
		*call = taken;
		if (services_call(call) || names_serve(call) ||
		    (!attached && (mount_serve(call) || mount_fd_serve(call))))
			continue;
		call_continue(call);
		free(call);
	}
}

static void end_listening(struct view *view, struct source *source)
{
	source_remove(view, source);
	close(source->fd);
	free(source);
}

static void calls_ready(struct view *view, struct source *source, uint32_t events)
{
	if (events & EPOLLIN)
		take(view, source->fd);
	else
		end_listening(view, source); /* nobody has the filter any more */
}

int calls_listen(struct view *view, int fd)
{
	struct source *calls = calloc(1, sizeof(*calls));

	if (!calls)
		return -ENOMEM;
	*calls = (struct source){.ready = calls_ready, .fd = fd};
	return source_add(view, calls);
}

/* ---- what services see (view.h) */

const char *view_call_name(const struct view_call *call)
{
	return call->name;
}

pid_t view_call_pid(const struct view_call *call)
{
	return call->tid;
}

int view_call_caller(const struct view_call *call, struct view_caller *about)
{
	struct caller caller;
	int error = caller_read(&caller, call->tid);

	if (error || !call->view->engine->waits(call))
		return error ?: -ESRCH;
	*about = (struct view_caller){
		.pid = call->tid,
		.uid = caller.uid,
		.gid = caller.gid,
		.capabilities = caller.capabilities,
		.authority = caller_has_authority(&caller, call->branch),
	};
	return 0;
}

bool view_call_narrow(const struct view_call *call)
{
	return call->narrow;
}

uint64_t view_call_argument(const struct view_call *call, unsigned int index)
{
	return index < 6 ? call->args[index] : 0;
}

ssize_t view_call_read(struct view_call *call, uint64_t address, void *buffer, size_t length)
{
	return call->view->engine->read(call, address, buffer, length);
}

ssize_t view_call_write(struct view_call *call, uint64_t address, const void *bytes, size_t length)
{
	return call->view->engine->write(call, address, bytes, length);
}

ssize_t view_call_string(struct view_call *call, uint64_t address, char *buffer, size_t size)
{
	return call->view->engine->string(call, address, buffer, size);
}

void view_call_continue(struct view_call *call)
{
	call_continue(call);
	free(call);
}

void view_call_return(struct view_call *call, int64_t value)
{
	call_return(call, value);
	free(call);
}

void view_call_install(struct view_call *call, int fd, bool close_on_exec)
{
	call->view->engine->install(call, fd, close_on_exec);
	free(call);
}

int view_call_change(struct view_call *call, const uint64_t arguments[6])
{
	int error = call->view->engine->change(call, arguments);

	if (error == -ENOSYS)
		return error;
	free(call);
	return 0;
}
