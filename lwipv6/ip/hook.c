/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packet hooks: registration by priority and the walk. */
#include "lwipv6/ip/hook.h"
#include "lwipv6/core/stack.h"

void hook_table_init(struct hook_table *t)
{
	for (int i = 0; i < HOOKS; i++)
		list_init(&t->point[i]);
}

void hook_add(struct stack *stack, enum hook_point point, struct hook *h)
{
	struct hook *at;

	list_for_each_entry (at, &stack->hooks.point[point], node)
		if (at->priority > h->priority)
			break;
	list_insert(&at->node, &h->node);
}

void hook_remove(struct hook *h)
{
	list_remove(&h->node);
}

bool hook_run(struct stack *stack, enum hook_point point, struct packet *p, struct netif *in,
	      struct netif *out)
{
	struct list *handlers = &stack->hooks.point[point];
	unsigned int repeats = 0;
	struct hook *h;

again:
	list_for_each_entry (h, handlers, node) {
		switch (h->run(h, stack, point, p, in, out)) {
		case HOOK_ACCEPT:
			break;
		case HOOK_REPEAT:
			if (++repeats < 8)
				goto again;
			/* A handler that never ends is treated as a refusal. */
			/* fall through */
		case HOOK_DROP:
			COUNT(stack, filter_dropped);
			packet_free(p);
			return false;
		case HOOK_STOLEN:
			return false;
		}
	}
	return true;
}
