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
 * What is not served here goes on to the kernel and is, for an ordinary user, EPERM.
 */
#include <linux/anon_inodes.h>
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fs_struct.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>
#include <uapi/linux/magic.h>
#include <uapi/linux/mount.h>

#include "compat.h"
#include "dispatch.h"
#include "gate.h"
#include "hook.h"
#include "mount.h"
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
#define MOVE_FLAGS                                                                                                     \
	(MOVE_MOUNT_F_SYMLINKS | MOVE_MOUNT_F_AUTOMOUNTS | MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS |           \
	 MOVE_MOUNT_T_AUTOMOUNTS | MOVE_MOUNT_T_EMPTY_PATH)
#define FLAGS_TYPE (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

static unsigned long path_mount_address, path_umount_address, sb_kern_mount_address;

void kmview_mount_init(void)
{
	path_mount_address = kmview_symbol("path_mount");
	path_umount_address = kmview_symbol("path_umount");
	sb_kern_mount_address = kmview_symbol("security_sb_kern_mount");
}

bool kmview_mount_available(void)
{
	return path_mount_address && path_umount_address && sb_kern_mount_address;
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

static long native_raised(struct kmview_context *context)
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

static void set_limits(struct kmview_limits *limits)
{
	limits->uid = from_kuid_munged(&init_user_ns, current_fsuid());
	limits->gid = from_kgid_munged(&init_user_ns, current_fsgid());
	limits->allow_other = READ_ONCE(fuse_allow_other);
	limits->tmpfs_bytes = (u64)READ_ONCE(tmpfs_max_mb) << 20;
	if (!limits->tmpfs_bytes)
		limits->tmpfs_bytes = (u64)(totalram_pages() / 4) << PAGE_SHIFT;
}

/* Something that the session did not mount was changed under our hands: end the session, and its namespaces. */
static long punish(struct kmview_session *session)
{
	pr_warn_ratelimited("kmview: a session of uid %u is killed: it changed a path while it was being mounted\n",
			    from_kuid_munged(&init_user_ns, current_uid()));
	kmview_tasks_kill(session, SIGKILL);
	return -EPERM;
}

/* ---- unshare */

/* The root of the namespace: above the root of the task, which may be a chroot. */
static void namespace_root(struct path *path)
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
	result = native_raised(context);
	if (result)
		return result;
	/* From here on this is another namespace. Until it is private nothing may be mounted in it by our help. */
	kmview_leave_space();
	namespace_root(&root);
	result = do_path_mount(NULL, &root, NULL, MS_REC | MS_PRIVATE, NULL);
	path_put(&root);
	return result ?: kmview_record_space(session);
}

/* ---- mount(2) */

static char *copy_string(u64 address, size_t size)
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
static int check_layer(const char *name)
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
	set_limits(&limits);
	err = kmview_options_check(fs, data, PAGE_SIZE, &limits);
	if (!err && fs == KMVIEW_FS_OVERLAY)
		err = kmview_options_layers_check(data, check_layer);
	if (err)
		return err;
	err = do_path_mount(source, path, type, flags | FLAGS_FORCED, data);
	/* Of what a layer's name leads to now, and did before, the kernel took one. */
	if (!err && fs == KMVIEW_FS_OVERLAY && kmview_options_layers_check(data, check_layer) == -EPERM)
		return punish(session);
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
static int tighten_above(const struct path *path, unsigned long more)
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
	return record_or_undo(session, path, false) ?: tighten_above(path, 0);
}

/* Change flags of a mount of the session's, to stricter ones; options of the file system only if it is the session's.
 */
static int mount_change(struct kmview_session *session, const struct path *path, unsigned long flags, char *data)
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
	set_limits(&limits);
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
			err = punish(session);
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
		return mount_change(session, path, flags, data);
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
	char *source = copy_string(context->args[0], PATH_MAX), *type = copy_string(context->args[2], PAGE_SIZE);
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
		result = native_raised(context);
		if (!result) {
			namespace_root(&root);
			if (root.mnt != path.mnt)
				result = punish(session);
			path_put(&root);
		}
		kmview_moves_unlock(session);
	}
	path_put(&path);
	return result;
}

/* ---- the new mount API */

/* Is it what fsopen(2) makes? Outside of it nothing else tells; only the kernel makes files of this name here. */
static bool is_fs_context(const struct file *file)
{
	const struct dentry *dentry = file->f_path.dentry;

	return dentry->d_sb->s_magic == ANON_INODE_FS_MAGIC && !strcmp(dentry->d_name.name, "[fscontext]");
}

/*
 * The kernel's fsconfig(2) takes options from whoever has the descriptor, also where we do not look: outside the
 * session, in a user namespace. So a task gets a context that we made and hold in the phase "creating" until its file
 * system is there: the kernel answers EBUSY then, and options come in only by set_option().
 */
static struct fs_context *make_context(struct file_system_type *type)
{
	struct fs_context *fc = fs_context_for_mount(type, 0);
	struct fc_log *log;

	if (IS_ERR(fc))
		return fc;
	log = kzalloc(sizeof(*log), GFP_KERNEL);
	if (!log) {
		put_fs_context(fc);
		return ERR_PTR(-ENOMEM);
	}
	refcount_set(&log->usage, 1);
	log->owner = type->owner;
	fc->log.log = log;
	fc->phase = FS_CONTEXT_CREATING;
	return fc;
}

/* A context for the same kind of file system as an opened one has, in a file of the same kind. */
static struct file *make_context_like(const struct file *model)
{
	struct file_system_type *type = ((struct fs_context *)model->private_data)->fs_type;
	enum kmview_fs fs = kmview_fs_of(type->name);
	struct kmview_limits limits;
	struct fs_context *fc;
	const char *forced;
	struct file *file;
	char value[24];
	int err = 0;

	if (fs == KMVIEW_FS_OTHER)
		return ERR_PTR(-EPERM);
	if (fs == KMVIEW_FS_OVERLAY && !KMVIEW_LAYERS_EARLY)
		return ERR_PTR(-ENOSYS); /* its layers are looked up too late to be checked; there is mount(2) */
	fc = make_context(type);
	if (IS_ERR(fc))
		return ERR_CAST(fc);
	set_limits(&limits);
	forced = kmview_option_forced(fs, &limits, value, sizeof(value));
	if (forced)
		err = kmview_parse_fs_string(fc, forced, *value ? value : NULL);
	file = err ? ERR_PTR(err) : anon_inode_getfile("[fscontext]", model->f_op, fc, O_RDWR);
	if (IS_ERR(file))
		put_fs_context(fc);
	return file;
}

static long serve_fsopen(struct kmview_context *context, struct kmview_session *session)
{
	char *type = copy_string(context->args[0], PAGE_SIZE);
	struct file *model, *file;
	enum kmview_fs fs;
	long fd;

	if (IS_ERR_OR_NULL(type))
		return type ? PTR_ERR(type) : -EFAULT;
	fs = kmview_fs_of(type);
	kfree(type);
	if (fs == KMVIEW_FS_OTHER)
		return -EPERM;
	fd = native_raised(context);
	if (fd < 0)
		return fd;
	/* The name was read a second time: look at what was opened. */
	model = fget(fd);
	if (!model)
		return -EBADF;
	if (!is_fs_context(model)) {
		fput(model);
		return -EBADF; /* another thread put something else there */
	}
	close_fd(fd);
	file = make_context_like(model);
	fput(model);
	if (IS_ERR(file))
		return PTR_ERR(file);
	fd = get_unused_fd_flags(context->args[1] & FSOPEN_CLOEXEC ? O_CLOEXEC : 0);
	if (fd < 0)
		fput(file);
	else
		fd_install(fd, file);
	return fd;
}

/* One option, from our copies of key and value; of a file, with the file. Under fc->uapi_mutex. */
static int parse_option(struct kmview_session *session, struct fs_context *fc, const char *key, const char *value,
			struct file *file)
{
	struct fs_parameter param = { .key = key, .type = fs_value_is_file, .file = file };
	enum kmview_fs fs = kmview_fs_of(fc->fs_type->name);
	struct kmview_raised raised;
	int err;

	err = fs == KMVIEW_FS_OVERLAY ? kmview_layers_check(key, value, check_layer) : 0;
	if (err)
		return err;
	if (!kmview_raise(&raised))
		return -ENOMEM;
	if (file) {
		get_file(file);
		err = vfs_parse_fs_param(fc, &param);
		if (param.file)
			fput(param.file);
	} else {
		err = kmview_parse_fs_string(fc, key, value);
	}
	kmview_lower(&raised);
	if (!err && fs == KMVIEW_FS_OVERLAY && kmview_layers_check(key, value, check_layer) == -EPERM)
		err = punish(session);
	return err;
}

static int set_option(struct kmview_session *session, struct fs_context *fc, const char *key, const char *value,
		      struct file *file)
{
	enum kmview_fs fs = kmview_fs_of(fc->fs_type->name);
	struct kmview_limits limits;
	int err;

	set_limits(&limits);
	/* Of the options that are files, only FUSE's has no path, which could be changed. */
	if (file ? fs != KMVIEW_FS_FUSE || strcmp(key, "fd") : !kmview_option_allowed(fs, key, value, &limits))
		return -EPERM;
	err = mutex_lock_interruptible(&fc->uapi_mutex);
	if (err)
		return err;
	err = fc->phase == FS_CONTEXT_CREATING ? parse_option(session, fc, key, value, file) : -EBUSY;
	mutex_unlock(&fc->uapi_mutex);
	return err;
}

/* What the kernel does at FSCONFIG_CMD_CREATE. */
static int create_tree(struct fs_context *fc)
{
	struct super_block *sb;
	int err;

	err = vfs_get_tree(fc);
	if (err)
		return err;
	sb = fc->root->d_sb;
	err = kmview_call(sb_kern_mount_address, (unsigned long)sb, 0, 0, 0, 0);
	if (err) {
		dput(fc->root);
		fc->root = NULL;
		deactivate_locked_super(sb);
		return err;
	}
	up_write(&sb->s_umount);
	return 0;
}

static int create(struct fs_context *fc)
{
	struct kmview_raised raised;
	int err;

	err = mutex_lock_interruptible(&fc->uapi_mutex);
	if (err)
		return err;
	if (fc->phase != FS_CONTEXT_CREATING) {
		err = -EBUSY;
	} else if (!kmview_raise(&raised)) {
		err = -ENOMEM;
	} else {
		err = create_tree(fc);
		kmview_lower(&raised);
		fc->phase = err ? FS_CONTEXT_FAILED : FS_CONTEXT_AWAITING_MOUNT;
	}
	mutex_unlock(&fc->uapi_mutex);
	return err;
}

static long set_from_user(struct kmview_context *context, struct kmview_session *session, struct fs_context *fc)
{
	char *key = copy_string(context->args[2], 256), *value = NULL;
	unsigned int command = context->args[1];
	struct file *file = NULL;
	long err = 0;

	if (IS_ERR_OR_NULL(key))
		return key ? PTR_ERR(key) : -EINVAL;
	if (command == FSCONFIG_SET_STRING) {
		value = copy_string(context->args[3], PAGE_SIZE);
		if (IS_ERR_OR_NULL(value)) {
			err = value ? PTR_ERR(value) : -EINVAL;
			value = NULL;
		}
	} else if (command == FSCONFIG_SET_FD) {
		file = context->args[3] ? NULL : fget(context->args[4]);
		if (!file)
			err = context->args[3] ? -EINVAL : -EBADF;
	}
	if (!err && !file && context->args[4])
		err = -EINVAL;
	if (!err)
		err = set_option(session, fc, key, value, file);
	if (file)
		fput(file);
	kfree(value);
	kfree(key);
	return err;
}

/* Is it one of ours, which is not mounted yet? Others are in this phase only with the mutex held. */
static bool is_ours(struct fs_context *fc)
{
	bool ours;

	mutex_lock(&fc->uapi_mutex);
	ours = fc->phase == FS_CONTEXT_CREATING;
	mutex_unlock(&fc->uapi_mutex);
	return ours;
}

static long configure(struct kmview_context *context, struct kmview_session *session, struct fs_context *fc)
{
	switch ((unsigned int)context->args[1]) {
	case FSCONFIG_SET_FLAG:
	case FSCONFIG_SET_STRING:
	case FSCONFIG_SET_FD:
		return set_from_user(context, session, fc);
	case FSCONFIG_CMD_CREATE:
		return create(fc);
	default: /* no option that is allowed needs the others */
		return -EPERM;
	}
}

static long serve_fsconfig(struct kmview_context *context, struct kmview_session *session)
{
	struct file *file = fget(context->args[0]);
	long result;

	if (!file || !is_fs_context(file) || !is_ours(file->private_data))
		result = kmview_native(context);
	else
		result = configure(context, session, file->private_data);
	if (file)
		fput(file);
	return result;
}

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
	fd = kmview_with_args(&changed, native_raised);
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

static long serve_open_tree(struct kmview_context *context, struct kmview_session *session)
{
	const u64 known = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_RECURSIVE |
			  AT_SYMLINK_NOFOLLOW;

	if (!(context->args[2] & OPEN_TREE_CLONE))
		return kmview_native(context);
	if ((unsigned int)context->args[2] & ~known)
		return -EPERM;
	return serve_detached(context, session, AT_RECURSIVE, NULL);
}

static long serve_fsmount(struct kmview_context *context, struct kmview_session *session)
{
	struct file *file = fget(context->args[0]);
	const struct super_block *sb = NULL;
	struct fs_context *fc;
	long result;

	if (file && is_fs_context(file)) {
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
	result = native_raised(context);
	if (!result && !kmview_is_above(from->mnt, to))
		result = punish(session);
	kmview_moves_unlock(session);
	return result ?: tighten_above(to, noted);
}

static long serve_move_mount(struct kmview_context *context, struct kmview_session *session)
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
	namespace_root(&root);
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
static long serve_setattr(struct kmview_context *context, struct kmview_session *session)
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
		err = mount_change(session, &path, MS_REMOUNT | MS_BIND | set, NULL);
	path_put(&path);
	return err;
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
		return serve_fsopen(context, session);
	case KMVIEW_BUILTIN_FSCONFIG:
		return serve_fsconfig(context, session);
	case KMVIEW_BUILTIN_FSMOUNT:
		return serve_fsmount(context, session);
	case KMVIEW_BUILTIN_OPEN_TREE:
		return serve_open_tree(context, session);
	case KMVIEW_BUILTIN_MOVE_MOUNT:
		return serve_move_mount(context, session);
	case KMVIEW_BUILTIN_MOUNT_SETATTR:
		return serve_setattr(context, session);
	}
	return kmview_native(context);
}
