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

/**
 * kmview_space_new() - Make a space of a session, without a namespace yet.
 * @session: not counted: its tasks are
 *
 * Return: The space, with one reference, or NULL: no memory.
 */
struct kmview_space *kmview_space_new(const struct kmview_session *session);

/**
 * kmview_space_begin() - A space becomes that of the namespace that the current task is in, and the task is in the
 * space.
 * @space: the caller's reference passes on
 */
void kmview_space_begin(struct kmview_space *space);

/**
 * kmview_space_enter() - The current task has entered the namespace of a task of the session, and is from now on of
 * its space.
 * @session: the session
 * @like: the task that was there before
 *
 * Return: 0, or -EPERM: that is no space of the session.
 */
int kmview_space_enter(const struct kmview_session *session, struct task_struct *like);

/**
 * kmview_in_space_of() - Is a task in a space of the session?
 * @session: the session
 * @task: the task, counted
 *
 * Return: True if it is.
 */
bool kmview_in_space_of(const struct kmview_session *session, struct task_struct *task);

/**
 * kmview_space_get() - Take one more reference, for a task forked from one in the space.
 * @space: may be NULL
 *
 * Any context but interrupts.
 *
 * Return: @space.
 */
struct kmview_space *kmview_space_get(struct kmview_space *space);

/**
 * kmview_space_put() - Let go of a reference.
 * @space: may be NULL
 *
 * Any context but interrupts.
 */
void kmview_space_put(struct kmview_space *space);

#endif
