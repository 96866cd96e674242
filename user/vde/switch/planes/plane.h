/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a data plane is: something that moves frames of its endpoints in and out.
 *
 * Ports of several planes sit in one switch. There is one MAC table (fdb/), one set of VLANs, one
 * spanning tree, one set of counters: those of the model. A plane may forward between its own
 * endpoints by itself (xdp, kvde) as long as the result is what forward/ would do; whatever it does
 * not do itself it hands to forward(), from a thread of its own:
 *
 *   frame arrives at an endpoint -> [plane's own short cut]
 *       -> forward_begin(); forward(endpoint, frame)...; forward_end()
 *       -> ops->transmit() of the plane of each endpoint that shall get it
 *
 * MAC table. The fdb is the one truth. A plane that learns by itself calls fdb_learn() for each new
 * or moved address (not per frame), asks for fdb_changed() to hear of all others, and answers
 * fdb_idle() so that addresses whose frames only it sees do not age out. It must forward a frame
 * itself only to ports whose endpoints are all its own, and hand the rest up.
 *
 * When port_is_plain() is false (mirror, capture, limits, impairment) the frames of that port, in
 * both directions, must be handed to forward(), where these things are done.
 *
 * Threads: every call comes from the control thread except transmit(), which comes from any thread
 * that runs between forward_begin() and forward_end(), under rcu_read_lock().
 */
#ifndef VDE_SWITCH_PLANE_H
#define VDE_SWITCH_PLANE_H

#include <argp.h>

#include "user/vde/switch/fdb/fdb.h"
#include "user/vde/switch/forward/forward.h"
#include "user/vde/switch/switch.h"

struct plane {
	const struct plane_ops *ops;
	struct vswitch *sw;
	struct plane *next;
	void *state; /* the plane's own */
};

struct plane_ops {
	const char *name; /* "user", "xdp", ... */

	/*
	 * Options of the plane for the command line, or NULL; the input of its parser is the
	 * struct plane. Keys must be above 1000 and not used by another plane.
	 */
	const struct argp *options;

	/*
	 * init(): before the options are read; sets plane->state.
	 * start(): sockets, maps, console commands; may be NULL. It runs after the switch has gone
	 * to the background and before capabilities are dropped. 0 or -errno, with one line logged.
	 * stop(): every endpoint is detached already and the grace period over; frees the state.
	 */
	int (*init)(struct plane *plane);
	int (*start)(struct plane *plane);
	void (*stop)(struct plane *plane);

	/*
	 * Something that forwarding depends on has changed; NULL when the plane does not care.
	 * port_changed(): endpoints, untagged VLAN, tag type, port_is_plain(). vlan_changed():
	 * members, tagged, learning, forwarding. switch_changed(): hub, spanning tree on or off,
	 * aging times.
	 */
	void (*port_changed)(struct plane *plane, struct port *port);
	void (*vlan_changed)(struct plane *plane, struct vlan *vlan);
	void (*switch_changed)(struct plane *plane);

	/*
	 * An address was learned, moved or forgotten, by whatever plane. entry NULL: changes were
	 * lost, read the table again with fdb_each(). NULL when the plane does not care.
	 */
	void (*fdb_changed)(struct plane *plane, const struct fdb_entry *entry,
			    enum fdb_change change);

	/* Seconds since this plane last saw the entry's address as a source, or UINT_MAX. */
	unsigned int (*fdb_idle)(struct plane *plane, const struct fdb_entry *entry);

	/* Add to *sum what this plane's short cut has moved for the port. May be NULL. */
	void (*count)(struct plane *plane, struct port *port, struct counters *sum);

	/* Does the plane forward the port's frames by itself, though another plane may have its
	 * endpoints? May be NULL. */
	bool (*carries)(struct plane *plane, const struct port *port);

	/*
	 * Send frames out of one endpoint of this plane, in order; never blocks. What cannot be
	 * sent nor queued is dropped and counted: ops calls endpoint_dropped() or
	 * endpoint_failed(). The frames' memory is valid only during the call.
	 */
	void (*transmit)(struct forwarder *forwarder, struct endpoint *endpoint,
			 const struct egress *frames, unsigned int frame_count);

	/*
	 * attach(): the endpoint is in its port; frames may flow from now on. 0 or -errno.
	 * detach(): it left its port; when this returns no new frames are read from it, and after a
	 * grace period no thread knows it.
	 */
	int (*attach)(struct endpoint *endpoint);
	void (*detach)(struct endpoint *endpoint);
	/* Free it: after that grace period, on RCU's own thread. */
	void (*release)(struct endpoint *endpoint);
};

/*
 * The planes that are built in are listed in planes/planes.c. planes_init() and planes_start() do
 * it for each (0 or -errno); planes_stop() works after either. plane_called() finds one by name,
 * NULL if it is not built in.
 */
int planes_init(struct vswitch *sw);
int planes_start(struct vswitch *sw);
void planes_stop(struct vswitch *sw);
struct plane *plane_called(struct vswitch *sw, const char *name);

/* Somebody began or ceased to listen to changes of the MAC table. */
void planes_watch_fdb(struct vswitch *sw);

/* Add what the planes counted by themselves. */
void planes_count(struct vswitch *sw, struct port *port, struct counters *sum);

/* The name of the plane that moves an endpoint's frames. */
const char *planes_carrier(struct vswitch *sw, const struct endpoint *endpoint);

/* The shortest fdb_idle() of all planes; an fdb_idle_time whose context is the switch. */
uint32_t planes_idle(void *context, const struct fdb_entry *entry);

/* For transmit(): account for frames of this endpoint that were not sent. */
static inline void endpoint_dropped(struct endpoint *endpoint, unsigned int frames)
{
	count(&endpoint->drops, frames);
	count(&endpoint->port->counters.drops_out, frames);
}

static inline void endpoint_failed(struct endpoint *endpoint, unsigned int frames)
{
	count(&endpoint->port->counters.errors_out, frames);
}

#endif
