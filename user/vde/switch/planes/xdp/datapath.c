// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory: the maps are the state; what is kept beside them is what is needed to undo (links,
 * the tap) and the events not yet taken.
 *
 * Modes. A native program hands a frame to the driver of the netdev it is to leave by, so native is
 * right for one netdev only if all others take such frames, and large ones (more than a page) only
 * if all others take these in pieces. A veth has socket buffers to begin with, and a
 * tap has them for large frames: for these the tc hook is faster, and keeps offloads. It works with
 * everything, and where the kernel has no links for it (before Linux 6.6), generic programs do.
 * choose_modes() decides anew for all netdevs each time one comes. (When one goes, what works goes
 * on working, and the capabilities to change it may be gone too.)
 */
#include "user/vde/switch/planes/xdp/datapath.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "build/bpf/vde/switch.skel.h"

#define TRUNK_QUEUE 8192
#define TRUNK_MTU   9240 /* jumbo frame with both tags */
#define PAGE_MTU    3400 /* what a native program gets in one piece, with headroom and tailroom */

#define TCX_INGRESS 46 /* BPF_TCX_INGRESS, for which Debian 12 has no header */

struct slot {
	struct netdev dev; /* ifindex 0: free */
	int link;
	enum datapath_mode mode; /* of the link */
	struct vde_port port;
};

const char *const datapath_mode_names[4] = {"auto", "native", "tc", "generic"};

struct datapath {
	struct switch_bpf *bpf;
	enum datapath_mode mode;
	bool trust_veths; /* their other ends compute checksums */
	struct ring_buffer *events;
	datapath_learned *each;
	void *context;
	int processors;
	int trunk;
	struct slot slots[VDE_SLOTS];
};

static _Thread_local char why[256];

const char *datapath_why(void)
{
	return why;
}

__attribute__((format(printf, 2, 3))) static int fail(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return error;
}

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

static int hand_over(void *context, void *data, size_t size)
{
	struct datapath *datapath = context;

	if (datapath->each && size >= sizeof(struct vde_learned))
		datapath->each(datapath->context, data);
	return 0;
}

struct datapath *datapath_new(unsigned int addresses, enum datapath_mode mode, bool quiet)
{
	struct datapath *datapath = calloc(1, sizeof(*datapath));
	int result;

	if (!datapath) {
		fail(-ENOMEM, "out of memory");
		return NULL;
	}
	if (quiet)
		libbpf_set_print(print_nothing);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	datapath->trunk = -1;
	datapath->mode = mode;
	datapath->processors = libbpf_num_possible_cpus();
	datapath->bpf = switch_bpf__open();
	if (datapath->bpf) {
		bpf_map__set_max_entries(datapath->bpf->maps.addresses, addresses);
		result = switch_bpf__load(datapath->bpf);
		if (result == 0) {
			datapath->events =
				ring_buffer__new(bpf_map__fd(datapath->bpf->maps.learned),
						 hand_over, datapath, NULL);
			if (datapath->events)
				return datapath;
			result = -errno;
		}
	} else {
		result = -errno;
	}
	fail(result,
	     result == -EPERM ? "%s: loading XDP programs needs CAP_BPF and CAP_NET_ADMIN"
			      : "cannot load the XDP programs: %s (the kernel must be 6.1 "
				"or later)",
	     strerror(-result));
	datapath_free(datapath);
	errno = -result;
	return NULL;
}

static void close_slot(struct slot *slot)
{
	if (slot->link >= 0)
		close(slot->link);
	memset(slot, 0, sizeof(*slot));
}

void datapath_free(struct datapath *datapath)
{
	if (!datapath)
		return;
	for (int i = 1; i < VDE_SLOTS; i++)
		if (datapath->slots[i].dev.ifindex)
			close_slot(&datapath->slots[i]);
	if (datapath->trunk >= 0)
		close(datapath->trunk);
	ring_buffer__free(datapath->events);
	switch_bpf__destroy(datapath->bpf);
	free(datapath);
}

#define MAP(datapath, name) bpf_map__fd((datapath)->bpf->maps.name)

static int set_devmap(int map, uint32_t slot, int ifindex, int program)
{
	struct bpf_devmap_val value = {.ifindex = ifindex, .bpf_prog.fd = program};

	if (!ifindex)
		return bpf_map_delete_elem(map, &slot) && errno != ENOENT ? -errno : 0;
	return bpf_map_update_elem(map, &slot, &value, BPF_ANY) ? -errno : 0;
}

static int clear_counters(struct datapath *datapath, uint32_t slot)
{
	struct vde_counters none[datapath->processors];

	memset(none, 0, sizeof(none));
	return bpf_map_update_elem(MAP(datapath, counters), &slot, none, BPF_ANY) ? -errno : 0;
}

/* Put a netdev into the tables that say which slot it has, and let it be redirected to. */
static int enter(struct datapath *datapath, uint32_t slot, int ifindex)
{
	struct vde_port port = {.pvid = VDE_NO_VLAN, .tpid = 0x8100};

	datapath->slots[slot].dev.ifindex = ifindex;
	if (slot >= datapath->bpf->data->slots_used)
		datapath->bpf->data->slots_used = slot + 1;
	datapath->bpf->bss->near_slots[ifindex % VDE_NEAR] = slot;
	if (bpf_map_update_elem(MAP(datapath, slots), &ifindex, &slot, BPF_ANY))
		return -errno;
	if (set_devmap(MAP(datapath, unicast), slot, ifindex, 0))
		return -errno;
	return datapath_set_port(datapath, slot, &port) ?: clear_counters(datapath, slot);
}

int datapath_trunk(struct datapath *datapath)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI, .ifr_name = "vdetrunk%d"};
	int fd, result, ifindex;

	if (datapath->trunk >= 0)
		return datapath->trunk;
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return fail(-errno, "/dev/net/tun: %m");
	result = ioctl(fd, TUNSETIFF, &request) ? -errno : 0;
	ifindex = result ? 0 : if_nametoindex(request.ifr_name);
	if (!result)
		result = ifindex ? netdev_quiet(ifindex, TRUNK_MTU, TRUNK_QUEUE) : -ENODEV;
	if (!result)
		result = enter(datapath, VDE_TRUNK, ifindex);
	if (result) {
		close(fd);
		return fail(result, "cannot make the trunk to the user-space ports: %s",
			    strerror(-result));
	}
	strcpy(datapath->slots[VDE_TRUNK].dev.name, request.ifr_name);
	return datapath->trunk = fd;
}

const char *datapath_trunk_name(const struct datapath *datapath)
{
	return datapath->trunk >= 0 ? datapath->slots[VDE_TRUNK].dev.name : NULL;
}

static bool can_be_native(const struct datapath *datapath, const struct slot *slot)
{
	uint64_t needed = NETDEV_XDP_TRANSMIT;

	if (!(slot->dev.xdp & NETDEV_XDP_REDIRECT))
		return false;
	if (slot->dev.mtu > PAGE_MTU && strcmp(slot->dev.kind, "tun") != 0)
		needed |= NETDEV_XDP_TRANSMIT_SG;
	for (int i = 1; i < VDE_SLOTS; i++)
		if (datapath->slots[i].dev.ifindex && &datapath->slots[i] != slot &&
		    (datapath->slots[i].dev.xdp & needed) != needed)
			return false;
	/* The trunk is a tap and takes no frames in pieces. */
	return datapath->trunk < 0 || needed == NETDEV_XDP_TRANSMIT;
}

static int link_as(struct datapath *datapath, const struct slot *slot, enum datapath_mode mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, options,
		    .flags = mode == DATAPATH_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);
	int xdp = bpf_program__fd(datapath->bpf->progs.switch_ingress);
	int tc = bpf_program__fd(datapath->bpf->progs.switch_tc), link;

	if (mode == DATAPATH_TC)
		link = bpf_link_create(tc, slot->dev.ifindex, TCX_INGRESS, NULL);
	else
		link = bpf_link_create(xdp, slot->dev.ifindex, BPF_XDP, &options);
	return link < 0 ? -errno : link;
}

/* Link a netdev in this mode; what there was is kept until then if both can be there at once. */
static int link_slot(struct datapath *datapath, struct slot *slot, enum datapath_mode mode)
{
	if (slot->link >= 0 && slot->mode == mode)
		return 0;
	if (slot->link >= 0)
		close(slot->link);
	slot->link = link_as(datapath, slot, mode);
	slot->mode = mode;
	return slot->link < 0 ? slot->link : 0;
}

/* The modes to try for a netdev, best first; their number. */
static unsigned int modes_for(const struct datapath *datapath, const struct slot *slot,
			      enum datapath_mode modes[3])
{
	bool veth = strcmp(slot->dev.kind, "veth") == 0, native, late;
	unsigned int n = 0;

	if (datapath->mode != DATAPATH_AUTO) {
		if (veth && !datapath->trust_veths && datapath->mode != DATAPATH_TC)
			modes[n++] = DATAPATH_TC;
		modes[n++] = datapath->mode;
		return n;
	}
	native = !veth && can_be_native(datapath, slot);
	/* A tap makes a socket buffer of a large frame, and XDP copies that. */
	late = strcmp(slot->dev.kind, "tun") == 0 && slot->dev.mtu > PAGE_MTU;
	if (native && !late)
		modes[n++] = DATAPATH_NATIVE;
	modes[n++] = DATAPATH_TC;
	if (native && late)
		modes[n++] = DATAPATH_NATIVE;
	modes[n++] = DATAPATH_GENERIC;
	return n;
}

void datapath_trust_veths(struct datapath *datapath)
{
	datapath->trust_veths = true;
}

static int choose_modes(struct datapath *datapath)
{
	int result = 0;

	for (int i = 1; i < VDE_SLOTS && !result; i++) {
		struct slot *slot = &datapath->slots[i];
		enum datapath_mode modes[3];
		unsigned int count;

		if (!slot->dev.ifindex)
			continue;
		count = modes_for(datapath, slot, modes);
		for (unsigned int m = 0; m < count; m++) {
			result = link_slot(datapath, slot, modes[m]);
			if (!result || result == -EBUSY || result == -EPERM)
				break;
		}
	}
	return result;
}

static const char *attach_advice(int error)
{
	switch (-error) {
	case ENODEV:
		return "there is no such network device here";
	case EBUSY:
		return "another XDP program holds it (see `ip link show`)";
	case EPERM:
		return "attaching needs CAP_BPF and CAP_NET_ADMIN";
	case ENOSPC:
		return "this switch has no room for more network devices";
	case EOPNOTSUPP:
		return "its driver cannot run XDP programs; try the mode \"tc\" or \"generic\"";
	case EINVAL:
		return "this kernel has no such mode; try \"auto\"";
	default:
		return strerror(-error);
	}
}

int datapath_attach(struct datapath *datapath, const char *name)
{
	struct netdev dev;
	int slot = 1, result = netdev_get(name, 0, &dev);

	for (int i = 1; !result && i < VDE_SLOTS; i++)
		if (datapath->slots[i].dev.ifindex == dev.ifindex)
			result = -EBUSY;
	while (slot < VDE_SLOTS && datapath->slots[slot].dev.ifindex)
		slot++;
	if (!result && slot == VDE_SLOTS)
		result = -ENOSPC;
	if (result)
		return fail(result, "%s: %s", name, attach_advice(result));
	datapath->slots[slot] = (struct slot){.dev = dev, .link = -1};
	result = enter(datapath, slot, dev.ifindex);
	if (result >= 0)
		result = choose_modes(datapath);
	if (result < 0) {
		datapath_detach(datapath, slot);
		return fail(result, "%s: %s", name, attach_advice(result));
	}
	return slot;
}

void datapath_detach(struct datapath *datapath, unsigned int slot)
{
	struct vde_port none = {};
	int ifindex;

	if (slot >= VDE_SLOTS || !datapath->slots[slot].dev.ifindex)
		return;
	ifindex = datapath->slots[slot].dev.ifindex;
	datapath_set_flood(datapath, slot, false);
	set_devmap(MAP(datapath, unicast), slot, 0, 0);
	bpf_map_delete_elem(MAP(datapath, slots), &ifindex);
	close_slot(&datapath->slots[slot]);
	bpf_map_update_elem(MAP(datapath, ports), &slot, &none, BPF_ANY);
}

const struct netdev *datapath_netdev(const struct datapath *datapath, unsigned int slot)
{
	const struct netdev *dev = &datapath->slots[slot].dev;

	return dev->ifindex ? dev : NULL;
}

enum datapath_mode datapath_mode_of(const struct datapath *datapath, unsigned int slot)
{
	return datapath->slots[slot].mode;
}

static int write_port(struct datapath *datapath, unsigned int slot)
{
	return bpf_map_update_elem(MAP(datapath, ports), &slot, &datapath->slots[slot].port,
				   BPF_ANY)
		       ? -errno
		       : 0;
}

int datapath_set_port(struct datapath *datapath, unsigned int slot, const struct vde_port *port)
{
	struct slot *at = &datapath->slots[slot];

	at->port = (struct vde_port){
		.ifindex = at->dev.ifindex,
		.slot = slot,
		.pvid = port->pvid,
		.tpid = port->tpid,
		.punt = port->punt,
		.flood = at->port.flood,
		.peer = at->dev.apart,
	};
	return write_port(datapath, slot);
}

int datapath_set_vlan(struct datapath *datapath, unsigned int vlan, const struct vde_vlan *bits)
{
	return bpf_map_update_elem(MAP(datapath, vlans), &vlan, bits, BPF_ANY) ? -errno : 0;
}

int datapath_set_flood(struct datapath *datapath, unsigned int slot, bool flood)
{
	struct slot *at = &datapath->slots[slot];
	int result;

	if (at->port.flood == flood || !at->dev.ifindex)
		return 0;
	result = set_devmap(MAP(datapath, flood), slot, flood ? at->dev.ifindex : 0,
			    bpf_program__fd(datapath->bpf->progs.switch_egress));
	if (result)
		return result;
	at->port.flood = flood;
	return write_port(datapath, slot);
}

void datapath_set_switch(struct datapath *datapath, bool hub, bool spanning_tree,
			 unsigned int persistence)
{
	datapath->bpf->bss->hub = hub;
	datapath->bpf->bss->spanning_tree = spanning_tree;
	datapath->bpf->data->persistence = persistence * 1000000000ull;
}

static struct vde_address address_of(unsigned int vlan, const uint8_t mac[6])
{
	struct vde_address address = {.vlan = vlan};

	memcpy(address.mac, mac, sizeof(address.mac));
	return address;
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

int datapath_learn(struct datapath *datapath, unsigned int vlan, const uint8_t mac[6],
		   unsigned int slot)
{
	struct vde_address address = address_of(vlan, mac);
	struct vde_station station = {.seen = now(), .slot = slot};

	return bpf_map_update_elem(MAP(datapath, addresses), &address, &station, BPF_ANY) ? -errno
											  : 0;
}

int datapath_forget(struct datapath *datapath, unsigned int vlan, const uint8_t mac[6])
{
	struct vde_address address = address_of(vlan, mac);

	return bpf_map_delete_elem(MAP(datapath, addresses), &address) ? -errno : 0;
}

void datapath_prune(struct datapath *datapath, datapath_known *known, void *context)
{
	int addresses = MAP(datapath, addresses);
	struct vde_address at, next;
	int more = bpf_map_get_next_key(addresses, NULL, &next);

	while (more == 0) {
		at = next;
		more = bpf_map_get_next_key(addresses, &at, &next);
		if (!known(context, &at))
			bpf_map_delete_elem(addresses, &at);
	}
}

int datapath_find(struct datapath *datapath, unsigned int vlan, const uint8_t mac[6],
		  unsigned int *idle)
{
	struct vde_address address = address_of(vlan, mac);
	struct vde_station station;
	uint64_t time = now();

	if (bpf_map_lookup_elem(MAP(datapath, addresses), &address, &station))
		return -errno;
	*idle = time > station.seen ? (time - station.seen) / 1000000000ull : 0;
	return station.slot;
}

int datapath_events(const struct datapath *datapath)
{
	return ring_buffer__epoll_fd(datapath->events);
}

void datapath_take_events(struct datapath *datapath, datapath_learned *each, void *context)
{
	datapath->each = each;
	datapath->context = context;
	ring_buffer__consume(datapath->events);
}

int datapath_count(struct datapath *datapath, unsigned int slot, struct vde_counters *sum,
		   uint64_t *dropped)
{
	struct vde_counters each[datapath->processors];
	struct slot *at = &datapath->slots[slot];
	struct netdev dev;
	int result;

	memset(sum, 0, sizeof(*sum));
	if (bpf_map_lookup_elem(MAP(datapath, counters), &slot, each))
		return -errno;
	for (int i = 0; i < datapath->processors; i++) {
		sum->in_frames += each[i].in_frames;
		sum->in_bytes += each[i].in_bytes;
		sum->in_dropped += each[i].in_dropped;
		sum->in_errors += each[i].in_errors;
		sum->out_frames += each[i].out_frames;
		sum->out_bytes += each[i].out_bytes;
	}
	result = netdev_get(NULL, at->dev.ifindex, &dev);
	if (result)
		return result;
	*dropped = dev.tx_dropped - at->dev.tx_dropped;
	if (dev.apart != at->dev.apart) {
		at->dev.apart = dev.apart;
		at->port.peer = dev.apart;
		write_port(datapath, slot);
	}
	return 0;
}
