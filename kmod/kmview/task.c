// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is in which session.
 *
 * kmview_leaves finds the kmview_task of a pid with two loads; the gate reads it at every hooked call of every task of
 * the machine. Leaves are made when a pid of theirs first enters a session and stay until the module goes; all others
 * are the one empty leaf, so that the gate needs no test.
 *
 * Entries come with JOIN and ATTACH, and with fork (tracepoint sched_process_fork, before the child runs). They go
 * with exit (sched_process_exit, after the last system call). An exec by a thread that is not the leader
 * gives it the leader's pid (sched_process_exec).
 *
 * The tasks of a session that only watches have no no_new_privs, which else is the quick sign of a task of a session, and
 * can leave: with the session, or when they execute a program that gains privileges. Who leaves may be in a call of
 * dispatch.c, or on the way to it, with the entry in hand: the entry goes after a grace period of tasks and the last call.
 *
 * Every change is made under kmview_tasks_lock, which is taken with interrupts on or off in any context but
 * interrupts; the gate and kmview_current() read the task's own entry without it.
 */
#include <linux/binfmts.h>
#include <linux/hashtable.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "gate.h"
#include "image.h"
#include "ring.h"
#include "session.h"
#include "space.h"
#include "symbols.h"
#include "task.h"

static struct kmview_leaf no_leaf;
struct kmview_leaf *kmview_leaves[KMVIEW_LEAVES];

static DEFINE_SPINLOCK(kmview_tasks_lock);
static LIST_HEAD(tasks);
static DEFINE_HASHTABLE(tasks_by_task, 10);
static struct kmem_cache *task_cache;
static bool freed_late;
static atomic_t watched = ATOMIC_INIT(0); /* tasks of sessions that only watch */

static struct kmview_task **entry_of(pid_t pid)
{
	return &kmview_leaves[pid >> KMVIEW_LEAF_SHIFT]->task[pid & (KMVIEW_LEAF_SIZE - 1)];
}

static int grow_leaf(pid_t pid, gfp_t gfp)
{
	struct kmview_leaf **place = &kmview_leaves[pid >> KMVIEW_LEAF_SHIFT], *leaf;

	if (READ_ONCE(*place) != &no_leaf)
		return 0;
	leaf = kzalloc(sizeof(*leaf), gfp);
	if (!leaf)
		return -ENOMEM;
	if (cmpxchg(place, &no_leaf, leaf) != &no_leaf)
		kfree(leaf); /* somebody else was faster */
	return 0;
}

static struct kmview_task *lookup_entry(struct task_struct *task)
{
	struct kmview_task *self = READ_ONCE(*entry_of(task->pid));

	return self && self->task == task ? self : NULL;
}

struct kmview_task *kmview_current(void)
{
	return lookup_entry(current);
}

/* Find a task whose entry may not be under its pid, since exec is just changing that. Under kmview_tasks_lock. */
static struct kmview_task *find_entry(struct task_struct *task)
{
	struct kmview_task *self;

	hash_for_each_possible(tasks_by_task, self, by_task, (unsigned long)task)
		if (self->task == task)
			return self;
	return NULL;
}

/* Under kmview_tasks_lock. The session's count is taken over from the caller. */
static void insert_entry(struct kmview_task *self, struct task_struct *task, struct kmview_session *session, u64 cookie)
{
	self->task = task;
	self->pid = task->pid;
	self->session = session;
	self->cookie = cookie;
	atomic_set(&self->users, 1);
	self->watched = session->flags & KMVIEW_INIT_WATCH;
	if (self->watched)
		atomic_inc(&watched);
	else
		task_set_no_new_privs(task);
	list_add_tail(&self->node, &tasks);
	hash_add(tasks_by_task, &self->by_task, (unsigned long)task);
	for (; session; session = session->parent)
		atomic_inc(&session->tasks);
	WRITE_ONCE(self->session->populated, true);
	smp_store_release(entry_of(task->pid), self); /* a whole entry, for the gate */
}

static void remove_entry(struct kmview_task *self)
{
	struct kmview_session *session;

	list_del(&self->node);
	hash_del(&self->by_task);
	if (self->watched)
		atomic_dec(&watched);
	for (session = self->session; session; session = session->parent)
		if (atomic_dec_and_test(&session->tasks))
			kmview_channel_emptied(session);
}

/* May the task be in a session? A quick answer for most tasks of the machine. */
static bool may_be_inside(struct task_struct *task)
{
	return task_no_new_privs(task) || atomic_read(&watched);
}

/* ---- leaving a session that only watches */

void kmview_task_free(struct kmview_task *self)
{
	struct kmview_session *session = self->session;

	kmem_cache_free(task_cache, self);
	kmview_session_put(session);
}

static void grace_is_over(struct rcu_head *rcu)
{
	kmview_task_outside(container_of(rcu, struct kmview_task, rcu));
}

/* Under kmview_tasks_lock. */
static void release_entry(struct kmview_task *self)
{
	cmpxchg(entry_of(self->pid), self, NULL);
	remove_entry(self);
	WRITE_ONCE(freed_late, true);
	call_rcu_tasks(&self->rcu, grace_is_over);
}

void kmview_tasks_release(struct kmview_session *session)
{
	struct kmview_task *self, *next;

	spin_lock(&kmview_tasks_lock);
	/* Those of a session nested in it stay: they end with that one. */
	list_for_each_entry_safe(self, next, &tasks, node)
		if (self->session == session)
			release_entry(self);
	spin_unlock(&kmview_tasks_lock);
}

/* ---- tracepoints */

static void on_fork(void *data, struct task_struct *parent, struct task_struct *child)
{
	struct kmview_task *self = lookup_entry(parent), *new;
	struct kmview_session *session;
	bool entered = false;

	if (!self)
		return;
	new = kmem_cache_zalloc(task_cache, GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN);
	if (!new || grow_leaf(child->pid, GFP_ATOMIC | __GFP_NOWARN)) {
		/* Nobody leaves: rather no child than one outside. It has not run yet. */
		if (new)
			kmem_cache_free(task_cache, new);
		send_sig(SIGKILL, child, 1);
		return;
	}
	new->space = kmview_space_get(self->space);
	spin_lock(&kmview_tasks_lock);
	session = self->session; /* an attach may have changed it, but not now */
	/* A thread that an attach of the whole process has found already is inside; who has left has no heirs. */
	if (!find_entry(child) && find_entry(parent) == self) {
		kmview_session_get(session);
		insert_entry(new, child, session, self->cookie);
		entered = true;
	}
	if (!kmview_session_lives(session))
		send_sig(SIGKILL, child, 1);
	spin_unlock(&kmview_tasks_lock);
	if (!entered) {
		kmview_space_put(new->space);
		kmem_cache_free(task_cache, new);
	}
}

static void on_exec(void *data, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct kmview_task *self;
	bool gains = bprm->secureexec || bprm->interp_flags & BINPRM_FLAGS_ENFORCE_NONDUMP;

	if (!may_be_inside(task))
		return;
	if (old_pid == task->pid && !gains)
		goto image;
	/* The leader, whose pid this was until now, has exited: its entry is empty. */
	spin_lock(&kmview_tasks_lock);
	self = find_entry(task);
	if (self && old_pid != task->pid) {
		smp_store_release(entry_of(task->pid), self); /* as in insert_entry() */
		cmpxchg(entry_of(old_pid), self, NULL);
		self->pid = task->pid;
		self->counted_by = NULL;
		self->moved = true;
	}
	/* What the program does with its privileges is not for who watches. */
	if (self && gains && self->session->flags & KMVIEW_INIT_WATCH && !self->session->trusted) {
		kmview_announce(self->session, KMVIEW_ENTRY_LEFT, task_tgid_nr_ns(task, self->session->pid_ns),
				task_pid_nr_ns(task, self->session->pid_ns));
		release_entry(self);
	}
	spin_unlock(&kmview_tasks_lock);
image:
	self = lookup_entry(task);
	if (self)
		kmview_image_exec(self->session, bprm);
}

static void free_late(struct rcu_head *rcu)
{
	kmem_cache_free(task_cache, container_of(rcu, struct kmview_task, rcu));
}

/*
 * The entry of a task is only read by the task. But during an exec by a thread that is not the leader the thread's old
 * pid is free while the entry is still there: a new task with this pid may have found the entry, and looks whose it is.
 */
static void free_task_entry(struct kmview_task *self, bool seen_by_others)
{
	if (!seen_by_others) {
		kmem_cache_free(task_cache, self);
		return;
	}
	WRITE_ONCE(freed_late, true);
	call_rcu_tasks(&self->rcu, free_late);
}

/* Under kmview_tasks_lock, so that it comes before the word that nobody is left. */
static void announce_end(struct kmview_task *self, struct task_struct *task)
{
	struct pid_namespace *ns = self->session->pid_ns;
	u32 status = task->signal->flags & SIGNAL_GROUP_EXIT ? task->signal->group_exit_code : task->exit_code;

	kmview_announce(self->session, KMVIEW_ENTRY_EXITED, task_tgid_nr_ns(task, ns),
			task_pid_nr_ns(task, ns) | (u64)status << 32);
}

/* Interrupts are off. */
static void on_signal(void *data, int number, struct kernel_siginfo *info, struct k_sigaction *action)
{
	struct kmview_task *self = kmview_current();
	struct kmview_session *session;
	int code;

	if (!self)
		return;
	/* What kills a whole group comes to its threads as SIGKILL without a word; so does the exit of one. */
	if (number == SIGKILL && current->signal->flags & SIGNAL_GROUP_EXIT) {
		number = current->signal->group_exit_code & 0x7f;
		if (!number)
			return;
	}
	code = info == SEND_SIG_NOINFO ? SI_USER : info == SEND_SIG_PRIV ? SI_KERNEL : info->si_code;
	session = READ_ONCE(self->session);
	if (!(session->flags & KMVIEW_INIT_WATCH))
		return;
	kmview_announce(session, KMVIEW_ENTRY_SIGNAL, task_tgid_nr_ns(current, session->pid_ns),
			(u64)task_pid_nr_ns(current, session->pid_ns) | (u64)number << 32 | (u64)(u32)code << 40);
}

static void on_exit_of(void *data, struct task_struct *task)
{
	struct kmview_task *self;

	if (!atomic_read(&task->signal->live)) /* the last thread */
		kmview_sessions_leave(task_tgid(task));
	if (!may_be_inside(task))
		return;
	spin_lock(&kmview_tasks_lock);
	self = find_entry(task);
	if (self) {
		if (self->session->flags & KMVIEW_INIT_WATCH)
			announce_end(self, task);
		cmpxchg(entry_of(self->pid), self, NULL);
		remove_entry(self);
	}
	spin_unlock(&kmview_tasks_lock);
	if (self) {
		kmview_space_put(self->space);
		kmview_session_put(self->session);
		free_task_entry(self, self->pid != task->pid || self->moved);
	}
}

static struct probe {
	const char *name;
	void *function;
	struct tracepoint *tracepoint;
} probes[] = {
	{ "sched_process_fork", on_fork },
	{ "sched_process_exec", on_exec },
	{ "sched_process_exit", on_exit_of },
	{ "signal_deliver", on_signal },
};

static void find_probe(struct tracepoint *tracepoint, void *data)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tracepoint->name, probes[i].name))
			probes[i].tracepoint = tracepoint;
}

int kmview_tasks_watch(void)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		err = tracepoint_probe_register(probes[i].tracepoint, probes[i].function, NULL);
		if (err)
			goto undo;
	}
	return 0;
undo:
	while (i--)
		tracepoint_probe_unregister(probes[i].tracepoint, probes[i].function, NULL);
	return err;
}

void kmview_tasks_unwatch(void)
{
	int i;

	for (i = ARRAY_SIZE(probes) - 1; i >= 0; i--)
		tracepoint_probe_unregister(probes[i].tracepoint, probes[i].function, NULL);
}

/* ---- joining */

/* May a task enter this session, as far as the sessions that it is in are concerned? Under kmview_tasks_lock. */
static int may_enter(struct task_struct *task, struct kmview_session *session)
{
	struct kmview_task *self = lookup_entry(task);

	if (!kmview_session_lives(session))
		return -ENOTCONN;
	if (self && self->session == session)
		return -EALREADY;
	return (self ? self->session : NULL) == session->parent ? 0 : -EBUSY;
}

/* Put one task into the session, in place of the outer one. Takes a new kmview_task over if it succeeds. */
static int put_in(struct task_struct *task, struct kmview_session *session, u64 cookie, struct kmview_task *new)
{
	struct kmview_task *old;
	int err;

	spin_lock(&kmview_tasks_lock);
	err = may_enter(task, session);
	if (!err && task->flags & PF_EXITING)
		err = -ESRCH; /* its exit may have been seen already */
	if (err) {
		spin_unlock(&kmview_tasks_lock);
		return err;
	}
	if (!READ_ONCE(session->alive)) {
		spin_unlock(&kmview_tasks_lock);
		return -ENOTCONN; /* its tasks have left already */
	}
	kmview_session_get(session);
	old = lookup_entry(task);
	if (old) {
		/* The task goes on to use its entry: change it, do not replace it. */
		struct kmview_session *outer = old->session;

		atomic_inc(&session->tasks);
		WRITE_ONCE(session->populated, true);
		task_set_no_new_privs(task);
		old->cookie = cookie;
		smp_store_release(&old->session, session); /* a whole one, for the task */
		spin_unlock(&kmview_tasks_lock);
		kmview_session_put(outer); /* the inner session holds it, too */
		kmem_cache_free(task_cache, new);
		return 0;
	}
	insert_entry(new, task, session, cookie);
	spin_unlock(&kmview_tasks_lock);
	return 0;
}

static struct kmview_task *new_task(pid_t pid)
{
	if (grow_leaf(pid, GFP_KERNEL_ACCOUNT))
		return NULL;
	return kmem_cache_zalloc(task_cache, GFP_KERNEL_ACCOUNT);
}

int kmview_join(struct kmview_session *session, u64 cookie)
{
	struct kmview_task *new;
	int err;

	if (task_tgid(current) == session->manager)
		return -EINVAL;
	if (!thread_group_empty(current))
		return -EBUSY;
#ifdef CONFIG_IO_URING
	if (current->io_uring)
		return -EBUSY;
#endif
	new = new_task(current->pid);
	if (!new)
		return -ENOMEM;
	err = put_in(current, session, cookie, new);
	if (err)
		kmem_cache_free(task_cache, new);
	return err == -EALREADY ? -EBUSY : err;
}

/* The next thread of the process that is not in the session yet, counted; NULL: all are. */
static struct task_struct *next_outside(struct task_struct *leader, struct kmview_session *session, int *err)
{
	struct task_struct *thread, *found = NULL;
	struct kmview_task *self;

	rcu_read_lock();
	for_each_thread(leader, thread) {
		if (thread->flags & PF_EXITING)
			continue;
		spin_lock(&kmview_tasks_lock);
		self = lookup_entry(thread);
		if (!self || self->session != session)
			found = thread;
		spin_unlock(&kmview_tasks_lock);
#ifdef CONFIG_IO_URING
		if (found && found->io_uring)
			*err = -EBUSY;
#endif
		if (found) {
			get_task_struct(found);
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

bool kmview_may_ptrace(struct task_struct *task)
{
	return kmview_has(KMVIEW_PTRACE_MAY_ACCESS) && kmview_ptrace_may_access(task, PTRACE_MODE_ATTACH_REALCREDS);
}

/*
 * Threads enter one by one, until a pass finds none outside: a thread made meanwhile by one that was outside is seen by
 * the next pass, one made by a thread inside is inside.
 */
static int attach_threads(struct task_struct *leader, struct kmview_session *session, u64 cookie)
{
	struct task_struct *thread;
	struct kmview_task *new;
	bool any = false;
	int err = 0;

	while ((thread = next_outside(leader, session, &err))) {
		if (!err && !kmview_may_ptrace(thread))
			err = -EPERM;
		new = err ? NULL : new_task(thread->pid);
		if (!err && !new)
			err = -ENOMEM;
		if (!err) {
			err = put_in(thread, session, cookie, new);
			if (err)
				kmem_cache_free(task_cache, new);
		}
		put_task_struct(thread);
		/* That one exited meanwhile, or was forked by one that is inside. */
		if (err && err != -ESRCH && err != -EALREADY)
			return err;
		any |= !err;
		err = 0;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	if (any)
		return 0;
	return READ_ONCE(leader->exit_state) ? -ESRCH : -EBUSY;
}

struct task_struct *kmview_pidfd_task(int pidfd)
{
	struct task_struct *leader;
	unsigned int flags;
	struct pid *pid;

	if (!kmview_has(KMVIEW_PIDFD_GET_PID))
		return ERR_PTR(-EOPNOTSUPP);
	pid = kmview_pidfd_get_pid(pidfd, &flags);
	if (IS_ERR(pid))
		return ERR_CAST(pid);
	leader = get_pid_task(pid, PIDTYPE_TGID);
	put_pid(pid);
	return leader ?: ERR_PTR(-ESRCH);
}

int kmview_attach(struct kmview_session *session, int pidfd, u64 cookie)
{
	struct task_struct *leader;
	int err;

	if (!kmview_has(KMVIEW_PTRACE_MAY_ACCESS))
		return -EOPNOTSUPP;
	if (kmview_session_has_seccomp(session))
		return -EPERM;
	leader = kmview_pidfd_task(pidfd);
	if (IS_ERR(leader))
		return PTR_ERR(leader);
	if (task_tgid(leader) == session->manager || same_thread_group(leader, current) || leader->flags & PF_KTHREAD)
		err = -EINVAL;
	else if (mutex_lock_interruptible(&leader->signal->cred_guard_mutex))
		err = -ERESTARTNOINTR;
	else {
		/* No exec is on its way, or a set-uid program would be inside before its new credentials show. */
		err = attach_threads(leader, session, cookie);
		mutex_unlock(&leader->signal->cred_guard_mutex);
	}
	put_task_struct(leader);
	return err;
}

int kmview_task_set_cookie(struct task_struct *task, const struct kmview_session *session, u64 cookie)
{
	struct kmview_task *self;
	int err = -ESRCH;

	spin_lock(&kmview_tasks_lock);
	self = find_entry(task);
	if (self)
		err = self->session == session ? 0 : -EPERM;
	if (!err)
		WRITE_ONCE(self->cookie, cookie);
	spin_unlock(&kmview_tasks_lock);
	return err;
}

/* ---- moving to another mount namespace */

int kmview_task_moving(struct task_struct *task, const struct kmview_session *session, bool moving)
{
	struct kmview_task *self;
	int err = -ESRCH;

	spin_lock(&kmview_tasks_lock);
	self = find_entry(task);
	if (self && self->session == session) {
		err = moving && self->moving ? -EALREADY : 0;
		self->moving = moving;
	}
	spin_unlock(&kmview_tasks_lock);
	return err;
}

struct kmview_space *kmview_task_space(struct task_struct *task)
{
	struct kmview_space *space = NULL;
	struct kmview_task *self;

	spin_lock(&kmview_tasks_lock);
	self = find_entry(task);
	if (self)
		space = kmview_space_get(self->space);
	spin_unlock(&kmview_tasks_lock);
	return space;
}

struct kmview_space *kmview_task_set_space(struct kmview_space *space)
{
	struct kmview_task *self = kmview_current();

	spin_lock(&kmview_tasks_lock);
	swap(self->space, space);
	spin_unlock(&kmview_tasks_lock);
	return space;
}

/* ---- all tasks of a session */

int kmview_tasks_list(struct kmview_session *session, struct kmview_tasks __user *arg)
{
	struct kmview_task_info *infos;
	struct kmview_tasks list;
	struct kmview_task *self;
	u32 room, n = 0;
	int err = 0;

	if (copy_from_user(&list, arg, sizeof(list)))
		return -EFAULT;
	if (list.reserved)
		return -EINVAL;
	room = min_t(u32, list.count, PID_MAX_LIMIT);
	room = min_t(u32, room, atomic_read(&session->tasks) + 64);
	infos = kvcalloc(room ?: 1, sizeof(*infos), GFP_KERNEL_ACCOUNT);
	if (!infos)
		return -ENOMEM;

	spin_lock(&kmview_tasks_lock);
	list_for_each_entry(self, &tasks, node) {
		if (!kmview_session_within(self->session, session))
			continue;
		if (n < room) {
			infos[n].pid = task_tgid_nr_ns(self->task, session->pid_ns);
			infos[n].tid = task_pid_nr_ns(self->task, session->pid_ns);
			infos[n].cookie = self->cookie;
			infos[n].session = self->session->id;
		}
		n++;
	}
	spin_unlock(&kmview_tasks_lock);

	if (copy_to_user(u64_to_user_ptr(list.tasks), infos, min(n, room) * sizeof(*infos)) || put_user(n, &arg->count))
		err = -EFAULT;
	kvfree(infos);
	return err;
}

/* Does this task stand for its process? The leader does, and any thread of a process whose leader has exited. */
static bool stands_for_process(const struct kmview_task *self)
{
	return thread_group_leader(self->task) || !find_entry(self->task->group_leader);
}

void kmview_tasks_kill(struct kmview_session *session, int signal)
{
	struct kmview_task *self;

	spin_lock(&kmview_tasks_lock);
	list_for_each_entry(self, &tasks, node) {
		if (!kmview_session_within(self->session, session))
			continue;
		if (signal == SIGKILL)
			send_sig(SIGKILL, self->task, 1);
		else if (stands_for_process(self))
			kill_pid(task_tgid(self->task), signal, 1);
	}
	spin_unlock(&kmview_tasks_lock);
}

/* ---- module */

int kmview_tasks_init(void)
{
	unsigned int i;

	for (i = 0; i < KMVIEW_LEAVES; i++)
		kmview_leaves[i] = &no_leaf;
	for_each_kernel_tracepoint(find_probe, NULL);
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!probes[i].tracepoint)
			return -ENOENT;
	task_cache = KMEM_CACHE(kmview_task, SLAB_HWCACHE_ALIGN);
	return task_cache ? 0 : -ENOMEM;
}

void kmview_tasks_exit(void)
{
	unsigned int i;

	tracepoint_synchronize_unregister();
	if (freed_late) {
		/* Who freed the last entry on the way out of dispatch.c is out, and so are the callbacks. */
		kmview_synchronize_rcu_tasks();
		kmview_rcu_barrier_tasks();
	}
	kmem_cache_destroy(task_cache);
	for (i = 0; i < KMVIEW_LEAVES; i++)
		if (kmview_leaves[i] != &no_leaf)
			kfree(kmview_leaves[i]);
}
