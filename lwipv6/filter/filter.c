/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The walk along the rules, and the life of filter and NAT. */
#include "lwipv6/filter/filter.h"
#include <errno.h>
#include <stdlib.h>

/* ---- rules */

static bool net_matches(const struct net_match *n, const struct ip_addr *a, uint16_t port)
{
	if (n->plen && ip_prefix_equal(a, &n->addr, n->plen) == n->negated)
		return false;
	return !n->port_high || (port >= n->port_low && port <= n->port_high);
}

static bool rule_matches(const struct filter_rule *r, const struct view *v, enum flow_state state,
			 const struct netif *in, const struct netif *out)
{
	if ((*r->in && (!in || strcmp(r->in, in->name))) ||
	    (*r->out && (!out || strcmp(r->out, out->name))))
		return false;
	if ((r->family && (r->family == AF_INET6) != v->v6) ||
	    (r->protocol >= 0 && r->protocol != v->t.protocol))
		return false;
	if ((r->type >= 0 && r->type != v->icmp_type) || (r->states && !(r->states & state)))
		return false;
	return net_matches(&r->from, &v->t.src, v->t.sport) &&
	       net_matches(&r->to, &v->t.dst, v->t.dport);
}

static enum action decide(struct rules *rules, enum chain chain, const struct packet *p,
			  const struct view *v, enum flow_state state, const struct netif *in,
			  const struct netif *out)
{
	for (unsigned int i = 0; i < rules->nfilter; i++) {
		struct filter_rule *r = &rules->filter[i];

		if (r->chain == chain && rule_matches(r, v, state, in, out)) {
			r->packets++;
			r->bytes += p->len;
			return r->action;
		}
	}
	return rules->policy[chain];
}

/* What the stack's own configuration lives on, whatever the rules: discovery on the link, DHCP
 * clients. */
static bool is_housekeeping(const struct packet *p, const struct view *v, const struct netif *n)
{
	const struct tuple *t = &v->t;

	if (t->protocol == IPPROTO_ICMPV6)
		return v->icmp_type >= ND_ROUTER_SOLICIT && v->icmp_type <= ND_NEIGHBOR_ADVERT &&
		       p->hop_limit == 255;
	if (t->protocol != IPPROTO_UDP)
		return false;
	return (n->dhcp4 &&
		((t->sport == 67 && t->dport == 68) || (t->sport == 68 && t->dport == 67))) ||
	       (n->dhcp6 && (t->dport == 546 || (t->sport == 546 && t->dport == 547)));
}

static enum hook_verdict run_chain(struct filter *f, enum chain chain, struct packet *p,
				   const struct view *v, struct netif *in, struct netif *out)
{
	enum flow_state state = FLOW_NEW;
	struct flow *flow = NULL;

	if (chain != CHAIN_FORWARD && is_housekeeping(p, v, in ? in : out))
		return HOOK_ACCEPT;
	if (f->flows)
		state = flow_lookup(f->flows, p, v, &flow);
	switch (decide(f->rules, chain, p, v, state, in, out)) {
	case ACTION_ACCEPT:
		if (f->flows && state != FLOW_INVALID &&
		    !flow_accepted(f->flows, f->rules, v, flow))
			return HOOK_DROP;
		return HOOK_ACCEPT;
	case ACTION_REJECT:
		if (in)
			icmp_error(p, ICMP_CAUSE_PROHIBITED, 0);
		return HOOK_DROP;
	default:
		return HOOK_DROP;
	}
}

/* Nothing to do for a chain: no look at the packet. */
static bool is_open(const struct filter *f, enum chain chain)
{
	return !f->rules->nfilter && !f->flows && f->rules->policy[chain] == ACTION_ACCEPT;
}

static enum hook_verdict run(struct hook *self, struct stack *stack, enum hook_point point,
			     struct packet *p, struct netif *in, struct netif *out)
{
	struct filter *f = stack->filter;
	enum hook_verdict verdict;
	struct view v;

	if ((in && in->kind == NETIF_LOOPBACK) || (out && out->kind == NETIF_LOOPBACK))
		return HOOK_ACCEPT;
	if ((point == HOOK_FORWARD && is_open(f, CHAIN_FORWARD)) ||
	    (point == HOOK_LOCAL_OUT && is_open(f, CHAIN_OUTPUT)) ||
	    ((point == HOOK_PRE_ROUTING || point == HOOK_POST_ROUTING) && !f->nat))
		return HOOK_ACCEPT;
	if (!view_packet(p, &v))
		return HOOK_DROP; /* too short for its protocol: nobody could use it */
	switch (point) {
	case HOOK_PRE_ROUTING:
		return nat_prerouting(f->nat, p, &v);
	case HOOK_LOCAL_IN:
		verdict = run_chain(f, CHAIN_INPUT, p, &v, in, NULL);
		return verdict == HOOK_ACCEPT && f->nat ? nat_local_in(f->nat, p, &v) : verdict;
	case HOOK_FORWARD:
		return run_chain(f, CHAIN_FORWARD, p, &v, in, out);
	case HOOK_LOCAL_OUT:
		return run_chain(f, CHAIN_OUTPUT, p, &v, NULL, out);
	default:
		return nat_postrouting(f->nat, p, &v, out);
	}
}

/* ---- life */

static void notify(struct stack_listener *self, struct stack *stack, enum stack_event event,
		   void *object)
{
	struct filter *f = stack->filter;
	const struct netif_addr *a = object;

	if (!f->nat)
		return;
	if (event == EVENT_ADDRESS_GONE)
		nat_forget(f->nat, NULL, &a->addr);
	else if (event == EVENT_NETIF_GONE)
		nat_forget(f->nat, object, NULL);
}

void filter_fini(struct stack *stack)
{
	struct filter *f = stack->filter;

	if (!f)
		return;
	stack->filter = NULL;
	list_remove(&f->listener.node);
	for (int i = 0; i < HOOKS; i++)
		hook_remove(&f->hooks[i]);
	nat_free(f->nat);
	flow_table_free(f->flows);
	rules_free(f->rules);
	free(f);
}

static struct filter *filter_new(struct stack *stack)
{
	struct filter *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->stack = stack;
	f->listener.notify = notify;
	stack_listen(stack, &f->listener);
	for (int i = 0; i < HOOKS; i++) {
		f->hooks[i].run = run;
		hook_add(stack, i, &f->hooks[i]);
	}
	stack->filter = f;
	return f;
}

int filter_load(struct stack *stack, struct rules *rules)
{
	struct filter *f = stack->filter;
	bool translate = rules && (rules->nnat || rules->nredirect);

	if (!rules || (!rules->nfilter && !translate && !rules->policy[CHAIN_INPUT] &&
		       !rules->policy[CHAIN_FORWARD] && !rules->policy[CHAIN_OUTPUT])) {
		rules_free(rules);
		filter_fini(stack);
		return 0;
	}
	if (!f)
		f = filter_new(stack);
	if (!f)
		goto no_memory;
	if (translate && !f->nat) {
		f->nat = nat_new(stack, rules);
		if (!f->nat)
			goto no_memory;
	}
	if (rules->stateful && !f->flows) {
		f->flows = flow_table_new(stack);
		if (!f->flows)
			goto no_memory;
	}
	if (!translate) {
		nat_free(f->nat);
		f->nat = NULL;
	}
	if (!rules->stateful) {
		flow_table_free(f->flows);
		f->flows = NULL;
	}
	rules_free(f->rules);
	f->rules = rules;
	if (f->nat)
		f->nat->rules = rules;
	return 0;
no_memory:
	rules_free(rules);
	if (f && !f->rules)
		filter_fini(stack);
	else if (f && f->nat)
		f->nat->rules = f->rules;
	return -ENOMEM;
}
