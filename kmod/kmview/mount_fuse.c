// SPDX-License-Identifier: GPL-2.0-only
/*
 * FUSE, for which the kernel's rules for mounts of ordinary users are not enough, as outer maps all ids:
 *
 *   - user_id and group_id are the caller's. With user_id=0 the processes of root that walk into the mount, which the
 *     kernel lets in then, could be held up by its server.
 *   - allow_other would be for the tasks of outer: there are none, so it is dropped.
 *   - the device, which the server opened in the initial user namespace, gets credentials in outer, without
 *     capabilities: the kernel refuses a device of another user namespace. With these it can be used for nothing but a
 *     mount of this session by mount(2): no other credentials than those lent there are in outer.
 *
 * The device keeps these credentials if the mount fails; another try by mount(2) is as good.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/miscdevice.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "file_creds.h"
#include "filter.h"
#include "mount_fuse.h"
#include "mount_options.h"
#include "session.h"

static bool is_fuse_device(const struct file *file)
{
	const struct inode *inode = file_inode(file);

	return S_ISCHR(inode->i_mode) && inode->i_rdev == MKDEV(MISC_MAJOR, FUSE_MINOR);
}

static int adopt_device(struct file *file, struct user_namespace *ns)
{
	struct kmview_file *entry;

	if (READ_ONCE(file->f_cred)->user_ns == ns)
		return 0;
	kmview_marks_sweep();
	entry = kmview_file_new(file, ns);
	if (!entry)
		return -ENOMEM;
	spin_lock(&kmview_files_lock);
	kmview_file_take(file, entry);
	spin_unlock(&kmview_files_lock);
	return 0;
}

int kmview_fuse_prepare(struct kmview_session *session, char *data)
{
	struct file *file;
	int err, fd;

	err = kmview_fuse_options(data, from_kuid_munged(&init_user_ns, current_fsuid()),
				  from_kgid_munged(&init_user_ns, current_fsgid()), &fd);
	if (err)
		return err;
	file = fget(fd);
	if (!file)
		return -EBADF;
	err = is_fuse_device(file) ? adopt_device(file, session->userns[KMVIEW_OUTER]) : -EINVAL;
	fput(file);
	return err;
}
