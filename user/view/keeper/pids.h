/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Process ids of a branch's own. */
#ifndef VIEW_PIDS_H
#define VIEW_PIDS_H

/*
 * Returns in a process that is number 1 of a new process namespace, with its /proc mounted. The
 * caller stays, passes signals on, and ends as that process does. channel: to the manager, for what
 * goes wrong.
 */
void pids_begin(int channel);

#endif
