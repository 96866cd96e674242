// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kmview: what user space says to the module. The protocol is in uapi/kmview.h; here arguments are fetched and
 * checked for form, then handed to whom they concern.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "enter.h"
#include "file_creds.h"
#include "filter.h"
#include "format.h"
#include "hook.h"
#include "image.h"
#include "program.h"
#include "ring.h"
#include "rule.h"
#include "session.h"
#include "symbols.h"
#include "task.h"

static int init_session(struct kmview_session *session, struct kmview_init __user *arg)
{
	struct kmview_init init;
	int err;

	if (copy_from_user(&init, arg, sizeof(init)))
		return -EFAULT;
	mutex_lock(&session->setup);
	err = kmview_session_init(session, &init);
	mutex_unlock(&session->setup);
	if (!err && copy_to_user(arg, &init, sizeof(init)))
		err = -EFAULT;
	return err;
}

static int send_signal(struct kmview_session *session, const struct kmview_kill *arg)
{
	if (!valid_signal(arg->signal) || arg->reserved)
		return -EINVAL;
	kmview_tasks_kill(session, arg->signal);
	return 0;
}

static int read_stats(struct kmview_session *session, struct kmview_stats __user *arg)
{
	struct kmview_stats stats = {
		.events = READ_ONCE(session->channel.next_id),
		.answers = atomic64_read(&session->answers),
		.bad_answers = atomic64_read(&session->bad_answers),
		.cancelled = atomic64_read(&session->cancelled),
		.slept = atomic64_read(&session->slept),
		.tasks = atomic_read(&session->tasks),
		.session_bytes = session->bytes,
		.task_bytes = sizeof(struct kmview_task),
	};

	return copy_to_user(arg, &stats, sizeof(stats)) ? -EFAULT : 0;
}

static long under_setup(struct kmview_session *session, int (*function)(struct kmview_session *, void *), void *arg)
{
	int err;

	mutex_lock(&session->setup);
	err = function(session, arg);
	mutex_unlock(&session->setup);
	return err;
}

static int set_rules(struct kmview_session *session, void *arg)
{
	return kmview_rules_set(session, (struct kmview_rules __force __user *)arg);
}

static int set_prefix(struct kmview_session *session, void *arg)
{
	return kmview_prefix_set(session, arg);
}

/* Apart from the others since it comes with every answer. */
static int exchange_events(struct kmview_session *session, const struct kmview_exchange __user *arg)
{
	struct kmview_exchange in;

	if (copy_from_user(&in, arg, sizeof(in)))
		return -EFAULT;
	return kmview_exchange(session, &in);
}

/* Commands of a session that was initialised. */
static long run_command(struct kmview_session *session, unsigned int cmd, void __user *arg)
{
	/* What the caller passes in, for commands that only do that. */
	union {
		struct kmview_join join;
		struct kmview_prefix prefix;
		struct kmview_mark mark;
		struct kmview_mark_cookie mark_cookie;
		struct kmview_cookie cookie;
		struct kmview_prog prog;
		struct kmview_attach attach;
		struct kmview_kill kill;
		struct kmview_mem mem;
		struct kmview_give give;
		struct kmview_enter enter;
		struct kmview_image image;
		struct kmview_enter_net enter_net;
		struct kmview_formats formats;
	} in;

	switch (cmd) {
	case KMVIEW_RULES:
		return under_setup(session, set_rules, (void __force *)arg);
	case KMVIEW_TASKS:
		return kmview_tasks_list(session, arg);
	case KMVIEW_STATS:
		return read_stats(session, arg);
	case KMVIEW_EXCHANGE:
		return exchange_events(session, arg);
	case KMVIEW_JOIN:
	case KMVIEW_PREFIX:
	case KMVIEW_MARK:
	case KMVIEW_PROG:
	case KMVIEW_ATTACH:
	case KMVIEW_KILL:
	case KMVIEW_MEM:
	case KMVIEW_GIVE:
	case KMVIEW_ENTER:
	case KMVIEW_COOKIE:
	case KMVIEW_MARK_COOKIE:
	case KMVIEW_IMAGE:
	case KMVIEW_ENTER_NET:
	case KMVIEW_FORMATS:
		break;
	default:
		return -ENOTTY;
	}
	if (copy_from_user(&in, arg, _IOC_SIZE(cmd)))
		return -EFAULT;
	switch (cmd) {
	case KMVIEW_JOIN:
		return kmview_join(session, in.join.cookie);
	case KMVIEW_PREFIX:
		return under_setup(session, set_prefix, &in.prefix);
	case KMVIEW_MARK:
		return kmview_mark_set(session, in.mark.fd, in.mark.marks, 0);
	case KMVIEW_MARK_COOKIE:
		return kmview_mark_set(session, in.mark_cookie.fd, in.mark_cookie.marks, in.mark_cookie.cookie);
	case KMVIEW_COOKIE:
		return kmview_cookie_set(session, &in.cookie);
	case KMVIEW_IMAGE:
		return kmview_image_set(session, &in.image);
	case KMVIEW_PROG:
		return kmview_program_set(session, &in.prog);
	case KMVIEW_ATTACH:
		return in.attach.reserved ? -EINVAL : kmview_attach(session, in.attach.pidfd, in.attach.cookie);
	case KMVIEW_KILL:
		return send_signal(session, &in.kill);
	case KMVIEW_MEM:
		return kmview_mem(session, &in.mem);
	case KMVIEW_ENTER:
		return kmview_enter(session, in.enter.pidfd, in.enter.like);
	case KMVIEW_FORMATS:
		return kmview_formats_set(session, &in.formats);
	case KMVIEW_ENTER_NET:
		return kmview_enter_network(session, in.enter_net.pidfd, in.enter_net.net);
	default:
		return kmview_give(session, &in.give);
	}
}

/* Was it initialised, and is its manager there? What INIT made is seen then. */
static bool is_alive(const struct kmview_session *session)
{
	return smp_load_acquire(&session->alive); /* pairs with kmview_session_init() */
}

static long kmview_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct kmview_session *session = file->private_data;

	if (cmd == KMVIEW_INIT)
		return init_session(session, (struct kmview_init __user *)arg);
	if (!is_alive(session))
		return _IOC_TYPE(cmd) == KMVIEW_MAGIC ? -ENOTCONN : -ENOTTY;
	return run_command(session, cmd, (void __user *)arg);
}

static int kmview_open(struct inode *inode, struct file *file)
{
	struct kmview_session *session = kmview_session_open();

	if (IS_ERR(session))
		return PTR_ERR(session);
	file->private_data = session;
	return 0;
}

static int kmview_release(struct inode *inode, struct file *file)
{
	struct kmview_session *session = file->private_data;

	kmview_session_die(session);
	kmview_session_put(session);
	return 0;
}

static int kmview_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct kmview_session *session = file->private_data;

	if (!is_alive(session))
		return -ENOTCONN;
	return kmview_channel_mmap(session, vma);
}

static __poll_t kmview_poll(struct file *file, poll_table *wait)
{
	struct kmview_session *session = file->private_data;

	if (!is_alive(session))
		return EPOLLERR;
	return kmview_channel_poll(session, file, wait);
}

static const struct file_operations kmview_fops = {
	.owner = THIS_MODULE,
	.open = kmview_open,
	.release = kmview_release,
	.unlocked_ioctl = kmview_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = kmview_mmap,
	.poll = kmview_poll,
	.llseek = noop_llseek,
};

/*
 * Of those that the kernel's list of devices reserves for local use; fixed, so that opening the node loads the module.
 */
#define KMVIEW_MINOR 246

static struct miscdevice kmview_device = {
	.minor = KMVIEW_MINOR,
	.name = "kmview",
	.fops = &kmview_fops,
	.mode = 0666, /* every ioctl checks what its caller may */
};

static bool untried;
module_param(untried, bool, 0444);
MODULE_PARM_DESC(untried, "load on a kernel that the module was not tried on; default no");

/* The kernels that all tests run on. */
static bool __init was_tried(void)
{
	switch (LINUX_VERSION_CODE >> 8) {
	case KERNEL_VERSION(6, 1, 0) >> 8:
	case KERNEL_VERSION(6, 12, 0) >> 8:
	case KERNEL_VERSION(7, 2, 0) >> 8:
		return true;
	}
	return false;
}

static int __init kmview_load(void)
{
	int err;

	if (!was_tried() && !untried) {
		pr_err("kmview: was tried on Linux 6.1, 6.12 and 7.2, not on this one; untried=1 loads it\n");
		return -ENODEV;
	}
	err = kmview_symbols_init();
	if (!err && !kmview_has(KMVIEW_RECEIVE_FD_REPLACE))
		err = -ENOENT;
	if (err)
		goto fail;
	err = kmview_tasks_init();
	if (err)
		goto fail;
	err = kmview_hooks_init();
	if (err)
		goto undo_tasks;
	err = kmview_sessions_init();
	if (err)
		goto undo_hooks;
	err = kmview_formats_init();
	if (err)
		goto undo_sessions;
	err = misc_register(&kmview_device);
	if (err)
		goto undo_formats;
	pr_info("kmview: ABI %u.%u on /dev/kmview\n", KMVIEW_ABI_MAJOR, KMVIEW_ABI_MINOR);
	return 0;

undo_formats:
	kmview_formats_exit();
undo_sessions:
	kmview_sessions_exit();
undo_hooks:
	kmview_hooks_exit();
undo_tasks:
	kmview_tasks_exit();
fail:
	pr_err("kmview: cannot be loaded, error %d\n", err);
	return err;
}

static void __exit kmview_unload(void)
{
	misc_deregister(&kmview_device);
	kmview_formats_exit();
	kmview_sessions_exit();
	kmview_hooks_exit();
	kmview_tasks_exit();
	kmview_files_exit();
	rcu_barrier();
}

module_init(kmview_load);
module_exit(kmview_unload);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("Virtual Square");
MODULE_DESCRIPTION("System calls of view sessions, virtualised");
MODULE_ALIAS_MISCDEV(KMVIEW_MINOR);
MODULE_ALIAS("devname:kmview");
MODULE_VERSION("0.1.0");
