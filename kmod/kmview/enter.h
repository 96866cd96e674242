/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMVIEW_ENTER_H
#define KMVIEW_ENTER_H

struct kmview_session;

/* KMVIEW_ENTER, see uapi/kmview.h. 0: the process enters when it next leaves the kernel. */
int kmview_enter(struct kmview_session *session, int pidfd, int like);

/* KMVIEW_ENTER_NET. The same. */
int kmview_enter_network(struct kmview_session *session, int pidfd, int net);

#endif
