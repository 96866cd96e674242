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

/*
 * Look all of them up, once, when the module is loaded.
 * Returns 0, -ENOMEM, or -EPROTO if one has another type in this kernel's BTF (the log says which).
 */
int kmview_symbols_init(void);

/* Was the function found? */
bool kmview_has(enum kmview_function function);

/* The address of a function that was found, for kmview_original(). */
unsigned long kmview_address(enum kmview_function function);

struct file;

/*
 * The functions themselves, with the types that the kernel gives them. Each may only be called if kmview_has() it.
 */
int kmview_receive_fd_replace(int fd, struct file *file, unsigned int flags);
void kmview_cgroup_enter_frozen(void);
void kmview_cgroup_leave_frozen(bool always);
int kmview_create_user_ns(struct cred *cred);
struct ucounts *kmview_alloc_ucounts(struct user_namespace *ns, kuid_t uid);
void kmview_put_ucounts(struct ucounts *ucounts);
int kmview_path_mount(const char *source, struct path *path, const char *type, unsigned long flags, void *data);
int kmview_path_umount(struct path *path, int flags); /* the reference to the path passes on */
bool kmview_ptrace_may_access(struct task_struct *task, unsigned int mode);
struct pid *kmview_pidfd_get_pid(unsigned int fd, unsigned int *flags);
void kmview_set_fs_pwd(struct fs_struct *fs, const struct path *path);
bool kmview_current_chrooted(void);

/* ---- any function by name, for hook.c */

/* Up to so many symbols are looked up before a grace period is waited for. */
#define KMVIEW_LOOKUPS 64
struct kmview_lookups;

/* kfree() it when it was flushed. NULL: no memory. */
struct kmview_lookups *kmview_lookups_new(void);

/* Look a symbol up: *address becomes its ftrace location, or 0. */
void kmview_look_up(struct kmview_lookups *lookups, const char *name, unsigned long *address);

/* Let go of what the lookups hold; waits for a grace period. */
void kmview_lookups_flush(struct kmview_lookups *lookups);

#endif
