/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_MOUNT_RECORD_H
#define KMVIEW_MOUNT_RECORD_H

#include <linux/types.h>

struct kmview_session;
struct kmview_space;
struct path;
struct task_struct;
struct vfsmount;

/* The current task has made its mount namespace, as a task of the session: a space. 0 or -ENOMEM. */
int kmview_record_space(struct kmview_session *session);
/*
 * The current task has entered the namespace of a task of the session, and is from now on of its space.
 * -EPERM: that is no space of the session.
 */
int kmview_record_enter(struct kmview_session *session, struct task_struct *like);

/* Is a task in a space of the session? */
bool kmview_in_space_of(const struct kmview_session *session, struct task_struct *task);
bool kmview_in_recorded_space(const struct kmview_session *session);

/* It is in a namespace where nothing was recorded. */
void kmview_leave_space(void);

/* A task forked from one in the space, or that task's end. NULL is none. In any context but interrupts. */
struct kmview_space *kmview_space_get(struct kmview_space *space);
void kmview_space_put(struct kmview_space *space);

/*
 * A mount was made by the session, in the space that the current task is in. @own: with a file system of its own, not a
 * bind mount.
 * Returns 0, -ENOMEM, -ENOSPC: it has too many, -EPERM: not in a space.
 */
int kmview_record(struct kmview_session *session, struct vfsmount *mount, bool own);
void kmview_forget(struct kmview_session *session, struct vfsmount *mount);
bool kmview_recorded(struct kmview_session *session, struct vfsmount *mount, bool *own);

/* What a recorded mount is to have when it is put in place: flags of mount(2), added to those noted before. */
unsigned long kmview_note_flags(struct kmview_session *session, struct vfsmount *mount, unsigned long flags);

/* The same for all that was mounted on a path since it was resolved. */
int kmview_record_above(struct kmview_session *session, const struct path *path, bool own);

/* Is this mount now on a path that was the top when it was resolved? */
bool kmview_is_above(const struct vfsmount *mount, const struct path *path);

/*
 * Between these two no other task of the session moves a mount in the space that the current task is in: what is found
 * in its place afterwards was put there by the caller. 0, -EPERM: not in a space, -EINTR.
 */
int kmview_moves_lock(struct kmview_session *session);
void kmview_moves_unlock(struct kmview_session *session);

#endif
