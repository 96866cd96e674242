/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Routes over netlink: RTM_*ROUTE on the one table of a stack, shown as the main table, and the
 * rules that Linux has without being told. */
#include <errno.h>
#include <linux/fib_rules.h>
#include "lwipv6/ip/ip.h"
#include "lwipv6/netlink/netlink.h"

#define DEFAULT_METRIC6 1024
#define KERNEL_HZ	100 /* USER_HZ, of rta_expires */

static const struct nl_policy policy[RTA_MAX + 1] = {
	[RTA_DST] = NL_ADDRESS,	     [RTA_SRC] = NL_ADDRESS,	     [RTA_IIF] = NL_EXACT(4),
	[RTA_OIF] = NL_EXACT(4),     [RTA_GATEWAY] = NL_ADDRESS,     [RTA_PRIORITY] = NL_EXACT(4),
	[RTA_PREFSRC] = NL_ADDRESS,  [RTA_METRICS] = NL_ANY,	     [RTA_MULTIPATH] = NL_ANY,
	[RTA_TABLE] = NL_EXACT(4),   [RTA_MARK] = NL_EXACT(4),	     [RTA_VIA] = NL_ANY,
	[RTA_PREF] = NL_EXACT(1),    [RTA_ENCAP_TYPE] = NL_EXACT(2), [RTA_ENCAP] = NL_ANY,
	[RTA_EXPIRES] = NL_EXACT(4), [RTA_UID] = NL_EXACT(4),	     [RTA_IP_PROTO] = NL_EXACT(1),
	[RTA_SPORT] = NL_EXACT(2),   [RTA_DPORT] = NL_EXACT(2),	     [RTA_NH_ID] = NL_EXACT(4),
};

/* RFC 4191 two-bit preference: 0 medium, 1 high, 3 low. */
static uint8_t preference_bits(int preference)
{
	return preference < 0 ? 3 : preference;
}

static bool is_v4(const struct route *r)
{
	return r->plen >= IP_V4_BITS && ip_is_v4(&r->dst);
}

/* What leads to oneself stands in the local table. */
static bool is_local(const struct route *r)
{
	return r->netif->kind == NETIF_LOOPBACK && r->origin == ROUTE_KERNEL;
}

static uint8_t table_of(const struct route *r)
{
	return is_local(r) ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
}

static uint8_t type_of(const struct route *r)
{
	return r->unreachable ? RTN_UNREACHABLE : is_local(r) ? RTN_LOCAL : RTN_UNICAST;
}

void nl_fill_route(struct nl_builder *b, const struct route *r, struct nl_label label)
{
	bool v4 = is_v4(r), direct = ip_is_any(&r->nexthop);
	unsigned int plen = v4 ? r->plen - IP_V4_BITS : r->plen;
	struct rtmsg *m =
		nl_begin(b, label.type, label.flags, label.sequence, label.port, sizeof(*m));
	struct rta_cacheinfo life = {0};

	if (!m)
		return;
	m->rtm_family = v4 ? AF_INET : AF_INET6;
	m->rtm_dst_len = plen;
	m->rtm_table = table_of(r);
	m->rtm_protocol = r->origin;
	m->rtm_type = type_of(r);
	if (v4)
		m->rtm_scope = is_local(r)		   ? RT_SCOPE_HOST
			       : direct && !r->unreachable ? RT_SCOPE_LINK
							   : RT_SCOPE_UNIVERSE;
	if (!netif_is_up(r->netif))
		m->rtm_flags = RTNH_F_DEAD | RTNH_F_LINKDOWN;
	nl_put_u32(b, RTA_TABLE, table_of(r));
	if (plen)
		nl_put_address(b, RTA_DST, &r->dst);
	if (!direct) {
		/* RFC 8950: an IPv4 route through an IPv6 router. */
		if (v4 && !ip_is_v4(&r->nexthop)) {
			struct rtvia *via = nl_put(b, RTA_VIA, NULL, sizeof(*via) + 16);

			if (via) {
				via->rtvia_family = AF_INET6;
				memcpy(via->rtvia_addr, &r->nexthop, 16);
			}
		} else {
			nl_put_address(b, RTA_GATEWAY, &r->nexthop);
		}
	}
	if (!(v4 && r->unreachable))
		nl_put_u32(b, RTA_OIF, r->netif->index);
	if (!ip_is_any(&r->source) && (v4 || r->origin != ROUTE_KERNEL))
		nl_put_address(b, RTA_PREFSRC, &r->source);
	if (r->metric || !v4)
		nl_put_u32(b, RTA_PRIORITY, r->metric);
	if (!v4) {
		if (timer_armed(&r->expire) && r->expire.when > r->stack->now)
			life.rta_expires =
				(r->expire.when - r->stack->now) / (NSEC_PER_SEC / KERNEL_HZ);
		nl_put(b, RTA_CACHEINFO, &life, sizeof(life));
		nl_put_u8(b, RTA_PREF, preference_bits(r->preference));
	}
	nl_end(b);
}

int nl_route_dump(struct netlink_request *r)
{
	static const int families[] = {AF_INET, AF_INET6};
	const struct nlattr *a[RTA_MAX + 1];
	const struct rtmsg *m = r->payload;
	int error = nl_dump_parse(r, sizeof(*m), a, RTA_MAX, policy);
	uint32_t table = 0, out = 0;
	struct route *route;

	if (error)
		return error;
	if (r->strict) {
		if (m->rtm_dst_len || m->rtm_src_len || m->rtm_tos || m->rtm_scope)
			return nl_refuse(r, -EINVAL, NULL,
					 "Invalid values in header for FIB dump request");
		table = a[RTA_TABLE] ? nl_u32(a[RTA_TABLE]) : m->rtm_table;
		out = a[RTA_OIF] ? nl_u32(a[RTA_OIF]) : 0;
	}
	/* Nothing is cached. */
	if (r->len >= sizeof(*m) && m->rtm_flags & RTM_F_CLONED)
		return 0;
	for (int f = 0; f < 2; f++) {
		if (*(const uint8_t *)r->payload && *(const uint8_t *)r->payload != families[f])
			continue;
		list_for_each_entry (route, &r->stack->routes.routes, node) {
			if (is_v4(route) != (families[f] == AF_INET) ||
			    (out && route->netif->index != (int)out) ||
			    (table && table_of(route) != table))
				continue;
			if (r->strict && ((m->rtm_protocol && m->rtm_protocol != route->origin) ||
					  (m->rtm_type && m->rtm_type != type_of(route))))
				continue;
			nl_fill_route(r->answer, route,
				      nl_answer_label(r, RTM_NEWROUTE, NLM_F_MULTI));
		}
	}
	return 0;
}

/* ---- one lookup: ip route get */

static void fill_lookup(struct netlink_request *r, const struct ip_addr *dst,
			const struct next_hop *hop, const struct ip_addr *src, bool local)
{
	bool v4 = ip_is_v4(dst);
	struct rta_cacheinfo life = {0};
	struct nl_label label = nl_answer_label(r, RTM_NEWROUTE, 0);
	struct rtmsg *m =
		nl_begin(r->answer, label.type, 0, label.sequence, label.port, sizeof(*m));

	if (!m)
		return;
	m->rtm_family = v4 ? AF_INET : AF_INET6;
	m->rtm_dst_len = v4 ? 32 : 128;
	m->rtm_table = local ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
	m->rtm_protocol = v4 || !hop->route ? RTPROT_UNSPEC : hop->route->origin;
	m->rtm_type = local				    ? RTN_LOCAL
		      : ip_is_multicast(dst)		    ? RTN_MULTICAST
		      : netif_is_broadcast(hop->netif, dst) ? RTN_BROADCAST
							    : RTN_UNICAST;
	m->rtm_flags = RTM_F_CLONED;
	nl_put_u32(r->answer, RTA_TABLE, m->rtm_table);
	nl_put_address(r->answer, RTA_DST, dst);
	if (!local && !ip_equal(&hop->addr, dst))
		nl_put_address(r->answer, RTA_GATEWAY, &hop->addr);
	nl_put_u32(r->answer, RTA_OIF, hop->netif->index);
	if (!ip_is_any(src))
		nl_put_address(r->answer, RTA_PREFSRC, src);
	if (!v4) {
		nl_put_u32(r->answer, RTA_PRIORITY, hop->route ? hop->route->metric : 0);
		nl_put_u8(r->answer, RTA_PREF,
			  hop->route ? preference_bits(hop->route->preference) : 0);
	}
	nl_put(r->answer, RTA_CACHEINFO, &life, sizeof(life));
	nl_end(r->answer);
}

int nl_route_get(struct netlink_request *r)
{
	const struct nlattr *a[RTA_MAX + 1];
	const struct rtmsg *m = r->payload;
	struct ip_addr dst, src = ip_addr_any;
	struct netif *out = NULL;
	struct next_hop hop;
	int error = nl_request_parse(r, sizeof(*m), a, RTA_MAX, policy);

	if (error)
		return error;
	if (m->rtm_family != AF_INET && m->rtm_family != AF_INET6)
		return nl_refuse(r, -EAFNOSUPPORT, NULL, "A lookup is of IPv4 or IPv6");
	dst = m->rtm_family == AF_INET ? ip_v4_any : ip_addr_any;
	if (a[RTA_DST] && !nl_address(a[RTA_DST], m->rtm_family, &dst))
		return nl_refuse(r, -EINVAL, a[RTA_DST], "The address is not of its family");
	if (a[RTA_SRC] && !nl_address(a[RTA_SRC], m->rtm_family, &src))
		return nl_refuse(r, -EINVAL, a[RTA_SRC], "The address is not of its family");
	if (a[RTA_OIF]) {
		out = netif_by_index(r->stack, nl_u32(a[RTA_OIF]));
		if (!out)
			return -ENODEV;
	}
	if (netif_addr_find(r->stack, ip_needs_zone(&dst) ? out : NULL, &dst)) {
		hop = (struct next_hop){.netif = r->stack->loopback, .addr = dst};
		fill_lookup(r, &dst, &hop, &dst, true);
		return 0;
	}
	error = route_lookup(r->stack, &dst, out, &src, &hop);
	if (error)
		return error;
	if (m->rtm_flags & RTM_F_FIB_MATCH && hop.route) {
		nl_fill_route(r->answer, hop.route, nl_answer_label(r, RTM_NEWROUTE, 0));
		return 0;
	}
	if (ip_is_any(&src)) {
		if (hop.route && !ip_is_any(&hop.route->source) && ip_is_v4(&dst))
			src = hop.route->source;
		else
			source_select(r->stack, hop.netif, &dst, &src);
	}
	fill_lookup(r, &dst, &hop, &src, false);
	return 0;
}

/* ---- changes */

/* A request's route: what matters of it, with @netif NULL when no interface is named. */
static int read_request(struct netlink_request *r, const struct nlattr **a, struct route_spec *spec)
{
	static const int unsupported[] = {RTA_MULTIPATH, RTA_ENCAP, RTA_ENCAP_TYPE,
					  RTA_NH_ID,	 RTA_MARK,  RTA_SRC};
	const struct rtmsg *m = r->payload;
	int error = nl_request_parse(r, sizeof(*m), a, RTA_MAX, policy);
	uint32_t table;
	bool v4;

	if (error)
		return error;
	if (m->rtm_family != AF_INET && m->rtm_family != AF_INET6)
		return nl_refuse(r, -EAFNOSUPPORT, NULL, "A route is of IPv4 or IPv6");
	v4 = m->rtm_family == AF_INET;
	table = a[RTA_TABLE] ? nl_u32(a[RTA_TABLE]) : m->rtm_table;
	if (table && table != RT_TABLE_MAIN)
		return nl_refuse(r, -EOPNOTSUPP, a[RTA_TABLE],
				 "This stack has the main table only");
	for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]); i++)
		if (a[unsupported[i]])
			return nl_refuse(r, -EOPNOTSUPP, a[unsupported[i]],
					 "A route here has one next hop and no encapsulation, mark "
					 "or source prefix");
	if (m->rtm_dst_len > (v4 ? 32 : 128) || m->rtm_src_len || m->rtm_tos)
		return nl_refuse(r, -EINVAL, NULL,
				 "Invalid prefix length, source prefix or type of service");
	*spec = (struct route_spec){.dst = v4 ? ip_v4_any : ip_addr_any,
				    .nexthop = ip_addr_any,
				    .source = ip_addr_any,
				    .origin = m->rtm_protocol,
				    .plen = m->rtm_dst_len + (v4 ? IP_V4_BITS : 0),
				    .lifetime_ns = TIME_NEVER};
	if (a[RTA_DST] && !nl_address(a[RTA_DST], m->rtm_family, &spec->dst))
		return nl_refuse(r, -EINVAL, a[RTA_DST], "The address is not of its family");
	if (a[RTA_GATEWAY] && !nl_address(a[RTA_GATEWAY], m->rtm_family, &spec->nexthop))
		return nl_refuse(r, -EINVAL, a[RTA_GATEWAY],
				 "The gateway is not of the route's family");
	if (a[RTA_VIA]) {
		const struct rtvia *via = nl_data(a[RTA_VIA]);

		if (nl_len(a[RTA_VIA]) != sizeof(*via) + 16 || via->rtvia_family != AF_INET6)
			return nl_refuse(r, -EINVAL, a[RTA_VIA],
					 "Via is for IPv6 routers of IPv4 routes");
		spec->nexthop = ip_from_in6(via->rtvia_addr);
	}
	if (a[RTA_PREFSRC] && !nl_address(a[RTA_PREFSRC], m->rtm_family, &spec->source))
		return nl_refuse(r, -EINVAL, a[RTA_PREFSRC],
				 "The source is not of the route's family");
	if (a[RTA_PRIORITY])
		spec->metric = nl_u32(a[RTA_PRIORITY]);
	if (a[RTA_PREF]) {
		uint8_t bits = *(const uint8_t *)nl_data(a[RTA_PREF]);

		spec->preference = bits == 1 ? 1 : bits == 3 ? -1 : 0;
	}
	if (a[RTA_EXPIRES] && nl_u32(a[RTA_EXPIRES]))
		spec->lifetime_ns = nl_u32(a[RTA_EXPIRES]) * NSEC_PER_SEC;
	if (a[RTA_OIF]) {
		spec->netif = netif_by_index(r->stack, nl_u32(a[RTA_OIF]));
		if (!spec->netif)
			return nl_refuse(r, -ENODEV, a[RTA_OIF], "Unable to find the interface");
	}
	return 0;
}

static int check_nexthop(struct netlink_request *r, const struct route_spec *spec,
			 const struct nlattr **a, bool onlink)
{
	struct netif *n;

	if (ip_is_any(&spec->nexthop))
		return spec->netif ? 0
				   : nl_refuse(r, -EINVAL, NULL,
					       "Neither a gateway nor an interface is given");
	if (ip_is_multicast(&spec->nexthop) || netif_addr_find(r->stack, NULL, &spec->nexthop))
		return nl_refuse(r, -EINVAL, a[RTA_GATEWAY], "Nexthop has invalid gateway");
	if (!spec->netif && !ip_is_v4(&spec->nexthop) && ip_is_linklocal(&spec->nexthop))
		return nl_refuse(r, -EINVAL, a[RTA_GATEWAY],
				 "A link-local gateway needs its interface");
	if (onlink)
		return spec->netif ? 0 : nl_refuse(r, -EINVAL, NULL, "Onlink needs an interface");
	list_for_each_entry (n, &r->stack->netifs, node)
		if ((!spec->netif || n == spec->netif) && n->kind != NETIF_LOOPBACK &&
		    (route_on_link(r->stack, n, &spec->nexthop) || n->kind == NETIF_POINT_TO_POINT))
			return 0;
	return nl_refuse(r, ip_is_v4(&spec->nexthop) ? -ENETUNREACH : -EHOSTUNREACH, a[RTA_GATEWAY],
			 "Nexthop has invalid gateway");
}

static struct route *find_same(struct stack *stack, const struct route_spec *spec)
{
	struct route *r;

	list_for_each_entry (r, &stack->routes.routes, node)
		if (r->plen == spec->plen && r->metric == spec->metric &&
		    ip_prefix_equal(&r->dst, &spec->dst, spec->plen))
			return r;
	return NULL;
}

int nl_route_new(struct netlink_request *r)
{
	const struct nlattr *a[RTA_MAX + 1];
	const struct rtmsg *m = r->payload;
	int flags = r->message->nlmsg_flags, error;
	struct route_spec spec;
	struct route *old, *made = NULL;
	bool refuses;

	error = read_request(r, a, &spec);
	if (error)
		return error;
	if (a[RTA_METRICS])
		return nl_refuse(r, -EOPNOTSUPP, a[RTA_METRICS],
				 "Routes have no metrics; set the MTU of the link");
	refuses = m->rtm_type == RTN_UNREACHABLE || m->rtm_type == RTN_PROHIBIT ||
		  m->rtm_type == RTN_BLACKHOLE;
	if (!refuses && m->rtm_type != RTN_UNICAST)
		return nl_refuse(r, -EOPNOTSUPP, NULL, "A route is unicast or unreachable");
	if (refuses)
		spec.netif = r->stack->loopback;
	else
		error = check_nexthop(r, &spec, a, m->rtm_flags & RTNH_F_ONLINK);
	if (error)
		return error;
	if (!ip_is_any(&spec.source) && !netif_addr_find(r->stack, NULL, &spec.source))
		return nl_refuse(r, -EINVAL, a[RTA_PREFSRC], "Invalid prefsrc address");
	if (m->rtm_family == AF_INET6 && !spec.metric)
		spec.metric = DEFAULT_METRIC6;
	old = find_same(r->stack, &spec);
	if (old && flags & NLM_F_EXCL)
		return -EEXIST;
	if (!old && !(flags & NLM_F_CREATE))
		return -ENOENT;
	if (old && !(flags & (NLM_F_REPLACE | NLM_F_APPEND)) && m->rtm_family == AF_INET &&
	    !(flags & NLM_F_CREATE))
		return -EEXIST;
	/* Added before the old one goes, so that there is always one. */
	error = route_add(r->stack, &spec, &made);
	if (error == -EEXIST && old && flags & NLM_F_REPLACE)
		return 0;
	if (error)
		return error;
	made->unreachable = refuses;
	if (old && flags & NLM_F_REPLACE)
		route_remove(old);
	return 0;
}

int nl_route_delete(struct netlink_request *r)
{
	const struct nlattr *a[RTA_MAX + 1];
	const struct rtmsg *m = r->payload;
	struct route_spec spec;
	struct route *route;
	int error = read_request(r, a, &spec);

	if (error)
		return error;
	list_for_each_entry (route, &r->stack->routes.routes, node) {
		if (route->plen != spec.plen ||
		    !ip_prefix_equal(&route->dst, &spec.dst, spec.plen) ||
		    (spec.netif && route->netif != spec.netif) ||
		    (a[RTA_GATEWAY] && !ip_equal(&route->nexthop, &spec.nexthop)) ||
		    (a[RTA_PRIORITY] && route->metric != spec.metric) ||
		    (m->rtm_protocol && route->origin != m->rtm_protocol) ||
		    (m->rtm_type && (m->rtm_type == RTN_UNICAST) == route->unreachable))
			continue;
		route_remove(route);
		return 0;
	}
	return -ESRCH;
}

/* ---- rules: fixed, because there is one table */

static void fill_rule(struct netlink_request *r, int family, uint32_t priority, uint8_t table)
{
	struct nl_label label = nl_answer_label(r, RTM_NEWRULE, NLM_F_MULTI);
	struct fib_rule_hdr *h = nl_begin(r->answer, label.type, label.flags, label.sequence,
					  label.port, sizeof(*h));

	if (!h)
		return;
	h->family = family;
	h->table = table;
	h->action = FR_ACT_TO_TBL;
	nl_put_u32(r->answer, FRA_TABLE, table);
	nl_put_u32(r->answer, FRA_SUPPRESS_PREFIXLEN, 0xffffffff);
	nl_put_u8(r->answer, FRA_PROTOCOL, RTPROT_KERNEL);
	if (priority)
		nl_put_u32(r->answer, FRA_PRIORITY, priority);
	nl_end(r->answer);
}

int nl_rule_dump(struct netlink_request *r)
{
	static const int families[] = {AF_INET, AF_INET6};
	uint8_t family = *(const uint8_t *)r->payload;

	for (int f = 0; f < 2; f++) {
		if (family && family != families[f])
			continue;
		fill_rule(r, families[f], 0, RT_TABLE_LOCAL);
		fill_rule(r, families[f], 32766, RT_TABLE_MAIN);
		if (families[f] == AF_INET)
			fill_rule(r, families[f], 32767, RT_TABLE_DEFAULT);
	}
	return 0;
}
