/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_MOUNT_RECORD_H
#define KMVIEW_MOUNT_RECORD_H

#include <linux/types.h>

struct kmview_session;
struct path;
struct vfsmount;

/* The current mount namespace is one of the session's own. 0 or -ENOMEM. */
int kmview_record_space(struct kmview_session *session);
bool kmview_in_recorded_space(struct kmview_session *session);

/*
 * A mount was made by the session. @own: with a file system of its own, not a bind mount.
 * Returns 0, -ENOMEM, -ENOSPC: it has too many.
 */
int kmview_record(struct kmview_session *session, struct vfsmount *mount, bool own);
void kmview_forget(struct kmview_session *session, struct vfsmount *mount);
bool kmview_recorded(struct kmview_session *session, struct vfsmount *mount, bool *own);

/* The same for all that was mounted on a path since it was resolved. */
int kmview_record_above(struct kmview_session *session, const struct path *path, bool own);
bool kmview_recorded_above(struct kmview_session *session, const struct path *path);

#endif
