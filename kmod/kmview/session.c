// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions: life and death.
 *
 * A session is an open file of the device. It holds the session once, each task once, each nested session once; the
 * last who lets go may be an exiting task, so what is left to do then is left to a worker. The module is held as long
 * as there is a session, hence while any task of one may have our functions on its stack.
 *
 * Built-in hooks are on while there is an initialised session; the tracepoints from the first session on, since each
 * change of a tracepoint patches code that every fork runs through (sessions_lock).
 */
#include <linux/bpf.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/thread_info.h>

#include "format.h"
#include "hook.h"
#include "image.h"
#include "limits.h"
#include "mount.h"
#include "ring.h"
#include "session.h"
#include "task.h"

static unsigned int max_sessions = 256;
module_param(max_sessions, uint, 0644);
MODULE_PARM_DESC(max_sessions, "how many sessions one user may have (root: any number); default 256");

static DEFINE_MUTEX(sessions_lock);
static bool tracepoints;
static struct workqueue_struct *free_queue;
static atomic64_t last_id;

static DEFINE_SPINLOCK(all_lock);
static LIST_HEAD(all);
/* The same by manager, so that the exit of a process that manages nothing need not look at them. */
static DEFINE_HASHTABLE(by_manager, 8);

static int start_watching(bool mounts)
{
	int err = 0;

	mutex_lock(&sessions_lock);
	if (!tracepoints)
		err = kmview_tasks_watch();
	tracepoints |= !err;
	mutex_unlock(&sessions_lock);
	return err ?: kmview_hooks_builtin_get(mounts);
}

/* Let go of a session that nothing refers to. */
static void discard_session(struct kmview_session *session)
{
	if (session->parent)
		kmview_session_put(session->parent);
	put_pid_ns(session->pid_ns);
	put_pid(session->manager);
	kfree(session);
	module_put(THIS_MODULE);
}

static void free_session(struct work_struct *work)
{
	struct kmview_session *session = container_of(work, struct kmview_session, free_work);
	int i;

	spin_lock(&all_lock);
	list_del(&session->node);
	hash_del_rcu(&session->by_manager);
	spin_unlock(&all_lock);

	kmview_rules_free(session);
	if (session->watching)
		kmview_hooks_builtin_put(session->flags & KMVIEW_INIT_MOUNT);
	for (i = 0; i < KMVIEW_PROGS; i++) {
		struct bpf_prog *prog = rcu_dereference_protected(session->progs[i], true);

		if (prog)
			bpf_prog_put(prog);
	}
	kmview_prefixes_free(session);
	kmview_marks_free(session);
	kmview_image_free(session);
	kmview_formats_free(session);
	kmview_channel_free(session);
	kmview_userns_put(session);
	discard_session(session);
}

/* Put a new session on the list of all, if its user may have one more. */
static bool enlist_session(struct kmview_session *new)
{
	bool any = capable(CAP_SYS_RESOURCE);
	struct kmview_session *session;
	unsigned int n = 0;

	spin_lock(&all_lock);
	list_for_each_entry(session, &all, node)
		n += uid_eq(session->user, new->user);
	any |= n < READ_ONCE(max_sessions);
	if (any) {
		list_add(&new->node, &all);
		hash_add_rcu(by_manager, &new->by_manager, (unsigned long)new->manager);
	}
	spin_unlock(&all_lock);
	return any;
}

struct kmview_session *kmview_session_open(void)
{
	struct kmview_task *self = kmview_current();
	struct kmview_session *session;

	session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);
	if (!session)
		return ERR_PTR(-ENOMEM);
	__module_get(THIS_MODULE);
	session->user = current_uid();
	refcount_set(&session->refs, 1);
	INIT_WORK(&session->free_work, free_session);
	mutex_init(&session->setup);
	spin_lock_init(&session->image_lock);
	spin_lock_init(&session->formats_lock);
	session->id = atomic64_inc_return(&last_id);
	session->manager = get_task_pid(current, PIDTYPE_TGID);
	session->pid_ns = get_pid_ns(task_active_pid_ns(current));
	session->opener_has_seccomp = test_syscall_work(SECCOMP);
	session->trusted = capable(CAP_SYS_PTRACE);
	session->bytes = sizeof(*session);
	if (self) {
		/* Read once: an attach may put us into an inner one just now, which holds this one, too. */
		session->parent = READ_ONCE(self->session);
		kmview_session_get(session->parent);
		session->depth = session->parent->depth + 1;
	}
	/* A call that each manager lets go on takes kernel stack for each. */
	if (session->depth >= KMVIEW_NESTING_MAX || !enlist_session(session)) {
		int err = session->depth >= KMVIEW_NESTING_MAX ? -ELOOP : -ENFILE;

		discard_session(session);
		return ERR_PTR(err);
	}
	return session;
}

/* Bytes that the rings of a user's sessions take, that of a session being initialised among them. */
static u64 rings_of(kuid_t user)
{
	struct kmview_session *session;
	u64 bytes = 0;

	spin_lock(&all_lock);
	list_for_each_entry(session, &all, node)
		if (uid_eq(session->user, user))
			bytes += READ_ONCE(session->channel.size);
	spin_unlock(&all_lock);
	return bytes;
}

/* Under session->setup. */
int kmview_session_init(struct kmview_session *session, struct kmview_init *init)
{
	bool mounts = init->flags & KMVIEW_INIT_MOUNT, watches = init->flags & KMVIEW_INIT_WATCH;
	int err;

	/* INIT must come from the process that opened the device: it is that process's exit that ends the session. */
	if (task_tgid(current) != session->manager)
		return -EPERM;
	if (session->watching)
		return -EBUSY;
	if (init->major != KMVIEW_ABI_MAJOR)
		return -EPROTO;
	if (init->flags & ~(KMVIEW_INIT_MOUNT | KMVIEW_INIT_WATCH) || init->reserved || (mounts && watches))
		return -EINVAL;
	if (watches && session->parent)
		return -EOPNOTSUPP;
	err = kmview_channel_init(session, init->slots ?: 64, init->slot_size ?: 4096);
	if (err)
		return err;
	if (!kmview_limits_ring(rings_of(session->user))) {
		err = -ENOBUFS;
		goto undo_channel;
	}
	err = mounts ? kmview_mount_prepare(session) : 0;
	if (err)
		goto undo_channel;
	err = start_watching(mounts);
	if (err)
		goto undo_mounts;
	kmview_rules_init(session);
	session->watching = true;
	session->flags = init->flags;
	smp_store_release(&session->alive, true); /* pairs with is_alive() */

	init->minor = KMVIEW_ABI_MINOR;
	init->slots = session->channel.slots;
	init->slot_size = session->channel.slot_size;
	init->session = session->id;
	init->ring_size = session->channel.size;
	init->features = KMVIEW_FEATURE_BPF | KMVIEW_FEATURE_WATCH | KMVIEW_FEATURE_IMAGE | KMVIEW_FEATURE_FORMATS;
	if (IS_ENABLED(CONFIG_IA32_EMULATION))
		init->features |= KMVIEW_FEATURE_IA32;
	if (kmview_mount_available())
		init->features |= KMVIEW_FEATURE_MOUNT;
	return 0;

undo_mounts:
	kmview_userns_put(session);
undo_channel:
	kmview_channel_free(session);
	return err;
}

void kmview_sessions_leave(const struct pid *process)
{
	struct kmview_session *session;

	/* Its own sessions are there for as long as it runs. */
	if (hlist_empty(&by_manager[hash_min((unsigned long)process, HASH_BITS(by_manager))]))
		return;
	spin_lock(&all_lock);
	hash_for_each_possible(by_manager, session, by_manager, (unsigned long)process)
		if (session->manager == process)
			kmview_session_die(session);
	spin_unlock(&all_lock);
}

/*
 * The manager is gone: nobody answers any more, and no task of the session shall go on without it. Tasks that were only
 * watched leave.
 */
void kmview_session_die(struct kmview_session *session)
{
	WRITE_ONCE(session->alive, false);
	if (session->flags & KMVIEW_INIT_WATCH)
		kmview_tasks_release(session);
	else
		/* A fork that did not see this put its child on the list before; one that did kills it itself. */
		kmview_tasks_kill(session, SIGKILL);
	kmview_channel_close(session);
}

void kmview_session_get(struct kmview_session *session)
{
	refcount_inc(&session->refs);
}

void kmview_session_put(struct kmview_session *session)
{
	if (refcount_dec_and_test(&session->refs))
		queue_work(free_queue, &session->free_work);
}

bool kmview_session_within(const struct kmview_session *inner, const struct kmview_session *outer)
{
	for (; inner; inner = inner->parent)
		if (inner == outer)
			return true;
	return false;
}

bool kmview_session_has_seccomp(const struct kmview_session *session)
{
	struct task_struct *leader, *thread;
	bool has = session->opener_has_seccomp;

	rcu_read_lock();
	leader = pid_task(session->manager, PIDTYPE_TGID);
	if (leader && !has)
		for_each_thread(leader, thread)
			has |= test_task_syscall_work(thread, SECCOMP);
	rcu_read_unlock();
	return has;
}

bool kmview_session_lives(const struct kmview_session *session)
{
	for (; session; session = session->parent)
		if (!READ_ONCE(session->alive) && !(session->flags & KMVIEW_INIT_WATCH))
			return false;
	return true;
}

int kmview_sessions_init(void)
{
	free_queue = alloc_workqueue("kmview", WQ_UNBOUND, 0);
	return free_queue ? 0 : -ENOMEM;
}

void kmview_sessions_exit(void)
{
	destroy_workqueue(free_queue);
	if (tracepoints)
		kmview_tasks_unwatch();
}
