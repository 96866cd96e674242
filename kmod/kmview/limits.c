// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one user may have of the machine, see limits.h.
 *
 * Hooking a function that nobody has hooked yet stops all processors for a moment. A user may have that done for four
 * seconds' worth of times in a row, then patch_rate times a second, and waits where he asks for more. Users are told
 * apart by a table of few places: two who share one share the rate.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uidgid.h>

#include "limits.h"

#define BURST_SECONDS 4
#define USERS	      64

static unsigned int patch_rate = 16;
module_param(patch_rate, uint, 0644);
MODULE_PARM_DESC(patch_rate, "how often a second one user's sessions may have the kernel's text changed; default 16");

static unsigned int ring_kb = 16384;
module_param(ring_kb, uint, 0644);
MODULE_PARM_DESC(ring_kb, "memory that the rings of one user may take beyond RLIMIT_MEMLOCK, in KiB; default 16384");

static char user_calls[2048];
module_param_string(user_calls, user_calls, sizeof(user_calls), 0644);
MODULE_PARM_DESC(user_calls, "calls that users without CAP_SYS_ADMIN may hook, between commas; default all");

bool kmview_limits_ring(u64 bytes)
{
	unsigned long locked = rlimit(RLIMIT_MEMLOCK);

	return locked == RLIM_INFINITY || bytes <= locked + ((u64)READ_ONCE(ring_kb) << 10) || capable(CAP_IPC_LOCK);
}

/* When the next change would be due at patch_rate; in the past for those who have asked for few. */
static unsigned long due[USERS];
static bool used[USERS];
static DEFINE_SPINLOCK(due_lock);

/* Take one change. Returns 0, or how many jiffies too early it is. */
static long take_patch(void)
{
	unsigned int user = __kuid_val(current_uid()) % USERS;
	unsigned long step = HZ / clamp(READ_ONCE(patch_rate), 1U, (unsigned int)HZ);
	unsigned long now = jiffies, oldest = now - BURST_SECONDS * HZ;
	long early;

	spin_lock(&due_lock);
	if (!used[user] || time_before(due[user], oldest))
		due[user] = oldest;
	used[user] = true;
	early = due[user] - now;
	if (early <= 0)
		due[user] += step;
	spin_unlock(&due_lock);
	return max(early, 0L);
}

int kmview_limits_patch(void)
{
	long early;

	if (ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE))
		return 0;
	while ((early = take_patch())) {
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		schedule_timeout(early);
		if (signal_pending(current))
			return -ERESTARTNOINTR;
	}
	return 0;
}

bool kmview_limits_call(const char *name)
{
	size_t length = strlen(name);
	const char *at;
	bool listed;

	if (ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN))
		return true;
	kernel_param_lock(THIS_MODULE);
	at = strim(user_calls);
	listed = !*at;
	for (; *at && !listed; at = strchrnul(at, ',')) {
		while (*at == ',')
			at++;
		listed = !strncmp(at, name, length) && (!at[length] || at[length] == ',');
	}
	kernel_param_unlock(THIS_MODULE);
	return listed;
}
