/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interfaces over netlink: RTM_*LINK. */
#include <ctype.h>
#include <errno.h>
#include <net/if_arp.h>
#include "lwipv6/netlink/netlink.h"
#include <linux/if.h> /* after <net/if.h>, which it then leaves alone */

#define QUEUE_LENGTH 1000

static const struct nl_policy policy[IFLA_MAX + 1] = {
	[IFLA_ADDRESS] = {1, 32},	    [IFLA_IFNAME] = NL_STRING(IFNAMSIZ),
	[IFLA_ALT_IFNAME] = NL_STRING(128), [IFLA_MTU] = NL_EXACT(4),
	[IFLA_TXQLEN] = NL_EXACT(4),	    [IFLA_EXT_MASK] = NL_EXACT(4),
	[IFLA_LINKINFO] = NL_ANY,	    [IFLA_MASTER] = NL_EXACT(4),
	[IFLA_GROUP] = NL_EXACT(4),	    [IFLA_OPERSTATE] = NL_EXACT(1),
	[IFLA_LINKMODE] = NL_EXACT(1),	    [IFLA_AF_SPEC] = NL_ANY,
	[IFLA_NET_NS_FD] = NL_EXACT(4),	    [IFLA_NET_NS_PID] = NL_EXACT(4),
};

static const char *kind_of(const struct netif *n)
{
	static const char *const kinds[][2] = {{"vd", "vde"},	{"tp", "tap"},	{"tn", "tun"},
					       {"sl", "slirp"}, {"pr", "pair"}, {"fr", "frame"}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(n->ops->prefix, kinds[i][0]))
			return kinds[i][1];
	return NULL;
}

static void put_statistics(struct nl_builder *b, const struct lwip_netif_statistics *s)
{
#define COUNTERS                                                                                   \
	{                                                                                          \
		.rx_packets = s->rx_packets, .tx_packets = s->tx_packets, .rx_bytes = s->rx_bytes, \
		.tx_bytes = s->tx_bytes, .rx_errors = s->rx_errors, .tx_errors = s->tx_errors,     \
		.rx_dropped = s->rx_dropped, .tx_dropped = s->tx_dropped                           \
	}
	struct rtnl_link_stats64 wide = COUNTERS;
	struct rtnl_link_stats narrow = COUNTERS;
#undef COUNTERS

	nl_put(b, IFLA_STATS64, &wide, sizeof(wide));
	nl_put(b, IFLA_STATS, &narrow, sizeof(narrow));
}

void nl_fill_link(struct nl_builder *b, const struct netif *n, struct nl_label label, bool up,
		  bool statistics)
{
	static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, nothing[6];
	bool loopback = n->kind == NETIF_LOOPBACK, hardware = n->kind != NETIF_POINT_TO_POINT;
	struct ifinfomsg *i =
		nl_begin(b, label.type, label.flags, label.sequence, label.port, sizeof(*i));

	if (!i)
		return;
	i->ifi_type = loopback ? ARPHRD_LOOPBACK : hardware ? ARPHRD_ETHER : ARPHRD_NONE;
	i->ifi_index = n->index;
	i->ifi_flags = (n->flags & ~(IFF_UP | IFF_RUNNING)) |
		       (up ? IFF_UP | IFF_RUNNING | IFF_LOWER_UP : 0);
	nl_put_string(b, IFLA_IFNAME, n->name);
	nl_put_u32(b, IFLA_TXQLEN, QUEUE_LENGTH);
	/* RFC 2863: nothing below a loopback interface has a state. */
	nl_put_u8(b, IFLA_OPERSTATE, !up ? IF_OPER_DOWN : loopback ? IF_OPER_UNKNOWN : IF_OPER_UP);
	nl_put_u8(b, IFLA_LINKMODE, 0);
	nl_put_u32(b, IFLA_MTU, n->mtu);
	nl_put_u32(b, IFLA_MIN_MTU, 68);
	nl_put_u32(b, IFLA_MAX_MTU, 65535);
	nl_put_u32(b, IFLA_GROUP, 0);
	nl_put_u32(b, IFLA_PROMISCUITY, !!(n->flags & IFF_PROMISC));
	nl_put_u32(b, IFLA_ALLMULTI, 0);
	nl_put_u32(b, IFLA_NUM_TX_QUEUES, 1);
	nl_put_u32(b, IFLA_NUM_RX_QUEUES, 1);
	nl_put_u8(b, IFLA_CARRIER, up);
	nl_put_string(b, IFLA_QDISC, "noqueue");
	if (hardware) {
		nl_put(b, IFLA_ADDRESS, loopback ? nothing : n->hwaddr, 6);
		nl_put(b, IFLA_BROADCAST, loopback ? nothing : broadcast, 6);
	}
	if (statistics)
		put_statistics(b, &n->statistics);
	if (kind_of(n)) {
		size_t nest = nl_nest(b, IFLA_LINKINFO);

		nl_put_string(b, IFLA_INFO_KIND, kind_of(n));
		nl_nest_end(b, nest);
	}
	nl_end(b);
}

/* The interface that a request names by index or name. */
static int find(struct netlink_request *r, const struct nlattr **a, struct netif **out)
{
	const struct ifinfomsg *i = r->payload;
	char name[IFNAMSIZ];

	if (i->ifi_index) {
		*out = netif_by_index(r->stack, i->ifi_index);
	} else if (a[IFLA_IFNAME] || a[IFLA_ALT_IFNAME]) {
		const struct nlattr *given = a[IFLA_IFNAME] ? a[IFLA_IFNAME] : a[IFLA_ALT_IFNAME];

		*out = nl_string(given, name, sizeof(name)) ? netif_by_name(r->stack, name) : NULL;
		/* What everybody calls it. */
		if (!*out && nl_string(given, name, sizeof(name)) && !strcmp(name, "lo"))
			*out = r->stack->loopback;
	} else {
		return nl_refuse(r, -EINVAL, NULL, "Neither an index nor a name is given");
	}
	return *out ? 0 : -ENODEV;
}

static bool wants_statistics(const struct nlattr **a)
{
	return !a[IFLA_EXT_MASK] || !(nl_u32(a[IFLA_EXT_MASK]) & RTEXT_FILTER_SKIP_STATS);
}

int nl_link_get(struct netlink_request *r)
{
	const struct nlattr *a[IFLA_MAX + 1];
	struct netif *n;
	int error = nl_request_parse(r, sizeof(struct ifinfomsg), a, IFLA_MAX, policy);

	if (!error)
		error = find(r, a, &n);
	if (!error)
		nl_fill_link(r->answer, n, nl_answer_label(r, RTM_NEWLINK, 0), netif_is_up(n),
			     wants_statistics(a));
	return error;
}

int nl_link_dump(struct netlink_request *r)
{
	const struct nlattr *a[IFLA_MAX + 1];
	struct netif *n;
	int error = nl_dump_parse(r, sizeof(struct ifinfomsg), a, IFLA_MAX, policy);

	if (error)
		return error;
	if (r->strict &&
	    (((struct ifinfomsg *)r->payload)->ifi_index || a[IFLA_IFNAME] || a[IFLA_ADDRESS]))
		return nl_refuse(r, -EINVAL, NULL,
				 "Filter by device index not supported for link dumps");
	/* Without strict checking the mask still counts: old programs send it alone. */
	if (!r->strict && r->len >= sizeof(struct ifinfomsg))
		nl_parse((const uint8_t *)r->payload + sizeof(struct ifinfomsg),
			 r->len - sizeof(struct ifinfomsg), a, IFLA_MAX, policy, false, &r->bad);
	r->bad = NULL;
	/* No bridge has ports here. */
	if (*(const uint8_t *)r->payload == AF_BRIDGE || a[IFLA_MASTER])
		return 0;
	list_for_each_entry (n, &r->stack->netifs, node)
		nl_fill_link(r->answer, n, nl_answer_label(r, RTM_NEWLINK, NLM_F_MULTI),
			     netif_is_up(n), wants_statistics(a));
	return 0;
}

static int rename_link(struct netlink_request *r, struct netif *n, const struct nlattr *a)
{
	char name[IFNAMSIZ];

	if (!nl_string(a, name, sizeof(name)))
		return nl_refuse(r, -EINVAL, a, "A name has 1 to 15 bytes");
	if (!strcmp(name, n->name))
		return 0;
	for (const char *c = name; *c; c++)
		if (isspace((unsigned char)*c) || *c == '/' || *c == ':')
			return nl_refuse(r, -EINVAL, a, "A name has no space, slash or colon");
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return nl_refuse(r, -EINVAL, a, "A name is not a directory");
	if (netif_by_name(r->stack, name))
		return -EEXIST;
	if (n->kind == NETIF_LOOPBACK)
		return nl_refuse(r, -EPERM, a, "The loopback interface keeps its name");
	memset(n->name, 0, sizeof(n->name));
	memcpy(n->name, name, strlen(name));
	stack_notify(r->stack, EVENT_NETIF_CHANGED, n);
	return 0;
}

static int change_flags(struct netlink_request *r, struct netif *n, const struct ifinfomsg *i)
{
	const unsigned int ours = IFF_UP | IFF_PROMISC;
	unsigned int flags = i->ifi_flags, mask = i->ifi_change ? i->ifi_change : ours;

	if (!i->ifi_flags && !i->ifi_change)
		return 0;
	flags = (flags & mask) | (n->flags & ~mask);
	if (i->ifi_change &&
	    (flags ^ n->flags) & i->ifi_change & ~(ours | IFF_RUNNING | IFF_LOWER_UP))
		return nl_refuse(r, -EOPNOTSUPP, NULL, "Only up and promisc can be changed");
	if ((flags ^ n->flags) & IFF_PROMISC) {
		n->flags ^= IFF_PROMISC;
		stack_notify(r->stack, EVENT_NETIF_CHANGED, n);
	}
	return flags & IFF_UP ? netif_up(n) : netif_down(n);
}

int nl_link_change(struct netlink_request *r)
{
	static const int unsupported[] = {IFLA_MASTER,	 IFLA_TXQLEN,	 IFLA_OPERSTATE,
					  IFLA_LINKMODE, IFLA_NET_NS_FD, IFLA_NET_NS_PID,
					  IFLA_AF_SPEC};
	const struct nlattr *a[IFLA_MAX + 1];
	const struct ifinfomsg *i = r->payload;
	struct netif *n = NULL;
	int error = nl_request_parse(r, sizeof(*i), a, IFLA_MAX, policy);

	if (error)
		return error;
	/* A message that names nothing asks whether links can be changed: ENODEV says yes. */
	error = i->ifi_index || a[IFLA_IFNAME] || a[IFLA_ALT_IFNAME] ? find(r, a, &n) : -ENODEV;
	if (error == -ENODEV && r->message->nlmsg_flags & NLM_F_CREATE)
		return nl_refuse(
			r, -EOPNOTSUPP, a[IFLA_LINKINFO],
			"Interfaces are made by the program, with lwip_add_vdeif(3) and its like");
	if (error)
		return error;
	if (r->message->nlmsg_flags & NLM_F_EXCL)
		return -EEXIST;
	for (size_t k = 0; k < sizeof(unsupported) / sizeof(unsupported[0]); k++)
		if (a[unsupported[k]])
			return nl_refuse(r, -EOPNOTSUPP, a[unsupported[k]],
					 "This stack cannot set that");
	if (a[IFLA_ADDRESS]) {
		if (nl_len(a[IFLA_ADDRESS]) != 6)
			return nl_refuse(r, -EINVAL, a[IFLA_ADDRESS],
					 "A hardware address has six bytes");
		error = netif_set_hwaddr(n, nl_data(a[IFLA_ADDRESS]));
		if (error)
			return nl_refuse(r, error, a[IFLA_ADDRESS],
					 "Not the hardware address of one station");
	}
	if (a[IFLA_MTU]) {
		error = netif_set_mtu(n, nl_u32(a[IFLA_MTU]));
		if (error)
			return nl_refuse(r, error, a[IFLA_MTU], "An MTU is from 68 to 65535");
	}
	if (a[IFLA_IFNAME] && i->ifi_index)
		error = rename_link(r, n, a[IFLA_IFNAME]);
	return error ? error : change_flags(r, n, i);
}

int nl_link_delete(struct netlink_request *r)
{
	const struct nlattr *a[IFLA_MAX + 1];
	struct netif *n = NULL;
	int error = nl_request_parse(r, sizeof(struct ifinfomsg), a, IFLA_MAX, policy);

	if (!error)
		error = find(r, a, &n);
	if (error)
		return error;
	if (n->kind == NETIF_LOOPBACK)
		return nl_refuse(r, -EOPNOTSUPP, NULL, "The loopback interface stays");
	netif_free(n);
	return 0;
}
