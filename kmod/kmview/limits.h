/* SPDX-License-Identifier: GPL-2.0-only */
/* What one user may have of the machine by way of sessions. */
#ifndef KMVIEW_LIMITS_H
#define KMVIEW_LIMITS_H

#include <linux/types.h>

/*
 * May the rings of a user's sessions take so many bytes together? The current task's RLIMIT_MEMLOCK counts, beyond what
 * the parameter ring_kb allows to everybody.
 */
bool kmview_limits_ring(u64 bytes);

/*
 * The kernel's text is about to be changed for the current task. Waits if its user has had that done too often of late;
 * takes no lock that others wait for. Returns 0, or -ERESTARTNOINTR: a signal.
 */
int kmview_limits_patch(void);

/* May the current task hook a call? The name is without prefix, as in "openat". */
bool kmview_limits_call(const char *name);

#endif
