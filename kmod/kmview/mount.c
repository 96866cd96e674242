// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mounts for an ordinary user, by the kernel's own rules for mounts in user namespaces.
 *
 * A task of a session with KMVIEW_INIT_MOUNT may unshare its mount namespace. The copy belongs to a user namespace of
 * the session (mount_userns.c), not to the initial one, so the kernel locks the mounts in it: nothing that they cover is
 * ever uncovered, nor does what is read-only become writable, even when the namespace comes apart. The task itself stays
 * in the initial user namespace with its own credentials; for each mount call it is lent CAP_SYS_ADMIN over the
 * session's user namespaces (mount_raised.c). Whether the call may be made is for the kernel to decide: in any other
 * mount namespace it says EPERM, since the authority does not reach there. Hence there is nothing to check here that
 * could change between the check and the use.
 *
 * Rules of the module's own: FUSE's (mount_fuse.c), and a list of three kinds of file systems, which is policy: the
 * kernel would allow a few more. mount(2) is served with the function behind it, path_mount(), on copies of the strings,
 * so that what is checked is what is used; all other calls are the kernel's with the task's own arguments. For old
 * command lines: a bind mount that would uncover something becomes a recursive one, a change of a bind mount keeps the
 * flags that the kernel has locked, MNT_FORCE works on a file system of the session's own.
 *
 * Tasks of other user namespaces, and those with CAP_SYS_ADMIN, get the kernel's service as it is.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>
#include <uapi/linux/magic.h>
#include <uapi/linux/mount.h>

#include "call.h"
#include "hook.h"
#include "mount.h"
#include "mount_fuse.h"
#include "mount_options.h"
#include "mount_raised.h"
#include "mount_userns.h"
#include "session.h"
#include "space.h"
#include "symbols.h"
#include "task.h"

static bool user_mounts = true;
module_param(user_mounts, bool, 0644);
MODULE_PARM_DESC(user_mounts, "users without CAP_SYS_ADMIN may open sessions with mounts; default yes");

#define FLAGS_TYPE (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

/* Flags of these calls that sessions may use; newer ones are the kernel's to refuse. */
#define MOVE_FLAGS                                                                                                     \
	(MOVE_MOUNT_F_SYMLINKS | MOVE_MOUNT_F_AUTOMOUNTS | MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS |           \
	 MOVE_MOUNT_T_AUTOMOUNTS | MOVE_MOUNT_T_EMPTY_PATH)
#define TREE_FLAGS                                                                                                     \
	(OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW)

bool kmview_mount_available(void)
{
	return kmview_userns_available() && kmview_has(KMVIEW_PATH_MOUNT) && kmview_has(KMVIEW_PATH_UMOUNT);
}

int kmview_mount_prepare(struct kmview_session *session)
{
	if (!kmview_mount_available())
		return -EOPNOTSUPP;
	if (!READ_ONCE(user_mounts) && !ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN))
		return -EACCES;
	return kmview_userns_make(session);
}

/* ---- the kernel's service, with authority */

struct lent {
	struct user_namespace *ns; /* NULL: the task's own */
	unsigned int what;	   /* KMVIEW_RAISE_ */
};

static long native_lent(struct kmview_context *context, void *data)
{
	const struct lent *lent = data;
	struct kmview_raised raised;
	long result;

	if (!kmview_raise(&raised, lent->ns, lent->what))
		return -ENOMEM;
	result = kmview_native(context);
	kmview_lower(&raised);
	return result;
}

static struct lent lend_authority(struct kmview_session *session, enum kmview_userns ns)
{
	return (struct lent){ session->userns[ns], KMVIEW_RAISE_MOUNT };
}

/* For an overlay: as the task's ids are those that own maps, or without the right that needs that. */
static struct lent lend_overlay(struct kmview_session *session)
{
	if (kmview_userns_is_own(session))
		return (struct lent){ session->userns[KMVIEW_OWN], KMVIEW_RAISE_OVERLAY };
	return lend_authority(session, KMVIEW_INNER);
}

static long native_raised(struct kmview_context *context, struct kmview_session *session)
{
	struct lent lent = lend_authority(session, KMVIEW_OUTER);

	return native_lent(context, &lent);
}

static long serve_unshare(struct kmview_context *context, struct kmview_session *session)
{
	const unsigned long others = CLONE_FS | CLONE_FILES | CLONE_SYSVSEM;
	struct lent lent = lend_authority(session, KMVIEW_OWN);
	unsigned long flags = context->args[0];
	struct kmview_space *space;
	long result;

	if (!(flags & CLONE_NEWNS) || flags & ~(CLONE_NEWNS | others))
		return kmview_native(context);
	space = kmview_space_new(session);
	if (!space)
		return -ENOMEM;
	result = native_lent(context, &lent);
	if (result)
		kmview_space_put(space);
	else
		kmview_space_begin(space);
	return result;
}

/* ---- mount(2) */

/* A string of the task's, to be freed; NULL if the address is, or an error. */
static char *user_string(u64 address, size_t size)
{
	return address ? strndup_user(u64_to_user_ptr(address), size) : NULL;
}

struct mounting {
	struct kmview_session *session;
	char *source, *type, *data; /* data: a page */
	struct path path;
	unsigned long flags;
};

static int path_mount(struct mounting *mounting, struct lent lent)
{
	struct kmview_raised raised;
	int err;

	if (!kmview_raise(&raised, lent.ns, lent.what))
		return -ENOMEM;
	err = kmview_path_mount(mounting->source, &mounting->path, mounting->type, mounting->flags, mounting->data);
	kmview_lower(&raised);
	return err;
}

/* A file system of the session's own. What nosuid and nodev forbid is impossible there; they make it visible. */
static int mount_new(struct mounting *mounting)
{
	struct kmview_session *session = mounting->session;
	struct lent lent = lend_authority(session, KMVIEW_OUTER);
	int err = 0;

	mounting->flags |= MS_NOSUID | MS_NODEV;
	switch (mounting->type ? kmview_fs_of(mounting->type) : KMVIEW_FS_OTHER) {
	case KMVIEW_FS_FUSE:
		err = kmview_fuse_prepare(session, mounting->data);
		break;
	case KMVIEW_FS_OVERLAY:
		err = kmview_overlay_options(mounting->data, PAGE_SIZE);
		lent = lend_overlay(session);
		break;
	case KMVIEW_FS_TMPFS:
		break;
	default:
		err = -EPERM;
	}
	return err ?: path_mount(mounting, lent);
}

/* The restrictions of a mount that the kernel has locked, as flags of mount(2). */
static unsigned long locked_flags(const struct vfsmount *mount)
{
	int flags = READ_ONCE(mount->mnt_flags);

	return (flags & MNT_LOCK_READONLY ? MS_RDONLY : 0) | (flags & MNT_LOCK_NOSUID ? MS_NOSUID : 0) |
	       (flags & MNT_LOCK_NODEV ? MS_NODEV : 0) | (flags & MNT_LOCK_NOEXEC ? MS_NOEXEC : 0);
}

static int mount_bind(struct mounting *mounting)
{
	struct lent lent = lend_authority(mounting->session, KMVIEW_OUTER);
	int err = path_mount(mounting, lent);

	if (err != -EINVAL || mounting->flags & MS_REC)
		return err;
	mounting->flags |= MS_REC;
	return path_mount(mounting, lent);
}

static int mount_by_flags(struct mounting *mounting)
{
	unsigned long flags = mounting->flags;

	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MSK;
	mounting->flags = flags;
	if (flags & MS_REMOUNT) {
		if (flags & MS_BIND)
			mounting->flags |= locked_flags(mounting->path.mnt);
	} else if (flags & MS_BIND) {
		return mount_bind(mounting);
	} else if (!(flags & (FLAGS_TYPE | MS_MOVE))) {
		return mount_new(mounting);
	}
	return path_mount(mounting, lend_authority(mounting->session, KMVIEW_OUTER));
}

static long serve_mount(struct kmview_context *context, struct kmview_session *session)
{
	struct mounting mounting = {
		.session = session,
		.source = user_string(context->args[0], PATH_MAX),
		.type = user_string(context->args[2], PAGE_SIZE),
		.data = kzalloc(PAGE_SIZE, GFP_KERNEL_ACCOUNT),
		.flags = context->args[3],
	};
	long err;

	err = IS_ERR(mounting.source) ? PTR_ERR(mounting.source)
	      : IS_ERR(mounting.type) ? PTR_ERR(mounting.type)
	      : mounting.data	      ? 0
				      : -ENOMEM;
	if (!err && context->args[4]) {
		err = strncpy_from_user(mounting.data, u64_to_user_ptr(context->args[4]), PAGE_SIZE - 1);
		err = err < 0 ? err : err == PAGE_SIZE - 1 ? -EINVAL : 0;
	}
	if (!err)
		err = user_path_at(AT_FDCWD, u64_to_user_ptr(context->args[1]), LOOKUP_FOLLOW, &mounting.path);
	if (!err) {
		err = mount_by_flags(&mounting);
		path_put(&mounting.path);
	}
	kfree(mounting.data);
	kfree(IS_ERR(mounting.type) ? NULL : mounting.type);
	kfree(IS_ERR(mounting.source) ? NULL : mounting.source);
	return err;
}

/* ---- umount2(2) */

/*
 * MNT_FORCE ends what a file system does for all who have it mounted, so it is for those that the session made. Older
 * kernels want CAP_SYS_ADMIN of the initial user namespace even then.
 */
static long umount_by_force(struct kmview_context *context, struct kmview_session *session)
{
	int flags = context->args[1];
	struct kmview_raised raised;
	struct path path;
	long err;

	if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	err = user_path_at(AT_FDCWD, u64_to_user_ptr(context->args[0]), flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW,
			   &path);
	if (err)
		return err;
	if (!kmview_userns_is_of(session, path.mnt->mnt_sb->s_user_ns))
		err = -EPERM;
	else if (!kmview_raise(&raised, NULL, KMVIEW_RAISE_MOUNT))
		err = -ENOMEM;
	if (err) {
		path_put(&path);
		return err;
	}
	err = kmview_path_umount(&path, flags);
	kmview_lower(&raised);
	return err;
}

static long serve_umount(struct kmview_context *context, struct kmview_session *session)
{
	bool old = kmview_sites[context->abi][context->nr].symbol &&
		   strstr(kmview_sites[context->abi][context->nr].symbol, "oldumount");

	if (!old && context->args[1] & MNT_FORCE)
		return umount_by_force(context, session);
	return native_raised(context, session);
}

/* ---- the calls with descriptors */

static long serve_fsopen(struct kmview_context *context, struct kmview_session *session)
{
	char *type = user_string(context->args[0], PAGE_SIZE);
	struct lent lent = lend_authority(session, KMVIEW_INNER);
	enum kmview_fs fs;

	if (IS_ERR_OR_NULL(type))
		return type ? PTR_ERR(type) : -EFAULT;
	fs = kmview_fs_of(type);
	kfree(type);
	if (fs == KMVIEW_FS_OTHER)
		return -EPERM;
	/* Its options could not be checked. Programs take mount(2) then. */
	if (fs == KMVIEW_FS_FUSE)
		return -ENOSYS;
	if (fs == KMVIEW_FS_OVERLAY)
		lent = lend_overlay(session);
	/* The name is read once more: what is opened by another one has no more authority for that. */
	return native_lent(context, &lent);
}

/* Is it what fsopen(2) makes? Outside of it nothing else tells; only the kernel makes files of this name here. */
static bool is_fs_context(const struct file *file)
{
	const struct dentry *dentry = file->f_path.dentry;

	return dentry->d_sb->s_magic == ANON_INODE_FS_MAGIC && !strcmp(dentry->d_name.name, "[fscontext]");
}

/* An overlay needs other credentials than the rest; those for one of the two do for the other what is harmless. */
static long serve_fsconfig(struct kmview_context *context, struct kmview_session *session)
{
	struct lent lent = lend_authority(session, KMVIEW_INNER);
	struct file *file = fget(context->args[0]);

	if (file && is_fs_context(file) &&
	    kmview_fs_of(((struct fs_context *)file->private_data)->fs_type->name) == KMVIEW_FS_OVERLAY)
		lent = lend_overlay(session);
	if (file)
		fput(file);
	return native_lent(context, &lent);
}

static long serve_open_tree(struct kmview_context *context, struct kmview_session *session)
{
	struct lent lent = lend_authority(session, KMVIEW_OUTER);
	struct kmview_context recursive = *context;
	long result;

	if (!(context->args[2] & OPEN_TREE_CLONE) || (unsigned int)context->args[2] & ~TREE_FLAGS)
		return kmview_native(context);
	result = native_lent(context, &lent);
	if (result != -EINVAL || context->args[2] & AT_RECURSIVE)
		return result;
	recursive.args[2] |= AT_RECURSIVE;
	return kmview_with_args(&recursive, native_lent, &lent);
}

static long serve_by_flags(struct kmview_context *context, struct kmview_session *session, u64 flags, u64 allowed)
{
	return (unsigned int)flags & ~allowed ? kmview_native(context) : native_raised(context, session);
}

long kmview_mount_call(struct kmview_context *context, unsigned int builtin)
{
	struct kmview_session *session = context->self->session;

	/* The innermost session that gives this help. */
	while (session && !(session->flags & KMVIEW_INIT_MOUNT))
		session = session->parent;
	if (!session || current_user_ns() != &init_user_ns || ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN))
		return kmview_native(context);
	switch (builtin) {
	case KMVIEW_BUILTIN_UNSHARE:
		return serve_unshare(context, session);
	case KMVIEW_BUILTIN_MOUNT:
		return serve_mount(context, session);
	case KMVIEW_BUILTIN_UMOUNT:
		return serve_umount(context, session);
	case KMVIEW_BUILTIN_FSOPEN:
		return serve_fsopen(context, session);
	case KMVIEW_BUILTIN_FSCONFIG:
		return serve_fsconfig(context, session);
	case KMVIEW_BUILTIN_OPEN_TREE:
		return serve_open_tree(context, session);
	case KMVIEW_BUILTIN_FSMOUNT:
		return serve_by_flags(context, session, context->args[1], FSMOUNT_CLOEXEC);
	case KMVIEW_BUILTIN_MOVE_MOUNT:
		return serve_by_flags(context, session, context->args[4], MOVE_FLAGS);
	case KMVIEW_BUILTIN_PIVOT_ROOT:
	case KMVIEW_BUILTIN_MOUNT_SETATTR:
		return native_raised(context, session);
	}
	return kmview_native(context);
}
