/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Translating packets. The destination is changed in PRE_ROUTING, the source in POST_ROUTING, so
 * that between them the filter sees inner addresses in both directions of a flow.
 */
#include "lwipv6/core/checksum.h"
#include "lwipv6/filter/nat.h"
#include "lwipv6/tcp/tcp.h"

#define HOLD (6 * NSEC_PER_SEC) /* RFC 5382 REQ-4 */

static bool identity(const struct nat_mapping *m)
{
	return m->inner.port == m->outer.port && ip_equal(&m->inner.addr, &m->outer.addr);
}

static bool net_matches(const struct net_match *n, const struct ip_addr *a)
{
	return !n->plen || ip_prefix_equal(a, &n->addr, n->plen) != n->negated;
}

/* What is never translated: link-local talk, multicast, DHCP's 0.0.0.0, discovery. */
static bool exempt(const struct view *v)
{
	const struct tuple *t = &v->t;
	bool icmp = t->protocol == IPPROTO_ICMP || t->protocol == IPPROTO_ICMPV6;

	return ip_is_any(&t->src) || ip_is_multicast(&t->dst) || ip_is_limited_broadcast(&t->dst) ||
	       (v->v6 && (ip_is_linklocal(&t->src) || ip_is_linklocal(&t->dst))) ||
	       (icmp && !v->icmp_query && !v->icmp_error);
}

static bool has_rule(const struct nat *nat, const struct netif *netif)
{
	for (unsigned int i = 0; i < nat->rules->nnat; i++)
		if (!strcmp(nat->rules->nat[i].on, netif->name))
			return true;
	for (unsigned int i = 0; i < nat->rules->nredirect; i++)
		if (!strcmp(nat->rules->redirect[i].on, netif->name))
			return true;
	return false;
}

/* The address that inside hosts show on @out; false when it has none of the family yet. */
static bool own_address(const struct netif *out, bool v6, struct ip_addr *addr)
{
	struct netif_addr *a;

	list_for_each_entry (a, &out->addresses, node)
		if (ip_is_v4(&a->addr) != v6 && !ip_is_linklocal(&a->addr) &&
		    netif_addr_usable(a)) {
			*addr = a->addr;
			return true;
		}
	return false;
}

/* Whether some rule translates @src on @out, and to what address: 0.0.0.0 when there is none yet.
 */
static bool outer_address(const struct nat *nat, const struct netif *out, const struct ip_addr *src,
			  struct ip_addr *outer)
{
	*outer = ip_v4_any;
	for (unsigned int i = 0; i < nat->rules->nnat; i++) {
		const struct nat_rule *r = &nat->rules->nat[i];

		if (strcmp(r->on, out->name) || !net_matches(&r->from, src))
			continue;
		if (ip_is_any(&r->to)) {
			own_address(out, !ip_is_v4(src), outer);
			return true;
		} else if (ip_is_v4(&r->to) == ip_is_v4(src)) {
			*outer = r->to;
			return true;
		}
	}
	return false;
}

/* The redirection whose outside is this end. */
static const struct redirect_rule *redirect_of(const struct nat *nat, const struct tuple *t,
					       struct netif **on)
{
	for (unsigned int i = 0; i < nat->rules->nredirect; i++) {
		const struct redirect_rule *r = &nat->rules->redirect[i];

		if (r->protocol != t->protocol || t->dport < r->port_low ||
		    t->dport > r->port_high || ip_is_v4(&r->to) != ip_is_v4(&t->dst))
			continue;
		*on = netif_by_name(nat->stack, r->on);
		if (*on && netif_addr_find(nat->stack, *on, &t->dst))
			return r;
	}
	return NULL;
}

/* The outside port of a redirection's inner end, or 0. */
static uint16_t redirected_port(const struct nat *nat, uint8_t protocol,
				const struct nat_end *inner, const struct netif *out)
{
	for (unsigned int i = 0; i < nat->rules->nredirect; i++) {
		const struct redirect_rule *r = &nat->rules->redirect[i];
		uint32_t last = r->to_port + (r->port_high - r->port_low);

		if (r->protocol == protocol && !strcmp(r->on, out->name) &&
		    ip_equal(&r->to, &inner->addr) && inner->port >= r->to_port &&
		    inner->port <= last)
			return r->port_low + (inner->port - r->to_port);
	}
	return 0;
}

/* ---- SYNs from outside that nobody asked for */

static enum hook_verdict hold(struct nat *nat, struct packet *p)
{
	if (nat->nheld == NAT_HELD)
		return HOOK_DROP;
	p->time = nat->stack->now + HOLD;
	list_append(&nat->held, &p->node);
	nat->nheld++;
	if (!timer_armed(&nat->held_timer))
		timer_set(nat->stack, &nat->held_timer, p->time);
	return HOOK_STOLEN;
}

static bool answers(const struct packet *held, const struct tuple *t)
{
	struct view v;
	struct tuple back;

	if (!view_packet(held, &v))
		return false;
	back = tuple_reversed(&v.t);
	return tuple_equal(&back, t);
}

void nat_release_held(struct nat *nat, const struct tuple *outwards)
{
	struct packet *p, *next;

	list_for_each_entry_safe (p, next, &nat->held, node) {
		if (outwards ? !answers(p, outwards) : p->time > nat->stack->now)
			continue;
		list_remove(&p->node);
		nat->nheld--;
		if (!outwards)
			icmp_error(p, ICMP_CAUSE_PORT, 0);
		packet_free(p);
	}
	p = list_first(&nat->held, struct packet, node);
	if (p)
		timer_set(nat->stack, &nat->held_timer, p->time);
	else
		timer_cancel(&nat->held_timer);
}

static bool is_syn(const struct view *v)
{
	return v->t.protocol == IPPROTO_TCP &&
	       (v->tcp_flags & (TH_SYN | TH_ACK | TH_RST)) == TH_SYN;
}

enum hook_verdict nat_local_in(struct nat *nat, struct packet *p, const struct view *v)
{
	struct nat_end outer = {v->t.dst, v->t.dport};

	if (!is_syn(v) || !has_rule(nat, p->netif) || nat_by_outer(nat, IPPROTO_TCP, &outer) ||
	    tcp_listener_find(nat->stack, &outer.addr, outer.port, p->netif, 0))
		return HOOK_ACCEPT;
	return hold(nat, p);
}

/* ---- inwards */

static enum hook_verdict error_inwards(struct nat *nat, struct packet *p, struct view *v)
{
	struct nat_end outer = {v->quoted.src, v->quoted.sport};
	struct nat_mapping *m = nat_by_outer(nat, v->quoted.protocol, &outer);

	if (!m || identity(m))
		return HOOK_ACCEPT;
	if (!view_icmp_good(p, v)) /* RFC 5508 REQ-3 */
		return HOOK_DROP;
	if (p->netif != m->netif) { /* from an inside host about a hairpinned packet */
		p->hairpin = 1;
		p->mark = m->netif->index;
	}
	rewrite_quoted(p, v, true, &m->inner.addr, m->inner.port);
	rewrite_outer(p, v, false, &m->inner.addr);
	COUNT(nat->stack, nat_translated);
	return view_packet(p, v) ? HOOK_ACCEPT : HOOK_DROP;
}

/* The mapping of an inside host that speaks to another one by its outside address. */
static struct nat_mapping *hairpin_source(struct nat *nat, const struct view *v,
					  const struct nat_mapping *m)
{
	struct nat_end inner = {v->t.src, v->t.sport};
	struct nat_mapping *source = nat_by_inner(nat, v->t.protocol, &inner, m->netif);

	if (source)
		return source;
	return nat_map(nat, v->t.protocol, &inner, &m->outer.addr,
		       redirected_port(nat, v->t.protocol, &inner, m->netif), m->netif);
}

enum hook_verdict nat_prerouting(struct nat *nat, struct packet *p, struct view *v)
{
	struct nat_end outer = {v->t.dst, v->t.dport}, peer = {v->t.src, v->t.sport};
	const struct redirect_rule *redirect;
	struct nat_mapping *m, *source = NULL;
	struct netif *on;

	if (exempt(v))
		return HOOK_ACCEPT;
	if (v->icmp_error)
		return error_inwards(nat, p, v);
	m = nat_by_outer(nat, v->t.protocol, &outer);
	redirect = redirect_of(nat, &v->t, &on);
	if (!m && redirect) {
		struct nat_end inner = {redirect->to,
					redirect->to_port + (v->t.dport - redirect->port_low)};

		m = nat_map(nat, v->t.protocol, &inner, &outer.addr, outer.port, on);
		if (!m)
			return HOOK_DROP;
	}
	if (!m)
		return HOOK_ACCEPT;
	if (identity(m)) {
		nat_pass(m, v, &peer, true, true);
		return HOOK_ACCEPT;
	}
	if (p->netif != m->netif) {
		p->hairpin = 1;
		p->mark = m->netif->index;
		source = hairpin_source(nat, v, m);
		if (!source || !nat_pass(source, v, &outer, false, true))
			return HOOK_DROP;
		peer = source->outer;
		/* Making room for the source may have cost the destination. */
		m = nat_by_outer(nat, v->t.protocol, &outer);
		if (!m)
			return HOOK_DROP;
	}
	if (!nat_pass(m, v, &peer, true, redirect))
		return is_syn(v) && !source ? hold(nat, p) : HOOK_DROP;
	rewrite_destination(p, v, &m->inner.addr, m->inner.port);
	COUNT(nat->stack, nat_translated);
	return view_packet(p, v) ? HOOK_ACCEPT : HOOK_DROP;
}

/* ---- outwards */

static enum hook_verdict error_outwards(struct nat *nat, struct packet *p, struct view *v,
					struct netif *out)
{
	struct nat_end inner = {v->quoted.dst, v->quoted.dport};
	struct nat_mapping *m = nat_by_inner(nat, v->quoted.protocol, &inner, out);
	bool own = netif_addr_find(nat->stack, NULL, &v->t.src);
	struct ip_addr unused;

	if (m && identity(m))
		return HOOK_ACCEPT;
	if (!m) /* an inner address would leave (RFC 5508 REQ-5) */
		return !own && outer_address(nat, out, &v->t.src, &unused) ? HOOK_DROP
									   : HOOK_ACCEPT;
	if (!own && !view_icmp_good(p, v))
		return HOOK_DROP;
	rewrite_quoted(p, v, false, &m->outer.addr, m->outer.port);
	if (!own)
		rewrite_outer(p, v, true, &m->outer.addr);
	COUNT(nat->stack, nat_translated);
	return HOOK_ACCEPT;
}

/* RFC 6864 4.1: hosts behind one address must not share identifications. */
static void new_identification(struct nat *nat, struct packet *p)
{
	struct iphdr *ip = (struct iphdr *)p->data;
	uint16_t id = random_u64(&nat->stack->random);

	if (p->protocol != ETH_P_IP || ip->frag_off & htons(IP_DF))
		return;
	ip->check = checksum_update16(ip->check, ip->id, id);
	ip->id = id;
}

/* A first packet outwards; NULL with *verdict when it is not to be translated or cannot. */
static struct nat_mapping *map_outwards(struct nat *nat, const struct view *v, struct netif *out,
					enum hook_verdict *verdict)
{
	struct nat_end inner = {v->t.src, v->t.sport};
	uint16_t port = redirected_port(nat, v->t.protocol, &inner, out);
	struct ip_addr outer;
	struct nat_mapping *m;

	*verdict = HOOK_ACCEPT;
	if (netif_addr_find(nat->stack, out, &v->t.src)) {
		if (!has_rule(nat, out))
			return NULL;
		outer = v->t.src;
	} else if (port ? !own_address(out, v->v6, &outer)
			: !outer_address(nat, out, &v->t.src, &outer)) {
		return NULL;
	}
	/* Without an address to show nothing leaves. */
	m = ip_is_any(&outer) ? NULL : nat_map(nat, v->t.protocol, &inner, &outer, port, out);
	if (!m)
		*verdict = HOOK_DROP;
	return m;
}

/* A packet between two inside hosts: its sender shows its outside end (RFC 4787 REQ-9, 5508 REQ-7).
 */
static enum hook_verdict hairpin_out(struct nat *nat, struct packet *p, struct view *v)
{
	struct netif *outside = netif_by_index(nat->stack, p->mark);
	const struct tuple *t = v->icmp_error ? &v->quoted : &v->t;
	struct nat_end inner = v->icmp_error ? (struct nat_end){t->dst, t->dport}
					     : (struct nat_end){t->src, t->sport};
	struct nat_mapping *m = outside ? nat_by_inner(nat, t->protocol, &inner, outside) : NULL;

	p->hairpin = 0;
	p->mark = 0;
	if (!m)
		return HOOK_DROP;
	if (v->icmp_error) {
		rewrite_quoted(p, v, false, &m->outer.addr, m->outer.port);
		rewrite_outer(p, v, true, &m->outer.addr);
	} else {
		rewrite_source(p, v, &m->outer.addr, m->outer.port);
	}
	return HOOK_ACCEPT;
}

enum hook_verdict nat_postrouting(struct nat *nat, struct packet *p, struct view *v,
				  struct netif *out)
{
	struct nat_end inner = {v->t.src, v->t.sport}, peer = {v->t.dst, v->t.dport};
	enum hook_verdict verdict;
	struct nat_mapping *m;

	if (exempt(v))
		return HOOK_ACCEPT;
	if (p->hairpin)
		return hairpin_out(nat, p, v);
	if (v->icmp_error)
		return error_outwards(nat, p, v, out);
	m = nat_by_inner(nat, v->t.protocol, &inner, out);
	if (!m)
		m = map_outwards(nat, v, out, &verdict);
	if (!m)
		return verdict;
	if (!nat_pass(m, v, &peer, false, true))
		return identity(m) ? HOOK_ACCEPT : HOOK_DROP;
	if (!identity(m)) {
		rewrite_source(p, v, &m->outer.addr, m->outer.port);
		new_identification(nat, p);
		COUNT(nat->stack, nat_translated);
	}
	if (nat->nheld && is_syn(v)) {
		struct tuple t = v->t;

		t.src = m->outer.addr;
		t.sport = m->outer.port;
		nat_release_held(nat, &t);
	}
	return HOOK_ACCEPT;
}
