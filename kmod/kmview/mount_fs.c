// SPDX-License-Identifier: GPL-2.0-only
/* fsopen(2) and fsconfig(2): file systems being set up, on contexts that we made. See mount.c. */
#include <linux/anon_inodes.h>
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/mount.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <uapi/linux/magic.h>
#include <uapi/linux/mount.h>

#include "compat.h"
#include "dispatch.h"
#include "gate.h"
#include "hook.h"
#include "mount.h"
#include "mount_call.h"
#include "mount_options.h"
#include "mount_record.h"
#include "ring.h"
#include "session.h"

static unsigned long sb_kern_mount_address;

void kmview_mount_fs_init(void)
{
	sb_kern_mount_address = kmview_symbol("security_sb_kern_mount");
}

bool kmview_mount_fs_available(void)
{
	return sb_kern_mount_address;
}

/* Is it what fsopen(2) makes? Outside of it nothing else tells; only the kernel makes files of this name here. */
bool kmview_is_fs_context(const struct file *file)
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
	kmview_mount_limits(&limits);
	forced = kmview_option_forced(fs, &limits, value, sizeof(value));
	if (forced)
		err = kmview_parse_fs_string(fc, forced, *value ? value : NULL);
	file = err ? ERR_PTR(err) : anon_inode_getfile("[fscontext]", model->f_op, fc, O_RDWR);
	if (IS_ERR(file))
		put_fs_context(fc);
	return file;
}

long kmview_serve_fsopen(struct kmview_context *context, struct kmview_session *session)
{
	char *type = kmview_mount_string(context->args[0], PAGE_SIZE);
	struct file *model, *file;
	enum kmview_fs fs;
	long fd;

	if (IS_ERR_OR_NULL(type))
		return type ? PTR_ERR(type) : -EFAULT;
	fs = kmview_fs_of(type);
	kfree(type);
	if (fs == KMVIEW_FS_OTHER)
		return -EPERM;
	fd = kmview_native_raised(context);
	if (fd < 0)
		return fd;
	/* The name was read a second time: look at what was opened. */
	model = fget(fd);
	if (!model)
		return -EBADF;
	if (!kmview_is_fs_context(model)) {
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

	err = fs == KMVIEW_FS_OVERLAY ? kmview_layers_check(key, value, kmview_check_layer) : 0;
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
	if (!err && fs == KMVIEW_FS_OVERLAY && kmview_layers_check(key, value, kmview_check_layer) == -EPERM)
		err = kmview_punish(session);
	return err;
}

static int set_option(struct kmview_session *session, struct fs_context *fc, const char *key, const char *value,
		      struct file *file)
{
	enum kmview_fs fs = kmview_fs_of(fc->fs_type->name);
	struct kmview_limits limits;
	int err;

	kmview_mount_limits(&limits);
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
	char *key = kmview_mount_string(context->args[2], 256), *value = NULL;
	unsigned int command = context->args[1];
	struct file *file = NULL;
	long err = 0;

	if (IS_ERR_OR_NULL(key))
		return key ? PTR_ERR(key) : -EINVAL;
	if (command == FSCONFIG_SET_STRING) {
		value = kmview_mount_string(context->args[3], PAGE_SIZE);
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

long kmview_serve_fsconfig(struct kmview_context *context, struct kmview_session *session)
{
	struct file *file = fget(context->args[0]);
	long result;

	if (!file || !kmview_is_fs_context(file) || !is_ours(file->private_data))
		result = kmview_native(context);
	else
		result = configure(context, session, file->private_data);
	if (file)
		fput(file);
	return result;
}
