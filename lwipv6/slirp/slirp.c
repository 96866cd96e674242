/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interface itself: packets that are routed to it, the table of flows, the host's descriptors,
 * the public calls.
 */
#include "lwipv6/slirp/slirp.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "lwipv6/slirp/interface.h"
#include "lwipv6/socket/families.h"

#define MTU	   65535
#define SWEEP	   NSEC_PER_SEC
#define BACKLOG	   4096
#define HOOK_FIRST (-400)

/* ---- flows */

static struct list *bucket(struct slirp *s, uint8_t protocol, const struct ip_addr *guest,
			   uint16_t guest_port, const struct ip_addr *host, uint16_t host_port)
{
	uint32_t h =
		ip_hash(guest, s->stack->random.key[0] + ((uint32_t)guest_port << 16 | host_port));

	return &s->hash[ip_hash(host, h + protocol) % SLIRP_HASH];
}

struct slirp_flow *slirp_flow_find(struct slirp *s, uint8_t protocol, const struct ip_addr *guest,
				   uint16_t guest_port, const struct ip_addr *host,
				   uint16_t host_port)
{
	struct slirp_flow *f;

	list_for_each_entry (f, bucket(s, protocol, guest, guest_port, host, host_port), node)
		if (f->protocol == protocol && f->guest_port == guest_port &&
		    f->host_port == host_port && ip_equal(&f->guest, guest) &&
		    ip_equal(&f->host, host))
			return f;
	return NULL;
}

/* Make room: the datagram flow that rested longest. */
static void evict(struct slirp *s)
{
	struct slirp_flow *f;

	list_for_each_entry (f, &s->flows, age)
		if (f->protocol != IPPROTO_TCP) {
			slirp_flow_end(f);
			return;
		}
}

struct slirp_flow *slirp_flow_new(struct slirp *s, uint8_t protocol, const struct ip_addr *guest,
				  uint16_t guest_port, const struct ip_addr *host,
				  uint16_t host_port)
{
	struct slirp_flow *f;

	if (s->count >= SLIRP_FLOWS)
		evict(s);
	if (s->count >= SLIRP_FLOWS)
		return NULL;
	f = calloc(1, sizeof(*f));
	if (!f) {
		COUNT(s->stack, memory_failures);
		return NULL;
	}
	f->slirp = s;
	f->protocol = protocol;
	f->guest = *guest;
	f->guest_port = guest_port;
	f->host = *host;
	f->host_port = host_port;
	f->source.fd = -1;
	f->used = s->stack->now;
	list_init(&f->work.node);
	list_append(bucket(s, protocol, guest, guest_port, host, host_port), &f->node);
	list_append(&s->flows, &f->age);
	s->count++;
	if (!timer_armed(&s->sweep))
		timer_set(s->stack, &s->sweep, s->stack->now + SWEEP);
	return f;
}

void slirp_flow_used(struct slirp_flow *f)
{
	f->used = f->slirp->stack->now;
	list_remove(&f->age);
	list_append(&f->slirp->flows, &f->age);
}

void slirp_flow_end(struct slirp_flow *f)
{
	if (f->state == FLOW_DEAD)
		return;
	if (f->protocol == IPPROTO_TCP)
		slirp_tcp_end(f);
	if (f->source.fd >= 0)
		close(f->source.fd);
	f->source.fd = -1;
	f->state = FLOW_DEAD;
	list_remove(&f->work.node);
	list_remove(&f->age);
	list_remove(&f->node);
	/* An event of this round may still point at it. */
	list_append(&f->slirp->dead, &f->node);
	f->slirp->count--;
}

static void bury(struct slirp *s)
{
	while (!list_empty(&s->dead)) {
		struct slirp_flow *f = list_first(&s->dead, struct slirp_flow, node);

		list_remove(&f->node);
		free(f);
	}
}

static void sweep(struct stack *stack, struct timer *timer)
{
	struct slirp *s = container_of(timer, struct slirp, sweep);
	struct slirp_flow *f, *next;

	bury(s);
	list_for_each_entry_safe (f, next, &s->flows, age) {
		if (f->protocol == IPPROTO_TCP ? slirp_tcp_stale(f)
					       : stack->now - f->used > slirp_datagram_lifetime(f))
			slirp_flow_end(f);
	}
	if (s->count || !list_empty(&s->dead))
		timer_set(stack, timer, stack->now + SWEEP);
}

/* ---- the host's side */

int slirp_watch(struct slirp *s, struct slirp_source *source)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
				 .data.ptr = source};

	return epoll_ctl(s->netif->fd, EPOLL_CTL_ADD, source->fd, &ev) < 0 ? -errno : 0;
}

static bool receive(struct netif *netif)
{
	struct slirp *s = netif->driver;
	struct epoll_event ev[SLIRP_BATCH];
	int n = epoll_wait(netif->fd, ev, SLIRP_BATCH, 0);

	for (int i = 0; i < n; i++) {
		struct slirp_source *source = ev[i].data.ptr;

		if (source->fd >= 0)
			source->ready(source, ev[i].events);
	}
	bury(s);
	return n == SLIRP_BATCH;
}

socklen_t slirp_outer_name(const struct slirp *s, const struct ip_addr *addr, uint16_t port,
			   struct sockaddr_storage *sa)
{
	bool v4 = ip_is_v4(addr);
	struct ip_addr outer = *addr;

	if (s->host_reachable[!v4] && ip_equal(addr, &s->host_alias[!v4]))
		outer = v4 ? ip_from_v4(htonl(INADDR_LOOPBACK)) : ip_from_in6(&in6addr_loopback);
	memset(sa, 0, sizeof(*sa));
	if (v4) {
		*(struct sockaddr_in *)sa = (struct sockaddr_in){.sin_family = AF_INET,
								 .sin_port = htons(port),
								 .sin_addr.s_addr = outer.addr[3]};
		return sizeof(struct sockaddr_in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)sa;

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, &outer, 16);
	return sizeof(*in6);
}

void slirp_inner_name(const struct slirp *s, const struct sockaddr_storage *sa, bool v4,
		      struct ip_addr *addr, uint16_t *port)
{
	*addr = ip_addr_any;
	*port = 0;
	if (sa->ss_family == AF_INET) {
		*addr = ip_from_v4(((struct sockaddr_in *)sa)->sin_addr.s_addr);
		*port = ntohs(((struct sockaddr_in *)sa)->sin_port);
	} else if (sa->ss_family == AF_INET6) {
		*addr = ip_from_in6(&((struct sockaddr_in6 *)sa)->sin6_addr);
		*port = ntohs(((struct sockaddr_in6 *)sa)->sin6_port);
	}
	if (ip_is_any(addr) || ip_is_loopback(addr) || ip_is_linklocal(addr) ||
	    ip_is_v4(addr) != v4)
		*addr = s->host_alias[!v4];
}

void slirp_tell(struct packet *p, int error)
{
	switch (error) {
	case ECONNREFUSED:
		icmp_error(p, ICMP_CAUSE_PORT, 0);
		break;
	case ENETUNREACH:
		icmp_error(p, ICMP_CAUSE_NO_ROUTE, 0);
		break;
	case EACCES:
	case EPERM:
		icmp_error(p, ICMP_CAUSE_PROHIBITED, 0);
		break;
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case ETIMEDOUT:
	case EAFNOSUPPORT:
	case EADDRNOTAVAIL:
		icmp_error(p, ICMP_CAUSE_HOST, 0);
		break;
	}
}

/* ---- packets that are routed here */

/* Find the transport header; false for what cannot be ended here. */
static bool describe(struct packet *p)
{
	uint32_t at;

	p->network = packet_headroom(p);
	if (p->data[0] >> 4 == 4) {
		const struct iphdr *ip = (struct iphdr *)p->data;

		if (p->linear < sizeof(*ip) || ip->frag_off & htons(IP_MF | IP_OFFMASK))
			return false;
		p->protocol = ETH_P_IP;
		p->src = ip_from_v4(ip->saddr);
		p->dst = ip_from_v4(ip->daddr);
		p->next_header = ip->protocol;
		p->hop_limit = ip->ttl;
		at = ip->ihl * 4;
	} else {
		const struct ip6_hdr *ip = (struct ip6_hdr *)p->data;
		uint8_t kind = ip->ip6_nxt;

		if (p->linear < sizeof(*ip))
			return false;
		p->protocol = ETH_P_IPV6;
		p->src = ip_from_in6(&ip->ip6_src);
		p->dst = ip_from_in6(&ip->ip6_dst);
		p->hop_limit = ip->ip6_hlim;
		for (at = sizeof(*ip); kind == IPPROTO_HOPOPTS || kind == IPPROTO_DSTOPTS ||
				       kind == IPPROTO_ROUTING;) {
			if (at + 8 > p->linear)
				return false;
			kind = p->data[at];
			at += p->data[at + 1] * 8 + 8;
		}
		p->next_header = kind;
	}
	p->transport = p->network + at;
	return at + 8 <= p->linear;
}

static void transmit(struct netif *netif, struct packet *p)
{
	struct slirp *s = netif->driver;

	if (!p->linear || !describe(p) || ip_is_multicast(&p->dst) ||
	    ip_is_limited_broadcast(&p->dst)) {
		packet_free(p);
		return;
	}
	p->netif = netif;
	p->ifindex = netif->index;
	p->link = p->network;
	p->link_type = 0;
	p->locally_made = p->forwarded = 0;
	p->mark = 0;
	p->time = s->stack->now;
	/* What the sender left to the wire was never on one. */
	if (p->checksum == CHECKSUM_PARTIAL)
		p->checksum = CHECKSUM_VALID;
	switch (p->next_header) {
	case IPPROTO_TCP:
		slirp_tcp_output(s, p);
		return;
	case IPPROTO_UDP:
		slirp_udp_output(s, p);
		return;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		slirp_echo_output(s, p);
		return;
	}
	icmp_error(p, ICMP_CAUSE_PROHIBITED, 0);
	packet_free(p);
}

/* That it is there makes IP input put fragments together before they are forwarded. */
static enum hook_verdict reassembled(struct hook *self, struct stack *stack, enum hook_point point,
				     struct packet *p, struct netif *in, struct netif *out)
{
	return HOOK_ACCEPT;
}

/* ---- life */

static void end_flows(struct slirp *s)
{
	while (!list_empty(&s->flows))
		slirp_flow_end(list_first(&s->flows, struct slirp_flow, age));
	bury(s);
	timer_cancel(&s->sweep);
}

static void stack_event(struct stack_listener *self, struct stack *stack, enum stack_event event,
			void *object)
{
	struct slirp *s = container_of(self, struct slirp, events);

	if (event == EVENT_NETIF_DOWN && object == s->netif)
		end_flows(s);
}

static void slirp_close(struct netif *netif)
{
	struct slirp *s = netif->driver;

	end_flows(s);
	while (!list_empty(&s->forwards))
		slirp_forward_end(list_first(&s->forwards, struct slirp_forward, node));
	list_remove(&s->events.node);
	list_remove(&s->accept.node);
	hook_remove(&s->reassemble);
	s->listener->notify = NULL;
	s->listener->ops->close(s->listener);
	close(netif->fd);
	free(s);
}

static const struct netif_ops slirp_ops = {
	.prefix = "sl", .transmit = transmit, .receive = receive, .close = slirp_close};

static void connection_ready(struct socket *listener)
{
	struct slirp *s = listener->owner;

	if (list_empty(&s->accept.node))
		list_append(&s->stack->deferred, &s->accept.node);
}

/* A listening socket that no port leads to: the interface gives it every SYN. */
static struct socket *make_listener(struct slirp *s)
{
	struct socket *socket =
		socket_stream_families[1].create(s->stack, AF_INET6, SOCK_STREAM, IPPROTO_TCP);
	struct tcp_socket *ts;
	struct tcp_listener *l = calloc(1, sizeof(*l));

	if (!socket || !l) {
		if (socket)
			socket->ops->close(socket);
		free(l);
		return NULL;
	}
	ts = container_of(socket, struct tcp_socket, socket);
	l->socket = ts;
	l->stack = s->stack;
	l->family = AF_INET6;
	l->backlog = BACKLOG;
	list_init(&l->hash);
	list_init(&l->requests);
	list_init(&l->ready);
	ts->listener = l;
	ts->tcp->nodelay = ts->tcp->keepalive = ts->tcp->oob_inline = 1;
	socket->owner = s;
	socket->notify = connection_ready;
	return socket;
}

struct netif *slirp_open(struct stack *stack)
{
	struct slirp *s = calloc(1, sizeof(*s));
	struct netif *n = NULL;
	int fd = epoll_create1(EPOLL_CLOEXEC), error = errno;

	if (!s || fd < 0)
		goto fail;
	s->stack = stack;
	for (int i = 0; i < SLIRP_HASH; i++)
		list_init(&s->hash[i]);
	list_init(&s->flows);
	list_init(&s->dead);
	list_init(&s->forwards);
	list_init(&s->accept.node);
	s->accept.run = slirp_tcp_accept;
	timer_init(&s->sweep, sweep);
	s->host_alias[0] = ip_from_v4(htonl(0x0a000202));
	s->host_alias[1] = (struct ip_addr){{htonl(0xfec00000), 0, 0, htonl(2)}};
	error = ENOMEM;
	s->listener = make_listener(s);
	if (s->listener)
		n = netif_new(stack, &slirp_ops, NETIF_POINT_TO_POINT, s, MTU);
	if (!n)
		goto fail;
	s->netif = n;
	n->fd = fd;
	n->offload = OFFLOAD_CHECKSUM | OFFLOAD_TSO4 | OFFLOAD_TSO6;
	n->transparent = container_of(s->listener, struct tcp_socket, socket)->listener;
	s->events.notify = stack_event;
	stack_listen(stack, &s->events);
	s->reassemble = (struct hook){.priority = HOOK_FIRST, .run = reassembled};
	list_init(&s->reassemble.node);
	hook_add(stack, HOOK_PRE_ROUTING, &s->reassemble);
	stack_watch(stack, fd, n);
	return n;
fail:
	if (s && s->listener)
		s->listener->ops->close(s->listener);
	free(s);
	if (fd >= 0)
		close(fd);
	errno = error;
	return NULL;
}

/* ---- public calls */

static struct slirp *slirp_of(struct netif *netif)
{
	return netif && netif->ops == &slirp_ops ? netif->driver : NULL;
}

struct netif *lwip_add_slirpif(struct stack *stack, void *arg, int flags)
{
	struct netif *n;

	stack_enter(stack);
	n = slirp_open(stack);
	stack_leave(stack);
	return n;
}

int slirp_listen(struct netif *netif, const struct ip_addr *dest, int dest_port, const void *src,
		 int src_port, int flags)
{
	struct slirp *s = slirp_of(netif);

	return s && dest ? slirp_forward_add(s, dest, dest_port, src, src_port, flags)
			 : SLIRP_BAD_VALUE;
}

int slirp_set_host(struct netif *netif, const struct ip_addr *alias)
{
	struct slirp *s = slirp_of(netif);

	if (!s || !alias || ip_is_any(alias) || ip_is_multicast(alias))
		return -EINVAL;
	s->host_alias[!ip_is_v4(alias)] = *alias;
	s->host_reachable[!ip_is_v4(alias)] = true;
	return 0;
}

int lwip_slirp_listen_add(struct netif *slirpif, struct ip_addr *dest, int destport,
			  const void *src, int srcport, int flags)
{
	int result;

	if (!slirpif)
		return SLIRP_BAD_VALUE;
	stack_enter(slirpif->stack);
	result = slirp_listen(slirpif, dest, destport, src, srcport, flags);
	stack_leave(slirpif->stack);
	return result;
}

int lwip_slirp_listen_del(struct netif *slirpif, struct ip_addr *dest, int destport,
			  const void *src, int srcport, int flags)
{
	struct slirp *s = slirp_of(slirpif);
	int result;

	if (!s || !dest)
		return SLIRP_BAD_VALUE;
	stack_enter(s->stack);
	result = slirp_forward_delete(s, dest, destport, src, srcport, flags);
	stack_leave(s->stack);
	return result;
}

int lwip_slirp_host(struct netif *slirpif, struct ip_addr *alias)
{
	int error = -EINVAL;

	if (slirpif) {
		stack_enter(slirpif->stack);
		error = slirp_set_host(slirpif, alias);
		stack_leave(slirpif->stack);
	}
	if (!error)
		return 0;
	errno = -error;
	return -1;
}
