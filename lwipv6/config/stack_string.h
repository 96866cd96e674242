/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The items of a stack's string, stack_string.c. Each says true, or tells why not and says false.
 */
#ifndef LWIPV6_CONFIG_STACK_STRING_H
#define LWIPV6_CONFIG_STACK_STRING_H

#include "lwipv6/core/stack.h"

struct creation {
	struct stack *stack;
	char *error;
	size_t size;
	char *rules; /* of filter= and nat=, or NULL */
};

/* Tell the caller why; false. */
__attribute__((format(printf, 2, 3))) bool refuse(struct creation *c, const char *format, ...);
/* The interface of NAME:REST, @rest behind the colon; NULL when refused. */
struct netif *item_netif(struct creation *c, const char *item, char *value, char **rest);

/* ---- stack_interface.c */
bool add_interface(struct creation *c, const char *item, const char *value);
bool set_mac(struct creation *c, char *value);
bool set_mtu(struct creation *c, char *value);
bool start_autoconf(struct creation *c, const char *value);
bool start_dhcp(struct creation *c, const char *item, const char *value, unsigned int flag);
/* ---- stack_route.c */
bool add_address(struct creation *c, char *value);
bool add_route(struct creation *c, const char *item, char *value);
/* ---- stack_service.c */
bool add_redirect(struct creation *c, const char *value);
bool set_host_alias(struct creation *c, const char *value);
bool read_radv(struct creation *c, const char *path);
/* Rules are collected, and loaded when all items were read. */
bool add_rules(struct creation *c, const char *prefix, const char *text);
bool read_rules(struct creation *c, const char *path);
bool load_rules(struct creation *c);

#endif
