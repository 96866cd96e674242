// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kvde, see uapi/kvde.h: one open file is one switch.
 *
 * The descriptor may be inherited or passed on, but only the process that opened it uses it, so that a switch ends with
 * its process. The module cannot go while a file is open, and then no socket is adopted; who stands in the last
 * instructions of kvde_data_ready() is waited for.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "switch.h"

static int switch_open(struct inode *inode, struct file *file)
{
	struct kvde *sw = kvzalloc(sizeof(*sw), GFP_KERNEL_ACCOUNT);
	int err;

	if (!sw)
		return -ENOMEM;
	err = kvde_table_init(sw);
	if (err) {
		kvfree(sw);
		return err;
	}
	mutex_init(&sw->lock);
	kvde_up_init(sw);
	sw->mm = current->mm;
	mmgrab(sw->mm);
	file->private_data = sw;
	return nonseekable_open(inode, file);
}

static int switch_close(struct inode *inode, struct file *file)
{
	struct kvde *sw = file->private_data;

	kvde_release_all(sw);
	kvde_up_free(sw);
	kvde_table_free(sw);
	mmdrop(sw->mm);
	kvfree(sw);
	return 0;
}

static int set_switch(struct kvde *sw, const struct kvde_switch *arg)
{
	if (arg->flags & ~KVDE_SPANNING_TREE || arg->persistence > 1000000)
		return -EINVAL;
	WRITE_ONCE(sw->flags, arg->flags);
	WRITE_ONCE(sw->persistence, (unsigned long)arg->persistence * HZ);
	return 0;
}

static int about_address(struct kvde *sw, unsigned int cmd, struct kvde_address *address)
{
	if (address->vlan >= KVDE_VLANS || address->mac[0] & 1 || address->port >= KVDE_PORTS)
		return -EINVAL;
	switch (cmd) {
	case KVDE_ADDRESS_SET:
		return kvde_address_set(sw, address);
	case KVDE_ADDRESS_DEL:
		return kvde_address_del(sw, address);
	default:
		return kvde_address_get(sw, address);
	}
}

static int vlan_command(struct kvde *sw, const void __user *arg)
{
	struct kvde_vlan *vlan = memdup_user(arg, sizeof(*vlan));
	int err;

	if (IS_ERR(vlan))
		return PTR_ERR(vlan);
	err = kvde_set_vlan(sw, vlan);
	kfree(vlan);
	return err;
}

static int switch_command(struct kvde *sw, unsigned int cmd, void __user *arg)
{
	union {
		struct kvde_switch all;
		struct kvde_port port;
		struct kvde_adopt adopt;
		struct kvde_port_state state;
		struct kvde_address address;
		struct kvde_pause pause;
	} in;
	int err = 0;

	switch (cmd) {
	case KVDE_VLAN:
		return vlan_command(sw, arg);
	case KVDE_FLUSH:
		kvde_flush(sw);
		return 0;
	case KVDE_RESUME:
		kvde_resume(sw);
		return 0;
	case KVDE_PAUSE:
	case KVDE_SWITCH:
	case KVDE_PORT:
	case KVDE_ADOPT:
	case KVDE_RELEASE:
	case KVDE_COUNT:
	case KVDE_ADDRESS_SET:
	case KVDE_ADDRESS_DEL:
	case KVDE_ADDRESS_GET:
		break;
	default:
		return -ENOTTY;
	}
	if (_IOC_DIR(cmd) & _IOC_WRITE && copy_from_user(&in, arg, _IOC_SIZE(cmd)))
		return -EFAULT;
	switch (cmd) {
	case KVDE_SWITCH:
		return set_switch(sw, &in.all);
	case KVDE_PORT:
		return kvde_set_port(sw, &in.port);
	case KVDE_ADOPT:
		return kvde_adopt(sw, &in.adopt);
	case KVDE_PAUSE:
		kvde_pause(sw, &in.pause);
		break;
	case KVDE_RELEASE:
		err = kvde_release(sw, &in.state);
		break;
	case KVDE_COUNT:
		err = kvde_port_count(sw, &in.state);
		break;
	default:
		err = about_address(sw, cmd, &in.address);
	}
	if (!err && _IOC_DIR(cmd) & _IOC_READ && copy_to_user(arg, &in, _IOC_SIZE(cmd)))
		return -EFAULT;
	return err;
}

static long switch_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct kvde *sw = file->private_data;
	long err;

	if (cmd == KVDE_ABI)
		return put_user(KVDE_ABI_VERSION, (u32 __user *)arg);
	if (current->mm != sw->mm)
		return -EPERM;
	if (mutex_lock_interruptible(&sw->lock))
		return -ERESTARTSYS;
	err = switch_command(sw, cmd, (void __user *)arg);
	mutex_unlock(&sw->lock);
	return err;
}

static ssize_t switch_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	struct kvde *sw = file->private_data;

	if (current->mm != sw->mm)
		return -EPERM;
	return kvde_up_read(sw, buffer, size, !(file->f_flags & O_NONBLOCK));
}

static __poll_t switch_poll(struct file *file, poll_table *table)
{
	struct kvde *sw = file->private_data;

	poll_wait(file, &sw->up_wait, table);
	return list_empty_careful(&sw->up) && !READ_ONCE(sw->up_lost) ? 0 : EPOLLIN | EPOLLRDNORM;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = switch_open,
	.release = switch_close,
	.read = switch_read,
	.poll = switch_poll,
	.unlocked_ioctl = switch_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice kvde_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kvde",
	.fops = &operations,
	.mode = 0600,
};

static int __init kvde_load(void)
{
	return misc_register(&kvde_device);
}

static void __exit kvde_unload(void)
{
	misc_deregister(&kvde_device);
	/* Callbacks that had begun before their port was released. */
	synchronize_rcu_tasks();
	rcu_barrier();
}

module_init(kvde_load);
module_exit(kvde_unload);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("frames between the clients of a VDE switch");
