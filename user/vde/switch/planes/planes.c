/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of planes, and the fan-out of changes to them. Changes of the MAC table come from data
 * threads under the table's lock: they travel as notes to the control thread, which tells planes,
 * events and the log.
 */
#include <string.h>
#include <syslog.h>

#include "user/vde/switch/console/argument.h"
#include "user/vde/switch/console/console.h"
#include "user/vde/switch/loop/loop.h"
#include "user/vde/switch/planes/kvde/kvde.h"
#include "user/vde/switch/planes/plane.h"
#include "user/vde/switch/planes/user/user.h"
#include "user/vde/switch/planes/xdp/xdp.h"
#include "user/vde/switch/ports/ports.h"

static const struct plane_ops *const built_in[] = {&user_plane, &xdp_plane, &kvde_plane};

#define BUILT_IN (sizeof(built_in) / sizeof(*built_in))

static struct plane planes[BUILT_IN];

#define for_each_plane(sw, plane)                                                                  \
	for (struct plane *plane = (sw)->planes; plane; plane = plane->next)

struct fdb_note {
	struct fdb_entry entry;
	enum fdb_change change;
};

static void fdb_changed(void *context, const void *data, size_t size)
{
	const struct fdb_note *note = data;
	const struct fdb_entry *entry = &note->entry;
	struct vswitch *sw = context;
	enum event event = note->change == FDB_REMOVED ? EVENT_HASH_DEL : EVENT_HASH_ADD;
	char mac[MAC_TEXT_SIZE];
	static uint64_t lost;
	bool gap = loop_lost_notes(sw->loop) != lost;

	lost = loop_lost_notes(sw->loop);
	for_each_plane(sw, plane) if (plane->ops->fdb_changed)
		plane->ops->fdb_changed(plane, gap ? NULL : entry, note->change);
	if (event_wanted(sw, event))
		event_raise(sw, event, "%s VLAN %02x:%02x Port %d", mac_text(entry->mac, mac),
			    entry->vlan >> 8, entry->vlan & 0xff, entry->port);
}

static void note_change(void *context, const struct fdb_entry *entry, enum fdb_change change)
{
	struct vswitch *sw = context;
	struct fdb_note note = {*entry, change};

	if (atomic_load_explicit(&sw->fdb_watched, memory_order_relaxed))
		loop_post(sw->loop, fdb_changed, sw, &note, sizeof(note));
}

struct refusal {
	struct fdb_entry entry;
	unsigned int kept;
};

static void log_refusal(void *context, const void *data, size_t size)
{
	const struct refusal *refusal = data;
	const struct fdb_entry *entry = &refusal->entry;
	char mac[MAC_TEXT_SIZE];

	syslog(LOG_WARNING,
	       "%s of VLAN %d came from port %d but stays on port %u, where it was seen just "
	       "before; see hash/setminper",
	       mac_text(entry->mac, mac), entry->vlan, entry->port, refusal->kept);
}

/* One line per second is enough to see a duplicate address; a flood of them must cost nothing. */
static void note_refusal(void *context, const struct fdb_entry *entry, unsigned int kept)
{
	static uint32_t last; /* under the table's lock */
	struct vswitch *sw = context;
	struct refusal refusal = {*entry, kept};
	uint32_t now = forward_seconds();

	if (now == last)
		return;
	last = now;
	loop_post(sw->loop, log_refusal, sw, &refusal, sizeof(refusal));
}

void planes_watch_fdb(struct vswitch *sw)
{
	bool watched = event_wanted(sw, EVENT_HASH_ADD) || event_wanted(sw, EVENT_HASH_DEL);

	for_each_plane(sw, plane) watched = watched || plane->ops->fdb_changed;
	atomic_store_explicit(&sw->fdb_watched, watched, memory_order_relaxed);
}

int planes_init(struct vswitch *sw)
{
	for (unsigned int i = 0; i < BUILT_IN; i++) {
		int error;

		planes[i] = (struct plane){.ops = built_in[i], .sw = sw};
		error = built_in[i]->init(&planes[i]);
		if (error)
			return error;
		planes[i].next = sw->planes;
		sw->planes = &planes[i];
	}
	return 0;
}

int planes_start(struct vswitch *sw)
{
	fdb_listen(sw->fdb, note_change, note_refusal, sw);
	planes_watch_fdb(sw);
	for_each_plane(sw, plane)
	{
		int error = plane->ops->start ? plane->ops->start(plane) : 0;

		if (error)
			return error;
	}
	return 0;
}

void planes_stop(struct vswitch *sw)
{
	for_each_plane(sw, plane) plane->ops->stop(plane);
	sw->planes = NULL;
}

struct plane *plane_called(struct vswitch *sw, const char *name)
{
	for_each_plane(sw, plane) if (strcmp(plane->ops->name, name) == 0) return plane;
	return NULL;
}

void port_changed(struct vswitch *sw, struct port *port)
{
	for_each_plane(sw, plane) if (plane->ops->port_changed)
		plane->ops->port_changed(plane, port);
}

void vlan_changed(struct vswitch *sw, struct vlan *vlan)
{
	for_each_plane(sw, plane) if (plane->ops->vlan_changed)
		plane->ops->vlan_changed(plane, vlan);
}

void switch_changed(struct vswitch *sw)
{
	for_each_plane(sw, plane) if (plane->ops->switch_changed) plane->ops->switch_changed(plane);
}

uint32_t planes_idle(void *context, const struct fdb_entry *entry)
{
	struct vswitch *sw = context;
	uint32_t idle = UINT32_MAX;

	for_each_plane(sw, plane) if (plane->ops->fdb_idle)
	{
		uint32_t seconds = plane->ops->fdb_idle(plane, entry);

		idle = seconds < idle ? seconds : idle;
	}
	return idle;
}

const char *planes_carrier(struct vswitch *sw, const struct endpoint *endpoint)
{
	for_each_plane(
		sw, plane) if (plane->ops->carries &&
			       plane->ops->carries(plane, endpoint->port)) return plane->ops->name;
	return endpoint->plane->ops->name;
}

void planes_count(struct vswitch *sw, struct port *port, struct counters *sum)
{
	for_each_plane(sw, plane) if (plane->ops->count) plane->ops->count(plane, port, sum);
}
