/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The slirp interface: what is routed to it is ended in this stack and made again by the process
 * with sockets of its own, so a stack reaches the host's networks without any privilege.
 *
 *   guest -> ip_forward -> sl0 transmit -> slirp.c -> TCP: a connection of this stack that answers
 *                                                     for the far end <-> host socket (slirp_tcp.c)
 *                                                     UDP, echo: a host socket per flow
 * (slirp_datagram.c) host client -> slirp_forward.c -> a connection or datagram with the client's
 * address inside
 *
 * Host descriptors are in an epoll descriptor of the interface, edge-triggered, which the stack's
 * loop watches. Relays run from there or, when the inner side moved, from stack_settle(). All under
 * the stack's lock; no host call blocks.
 */
#ifndef LWIPV6_SLIRP_SLIRP_H
#define LWIPV6_SLIRP_SLIRP_H

#include "lwipv6/ip/ip.h"
#include "lwipv6/socket/stream.h"

#define SLIRP_HASH    1024
#define SLIRP_FLOWS   16384
#define SLIRP_BATCH   64
#define SLIRP_SCRATCH 65536

struct slirp;

/* What an epoll event points at. */
struct slirp_source {
	void (*ready)(struct slirp_source *self, uint32_t events);
	int fd; /* -1 = closed: the event came too late */
};

enum slirp_state {
	FLOW_CONNECTING, /* the host socket, or for a forward the inner connection */
	FLOW_ANSWERED,	 /* the guest's SYN was taken, its handshake runs */
	FLOW_OPEN,
	FLOW_DEAD /* waits to be freed */
};

/* One flow. guest is the inner side; host is the outer address as the guest sees it. */
struct slirp_flow {
	struct list node; /* hash chain, or slirp->dead */
	struct list age;  /* slirp->flows, least recently used first */
	struct deferred work;
	struct slirp_source source;
	struct slirp *slirp;
	struct ip_addr guest, host;
	uint16_t guest_port, host_port;
	uint8_t protocol, state;
	bool outer_ended, guest_ended;
	uint64_t used;
	struct packet *syn;	       /* held until the host socket is connected */
	struct socket *inner;	       /* the guest's connection, ended here */
	struct slirp_forward *forward; /* UDP: answers leave by its descriptor */
	struct sockaddr_storage client;
	socklen_t client_len;
};

struct slirp_forward {
	struct list node;
	struct slirp_source source;
	struct slirp *slirp;
	struct ip_addr dest, src;
	uint16_t dest_port, src_port;
	int flags;
	char *path; /* of a UNIX socket, or NULL */
};

struct slirp {
	struct netif *netif;
	struct stack *stack;
	struct list hash[SLIRP_HASH];
	struct list flows, dead, forwards;
	unsigned int count;
	struct socket *listener; /* of connections from guests; in no port table */
	struct deferred accept;
	struct timer sweep;
	struct stack_listener events;
	struct hook reassemble;
	struct ip_addr host_alias[2]; /* IPv4, IPv6: how guests see the host's loopback */
	bool host_reachable[2];
	uint8_t scratch[SLIRP_SCRATCH] __attribute__((aligned(8)));
};

/* ---- slirp.c */
struct slirp_flow *slirp_flow_find(struct slirp *s, uint8_t protocol, const struct ip_addr *guest,
				   uint16_t guest_port, const struct ip_addr *host,
				   uint16_t host_port);
/* NULL when there are too many, or memory is short. */
struct slirp_flow *slirp_flow_new(struct slirp *s, uint8_t protocol, const struct ip_addr *guest,
				  uint16_t guest_port, const struct ip_addr *host,
				  uint16_t host_port);
void slirp_flow_used(struct slirp_flow *f);
/* Close the descriptor, forget the flow; freed later. */
void slirp_flow_end(struct slirp_flow *f);
int slirp_watch(struct slirp *s, struct slirp_source *source);
/* The host's socket address of what the guest calls @addr. */
socklen_t slirp_outer_name(const struct slirp *s, const struct ip_addr *addr, uint16_t port,
			   struct sockaddr_storage *sa);
/* A client's address as the guest shall see it: its own, the alias when that cannot be routed back.
 */
void slirp_inner_name(const struct slirp *s, const struct sockaddr_storage *sa, bool v4,
		      struct ip_addr *addr, uint16_t *port);
/* An ICMP cause for an errno of the host, to the sender of @p (data at the network header). */
void slirp_tell(struct packet *p, int error);

/* ---- slirp_tcp.c */
void slirp_tcp_output(struct slirp *s, struct packet *p);
void slirp_tcp_accept(struct stack *stack, struct deferred *work);
/* A host's client for @dest: takes @fd. */
void slirp_tcp_forward(struct slirp_forward *f, int fd, const struct sockaddr_storage *client);
void slirp_tcp_end(struct slirp_flow *f);
/* Whether a flow of this age without a connection is given up. */
bool slirp_tcp_stale(const struct slirp_flow *f);

/* ---- slirp_datagram.c */
void slirp_udp_output(struct slirp *s, struct packet *p);
void slirp_echo_output(struct slirp *s, struct packet *p);
void slirp_udp_forward(struct slirp_forward *f);
uint64_t slirp_datagram_lifetime(const struct slirp_flow *f);

/* ---- slirp_forward.c */
int slirp_forward_add(struct slirp *s, const struct ip_addr *dest, int dest_port, const void *src,
		      int src_port, int flags);
int slirp_forward_delete(struct slirp *s, const struct ip_addr *dest, int dest_port,
			 const void *src, int src_port, int flags);
void slirp_forward_end(struct slirp_forward *f);

#endif
