/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The BPF side of the xdp plane, in its own terms: slots, VLANs, addresses (bpf/vde/switch.h says
 * what these are). It knows nothing of ports, endpoints or the rest of the switch and can be used
 * alone: netdevs in slots, every VLAN's bits set, and it switches.
 *
 * Not thread-safe: one thread makes all calls, except that anybody may read the trunk.
 * datapath_new(), datapath_trunk(), datapath_attach() and datapath_detach() need CAP_BPF (or
 * CAP_SYS_ADMIN) and CAP_NET_ADMIN; the rest works without.
 */
#ifndef VDE_XDP_DATAPATH_H
#define VDE_XDP_DATAPATH_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/vde/switch.h"
#include "user/vde/switch/planes/xdp/netdev.h"

struct datapath;

enum datapath_mode {
	DATAPATH_AUTO,	  /* native where it pays and every netdev can take what is redirected */
	DATAPATH_NATIVE,  /* XDP in the driver, or refuse the netdev */
	DATAPATH_TC,	  /* on socket buffers, with every driver; Linux 6.6 */
	DATAPATH_GENERIC, /* XDP above the driver, where there is no tc link */
};

/*
 * Load the programs, with room for this many addresses. NULL: datapath_why(NULL) says why. quiet is
 * false to let libbpf print what it has to say, the verifier's log included.
 */
struct datapath *datapath_new(unsigned int addresses, enum datapath_mode mode, bool quiet);
void datapath_free(struct datapath *datapath);

/*
 * From now on believe that the other ends of veths leave nothing to be computed: veths are taken in the mode that
 * datapath_new() was told. Otherwise they go to the tc hook where there is one, as XDP forgets which checksums are missing.
 */
void datapath_trust_veths(struct datapath *datapath);

/* One sentence about the last failure, in this thread. */
const char *datapath_why(void);

/*
 * The trunk, made at the first call: a descriptor to read frames from, one a read, without
 * blocking; or -errno. It stays the datapath's.
 */
int datapath_trunk(struct datapath *datapath);
const char *datapath_trunk_name(const struct datapath *datapath);

/*
 * Take a netdev in; its slot or -errno (-ENODEV, -EBUSY already in a switch, -ENOSPC no slot,
 * -EPERM, -EOPNOTSUPP). It is member of no VLAN and gets no flooded frames yet.
 */
int datapath_attach(struct datapath *datapath, const char *name);
void datapath_detach(struct datapath *datapath, unsigned int slot);

/* The netdev in a slot, NULL = none; how its frames are taken, and the name of that. */
const struct netdev *datapath_netdev(const struct datapath *datapath, unsigned int slot);
enum datapath_mode datapath_mode_of(const struct datapath *datapath, unsigned int slot);
extern const char *const datapath_mode_names[4];

/* Settings of a slot: pvid, tpid and punt are used. */
int datapath_set_port(struct datapath *datapath, unsigned int slot, const struct vde_port *port);
int datapath_set_vlan(struct datapath *datapath, unsigned int vlan, const struct vde_vlan *bits);
/* Does the slot (VDE_TRUNK too) get copies of flooded frames? */
int datapath_set_flood(struct datapath *datapath, unsigned int slot, bool flood);
void datapath_set_switch(struct datapath *datapath, bool hub, bool spanning_tree,
			 unsigned int persistence);

/* Addresses. Those of the trunk are known to the programs, but only the caller moves them. */
int datapath_learn(struct datapath *datapath, unsigned int vlan, const uint8_t mac[6],
		   unsigned int slot);
int datapath_forget(struct datapath *datapath, unsigned int vlan, const uint8_t mac[6]);
/* Forget every address that the caller does not know. */
typedef bool datapath_known(void *context, const struct vde_address *address);
void datapath_prune(struct datapath *datapath, datapath_known *known, void *context);
/* The slot of an address, or -ENOENT; *idle in seconds. */
int datapath_find(struct datapath *datapath, unsigned int vlan, const uint8_t mac[6],
		  unsigned int *idle);

/* What the programs learned: poll the descriptor for input, then take the events. */
int datapath_events(const struct datapath *datapath);
typedef void datapath_learned(void *context, const struct vde_learned *event);
void datapath_take_events(struct datapath *datapath, datapath_learned *each, void *context);

/*
 * Counters of a slot, summed over processors; *dropped are frames the netdev itself lost. The other
 * end of a veth may have moved to another network namespace, which the kernel does not tell: here
 * it is noticed, so this is to be called about once a second.
 */
int datapath_count(struct datapath *datapath, unsigned int slot, struct vde_counters *sum,
		   uint64_t *dropped);

#endif
