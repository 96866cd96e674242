/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The neighbour cache: RFC 4861 7.3's states for both families. The probes differ (ARP request,
 * neighbour solicitation); everything else is shared.
 */
#include "lwipv6/ip/neighbour.h"
#include <errno.h>
#include <stdlib.h>
#include "lwipv6/ip/icmp.h"
#include "lwipv6/link/ethernet.h"

#define MULTICAST_PROBES 3
#define UNICAST_PROBES	 3
#define DELAY_FIRST	 (5 * NSEC_PER_SEC)
#define FAILED_LIFETIME	 (3 * NSEC_PER_SEC)
#define PATIENT_MAX	 (60 * NSEC_PER_SEC) /* RFC 7048 */

void neighbour_table_init(struct neighbour_table *t)
{
	for (int i = 0; i < NEIGHBOUR_HASH; i++)
		list_init(&t->hash[i]);
	list_init(&t->used);
}

static struct list *bucket(struct netif *netif, const struct ip_addr *addr)
{
	struct stack *stack = netif->stack;

	return &stack->neighbours
			.hash[ip_hash(addr, stack->random.key[0] + netif->index) % NEIGHBOUR_HASH];
}

struct neighbour *neighbour_find(struct netif *netif, const struct ip_addr *addr)
{
	struct list *head = bucket(netif, addr);
	struct neighbour *n;

	list_for_each_entry (n, head, node)
		if (n->netif == netif && ip_equal(&n->addr, addr))
			return n;
	return NULL;
}

static void entry_free(struct neighbour *n)
{
	struct stack *stack = n->netif->stack;

	stack_notify(stack, EVENT_NEIGHBOUR_GONE, n);
	timer_cancel(&n->timer);
	list_remove(&n->node);
	list_remove(&n->used);
	packet_list_free(&n->queue);
	stack->neighbours.count--;
	free(n);
}

static void set_state(struct neighbour *n, enum neighbour_state state)
{
	if (n->state == state)
		return;
	n->state = state;
	stack_notify(n->netif->stack, EVENT_NEIGHBOUR_CHANGED, n);
}

/* Ask; the first probes go to all, verification to the neighbour alone. */
static void probe(struct neighbour *n, bool unicast)
{
	struct packet *waiting = list_first(&n->queue, struct packet, node);
	struct ip_addr src = ip_addr_any;
	struct netif_addr *a = waiting ? netif_addr_find_any_state(n->netif, &waiting->src) : NULL;

	/* RFC 4429 3.2: no address resolution for an optimistic address; the packet waits for the
	 * test's end. One to a router whose link address is known goes. */
	if (a && netif_addr_is_optimistic(a))
		return;
	n->probes++;
	/* The source of the packet that waits makes the neighbour learn the right one. */
	if (waiting && netif_addr_find(n->netif->stack, n->netif, &waiting->src))
		src = waiting->src;
	else
		source_select(n->netif->stack, n->netif, &n->addr, &src);
	if (ip_is_v4(&n->addr)) {
		arp_request(n->netif, ip_is_v4(&src) ? src.addr[3] : 0, n->addr.addr[3],
			    unicast ? n->hwaddr : NULL);
	} else {
		struct ip_addr group = ip_solicited_node(&n->addr);

		if (!netif_addr_find(n->netif->stack, n->netif, &src)) {
			struct netif_addr *linklocal = netif_linklocal(n->netif);

			if (!linklocal)
				return;
			src = linklocal->addr;
		}
		nd_solicit(n->netif, &src, &n->addr, unicast ? &n->addr : &group);
	}
}

static void fail(struct neighbour *n)
{
	struct stack *stack = n->netif->stack;

	COUNT(stack, neighbour_failed);
	set_state(n, NEIGHBOUR_FAILED);
	n->queued = 0;
	while (!list_empty(&n->queue)) {
		struct packet *p = list_first(&n->queue, struct packet, node);

		list_remove(&p->node);
		/* RFC 4861 7.2.2: each packet is answered, our own as well: the socket must hear.
		 */
		if (p->forwarded) {
			icmp_error(p, ICMP_CAUSE_HOST, 0);
		} else {
			struct icmp_report r = {
				.local = p->src,
				.remote = p->dst,
				.offender = p->src,
				.protocol = p->next_header,
				.type = ip_is_v4(&p->dst) ? ICMP_DEST_UNREACH : ICMP6_DST_UNREACH,
				.code = ip_is_v4(&p->dst) ? ICMP_HOST_UNREACH : 3,
				.payload = packet_at(p, p->transport),
				.payload_len = packet_headroom(p) + p->linear - p->transport,
			};

			icmp_report(stack, n->netif, &r);
		}
		packet_free(p);
	}
	timer_set(stack, &n->timer, stack->now + FAILED_LIFETIME);
	stack->routes.generation++;
}

static void timer_expired(struct stack *stack, struct timer *timer)
{
	struct neighbour *n = container_of(timer, struct neighbour, timer);
	uint64_t retrans = n->netif->retrans_ms * NSEC_PER_MSEC;

	switch (n->state) {
	case NEIGHBOUR_INCOMPLETE:
		if (n->probes >= MULTICAST_PROBES) {
			fail(n);
			return;
		}
		probe(n, false);
		timer_set(stack, timer, stack->now + retrans);
		return;
	case NEIGHBOUR_REACHABLE: {
		uint64_t end = n->confirmed + n->netif->reachable_ms * NSEC_PER_MSEC;

		if (end > stack->now)
			timer_set(stack, timer, end);
		else
			set_state(n, NEIGHBOUR_STALE);
		return;
	}
	case NEIGHBOUR_DELAY:
		set_state(n, NEIGHBOUR_PROBE);
		n->probes = 0;
		/* fall through */
	case NEIGHBOUR_PROBE:
		if (n->probes == UNICAST_PROBES)
			stack->routes.generation++; /* another router may be chosen */
		if (n->probes >= UNICAST_PROBES + MULTICAST_PROBES) {
			/* RFC 7048: a change of link address is found by multicast before giving
			 * up. */
			fail(n);
			return;
		}
		if (n->probes > UNICAST_PROBES) {
			retrans <<= n->probes - UNICAST_PROBES;
			if (retrans > PATIENT_MAX)
				retrans = PATIENT_MAX;
		}
		probe(n, n->probes < UNICAST_PROBES);
		timer_set(stack, timer, stack->now + retrans);
		return;
	case NEIGHBOUR_FAILED:
		entry_free(n);
		return;
	}
}

static struct neighbour *entry_new(struct netif *netif, const struct ip_addr *addr)
{
	struct neighbour_table *t = &netif->stack->neighbours;
	struct neighbour *n;

	if (t->count >= NEIGHBOUR_MAX) {
		list_for_each_entry (n, &t->used, used) {
			if (n->state == NEIGHBOUR_PERMANENT)
				continue;
			entry_free(n);
			break;
		}
		if (t->count >= NEIGHBOUR_MAX)
			return NULL;
	}
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->netif = netif;
	n->addr = *addr;
	n->last_used = netif->stack->now;
	list_init(&n->queue);
	timer_init(&n->timer, timer_expired);
	list_append(bucket(netif, addr), &n->node);
	list_append(&t->used, &n->used);
	t->count++;
	return n;
}

static void enqueue(struct neighbour *n, struct packet *p)
{
	if (n->queued >= NEIGHBOUR_QUEUE) { /* RFC 4861 7.2.2: the oldest goes */
		struct packet *old = list_first(&n->queue, struct packet, node);

		list_remove(&old->node);
		packet_free(old);
		n->queued--;
		n->netif->statistics.tx_dropped++;
	}
	list_append(&n->queue, &p->node);
	n->queued++;
}

static void send_queue(struct neighbour *n)
{
	while (!list_empty(&n->queue)) {
		struct packet *p = list_first(&n->queue, struct packet, node);

		list_remove(&p->node);
		n->queued--;
		ethernet_output(n->netif, p, n->hwaddr, p->protocol);
	}
}

void neighbour_output(struct netif *netif, const struct ip_addr *addr, struct packet *p)
{
	struct stack *stack = netif->stack;
	struct neighbour *n;

	p->netif = netif;
	if (netif->kind != NETIF_ETHERNET) {
		netif_transmit(p);
		return;
	}
	if (ip_is_multicast(addr)) {
		uint8_t to[6];

		ethernet_multicast(addr, to);
		ethernet_output(netif, p, to, p->protocol);
		return;
	}
	if (netif_is_broadcast(netif, addr)) {
		ethernet_output(netif, p, ethernet_broadcast, p->protocol);
		return;
	}
	n = neighbour_find(netif, addr);
	if (!n) {
		n = entry_new(netif, addr);
		if (!n) {
			COUNT(stack, memory_failures);
			packet_free(p);
			return;
		}
		n->state = NEIGHBOUR_INCOMPLETE;
		enqueue(n, p);
		probe(n, false);
		timer_set(stack, &n->timer, stack->now + netif->retrans_ms * NSEC_PER_MSEC);
		return;
	}
	n->last_used = stack->now;
	if (n->state != NEIGHBOUR_REACHABLE) {
		list_remove(&n->used);
		list_append(&stack->neighbours.used, &n->used);
	}
	switch (n->state) {
	case NEIGHBOUR_INCOMPLETE:
		enqueue(n, p);
		return;
	case NEIGHBOUR_FAILED:
		n->probes = 0;
		set_state(n, NEIGHBOUR_INCOMPLETE);
		enqueue(n, p);
		probe(n, false);
		timer_set(stack, &n->timer, stack->now + netif->retrans_ms * NSEC_PER_MSEC);
		return;
	case NEIGHBOUR_STALE:
		set_state(n, NEIGHBOUR_DELAY);
		timer_set(stack, &n->timer, stack->now + DELAY_FIRST);
		break;
	}
	ethernet_output(netif, p, n->hwaddr, p->protocol);
}

static void reachable(struct neighbour *n)
{
	struct stack *stack = n->netif->stack;

	n->confirmed = stack->now;
	n->probes = 0;
	set_state(n, NEIGHBOUR_REACHABLE);
	if (!timer_armed(&n->timer) ||
	    n->timer.when > stack->now + n->netif->reachable_ms * NSEC_PER_MSEC)
		timer_set(stack, &n->timer, stack->now + n->netif->reachable_ms * NSEC_PER_MSEC);
}

static void stale(struct neighbour *n)
{
	timer_cancel(&n->timer);
	set_state(n, NEIGHBOUR_STALE);
}

/* RFC 4861 7.2.5 and appendix C. */
void neighbour_learn(struct netif *netif, const struct ip_addr *addr,
		     const struct neighbour_news *news)
{
	struct neighbour *n = neighbour_find(netif, addr);
	bool changed;

	if (!n) {
		if (!news->create || !news->hwaddr)
			return;
		n = entry_new(netif, addr);
		if (!n)
			return;
		memcpy(n->hwaddr, news->hwaddr, 6);
		n->is_router = news->router;
		n->state = NEIGHBOUR_STALE;
		stack_notify(netif->stack, EVENT_NEIGHBOUR_CHANGED, n);
		return;
	}
	if (n->state == NEIGHBOUR_PERMANENT)
		return;
	if (news->is_advertisement && n->is_router && !news->router && !ip_is_v4(addr)) {
		n->is_router = false;
		netif->stack->routes.generation++;
	}
	if (news->router)
		n->is_router = true;
	if (n->state == NEIGHBOUR_INCOMPLETE || n->state == NEIGHBOUR_FAILED) {
		if (!news->hwaddr)
			return;
		memcpy(n->hwaddr, news->hwaddr, 6);
		timer_cancel(&n->timer);
		if (news->solicited)
			reachable(n);
		else
			stale(n);
		send_queue(n);
		return;
	}
	changed = news->hwaddr && memcmp(news->hwaddr, n->hwaddr, 6);
	if (changed && !news->override) {
		if (n->state == NEIGHBOUR_REACHABLE)
			stale(n);
		return;
	}
	if (changed) {
		memcpy(n->hwaddr, news->hwaddr, 6);
		netif->stack->routes.generation++;
	}
	if (news->solicited) {
		timer_cancel(&n->timer);
		reachable(n);
	} else if (changed) {
		stale(n);
	}
}

void neighbour_confirm(struct netif *netif, const struct ip_addr *addr)
{
	struct neighbour *n;

	if (netif->kind != NETIF_ETHERNET)
		return;
	n = neighbour_find(netif, addr);
	if (n && n->state != NEIGHBOUR_INCOMPLETE && n->state != NEIGHBOUR_FAILED &&
	    n->state != NEIGHBOUR_PERMANENT)
		reachable(n);
}

int neighbour_set(struct netif *netif, const struct ip_addr *addr, const uint8_t *hwaddr,
		  bool permanent)
{
	struct neighbour *n = neighbour_find(netif, addr);

	if (!hwaddr) {
		if (!n)
			return -ENOENT;
		entry_free(n);
		return 0;
	}
	if (!n)
		n = entry_new(netif, addr);
	if (!n)
		return -ENOMEM;
	memcpy(n->hwaddr, hwaddr, 6);
	timer_cancel(&n->timer);
	set_state(n, permanent ? NEIGHBOUR_PERMANENT : NEIGHBOUR_STALE);
	send_queue(n);
	return 0;
}

void neighbour_flush(struct netif *netif)
{
	struct neighbour_table *t = &netif->stack->neighbours;
	struct neighbour *n, *next;

	list_for_each_entry_safe (n, next, &t->used, used)
		if (n->netif == netif)
			entry_free(n);
}
