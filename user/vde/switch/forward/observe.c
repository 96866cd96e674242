/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of observers: changed by the control thread, read by data threads under RCU. */
#include <urcu.h>

#include "user/vde/switch/forward/observe.h"
#include "user/vde/switch/ports/ports.h"

static struct observer *observers; /* RCU */

void observe_frame(const struct port *port, const struct egress *egress, enum direction direction)
{
	for (struct observer *o = rcu_dereference(observers); o; o = rcu_dereference(o->next))
		o->frame(o, port, egress, direction);
}

void observers_mark(struct vswitch *sw)
{
	for (unsigned int i = 0; i <= PORT_MAX; i++) {
		struct port *port = &sw->ports[i];
		bool wanted = false;

		for (const struct observer *o = observers; o; o = o->next)
			wanted = wanted || o->wants(o, port);
		if (port->captured != wanted) {
			port->captured = wanted;
			port_changed(sw, port);
		}
	}
}

void observer_add(struct vswitch *sw, struct observer *observer)
{
	observer->next = observers;
	rcu_assign_pointer(observers, observer);
	observers_mark(sw);
}

void observer_remove(struct vswitch *sw, struct observer *observer)
{
	struct observer **link = &observers;

	while (*link && *link != observer)
		link = &(*link)->next;
	if (!*link)
		return;
	rcu_assign_pointer(*link, observer->next);
	observers_mark(sw);
	synchronize_rcu();
}
