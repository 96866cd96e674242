/* SPDX-License-Identifier: GPL-2.0-only */
/* The session's own executable formats: files that it runs by an interpreter, told by what they begin with or their name. */
#ifndef KMVIEW_FORMAT_H
#define KMVIEW_FORMAT_H

#include "uapi/kmview.h"

struct kmview_session;

int kmview_formats_init(void);
void kmview_formats_exit(void);
int kmview_formats_set(struct kmview_session *session, const struct kmview_formats *arg);
void kmview_formats_free(struct kmview_session *session);

#endif
