/* SPDX-License-Identifier: GPL-2.0-only */
/* What one user may have of the machine by way of sessions. */
#ifndef KMVIEW_LIMITS_H
#define KMVIEW_LIMITS_H

#include <linux/types.h>

/**
 * kmview_limits_ring() - May the rings of a user's sessions take so many bytes together?
 * @bytes: all of them
 *
 * The current task's RLIMIT_MEMLOCK counts, beyond what the parameter ring_kb allows to everybody.
 *
 * Return: True if they may.
 */
bool kmview_limits_ring(u64 bytes);

/**
 * kmview_limits_patch() - The kernel's text is about to be changed for the current task: wait if its user has had
 * that done too often of late.
 *
 * Takes no lock that others wait for.
 *
 * Return: 0, or -ERESTARTNOINTR: a signal.
 */
int kmview_limits_patch(void);

/**
 * kmview_limits_call() - May the current task hook a call?
 * @name: without prefix, as in "openat"
 *
 * Return: True if it may.
 */
bool kmview_limits_call(const char *name);

#endif
