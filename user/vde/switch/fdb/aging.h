/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Aging of the MAC table and its console commands "hash/...". Control thread. */
#ifndef VDE_AGING_H
#define VDE_AGING_H

#include "user/vde/switch/switch.h"

/* Begin to sweep; 0 or -ENOMEM. */
int aging_start(struct vswitch *sw);
void aging_stop(struct vswitch *sw);

/* Seconds between sweeps, and until an unused address is forgotten. 0 or -ENOMEM. */
int aging_set(struct vswitch *sw, unsigned int interval, unsigned int expire);

struct console;
void fdb_commands(struct console *console);

#endif
