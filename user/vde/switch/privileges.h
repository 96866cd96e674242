/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Privileges of the switch after its set-up. */
#ifndef VDE_SWITCH_PRIVILEGES_H
#define VDE_SWITCH_PRIVILEGES_H

/*
 * Give up, for good, all capabilities of the calling thread but those that clients need at run
 * time: CAP_CHOWN, CAP_FOWNER and CAP_DAC_OVERRIDE (sockets are given to their users),
 * CAP_NET_ADMIN (large socket buffers; XDP programs on more network devices) and CAP_NET_RAW (their
 * packet sockets). Threads that it starts later begin so. Without privileges there is nothing to
 * give up. 0 or -errno.
 */
int privileges_drop(void);

/* The same for RCU's own thread, which starts when it likes. */
void privileges_drop_rcu(void);

#endif
