// SPDX-License-Identifier: GPL-2.0-only
/* The form of a rule. A pure function, so KUnit can test it. */
#include "rule_valid.h"

#define RULE_FLAGS                                                                                                     \
	(KMVIEW_RULE_EXIT | KMVIEW_RULE_BOTH | KMVIEW_RULE_INTERRUPTIBLE | KMVIEW_RULE_FD | KMVIEW_RULE_PATH |         \
	 KMVIEW_RULE_NOFOLLOW | KMVIEW_RULE_PATH2 | KMVIEW_RULE_WAIT)

/* The number of an argument, or KMVIEW_NO_ARGUMENT. */
static bool is_argument(u8 number)
{
	return number <= 5 || number == KMVIEW_NO_ARGUMENT;
}

bool kmview_rule_valid(const struct kmview_rule *rule)
{
	unsigned int i;

	if (rule->abi >= KMVIEW_ABIS || rule->nr >= KMVIEW_CALLS || rule->action > KMVIEW_BPF)
		return false;
	if (rule->flags & ~RULE_FLAGS || rule->reserved2)
		return false;
	if (rule->action == KMVIEW_BPF && rule->prog >= KMVIEW_PROGS)
		return false;
	for (i = 0; i < 6; i++)
		if (rule->copy[i] > KMVIEW_COPY_BUFFER)
			return false;
	if (rule->flags & KMVIEW_RULE_FD && rule->fd_arg > 5)
		return false;
	if (!(rule->flags & KMVIEW_RULE_PATH))
		return true;
	if (rule->flags & KMVIEW_RULE_PATH2 && (rule->path2_arg > 5 || !is_argument(rule->dirfd2_arg)))
		return false;
	return rule->path_arg <= 5 && is_argument(rule->dirfd_arg) && is_argument(rule->nofollow_arg);
}
