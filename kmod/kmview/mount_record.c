// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a session mounted, and where it may mount.
 *
 * A space is a mount namespace that a task of the session made. It belongs to that task and those forked from it, and
 * ends with the last of them: they are what keeps the namespace, so its address means this namespace as long as the
 * space is there. A task that comes in any other way, or leaves with a user namespace of its own, has no use of it.
 *
 * Mounts are remembered by address and not counted, since a count would keep a mount busy. A stale address does no
 * harm: in a space nobody but the session mounts, so a new mount at the address of an old one is the session's, too;
 * and in other namespaces the kernel refuses to touch it.
 *
 * space.lock protects its list; nothing is mounted under it.
 */
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/nsproxy.h>
#include <linux/path.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "mount_record.h"
#include "session.h"
#include "task.h"

#define MOUNTS_MAX 32768

struct kmview_space {
	refcount_t refs;		      /* tasks */
	const struct kmview_session *session; /* not counted: its tasks are */
	const struct mnt_namespace *ns;	      /* not counted */
	struct mutex moves;		      /* see kmview_moves_lock(); taken before lock */
	struct mutex lock;
	struct list_head mounts;
	unsigned int count;
};

struct record {
	struct list_head node;
	struct vfsmount *mount;
	bool own;
	unsigned long flags; /* to get when it is put in place */
};

struct kmview_space *kmview_space_get(struct kmview_space *space)
{
	if (space)
		refcount_inc(&space->refs);
	return space;
}

void kmview_space_put(struct kmview_space *space)
{
	struct record *record, *next;

	if (!space || !refcount_dec_and_test(&space->refs))
		return;
	list_for_each_entry_safe(record, next, &space->mounts, node)
		kfree(record);
	kfree(space);
}

/* The space that the current task is in, of this session; NULL: none. */
static struct kmview_space *find_space(const struct kmview_session *session)
{
	const struct kmview_task *self = kmview_current();
	struct kmview_space *space = self ? self->space : NULL;

	return space && space->session == session && space->ns == current->nsproxy->mnt_ns ? space : NULL;
}

int kmview_record_space(struct kmview_session *session)
{
	struct kmview_space *space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);

	if (!space)
		return -ENOMEM;
	refcount_set(&space->refs, 1);
	space->session = session;
	space->ns = current->nsproxy->mnt_ns;
	mutex_init(&space->moves);
	mutex_init(&space->lock);
	INIT_LIST_HEAD(&space->mounts);
	kmview_space_put(kmview_task_set_space(space));
	return 0;
}

void kmview_leave_space(void)
{
	kmview_space_put(kmview_task_set_space(NULL));
}

int kmview_record_enter(struct kmview_session *session, struct task_struct *like)
{
	struct kmview_space *space = kmview_task_space(like);

	/* We are in this namespace, so it is not another one at an address of old. */
	if (!space || space->session != session || space->ns != current->nsproxy->mnt_ns) {
		kmview_space_put(space);
		return -EPERM;
	}
	kmview_space_put(kmview_task_set_space(space));
	return 0;
}

bool kmview_in_space_of(const struct kmview_session *session, struct task_struct *task)
{
	struct kmview_space *space = kmview_task_space(task);
	bool in = false;

	task_lock(task);
	if (space && space->session == session && task->nsproxy)
		in = space->ns == task->nsproxy->mnt_ns;
	task_unlock(task);
	kmview_space_put(space);
	return in;
}

bool kmview_in_recorded_space(const struct kmview_session *session)
{
	return find_space(session);
}

static struct record *find_record(struct kmview_space *space, const struct vfsmount *mount)
{
	struct record *record;

	list_for_each_entry(record, &space->mounts, node)
		if (record->mount == mount)
			return record;
	return NULL;
}

int kmview_record(struct kmview_session *session, struct vfsmount *mount, bool own)
{
	struct record *record = kmalloc(sizeof(*record), GFP_KERNEL_ACCOUNT), *old;
	struct kmview_space *space = find_space(session);
	int err = 0;

	if (!record || !space) {
		kfree(record);
		return record ? -EPERM : -ENOMEM;
	}
	record->mount = mount;
	record->own = own;
	record->flags = 0;
	mutex_lock(&space->lock);
	old = find_record(space, mount);
	if (old) {
		old->own = own;
		old->flags = 0;
		kfree(record);
	} else if (space->count >= MOUNTS_MAX) {
		kfree(record);
		err = -ENOSPC;
	} else {
		list_add(&record->node, &space->mounts);
		space->count++;
	}
	mutex_unlock(&space->lock);
	return err;
}

void kmview_forget(struct kmview_session *session, struct vfsmount *mount)
{
	struct kmview_space *space = find_space(session);
	struct record *record;

	if (!space)
		return;
	mutex_lock(&space->lock);
	record = find_record(space, mount);
	if (record) {
		list_del(&record->node);
		space->count--;
		kfree(record);
	}
	mutex_unlock(&space->lock);
}

bool kmview_recorded(struct kmview_session *session, struct vfsmount *mount, bool *own)
{
	struct kmview_space *space = find_space(session);
	struct record *record;

	if (!space)
		return false;
	mutex_lock(&space->lock);
	record = find_record(space, mount);
	if (record && own)
		*own = record->own;
	mutex_unlock(&space->lock);
	return record;
}

unsigned long kmview_note_flags(struct kmview_session *session, struct vfsmount *mount, unsigned long flags)
{
	struct kmview_space *space = find_space(session);
	struct record *record;

	if (!space)
		return 0;
	mutex_lock(&space->lock);
	record = find_record(space, mount);
	if (record)
		flags = record->flags |= flags;
	mutex_unlock(&space->lock);
	return record ? flags : 0;
}

int kmview_record_above(struct kmview_session *session, const struct path *path, bool own)
{
	struct path above = *path;
	int err = 0;

	path_get(&above);
	while (!err && follow_down_one(&above))
		if (!kmview_recorded(session, above.mnt, NULL))
			err = kmview_record(session, above.mnt, own);
	path_put(&above);
	return err;
}

bool kmview_is_above(const struct vfsmount *mount, const struct path *path)
{
	struct path above = *path;
	bool found = false;

	path_get(&above);
	while (!found && follow_down_one(&above))
		found = above.mnt == mount;
	path_put(&above);
	return found;
}

int kmview_moves_lock(struct kmview_session *session)
{
	struct kmview_space *space = find_space(session);

	return space ? mutex_lock_killable(&space->moves) : -EPERM;
}

void kmview_moves_unlock(struct kmview_session *session)
{
	mutex_unlock(&find_space(session)->moves);
}
