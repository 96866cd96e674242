/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_ENTER_H
#define KMVIEW_ENTER_H

struct kmview_session;

/**
 * kmview_enter() - KMVIEW_ENTER: a process enters the mount namespace of another of the session.
 * @session: the caller's session
 * @pidfd: the process
 * @like: the process to follow, a pidfd, too
 *
 * Return: 0: it enters when it next leaves the kernel; or an error as the protocol has it.
 */
int kmview_enter(struct kmview_session *session, int pidfd, int like);

/**
 * kmview_enter_network() - KMVIEW_ENTER_NET: a process enters a network namespace.
 * @session: the caller's session
 * @pidfd: the process
 * @net: a descriptor of the namespace
 *
 * Return: 0: it enters when it next leaves the kernel; or an error as the protocol has it.
 */
int kmview_enter_network(struct kmview_session *session, int pidfd, int net);

#endif
