/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UDP (RFC 768, 1122 4.1, 8085). Endpoints stand in a hash by local port; the best match of a
 * unicast datagram gets it (connected before bound before wildcard), a multicast goes to every
 * match.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include "lwipv6/core/checksum.h"
#include "lwipv6/ip/group.h"
#include "lwipv6/transport/endpoint.h"

#define PORT_FIRST 32768
#define PORT_LAST  60999

void endpoint_init(struct endpoint *e, struct stack *stack, int family, uint8_t protocol)
{
	memset(e, 0, sizeof(*e));
	list_init(&e->node);
	list_init(&e->memberships);
	e->stack = stack;
	e->family = family;
	e->protocol = protocol;
	e->multicast_hops = 1;
	e->multicast_loop = true;
}

static struct list *bucket(struct stack *stack, uint16_t port)
{
	return &stack->transport.udp[port % UDP_HASH];
}

/* Whether the families of two endpoints can meet on one address. */
static bool families_meet(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family || (a->family == AF_INET6 && !a->v6only) ||
	       (b->family == AF_INET6 && !b->v6only);
}

static bool in_use(const struct endpoint *e, const struct ip_addr *local, uint16_t port)
{
	const struct endpoint *o;

	list_for_each_entry (o, bucket(e->stack, port), node) {
		if (o == e || o->local_port != port || !families_meet(e, o))
			continue;
		if (o->netif && e->netif && o->netif != e->netif)
			continue;
		if ((o->reuse_port && e->reuse_port) || (o->reuse_address && e->reuse_address))
			continue;
		if (ip_is_any(&o->local) || ip_is_any(local) || ip_equal(&o->local, local))
			return true;
	}
	return false;
}

/* RFC 6056 3.3.1: random, then the next free. */
static uint16_t pick_port(const struct endpoint *e, const struct ip_addr *local)
{
	unsigned int count = PORT_LAST - PORT_FIRST + 1;
	unsigned int start = random_below(&e->stack->random, count);

	for (unsigned int i = 0; i < count; i++) {
		uint16_t port = PORT_FIRST + (start + i) % count;

		if (!in_use(e, local, port))
			return port;
	}
	return 0;
}

int udp_bind(struct endpoint *e, const struct ip_addr *local, uint16_t port)
{
	if (e->bound)
		return -EINVAL;
	if (!e->freebind && !ip_is_any(local) && !ip_is_multicast(local) &&
	    !ip_is_limited_broadcast(local) && !netif_addr_find(e->stack, NULL, local)) {
		struct netif *n;
		bool broadcast = false;

		list_for_each_entry (n, &e->stack->netifs, node)
			broadcast |= netif_is_broadcast(n, local);
		if (!broadcast)
			return -EADDRNOTAVAIL;
	}
	if (!port)
		port = pick_port(e, local);
	if (!port || in_use(e, local, port))
		return -EADDRINUSE;
	e->local = *local;
	e->local_port = port;
	e->bound = true;
	list_prepend(bucket(e->stack, port), &e->node);
	return 0;
}

int udp_connect(struct endpoint *e, const struct ip_addr *remote, uint16_t port)
{
	struct ip_addr src = e->local;
	struct next_hop hop;
	int error;

	if (ip_is_any(remote)) {
		e->connected = false;
		e->remote_port = 0;
		return 0;
	}
	if (ip_is_any(&src)) {
		if (netif_addr_find(e->stack, NULL, remote)) {
			src = *remote;
		} else {
			error = route_lookup(e->stack, remote, e->netif, NULL, &hop);
			if (error)
				return error;
			if (!source_select(e->stack, hop.netif, remote, &src))
				return -EADDRNOTAVAIL;
		}
	}
	if (!e->bound) {
		error = udp_bind(e, &e->local, 0);
		if (error)
			return error;
	}
	e->local = src;
	e->remote = *remote;
	e->remote_port = port;
	e->connected = true;
	e->hop_generation = 0;
	return 0;
}

void udp_close(struct endpoint *e)
{
	list_remove(&e->node);
	e->bound = false;
}

static int checksum_out(const struct endpoint *e, struct packet *p, const struct ip_addr *src,
			const struct ip_addr *dst, struct udphdr *udp)
{
	udp->check = 0;
	if (e->no_checksum_v4 && ip_is_v4(dst))
		return 0;
	udp->check = ~checksum_fold(checksum_pseudo(src, dst, IPPROTO_UDP, p->len));
	p->checksum = CHECKSUM_PARTIAL;
	p->checksum_start = 0;
	p->checksum_offset = offsetof(struct udphdr, check);
	return 0;
}

static int find_hop(const struct endpoint *e, const struct ip_addr *dst, const struct ip_options *o,
		    struct ip_addr *from, struct next_hop *hop)
{
	struct stack *stack = e->stack;
	int error;

	if (netif_addr_find(stack, ip_needs_zone(dst) ? o->netif : NULL, dst)) {
		*hop = (struct next_hop){.netif = stack->loopback, .addr = *dst};
		if (ip_is_any(from))
			*from = *dst;
		return 0;
	}
	error = route_lookup(stack, dst, o->netif, from, hop);
	if (error)
		return error;
	if (!e->broadcast && netif_is_broadcast(hop->netif, dst))
		return -EACCES;
	if (ip_is_any(from) && !o->any_source && !source_select(stack, hop->netif, dst, from))
		return -EADDRNOTAVAIL;
	return 0;
}

/* The way to the connected peer is looked up once, until a route or address changes. */
static bool hop_known(struct endpoint *e)
{
	struct ip_options o = {.netif = e->netif};
	struct ip_addr from = e->local;

	if (!e->connected || ip_is_multicast(&e->remote))
		return false;
	if (e->hop_generation == e->stack->routes.generation)
		return true;
	if (find_hop(e, &e->remote, &o, &from, &e->hop) || !ip_equal(&from, &e->local))
		return false;
	e->hop_generation = e->stack->routes.generation;
	return true;
}

uint32_t udp_largest(const struct ip_addr *dst)
{
	return UINT16_MAX - sizeof(struct udphdr) - (ip_is_v4(dst) ? sizeof(struct iphdr) : 0);
}

bool udp_may_join(struct endpoint *e, uint32_t size)
{
	struct stack *stack = e->stack;
	uint32_t header = sizeof(struct udphdr) +
			  (ip_is_v4(&e->remote) ? sizeof(struct iphdr) : sizeof(struct ip6_hdr));

	return hop_known(e) && e->hop.netif->offload & OFFLOAD_USO && !e->no_checksum_v4 &&
	       !e->hop.netif->capture && list_empty(&stack->transport.packet) &&
	       list_empty(&stack->hooks.point[HOOK_LOCAL_OUT]) &&
	       list_empty(&stack->hooks.point[HOOK_POST_ROUTING]) &&
	       size + header <= path_mtu(stack, e->hop.netif, &e->remote);
}

int udp_send(struct endpoint *e, struct packet *p, const struct ip_addr *src,
	     const struct ip_addr *remote, uint16_t port, const struct ip_options *given)
{
	struct stack *stack = e->stack;
	struct ip_options o = given ? *given : e->options;
	const struct ip_addr *dst = remote ? remote : &e->remote;
	struct ip_addr from = src && !ip_is_any(src) ? *src : e->local;
	struct next_hop hop;
	struct udphdr *udp;
	int error = 0;

	if (!remote)
		port = e->remote_port;
	if (p->len > udp_largest(dst)) {
		packet_free(p);
		return -EMSGSIZE;
	}
	if (!e->bound)
		error = udp_bind(e, &e->local, 0);
	if (!o.netif)
		o.netif = e->netif;
	if (ip_is_multicast(dst)) {
		if (!o.netif)
			o.netif = e->multicast_netif;
		if (!given || !given->hop_limit)
			o.hop_limit = e->multicast_hops;
		o.multicast_loop = e->multicast_loop;
		if (ip_is_multicast(&from))
			from = ip_addr_any;
	}
	if (!error && !remote && hop_known(e) && o.netif == e->netif && ip_equal(&from, &e->local))
		hop = e->hop;
	else if (!error)
		error = find_hop(e, dst, &o, &from, &hop);
	if (error) {
		COUNT(stack, ip_no_route);
		packet_free(p);
		return error;
	}
	if (ip_is_v4(dst) && ip_is_any(&from))
		from = ip_v4_any;
	udp = packet_push(p, sizeof(*udp));
	udp->source = htons(e->local_port);
	udp->dest = htons(port);
	udp->len = htons(p->len);
	checksum_out(e, p, &from, dst, udp);
	if (!ip_is_v4(dst) && !o.flow_label)
		o.flow_label = flow_label(stack, &from, dst, e->local_port, port, IPPROTO_UDP);
	COUNT(stack, udp_out);
	return ip_output_hop(stack, p, &from, dst, IPPROTO_UDP, &o, &hop);
}

/* How well an endpoint fits; 0 = not at all. */
static int fit(const struct endpoint *e, const struct packet *p, uint16_t source, uint16_t dest)
{
	bool v4 = ip_is_v4(&p->dst);
	int score = 1;

	if (e->local_port != dest || (e->family == AF_INET) != v4) {
		if (e->local_port != dest || e->family == AF_INET || e->v6only)
			return 0;
	} else {
		score++;
	}
	if (e->netif && e->netif != p->netif && p->netif->kind != NETIF_LOOPBACK)
		return 0;
	score += e->netif ? 2 : 0;
	if (!ip_is_any(&e->local)) {
		if (!ip_equal(&e->local, &p->dst))
			return 0;
		score += 4;
	}
	if (e->connected) {
		if (e->remote_port != source || !ip_equal(&e->remote, &p->src))
			return 0;
		score += 8;
	}
	return score;
}

/* Does this endpoint want the group? An IPv4 socket without memberships does not (IP_MULTICAST_ALL
 * 0). */
static bool member(const struct endpoint *e, const struct packet *p)
{
	struct membership *m;

	list_for_each_entry (m, &e->memberships, user_node)
		if (m->group && ip_equal(&m->group->addr, &p->dst) && m->group->netif == p->netif)
			return membership_accepts(m, &p->src);
	return list_empty(&e->memberships);
}

static void to_all(struct packet *p, uint16_t source, uint16_t dest)
{
	struct list *head = bucket(p->netif->stack, dest);
	struct endpoint *e, *next;
	bool multicast = ip_is_multicast(&p->dst);

	list_for_each_entry_safe (e, next, head, node) {
		struct packet *copy;

		if (!fit(e, p, source, dest) || (multicast && !member(e, p)))
			continue;
		copy = packet_clone(p);
		if (copy)
			e->receive(e, copy, source);
	}
	packet_free(p);
}

static struct endpoint *best_fit(struct packet *p, uint16_t source, uint16_t dest)
{
	struct endpoint *e, *best = NULL;
	int best_score = 0, ties = 0;

	list_for_each_entry (e, bucket(p->netif->stack, dest), node) {
		int score = fit(e, p, source, dest);

		if (score > best_score) {
			best = e;
			best_score = score;
			ties = 1;
		} else if (score && score == best_score && e->reuse_port) {
			/* SO_REUSEPORT spreads flows: the same one for the same peer. */
			uint32_t h = ip_hash(&p->src, source * 0x9e37u + dest);

			ties++;
			if (h % ties == 0)
				best = e;
		}
	}
	return best;
}

static bool checksum_good(const struct packet *p, const struct udphdr *udp)
{
	uint32_t pseudo;

	if (p->checksum != CHECKSUM_NONE)
		return true;
	if (!udp->check)
		return ip_is_v4(&p->dst); /* RFC 8200 8.1: required over IPv6 */
	pseudo = checksum_pseudo(&p->src, &p->dst, IPPROTO_UDP, p->len);
	return !checksum_fold(checksum_add(packet_sum(p, 0), &pseudo, 4));
}

void udp_input(struct packet *p)
{
	struct stack *stack = p->netif->stack;
	const struct udphdr *udp = (struct udphdr *)p->data;
	uint16_t len, source, dest;
	struct endpoint *e;

	COUNT(stack, udp_in);
	if (p->linear < sizeof(*udp))
		goto bad;
	len = ntohs(udp->len);
	if (len < sizeof(*udp) || len > p->len)
		goto bad;
	packet_trim(p, len);
	if (!checksum_good(p, udp))
		goto bad;
	source = ntohs(udp->source);
	dest = ntohs(udp->dest);
	packet_pull(p, sizeof(*udp));
	if (ip_is_multicast(&p->dst) || netif_is_broadcast(p->netif, &p->dst)) {
		to_all(p, source, dest);
		return;
	}
	e = best_fit(p, source, dest);
	if (e) {
		e->receive(e, p, source);
		return;
	}
	COUNT(stack, udp_no_port);
	packet_push(p, packet_headroom(p) - p->network);
	icmp_error(p, ICMP_CAUSE_PORT, 0);
	packet_free(p);
	return;
bad:
	COUNT(stack, udp_checksum_errors);
	packet_free(p);
}

void udp_icmp(struct stack *stack, const struct icmp_report *r)
{
	uint16_t local = ntohs(*(uint16_t *)r->payload),
		 remote = ntohs(*(uint16_t *)(r->payload + 2));
	struct endpoint *e, *next;

	list_for_each_entry_safe (e, next, bucket(stack, local), node) {
		if (e->local_port != local || !e->error)
			continue;
		if (!ip_is_any(&e->local) && !ip_equal(&e->local, &r->local))
			continue;
		if (e->connected && (e->remote_port != remote || !ip_equal(&e->remote, &r->remote)))
			continue;
		e->error(e, r);
	}
}
