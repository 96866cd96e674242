/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packet filter and NAT of one stack, on the hooks of ip/hook.h:
 *
 *   PRE_ROUTING   NAT inwards
 *   LOCAL_IN      chain input, then SYNs that nobody asked for
 *   FORWARD       chain forward: inner addresses on both sides
 *   LOCAL_OUT     chain output
 *   POST_ROUTING  NAT outwards
 *
 * Nothing is registered, and nothing costs, before rules are loaded. Packets on the loopback
 * interface are not looked at.
 */
#ifndef LWIPV6_FILTER_FILTER_H
#define LWIPV6_FILTER_FILTER_H

#include "lwipv6/core/stack.h"
#include "lwipv6/filter/flow.h"
#include "lwipv6/filter/nat.h"

struct filter {
	struct stack *stack;
	struct rules *rules;
	struct flow_table *flows; /* NULL when no rule asks for a state */
	struct nat *nat;	  /* NULL without rules for it */
	struct hook hooks[HOOKS];
	struct stack_listener listener;
};

/* Put @rules (taken, also on failure; NULL = none) in force; flows and mappings stay. 0, -ENOMEM. */
int filter_load(struct stack *stack, struct rules *rules);
void filter_fini(struct stack *stack);
/* The text of a file, to be freed; NULL with errno and a sentence in @error. */
char *filter_read_file(const char *path, char *error, size_t size);

#endif
