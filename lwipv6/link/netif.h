/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Interfaces: a driver (ops), link parameters, addresses, groups.
 *
 *   driver receive -> netif_receive(frame) -> ethernet_input / ip_input
 *   ip_output -> neighbour_output -> netif_transmit(frame) -> driver transmit
 *
 * Packets on their way down may exceed the MTU as TCP super-segments; netif_transmit() cuts them
 * and finishes checksums when the driver cannot.
 */
#ifndef LWIPV6_LINK_NETIF_H
#define LWIPV6_LINK_NETIF_H

#include <net/if.h>
#include <net/ethernet.h>
#include "lwipv6/core/stack.h"

enum netif_kind { NETIF_LOOPBACK, NETIF_ETHERNET, NETIF_POINT_TO_POINT };

struct netif_ops {
	char prefix[4]; /* of the name: "vd", "tp", "tn", "sl", "lo", "pr" */
	/* Send one frame (with Ethernet header on Ethernet). Takes the packet. */
	void (*transmit)(struct netif *netif, struct packet *p);
	/* The watched descriptor is readable (or writable, where that was asked): read until it
	 * would block, or 64 frames; true = more. */
	bool (*receive)(struct netif *netif);
	/* The batch is over: set netif->poke_due in transmit() to be called. May be NULL. */
	void (*poke)(struct netif *netif);
	/* The stack is about to end: wait a moment until what was sent has left. May be NULL. */
	void (*drain)(struct netif *netif);
	void (*close)(struct netif *netif);
};

enum netif_offload {
	OFFLOAD_CHECKSUM = 1, /* driver completes CHECKSUM_PARTIAL */
	OFFLOAD_TSO4 = 2,
	OFFLOAD_TSO6 = 4,
	OFFLOAD_USO = 8 /* datagrams of one size to one peer as one packet */
};

enum address_state { ADDRESS_TENTATIVE, ADDRESS_PREFERRED, ADDRESS_DEPRECATED, ADDRESS_DUPLICATE };

/* Where an address came from; it decides who removes it. */
enum address_origin {
	ORIGIN_MANUAL,
	ORIGIN_LINKLOCAL,
	ORIGIN_SLAAC,
	ORIGIN_TEMPORARY,
	ORIGIN_DHCP
};

struct netif_addr {
	struct list node;
	struct netif *netif;
	struct ip_addr addr;
	uint8_t plen; /* of 128 */
	uint8_t state, origin;
	uint8_t dad_left; /* probes or announcements still to send */
	uint8_t conflicts;
	bool nodad;
	bool optimistic;       /* RFC 4429: used while tentative, with care */
	uint8_t nonce[6];      /* of the last probe, RFC 7527 */
	struct ip_addr router; /* that announced its prefix, or unspecified (RFC 8028) */
	uint64_t preferred_until, valid_until; /* TIME_NEVER = infinite */
	uint64_t defended;		       /* RFC 5227: time of the last defence */
	uint64_t created;
	struct timer dad;  /* next probe or end of DAD */
	struct timer life; /* next change of state */
};

struct group;	   /* ip/group.h */
struct igmp_state; /* ip/group_report.h */
struct mld_state;
struct capture;
struct tcp_listener;

struct netif {
	struct list node;
	struct stack *stack;
	const struct netif_ops *ops;
	void *driver; /* the driver's own */
	enum netif_kind kind;
	char name[IFNAMSIZ];
	int index;
	int unit;
	int fd;		       /* watched, or -1 */
	unsigned int flags;    /* IFF_UP, IFF_BROADCAST, ... */
	unsigned int autoconf; /* NETIF_FLAG_AUTOCONF, _RADV, _DHCP, _DHCP6 */
	unsigned int offload;  /* enum netif_offload */
	uint32_t mtu;
	uint32_t mtu6; /* what IPv6 uses: mtu, or less as a router advertised */
	uint8_t hwlen, hwaddr[6];
	struct list addresses; /* struct netif_addr, oldest first */
	struct list groups;    /* struct group */
	/* Neighbour discovery parameters (RFC 4861 6.3.2), a router may change them. */
	uint8_t hop_limit;
	uint32_t base_reachable_ms, reachable_ms, retrans_ms;
	struct igmp_state *igmp;
	struct mld_state *mld;
	/* Per-interface state of config/: NULL when not running. */
	struct slaac *slaac;
	struct dhcp4 *dhcp4;
	struct dhcp6 *dhcp6;
	struct radv *radv;
	uint32_t dhcp4_hint;	 /* address to ask for when DHCP starts, network order, or 0 */
	struct capture *capture; /* pcap trace */
	bool poke_due;
	bool unread; /* receive() stopped although frames may wait: loop_may_stop() */
	struct tcp_listener *transparent; /* answers every SYN that comes from here, or NULL */
	struct lwip_netif_statistics statistics;
};

/* Make an interface, down. @unit < 0 takes the next of its prefix. NULL when memory is short. */
struct netif *netif_new(struct stack *stack, const struct netif_ops *ops, enum netif_kind kind,
			void *driver, uint32_t mtu);
void netif_free(struct netif *netif);
struct netif *netif_by_index(struct stack *stack, int index);
struct netif *netif_by_name(struct stack *stack, const char *name);
void netif_random_hwaddr(struct netif *netif);
int netif_up(struct netif *netif);
int netif_down(struct netif *netif);
int netif_set_mtu(struct netif *netif, uint32_t mtu);
int netif_set_hwaddr(struct netif *netif, const uint8_t *hwaddr);
static inline bool netif_is_up(const struct netif *netif)
{
	return netif->flags & IFF_UP;
}

/* A frame from the driver; p->netif is set, p->data at the link header. */
void netif_receive(struct packet *p);
/* A frame to the driver, link header in place. */
void netif_transmit(struct packet *p);

/* ---- addresses (link/netif_addr.c) */

struct address_spec {
	struct ip_addr addr;
	unsigned int plen; /* of 128 */
	enum address_origin origin;
	bool nodad;
	bool no_prefix_route; /* RFC 5942: SLAAC addresses bring no on-link prefix by themselves */
	uint64_t preferred_ns, valid_ns; /* lifetimes from now, TIME_NEVER = infinite */
};
/* Add, start DAD (interface up), insert the connected route. 0, -EADDRINUSE, -ENOMEM, -EINVAL. */
int netif_addr_add(struct netif *netif, const struct address_spec *spec, struct netif_addr **out);
void netif_addr_remove(struct netif_addr *a);
/* The interface came up: start DAD, or announce. */
void netif_addr_start(struct netif_addr *a);
/* Tentative, and used all the same as RFC 4429 says: nobody's neighbour cache may change by it. */
static inline bool netif_addr_is_optimistic(const struct netif_addr *a)
{
	return a->optimistic && a->state == ADDRESS_TENTATIVE;
}
/* Whether it may be used as a source and answered for. */
bool netif_addr_usable(const struct netif_addr *a);
void netif_addr_set_lifetimes(struct netif_addr *a, uint64_t preferred_ns, uint64_t valid_ns);
/* An address of this stack in use (not tentative or duplicate), on @netif or on any when NULL. */
struct netif_addr *netif_addr_find(struct stack *stack, struct netif *netif,
				   const struct ip_addr *addr);
/* The same in any state. */
struct netif_addr *netif_addr_find_any_state(struct netif *netif, const struct ip_addr *addr);
/* Whether @addr is a broadcast address on @netif: limited, or of one of its IPv4 prefixes. */
bool netif_is_broadcast(const struct netif *netif, const struct ip_addr *addr);
/* The preferred link-local IPv6 address, or NULL. */
struct netif_addr *netif_linklocal(const struct netif *netif);
/* Someone else claimed @a: a DAD reply or a conflicting ARP packet. */
void netif_addr_conflict(struct netif_addr *a, const uint8_t *hwaddr);

/* Drivers. All return a new interface, down, or NULL with errno. */
struct netif *tap_open(struct stack *stack, const char *name);
struct netif *tun_open(struct stack *stack, const char *name);
struct netif *vde_open(struct stack *stack, const char *url);
struct netif *loopback_open(struct stack *stack);
struct netif *frame_open(struct stack *stack, void (*output)(void *, const void *, size_t),
			 void *arg, enum netif_kind kind);
/* A frame from a program to such an interface; copied. */
int frame_input(struct netif *netif, const void *frame, size_t len);
int pair_open(struct stack *a, struct stack *b, struct netif *out[2]);

#endif
