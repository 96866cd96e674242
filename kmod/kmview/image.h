/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The session's image: code of the manager's that each program of the session finds in place of the kernel's vDSO.
 */
#ifndef KMVIEW_IMAGE_H
#define KMVIEW_IMAGE_H

#include "uapi/kmview.h"

struct kmview_session;
struct linux_binprm;

/**
 * kmview_image_set() - KMVIEW_IMAGE: programs find code of the manager's in place of the vDSO.
 * @session: one that was initialised
 * @arg: the command's argument, in kernel memory
 *
 * Return: 0, or an error as the protocol has it; then the image stays as it was.
 */
int kmview_image_set(struct kmview_session *session, const struct kmview_image *arg);

/**
 * kmview_image_free() - Let go of the image of a session that nothing refers to any more.
 * @session: that session
 */
void kmview_image_free(struct kmview_session *session);

/**
 * kmview_image_exec() - The current task has just become another program.
 * @session: the innermost that it is in
 * @bprm: of the exec
 *
 * Does not sleep. What is to be done happens before the program's first instruction; where that cannot be the task
 * is killed.
 */
void kmview_image_exec(struct kmview_session *session, const struct linux_binprm *bprm);

#endif
