/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_FILTER_H
#define KMVIEW_FILTER_H

#include <linux/rcupdate.h>
#include <linux/types.h>

#include "uapi/kmview.h"

struct kmview_session;

/* Path prefixes: read under RCU, changed under session->setup. */
struct kmview_prefix_entry {
	struct rcu_head rcu;
	u32 marks;
	char path[];
};

struct kmview_prefixes {
	struct kmview_prefix_entry __rcu *entry[KMVIEW_PREFIXES];
};

/* How many marks the session has set on open files, see filter_fd.c. */
struct kmview_marks {
	unsigned int count;
};

int kmview_prefix_set(struct kmview_session *session, const struct kmview_prefix *arg);
void kmview_prefixes_free(struct kmview_session *session);

/*
 * Does the path that a call names lie at or below a prefix with one of these marks?
 * @name: in the task's memory; @dirfd: where a relative one starts, or AT_FDCWD; @follow: a symbolic link at its end
 * Returns 1, 0 or -ENOMEM: nobody knows, so the call must not go on.
 */
int kmview_path_match(struct kmview_session *session, const char __user *name, int dirfd, bool follow, u32 marks);

int kmview_mark_set(struct kmview_session *session, int fd, u32 marks);
void kmview_marks_free(struct kmview_session *session);
/* Forget the marks of files that are gone. */
void kmview_marks_sweep(void);
bool kmview_fd_match(struct kmview_session *session, int fd, u32 marks);

/* Does any filter of the rule let the call through to its action? 1 for a rule without filters; 0; -ENOMEM. */
int kmview_filter_match(struct kmview_session *session, const struct kmview_rule *rule, const u64 args[6]);

#endif
