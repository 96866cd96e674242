/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The spanning tree as the switch sees it: one tree per VLAN (IEEE 802.1D-2004 clause 17), which
 * sets the learning and forwarding ports of its VLAN. While it is off every member forwards.
 * All functions belong to the control thread.
 */
#ifndef VDE_RSTP_H
#define VDE_RSTP_H

#include "user/vde/switch/switch.h"

/* 0 or -ENOMEM. */
int rstp_init(struct vswitch *sw, unsigned int priority);
void rstp_free(struct vswitch *sw);

void rstp_enable(struct vswitch *sw, bool on);

/* The VLAN was made or is removed; the port became or ceased to be a member, active. */
void rstp_vlan(struct vswitch *sw, struct vlan *vlan, bool exists);
void rstp_member(struct vswitch *sw, struct vlan *vlan, struct port *port);
void rstp_port_active(struct vswitch *sw, struct port *port, bool active);

struct console;
void rstp_commands(struct console *console);

#endif
