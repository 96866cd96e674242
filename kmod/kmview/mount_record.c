// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a session mounted, and where it may mount.
 *
 * Namespaces and mounts are remembered by address and not counted, since a count would keep a mount busy. A stale address does no harm:
 * in a namespace of the session nobody but the session mounts, so a new mount at the address of an old one is
 * the session's, too, and in other namespaces the kernel refuses to touch it.
 *
 * namespaces.lock protects the lists; nothing is mounted under it.
 */
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/nsproxy.h>
#include <linux/path.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "mount.h"
#include "mount_record.h"
#include "session.h"

#define MOUNTS_MAX 32768

struct space {
	struct list_head node;
	struct mnt_namespace *space;
};

struct record {
	struct list_head node;
	struct vfsmount *mount;
	bool own;
};

static struct space *find_space(struct kmview_namespaces *spaces)
{
	struct space *space;

	list_for_each_entry(space, &spaces->spaces, node)
		if (space->space == current->nsproxy->mnt_ns)
			return space;
	return NULL;
}

int kmview_record_space(struct kmview_session *session)
{
	struct kmview_namespaces *spaces = &session->namespaces;
	struct space *space = kmalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);

	if (!space)
		return -ENOMEM;
	space->space = current->nsproxy->mnt_ns;
	mutex_lock(&spaces->lock);
	if (find_space(spaces)) {
		kfree(space);
	} else {
		list_add(&space->node, &spaces->spaces);
		session->bytes += sizeof(*space);
	}
	mutex_unlock(&spaces->lock);
	return 0;
}

bool kmview_in_recorded_space(struct kmview_session *session)
{
	bool found;

	mutex_lock(&session->namespaces.lock);
	found = find_space(&session->namespaces);
	mutex_unlock(&session->namespaces.lock);
	return found;
}

static struct record *find_record(struct kmview_namespaces *spaces, const struct vfsmount *mount)
{
	struct record *record;

	list_for_each_entry(record, &spaces->mounts, node)
		if (record->mount == mount)
			return record;
	return NULL;
}

int kmview_record(struct kmview_session *session, struct vfsmount *mount, bool own)
{
	struct kmview_namespaces *spaces = &session->namespaces;
	struct record *record = kmalloc(sizeof(*record), GFP_KERNEL_ACCOUNT), *old;
	int err = 0;

	if (!record)
		return -ENOMEM;
	record->mount = mount;
	record->own = own;
	mutex_lock(&spaces->lock);
	old = find_record(spaces, mount);
	if (old) {
		old->own = own;
		kfree(record);
	} else if (spaces->count >= MOUNTS_MAX) {
		kfree(record);
		err = -ENOSPC;
	} else {
		list_add(&record->node, &spaces->mounts);
		spaces->count++;
	}
	mutex_unlock(&spaces->lock);
	return err;
}

void kmview_forget(struct kmview_session *session, struct vfsmount *mount)
{
	struct kmview_namespaces *spaces = &session->namespaces;
	struct record *record;

	mutex_lock(&spaces->lock);
	record = find_record(spaces, mount);
	if (record) {
		list_del(&record->node);
		spaces->count--;
		kfree(record);
	}
	mutex_unlock(&spaces->lock);
}

bool kmview_recorded(struct kmview_session *session, struct vfsmount *mount, bool *own)
{
	struct record *record;

	mutex_lock(&session->namespaces.lock);
	record = find_record(&session->namespaces, mount);
	if (record && own)
		*own = record->own;
	mutex_unlock(&session->namespaces.lock);
	return record;
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

bool kmview_recorded_above(struct kmview_session *session, const struct path *path)
{
	struct path above = *path;
	bool good;

	path_get(&above);
	while (follow_down_one(&above))
		;
	good = above.mnt == path->mnt || kmview_recorded(session, above.mnt, NULL);
	path_put(&above);
	return good;
}

void kmview_namespaces_init(struct kmview_session *session)
{
	mutex_init(&session->namespaces.lock);
	INIT_LIST_HEAD(&session->namespaces.spaces);
	INIT_LIST_HEAD(&session->namespaces.mounts);
}

void kmview_namespaces_free(struct kmview_session *session)
{
	struct record *record, *next_record;
	struct space *space, *next_space;

	list_for_each_entry_safe(record, next_record, &session->namespaces.mounts, node)
		kfree(record);
	list_for_each_entry_safe(space, next_space, &session->namespaces.spaces, node)
		kfree(space);
}
