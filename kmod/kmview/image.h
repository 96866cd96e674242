/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The session's image: code of the manager's that each program of the session finds in place of the kernel's vDSO.
 */
#ifndef KMVIEW_IMAGE_H
#define KMVIEW_IMAGE_H

#include "uapi/kmview.h"

struct kmview_session;
struct linux_binprm;

/* KMVIEW_IMAGE. 0, or an error as the protocol has it. */
int kmview_image_set(struct kmview_session *session, const struct kmview_image *arg);
void kmview_image_free(struct kmview_session *session);

/*
 * The current task, whose innermost session this is, has just become another program. Does not sleep; what is to be
 * done happens before the program's first instruction.
 */
void kmview_image_exec(struct kmview_session *session, const struct linux_binprm *bprm);

#endif
