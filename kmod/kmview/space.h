/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spaces: which mount namespaces the tasks of a session have made.
 *
 * A space belongs to the task that made the namespace and to those forked from it, and ends with the last of them:
 * they are what keeps the namespace, so its address means this namespace as long as the space is there. It gives no
 * right to mount: that is the kernel's to judge (mount.c). KMVIEW_ENTER needs it, to know where it may lead.
 */
#ifndef KMVIEW_SPACE_H
#define KMVIEW_SPACE_H

struct kmview_session;
struct kmview_space;
struct task_struct;

/* A space of a session, without a namespace yet. Holds no reference to the session: its tasks do. NULL: no memory. */
struct kmview_space *kmview_space_new(const struct kmview_session *session);

/* The space is of the namespace that the current task is in, and the task is in the space. The count passes on. */
void kmview_space_begin(struct kmview_space *space);

/*
 * The current task has entered the namespace of a task of the session, and is from now on of its space.
 * Returns 0 or -EPERM: that is no space of the session.
 */
int kmview_space_enter(const struct kmview_session *session, struct task_struct *like);

/* Is a task in a space of the session? */
bool kmview_in_space_of(const struct kmview_session *session, struct task_struct *task);

/* A task forked from one in the space, or that task's end. NULL is none. In any context but interrupts. */
struct kmview_space *kmview_space_get(struct kmview_space *space);
void kmview_space_put(struct kmview_space *space);

#endif
