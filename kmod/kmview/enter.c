// SPDX-License-Identifier: GPL-2.0-only
/*
 * A running process of a session enters the mount namespace that another of its tasks has made.
 *
 * Only a task itself can change its namespace, so KMVIEW_ENTER leaves it a task work, which runs before the next
 * instruction of its program: setns(2) by a pidfd of the task to follow, with the capabilities for that one call; then
 * its working directory is looked up by its path. What it has open stays what it is.
 *
 * It must come from where the manager is, and see the root that the manager sees: nobody leaves a chroot or somebody
 * else's namespace this way. Where it came to is looked at afterwards; if that is not a namespace of the session, since
 * the task to follow has moved on meanwhile, the task is killed before it can look around. A process with threads, or
 * one that shares its working directory otherwise, is refused, by the kernel as well: root and working directory belong
 * to a namespace.
 *
 * A task work cannot be taken back, and runs at the task's exit at the latest. It holds the session, and so the module.
 */
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/namei.h>
#include <linux/nsproxy.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/unistd.h>
#include <linux/user_namespace.h>

#include "compat.h"
#include "enter.h"
#include "gate.h"
#include "mount_raised.h"
#include "session.h"
#include "space.h"
#include "symbols.h"
#include "task.h"

struct entering {
	struct callback_head work;
	struct kmview_session *session;	  /* counted */
	struct task_struct *like;	  /* counted */
	struct file *like_fd;		  /* its pidfd */
	const struct mnt_namespace *from; /* not counted, only compared */
};

/* ---- in the task that enters */

/* setns(2) as this task, seen by no session. */
static long native_setns(struct kmview_task *self, struct file *like_fd)
{
	int fd = kmview_receive_fd(like_fd, O_CLOEXEC);
	struct pt_regs regs = { .di = fd, .si = CLONE_NEWNS, .orig_ax = __NR_setns };
	struct kmview_raised raised;
	long result = -ENOMEM;

	if (fd < 0)
		return fd;
	/* Authority over the initial user namespace: whoever may not be ptraced from there has its namespaces closed. */
	if (kmview_raise(&raised, NULL, KMVIEW_RAISE_TRAVERSE)) {
		self->native = true;
		result = kmview_original(&regs, kmview_address(KMVIEW_SETNS));
		self->native = false;
		kmview_lower(&raised);
	}
	close_fd(fd);
	return result;
}

/* Where the path leads to in the new namespace; the root, where setns(2) has put us, if it leads nowhere. */
static void change_directory(const char *name)
{
	struct path path;

	if (IS_ERR(name) || kern_path(name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path))
		return;
	if (!path_permission(&path, MAY_EXEC | MAY_CHDIR))
		kmview_set_fs_pwd(current->fs, &path);
	path_put(&path);
}

static void enter(const struct entering *entering, struct kmview_task *self)
{
	char *buffer = kmalloc(PATH_MAX, GFP_KERNEL), *name;
	struct path directory;

	if (!buffer)
		return;
	get_fs_pwd(current->fs, &directory);
	name = d_path(&directory, buffer, PATH_MAX);
	path_put(&directory);
	if (!native_setns(self, entering->like_fd)) {
		if (kmview_space_enter(entering->session, entering->like))
			send_sig(SIGKILL, current, 1);
		else
			change_directory(name);
	}
	kfree(buffer);
}

static bool may_enter(const struct entering *entering, const struct kmview_task *self)
{
	return !(current->flags & PF_EXITING) && self && self->session == entering->session &&
	       kmview_session_lives(entering->session) && current_user_ns() == &init_user_ns &&
	       current->nsproxy->mnt_ns == entering->from && !kmview_current_chrooted();
}

static void release(struct entering *entering)
{
	fput(entering->like_fd);
	put_task_struct(entering->like);
	kmview_session_put(entering->session);
	kfree(entering);
}

static void work(struct callback_head *head)
{
	struct entering *entering = container_of(head, struct entering, work);
	struct kmview_task *self = kmview_current();

	if (may_enter(entering, self))
		enter(entering, self);
	kmview_task_moving(current, entering->session, false);
	release(entering);
}

/* ---- in the manager */

/* What can be known before. The task itself looks again. */
static int check(struct kmview_session *session, struct task_struct *task, struct task_struct *like)
{
	struct path root = {}, ours;
	bool shared = false, same = false;

	if (!kmview_may_ptrace(task))
		return -EPERM;
	if (!kmview_in_space_of(session, like))
		return -EINVAL;
	if (get_nr_threads(task) != 1)
		return -EMLINK;
	task_lock(task);
	if (task->fs && task->nsproxy) {
		get_fs_root(task->fs, &root);
		shared = READ_ONCE(task->fs->users) != 1;
		same = task->nsproxy->mnt_ns == current->nsproxy->mnt_ns;
	}
	task_unlock(task);
	if (!root.mnt)
		return -ESRCH;
	get_fs_root(current->fs, &ours);
	same &= path_equal(&root, &ours) && !kmview_current_chrooted();
	path_put(&ours);
	path_put(&root);
	return shared ? -EMLINK : same ? 0 : -EXDEV;
}

static int begin(struct kmview_session *session, struct task_struct *task, struct task_struct *like,
		 struct file *like_fd)
{
	struct entering *entering = kzalloc(sizeof(*entering), GFP_KERNEL_ACCOUNT);
	int err;

	if (!entering)
		return -ENOMEM;
	err = kmview_task_moving(task, session, true);
	if (err) {
		kfree(entering);
		return err;
	}
	kmview_session_get(session);
	entering->session = session;
	entering->like = get_task_struct(like);
	entering->like_fd = get_file(like_fd);
	entering->from = current->nsproxy->mnt_ns;
	init_task_work(&entering->work, work);
	err = task_work_add(task, &entering->work, TWA_SIGNAL);
	if (err) {
		kmview_task_moving(task, session, false);
		release(entering);
	}
	return err;
}

int kmview_enter(struct kmview_session *session, int pidfd, int like_number)
{
	struct task_struct *task, *like;
	struct file *like_fd;
	int err;

	if (!(session->flags & KMVIEW_INIT_MOUNT) || !kmview_has(KMVIEW_SETNS) || !kmview_has(KMVIEW_SET_FS_PWD) ||
	    !kmview_has(KMVIEW_CURRENT_CHROOTED))
		return -EOPNOTSUPP;
	task = kmview_pidfd_task(pidfd);
	if (IS_ERR(task))
		return PTR_ERR(task);
	like = kmview_pidfd_task(like_number);
	like_fd = IS_ERR(like) ? NULL : fget(like_number);
	err = IS_ERR(like) ? PTR_ERR(like) : !like_fd ? -EBADF : 0;
	if (!err)
		err = check(session, task, like);
	if (!err)
		err = begin(session, task, like, like_fd);
	if (like_fd)
		fput(like_fd);
	if (!IS_ERR(like))
		put_task_struct(like);
	put_task_struct(task);
	return err;
}
