/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of the translation: mappings by either end, sessions by peer, their lives and limits. */
#include "lwipv6/filter/nat.h"
#include <stdlib.h>
#include "lwipv6/core/stack.h"
#include "lwipv6/tcp/tcp.h"
#include "lwipv6/transport/endpoint.h"

#define PORT_TRIES 2048

static struct list *bucket(struct nat *nat, struct list *table, uint8_t protocol, const struct nat_end *e,
			   const void *salt)
{
	struct {
		struct ip_addr addr;
		const void *salt;
		uint16_t port, protocol;
		uint32_t zero;
	} key = {.addr = e->addr, .salt = salt, .port = e->port, .protocol = protocol};

	return &table[siphash(nat->key, &key, sizeof(key)) % NAT_HASH];
}

static bool end_equal(const struct nat_end *a, const struct nat_end *b)
{
	return a->port == b->port && ip_equal(&a->addr, &b->addr);
}

struct nat_mapping *nat_by_inner(struct nat *nat, uint8_t protocol, const struct nat_end *inner,
				 const struct netif *netif)
{
	struct nat_mapping *m;

	list_for_each_entry(m, bucket(nat, nat->inner, protocol, inner, NULL), inner_hash)
		if (m->protocol == protocol && end_equal(&m->inner, inner) && m->netif == netif)
			return m;
	return NULL;
}

struct nat_mapping *nat_by_outer(struct nat *nat, uint8_t protocol, const struct nat_end *outer)
{
	struct nat_mapping *m;

	list_for_each_entry(m, bucket(nat, nat->outer, protocol, outer, NULL), outer_hash)
		if (m->protocol == protocol && end_equal(&m->outer, outer))
			return m;
	return NULL;
}

struct nat_session *nat_session_find(struct nat_mapping *m, const struct nat_end *peer)
{
	struct nat *nat = m->nat;
	struct nat_session *s;

	list_for_each_entry(s, bucket(nat, nat->sessions, m->protocol, peer, m), hash)
		if (s->mapping == m && end_equal(&s->peer, peer))
			return s;
	return NULL;
}

/* ---- ends of life */

static void place(struct nat_mapping *m)
{
	list_remove(&m->age);
	list_append(m->nopen ? &m->nat->open : &m->nat->passing, &m->age);
}

static void session_free(struct nat_session *s)
{
	struct nat_mapping *m = s->mapping;

	m->nopen -= s->open;
	m->nat->nsessions--;
	list_remove(&s->node);
	list_remove(&s->hash);
	list_remove(&s->age);
	timer_cancel(&s->expire);
	free(s);
}

void nat_unmap(struct nat_mapping *m)
{
	while (!list_empty(&m->sessions))
		session_free(list_first(&m->sessions, struct nat_session, node));
	list_remove(&m->inner_hash);
	list_remove(&m->outer_hash);
	list_remove(&m->age);
	timer_cancel(&m->expire);
	m->nat->count--;
	free(m);
}

static void mapping_expired(struct stack *stack, struct timer *timer)
{
	nat_unmap(container_of(timer, struct nat_mapping, expire));
}

/* A TCP mapping ends with its last session. */
static void session_end(struct nat_session *s)
{
	struct nat_mapping *m = s->mapping;

	session_free(s);
	if (m->protocol == IPPROTO_TCP && list_empty(&m->sessions))
		nat_unmap(m);
	else
		place(m);
}

static void session_expired(struct stack *stack, struct timer *timer)
{
	session_end(container_of(timer, struct nat_session, expire));
}

/* ---- mappings */

/* A socket of this stack listens there: what comes to the port is for it. */
static bool port_listened(struct nat *nat, uint8_t protocol, const struct nat_end *outer)
{
	struct stack *stack = nat->stack;
	struct endpoint *e;

	if (protocol == IPPROTO_TCP)
		return tcp_listener_find(stack, &outer->addr, outer->port, NULL, 0);
	if (protocol != IPPROTO_UDP)
		return false;
	list_for_each_entry(e, &stack->transport.udp[outer->port % UDP_HASH], node)
		if (e->local_port == outer->port && !e->connected)
			return true;
	return false;
}

static bool is_free(struct nat *nat, uint8_t protocol, const struct nat_end *inner, const struct nat_end *outer)
{
	if (nat_by_outer(nat, protocol, outer))
		return false;
	return end_equal(inner, outer) || !port_listened(nat, protocol, outer);
}

/*
 * The inner port when it is free; else one at random of the same parity and of the same side of 1024
 * (RFC 4787 REQ-3a, REQ-4). Protocols without ports have one mapping per outer address.
 */
static bool choose_port(struct nat *nat, uint8_t protocol, const struct nat_end *inner, struct nat_end *outer)
{
	bool icmp = protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
	uint32_t low = icmp ? 0 : 1024, high = 65536, count, step = icmp ? 1 : 2, at;

	outer->port = inner->port;
	if (is_free(nat, protocol, inner, outer))
		return true;
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP && !icmp)
		return false;
	if (!icmp && inner->port < 1024) {
		low = 2;
		high = 1024;
	}
	low += icmp ? 0 : (inner->port & 1);
	count = (high - low + step - 1) / step;
	at = random_below(&nat->stack->random, count);
	for (uint32_t i = 0; i < count && i < PORT_TRIES; i++) {
		outer->port = low + (at + i) % count * step;
		if (is_free(nat, protocol, inner, outer))
			return true;
	}
	return false;
}

static bool make_room(struct nat *nat)
{
	if (nat->count < nat->rules->max_mappings)
		return true;
	if (list_empty(&nat->passing))
		return false;
	nat_unmap(list_first(&nat->passing, struct nat_mapping, age));
	return true;
}

struct nat_mapping *nat_map(struct nat *nat, uint8_t protocol, const struct nat_end *inner,
			    const struct ip_addr *outer, uint16_t port, struct netif *netif)
{
	struct nat_end end = {*outer, port};
	struct nat_mapping *m;

	if (port ? (bool)nat_by_outer(nat, protocol, &end) : !choose_port(nat, protocol, inner, &end))
		return NULL;
	if (!make_room(nat))
		return NULL;
	m = calloc(1, sizeof(*m));
	if (!m) {
		COUNT(nat->stack, memory_failures);
		return NULL;
	}
	m->nat = nat;
	m->netif = netif;
	m->protocol = protocol;
	m->inner = *inner;
	m->outer = end;
	list_init(&m->sessions);
	list_init(&m->age);
	timer_init(&m->expire, mapping_expired);
	list_append(bucket(nat, nat->inner, protocol, inner, NULL), &m->inner_hash);
	list_append(bucket(nat, nat->outer, protocol, &end, NULL), &m->outer_hash);
	nat->count++;
	COUNT(nat->stack, nat_sessions);
	place(m);
	/* Should nothing come of it, it does not stay. */
	timer_set(nat->stack, &m->expire,
		  nat->stack->now + nat->rules->timeouts[TIMEOUT_CLOSING] * NSEC_PER_SEC);
	return m;
}

/* ---- packets */

static struct nat_session *session_new(struct nat_mapping *m, const struct nat_end *peer)
{
	struct nat *nat = m->nat;
	struct nat_session *s;

	/* One that is not open makes room; not the last of this mapping, which would take it along. */
	while (nat->nsessions >= nat->rules->max_flows) {
		s = list_first(&nat->opening, struct nat_session, age);
		if (!s || (s->mapping == m && m->sessions.next->next == &m->sessions))
			return NULL;
		session_end(s);
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		COUNT(nat->stack, memory_failures);
		return NULL;
	}
	s->mapping = m;
	s->peer = *peer;
	timer_init(&s->expire, session_expired);
	list_init(&s->age);
	list_append(&nat->opening, &s->age);
	list_append(&m->sessions, &s->node);
	list_append(bucket(nat, nat->sessions, m->protocol, peer, m), &s->hash);
	nat->nsessions++;
	return s;
}

/* RFC 4787 REQ-8: who outside may use a mapping. */
static bool filtering_allows(struct nat_mapping *m, const struct nat_end *peer)
{
	struct nat_session *s;

	switch (m->nat->rules->filtering) {
	case FILTERING_ENDPOINT:
		return true;
	case FILTERING_ADDRESS:
		list_for_each_entry(s, &m->sessions, node)
			if (ip_equal(&s->peer.addr, &peer->addr))
				return true;
		return false;
	}
	return nat_session_find(m, peer);
}

bool nat_pass(struct nat_mapping *m, const struct view *v, const struct nat_end *peer, bool inwards,
	      bool may_begin)
{
	struct nat *nat = m->nat;
	uint64_t now = nat->stack->now;
	bool tcp = m->protocol == IPPROTO_TCP;
	struct nat_session *s = tcp || nat->rules->filtering != FILTERING_ENDPOINT ? nat_session_find(m, peer) : NULL;
	uint32_t seconds;

	if (inwards && !may_begin && !filtering_allows(m, peer))
		return false;
	if (!tcp) {
		if (nat->rules->filtering != FILTERING_ENDPOINT && !s && (!inwards || may_begin))
			s = session_new(m, peer);
		seconds = nat->rules->timeouts[m->protocol == IPPROTO_ICMP || m->protocol == IPPROTO_ICMPV6 ?
						       TIMEOUT_ICMP : TIMEOUT_UDP];
		/* RFC 4787 REQ-6: what comes in keeps nothing alive, unless it was redirected by a rule. */
		if (!inwards || may_begin) {
			timer_set(nat->stack, &m->expire, now + seconds * NSEC_PER_SEC);
			if (s)
				timer_set(nat->stack, &s->expire, now + seconds * NSEC_PER_SEC);
			place(m);
		}
		return true;
	}
	if (!s) {
		/* From outside only SYN begins; nothing begins with RST. */
		if (v->tcp_flags & TH_RST || (inwards && (v->tcp_flags & (TH_SYN | TH_ACK)) != TH_SYN))
			return false;
		s = session_new(m, peer);
		if (!s)
			return false;
		timer_cancel(&m->expire); /* its sessions keep it now */
	}
	m->nopen -= s->open;
	s->open = tcp_track(&s->tcp, inwards, v->tcp_flags);
	m->nopen += s->open;
	list_remove(&s->age);
	if (!s->open)
		list_append(&nat->opening, &s->age);
	seconds = nat->rules->timeouts[s->open ? TIMEOUT_TCP : TIMEOUT_CLOSING];
	timer_set(nat->stack, &s->expire, now + seconds * NSEC_PER_SEC);
	place(m);
	return true;
}

/* ---- life */

static void held_expired(struct stack *stack, struct timer *timer)
{
	struct nat *nat = container_of(timer, struct nat, held_timer);

	nat_release_held(nat, NULL);
}

struct nat *nat_new(struct stack *stack, const struct rules *rules)
{
	struct nat *nat = calloc(1, sizeof(*nat));

	if (!nat)
		return NULL;
	nat->stack = stack;
	nat->rules = rules;
	for (int i = 0; i < NAT_HASH; i++) {
		list_init(&nat->inner[i]);
		list_init(&nat->outer[i]);
		list_init(&nat->sessions[i]);
	}
	list_init(&nat->open);
	list_init(&nat->passing);
	list_init(&nat->opening);
	list_init(&nat->held);
	timer_init(&nat->held_timer, held_expired);
	nat->key[0] = random_u64(&stack->random);
	nat->key[1] = random_u64(&stack->random);
	return nat;
}

static void forget_in(struct list *mappings, const struct netif *netif, const struct ip_addr *addr)
{
	struct nat_mapping *m, *next;

	list_for_each_entry_safe(m, next, mappings, age)
		if ((!netif || m->netif == netif) && (!addr || ip_equal(&m->outer.addr, addr)))
			nat_unmap(m);
}

void nat_forget(struct nat *nat, const struct netif *netif, const struct ip_addr *addr)
{
	struct packet *p, *next;

	forget_in(&nat->open, netif, addr);
	forget_in(&nat->passing, netif, addr);
	list_for_each_entry_safe(p, next, &nat->held, node) {
		if ((netif && p->netif != netif) || (addr && !ip_equal(&p->dst, addr)))
			continue;
		list_remove(&p->node);
		nat->nheld--;
		packet_free(p);
	}
}

void nat_free(struct nat *nat)
{
	if (!nat)
		return;
	nat_forget(nat, NULL, NULL);
	timer_cancel(&nat->held_timer);
	free(nat);
}
