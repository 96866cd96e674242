/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Neighbours over netlink: RTM_*NEIGH. */
#include <errno.h>
#include <linux/neighbour.h>
#include "lwipv6/netlink/netlink.h"

static const struct nl_policy policy[NDA_MAX + 1] = {
	[NDA_DST] = NL_ADDRESS,
	[NDA_LLADDR] = {1, 32},
	[NDA_CACHEINFO] = NL_EXACT(sizeof(struct nda_cacheinfo)),
	[NDA_PROBES] = NL_EXACT(4),
	[NDA_IFINDEX] = NL_EXACT(4),
	[NDA_MASTER] = NL_EXACT(4),
	[NDA_PROTOCOL] = NL_EXACT(1),
	[NDA_FLAGS_EXT] = NL_EXACT(4),
};

static uint32_t ticks_since(uint64_t when, uint64_t now)
{
	return when && when <= now ? (now - when) / (NSEC_PER_SEC / 100) : 0;
}

void nl_fill_neighbour(struct nl_builder *b, const struct neighbour *n, struct nl_label label)
{
	uint64_t now = n->netif->stack->now;
	struct nda_cacheinfo cache = {
		.ndm_confirmed = ticks_since(n->confirmed, now),
		.ndm_used = ticks_since(n->last_used, now),
		.ndm_updated = ticks_since(n->confirmed, now),
	};
	struct ndmsg *m =
		nl_begin(b, label.type, label.flags, label.sequence, label.port, sizeof(*m));

	if (!m)
		return;
	m->ndm_family = ip_is_v4(&n->addr) ? AF_INET : AF_INET6;
	m->ndm_ifindex = n->netif->index;
	m->ndm_state = n->state;
	m->ndm_flags = n->is_router ? NTF_ROUTER : 0;
	m->ndm_type = 1; /* RTN_UNICAST */
	nl_put_address(b, NDA_DST, &n->addr);
	if (!(n->state & (NEIGHBOUR_INCOMPLETE | NEIGHBOUR_FAILED)))
		nl_put(b, NDA_LLADDR, n->hwaddr, 6);
	nl_put_u32(b, NDA_PROBES, n->probes);
	nl_put(b, NDA_CACHEINFO, &cache, sizeof(cache));
	nl_end(b);
}

int nl_neighbour_dump(struct netlink_request *r)
{
	static const int families[] = {AF_INET, AF_INET6};
	const struct nlattr *a[NDA_MAX + 1];
	const struct ndmsg *m = r->payload;
	int error = nl_dump_parse(r, sizeof(*m), a, NDA_MAX, policy), index = 0;
	uint8_t family = *(const uint8_t *)r->payload;
	struct neighbour *n;

	if (error)
		return error;
	if (r->strict) {
		if (m->ndm_pad1 || m->ndm_pad2 || m->ndm_state || m->ndm_type)
			return nl_refuse(r, -EINVAL, NULL,
					 "Invalid values in header for neighbor dump request");
		index = a[NDA_IFINDEX] ? (int)nl_u32(a[NDA_IFINDEX]) : m->ndm_ifindex;
	}
	/* Nobody is proxied for, no bridge learns, and nothing has a master. */
	if ((r->len >= sizeof(*m) && m->ndm_flags & NTF_PROXY) || a[NDA_MASTER])
		return 0;
	for (int f = 0; f < 2; f++) {
		if (family && family != families[f])
			continue;
		list_for_each_entry (n, &r->stack->neighbours.used, used)
			if (ip_is_v4(&n->addr) == (families[f] == AF_INET) &&
			    (!index || n->netif->index == index))
				nl_fill_neighbour(r->answer, n,
						  nl_answer_label(r, RTM_NEWNEIGH, NLM_F_MULTI));
	}
	return 0;
}

static int read_request(struct netlink_request *r, const struct nlattr **a, struct netif **n,
			struct ip_addr *addr)
{
	const struct ndmsg *m = r->payload;
	int error = nl_request_parse(r, sizeof(*m), a, NDA_MAX, policy);

	if (error)
		return error;
	if (m->ndm_family != AF_INET && m->ndm_family != AF_INET6)
		return nl_refuse(r, -EAFNOSUPPORT, NULL, "A neighbour is of IPv4 or IPv6");
	if (!a[NDA_DST])
		return nl_refuse(r, -EINVAL, NULL, "Network address not specified");
	if (!nl_address(a[NDA_DST], m->ndm_family, addr))
		return nl_refuse(r, -EINVAL, a[NDA_DST], "Invalid network address");
	if (m->ndm_flags & NTF_PROXY)
		return nl_refuse(r, -EOPNOTSUPP, NULL, "This stack is nobody's proxy");
	*n = netif_by_index(r->stack, m->ndm_ifindex);
	if (!*n)
		return m->ndm_ifindex ? -ENODEV
				      : nl_refuse(r, -EINVAL, NULL, "No device specified");
	return 0;
}

int nl_neighbour_get(struct netlink_request *r)
{
	const struct nlattr *a[NDA_MAX + 1];
	struct neighbour *entry;
	struct ip_addr addr;
	struct netif *n;
	int error = read_request(r, a, &n, &addr);

	if (error)
		return error;
	entry = neighbour_find(n, &addr);
	if (!entry)
		return nl_refuse(r, -ENOENT, NULL, "Neighbour entry not found");
	nl_fill_neighbour(r->answer, entry, nl_answer_label(r, RTM_NEWNEIGH, 0));
	return 0;
}

int nl_neighbour_new(struct netlink_request *r)
{
	const struct nlattr *a[NDA_MAX + 1];
	const struct ndmsg *m = r->payload;
	int flags = r->message->nlmsg_flags, error;
	struct neighbour *entry;
	const uint8_t *hwaddr;
	struct ip_addr addr;
	struct netif *n;

	error = read_request(r, a, &n, &addr);
	if (error)
		return error;
	if (n->kind != NETIF_ETHERNET)
		return nl_refuse(r, -EINVAL, NULL, "This interface has no neighbours");
	if (ip_is_multicast(&addr) || ip_is_any(&addr))
		return nl_refuse(r, -EINVAL, a[NDA_DST], "A neighbour is one station");
	entry = neighbour_find(n, &addr);
	if (entry && flags & NLM_F_EXCL)
		return -EEXIST;
	if (!entry && !(flags & NLM_F_CREATE))
		return -ENOENT;
	if (a[NDA_LLADDR] && nl_len(a[NDA_LLADDR]) != 6)
		return nl_refuse(r, -EINVAL, a[NDA_LLADDR], "Invalid link address");
	if (!a[NDA_LLADDR] && (!entry || entry->state & (NEIGHBOUR_INCOMPLETE | NEIGHBOUR_FAILED)))
		return nl_refuse(r, -EINVAL, NULL, "Link address not specified");
	if (entry && a[NDA_LLADDR] && !(flags & NLM_F_REPLACE) &&
	    memcmp(entry->hwaddr, nl_data(a[NDA_LLADDR]), 6))
		return -EEXIST;
	hwaddr = a[NDA_LLADDR] ? nl_data(a[NDA_LLADDR]) : entry->hwaddr;
	error = neighbour_set(n, &addr, hwaddr, m->ndm_state & (NUD_PERMANENT | NUD_NOARP));
	if (!error && m->ndm_state & NUD_REACHABLE)
		neighbour_confirm(n, &addr);
	if (!error && m->ndm_flags & NTF_ROUTER)
		neighbour_find(n, &addr)->is_router = true;
	return error;
}

int nl_neighbour_delete(struct netlink_request *r)
{
	const struct nlattr *a[NDA_MAX + 1];
	struct ip_addr addr;
	struct netif *n;
	int error = read_request(r, a, &n, &addr);

	return error ? error : neighbour_set(n, &addr, NULL, false);
}
