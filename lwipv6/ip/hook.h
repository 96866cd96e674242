/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packet hooks: where filter and NAT look at packets.
 *
 *   in -> PRE_ROUTING -> (for us?) -> LOCAL_IN -> transport
 *                          | no
 *                        FORWARD -> POST_ROUTING -> out
 *   transport -> LOCAL_OUT -> POST_ROUTING -> out
 *
 * p->data stands at the network header; p->src, p->dst, p->next_header and p->transport are set.
 * IPv4 and IPv6 fragments have been reassembled before PRE_ROUTING when a handler is registered
 * there, and packets are fragmented after POST_ROUTING. Handlers run in order of ascending
 * priority.
 */
#ifndef LWIPV6_IP_HOOK_H
#define LWIPV6_IP_HOOK_H

#include "lwipv6/core/list.h"

struct packet;
struct stack;
struct netif;

enum hook_point {
	HOOK_PRE_ROUTING,
	HOOK_LOCAL_IN,
	HOOK_FORWARD,
	HOOK_LOCAL_OUT,
	HOOK_POST_ROUTING,
	HOOKS
};

enum hook_verdict {
	HOOK_DROP,   /* the caller frees it */
	HOOK_ACCEPT, /* the next handler; addresses may have been rewritten, in p and in the header
		      */
	HOOK_REPEAT, /* from the first handler again */
	HOOK_STOLEN  /* the handler owns it now */
};

struct hook {
	struct list node;
	int priority;
	enum hook_verdict (*run)(struct hook *self, struct stack *stack, enum hook_point point,
				 struct packet *p, struct netif *in, struct netif *out);
};

struct hook_table {
	struct list point[HOOKS];
};

void hook_table_init(struct hook_table *t);
void hook_add(struct stack *stack, enum hook_point point, struct hook *h);
void hook_remove(struct hook *h);
/* True when the packet goes on; else it is freed or stolen. */
bool hook_run(struct stack *stack, enum hook_point point, struct packet *p, struct netif *in,
	      struct netif *out);

#endif
