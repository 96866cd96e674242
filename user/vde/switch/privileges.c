// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Capabilities belong to threads: each that is there before the set-up is done gives up its own.
 * The bounding set goes too, and no_new_privs keeps the rest from coming back by an exec.
 */
#include "user/vde/switch/privileges.h"

#include <errno.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <syslog.h>
#include <urcu.h>

static const cap_value_t kept[] = {CAP_CHOWN, CAP_FOWNER, CAP_DAC_OVERRIDE, CAP_NET_ADMIN,
				   CAP_NET_RAW};

#define KEPT ((int)(sizeof(kept) / sizeof(*kept)))

/* Of `kept`, those that the process has. */
static int keep(cap_t wanted, cap_t had)
{
	for (int i = 0; i < KEPT; i++) {
		cap_flag_value_t has;

		if (cap_get_flag(had, kept[i], CAP_PERMITTED, &has))
			return -1;
		if (has == CAP_SET && (cap_set_flag(wanted, CAP_PERMITTED, 1, &kept[i], CAP_SET) ||
				       cap_set_flag(wanted, CAP_EFFECTIVE, 1, &kept[i], CAP_SET)))
			return -1;
	}
	return 0;
}

int privileges_drop(void)
{
	cap_t had = cap_get_proc(), wanted = cap_init();
	int result = 0;

	/* Fails without CAP_SETPCAP; then there is nothing in the set that matters. */
	for (cap_value_t cap = 0; cap < cap_max_bits(); cap++)
		cap_drop_bound(cap);
	if (!had || !wanted || keep(wanted, had) || cap_set_proc(wanted) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		result = -errno;
	cap_free(had);
	cap_free(wanted);
	return result;
}

static void drop_here(struct rcu_head *head)
{
	int error = privileges_drop();

	if (error)
		syslog(LOG_WARNING, "a thread keeps its privileges: error %d", -error);
}

void privileges_drop_rcu(void)
{
	static struct rcu_head head;

	call_rcu(&head, drop_here);
}
