/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The user namespaces that a session's mounts belong to.
 *
 *   outer   all ids are themselves     lent at mount(2) and the like; FUSE and tmpfs by mount(2) belong to it
 *   inner   all ids are themselves     lent at fsopen(2), fsconfig(2); what is made by these belongs to it
 *   own     the opener's uid and gid   mount namespaces of the session belong to it, and overlays
 *
 * Each is the child of the one above, the first one of the initial namespace. Nobody owns them and no task is ever in
 * them. Credentials in one of them are made for one call, by mount_raised.c.
 */
#ifndef KMVIEW_MOUNT_USERNS_H
#define KMVIEW_MOUNT_USERNS_H

#include <linux/types.h>

struct kmview_session;
struct user_namespace;

enum kmview_userns {
	KMVIEW_OUTER,
	KMVIEW_INNER,
	KMVIEW_OWN,
	KMVIEW_USERNS,
};

/**
 * kmview_userns_available() - Are the kernel functions there that the session's user namespaces need?
 *
 * Return: True if they are.
 */
bool kmview_userns_available(void);

/**
 * kmview_userns_make() - Make the user namespaces of a session that has none, of the current task's uid and gid.
 * @session: one that is being initialised
 *
 * They are charged to nobody.
 *
 * Return: 0, -ENOMEM, or what the kernel or a security module says against user namespaces.
 */
int kmview_userns_make(struct kmview_session *session);

/**
 * kmview_userns_put() - Let go of those of a session's user namespaces that there are.
 * @session: the session
 *
 * They live on as long as a mount, or a mount namespace, is theirs.
 */
void kmview_userns_put(struct kmview_session *session);

/**
 * kmview_userns_is_own() - Are the current task's ids those that KMVIEW_OWN maps?
 * @session: the session
 *
 * Return: True if they are.
 */
bool kmview_userns_is_own(const struct kmview_session *session);

/**
 * kmview_userns_is_of() - Is a user namespace one of the session's?
 * @session: the session
 * @ns: the namespace
 *
 * Return: True if it is.
 */
bool kmview_userns_is_of(const struct kmview_session *session, const struct user_namespace *ns);

#endif
