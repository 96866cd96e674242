/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The configuration file of router advertisements, in the format of LWIPv6 1.x with a few keys more:
 *
 *   # or ; begins a comment
 *   [vd0]
 *   AdvSendAdvert = on
 *   AddPrefix = 2001:db8::/64, AdvValidLifetime = 3600, AdvPreferredLifetime = 1800
 *   AddRoute = 2001:db8:1::/48, AdvRouteLifetime = 1800, AdvRoutePreference = high
 *   AddRDNSS = 2001:db8::53, 2001:db8::54, AdvRDNSSLifetime = 1800
 *   AddDNSSL = example.org, AdvDNSSLLifetime = 1800
 *
 * A line is read into a key and items; an item is a value or NAME = VALUE. What is wrong in a section
 * turns advertising off on its interface, as it always did; the others are not touched.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include "lwipv6/config/radv.h"
#include "lwipv6/ip/ip.h"

#define LINE_SIZE 1024
#define UNSET	  (UINT32_MAX - 1)
#define DOMAINS_TOTAL 400 /* with all prefixes and routes an advertisement still fits 1280 bytes */

struct reading {
	struct stack *stack;
	char *error;
	size_t size;
	unsigned int line;
	bool failed;	   /* something was wrong somewhere */
	bool section_bad;
	struct netif *netif; /* of the section, or NULL */
	struct radv_config config;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct reading *r, const char *format, ...)
{
	va_list args;
	int n;

	if (!r->failed && r->error && r->size) {
		n = snprintf(r->error, r->size, "line %u: ", r->line);
		va_start(args, format);
		if (n > 0 && (size_t)n < r->size)
			vsnprintf(r->error + n, r->size - n, format, args);
		va_end(args);
	}
	r->failed = r->section_bad = true;
	return false;
}

static char *trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && isspace((unsigned char)end[-1]))
		*--end = 0;
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

/* ---- values */

static bool boolean(struct reading *r, const char *key, const char *text, bool *out)
{
	*out = !strcasecmp(text, "on") || !strcasecmp(text, "true");
	if (!*out && strcasecmp(text, "off") && strcasecmp(text, "false"))
		return refuse(r, "%s = %s: write on or off", key, text);
	return true;
}

static bool number(struct reading *r, const char *key, const char *text, uint32_t low, uint32_t high,
		   bool infinity, uint32_t *out)
{
	unsigned long long v;
	char *end;

	if (infinity && !strcasecmp(text, "infinity")) {
		*out = RADV_INFINITE;
		return true;
	}
	errno = 0;
	v = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || v < low || v > high)
		return refuse(r, "%s = %s: a number from %u to %u is wanted%s", key, text, low, high,
			      infinity ? ", or infinity" : "");
	*out = v;
	return true;
}

static bool preference(struct reading *r, const char *key, const char *text, int *out)
{
	*out = !strcasecmp(text, "high") - !strcasecmp(text, "low");
	if (!*out && strcasecmp(text, "medium"))
		return refuse(r, "%s = %s: write low, medium or high", key, text);
	return true;
}

static bool prefix(struct reading *r, const char *key, const char *text, struct ip_addr *out, uint8_t *plen)
{
	unsigned int n;

	if (!strchr(text, '/') || !ip_prefix_from_text(text, out, &n) || ip_is_v4(out))
		return refuse(r, "%s = %s: not an IPv6 prefix, as in 2001:db8::/64", key, text);
	*out = ip_prefix(out, n);
	*plen = n;
	return true;
}

/* Cut the next item off *rest: its value, and its name when it is NAME = VALUE. */
static char *item(char **rest, char **name)
{
	char *text = *rest, *comma, *equals;

	if (!text)
		return NULL;
	comma = strchr(text, ',');
	if (comma)
		*comma = 0;
	*rest = comma ? comma + 1 : NULL;
	equals = strchr(text, '=');
	*name = NULL;
	if (equals) {
		*equals = 0;
		*name = trim(text);
		text = equals + 1;
	}
	return trim(text);
}

static bool unknown_item(struct reading *r, const char *key, const char *name, const char *value)
{
	return refuse(r, "%s: %s%s%s is not understood here", key, name ? name : "", name ? " = " : "", value);
}

/* ---- keys with items */

static bool add_prefix(struct reading *r, const char *key, char *rest)
{
	struct radv_prefix p = {.on_link = true, .autonomous = true, .valid = 2592000, .preferred = 604800};
	char *name, *value = item(&rest, &name);

	if (r->config.nprefixes == RADV_PREFIXES)
		return refuse(r, "%s: more than %d prefixes", key, RADV_PREFIXES);
	if (name || !prefix(r, key, value, &p.prefix, &p.plen))
		return name ? unknown_item(r, key, name, value) : false;
	if (ip_is_linklocal(&p.prefix) || ip_is_multicast(&p.prefix))
		return refuse(r, "%s = %s: not a prefix that can be given to hosts", key, value);
	while ((value = item(&rest, &name))) {
		bool good;

		if (!name)
			return unknown_item(r, key, name, value);
		if (!strcasecmp(name, "AdvOnLinkFlag"))
			good = boolean(r, name, value, &p.on_link);
		else if (!strcasecmp(name, "AdvAutonomousFlag"))
			good = boolean(r, name, value, &p.autonomous);
		else if (!strcasecmp(name, "AdvValidLifetime"))
			good = number(r, name, value, 0, UINT32_MAX, true, &p.valid);
		else if (!strcasecmp(name, "AdvPreferredLifetime"))
			good = number(r, name, value, 0, UINT32_MAX, true, &p.preferred);
		else
			return unknown_item(r, key, name, value);
		if (!good)
			return false;
	}
	if (p.preferred > p.valid)
		return refuse(r, "%s: AdvPreferredLifetime is above AdvValidLifetime", key);
	r->config.prefixes[r->config.nprefixes++] = p;
	return true;
}

static bool add_route(struct reading *r, const char *key, char *rest)
{
	struct radv_route o = {.lifetime = UNSET};
	char *name, *value = item(&rest, &name);

	if (r->config.nroutes == RADV_ROUTES)
		return refuse(r, "%s: more than %d routes", key, RADV_ROUTES);
	if (name || !prefix(r, key, value, &o.prefix, &o.plen))
		return name ? unknown_item(r, key, name, value) : false;
	while ((value = item(&rest, &name))) {
		bool good;

		if (name && !strcasecmp(name, "AdvRouteLifetime"))
			good = number(r, name, value, 0, UINT32_MAX, true, &o.lifetime);
		else if (name && !strcasecmp(name, "AdvRoutePreference"))
			good = preference(r, name, value, &o.preference);
		else
			return unknown_item(r, key, name, value);
		if (!good)
			return false;
	}
	r->config.routes[r->config.nroutes++] = o;
	return true;
}

static bool add_servers(struct reading *r, const char *key, char *rest)
{
	char *name, *value;

	while ((value = item(&rest, &name))) {
		struct ip_addr a;

		if (name && !strcasecmp(name, "AdvRDNSSLifetime")) {
			if (!number(r, name, value, 0, UINT32_MAX, true, &r->config.servers_lifetime))
				return false;
			continue;
		}
		if (name || !ip_from_text(value, &a) || ip_is_v4(&a))
			return refuse(r, "%s = %s: not an IPv6 address", key, value);
		if (r->config.nservers == RADV_SERVERS)
			return refuse(r, "%s: more than %d servers", key, RADV_SERVERS);
		r->config.servers[r->config.nservers++] = a;
	}
	return true;
}

static bool add_domains(struct reading *r, const char *key, char *rest)
{
	char *name, *value;

	while ((value = item(&rest, &name))) {
		if (name && !strcasecmp(name, "AdvDNSSLLifetime")) {
			if (!number(r, name, value, 0, UINT32_MAX, true, &r->config.domains_lifetime))
				return false;
			continue;
		}
		if (name || !domain_good(value))
			return refuse(r, "%s = %s: not a domain name", key, value);
		if (r->config.ndomains == RADV_DOMAINS)
			return refuse(r, "%s: more than %d domains", key, RADV_DOMAINS);
		strcpy(r->config.domains[r->config.ndomains++], value);
	}
	return true;
}

/* ---- lines */

static bool setting(struct reading *r, char *key, char *value)
{
	struct radv_config *c = &r->config;
	const struct {
		const char *key;
		bool *out;
	} switches[] = {
		{"AdvSendAdvert", &c->send}, {"UnicastOnly", &c->unicast_only},
		{"AdvManagedFlag", &c->managed}, {"AdvOtherConfigFlag", &c->other},
		{"AdvSourceLLAddress", &c->source_hwaddr},
	};
	const struct {
		const char *key;
		uint32_t *out, low, high;
	} numbers[] = {
		{"MaxRtrAdvInterval", &c->max_interval, 4, 1800},
		{"MinRtrAdvInterval", &c->min_interval, 3, 1350},
		{"MinDelayBetweenRAs", &c->min_delay, 3, 1800},
		{"AdvReachableTime", &c->reachable_ms, 0, 3600000},
		{"AdvRetransTimer", &c->retrans_ms, 0, UINT32_MAX - 2},
		{"AdvDefaultLifetime", &c->lifetime, 0, 9000},
		{"AdvLinkMTU", &c->mtu, 0, 65535},
	};
	uint32_t n;

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (!strcasecmp(key, switches[i].key))
			return boolean(r, key, value, switches[i].out);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strcasecmp(key, numbers[i].key))
			return number(r, key, value, numbers[i].low, numbers[i].high, false, numbers[i].out);
	if (!strcasecmp(key, "AdvCurHopLimit")) {
		if (!number(r, key, value, 0, 255, false, &n))
			return false;
		c->hop_limit = n;
		return true;
	}
	if (!strcasecmp(key, "AdvDefaultPreference"))
		return preference(r, key, value, &c->preference);
	if (!strcasecmp(key, "AddPrefix"))
		return add_prefix(r, key, value);
	if (!strcasecmp(key, "AddRoute"))
		return add_route(r, key, value);
	if (!strcasecmp(key, "AddRDNSS"))
		return add_servers(r, key, value);
	if (!strcasecmp(key, "AddDNSSL"))
		return add_domains(r, key, value);
	return refuse(r, "%s: unknown key; see lwip_radv(3)", key);
}

static void defaults(struct radv_config *c)
{
	*c = (struct radv_config){
		.source_hwaddr = true,
		.max_interval = 600,
		.min_interval = UNSET,
		.min_delay = 3,
		.hop_limit = 64,
		.lifetime = UNSET,
		.servers_lifetime = UNSET,
		.domains_lifetime = UNSET,
	};
}

/* What depends on other settings, once the section has been read. */
static void finish_section(struct reading *r)
{
	struct radv_config *c = &r->config;
	uint32_t max = c->max_interval, domains = 0;

	if (!r->netif)
		return;
	if (c->min_interval == UNSET)
		c->min_interval = max >= 9 ? max * 33 / 100 : max * 3 / 4;
	if (c->min_interval < 3)
		c->min_interval = 3;
	if (c->min_interval * 4 > max * 3 && c->min_interval > 3)
		refuse(r, "[%s]: MinRtrAdvInterval is above three quarters of MaxRtrAdvInterval",
		       r->netif->name);
	if (c->lifetime == UNSET)
		c->lifetime = 3 * max;
	else if (c->lifetime && c->lifetime < max)
		refuse(r, "[%s]: AdvDefaultLifetime is neither 0 nor at least MaxRtrAdvInterval", r->netif->name);
	if (c->mtu && (c->mtu < IP_MIN_MTU6 || c->mtu > r->netif->mtu))
		refuse(r, "[%s]: AdvLinkMTU is neither 0 nor from 1280 to the interface's %u", r->netif->name,
		       r->netif->mtu);
	if (c->servers_lifetime == UNSET)
		c->servers_lifetime = 3 * max; /* RFC 8106 5.1 */
	if (c->domains_lifetime == UNSET)
		c->domains_lifetime = 3 * max;
	for (int i = 0; i < c->ndomains; i++)
		domains += strlen(c->domains[i]) + 2;
	if (domains > DOMAINS_TOTAL)
		refuse(r, "[%s]: the names of AddDNSSL do not fit an advertisement", r->netif->name);
	for (int i = 0; i < c->nroutes; i++)
		if (c->routes[i].lifetime == UNSET)
			c->routes[i].lifetime = 3 * max;
	if (r->section_bad)
		c->send = false;
	if (radv_configure(r->netif, c))
		refuse(r, "[%s]: no memory", r->netif->name);
}

static void begin_section(struct reading *r, char *text)
{
	char *end = strchr(text, ']');

	finish_section(r);
	defaults(&r->config);
	r->section_bad = false;
	r->netif = NULL;
	if (!end || *trim(end + 1)) {
		refuse(r, "%s: write a section as [INTERFACE]", text);
		return;
	}
	*end = 0;
	text = trim(text + 1);
	r->netif = netif_by_name(r->stack, text);
	if (!r->netif)
		refuse(r, "[%s]: the stack has no such interface", text);
	else if (!(r->netif->autoconf & NETIF_FLAG_RADV))
		refuse(r, "[%s]: was not made with NETIF_FLAG_RADV", text);
}

int radv_read(struct stack *stack, FILE *in, char *error, size_t size)
{
	struct reading r = {.stack = stack, .error = error, .size = size};
	char line[LINE_SIZE + 1];
	bool begun = false;

	if (error && size)
		*error = 0;
	while (fgets(line, sizeof(line), in)) {
		char *text = line, *equals;

		r.line++;
		if (!strchr(line, '\n') && !feof(in)) {
			int c;

			refuse(&r, "longer than %d characters", LINE_SIZE - 1);
			while ((c = getc(in)) != EOF && c != '\n')
				;
			continue;
		}
		text[strcspn(text, "#;")] = 0;
		text = trim(text);
		if (!*text)
			continue;
		if (*text == '[') {
			begun = true;
			begin_section(&r, text);
			continue;
		}
		if (!begun) {
			refuse(&r, "%s: write the section [INTERFACE] first", text);
			continue;
		}
		equals = strchr(text, '=');
		if (!equals) {
			refuse(&r, "%s: write KEY = VALUE", text);
			continue;
		}
		*equals = 0;
		setting(&r, trim(text), trim(equals + 1));
	}
	finish_section(&r);
	return r.failed ? -EINVAL : 0;
}
