// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mount(2) and umount2(2) of the tasks of a view.
 *
 *	mount(2) -> a type that a service claims -> its handler: a server, or a mount
 *		 -> any other -> the kernel, by the task itself (kmview) or the keeper (umview)
 *
 * Whoever unmounts something that a service mounted waits until its servers have written what they
 * held, so that what was mounted may be looked at from outside as soon as umount(8) has ended.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "manager.h"

const char *const mount_hooks[] = {"mount",	 "umount2",   "umount",	       "pivot_root",
				   "fsopen",	 "fsconfig",  "fsmount",       "fspick",
				   "move_mount", "open_tree", "mount_setattr", NULL};

bool mount_needs_authority(const struct view_call *call)
{
	const char *const *hook;

	/* A plain open_tree(2) is an open(2). */
	if (!strcmp(call->name, "open_tree") && !(call->args[2] & OPEN_TREE_CLONE))
		return false;
	for (hook = mount_hooks; *hook && strcmp(*hook, call->name); hook++)
		;
	return *hook != NULL;
}

static int read_arguments(struct view_call *call, struct view_mount *mount)
{
	int error;

	mount->source = call_string(call, 0, PATH_MAX, &error);
	if (!error)
		mount->target = call_string(call, 1, PATH_MAX, &error);
	if (!error)
		mount->type = call_string(call, 2, 256, &error);
	mount->flags = call->args[3];
	if ((mount->flags & MS_MGC_MSK) == MS_MGC_VAL)
		mount->flags &= ~MS_MGC_MSK;
	/* Not a string where the file system says so; none of those is mounted here. */
	if (!error)
		mount->options = call_string(call, 4, 4096, &error);
	if (!error && !mount->target)
		error = -EFAULT;
	return error;
}

/* timeout=SECONDS is for whoever watches the server, not for the server. */
int mount_take_options(struct view_mount *mount)
{
	char *option = mount->options, *end;
	unsigned long seconds;
	size_t length;

	while (option && *option) {
		length = strcspn(option, ",");
		if (strncmp(option, "timeout=", 8)) {
			option += length + (option[length] == ',');
			continue;
		}
		errno = 0;
		seconds = strtoul(option + 8, &end, 10);
		if (errno || end == option + 8 || end != option + length || seconds < 1 ||
		    seconds > 86400)
			return view_mount_error(mount, -EINVAL,
						"timeout=%.*s: the option takes a number of "
						"seconds from 1 to 86400",
						(int)length - 8, option + 8);
		mount->timeout = seconds;
		memmove(option, option + length + (option[length] == ','),
			strlen(option + length + (option[length] == ',')) + 1);
	}
	length = mount->options ? strlen(mount->options) : 0;
	if (length && mount->options[length - 1] == ',')
		mount->options[length - 1] = '\0';
	return 0;
}

/*
 * Of what a service mounted the flags of the mount change, not the file system: its server goes on as
 * it was started. VIEW_PASS: it is none of ours.
 */
static int serve_remount(struct view_mount *mount)
{
	const unsigned long kept =
		MS_RDONLY | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME;
	struct parts parts = {0};
	uint64_t device = servers_device(mount->call, mount->target, 0, &parts);
	unsigned long how = MS_REMOUNT | MS_BIND;
	int error;

	free(parts.paths);
	if (!device)
		return VIEW_PASS;
	if (mount->options && mount->options[0])
		return view_mount_error(
			mount, -EINVAL,
			"%s: %s cannot be changed while it is mounted, only ro, rw, "
			"exec, noexec and the like: unmount it and mount it again",
			mount->target, mount->options);
	if (!(mount->flags & MS_RDONLY) && servers_read_only(mount->call->view, device))
		return view_mount_error(mount, -EROFS,
					"%s was mounted read-only, and its server cannot write: "
					"unmount it and mount it again",
					mount->target);
	/* The module takes back what made a mount stricter only by a change of the whole. */
	if (mount->call->view->engine == &engine_kmview && !(mount->flags & MS_RDONLY))
		how = MS_REMOUNT;
	error = mount_by_kernel(mount->call, NULL, mount->target, NULL,
				how | MS_NOSUID | MS_NODEV | (mount->flags & kept), NULL);
	if (error == -EBUSY)
		view_mount_error(mount, error, "%s: files are open there for writing: %s",
				 mount->target, "fuser -vm shows by whom");
	return error;
}

bool mount_path_of(int fd, char *path)
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, PATH_MAX - 1);
	path[length < 0 ? 0 : length] = '\0';
	return length > 0 && path[0] == '/';
}

/* A path of the task's as one of the branch; it stays as it is if nothing is there. */
static void translate(struct view_mount *mount, char **path)
{
	char real[PATH_MAX];
	int fd = mount_open_path(mount->call, *path, O_PATH);

	if (fd >= 0 && mount_path_of(fd, real)) {
		free(*path);
		*path = strdup(real);
	}
	if (fd >= 0)
		close(fd);
}

/* A target that does not exist is looked for by its directories, from the root. */
static int make_absolute(struct view_mount *mount)
{
	char link[64], directory[PATH_MAX], *path;
	ssize_t length;

	if (mount->target[0] == '/')
		return 0;
	snprintf(link, sizeof(link), "/proc/%d/cwd", mount->call->tid);
	length = readlink(link, directory, sizeof(directory) - 1);
	directory[length < 0 ? 0 : length] = '\0';
	if (directory[0] != '/')
		return 0;
	if (asprintf(&path, "%s/%s", directory[1] ? directory : "", mount->target) < 0)
		return -ENOMEM;
	free(mount->target);
	mount->target = path;
	return 0;
}

/*
 * A task that has another root than the branch does not reach the place where servers mount. So its
 * image is opened while we are where it is, and from then on all happens at the branch's root.
 */
static int leave_root(struct view_mount *mount)
{
	char link[64], root[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/root", mount->call->tid);
	length = readlink(link, root, sizeof(root));
	if (length <= 1)
		return make_absolute(mount);
	if (!view_mount_exists(mount, mount->target))
		return -ENOENT;
	view_mount_open(mount);
	translate(mount, &mount->target);
	if (mount->source)
		translate(mount, &mount->source);
	mount->call->at_root = true;
	return mount->target ? 0 : -ENOMEM;
}

static void serve_mount(struct view_call *call)
{
	struct view_mount mount;
	bool claimed = false;
	int result, made = 0;

	mount_init(&mount, call);
	result = read_arguments(call, &mount);

	if (result == 0 && (mount.flags & (MS_REMOUNT | MS_BIND)) == MS_REMOUNT) {
		result = serve_remount(&mount);
		claimed = result != VIEW_PASS;
		if (!claimed)
			result = 0;
	} else if (result == 0 && !(mount.flags & MS_CHANGES) && mount.type) {
		char resolved[256];

		services_resolve(mount.type, resolved, sizeof(resolved));
		free(mount.type);
		mount.type = strdup(resolved);
		result = mount.type ? 0 : -ENOMEM;
		if (!result && services_claim(mount.type))
			result = mount_take_options(&mount) ?: leave_root(&mount);
		if (!result && services_claim(mount.type))
			result = made = missing_make(&mount);
		if (result >= 0)
			result = mount_by_service(&mount);
		if (made > 0 && result)
			missing_remove(call);
		claimed = result != VIEW_PASS;
		if (!claimed)
			result = 0;
	}
	if (result < 0 || claimed) {
		if (result < 0 ? mount.message[0] : mount.note[0])
			message_keep(call->tid, result < 0 ? mount.message : mount.note);
		call_return(call, result);
	} else if (call_mounts_itself(call)) {
		call_continue(call);
	} else {
		call_return(call, mount_by_kernel(call, mount.source, mount.target, mount.type,
						  mount.flags, mount.options));
	}
	mount_free(&mount);
}

static void serve_umount(struct view_call *call)
{
	int error, flags = !strcmp(call->name, "umount") ? 0 : call->args[1];
	char *target = call_string(call, 0, PATH_MAX, &error);
	struct parts parts = {0};
	uint64_t device = 0;
	struct ask *ask;

	if (!target) {
		call_return(call, error ? error : -EFAULT);
		return;
	}
	device = servers_device(call, target, flags, &parts);
	if (!device && call_mounts_itself(call)) {
		call_continue(call);
		free(target);
		return;
	}
	ask = ask_of(call, &error);
	if (ask) {
		error = ask_unmount(ask, target, flags, parts.paths, parts.count);
		ask_free(ask);
	}
	if (error == 0)
		missing_remove(call);
	if (error == 0 && device && !(flags & (MNT_DETACH | MNT_FORCE)))
		error = servers_wait(call, device);
	call_return(call, error);
	free(parts.paths);
	free(target);
}

static void serve_pivot_root(struct view_call *call)
{
	int error;
	char *root = call_string(call, 0, PATH_MAX, &error), *old = NULL;
	struct ask *ask = NULL;

	if (root)
		old = call_string(call, 1, PATH_MAX, &error);
	if (root && old)
		ask = ask_of(call, &error);
	if (ask) {
		ask_string(ask, 0, root);
		ask_string(ask, 1, old);
		error = ask_call(ask, SYS_pivot_root, NULL);
		ask_free(ask);
	}
	call_return(call, error || (root && old) ? error : -EFAULT);
	free(root);
	free(old);
}

bool mount_serve(struct view_call *call)
{
	if (!strcmp(call->name, "mount"))
		call_in_thread(call, serve_mount);
	else if (!strcmp(call->name, "umount2") || !strcmp(call->name, "umount"))
		call_in_thread(call, serve_umount);
	else if (!strcmp(call->name, "pivot_root") && !call_mounts_itself(call))
		call_in_thread(call, serve_pivot_root);
	else
		return false;
	return true;
}
