// SPDX-License-Identifier: GPL-2.0-only
/* The filters of a rule: which calls of a kind concern the session. */
#include <linux/fcntl.h>
#include <linux/kernel.h>

#include "call.h"
#include "filter.h"
#include "session.h"

static int path_matches(struct kmview_session *session, const struct kmview_rule *rule, const u64 args[6], u8 path,
			u8 dirfd)
{
	const char __user *name = (const char __user *)(unsigned long)args[path];
	bool follow = !(rule->flags & KMVIEW_RULE_NOFOLLOW);

	if (rule->nofollow_arg != KMVIEW_NO_ARGUMENT && args[rule->nofollow_arg] & rule->nofollow_mask)
		follow = false;
	return kmview_path_match(session, name, dirfd == KMVIEW_NO_ARGUMENT ? AT_FDCWD : (int)args[dirfd], follow,
				 rule->path_marks);
}

int kmview_filter_match(struct kmview_session *session, const struct kmview_rule *rule, struct kmview_context *context)
{
	const u64 *args = context->args;
	int match;

	context->mark_cookie = 0;

	if (likely(!(rule->flags & (KMVIEW_RULE_FD | KMVIEW_RULE_PATH))))
		return 1;
	if (rule->flags & KMVIEW_RULE_FD &&
	    kmview_fd_match(session, args[rule->fd_arg], rule->fd_marks, &context->mark_cookie))
		return 1;
	if (!(rule->flags & KMVIEW_RULE_PATH))
		return 0;
	match = path_matches(session, rule, args, rule->path_arg, rule->dirfd_arg);
	if (match || !(rule->flags & KMVIEW_RULE_PATH2))
		return match;
	return path_matches(session, rule, args, rule->path2_arg, rule->dirfd2_arg);
}
