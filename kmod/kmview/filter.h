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

/**
 * kmview_prefix_set() - KMVIEW_PREFIX: set, change or remove a prefix.
 * @session: the session, under its setup
 * @arg: the command's argument, in kernel memory
 *
 * Return: 0, or an error as the protocol has it.
 */
int kmview_prefix_set(struct kmview_session *session, const struct kmview_prefix *arg);

/**
 * kmview_prefixes_free() - Free the prefixes of a session that nothing refers to any more.
 * @session: that session
 */
void kmview_prefixes_free(struct kmview_session *session);

/**
 * kmview_path_match() - Does the path that a call names lie at or below a prefix with one of these marks?
 * @session: whose prefixes
 * @name: the path, in the task's memory
 * @dirfd: where a relative one starts, or AT_FDCWD
 * @follow: follow a symbolic link at its end
 * @marks: at least one of them
 *
 * May sleep in the path's file systems.
 *
 * Return: 1, 0, or -ENOMEM: nobody knows, so the call must not go on.
 */
int kmview_path_match(struct kmview_session *session, const char __user *name, int dirfd, bool follow, u32 marks);

/**
 * kmview_mark_set() - KMVIEW_MARK: mark an open file of the caller for a session.
 * @session: the session
 * @fd: the caller's descriptor
 * @marks: 0 removes the mark
 * @cookie: of the manager's, comes with events
 *
 * Return: 0, -EBADF or -ENOMEM.
 */
int kmview_mark_set(struct kmview_session *session, int fd, u32 marks, u64 cookie);

/**
 * kmview_marks_free() - Forget the marks of a session that nothing refers to any more.
 * @session: that session
 */
void kmview_marks_free(struct kmview_session *session);

/**
 * kmview_marks_sweep() - Forget the marks of files that are gone.
 */
void kmview_marks_sweep(void);

/**
 * kmview_mark_bit() - Where a file's bit is in kmview_marks.maybe.
 * @file: only its address matters; NULL has a bit, too
 *
 * Return: The number of the bit.
 */
static inline unsigned int kmview_mark_bit(const struct file *file)
{
	return hash_ptr(file, KMVIEW_MARK_BITS);
}

/**
 * kmview_fd_unmarked() - Can it be told quickly, without reference and lock, that a descriptor of the current task
 * has no mark?
 * @marks: of the session
 * @fd: the descriptor; may be none
 *
 * Files come and go while we look: then the answer may be of either. Without preemption we are a reader of RCU,
 * too, as the table of descriptors needs; and no more than the address of the file is looked at.
 *
 * Return: True: it has none. False: it may have one.
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

/**
 * kmview_fd_match() - Is a descriptor of the current task marked?
 * @session: by whom
 * @fd: the descriptor; may be none
 * @marks: with at least one of these
 * @cookie: out, the number that came with the mark, if there is one
 *
 * Return: True if it is.
 */
bool kmview_fd_match(struct kmview_session *session, int fd, u32 marks, u64 *cookie);

/**
 * kmview_filter_match() - Does any filter of the rule let the call through to its action?
 * @session: whose rule it is
 * @rule: a copy of the rule
 * @context: the call; the cookie of a mark is noted in it
 *
 * Return: 1, also for a rule without filters; 0; or -ENOMEM.
 */
int kmview_filter_match(struct kmview_session *session, const struct kmview_rule *rule, struct kmview_context *context);

#endif
