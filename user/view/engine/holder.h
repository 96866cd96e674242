/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that holds the session of the kernel module. */
#ifndef VIEW_HOLDER_H
#define VIEW_HOLDER_H

#include "user/libkmview/libkmview.h"

/*
 * Open a session in a process apart. token: of calls that it lets go on if it has to serve the
 * session in our place. It must not become our child: to be called before we adopt orphans. *channel: for holder_close. Errors are those of kmview_open.
 */
int holder_open(struct kmview **session, const struct kmview_options *options, uint64_t token,
		int *channel);

/* End that process, and the session with it. */
void holder_close(int channel);

#endif
