/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Items of a stack's string: redirections, router advertisements, rules. */
#include "lwipv6/config/stack_string.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "lwipv6/config/radv.h"
#include "lwipv6/filter/filter.h"
#include "lwipv6/link/netif.h"
#include "lwipv6/slirp/interface.h"

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

bool add_redirect(struct creation *c, const char *value)
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

bool set_host_alias(struct creation *c, const char *value)
{
	struct ip_addr alias;

	if (!ip_from_text(value, &alias) || slirp_set_host(netif_by_name(c->stack, "sl0"), &alias))
		return refuse(c, "sl0=%s: not the address of one station", value);
	return true;
}

bool read_radv(struct creation *c, const char *path)
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
bool add_rules(struct creation *c, const char *prefix, const char *text)
{
	char *all;

	if (asprintf(&all, "%s%s%s\n", c->rules ? c->rules : "", prefix, text) < 0)
		return refuse(c, "no memory");
	free(c->rules);
	c->rules = all;
	return true;
}

bool read_rules(struct creation *c, const char *path)
{
	char *text = filter_read_file(path, c->error, c->size);
	bool good = text && add_rules(c, "", text);

	free(text);
	return good;
}

bool load_rules(struct creation *c)
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
