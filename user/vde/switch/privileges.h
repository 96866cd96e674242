/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a switch of root's may do. */
#ifndef VDE_PRIVILEGES_H
#define VDE_PRIVILEGES_H

/*
 * Give up, for ever, every capability that a switch does not use; before there are threads. A
 * switch of an ordinary user has none and loses none. 0 or -errno.
 */
int privileges_drop(void);

#endif
