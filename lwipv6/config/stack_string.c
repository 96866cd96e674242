/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stack from one string, lwip_stack_create(3). Items are separated by commas; a value may be
 * quoted with ' or ". Interfaces come up in the order they are named.
 *
 *   vd0=URL tp0=NAME tn0=NAME   make the interface and bring it up
 *   sl0[=ADDRESS]               the same for slirp; the host's loopback appears as ADDRESS
 *   redirect=TYPE:[HOST:]PORT-DEST:PORT   tcp or udp port of the host that leads to DEST by slirp
 *   ip=NAME:ADDRESS/LENGTH      an address, before or after the interface is named
 *   gw=ADDRESS                  default route
 *   route=PREFIX/LENGTH@ADDRESS another route; an interface's name instead of a router: all of it
 * is there mtu=NAME:BYTES mac=NAME:xx:xx:xx:xx:xx:xx auto=NAME                   IPv6
 * autoconfiguration temporary                   temporary IPv6 addresses beside the stable ones
 *   dhcp=NAME dhcp6=NAME        addresses by DHCP
 *   ra=FILE                     send router advertisements, lwip_radv(3)
 *   filter=FILE                 packet filter and NAT, lwip_filter(3)
 *   nat=NAME                    the rule "nat on NAME", behind those of the file
 *   forward                     route between interfaces
 *   lo                          nothing but the loopback interface
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "lwipv6/config/config.h"
#include "lwipv6/config/radv.h"
#include "lwipv6/core/loop.h"
#include "lwipv6/filter/filter.h"
#include "lwipv6/link/netif.h"
#include "lwipv6/slirp/interface.h"

struct creation {
	struct stack *stack;
	char *error;
	size_t size;
	char *rules; /* of filter= and nat=, or NULL */
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct creation *c, const char *format,
							 ...)
{
	va_list args;

	if (c->error && c->size) {
		va_start(args, format);
		vsnprintf(c->error, c->size, format, args);
		va_end(args);
	}
	return false;
}

static struct netif *find(struct creation *c, const char *item, char *value, char **rest)
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

static bool add_interface(struct creation *c, const char *item, const char *value)
{
	struct netif *n = !strncmp(item, "vd", 2)   ? vde_open(c->stack, value)
			  : !strncmp(item, "tp", 2) ? tap_open(c->stack, value)
			  : !strncmp(item, "sl", 2) ? slirp_open(c->stack)
						    : tun_open(c->stack, value);

	if (!n)
		return refuse(c, "%s=%s: %s; is the switch running, and may you use the device?",
			      item, value, strerror(errno));
	if (strcmp(n->name, item))
		return refuse(c, "%s: interfaces of a kind are numbered from 0: this one is %s",
			      item, n->name);
	netif_up(n);
	return true;
}

static bool add_address(struct creation *c, char *value)
{
	struct address_spec spec = {.preferred_ns = TIME_NEVER, .valid_ns = TIME_NEVER};
	struct netif *n;
	char *text;
	int error;

	n = find(c, "ip", value, &text);
	if (!n)
		return false;
	if (!ip_prefix_from_text(text, &spec.addr, &spec.plen))
		return refuse(c, "ip=%s:%s: not an address and prefix length, as in 10.0.0.1/24",
			      value, text);
	error = netif_addr_add(n, &spec, NULL);
	return error ? refuse(c, "ip=%s:%s: %s", value, text, strerror(-error)) : true;
}

/* Everything of both families is behind an interface: slirp. */
static bool default_routes(struct creation *c, struct netif *n)
{
	struct route_spec spec = {.dst = ip_v4_any,
				  .plen = IP_V4_BITS,
				  .nexthop = ip_addr_any,
				  .netif = n,
				  .origin = ROUTE_STATIC,
				  .lifetime_ns = TIME_NEVER};

	if (route_add(c->stack, &spec, NULL))
		return refuse(c, "gw=%s: there is a default route already", n->name);
	spec.dst = ip_addr_any;
	spec.plen = 0;
	spec.metric = 1024;
	return !route_add(c->stack, &spec, NULL) ||
	       refuse(c, "gw=%s: there is an IPv6 default route already", n->name);
}

static bool add_route(struct creation *c, const char *item, char *value)
{
	struct route_spec spec = {.origin = ROUTE_STATIC, .lifetime_ns = TIME_NEVER};
	char *at = strchr(value, '@');
	int error;

	if (!strcmp(item, "route")) {
		if (!at)
			return refuse(c, "route=%s: write PREFIX/LENGTH@ROUTER", value);
		*at++ = 0;
		if (!ip_prefix_from_text(value, &spec.dst, &spec.plen))
			return refuse(c, "route=%s: not a prefix, as in 10.1.0.0/16", value);
	} else {
		at = value;
	}
	if (!strcmp(item, "gw") && netif_by_name(c->stack, at))
		return default_routes(c, netif_by_name(c->stack, at));
	spec.netif = netif_by_name(c->stack, at);
	if (spec.netif)
		spec.nexthop = ip_addr_any;
	else if (!ip_from_text(at, &spec.nexthop))
		return refuse(c, "%s: %s is neither an address nor an interface named before", item,
			      at);
	error = route_add(c->stack, &spec, NULL);
	return error ? refuse(c,
			      "%s=%s: %s; the router must be on the net of an address given before",
			      item, at, strerror(-error))
		     : true;
}

static bool set_mac(struct creation *c, char *value)
{
	uint8_t mac[6];
	char *text;
	struct netif *n = find(c, "mac", value, &text);

	if (!n)
		return false;
	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		   &mac[4], &mac[5]) != 6 ||
	    netif_set_hwaddr(n, mac))
		return refuse(c, "mac=%s:%s: not the hardware address of one station", value, text);
	return true;
}

/* ADDRESS:PORT or [ADDRESS]:PORT; a port alone leaves the address unspecified. */
static bool read_endpoint(char *text, struct ip_addr *addr, int *port)
{
	char *colon = strrchr(text, ':'), *end;

	*addr = ip_addr_any;
	*port = strtol(colon ? colon + 1 : text, &end, 10);
	if (*end || *port < 1 || *port > 65535)
		return false;
	if (!colon)
		return true;
	*colon = 0;
	if (*text == '[' && colon[-1] == ']') {
		colon[-1] = 0;
		text++;
	}
	return ip_from_text(text, addr);
}

static bool add_redirect(struct creation *c, const char *value)
{
	char *copy = strdup(value), *from = copy ? strchr(copy, ':') : NULL,
	     *to = copy ? strchr(copy, '-') : NULL;
	struct netif *n = netif_by_name(c->stack, "sl0");
	int type = !strncmp(value, "udp:", 4)	? SLIRP_LISTEN_UDP
		   : !strncmp(value, "tcp:", 4) ? SLIRP_LISTEN_TCP
						: 0;
	struct ip_addr src, dest;
	int src_port, dest_port, result = 0;
	bool good;

	good = type && from && to && to > from;
	if (good) {
		*to++ = 0;
		good = read_endpoint(from + 1, &src, &src_port) &&
		       read_endpoint(to, &dest, &dest_port);
	}
	free(copy);
	if (!good)
		return refuse(
			c,
			"redirect=%s: write TYPE:[HOST:]PORT-DEST:PORT, as in tcp:8080-10.0.0.5:80",
			value);
	if (!n)
		return refuse(c, "redirect=%s: there is no slirp interface; name sl0 before",
			      value);
	result = slirp_listen(n, &dest, dest_port, &src, src_port, type);
	return result ? refuse(c, "redirect=%s: %s", value,
			       result == SLIRP_SOCKET_ERROR ? strerror(errno)
							    : "not a port and a station")
		      : true;
}

static bool set_host_alias(struct creation *c, const char *value)
{
	struct ip_addr alias;

	if (!ip_from_text(value, &alias) || slirp_set_host(netif_by_name(c->stack, "sl0"), &alias))
		return refuse(c, "sl0=%s: not the address of one station", value);
	return true;
}

static bool start_dhcp(struct creation *c, const char *item, const char *value, unsigned int flag)
{
	struct netif *n = netif_by_name(c->stack, value);
	int error;

	if (!n)
		return refuse(c, "%s=%s: there is no such interface; name it before", item, value);
	n->autoconf |= flag;
	error = config_dhcp_start(n);
	return error ? refuse(c, "%s=%s: %s; DHCP needs an Ethernet interface", item, value,
			      strerror(-error))
		     : true;
}

static bool read_radv(struct creation *c, const char *path)
{
	FILE *in = fopen(path, "re");
	struct netif *n;
	char why[256];
	int error;

	if (!in)
		return refuse(c, "ra=%s: %s", path, strerror(errno));
	list_for_each_entry (n, &c->stack->netifs, node)
		if (n->kind == NETIF_ETHERNET)
			n->autoconf |= NETIF_FLAG_RADV;
	error = radv_read(c->stack, in, why, sizeof(why));
	fclose(in);
	return error ? refuse(c, "ra=%s: %s", path, why) : true;
}

/* Append to the rules, a line each. */
static bool add_rules(struct creation *c, const char *prefix, const char *text)
{
	char *all;

	if (asprintf(&all, "%s%s%s\n", c->rules ? c->rules : "", prefix, text) < 0)
		return refuse(c, "no memory");
	free(c->rules);
	c->rules = all;
	return true;
}

static bool read_rules(struct creation *c, const char *path)
{
	char *text = filter_read_file(path, c->error, c->size);
	bool good = text && add_rules(c, "", text);

	free(text);
	return good;
}

static bool load_rules(struct creation *c)
{
	char why[256];
	struct rules *rules;

	if (!c->rules)
		return true;
	rules = rules_read(c->rules, why, sizeof(why));
	if (!rules)
		return refuse(c, "filter: %s", why);
	return filter_load(c->stack, rules) ? refuse(c, "filter: no memory") : true;
}

static bool apply(struct creation *c, const char *item, char *value)
{
	struct netif *n;
	char *text;

	if (!strcmp(item, "lo"))
		return true;
	if (!strcmp(item, "forward")) {
		c->stack->flags |= LWIP_STACK_FLAG_FORWARDING;
		c->stack->settings.forwarding4 = c->stack->settings.forwarding6 = true;
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
	if (!strcmp(item, "mtu")) {
		n = find(c, item, value, &text);
		if (n && netif_set_mtu(n, atoi(text)))
			return refuse(c, "mtu=%s:%s: not from 68 to 65535", value, text);
		return n;
	}
	if (!strcmp(item, "auto")) {
		n = netif_by_name(c->stack, value);
		if (!n)
			return refuse(c, "auto=%s: there is no such interface; name it before",
				      value);
		netif_down(n);
		n->autoconf |= NETIF_FLAG_AUTOCONF;
		return !netif_up(n);
	}
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
