/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who wants to see frames pass without changing them: captures and plugins. Only ports that some
 * observer wants are marked `captured`, so that the others pay nothing.
 */
#ifndef VDE_OBSERVE_H
#define VDE_OBSERVE_H

#include "user/vde/switch/forward/forward.h"

enum direction { DIRECTION_IN, DIRECTION_OUT };

struct observer {
	/* Control thread: does it want to see this port? */
	bool (*wants)(const struct observer *observer, const struct port *port);
	/* Any thread, under rcu_read_lock(): a frame of a marked port, wanted or not. */
	void (*frame)(struct observer *observer, const struct port *port,
		      const struct egress *egress, enum direction direction);
	struct observer *next; /* RCU */
};

/* Control thread. An observer that was removed may be freed when the call returns. */
void observer_add(struct vswitch *sw, struct observer *observer);
void observer_remove(struct vswitch *sw, struct observer *observer);
/* What some observer wants has changed. */
void observers_mark(struct vswitch *sw);

/* From the path of a frame. */
void observe_frame(const struct port *port, const struct egress *egress, enum direction direction);

#endif
