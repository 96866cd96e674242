/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VLANs and who is in them. A port has at most one untagged VLAN and is a tagged member of any
 * others. VLAN 0 always exists. All functions belong to the control thread.
 */
#ifndef VDE_VLAN_H
#define VDE_VLAN_H

#include "user/vde/switch/switch.h"

#define VLAN_LAST 4093 /* highest id that can be created */

/* 0 or -ENOMEM. */
int vlan_init(struct vswitch *sw);
void vlan_free(struct vswitch *sw);

/* The VLAN if it exists, or NULL. */
struct vlan *vlan_existing(struct vswitch *sw, unsigned int id);

/* 0 or -errno: -EINVAL id out of range, -EEXIST; -ENXIO no such VLAN, -EADDRINUSE it has members.
 */
int vlan_create(struct vswitch *sw, unsigned int id);
int vlan_remove(struct vswitch *sw, unsigned int id);

/* Move the port's untagged traffic to a VLAN that exists, or VLAN_NONE. 0 or -ENXIO. */
int vlan_set_untagged(struct vswitch *sw, struct port *port, unsigned int id);

/*
 * Tagged membership. -ENXIO no such VLAN; adding: -EEXIST already a member; leaving: -ENXIO not a
 * member, -EADDRINUSE it is the untagged VLAN.
 */
int vlan_add_port(struct vswitch *sw, unsigned int id, struct port *port);
int vlan_del_port(struct vswitch *sw, unsigned int id, struct port *port);
void vlan_leave_all(struct vswitch *sw, struct port *port);

struct console;
void vlan_commands(struct console *console);

#endif
