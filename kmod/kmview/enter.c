// SPDX-License-Identifier: GPL-2.0-only
/*
 * A running process of a session enters the mount namespace that another of its tasks has made, or a network namespace of
 * which the manager has a descriptor.
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
 * A network namespace is for those who have CAP_SYS_ADMIN over the user namespace that owns it, as for setns(2): the
 * manager, and the task itself when it gets there. What setns(2) asks for beyond that is the same capability over the task's
 * own user namespace, lest set-uid programs find a network that they do not expect; here no_new_privs takes care of that.
 * So for the one call the task is lent authority over the namespace's owner and nothing else: a descriptor that is
 * exchanged meanwhile leads nowhere else.
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
#include <net/net_namespace.h>

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
	struct file *fd;		  /* what setns(2) gets: a pidfd, or a namespace */
	struct task_struct *like;	  /* counted; of the pidfd; NULL: a network namespace is to be entered */
	const struct mnt_namespace *from; /* not counted, only compared */
	struct net *net;		  /* counted */
};

/* ---- in the task that enters */

/* setns(2) as this task, seen by no session. Authority as of kmview_raise(). */
static long native_setns(struct kmview_task *self, struct file *file, int kind, struct user_namespace *ns,
			 unsigned int what)
{
	int fd = kmview_receive_fd(file, O_CLOEXEC);
	struct pt_regs regs = { .di = fd, .si = kind, .orig_ax = __NR_setns };
	struct kmview_raised raised;
	long result = -ENOMEM;

	if (fd < 0)
		return fd;
	if (kmview_raise(&raised, ns, what)) {
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

static void enter_mounts(const struct entering *entering, struct kmview_task *self)
{
	char *buffer = kmalloc(PATH_MAX, GFP_KERNEL), *name;
	struct path directory;

	if (!buffer)
		return;
	get_fs_pwd(current->fs, &directory);
	name = d_path(&directory, buffer, PATH_MAX);
	path_put(&directory);
	/* Authority over the initial user namespace: whoever may not be ptraced from there has its namespaces closed. */
	if (!native_setns(self, entering->fd, CLONE_NEWNS, NULL, KMVIEW_RAISE_TRAVERSE)) {
		if (kmview_space_enter(entering->session, entering->like))
			send_sig(SIGKILL, current, 1);
		else
			change_directory(name);
	}
	kfree(buffer);
}

static void enter_network(const struct entering *entering, struct kmview_task *self)
{
	struct user_namespace *owner = entering->net->user_ns;

	if (task_no_new_privs(current) && ns_capable(owner, CAP_SYS_ADMIN))
		native_setns(self, entering->fd, CLONE_NEWNET, owner, KMVIEW_RAISE_MOUNT);
}

static bool may_go(const struct entering *entering, const struct kmview_task *self)
{
	if (current->flags & PF_EXITING || !self || self->session != entering->session ||
	    !kmview_session_lives(entering->session) || current_user_ns() != &init_user_ns ||
	    get_nr_threads(current) != 1) /* it may have been in clone(2) */
		return false;
	return !entering->like || (current->nsproxy->mnt_ns == entering->from && !kmview_current_chrooted());
}

static void release_entering(struct entering *entering)
{
	fput(entering->fd);
	if (entering->like)
		put_task_struct(entering->like);
	if (entering->net)
		put_net(entering->net);
	kmview_session_put(entering->session);
	kfree(entering);
}

static void enter_work(struct callback_head *head)
{
	struct entering *entering = container_of(head, struct entering, work);
	struct kmview_task *self = kmview_current();

	if (may_go(entering, self)) {
		if (entering->like)
			enter_mounts(entering, self);
		else
			enter_network(entering, self);
	}
	kmview_task_moving(current, entering->session, false);
	release_entering(entering);
}

/* ---- in the manager */

/* What can be known before. The task itself looks again. */
static int check_mounts(struct kmview_session *session, struct task_struct *task, struct task_struct *like)
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

/* The task to follow, or the network, and its descriptor. */
static int begin_entering(struct kmview_session *session, struct task_struct *task, struct task_struct *like,
			  struct net *net, struct file *fd)
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
	entering->like = like ? get_task_struct(like) : NULL;
	entering->net = net ? get_net(net) : NULL;
	entering->fd = get_file(fd);
	entering->from = current->nsproxy->mnt_ns;
	init_task_work(&entering->work, enter_work);
	err = task_work_add(task, &entering->work, TWA_SIGNAL);
	if (err) {
		kmview_task_moving(task, session, false);
		release_entering(entering);
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
		err = check_mounts(session, task, like);
	if (!err)
		err = begin_entering(session, task, like, NULL, like_fd);
	if (like_fd)
		fput(like_fd);
	if (!IS_ERR(like))
		put_task_struct(like);
	put_task_struct(task);
	return err;
}

int kmview_enter_network(struct kmview_session *session, int pidfd, int number)
{
	struct task_struct *task;
	struct file *fd;
	struct net *net;
	int err = 0;

	if (!kmview_has(KMVIEW_SETNS) || session->flags & KMVIEW_INIT_WATCH)
		return -EOPNOTSUPP;
	task = kmview_pidfd_task(pidfd);
	if (IS_ERR(task))
		return PTR_ERR(task);
	net = get_net_ns_by_fd(number);
	fd = IS_ERR(net) ? NULL : fget(number);
	if (IS_ERR(net))
		err = PTR_ERR(net);
	else if (!fd)
		err = -EBADF;
	else if (kmview_session_has_seccomp(session) || !kmview_may_ptrace(task) ||
		 !ns_capable(net->user_ns, CAP_SYS_ADMIN))
		err = -EPERM;
	else if (get_nr_threads(task) != 1)
		err = -EMLINK;
	if (!err)
		err = begin_entering(session, task, NULL, net, fd);
	if (fd)
		fput(fd);
	if (!IS_ERR(net))
		put_net(net);
	put_task_struct(task);
	return err;
}
