// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hooks: which functions of the kernel pass through the gate, and for how many sessions.
 *
 * A hook is a direct call of ftrace at the entry of a function, counted by the sessions that want it. Calls that were
 * not hooked before and are asked for together form a batch, one ftrace_ops: turning ftrace on or off takes
 * milliseconds (and, off, an RCU grace period) however many functions there are. A batch goes when none of its
 * functions is wanted any more, in the background.
 *
 * Several calls may be served by one function (calls without arguments serve all ABIs), so what is counted is the
 * address. Addresses come from symbols.c.
 *
 * hooks_lock protects everything here but kmview_sites[].builtin, which never changes after initialisation.
 */
#include <linux/ftrace.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "compat.h"
#include "gate.h"
#include "hook.h"
#include "limits.h"
#include "share.h"
#include "symbols.h"

struct kmview_batch {
	struct ftrace_ops ops;
	struct list_head node;
	unsigned int wanted; /* functions of it with users */
	bool shared;	     /* others hook its functions, too: see share.h */
};

struct kmview_hook {
	struct hlist_node node;
	struct kmview_batch *batch;
	unsigned long address;
	unsigned int users;
};

static bool share_all;
module_param(share_all, bool, 0644);
MODULE_PARM_DESC(share_all,
		 "let BPF programs be attached to hooked functions; calls of all tasks cost more; default no");

static DEFINE_MUTEX(hooks_lock);
static DEFINE_HASHTABLE(hooks, 8); /* by address */
static LIST_HEAD(batches);

/*
 * As long as there is a batch, an ftrace operation is registered that the kernel may not switch off: then
 * kernel.ftrace_enabled=0, which would end the hooks of all sessions without a word, is EBUSY. It watches a function
 * that nobody calls.
 */
static noinline void kmview_nobody_calls(void)
{
	barrier();
}

static void notrace see_nothing(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
				struct ftrace_regs *regs)
{
}

static struct ftrace_ops anchor = { .func = see_nothing, .flags = FTRACE_OPS_FL_PERMANENT };

/* Under the lock, before the first batch. Returns 0, or -ENOSYS: function tracing is switched off. */
static int drop_anchor(void)
{
	int err = register_ftrace_function(&anchor);

	return err == -EBUSY || err == -ENODEV ? -ENOSYS : err;
}

static void weigh_anchor(void)
{
	WARN_ON_ONCE(unregister_ftrace_function(&anchor));
}

/* Are these functions hooked indeed? ftrace may be switched off, or have given up after a fault, and not say so. */
static bool all_fire(const unsigned long *addresses, unsigned int count)
{
	while (count--)
		if (!kmview_is_taken(addresses[count]))
			return false;
	return true;
}

/* Find the functions that serve these calls, where they were not looked for before. */
static int find_sites(const struct kmview_name *names, unsigned int count)
{
	struct kmview_lookups *lookups = kmview_lookups_new();
	unsigned int i;

	if (!lookups)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		struct kmview_site *site = &kmview_sites[names[i].abi][names[i].nr];

		if (site->address)
			continue;
		if (site->symbol)
			kmview_look_up(lookups, site->symbol, &site->address);
		if (!site->address)
			site->address = ULONG_MAX;
	}
	kmview_lookups_flush(lookups);
	kfree(lookups);
	return 0;
}

/* The address where ftrace calls out of the function that serves a call, once find_sites() saw it; 0: none. */
static unsigned long site_address(const struct kmview_name *name)
{
	unsigned long address = kmview_sites[name->abi][name->nr].address;

	return address == ULONG_MAX ? 0 : address;
}

static struct kmview_hook *find_hook(unsigned long address)
{
	struct kmview_hook *hook;

	hash_for_each_possible(hooks, hook, node, address)
		if (hook->address == address)
			return hook;
	return NULL;
}

/* Turn the batches off that nobody wants. */
static void sweep_hooks(void)
{
	struct kmview_batch *batch, *next;
	struct kmview_hook *hook;
	struct hlist_node *tmp;
	int i, err;

	list_for_each_entry_safe(batch, next, &batches, node) {
		if (batch->wanted)
			continue;
		err = batch->shared ? kmview_unshare(&batch->ops)
				    : kmview_ftrace_undirect(&batch->ops, (unsigned long)kmview_gate);
		if (WARN_ON_ONCE(err))
			continue; /* keep what ftrace still points to */
		hash_for_each_safe(hooks, i, tmp, hook, node) {
			if (hook->batch != batch)
				continue;
			hash_del(&hook->node);
			kfree(hook);
		}
		list_del(&batch->node);
		kfree(batch);
		if (list_empty(&batches))
			weigh_anchor();
	}
}

/* Give up what is hooked of names[0 .. count), which may include functions that are not. */
static void unwant_calls(const struct kmview_name *names, unsigned int count)
{
	struct kmview_hook *hook;
	unsigned long address;

	while (count--) {
		address = site_address(&names[count]);
		hook = address ? find_hook(address) : NULL;
		if (hook && !--hook->users)
			hook->batch->wanted--;
	}
}

/* Count one more user of a function; make a hook in the batch if there is none. Returns 1 if it is new. */
static int want_function(unsigned long address, struct kmview_batch *batch)
{
	struct kmview_hook *hook = find_hook(address);

	if (hook) {
		if (!hook->users++)
			hook->batch->wanted++;
		return 0;
	}
	hook = kzalloc(sizeof(*hook), GFP_KERNEL);
	if (!hook)
		return -ENOMEM;
	hook->batch = batch;
	hook->address = address;
	hook->users = 1;
	batch->wanted++;
	hash_add(hooks, &hook->node, address);
	return 1;
}

/* Forget a batch that could not be turned on. */
static void drop_hooks(struct kmview_batch *batch)
{
	struct kmview_hook *hook;
	struct hlist_node *tmp;
	int i;

	hash_for_each_safe(hooks, i, tmp, hook, node) {
		if (hook->batch == batch) {
			hash_del(&hook->node);
			kfree(hook);
		}
	}
	ftrace_free_filter(&batch->ops);
	kfree(batch);
}

/* Is there a function among them that is not hooked yet? Under the lock. */
static bool any_fresh(const struct kmview_name *names, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (site_address(&names[i]) && !find_hook(site_address(&names[i])))
			return true;
	return false;
}

/* The gate at the functions of a batch. */
static int turn_direct(struct kmview_batch *batch, unsigned long *addresses, unsigned int count)
{
	int err;

	err = ftrace_set_filter_ips(&batch->ops, addresses, count, 0, 1);
	if (!err)
		err = kmview_ftrace_direct(&batch->ops, (unsigned long)kmview_gate);
	if (err || all_fire(addresses, count))
		return err;
	WARN_ON_ONCE(kmview_ftrace_undirect(&batch->ops, (unsigned long)kmview_gate));
	memset(&batch->ops, 0, sizeof(batch->ops));
	return -ENOSYS;
}

/* Move the functions of a batch that others hook to the front of addresses, and to a batch of their own. */
static unsigned int part_taken(struct kmview_batch *batch, struct kmview_batch *shared, unsigned long *addresses,
			       unsigned int count)
{
	unsigned int taken = 0, i;

	for (i = 0; i < count; i++) {
		if (!share_all && !kmview_is_taken(addresses[i]))
			continue;
		find_hook(addresses[i])->batch = shared;
		shared->wanted++;
		batch->wanted--;
		swap(addresses[taken], addresses[i]);
		taken++;
	}
	return taken;
}

/* Some functions of the batch are taken by others: share those. The batch is on the list then, or used up. */
static int turn_on_shared(struct kmview_batch *batch, unsigned long *addresses, unsigned int count)
{
	struct kmview_batch *shared = kzalloc(sizeof(*shared), GFP_KERNEL);
	unsigned int taken, i;
	int err = -EBUSY;

	if (!shared)
		return -ENOMEM;
	shared->shared = true;
	taken = part_taken(batch, shared, addresses, count);
	if (taken)
		err = kmview_share(&shared->ops, addresses, taken);
	if (!err && taken < count) {
		err = turn_direct(batch, addresses + taken, count - taken);
		if (err)
			WARN_ON_ONCE(kmview_unshare(&shared->ops));
	}
	if (err) {
		for (i = 0; i < taken; i++)
			pr_notice_ratelimited(
				"kmview: %ps() is taken by another tracer, see enabled_functions of tracefs\n",
				(void *)addresses[i]);
		memset(&shared->ops, 0, sizeof(shared->ops));
		drop_hooks(shared);
		return err;
	}
	list_add(&shared->node, &batches);
	if (taken < count)
		list_add(&batch->node, &batches);
	else
		drop_hooks(batch);
	return 0;
}

/* Hook the functions of a batch, which is then on the list, or used up. */
static int turn_on(struct kmview_batch *batch, unsigned long *addresses, unsigned int count)
{
	bool first = list_empty(&batches);
	int err = first ? drop_anchor() : 0;

	if (err)
		return err;
	err = READ_ONCE(share_all) ? -EBUSY : turn_direct(batch, addresses, count);
	if (!err)
		list_add(&batch->node, &batches);
	else if (err == -EBUSY)
		err = turn_on_shared(batch, addresses, count);
	if (err && first)
		weigh_anchor();
	return err;
}

int kmview_hooks_get(const struct kmview_name *names, unsigned int count, unsigned int *failed)
{
	struct kmview_batch *batch = kzalloc(sizeof(*batch), GFP_KERNEL);
	unsigned long *fresh = kvmalloc_array(count ?: 1, sizeof(*fresh), GFP_KERNEL);
	unsigned int i = 0, n = 0;
	unsigned long address;
	int err = -ENOMEM;

	mutex_lock(&hooks_lock);
	if (!batch || !fresh || find_sites(names, count))
		goto fail;
	if (any_fresh(names, count)) {
		/* Others need not wait with us. */
		mutex_unlock(&hooks_lock);
		err = kmview_limits_patch();
		mutex_lock(&hooks_lock);
		if (err)
			goto fail;
	}
	for (; i < count; i++) {
		address = site_address(&names[i]);
		err = address ? want_function(address, batch) : -ENOENT;
		if (err < 0)
			goto fail;
		if (err)
			fresh[n++] = address;
	}
	if (n) {
		err = turn_on(batch, fresh, n);
		if (err)
			goto fail;
		batch = NULL;
	}
	err = 0;
	goto out;
fail:
	*failed = min(i, count ? count - 1 : 0);
	unwant_calls(names, i);
out:
	if (batch)
		drop_hooks(batch);
	mutex_unlock(&hooks_lock);
	kvfree(fresh);
	return err;
}

void kmview_hooks_put(const struct kmview_name *names, unsigned int count)
{
	mutex_lock(&hooks_lock);
	unwant_calls(names, count);
	sweep_hooks();
	mutex_unlock(&hooks_lock);
}

/* ---- the built-in ones */

static const struct {
	const char *call;
	enum kmview_builtin builtin;
} builtins[] = {
	{ "exit", KMVIEW_BUILTIN_EXIT },
	{ "exit_group", KMVIEW_BUILTIN_EXIT },
	{ "io_uring_setup", KMVIEW_BUILTIN_IO_URING },
	{ "io_uring_enter", KMVIEW_BUILTIN_IO_URING },
	{ "io_uring_register", KMVIEW_BUILTIN_IO_URING },
	{ "unshare", KMVIEW_BUILTIN_UNSHARE },
	{ "mount", KMVIEW_BUILTIN_MOUNT },
	{ "umount", KMVIEW_BUILTIN_UMOUNT },
	{ "oldumount", KMVIEW_BUILTIN_UMOUNT },
	{ "pivot_root", KMVIEW_BUILTIN_PIVOT_ROOT },
	{ "fsopen", KMVIEW_BUILTIN_FSOPEN },
	{ "fsconfig", KMVIEW_BUILTIN_FSCONFIG },
	{ "fsmount", KMVIEW_BUILTIN_FSMOUNT },
	{ "open_tree", KMVIEW_BUILTIN_OPEN_TREE },
	{ "move_mount", KMVIEW_BUILTIN_MOVE_MOUNT },
	{ "mount_setattr", KMVIEW_BUILTIN_MOUNT_SETATTR },
};

/* First those that every session has, then those for mounts: one batch in either case. */
static struct kmview_name builtin_names[KMVIEW_ABIS * ARRAY_SIZE(builtins)];
static unsigned int n_always, n_with_mounts;

/* The module's own part at the calls of a table; those that need a hook are appended to names. */
static unsigned int note_builtins(unsigned int abi, struct kmview_name *names, unsigned int n)
{
	const char *call;
	unsigned int nr, i;

	for (nr = 0; nr < KMVIEW_CALLS; nr++) {
		call = kmview_sites[abi][nr].symbol;
		call = call ? strstr(call, "_sys_") : NULL;
		for (i = 0; call && i < ARRAY_SIZE(builtins); i++) {
			if (strcmp(call + strlen("_sys_"), builtins[i].call))
				continue;
			kmview_sites[abi][nr].builtin = builtins[i].builtin;
			/* Nobody needs a hook to exit. */
			if (builtins[i].builtin != KMVIEW_BUILTIN_EXIT && n < ARRAY_SIZE(builtin_names))
				names[n++] = (struct kmview_name){ .abi = abi, .nr = nr };
		}
	}
	return n;
}

/* Keep those of one kind that this kernel has, after the n that are kept. */
static unsigned int take_builtins(const struct kmview_name *names, unsigned int count, bool io_uring, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		bool is = kmview_sites[names[i].abi][names[i].nr].builtin == KMVIEW_BUILTIN_IO_URING;

		if (is == io_uring && site_address(&names[i]))
			builtin_names[n++] = names[i];
	}
	return n;
}

int kmview_hooks_init(void)
{
	struct kmview_name *names = kcalloc(ARRAY_SIZE(builtin_names), sizeof(*names), GFP_KERNEL);
	unsigned int abi, n = 0;
	int err;

	if (!names)
		return -ENOMEM;
	for (abi = 0; abi < KMVIEW_ABIS; abi++)
		n = note_builtins(abi, names, n);
	err = find_sites(names, n);
	if (!err) {
		n_always = take_builtins(names, n, true, 0);
		n_with_mounts = take_builtins(names, n, false, n_always);
	}
	kfree(names);
	/* It would be a way around every session. */
	if (!err && IS_ENABLED(CONFIG_IO_URING) && !n_always)
		err = -ENOENT;
	/* The filter stays over all registrations: ftrace frees it, but does not forget it. */
	return err ?: ftrace_set_filter_ip(&anchor, (unsigned long)kmview_nobody_calls, 0, 1);
}

int kmview_hooks_builtin_get(bool mounts)
{
	unsigned int failed;

	return kmview_hooks_get(builtin_names, mounts ? n_with_mounts : n_always, &failed);
}

void kmview_hooks_builtin_put(bool mounts)
{
	kmview_hooks_put(builtin_names, mounts ? n_with_mounts : n_always);
}

void kmview_hooks_exit(void)
{
	mutex_lock(&hooks_lock);
	sweep_hooks();
	WARN_ON(!list_empty(&batches));
	mutex_unlock(&hooks_lock);
	ftrace_free_filter(&anchor);
	/* Tasks outside sessions may still be in the gate. */
	synchronize_rcu_tasks();
}
