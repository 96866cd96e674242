// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mount calls that work with descriptors: fsopen(2), fsconfig(2), fsmount(2), move_mount(2),
 * open_tree(2), fspick(2), mount_setattr(2).
 *
 * A type that a service claims gets a stand-in for the kernel's context, an empty memory file,
 * known again by its inode; what fsconfig(2) says is collected. fsmount(2) lets the service mount
 * in the view's own directory and gives a stand-in for that mount; move_mount(2) of it moves the
 * mount from there. Copies of trees (open_tree(2)) are made by the keeper in umview; their
 * descriptors cannot be put into a task (they are O_PATH), so it gets a stand-in as well.
 * Everything else is done by the task (kmview) or by the keeper with copies of the task's
 * descriptors (umview).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "manager.h"

/* <sys/mount.h> and <linux/mount.h> do not go together. */
#define MNT_DETACH_FLAG 2
#define MS_MOVE_FLAG	8192

struct context {
	struct context *next;
	dev_t device;
	ino_t inode;
	char type[256];
	char source[PATH_MAX];
	char options[4096];
	unsigned long flags;
	bool created;
	int mount;	      /* of a copy of a tree: its descriptor; else -1 */
	char place[PATH_MAX]; /* of a mount that a service made: where it waits; else "" */
	int file;	      /* keeps the inode from being used again */
};

/* A program that closes its stand-ins unused does not tell us: the oldest go. */
#define CONTEXTS_MAX 256

static struct context *contexts;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct context *context_of(int file)
{
	struct context *context;
	struct stat about;

	if (fstat(file, &about) < 0)
		return NULL;
	pthread_mutex_lock(&lock);
	for (context = contexts; context; context = context->next)
		if (context->inode == about.st_ino && context->device == about.st_dev)
			break;
	pthread_mutex_unlock(&lock);
	return context;
}

static void context_drop(struct view_call *call, struct context *context)
{
	struct context **at;

	if (context->place[0]) {
		ask_path(call, SYS_umount2, context->place, MNT_DETACH_FLAG);
		ask_path(call, SYS_rmdir, context->place, 0);
	}

	pthread_mutex_lock(&lock);
	for (at = &contexts; *at != context; at = &(*at)->next)
		;
	*at = context->next;
	pthread_mutex_unlock(&lock);
	close(context->file);
	if (context->mount >= 0)
		close(context->mount);
	free(context);
}

static void drop_oldest(struct view_call *call)
{
	struct context *context;
	unsigned int count = 0;

	pthread_mutex_lock(&lock);
	for (context = contexts; context && ++count < CONTEXTS_MAX; context = context->next)
		;
	pthread_mutex_unlock(&lock);
	if (context)
		context_drop(call, context);
}

static struct context *context_new(struct view_call *call, const char *type)
{
	struct context *context = calloc(1, sizeof(*context));
	struct stat about;

	if (!context)
		return NULL;
	drop_oldest(call);
	context->mount = -1;
	context->file = memfd_create("fscontext", MFD_CLOEXEC);
	if (context->file < 0 || fstat(context->file, &about) < 0) {
		free(context);
		return NULL;
	}
	context->device = about.st_dev;
	context->inode = about.st_ino;
	snprintf(context->type, sizeof(context->type), "%s", type);
	pthread_mutex_lock(&lock);
	context->next = contexts;
	contexts = context;
	pthread_mutex_unlock(&lock);
	return context;
}

/* Give a descriptor of the keeper's to the task; of a mount, a stand-in. Closes it. */
static void give(struct view_call *call, int fd, bool close_on_exec)
{
	struct context *context = NULL;

	if (!(fcntl(fd, F_GETFL) & O_PATH)) {
		call->view->engine->install(call, fd, close_on_exec);
		close(fd);
		return;
	}
	context = context_new(call, "");
	if (!context) {
		close(fd);
		call_return(call, -ENOMEM);
		return;
	}
	context->mount = fd;
	call->view->engine->install(call, context->file, close_on_exec);
}

/* The stand-in for a mount that the first argument of the call is; NULL: it is none. */
static struct context *mount_of(struct view_call *call)
{
	int file = call_fd(call, call->args[0]);
	struct context *context = file < 0 ? NULL : context_of(file);

	if (file >= 0)
		close(file);
	return context && (context->mount >= 0 || context->place[0]) ? context : NULL;
}

/* ---- by the keeper, with copies of the task's descriptors */

/* Put a descriptor argument of the call into the request; what to close afterwards goes to *copy.
 */
static int pass_fd(struct ask *ask, struct view_call *call, unsigned int index, int *copy)
{
	int number = call->args[index];
	struct context *context;

	*copy = -1;
	if (number == AT_FDCWD) {
		ask_value(ask, index, (int64_t)AT_FDCWD);
		return 0;
	}
	*copy = call_fd(call, number);
	if (*copy < 0)
		return *copy;
	context = context_of(*copy);
	if (context && context->mount >= 0) {
		close(*copy);
		*copy = dup(context->mount);
	}
	ask_value(ask, index, ask_fd(ask, *copy));
	return 0;
}

static int pass_string(struct ask *ask, struct view_call *call, unsigned int index)
{
	int error;
	char *string = call_string(call, index, PATH_MAX, &error);

	ask_string(ask, index, string);
	free(string);
	return error;
}

/* kinds, one letter an argument: d descriptor, s string, v value, a struct mount_attr */
static int64_t by_keeper_only(struct view_call *call, long nr, const char *kinds, int *result_fd)
{
	int error, copies[6] = {-1, -1, -1, -1, -1, -1};
	struct ask *ask = ask_of(call, &error);
	struct mount_attr attributes;
	int64_t result;

	for (unsigned int i = 0; ask && kinds[i] && !error; i++) {
		if (kinds[i] == 'd') {
			error = pass_fd(ask, call, i, &copies[i]);
		} else if (kinds[i] == 's') {
			error = pass_string(ask, call, i);
		} else if (kinds[i] == 'a') {
			if (view_call_read(call, call->args[i], &attributes, sizeof(attributes)) !=
			    sizeof(attributes))
				error = -EFAULT;
			ask_bytes(ask, i, &attributes, sizeof(attributes));
		} else {
			ask_value(ask, i, call->args[i]);
		}
	}
	result = error ? error : ask_call(ask, nr, result_fd);
	for (int i = 0; i < 6; i++)
		if (copies[i] >= 0)
			close(copies[i]);
	ask_free(ask);
	return result;
}

static void by_keeper(struct view_call *call, long nr, const char *kinds, bool gives_fd)
{
	int fd = -1;
	int64_t result = by_keeper_only(call, nr, kinds, gives_fd ? &fd : NULL);

	/* O_CLOEXEC is what everybody who asks this way wants. */
	if (fd >= 0)
		give(call, fd, true);
	else
		call_return(call, result);
}

/* The value of an fsconfig(2) is a string, a path, bytes or nothing, by its command. */
static void config_by_keeper(struct view_call *call)
{
	switch (call->args[1]) {
	case FSCONFIG_SET_STRING:
	case FSCONFIG_SET_PATH:
	case FSCONFIG_SET_PATH_EMPTY:
		by_keeper(call, SYS_fsconfig, "dvssv", false);
		break;
	case FSCONFIG_SET_FD:
		by_keeper(call, SYS_fsconfig, "dvsvd", false);
		break;
	default:
		by_keeper(call, SYS_fsconfig, "dvsvv", false);
	}
}

/* ---- stand-ins */

static int config(struct view_call *call, struct context *context)
{
	char *key, *value = NULL;
	size_t used = strlen(context->options);
	int error = 0;

	if (call->args[1] == FSCONFIG_CMD_CREATE) {
		context->created = true;
		return 0;
	}
	key = call_string(call, 2, 256, &error);
	if (key && call->args[1] == FSCONFIG_SET_STRING)
		value = call_string(call, 3, PATH_MAX, &error);
	else if (call->args[1] != FSCONFIG_SET_FLAG)
		error = -EOPNOTSUPP;
	if (!error && (!key || context->created))
		error = -EINVAL;
	if (!error && value && !strcmp(key, "source"))
		snprintf(context->source, sizeof(context->source), "%s", value);
	else if (!error && !value && !strcmp(key, "ro"))
		context->flags |= 1; /* MS_RDONLY */
	else if (!error && snprintf(context->options + used, sizeof(context->options) - used,
				    "%s%s%s%s", used ? "," : "", key, value ? "=" : "",
				    value ? value : "") >= (int)(sizeof(context->options) - used))
		error = -E2BIG;
	free(key);
	free(value);
	return error;
}

static void stand_in_mount(struct view_call *call, struct context *context)
{
	struct context *made = NULL;
	struct view_mount mount;
	char path[PATH_MAX];
	int error;

	mount_init(&mount, call);
	snprintf(path, sizeof(path), "%.4000s.fd", mount.place);
	error = context->created ? ask_path(call, SYS_mkdir, path, 0700) : -EINVAL;
	mount.flags = context->flags;
	mount.source = strdup(context->source);
	mount.target = strdup(path);
	mount.type = strdup(context->type);
	mount.options = strdup(context->options);
	if (!error)
		error = mount_take_options(&mount) ?: mount_by_service(&mount);
	if (mount.message[0] && error)
		message_keep(call->tid, mount.message);
	mount_free(&mount);
	if (!error) {
		made = context_new(call, "");
		error = made ? 0 : -ENOMEM;
	}
	if (error) {
		ask_path(call, SYS_umount2, path, MNT_DETACH_FLAG);
		ask_path(call, SYS_rmdir, path, 0);
		call_return(call, error == VIEW_PASS ? -ENODEV : error);
		return;
	}
	memcpy(made->place, path, sizeof(path));
	call->view->engine->install(call, made->file, call->args[1] & FSMOUNT_CLOEXEC);
	context_drop(call, context);
}

/* From where it waits to where the task says, by a path or a descriptor and a path. */
static int64_t move_from_place(struct view_call *call, struct context *context)
{
	int error, number = call->args[2], copy = -1;
	char *path = call_string(call, 3, PATH_MAX, &error), target[PATH_MAX + 64];
	struct ask *ask = path ? ask_of(call, &error) : NULL;

	if (!ask) {
		free(path);
		return error ? error : -EFAULT;
	}
	snprintf(target, sizeof(target), "%s", path);
	if (number != AT_FDCWD && path[0] != '/') {
		copy = call_fd(call, number);
		if (copy >= 0)
			snprintf(target, sizeof(target), "/proc/self/fd/%d%s%s", ask_fd(ask, copy),
				 path[0] ? "/" : "", path);
		else
			error = copy;
	}
	ask_string(ask, 0, context->place);
	ask_string(ask, 1, target);
	ask_value(ask, 2, 0);
	ask_value(ask, 3, MS_MOVE_FLAG);
	ask_value(ask, 4, 0);
	if (!error)
		error = ask_call(ask, SYS_mount, NULL);
	ask_free(ask);
	if (copy >= 0)
		close(copy);
	free(path);
	if (!error)
		ask_path(call, SYS_rmdir, context->place, 0);
	return error;
}

/* Moved, a mount needs no descriptor, which would make it busy. */
static void move_mount_of(struct view_call *call, struct context *context)
{
	int64_t result = context && context->place[0]
				 ? move_from_place(call, context)
				 : by_keeper_only(call, SYS_move_mount, "dsdsv", NULL);

	if (result == 0 && context) {
		context->place[0] = '\0';
		context_drop(call, context);
	}
	call_return(call, result);
}

/* Of a mount that waits, by its path. */
static void set_attributes(struct view_call *call, struct context *context)
{
	struct mount_attr attributes;
	int error;
	struct ask *ask;

	if (!context || !context->place[0]) {
		by_keeper(call, SYS_mount_setattr, "dsvav", false);
		return;
	}
	ask = ask_of(call, &error);
	if (ask && view_call_read(call, call->args[3], &attributes, sizeof(attributes)) !=
			   sizeof(attributes))
		error = -EFAULT;
	if (ask && !error) {
		ask_value(ask, 0, (int64_t)AT_FDCWD);
		ask_string(ask, 1, context->place);
		ask_value(ask, 2, call->args[2] & ~(uint64_t)AT_EMPTY_PATH);
		ask_bytes(ask, 3, &attributes, sizeof(attributes));
		ask_value(ask, 4, sizeof(attributes));
		error = ask_call(ask, SYS_mount_setattr, NULL);
	}
	ask_free(ask);
	call_return(call, error);
}

/* ---- the calls */

static void serve_fsopen(struct view_call *call)
{
	int error;
	char *type = call_string(call, 0, 256, &error);
	char resolved[256];
	struct context *context;

	if (!type) {
		call_return(call, error ? error : -EFAULT);
		return;
	}
	services_resolve(type, resolved, sizeof(resolved));
	free(type);
	if (services_claim(resolved)) {
		context = context_new(call, resolved);
		if (context)
			call->view->engine->install(call, context->file,
						    call->args[1] & FSOPEN_CLOEXEC);
		else
			call_return(call, -ENOMEM);
	} else if (call_mounts_itself(call)) {
		call_continue(call);
	} else {
		by_keeper(call, SYS_fsopen, "sv", true);
	}
}

/* fsconfig(2) and fsmount(2): of a stand-in of ours, or of the kernel's */
static void serve_context(struct view_call *call)
{
	int file = call_fd(call, call->args[0]);
	struct context *context = file < 0 ? NULL : context_of(file);
	bool is_config = !strcmp(call->name, "fsconfig");

	if (file >= 0)
		close(file);
	if (context && is_config)
		call_return(call, config(call, context));
	else if (context)
		stand_in_mount(call, context);
	else if (call_mounts_itself(call))
		call_continue(call);
	else if (is_config)
		config_by_keeper(call);
	else
		by_keeper(call, SYS_fsmount, "dvv", true);
}

static void serve_other(struct view_call *call)
{
	struct context *context = mount_of(call);

	if (call_mounts_itself(call) && !context)
		call_continue(call);
	else if (!strcmp(call->name, "move_mount"))
		move_mount_of(call, context);
	else if (!strcmp(call->name, "open_tree"))
		by_keeper(call, SYS_open_tree, "dsv", true);
	else if (!strcmp(call->name, "fspick"))
		by_keeper(call, SYS_fspick, "dsv", true);
	else
		set_attributes(call, context);
}

bool mount_fd_serve(struct view_call *call)
{
	static const char *const others[] = {"move_mount", "open_tree", "fspick", "mount_setattr"};

	if (!strcmp(call->name, "fsopen")) {
		call_in_thread(call, serve_fsopen);
		return true;
	}
	if (!strcmp(call->name, "fsconfig") || !strcmp(call->name, "fsmount")) {
		call_in_thread(call, serve_context);
		return true;
	}
	/* A plain open_tree(2) is an open(2). */
	if (!strcmp(call->name, "open_tree") && !(call->args[2] & OPEN_TREE_CLONE))
		return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		if (!strcmp(call->name, others[i])) {
			call_in_thread(call, serve_other);
			return true;
		}
	}
	return false;
}
