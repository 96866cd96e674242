/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stack from one string, lwip_stack_create(3). Items are separated by commas; a value may be
 * quoted with ' or ". Interfaces come up in the order they are named. This file reads the items,
 * what they do is in the files of stack_string.h.
 *
 *   vd0=URL tp0=NAME tn0=NAME   make the interface and bring it up
 *   sl0[=ADDRESS]               the same for slirp; the host's loopback appears as ADDRESS
 *   redirect=TYPE:[HOST:]PORT-DEST:PORT   tcp or udp port of the host that leads to DEST by slirp
 *   ip=NAME:ADDRESS/LENGTH      an address, before or after the interface is named
 *   gw=ADDRESS                  default route; a name instead of a router: all is there
 *   route=PREFIX/LENGTH@ADDRESS another route
 *   mtu=NAME:BYTES              the interface's MTU
 *   mac=NAME:xx:xx:xx:xx:xx:xx  and its hardware address
 *   auto=NAME                   IPv6 autoconfiguration
 *   temporary                   temporary IPv6 addresses beside the stable ones
 *   optimistic                  IPv6 addresses are used while they are tested for duplicates
 *   dhcp=NAME dhcp6=NAME        addresses by DHCP
 *   ra=FILE                     send router advertisements, lwip_radv(3)
 *   filter=FILE                 packet filter and NAT, lwip_filter(3)
 *   nat=NAME                    the rule "nat on NAME", behind those of the file
 *   forward                     route between interfaces
 *   congestion=NAME             TCP's congestion control: cubic, reno or bbr (the host's)
 *   ecn=WORD timestamps=WORD time-wait=SECONDS delayed-ack=MS   what else settings.c has
 *   lo                          nothing but the loopback interface
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "lwipv6/config/config.h"
#include "lwipv6/config/settings.h"
#include "lwipv6/config/stack_string.h"
#include "lwipv6/core/loop.h"
#include "lwipv6/link/netif.h"

bool refuse(struct creation *c, const char *format, ...)
{
	va_list args;

	if (c->error && c->size) {
		va_start(args, format);
		vsnprintf(c->error, c->size, format, args);
		va_end(args);
	}
	return false;
}

struct netif *item_netif(struct creation *c, const char *item, char *value, char **rest)
{
	char *colon = strchr(value, ':');
	struct netif *n;

	if (!colon) {
		refuse(c, "%s=%s: write the interface, a colon and the value", item, value);
		return NULL;
	}
	*colon = 0;
	*rest = colon + 1;
	n = netif_by_name(c->stack, value);
	if (!n)
		refuse(c, "%s=%s: there is no interface %s; name it before, as in vd0=URL", item,
		       value, value);
	return n;
}

static bool apply(struct creation *c, const char *item, char *value)
{
	if (!strcmp(item, "lo"))
		return true;
	if (!strcmp(item, "forward")) {
		c->stack->flags |= LWIP_STACK_FLAG_FORWARDING;
		c->stack->settings.forwarding4 = c->stack->settings.forwarding6 = true;
		return true;
	}
	if (!strcmp(item, "optimistic")) {
		c->stack->flags |= LWIP_STACK_FLAG_OPTIMISTIC;
		c->stack->settings.optimistic = true;
		return true;
	}
	if (!strcmp(item, "temporary")) {
		c->stack->flags |= LWIP_STACK_FLAG_TEMPORARY;
		c->stack->settings.temporary_addresses = true;
		return true;
	}
	if (!strcmp(item, "sl0"))
		return add_interface(c, item, value ? value : "") &&
		       (!value || !*value || set_host_alias(c, value));
	if (!value)
		return refuse(c, "%s: unknown, or a value is missing: %s=VALUE", item, item);
	if (!strncmp(item, "vd", 2) || !strncmp(item, "tp", 2) || !strncmp(item, "tn", 2))
		return add_interface(c, item, value);
	if (!strcmp(item, "ip"))
		return add_address(c, value);
	if (!strcmp(item, "gw") || !strcmp(item, "route"))
		return add_route(c, item, value);
	if (!strcmp(item, "redirect"))
		return add_redirect(c, value);
	if (!strcmp(item, "mac"))
		return set_mac(c, value);
	if (!strcmp(item, "dhcp") || !strcmp(item, "dhcp6"))
		return start_dhcp(c, item, value, item[4] ? NETIF_FLAG_DHCP6 : NETIF_FLAG_DHCP);
	if (!strcmp(item, "ra"))
		return read_radv(c, value);
	if (!strcmp(item, "filter"))
		return read_rules(c, value);
	if (!strcmp(item, "nat"))
		return add_rules(c, "nat on ", value);
	if (!strcmp(item, "mtu"))
		return set_mtu(c, value);
	if (!strcmp(item, "auto"))
		return start_autoconf(c, value);
	if (setting_exists(item))
		return setting_set(c->stack, item, value, c->error, c->error ? c->size : 0);
	return refuse(c, "%s: unknown; see lwip_stack_create(3)", item);
}

/* Cut the next item off @text: its name, its value or NULL; quotes are taken away. */
static char *next_item(char *text, char **value)
{
	char *out = text, quote = 0;

	*value = NULL;
	for (; *text && (quote || *text != ','); text++) {
		if (quote ? *text == quote : (*text == '\'' || *text == '"')) {
			quote = quote ? 0 : *text;
		} else if (!quote && *text == '=' && !*value) {
			*out++ = 0;
			*value = out;
		} else {
			*out++ = *text;
		}
	}
	char *next = *text ? text + 1 : NULL;

	*out = 0;
	return next;
}

struct stack *lwip_stack_create(const char *config, char *error, size_t size)
{
	struct creation c = {.error = error, .size = size};
	char *copy = strdup(config), *item = copy, *next, *value;
	bool good = true;

	c.stack = copy ? stack_new(0, NULL, 0) : NULL;
	if (!c.stack) {
		refuse(&c, "no memory or descriptors for a stack: %s", strerror(errno));
		free(copy);
		return NULL;
	}
	stack_enter(c.stack);
	for (; item && good; item = next) {
		next = next_item(item, &value);
		if (*item)
			good = apply(&c, item, value);
	}
	good = good && load_rules(&c);
	stack_leave(c.stack);
	free(copy);
	free(c.rules);
	if (good)
		return c.stack;
	stack_destroy(c.stack);
	errno = EINVAL;
	return NULL;
}
