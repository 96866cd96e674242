// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mounts for an ordinary user, without a user namespace.
 *
 * A task of a session with KMVIEW_INIT_MOUNT may unshare its mount namespace; the copy is made private to its last
 * mount and is from then on a namespace of the session. In such a namespace, and nowhere else, the mount calls of the
 * session's tasks run with CAP_SYS_ADMIN, after everything they ask for was checked here, on copies in kernel memory:
 * the kinds of file systems and their options (mount_options.c), nosuid and nodev, and that what is unmounted, moved
 * or changed was mounted by the session (mount_record.c). The capability is in credentials that last for that one
 * call.
 *
 * mount(2) and umount2(2) are served with the functions that the kernel itself uses behind them, on paths resolved
 * here, so that nothing can change between check and use. Where only the call itself is there to be used (move_mount,
 * pivot_root, MS_MOVE), what was done is checked again afterwards, and a session that had something changed underneath
 * is killed: its namespaces go with it.
 *
 * Here are mount(2), umount2(2), pivot_root(2) and unshare(2); mount_fs.c has fsopen(2) and fsconfig(2), mount_tree.c
 * the calls on trees that are not in place yet.
 *
 * What is not served goes on to the kernel and is, for an ordinary user, EPERM.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>
#include <uapi/linux/mount.h>

#include "dispatch.h"
#include "gate.h"
#include "hook.h"
#include "mount.h"
#include "mount_call.h"
#include "mount_options.h"
#include "mount_record.h"
#include "ring.h"
#include "session.h"
#include "task.h"

static bool fuse_allow_other;
module_param(fuse_allow_other, bool, 0644);
MODULE_PARM_DESC(fuse_allow_other, "sessions may mount FUSE with allow_other; default no");

static unsigned int tmpfs_max_mb;
module_param(tmpfs_max_mb, uint, 0644);
MODULE_PARM_DESC(tmpfs_max_mb, "largest tmpfs a session may mount, in MiB; default 0, a quarter of the memory");

/* Mount flags that a session may choose for what it mounts; nosuid and nodev are always added. */
#define FLAGS_CHOOSE                                                                                                   \
	(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_SYNCHRONOUS | MS_DIRSYNC | MS_NOATIME | MS_NODIRATIME |     \
	 MS_RELATIME | MS_STRICTATIME | MS_LAZYTIME | MS_SILENT | MS_NOSYMFOLLOW)
#define FLAGS_FORCED (MS_NOSUID | MS_NODEV)
#define FLAGS_TYPE   (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

static unsigned long path_mount_address, path_umount_address;

void kmview_mount_init(void)
{
	path_mount_address = kmview_symbol("path_mount");
	path_umount_address = kmview_symbol("path_umount");
	kmview_mount_fs_init();
}

bool kmview_mount_available(void)
{
	return path_mount_address && path_umount_address && kmview_mount_fs_available();
}

/* ---- the capability */

bool kmview_raise(struct kmview_raised *raised)
{
	raised->cred = prepare_creds();
	if (!raised->cred)
		return false;
	cap_raise(raised->cred->cap_effective, CAP_SYS_ADMIN);
	raised->before = override_creds(raised->cred);
	return true;
}

void kmview_lower(struct kmview_raised *raised)
{
	revert_creds(raised->before);
	put_cred(raised->cred);
}

long kmview_native_raised(struct kmview_context *context)
{
	struct kmview_raised raised;
	long result;

	if (!kmview_raise(&raised))
		return -ENOMEM;
	result = kmview_native(context);
	kmview_lower(&raised);
	return result;
}

static int do_path_mount(const char *source, const struct path *path, const char *type, unsigned long flags, void *data)
{
	struct kmview_raised raised;
	int err;

	if (!kmview_raise(&raised))
		return -ENOMEM;
	err = kmview_call(path_mount_address, (unsigned long)source, (unsigned long)path, (unsigned long)type, flags,
			  (unsigned long)data);
	kmview_lower(&raised);
	return err;
}

/* The path's reference passes to the kernel's function. */
static int do_path_umount(const struct path *path, int flags)
{
	struct kmview_raised raised;
	int err;

	if (!kmview_raise(&raised)) {
		path_put(path);
		return -ENOMEM;
	}
	err = kmview_call(path_umount_address, (unsigned long)path, flags, 0, 0, 0);
	kmview_lower(&raised);
	return err;
}

void kmview_mount_limits(struct kmview_limits *limits)
{
	limits->uid = from_kuid_munged(&init_user_ns, current_fsuid());
	limits->gid = from_kgid_munged(&init_user_ns, current_fsgid());
	limits->allow_other = READ_ONCE(fuse_allow_other);
	limits->tmpfs_bytes = (u64)READ_ONCE(tmpfs_max_mb) << 20;
	if (!limits->tmpfs_bytes)
		limits->tmpfs_bytes = (u64)(totalram_pages() / 4) << PAGE_SHIFT;
}

/* Something that the session did not mount was changed under our hands: end the session, and its namespaces. */
long kmview_punish(struct kmview_session *session)
{
	pr_warn_ratelimited("kmview: a session of uid %u is killed: it changed a path while it was being mounted\n",
			    from_kuid_munged(&init_user_ns, current_uid()));
	kmview_tasks_kill(session, SIGKILL);
	return -EPERM;
}

/* ---- unshare */

/* The root of the namespace: above the root of the task, which may be a chroot. */
void kmview_namespace_root(struct path *path)
{
	get_fs_root(current->fs, path);
	do {
		dput(path->dentry);
		path->dentry = dget(path->mnt->mnt_root);
	} while (follow_up(path));
}

static long serve_unshare(struct kmview_context *context, struct kmview_session *session)
{
	const unsigned long others = CLONE_FS | CLONE_FILES | CLONE_SYSVSEM;
	unsigned long flags = context->args[0];
	struct path root;
	long result;

	if (!(flags & CLONE_NEWNS) || flags & ~(CLONE_NEWNS | others))
		return kmview_native(context);
	result = kmview_native_raised(context);
	if (result)
		return result;
	/* From here on this is another namespace. Until it is private nothing may be mounted in it by our help. */
	kmview_leave_space();
	kmview_namespace_root(&root);
	result = do_path_mount(NULL, &root, NULL, MS_REC | MS_PRIVATE, NULL);
	path_put(&root);
	return result ?: kmview_record_space(session);
}

/* ---- mount(2) */

char *kmview_mount_string(u64 address, size_t size)
{
	return address ? strndup_user(u64_to_user_ptr(address), size) : NULL;
}

/* What was mounted on top of a path since it was resolved; false: nothing. The caller puts it. */
static bool get_top(const struct path *path, struct path *top)
{
	*top = *path;
	path_get(top);
	while (follow_down_one(top))
		;
	if (top->mnt != path->mnt)
		return true;
	path_put(top);
	return false;
}

/* Remember what was just mounted on the path, or unmount it: what is not recorded could never be unmounted. */
static int record_or_undo(struct kmview_session *session, const struct path *path, bool own)
{
	int err = kmview_record_above(session, path, own);
	struct path top;

	if (err && get_top(path, &top))
		do_path_umount(&top, MNT_DETACH);
	return err;
}

/*
 * An overlay shows a layer without what is mounted in it. Returns -EPERM if that would uncover something, or why there
 * is no such directory.
 */
int kmview_check_layer(const char *name)
{
	struct path path;
	bool covers;
	int err;

	err = kern_path(name, LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	covers = path_has_submounts(&path);
	path_put(&path);
	return covers ? -EPERM : 0;
}

/* A file system of the session's own. */
static int mount_new(struct kmview_session *session, const char *source, const struct path *path, const char *type,
		     unsigned long flags, char *data)
{
	struct kmview_limits limits;
	enum kmview_fs fs;
	int err;

	fs = type ? kmview_fs_of(type) : KMVIEW_FS_OTHER;
	if (fs == KMVIEW_FS_OTHER || flags & ~FLAGS_CHOOSE)
		return -EPERM;
	kmview_mount_limits(&limits);
	err = kmview_options_check(fs, data, PAGE_SIZE, &limits);
	if (!err && fs == KMVIEW_FS_OVERLAY)
		err = kmview_options_layers_check(data, kmview_check_layer);
	if (err)
		return err;
	err = do_path_mount(source, path, type, flags | FLAGS_FORCED, data);
	/* Of what a layer's name leads to now, and did before, the kernel took one. */
	if (!err && fs == KMVIEW_FS_OVERLAY && kmview_options_layers_check(data, kmview_check_layer) == -EPERM)
		return kmview_punish(session);
	return err ?: record_or_undo(session, path, true);
}

/* The restrictions that a mount has, as flags of mount(2). */
static unsigned long tight_flags(const struct vfsmount *mount)
{
	int flags = READ_ONCE(mount->mnt_flags);

	return (flags & MNT_READONLY ? MS_RDONLY : 0) | (flags & MNT_NOSUID ? MS_NOSUID : 0) |
	       (flags & MNT_NODEV ? MS_NODEV : 0) | (flags & MNT_NOEXEC ? MS_NOEXEC : 0) |
	       (flags & MNT_NOSYMFOLLOW ? MS_NOSYMFOLLOW : 0);
}

/* What was just mounted on the path becomes nosuid and nodev, and has these flags as well, or goes. */
int kmview_tighten_above(const struct path *path, unsigned long more)
{
	struct path top;
	int err;

	if (!get_top(path, &top)) /* moved away again meanwhile */
		return 0;
	err = do_path_mount(NULL, &top, NULL, MS_REMOUNT | MS_BIND | FLAGS_FORCED | tight_flags(top.mnt) | more, NULL);
	if (err)
		do_path_umount(&top, MNT_DETACH);
	else
		path_put(&top);
	return err;
}

/*
 * A bind mount is recursive, or it would uncover what lies beneath the mounts below its source. nosuid and nodev are
 * set on its top; below it the mounts are what they are at the source.
 */
static int mount_bind(struct kmview_session *session, const char *source, const struct path *path, unsigned long flags)
{
	int err;

	if (flags & ~(MS_BIND | MS_REC | FLAGS_CHOOSE))
		return -EPERM;
	err = do_path_mount(source, path, NULL, MS_BIND | MS_REC | (flags & MS_SILENT), NULL);
	if (err)
		return err;
	return record_or_undo(session, path, false) ?: kmview_tighten_above(path, 0);
}

/* Change flags of a mount of the session's, to stricter ones; options of the file system only if it is the session's.
 */
int kmview_mount_change(struct kmview_session *session, const struct path *path, unsigned long flags, char *data)
{
	unsigned long kept = tight_flags(path->mnt) | FLAGS_FORCED;
	struct kmview_limits limits;
	bool own;
	int err;

	if (flags & ~(MS_REMOUNT | MS_BIND | FLAGS_CHOOSE) || !kmview_recorded(session, path->mnt, &own))
		return -EPERM;
	if (flags & MS_BIND)
		return do_path_mount(NULL, path, NULL, flags | kept, NULL);
	if (!own)
		return -EPERM;
	kmview_mount_limits(&limits);
	err = kmview_options_check(kmview_fs_of(path->mnt->mnt_sb->s_type->name), data, PAGE_SIZE, &limits);
	return err ?: do_path_mount(NULL, path, NULL, flags | FLAGS_FORCED, data);
}

static int mount_move(struct kmview_session *session, const char *source, const struct path *path)
{
	struct path from;
	int err;

	err = source ? kern_path(source, LOOKUP_FOLLOW, &from) : -EINVAL;
	if (err)
		return err;
	err = kmview_recorded(session, from.mnt, NULL) ? kmview_moves_lock(session) : -EPERM;
	if (!err) {
		err = do_path_mount(source, path, NULL, MS_MOVE, NULL);
		if (!err && !kmview_is_above(from.mnt, path))
			err = kmview_punish(session);
		kmview_moves_unlock(session);
	}
	path_put(&from);
	return err;
}

static int mount_by_flags(struct kmview_session *session, const char *source, const struct path *path, const char *type,
			  unsigned long flags, char *data)
{
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MSK;
	if (flags & MS_REMOUNT)
		return kmview_mount_change(session, path, flags, data);
	if (flags & MS_BIND)
		return mount_bind(session, source, path, flags);
	if (flags & FLAGS_TYPE) /* everything is private already, and stays so */
		return flags & (MS_SHARED | MS_UNBINDABLE) ? -EPERM : 0;
	if (flags & MS_MOVE)
		return mount_move(session, source, path);
	return mount_new(session, source, path, type, flags, data);
}

static long serve_mount(struct kmview_context *context, struct kmview_session *session)
{
	char *source = kmview_mount_string(context->args[0], PATH_MAX),
	     *type = kmview_mount_string(context->args[2], PAGE_SIZE);
	char *data = kzalloc(PAGE_SIZE, GFP_KERNEL);
	struct path path;
	long err;

	err = IS_ERR(source) ? PTR_ERR(source) : IS_ERR(type) ? PTR_ERR(type) : data ? 0 : -ENOMEM;
	if (!err && context->args[4]) {
		err = strncpy_from_user(data, u64_to_user_ptr(context->args[4]), PAGE_SIZE - 1);
		err = err < 0 ? err : err == PAGE_SIZE - 1 ? -EINVAL : 0;
	}
	if (!err)
		err = user_path_at(AT_FDCWD, u64_to_user_ptr(context->args[1]), LOOKUP_FOLLOW, &path);
	if (!err) {
		err = mount_by_flags(session, source, &path, type, context->args[3], data);
		path_put(&path);
	}
	kfree(data);
	kfree(IS_ERR(type) ? NULL : type);
	kfree(IS_ERR(source) ? NULL : source);
	return err;
}

static long serve_umount(struct kmview_context *context, struct kmview_session *session)
{
	bool old = kmview_sites[context->abi][context->nr].symbol &&
		   strstr(kmview_sites[context->abi][context->nr].symbol, "oldumount");
	int flags = old ? 0 : context->args[1];
	struct vfsmount *mount;
	struct path path;
	bool own = false;
	int err;

	if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	err = user_path_at(AT_FDCWD, u64_to_user_ptr(context->args[0]), flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW,
			   &path);
	if (err)
		return err;
	mount = path.mnt;
	err = path.dentry != mount->mnt_root ? -EINVAL : kmview_recorded(session, mount, &own) ? 0 : -EPERM;
	/* Force ends what the file system does for all who have it mounted. */
	if (!err && flags & MNT_FORCE && !own)
		err = -EPERM;
	if (err) {
		path_put(&path);
		return err;
	}
	err = do_path_umount(&path, flags);
	if (!err)
		kmview_forget(session, mount);
	return err;
}

static long serve_pivot_root(struct kmview_context *context, struct kmview_session *session)
{
	struct path path, root;
	long result;

	result = user_path_at(AT_FDCWD, u64_to_user_ptr(context->args[0]), LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
	if (result)
		return result;
	result = kmview_recorded(session, path.mnt, NULL) ? kmview_moves_lock(session) : -EPERM;
	if (!result) {
		result = kmview_native_raised(context);
		if (!result) {
			kmview_namespace_root(&root);
			if (root.mnt != path.mnt)
				result = kmview_punish(session);
			path_put(&root);
		}
		kmview_moves_unlock(session);
	}
	path_put(&path);
	return result;
}

long kmview_mount_call(struct kmview_context *context, unsigned int builtin)
{
	struct kmview_session *session = context->self->session;

	/* The innermost session that gives this help. */
	while (session && !(session->flags & KMVIEW_INIT_MOUNT))
		session = session->parent;
	if (!session || current_user_ns() != &init_user_ns || ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN))
		return kmview_native(context);
	if (builtin == KMVIEW_BUILTIN_UNSHARE)
		return serve_unshare(context, session);
	if (!kmview_in_recorded_space(session))
		return kmview_native(context);
	switch (builtin) {
	case KMVIEW_BUILTIN_MOUNT:
		return serve_mount(context, session);
	case KMVIEW_BUILTIN_UMOUNT:
		return serve_umount(context, session);
	case KMVIEW_BUILTIN_PIVOT_ROOT:
		return serve_pivot_root(context, session);
	case KMVIEW_BUILTIN_FSOPEN:
		return kmview_serve_fsopen(context, session);
	case KMVIEW_BUILTIN_FSCONFIG:
		return kmview_serve_fsconfig(context, session);
	case KMVIEW_BUILTIN_FSMOUNT:
		return kmview_serve_fsmount(context, session);
	case KMVIEW_BUILTIN_OPEN_TREE:
		return kmview_serve_open_tree(context, session);
	case KMVIEW_BUILTIN_MOVE_MOUNT:
		return kmview_serve_move_mount(context, session);
	case KMVIEW_BUILTIN_MOUNT_SETATTR:
		return kmview_serve_mount_setattr(context, session);
	}
	return kmview_native(context);
}
