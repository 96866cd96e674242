// SPDX-License-Identifier: GPL-2.0-only
/* Trees that are not in place yet: fsmount(2), open_tree(2), move_mount(2), mount_setattr(2). See mount.c. */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/uaccess.h>
#include <uapi/linux/mount.h>

#include "compat.h"
#include "dispatch.h"
#include "mount.h"
#include "mount_call.h"
#include "mount_options.h"
#include "mount_record.h"
#include "ring.h"
#include "session.h"

#define MOVE_FLAGS                                                                                                     \
	(MOVE_MOUNT_F_SYMLINKS | MOVE_MOUNT_F_AUTOMOUNTS | MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS |           \
	 MOVE_MOUNT_T_AUTOMOUNTS | MOVE_MOUNT_T_EMPTY_PATH)

/*
 * A call that makes a detached mount: with these arguments, and the mount is the session's. What is at the descriptor
 * afterwards another thread may have put there: it must be a detached mount, of that file system if one is given.
 */
static long serve_detached(struct kmview_context *context, struct kmview_session *session, u64 add,
			   const struct super_block *sb)
{
	struct kmview_context changed = *context;
	struct file *file;
	long fd;
	int err;

	changed.args[2] |= add;
	fd = kmview_with_args(&changed, kmview_native_raised);
	if (fd < 0)
		return fd;
	file = fget_raw(fd);
	if (!file)
		return -EBADF;
	if (!(file->f_mode & FMODE_NEED_UNMOUNT) || (sb && file->f_path.mnt->mnt_sb != sb))
		err = -EBADF;
	else
		err = kmview_record(session, file->f_path.mnt, sb);
	fput(file);
	if (err)
		close_fd(fd);
	return err ?: fd;
}

long kmview_serve_open_tree(struct kmview_context *context, struct kmview_session *session)
{
	const u64 known = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_RECURSIVE |
			  AT_SYMLINK_NOFOLLOW;

	if (!(context->args[2] & OPEN_TREE_CLONE))
		return kmview_native(context);
	if ((unsigned int)context->args[2] & ~known)
		return -EPERM;
	return serve_detached(context, session, AT_RECURSIVE, NULL);
}

long kmview_serve_fsmount(struct kmview_context *context, struct kmview_session *session)
{
	struct file *file = fget(context->args[0]);
	const struct super_block *sb = NULL;
	struct fs_context *fc;
	long result;

	if (file && kmview_is_fs_context(file)) {
		fc = file->private_data;
		mutex_lock(&fc->uapi_mutex);
		if (fc->phase == FS_CONTEXT_AWAITING_MOUNT && fc->root)
			sb = fc->root->d_sb;
		mutex_unlock(&fc->uapi_mutex);
	}
	if (!sb)
		result = kmview_native(context);
	else if ((unsigned int)context->args[1] & ~FSMOUNT_CLOEXEC)
		result = -EPERM;
	else
		result = serve_detached(context, session, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, sb);
	if (file)
		fput(file);
	return result;
}

/* A path as the mount calls take them: EMPTY says that the descriptor itself may be meant. */
static int resolve(u64 dirfd, u64 name, bool follow, bool empty, struct path *path)
{
	unsigned int flags = (follow ? LOOKUP_FOLLOW : 0) | (empty ? LOOKUP_EMPTY : 0);

	return user_path_at((int)dirfd, u64_to_user_ptr(name), flags, path);
}

/*
 * The mount of from, which is the session's, goes to what the call says, which must be the path to. It gets the flags
 * noted for it.
 */
static long move_checked(struct kmview_context *context, struct kmview_session *session, const struct path *from,
			 const struct path *to, unsigned long noted)
{
	long result = kmview_moves_lock(session);

	if (result)
		return result;
	result = kmview_native_raised(context);
	if (!result && !kmview_is_above(from->mnt, to))
		result = kmview_punish(session);
	kmview_moves_unlock(session);
	return result ?: kmview_tighten_above(to, noted);
}

long kmview_serve_move_mount(struct kmview_context *context, struct kmview_session *session)
{
	unsigned int flags = context->args[4];
	struct path from, to;
	unsigned long noted;
	long result;
	bool good;

	if (flags & ~MOVE_FLAGS)
		return -EPERM;
	result = resolve(context->args[0], context->args[1], flags & MOVE_MOUNT_F_SYMLINKS,
			 flags & MOVE_MOUNT_F_EMPTY_PATH, &from);
	if (result)
		return result;
	good = kmview_recorded(session, from.mnt, NULL);
	if (!good && from.mnt->mnt_sb->s_user_ns != &init_user_ns) {
		/* Made in a user namespace, by somebody with the right to: no more power here than there. */
		result = kmview_record(session, from.mnt, false);
		good = !result;
	}
	noted = kmview_note_flags(session, from.mnt, 0);
	if (!good)
		result = result ?: -EPERM;
	else
		result = resolve(context->args[2], context->args[3], flags & MOVE_MOUNT_T_SYMLINKS,
				 flags & MOVE_MOUNT_T_EMPTY_PATH, &to);
	if (!result) {
		result = move_checked(context, session, &from, &to, noted);
		path_put(&to);
	}
	path_put(&from);
	return result;
}

/* Is the mount not in the namespace of the current task? */
static bool is_detached(const struct vfsmount *mount)
{
	struct path path = { .mnt = (struct vfsmount *)mount, .dentry = mount->mnt_root };
	struct path root;
	bool apart;

	path_get(&path);
	while (follow_up(&path))
		;
	kmview_namespace_root(&root);
	apart = path.mnt != root.mnt;
	path_put(&root);
	path_put(&path);
	return apart;
}

/*
 * mount_setattr(2), as far as util-linux uses it: propagation (everything is private already) and stricter flags. A
 * tree that is not in place yet, of open_tree(2) or fsmount(2), gets its flags when move_mount(2) puts it there: the
 * kernel has no function that sets them before but the call itself, which would read what is to be set a second time
 * from memory that other threads can write.
 */
long kmview_serve_mount_setattr(struct kmview_context *context, struct kmview_session *session)
{
	const u64 known =
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW;
	unsigned int flags = context->args[2];
	struct mount_attr attr = {};
	unsigned long set;
	struct path path;
	long err;

	if (context->args[4] != sizeof(attr))
		return kmview_native(context);
	if (copy_from_user(&attr, u64_to_user_ptr(context->args[3]), sizeof(attr)))
		return -EFAULT;
	if (attr.attr_clr || attr.userns_fd || attr.attr_set & ~known ||
	    attr.propagation & ~(u64)(MS_PRIVATE | MS_SLAVE))
		return -EPERM;
	if (!attr.attr_set)
		return 0;
	err = resolve(context->args[0], context->args[1], !(flags & AT_SYMLINK_NOFOLLOW), flags & AT_EMPTY_PATH, &path);
	if (err)
		return err;
	set = (attr.attr_set & MOUNT_ATTR_RDONLY ? MS_RDONLY : 0) |
	      (attr.attr_set & MOUNT_ATTR_NOEXEC ? MS_NOEXEC : 0) |
	      (attr.attr_set & MOUNT_ATTR_NOSYMFOLLOW ? MS_NOSYMFOLLOW : 0);
	if (path.dentry != path.mnt->mnt_root)
		err = -EINVAL;
	else if (flags & AT_RECURSIVE && path_has_submounts(&path))
		err = -EPERM; /* nor is there one for what is mounted below */
	else if (kmview_recorded(session, path.mnt, NULL) && is_detached(path.mnt))
		kmview_note_flags(session, path.mnt, set);
	else
		err = kmview_mount_change(session, &path, MS_REMOUNT | MS_BIND | set, NULL);
	path_put(&path);
	return err;
}
