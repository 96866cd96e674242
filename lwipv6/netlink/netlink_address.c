/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses over netlink: RTM_*ADDR. */
#include <errno.h>
#include <linux/if_addr.h>
#include "lwipv6/netlink/netlink.h"

#define INFINITE 0xffffffffu

static const struct nl_policy policy[IFA_MAX + 1] = {
	[IFA_ADDRESS] = NL_ADDRESS,	   [IFA_LOCAL] = NL_ADDRESS,
	[IFA_LABEL] = NL_STRING(IFNAMSIZ), [IFA_BROADCAST] = NL_ADDRESS,
	[IFA_ANYCAST] = NL_ADDRESS,	   [IFA_CACHEINFO] = NL_EXACT(sizeof(struct ifa_cacheinfo)),
	[IFA_FLAGS] = NL_EXACT(4),	   [IFA_RT_PRIORITY] = NL_EXACT(4),
	[IFA_PROTO] = NL_EXACT(1),
};

/* An earlier address of the same prefix is the primary one, as on Linux. */
static bool is_secondary(const struct netif_addr *a)
{
	struct netif_addr *o;

	if (!ip_is_v4(&a->addr))
		return a->origin == ORIGIN_TEMPORARY;
	list_for_each_entry (o, &a->netif->addresses, node) {
		if (o == a)
			return false;
		if (ip_is_v4(&o->addr) && o->plen == a->plen &&
		    ip_prefix_equal(&o->addr, &a->addr, a->plen))
			return true;
	}
	return false;
}

static uint32_t flags_of(const struct netif_addr *a)
{
	uint32_t flags = is_secondary(a) ? IFA_F_SECONDARY : 0;

	if (a->valid_until == TIME_NEVER)
		flags |= IFA_F_PERMANENT;
	if (a->nodad)
		flags |= IFA_F_NODAD;
	if (a->origin == ORIGIN_SLAAC)
		flags |= IFA_F_NOPREFIXROUTE;
	switch (a->state) {
	case ADDRESS_TENTATIVE:
		flags |= netif_addr_is_optimistic(a) ? IFA_F_OPTIMISTIC : 0;
		return ip_is_v4(&a->addr) ? flags : flags | IFA_F_TENTATIVE;
	case ADDRESS_DEPRECATED:
		return flags | IFA_F_DEPRECATED;
	case ADDRESS_DUPLICATE:
		return flags | IFA_F_DADFAILED | IFA_F_TENTATIVE;
	}
	return flags;
}

static uint8_t scope_of(const struct ip_addr *a)
{
	if (ip_is_loopback(a))
		return RT_SCOPE_HOST;
	return !ip_is_v4(a) && ip_is_linklocal(a) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

static uint32_t seconds_left(uint64_t until, uint64_t now)
{
	return until == TIME_NEVER ? INFINITE
	       : until <= now	   ? 0
				   : (until - now + NSEC_PER_SEC - 1) / NSEC_PER_SEC;
}

void nl_fill_address(struct nl_builder *b, const struct netif_addr *a, struct nl_label label)
{
	static const uint8_t protocols[] = {[ORIGIN_LINKLOCAL] = IFAPROT_KERNEL_LL,
					    [ORIGIN_SLAAC] = IFAPROT_KERNEL_RA,
					    [ORIGIN_TEMPORARY] = IFAPROT_KERNEL_RA,
					    [ORIGIN_DHCP] = 0};
	uint64_t now = a->netif->stack->now;
	bool v4 = ip_is_v4(&a->addr);
	struct ifa_cacheinfo life = {
		.ifa_prefered = seconds_left(a->preferred_until, now),
		.ifa_valid = seconds_left(a->valid_until, now),
		.cstamp = a->created / (10 * NSEC_PER_MSEC),
		.tstamp = a->created / (10 * NSEC_PER_MSEC),
	};
	struct ifaddrmsg *i =
		nl_begin(b, label.type, label.flags, label.sequence, label.port, sizeof(*i));

	if (!i)
		return;
	i->ifa_family = v4 ? AF_INET : AF_INET6;
	i->ifa_prefixlen = v4 ? a->plen - IP_V4_BITS : a->plen;
	i->ifa_flags = flags_of(a);
	i->ifa_scope = scope_of(&a->addr);
	i->ifa_index = a->netif->index;
	nl_put_address(b, IFA_ADDRESS, &a->addr);
	if (v4) {
		nl_put_address(b, IFA_LOCAL, &a->addr);
		if (a->plen < 127 && a->netif->flags & IFF_BROADCAST) {
			struct ip_addr last = ip_prefix_last(&a->addr, a->plen);

			nl_put_address(b, IFA_BROADCAST, &last);
		}
		nl_put_string(b, IFA_LABEL, a->netif->name);
	}
	nl_put_u32(b, IFA_FLAGS, flags_of(a));
	if (ip_is_loopback(&a->addr) && !v4)
		nl_put_u8(b, IFA_PROTO, IFAPROT_KERNEL_LO);
	else if (a->origin < sizeof(protocols) && protocols[a->origin])
		nl_put_u8(b, IFA_PROTO, protocols[a->origin]);
	nl_put(b, IFA_CACHEINFO, &life, sizeof(life));
	nl_end(b);
}

int nl_address_dump(struct netlink_request *r)
{
	static const int families[] = {AF_INET, AF_INET6};
	const struct nlattr *a[IFA_MAX + 1];
	const struct ifaddrmsg *i = r->payload;
	int error = nl_dump_parse(r, sizeof(*i), a, IFA_MAX, policy), index = 0;
	struct netif_addr *addr;
	struct netif *n;

	if (error)
		return error;
	if (r->strict) {
		if (i->ifa_prefixlen || i->ifa_flags || i->ifa_scope)
			return nl_refuse(r, -EINVAL, NULL,
					 "Invalid values in header for address dump request");
		index = i->ifa_index;
		if (index && !netif_by_index(r->stack, index))
			return -ENODEV;
	}
	for (int f = 0; f < 2; f++) {
		if (i->ifa_family && i->ifa_family != families[f])
			continue;
		list_for_each_entry (n, &r->stack->netifs, node) {
			if (index && n->index != index)
				continue;
			list_for_each_entry (addr, &n->addresses, node)
				if (ip_is_v4(&addr->addr) == (families[f] == AF_INET))
					nl_fill_address(
						r->answer, addr,
						nl_answer_label(r, RTM_NEWADDR, NLM_F_MULTI));
		}
	}
	return 0;
}

/* What both changes share: the interface and the address. */
static int read_request(struct netlink_request *r, const struct nlattr **a, struct netif **n,
			struct ip_addr *addr, unsigned int *plen)
{
	const struct ifaddrmsg *i = r->payload;
	int error = nl_request_parse(r, sizeof(*i), a, IFA_MAX, policy);
	const struct nlattr *given;
	struct ip_addr peer;
	bool v4;

	if (error)
		return error;
	if (i->ifa_family != AF_INET && i->ifa_family != AF_INET6)
		return nl_refuse(r, -EAFNOSUPPORT, NULL, "An address is IPv4 or IPv6");
	v4 = i->ifa_family == AF_INET;
	given = a[IFA_LOCAL] ? a[IFA_LOCAL] : a[IFA_ADDRESS];
	if (!given)
		return nl_refuse(r, -EINVAL, NULL, "No address is given");
	if (!nl_address(given, i->ifa_family, addr))
		return nl_refuse(r, -EINVAL, given, "The address is not of its family");
	if (a[IFA_LOCAL] && a[IFA_ADDRESS]) {
		if (!nl_address(a[IFA_ADDRESS], i->ifa_family, &peer))
			return nl_refuse(r, -EINVAL, a[IFA_ADDRESS],
					 "The address is not of its family");
		if (!ip_equal(&peer, addr))
			return nl_refuse(
				r, -EOPNOTSUPP, a[IFA_ADDRESS],
				"No peer addresses here: add the address and a route to the peer");
	}
	if (i->ifa_prefixlen > (v4 ? 32 : 128))
		return nl_refuse(r, -EINVAL, NULL, "The prefix is longer than the address");
	*plen = i->ifa_prefixlen + (v4 ? IP_V4_BITS : 0);
	*n = netif_by_index(r->stack, i->ifa_index);
	return *n ? 0 : nl_refuse(r, -ENODEV, NULL, "Unable to find the interface");
}

static uint64_t lifetime(uint32_t seconds)
{
	return seconds == INFINITE ? TIME_NEVER : seconds * NSEC_PER_SEC;
}

int nl_address_new(struct netlink_request *r)
{
	const struct nlattr *a[IFA_MAX + 1];
	struct address_spec spec = {.preferred_ns = TIME_NEVER, .valid_ns = TIME_NEVER};
	struct netif_addr *old;
	struct netif *n;
	uint32_t flags;
	int error = read_request(r, a, &n, &spec.addr, &spec.plen);

	if (error)
		return error;
	flags = a[IFA_FLAGS] ? nl_u32(a[IFA_FLAGS]) : ((struct ifaddrmsg *)r->payload)->ifa_flags;
	spec.nodad = flags & IFA_F_NODAD;
	spec.no_prefix_route = flags & IFA_F_NOPREFIXROUTE;
	if (a[IFA_CACHEINFO]) {
		struct ifa_cacheinfo life;

		memcpy(&life, nl_data(a[IFA_CACHEINFO]), sizeof(life));
		if (!life.ifa_valid || life.ifa_prefered > life.ifa_valid)
			return nl_refuse(r, -EINVAL, a[IFA_CACHEINFO],
					 "The lifetime is zero, or shorter than the preferred one");
		spec.valid_ns = lifetime(life.ifa_valid);
		spec.preferred_ns = lifetime(life.ifa_prefered);
	}
	old = netif_addr_find_any_state(n, &spec.addr);
	if (!old) {
		error = netif_addr_add(n, &spec, NULL);
		return error == -EINVAL
			       ? nl_refuse(r, error, NULL, "Not the address of one station")
			       : error;
	}
	if (r->message->nlmsg_flags & NLM_F_EXCL || !(r->message->nlmsg_flags & NLM_F_REPLACE))
		return nl_refuse(r, -EEXIST, NULL,
				 ip_is_v4(&spec.addr) ? "ipv4: Address already assigned"
						      : "ipv6: Address already assigned");
	netif_addr_set_lifetimes(old, spec.preferred_ns, spec.valid_ns);
	stack_notify(r->stack, EVENT_ADDRESS_NEW, old);
	return 0;
}

int nl_address_delete(struct netlink_request *r)
{
	const struct nlattr *a[IFA_MAX + 1];
	struct netif_addr *old;
	struct ip_addr addr;
	struct netif *n;
	unsigned int plen;
	int error = read_request(r, a, &n, &addr, &plen);

	if (error)
		return error;
	old = netif_addr_find_any_state(n, &addr);
	if (!old || old->plen != plen)
		return nl_refuse(r, -EADDRNOTAVAIL, NULL,
				 ip_is_v4(&addr) ? "ipv4: Address not found"
						 : "ipv6: address not found");
	netif_addr_remove(old);
	return 0;
}
