/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of flows. */
#include "lwipv6/filter/flow.h"
#include <stdlib.h>
#include "lwipv6/core/stack.h"

static struct list *bucket(struct flow_table *t, const struct tuple *tuple)
{
	struct {
		struct ip_addr addr[2];
		uint16_t port[2];
		uint32_t protocol;
	} key = {.protocol = tuple->protocol};
	int first = memcmp(&tuple->src, &tuple->dst, sizeof(tuple->src));
	bool swap = first ? first > 0 : tuple->sport > tuple->dport;

	key.addr[swap] = tuple->src;
	key.addr[!swap] = tuple->dst;
	key.port[swap] = tuple->sport;
	key.port[!swap] = tuple->dport;
	return &t->hash[siphash(t->key, &key, sizeof(key)) % FLOW_HASH];
}

static struct flow *find(struct flow_table *t, const struct tuple *tuple, bool *reply)
{
	struct tuple back = tuple_reversed(tuple);
	struct flow *f;

	list_for_each_entry(f, bucket(t, tuple), hash) {
		*reply = tuple_equal(&f->tuple, &back);
		if (tuple_equal(&f->tuple, tuple)) {
			*reply = false;
			return f;
		}
		if (*reply)
			return f;
	}
	return NULL;
}

static void flow_free(struct flow *f)
{
	list_remove(&f->hash);
	list_remove(&f->age);
	timer_cancel(&f->expire);
	f->table->count--;
	free(f);
}

static void expired(struct stack *stack, struct timer *timer)
{
	flow_free(container_of(timer, struct flow, expire));
}

struct flow_table *flow_table_new(struct stack *stack)
{
	struct flow_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->stack = stack;
	for (int i = 0; i < FLOW_HASH; i++)
		list_init(&t->hash[i]);
	list_init(&t->open);
	list_init(&t->passing);
	t->key[0] = random_u64(&stack->random);
	t->key[1] = random_u64(&stack->random);
	return t;
}

void flow_table_free(struct flow_table *t)
{
	if (!t)
		return;
	while (!list_empty(&t->open))
		flow_free(list_first(&t->open, struct flow, age));
	while (!list_empty(&t->passing))
		flow_free(list_first(&t->passing, struct flow, age));
	free(t);
}

/* Whether a packet may begin a flow. */
static bool may_begin(const struct view *v)
{
	if (v->t.protocol == IPPROTO_TCP)
		return (v->tcp_flags & (TH_SYN | TH_ACK | TH_RST | TH_FIN)) == TH_SYN;
	if (v->t.protocol == IPPROTO_ICMP)
		return v->icmp_type == ICMP_ECHO || v->icmp_type == ICMP_TIMESTAMP || !v->icmp_query;
	if (v->t.protocol == IPPROTO_ICMPV6)
		return v->icmp_type != ICMP6_ECHO_REPLY;
	return true;
}

enum flow_state flow_lookup(struct flow_table *t, const struct packet *p, const struct view *v,
			    struct flow **flow)
{
	bool reply;

	*flow = NULL;
	if (v->icmp_error) {
		if (!view_icmp_good(p, v))
			return FLOW_INVALID;
		return find(t, &v->quoted, &reply) ? FLOW_RELATED : FLOW_INVALID;
	}
	*flow = find(t, &v->t, &reply);
	if (!*flow)
		return may_begin(v) ? FLOW_NEW : FLOW_INVALID;
	if (reply || (*flow)->answered)
		return FLOW_ESTABLISHED;
	return FLOW_NEW;
}

static bool make_room(struct flow_table *t, const struct rules *r)
{
	if (t->count < r->max_flows)
		return true;
	if (list_empty(&t->passing))
		return false;
	flow_free(list_first(&t->passing, struct flow, age));
	return true;
}

static uint32_t lifetime(const struct rules *r, const struct flow *f)
{
	switch (f->tuple.protocol) {
	case IPPROTO_TCP:
		return r->timeouts[f->open ? TIMEOUT_TCP : TIMEOUT_CLOSING];
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return r->timeouts[TIMEOUT_ICMP];
	}
	return r->timeouts[TIMEOUT_UDP];
}

bool flow_accepted(struct flow_table *t, const struct rules *r, const struct view *v, struct flow *f)
{
	struct stack *stack = t->stack;
	bool reply = false;

	if (v->icmp_error || ip_is_multicast(&v->t.dst))
		return true;
	if (!f) {
		if (!make_room(t, r))
			return false;
		f = calloc(1, sizeof(*f));
		if (!f) {
			COUNT(stack, memory_failures);
			return false;
		}
		f->table = t;
		f->tuple = v->t;
		list_init(&f->age);
		timer_init(&f->expire, expired);
		list_append(bucket(t, &v->t), &f->hash);
		t->count++;
	} else {
		reply = !tuple_equal(&f->tuple, &v->t);
	}
	f->answered |= reply;
	if (v->t.protocol == IPPROTO_TCP)
		f->open = tcp_track(&f->tcp, reply, v->tcp_flags);
	list_remove(&f->age);
	list_append(f->open ? &t->open : &t->passing, &f->age);
	timer_set(stack, &f->expire, stack->now + lifetime(r, f) * NSEC_PER_SEC);
	return true;
}
