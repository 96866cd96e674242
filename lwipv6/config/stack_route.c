/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Items of a stack's string: addresses and routes. */
#include "lwipv6/config/stack_string.h"
#include "lwipv6/ip/route.h"
#include "lwipv6/link/netif.h"

bool add_address(struct creation *c, char *value)
{
	struct address_spec spec = {.preferred_ns = TIME_NEVER, .valid_ns = TIME_NEVER};
	struct netif *n;
	char *text;
	int error;

	n = item_netif(c, "ip", value, &text);
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

bool add_route(struct creation *c, const char *item, char *value)
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
