/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The spanning tree as the switch sees it: one tree per VLAN (IEEE 802.1D-2004 clause 17), which
 * sets the learning and forwarding ports of its VLAN. While it is off every member forwards.
 * All functions belong to the control thread; the protocol itself runs in a thread of its own.
 */
#ifndef VDE_RSTP_H
#define VDE_RSTP_H

#include "user/vde/switch/switch.h"

/* 0 or -ENOMEM. */
int rstp_init(struct vswitch *sw, unsigned int priority);
/* Begin to run: the tree thread, whose signals and privileges are those of the caller. */
int rstp_start(struct vswitch *sw);
/* Spanning tree off, and the end of the thread; before the planes stop. */
void rstp_stop(struct vswitch *sw);
/* After the planes have stopped: they bring BPDUs until then. */
void rstp_free(struct vswitch *sw);

void rstp_enable(struct vswitch *sw, bool on);

/* The VLAN was made (0 or -ENOMEM) or is removed; the port became or ceased to be a member, active.
 */
int rstp_vlan(struct vswitch *sw, struct vlan *vlan, bool exists);
void rstp_member(struct vswitch *sw, struct vlan *vlan, struct port *port);
void rstp_port_active(struct vswitch *sw, struct port *port, bool active);

/* What commands and configuration set; the tree must be of a VLAN that has the port. */
struct rstp_tree;
int rstp_set_priority(struct vswitch *sw, unsigned int priority); /* -EINVAL above 65535 */
/* Seconds and BPDUs a second; -EINVAL: outside what 802.1D-2004 17.14 allows. */
int rstp_set_times(struct vswitch *sw, unsigned int max_age, unsigned int hello,
		   unsigned int forward_delay, unsigned int tx_hold_count);
#define RSTP_COST_MAX 200000000
void rstp_set_cost(struct rstp_tree *tree, unsigned int port, uint32_t cost); /* 0: by speed */
enum rstp_guard { RSTP_BPDU_GUARD, RSTP_ROOT_GUARD, RSTP_TCN_GUARD, RSTP_GUARDS };
void rstp_set_guard(struct rstp_tree *tree, unsigned int port, enum rstp_guard guard, bool on);
bool rstp_has_guard(struct rstp_tree *tree, unsigned int port, enum rstp_guard guard);
void rstp_set_edge(struct rstp_tree *tree, unsigned int port, bool edge);
void rstp_forget_settings(struct rstp_tree *tree);
void rstp_set_bonus(struct rstp_tree *tree, unsigned int port, uint32_t bonus);

struct console;
void rstp_commands(struct console *console);

#endif
