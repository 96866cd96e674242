/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include "user/vde/switch/rstp/rstp.h"

void rstp_vlan(struct vswitch *sw, struct vlan *vlan, bool exists)
{
	for (unsigned int w = 0; w < PORT_WORDS; w++)
		vlan->learning.word[w] = vlan->forwarding.word[w] = ~0ull;
}
void rstp_member(struct vswitch *sw, struct vlan *vlan, struct port *port) {}
void rstp_port_active(struct vswitch *sw, struct port *port, bool active) {}
void rstp_enable(struct vswitch *sw, bool on) {}
int rstp_init(struct vswitch *sw, unsigned int priority) { return 0; }
void rstp_free(struct vswitch *sw) {}
void rstp_commands(struct console *console) {}
