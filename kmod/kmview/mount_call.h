/* SPDX-License-Identifier: GPL-2.0-only */
/* What the mount calls have in common, and where each is served: mount.c, mount_fs.c, mount_tree.c. */
#ifndef KMVIEW_MOUNT_CALL_H
#define KMVIEW_MOUNT_CALL_H

#include <linux/types.h>

struct file;
struct kmview_context;
struct kmview_limits;
struct kmview_session;
struct path;

/* mount.c: the call as the kernel has it, with the capability. */
long kmview_native_raised(struct kmview_context *context);

/* What the current task may ask of a file system. */
void kmview_mount_limits(struct kmview_limits *limits);

/* Something that the session did not mount was changed under our hands: end the session, and its namespaces. -EPERM. */
long kmview_punish(struct kmview_session *session);

/* The root of the namespace: above the root of the task, which may be a chroot. The caller puts it. */
void kmview_namespace_root(struct path *path);

/* A string of the task's, to be freed; NULL if the address is, or an error. */
char *kmview_mount_string(u64 address, size_t size);

/*
 * An overlay shows a layer without what is mounted in it. Returns -EPERM if that would uncover something, or why there
 * is no such directory.
 */
int kmview_check_layer(const char *name);

/* nosuid, nodev and more flags for what was mounted on a path since it was resolved. */
int kmview_tighten_above(const struct path *path, unsigned long more);

/* A change of the flags of a mount that the session made. */
int kmview_mount_change(struct kmview_session *session, const struct path *path, unsigned long flags, char *data);

/* mount_fs.c */
void kmview_mount_fs_init(void);
bool kmview_mount_fs_available(void);
bool kmview_is_fs_context(const struct file *file);
long kmview_serve_fsopen(struct kmview_context *context, struct kmview_session *session);
long kmview_serve_fsconfig(struct kmview_context *context, struct kmview_session *session);

/* mount_tree.c */
long kmview_serve_fsmount(struct kmview_context *context, struct kmview_session *session);
long kmview_serve_open_tree(struct kmview_context *context, struct kmview_session *session);
long kmview_serve_move_mount(struct kmview_context *context, struct kmview_session *session);
long kmview_serve_mount_setattr(struct kmview_context *context, struct kmview_session *session);

#endif
