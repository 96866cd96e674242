// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The xdp plane as the switch sees it: its options, its endpoints, and the copy of the model's
 * ports and VLANs in the maps of the programs. Nothing is loaded before the first netdev is asked
 * for.
 *
 * A port is forwarded by the programs when its only endpoint is a netdev and port_is_plain(); else
 * the programs punt: what comes in goes up the trunk, and copies of floods come from forward().
 */
#include "user/vde/switch/planes/xdp/xdp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <syslog.h>
#include <unistd.h>

#include "user/vde/switch/loop/loop.h"
#include "user/vde/switch/planes/xdp/parts.h"
#include "user/vde/switch/ports/ports.h"

#define ADDRESSES (1 << 18)

enum { OPTION_XDP = 1200, OPTION_MODE, OPTION_BARE_VETHS, OPTION_LATER };

static const struct argp_option options[] = {
	{"xdp", OPTION_XDP, "IF", 0,
	 "Take network device IF (a tap, a veth, a card) into the switch; repeatable", 0},
	{"xdp-mode", OPTION_MODE, "MODE", 0,
	 "Take frames in the driver (native), at the tc hook (tc), by XDP above the driver "
	 "(generic), "
	 "or as suits each device (auto)",
	 0},
	{"xdp-bare-veths", OPTION_BARE_VETHS, NULL, 0,
	 "The other ends of veths have their offloads off, so that --xdp-mode holds for veths, too",
	 0},
	{"xdp-later", OPTION_LATER, NULL, 0,
	 "Load the XDP programs although no device is given, for the command xdp/add", 0},
	{}};

static error_t option(int key, char *text, struct argp_state *state)
{
	struct plane *plane = state->input;
	struct xdp_plane *xdp = plane->state;

	switch (key) {
	case OPTION_XDP:
		if (xdp->name_count == XDP_NAMES_MAX)
			argp_error(state, "--xdp: at most %d network devices", XDP_NAMES_MAX);
		xdp->names[xdp->name_count++] = text;
		return 0;
	case OPTION_MODE:
		for (int i = 0; i < 4; i++)
			if (strcmp(text, datapath_mode_names[i]) == 0) {
				xdp->mode = i;
				return 0;
			}
		argp_error(state, "--xdp-mode %s: give auto, native, tc or generic", text);
		return 0;
	case OPTION_BARE_VETHS:
		xdp->trust_veths = true;
		return 0;
	case OPTION_LATER:
		xdp->later = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp xdp_options = {.options = options, .parser = option};

static int xdp_init(struct plane *plane)
{
	struct xdp_plane *xdp = calloc(1, sizeof(*xdp));

	if (!xdp)
		return -ENOMEM;
	xdp->links_fd = -1;
	plane->state = xdp;
	return 0;
}

/* --- the model in the maps */

static void set_bit(__u64 *words, const struct port_set *set, const struct xdp_endpoint *endpoint)
{
	if (port_set_has(set, endpoint->base.port->number))
		words[endpoint->slot / 64] |= 1ull << endpoint->slot % 64;
}

static void xdp_vlan_changed(struct plane *plane, struct vlan *vlan)
{
	struct xdp_plane *xdp = plane->state;
	struct vde_vlan bits = {};

	if (!xdp->datapath)
		return;
	for (unsigned int slot = 1; slot < VDE_SLOTS; slot++) {
		const struct xdp_endpoint *endpoint = xdp->endpoints[slot];

		if (!endpoint)
			continue;
		set_bit(bits.member, &vlan->members, endpoint);
		set_bit(bits.tagged, &vlan->tagged, endpoint);
		set_bit(bits.learning, &vlan->learning, endpoint);
		set_bit(bits.forwarding, &vlan->forwarding, endpoint);
	}
	datapath_set_vlan(xdp->datapath, vlan->id, &bits);
}

static void all_vlans_changed(struct plane *plane)
{
	for (unsigned int id = 0; id < VLAN_COUNT; id++) {
		struct vlan *vlan = vlan_get(plane->sw, id);

		if (vlan)
			xdp_vlan_changed(plane, vlan);
	}
}

static void xdp_port_changed(struct plane *plane, struct port *port)
{
	struct xdp_plane *xdp = plane->state;
	bool moved = false, alone;

	if (!xdp->datapath)
		return;
	alone = port->endpoints && port->endpoints->count == 1 && port_is_plain(port);
	for (unsigned int slot = 1; slot < VDE_SLOTS; slot++) {
		struct xdp_endpoint *endpoint = xdp->endpoints[slot];
		struct vde_port settings = {
			.pvid = port->untagged_vlan, .tpid = port->tag_type, .punt = !alone};

		if (!endpoint || endpoint->base.port != port)
			continue;
		datapath_set_flood(xdp->datapath, slot, alone);
		datapath_set_port(xdp->datapath, slot, &settings);
		moved |= endpoint->alone != alone;
		endpoint->alone = alone;
	}
	if (moved)
		addresses_sync(plane);
}

static void xdp_switch_changed(struct plane *plane)
{
	struct xdp_plane *xdp = plane->state;

	if (xdp->datapath)
		datapath_set_switch(xdp->datapath, plane->sw->hub, plane->sw->spanning_tree,
				    fdb_persistence(plane->sw->fdb));
}

/* --- netdevs */

struct xdp_endpoint *xdp_named(struct plane *plane, const char *name)
{
	struct xdp_plane *xdp = plane->state;

	for (unsigned int slot = 1; slot < VDE_SLOTS; slot++)
		if (xdp->endpoints[slot] && strcmp(xdp->endpoints[slot]->base.descr, name) == 0)
			return xdp->endpoints[slot];
	return NULL;
}

/* Network devices may be deleted while they are ports. */
static void look_for_gone(void *context, uint32_t events)
{
	struct plane *plane = context;
	struct xdp_plane *xdp = plane->state;
	int ifindex;

	while ((ifindex = netdev_gone(xdp->links_fd)) > 0)
		for (unsigned int slot = 1; slot < VDE_SLOTS; slot++) {
			const struct netdev *dev = datapath_netdev(xdp->datapath, slot);

			if (dev && dev->ifindex == ifindex && xdp->endpoints[slot]) {
				syslog(LOG_NOTICE, "network device %s is gone", dev->name);
				port_leave(plane->sw, &xdp->endpoints[slot]->base);
			}
		}
}

static int load(struct plane *plane)
{
	struct xdp_plane *xdp = plane->state;
	int trunk;

	xdp->datapath = datapath_new(ADDRESSES, xdp->mode, true);
	if (!xdp->datapath)
		return -errno;
	if (xdp->trust_veths)
		datapath_trust_veths(xdp->datapath);
	trunk = datapath_trunk(xdp->datapath);
	if (trunk < 0)
		return trunk;
	xdp->trunk = trunk_start(plane, trunk);
	xdp->links_fd = netdev_watch();
	if (xdp->trunk)
		xdp->events = loop_watch(plane->sw->loop, datapath_events(xdp->datapath), EPOLLIN,
					 addresses_take, plane);
	if (xdp->links_fd >= 0)
		xdp->links =
			loop_watch(plane->sw->loop, xdp->links_fd, EPOLLIN, look_for_gone, plane);
	if (!xdp->events || !xdp->links)
		return -ENOMEM;
	xdp_switch_changed(plane);
	datapath_set_flood(xdp->datapath, VDE_TRUNK, true);
	addresses_sync(plane);
	return 0;
}

static void unload(struct plane *plane)
{
	struct xdp_plane *xdp = plane->state;

	trunk_stop(xdp->trunk);
	if (xdp->events)
		loop_unwatch(plane->sw->loop, xdp->events);
	if (xdp->links)
		loop_unwatch(plane->sw->loop, xdp->links);
	if (xdp->links_fd >= 0)
		close(xdp->links_fd);
	datapath_free(xdp->datapath);
	xdp->datapath = NULL;
	xdp->trunk = NULL;
	xdp->events = xdp->links = NULL;
	xdp->links_fd = -1;
}

static int load_or_complain(struct plane *plane)
{
	int result = load(plane);

	if (result) {
		syslog(LOG_ERR, "cannot take network devices: %s%s", datapath_why(),
		       result == -EPERM ? "; start the switch with --xdp or --xdp-later" : "");
		unload(plane);
	}
	return result;
}

static void netdev_left(struct endpoint *endpoint)
{
	syslog(LOG_INFO, "network device %s left port %u", endpoint->descr, endpoint->port->number);
}

static void xdp_release(struct endpoint *endpoint)
{
	close(xdp_of(endpoint)->sender);
	free(endpoint);
}

static struct xdp_endpoint *endpoint_new(struct plane *plane, unsigned int slot)
{
	struct xdp_plane *xdp = plane->state;
	struct xdp_endpoint *endpoint = calloc(1, sizeof(*endpoint));
	const struct netdev *dev = datapath_netdev(xdp->datapath, slot);

	if (!endpoint)
		return NULL;
	endpoint->sender = netdev_sender(dev->ifindex);
	if (endpoint->sender < 0) {
		errno = -endpoint->sender;
		free(endpoint);
		return NULL;
	}
	endpoint->slot = slot;
	endpoint->base.plane = plane;
	endpoint->base.id = endpoint->sender;
	endpoint->base.user = geteuid();
	endpoint->base.module = "netdev";
	endpoint->base.left = netdev_left;
	snprintf(endpoint->base.descr, sizeof(endpoint->base.descr), "%s", dev->name);
	return endpoint;
}

/* Mb/s as the driver says; 0: it does not. */
static uint32_t speed_of(const char *name)
{
	char path[64], text[16] = "";
	int fd, speed;

	snprintf(path, sizeof(path), "/sys/class/net/%.15s/speed", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) <= 0)
		*text = '\0';
	close(fd);
	speed = atoi(text);
	return speed > 0 ? speed : 0;
}

int xdp_add(struct plane *plane, const char *name, int port)
{
	struct xdp_plane *xdp = plane->state;
	struct xdp_endpoint *endpoint;
	int result = 0, slot;

	if (!xdp->datapath && (result = load_or_complain(plane)))
		return result;
	slot = datapath_attach(xdp->datapath, name);
	if (slot < 0) {
		syslog(LOG_ERR, "cannot take a network device: %s", datapath_why());
		return slot;
	}
	endpoint = endpoint_new(plane, slot);
	if (!endpoint)
		result = -errno;
	if (!result) {
		endpoint->base.speed = speed_of(name);
		result = port_join(plane->sw, port, &endpoint->base);
	}
	if (!result) {
		enum datapath_mode mode = datapath_mode_of(xdp->datapath, slot);

		syslog(LOG_INFO, "network device %s joined port %u, mode %s", name,
		       endpoint->base.port->number, datapath_mode_names[mode]);
		if (strcmp(datapath_netdev(xdp->datapath, slot)->kind, "veth") == 0) {
			if (mode == DATAPATH_TC && xdp->mode != DATAPATH_AUTO && xdp->mode != mode)
				syslog(LOG_NOTICE,
				       "mode %s would lose the checksums that the other end of "
				       "veth %s "
				       "leaves to be computed; --xdp-bare-veths says that it "
				       "leaves none",
				       datapath_mode_names[xdp->mode], name);
			if (mode == DATAPATH_TC)
				return 0;
			syslog(LOG_NOTICE,
			       "XDP keeps no offloads: TCP and UDP over veth %s need, at its "
			       "other end, ethtool -K PEER gro on tso off gso off tx off txvlan "
			       "off",
			       name);
		}
		return 0;
	}
	syslog(LOG_ERR, "network device %s cannot join a port: %s", name, strerror(-result));
	datapath_detach(xdp->datapath, slot);
	if (endpoint)
		xdp_release(&endpoint->base);
	return result;
}

static int xdp_start(struct plane *plane)
{
	struct xdp_plane *xdp = plane->state;
	int result = 0;

	xdp_commands(plane->sw->console);
	if (xdp->later)
		result = load_or_complain(plane);
	for (unsigned int i = 0; i < xdp->name_count && !result; i++)
		result = xdp_add(plane, xdp->names[i], PORT_AUTOMATIC);
	return result;
}

static void xdp_stop(struct plane *plane)
{
	unload(plane);
	free(plane->state);
	plane->state = NULL;
}

static int xdp_attach(struct endpoint *endpoint)
{
	struct xdp_plane *xdp = endpoint->plane->state;

	rcu_assign_pointer(xdp->endpoints[xdp_of(endpoint)->slot], xdp_of(endpoint));
	all_vlans_changed(endpoint->plane);
	xdp_port_changed(endpoint->plane, endpoint->port);
	return 0;
}

/* --- counters */

static void add_counters(const struct xdp_plane *xdp, const struct xdp_endpoint *endpoint,
			 struct counters *sum)
{
	struct vde_counters moved;
	uint64_t dropped;

	if (datapath_count(xdp->datapath, endpoint->slot, &moved, &dropped))
		return;
	sum->frames_in += moved.in_frames - endpoint->twice_frames_in;
	sum->bytes_in += moved.in_bytes - endpoint->twice_bytes_in;
	sum->frames_out += moved.out_frames - endpoint->twice_frames_out;
	sum->bytes_out += moved.out_bytes - endpoint->twice_bytes_out;
	sum->drops_in += moved.in_dropped;
	sum->errors_in += moved.in_errors;
	sum->drops_out += dropped;
}

static void xdp_count(struct plane *plane, struct port *port, struct counters *sum)
{
	const struct xdp_plane *xdp = plane->state;

	for (unsigned int slot = 1; xdp->datapath && slot < VDE_SLOTS; slot++)
		if (xdp->endpoints[slot] && xdp->endpoints[slot]->base.port == port)
			add_counters(xdp, xdp->endpoints[slot], sum);
}

static void xdp_detach(struct endpoint *endpoint)
{
	struct xdp_plane *xdp = endpoint->plane->state;
	struct xdp_endpoint *leaving = xdp_of(endpoint);
	struct counters sum = {};

	add_counters(xdp, leaving, &sum);
	port_keep_counters(endpoint->port, &sum);
	datapath_detach(xdp->datapath, leaving->slot);
	rcu_assign_pointer(xdp->endpoints[leaving->slot], NULL);
	all_vlans_changed(endpoint->plane);
}

const struct plane_ops xdp_plane = {
	.name = "xdp",
	.options = &xdp_options,
	.init = xdp_init,
	.start = xdp_start,
	.stop = xdp_stop,
	.port_changed = xdp_port_changed,
	.vlan_changed = xdp_vlan_changed,
	.switch_changed = xdp_switch_changed,
	.fdb_changed = addresses_changed,
	.fdb_idle = addresses_idle,
	.count = xdp_count,
	.transmit = xdp_transmit,
	.attach = xdp_attach,
	.detach = xdp_detach,
	.release = xdp_release,
};
