/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions of the kernel that are not exported: their addresses, their types, and calls of them.
 *
 * An address is where ftrace would call out of the function. The types are compared with the kernel's headers when the
 * module is compiled, where a header declares the function, and with the kernel's BTF when it is loaded.
 */
#ifndef KMVIEW_SYMBOLS_H
#define KMVIEW_SYMBOLS_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct cred;
struct fs_struct;
struct path;
struct pid;
struct pt_regs;
struct task_struct;
struct ucounts;
struct user_namespace;

enum kmview_function {
	/* KMVIEW_INSTALL at a number */
	KMVIEW_RECEIVE_FD_REPLACE,
	/* cgroups that are frozen while a task waits for its manager */
	KMVIEW_CGROUP_ENTER_FROZEN,
	KMVIEW_CGROUP_LEAVE_FROZEN,
	/* KMVIEW_ATTACH, and views that are attached to */
	KMVIEW_PTRACE_MAY_ACCESS,
	KMVIEW_PIDFD_GET_PID,
	/* KMVIEW_INIT_MOUNT */
	KMVIEW_CREATE_USER_NS,
	KMVIEW_ALLOC_UCOUNTS,
	KMVIEW_PUT_UCOUNTS,
	KMVIEW_PATH_MOUNT,
	KMVIEW_PATH_UMOUNT,
	/* KMVIEW_ENTER */
	KMVIEW_SETNS,
	KMVIEW_SET_FS_PWD,
	KMVIEW_CURRENT_CHROOTED,
	KMVIEW_FUNCTIONS,
};

/**
 * kmview_symbols_init() - The module is loaded: look all functions of enum kmview_function up, once.
 *
 * Return: 0, -ENOMEM, or -EPROTO: one has another type in this kernel's BTF (the log says which).
 */
int kmview_symbols_init(void);

/**
 * kmview_has() - Was a function found?
 * @function: which
 *
 * Return: True if it was.
 */
bool kmview_has(enum kmview_function function);

/**
 * kmview_address() - Tell the address of a function that was found, for kmview_original().
 * @function: which
 *
 * Return: The ftrace location.
 */
unsigned long kmview_address(enum kmview_function function);

struct file;

/* ---- the functions themselves, with the types that the kernel gives them: only if kmview_has() one it may be called */

/**
 * kmview_receive_fd_replace() - As receive_fd_replace() of the kernel.
 * @fd: the number
 * @file: the file, is counted
 * @flags: O_CLOEXEC or 0
 *
 * Return: @fd or a negative error.
 */
int kmview_receive_fd_replace(int fd, struct file *file, unsigned int flags);

/**
 * kmview_cgroup_enter_frozen() - As cgroup_enter_frozen() of the kernel, for the current task.
 */
void kmview_cgroup_enter_frozen(void);

/**
 * kmview_cgroup_leave_frozen() - As cgroup_leave_frozen() of the kernel, for the current task.
 * @always: also if the cgroup is still to be frozen
 */
void kmview_cgroup_leave_frozen(bool always);

/**
 * kmview_create_user_ns() - As create_user_ns() of the kernel.
 * @cred: credentials that nobody uses yet; they move to the new namespace
 *
 * Return: 0 or a negative error.
 */
int kmview_create_user_ns(struct cred *cred);

/**
 * kmview_alloc_ucounts() - As alloc_ucounts() of the kernel.
 * @ns: a user namespace
 * @uid: whom it counts for
 *
 * Return: Counted, or NULL.
 */
struct ucounts *kmview_alloc_ucounts(struct user_namespace *ns, kuid_t uid);

/**
 * kmview_put_ucounts() - As put_ucounts() of the kernel.
 * @ucounts: the caller's reference
 */
void kmview_put_ucounts(struct ucounts *ucounts);

/**
 * kmview_path_mount() - As path_mount() of the kernel.
 * @source: as of mount(2), in kernel memory
 * @path: where
 * @type: as of mount(2)
 * @flags: as of mount(2)
 * @data: a page of kernel memory, or NULL
 *
 * Return: 0 or a negative error.
 */
int kmview_path_mount(const char *source, struct path *path, const char *type, unsigned long flags, void *data);

/**
 * kmview_path_umount() - As path_umount() of the kernel.
 * @path: what; the reference to it passes on
 * @flags: as of umount2(2)
 *
 * Return: 0 or a negative error.
 */
int kmview_path_umount(struct path *path, int flags);

/**
 * kmview_ptrace_may_access() - As ptrace_may_access() of the kernel, for the current task.
 * @task: whom
 * @mode: PTRACE_MODE_
 *
 * Return: True if it may.
 */
bool kmview_ptrace_may_access(struct task_struct *task, unsigned int mode);

/**
 * kmview_pidfd_get_pid() - As pidfd_get_pid() of the kernel.
 * @fd: a descriptor of the current task
 * @flags: out, of its file
 *
 * Return: The pid, counted, or an error.
 */
struct pid *kmview_pidfd_get_pid(unsigned int fd, unsigned int *flags);

/**
 * kmview_set_fs_pwd() - As set_fs_pwd() of the kernel.
 * @fs: of the current task
 * @path: its working directory from now on, is counted
 */
void kmview_set_fs_pwd(struct fs_struct *fs, const struct path *path);

/**
 * kmview_current_chrooted() - As current_chrooted() of the kernel.
 *
 * Return: True if the current task is.
 */
bool kmview_current_chrooted(void);

/* ---- any function by name, for hook.c */

/* Up to so many symbols are looked up before a grace period is waited for. */
#define KMVIEW_LOOKUPS 64
struct kmview_lookups;

/**
 * kmview_lookups_new() - Begin to look symbols up by name, for hook.c.
 *
 * Return: What kmview_look_up() needs, to be flushed and then freed by kfree(); NULL: no memory.
 */
struct kmview_lookups *kmview_lookups_new(void);

/**
 * kmview_look_up() - Look a symbol up.
 * @lookups: of kmview_lookups_new()
 * @name: the symbol
 * @address: out, its ftrace location, or 0
 */
void kmview_look_up(struct kmview_lookups *lookups, const char *name, unsigned long *address);

/**
 * kmview_lookups_flush() - Let go of what the lookups hold; waits for a grace period.
 * @lookups: of kmview_lookups_new()
 */
void kmview_lookups_flush(struct kmview_lookups *lookups);

#endif
