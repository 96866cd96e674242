/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_FILTER_H
#define KMVIEW_FILTER_H

#include <linux/bitops.h>
#include <linux/fdtable.h>
#include <linux/hash.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "uapi/kmview.h"

struct kmview_context;
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

/*
 * The marks that the session has set on open files, see filter_fd.c: how many, and a bit for each by the address of its
 * file, so that most files that have none are told by that.
 */
#define KMVIEW_MARK_BITS 9
struct kmview_marks {
	unsigned int count;
	unsigned long maybe[BITS_TO_LONGS(1 << KMVIEW_MARK_BITS)];
};

int kmview_prefix_set(struct kmview_session *session, const struct kmview_prefix *arg);
void kmview_prefixes_free(struct kmview_session *session);

/*
 * Does the path that a call names lie at or below a prefix with one of these marks?
 * @name: in the task's memory; @dirfd: where a relative one starts, or AT_FDCWD; @follow: a symbolic link at its end
 * Returns 1, 0 or -ENOMEM: nobody knows, so the call must not go on.
 */
int kmview_path_match(struct kmview_session *session, const char __user *name, int dirfd, bool follow, u32 marks);

/* Mark an open file of the caller for a session, or with marks 0 unmark it. 0, -EBADF, -ENOMEM. */
int kmview_mark_set(struct kmview_session *session, int fd, u32 marks, u64 cookie);
void kmview_marks_free(struct kmview_session *session);
/* Forget the marks of files that are gone. */
void kmview_marks_sweep(void);

static inline unsigned int kmview_mark_bit(const struct file *file)
{
	return hash_ptr(file, KMVIEW_MARK_BITS);
}

/*
 * Can it be told quickly, without reference and lock, that a descriptor of the current task has no mark of the session?
 * Files come and go while we look: then the answer may be of either. Without preemption we are a reader of RCU, too, as
 * the table of descriptors needs; and no more than the address of the file is looked at.
 */
static __always_inline bool kmview_fd_unmarked(const struct kmview_marks *marks, unsigned int fd)
{
	const struct file *file;

	if (!READ_ONCE(marks->count))
		return true;
	preempt_disable_notrace();
	file = files_lookup_fd_raw(current->files, fd);
	preempt_enable_notrace();
	return !test_bit(kmview_mark_bit(file), marks->maybe);
}

/* Is a descriptor of the current task marked with one of these? Then *cookie is the mark's. */
bool kmview_fd_match(struct kmview_session *session, int fd, u32 marks, u64 *cookie);

/*
 * Does any filter of the rule let the call through to its action? Notes the cookie of a mark in the context.
 * Returns 1, also for a rule without filters; 0; -ENOMEM.
 */
int kmview_filter_match(struct kmview_session *session, const struct kmview_rule *rule, struct kmview_context *context);

#endif
