// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine of the kernel module: one session, in which all branches are.
 *
 * The keeper joins the session and unshares its mount namespace, which the module lets the tasks of
 * a session do; whatever it starts is in the session as well. Plain mounts are made by the tasks
 * themselves, within the limits of the module (docs/kmview.md); we only see them go by. The session
 * is held by a child of ours (holder.c), so that our death is not that of the servers.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "holder.h"
#include "user/view/manager/manager.h"

/*
 * All at once: each turn of the kernel's ftrace costs as much as the rest of the start. Calls that
 * nobody has heard of are left out, as by the other engine.
 */
static int hook_all(struct view *view, const char *const *names, char *text, size_t size)
{
	struct kmview_named_hook *hooks;
	size_t count = 0, failed;
	int missing;

	while (names[count])
		count++;
	hooks = calloc(count ?: 1, sizeof(*hooks));
	if (!hooks) {
		snprintf(text, size, "cannot hook system calls: out of memory");
		return -ENOMEM;
	}
	for (count = 0; *names; names++)
		if (kmview_syscall(*names))
			hooks[count++] =
				(struct kmview_named_hook){*names, {.action = KMVIEW_NOTIFY}};
	missing = kmview_hooks(view->session, hooks, count, &failed);
	if (missing < 0)
		snprintf(text, size, "cannot hook the system call %s: %s%s", hooks[failed].name,
			 strerror(-missing),
			 missing == -EBUSY ? " (another tracer has hold of it)" : "");
	free(hooks);
	return missing < 0 ? missing : 0;
}

static int open_engine(struct view *view, const char *const *hooks, char *text, size_t size)
{
	const struct kmview_options options = {.flags = KMVIEW_INIT_MOUNT};
	int error = holder_open(&view->session, &options, view->token, &view->holder);

	if (error) {
		snprintf(text, size, "%s", kmview_open_why(error));
		return error;
	}
	if (!(kmview_features(view->session) & KMVIEW_FEATURE_MOUNT)) {
		snprintf(text, size, "this kernel's kmview.ko cannot make mounts for users");
		return -ENOTSUP;
	}
	error = hook_all(view, hooks, text, size);
	if (error)
		return error;
	error = kmview_loop_new(&view->session_loop, view->session);
	/* The keeper's first calls come before it says that it is ready. */
	return error < 0 ? error : calls_listen(view, kmview_fd(view->session));
}

static void close_engine(struct view *view)
{
	kmview_loop_free(view->session_loop);
	kmview_close(view->session);
	holder_close(view->holder);
	view->holder = -1;
	view->session = NULL;
	view->session_loop = NULL;
}

static int hook(struct view *view, const char *name)
{
	return kmview_hook(view->session, name, NULL);
}

/* A branch of a branch is in the session already. */
static int enter(struct view *view, bool nested, char *text, size_t size)
{
	int error;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	error = nested ? 0 : kmview_join(view->session, 0);
	if (error < 0) {
		snprintf(text, size, "cannot join the session: %s", strerror(-error));
		return error;
	}
	if (unshare(CLONE_NEWNS) < 0) {
		error = -errno;
		snprintf(text, size, "cannot make a mount namespace: %s", strerror(-error));
		return error;
	}
	return 0;
}

static int next(struct view *view, int fd, struct view_call *call)
{
	struct kmview_request request;
	int got;

	for (;;) {
		got = kmview_next(view->session_loop, &request, 0);
		if (got != 1)
			return got == -EINTR || got == -ESRCH ? 0 : got;
		if (!request.cancel)
			break;
	}
	*call = (struct view_call){
		.name = request.call ? request.call->name : "?",
		.tid = request.event.tid,
		.id = request.event.id,
		.narrow = request.event.abi != KMVIEW_ABI_X64,
		.own = request.event.args[5] == view->token,
		.attached = request.event.cookie,
		.request = request,
	};
	memcpy(call->args, request.event.args, sizeof(call->args));
	return 1;
}

static bool waits(const struct view_call *call)
{
	struct kmview_request request = call->request;
	char byte;

	/* The library knows from its slot of the ring; what can be read there does not matter. */
	return kmview_read(&request, 0, &byte, 1) != -ESTALE;
}

static ssize_t read_memory(struct view_call *call, uint64_t address, void *buffer, size_t length)
{
	return kmview_read(&call->request, address, buffer, length);
}

static ssize_t write_memory(struct view_call *call, uint64_t address, const void *bytes,
			    size_t length)
{
	return kmview_write(&call->request, address, bytes, length);
}

static ssize_t string(struct view_call *call, uint64_t address, char *buffer, size_t size)
{
	return kmview_string_at(&call->request, address, buffer, size);
}

static void proceed(struct view_call *call)
{
	kmview_continue(&call->request);
}

static void answer(struct view_call *call, int64_t value)
{
	kmview_return(&call->request, value);
}

static void install(struct view_call *call, int fd, bool close_on_exec)
{
	kmview_install(&call->request, fd, -1, close_on_exec);
}

static int change(struct view_call *call, const uint64_t args[6])
{
	return kmview_change(&call->request, args, false);
}

const struct engine engine_kmview = {
	.name = "kmview",
	.changes = true,
	.own_mounts = true,
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
