/* SPDX-License-Identifier: GPL-2.0-only */
/* The session's own executable formats: files that it runs by an interpreter, told by what they begin with or their name. */
#ifndef KMVIEW_FORMAT_H
#define KMVIEW_FORMAT_H

#include "uapi/kmview.h"

struct kmview_session;

/**
 * kmview_formats_init() - The module is loaded: notice which modules are loaded after it.
 *
 * Return: 0 or a negative error.
 */
int kmview_formats_init(void);

/**
 * kmview_formats_exit() - The module goes; there is no session, and no exec that is at one of its formats.
 */
void kmview_formats_exit(void);

/**
 * kmview_formats_set() - KMVIEW_FORMATS: rules take the place of those that a session has.
 * @session: one that was initialised
 * @arg: the command's argument, in kernel memory
 *
 * Return: 0, or an error as the protocol has it; then the rules stay as they were.
 */
int kmview_formats_set(struct kmview_session *session, const struct kmview_formats *arg);

/**
 * kmview_formats_free() - Free the rules of a session that nothing refers to any more.
 * @session: that session
 */
void kmview_formats_free(struct kmview_session *session);

#endif
