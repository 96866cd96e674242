/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Flows, for rules with states: one per connection or exchange that a packet was accepted of, found
 * by the tuple of either direction. At most rules->max_flows; when they are all in use the one that
 * was used least recently and is not an open TCP connection makes room, else the packet is invalid.
 */
#ifndef LWIPV6_FILTER_FLOW_H
#define LWIPV6_FILTER_FLOW_H

#include "lwipv6/filter/rules.h"
#include "lwipv6/filter/tcp_track.h"
#include "lwipv6/filter/view.h"

#define FLOW_HASH 4096

struct flow {
	struct list hash; /* by the tuple and by its reverse: the same bucket */
	struct list age;  /* of flow_table.open or .passing */
	struct flow_table *table;
	struct timer expire;
	struct tuple tuple; /* of the first packet */
	struct tcp_track tcp;
	bool answered, open;
};

struct flow_table {
	struct stack *stack;
	struct list hash[FLOW_HASH];
	struct list open, passing; /* least recently used first */
	uint32_t count;
	uint64_t key[2];
};

struct flow_table *flow_table_new(struct stack *stack);
void flow_table_free(struct flow_table *t);
/* The state of a packet (one of enum flow_state) and the flow it belongs to, if any. */
enum flow_state flow_lookup(struct flow_table *t, const struct packet *p, const struct view *v,
			    struct flow **flow);
/* The packet is accepted: make or refresh its flow. False when there is no room. */
bool flow_accepted(struct flow_table *t, const struct rules *r, const struct view *v, struct flow *flow);

#endif
