/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Group options (RFC 3493 5.2, RFC 3678): any-source and source-specific joins by interface index
 * or, for IPv4, by address; the protocol-independent MCAST_* calls.
 */
#include <errno.h>
#include <stdlib.h>
#include "lwipv6/socket/datagram.h"

static struct membership *find(struct datagram_socket *d, const struct ip_addr *group,
			       struct netif *netif)
{
	struct membership *m;

	list_for_each_entry (m, &d->endpoint.memberships, user_node)
		if (m->group && ip_equal(&m->group->addr, group) &&
		    (!netif || m->group->netif == netif))
			return m;
	return NULL;
}

static struct netif *pick(struct stack *stack, int index, const struct ip_addr *address,
			  const struct ip_addr *group)
{
	struct netif_addr *a;
	struct next_hop hop;

	if (index)
		return netif_by_index(stack, index);
	if (address && !ip_is_any(address)) {
		a = netif_addr_find(stack, NULL, address);
		return a ? a->netif : NULL;
	}
	return route_lookup(stack, group, NULL, NULL, &hop) ? NULL : hop.netif;
}

static int join(struct datagram_socket *d, struct netif *netif, const struct ip_addr *group)
{
	struct membership *m;
	int error;

	if (!ip_is_multicast(group))
		return -EINVAL;
	if (!netif)
		return -ENODEV;
	if (find(d, group, netif))
		return -EADDRINUSE;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOBUFS;
	error = group_join(netif, group, m);
	if (error) {
		free(m);
		return error;
	}
	list_append(&d->endpoint.memberships, &m->user_node);
	return 0;
}

static int leave(struct datagram_socket *d, struct netif *netif, const struct ip_addr *group)
{
	struct membership *m = find(d, group, netif);

	if (!m)
		return -EADDRNOTAVAIL;
	list_remove(&m->user_node);
	group_leave(m);
	free(m);
	return 0;
}

void membership_leave_all(struct datagram_socket *d)
{
	while (!list_empty(&d->endpoint.memberships)) {
		struct membership *m =
			list_first(&d->endpoint.memberships, struct membership, user_node);

		list_remove(&m->user_node);
		group_leave(m);
		free(m);
	}
}

enum source_change { SOURCE_JOIN, SOURCE_LEAVE, SOURCE_BLOCK, SOURCE_UNBLOCK };

/* One source more or less in the filter of a membership. */
static int change_source(struct datagram_socket *d, struct netif *netif,
			 const struct ip_addr *group, const struct ip_addr *source,
			 enum source_change change)
{
	struct membership *m = find(d, group, netif);
	bool include = change == SOURCE_JOIN || change == SOURCE_LEAVE;
	bool add = change == SOURCE_JOIN || change == SOURCE_BLOCK;
	struct ip_addr list[GROUP_SOURCES + 1];
	unsigned int n = 0, i;
	int error;

	if (!m && change == SOURCE_JOIN) {
		error = join(d, netif, group);
		if (error)
			return error;
		m = find(d, group, netif);
		return group_filter(m, FILTER_INCLUDE, source, 1);
	}
	if (!m)
		return -EADDRNOTAVAIL;
	if ((m->mode == FILTER_INCLUDE) != include)
		return -EINVAL;
	for (i = 0; i < m->nsources; i++)
		if (!ip_equal(&m->sources[i], source))
			list[n++] = m->sources[i];
	if (add == (n != m->nsources))
		return -EADDRNOTAVAIL;
	if (add)
		list[n++] = *source;
	if (include && !n)
		return leave(d, netif, group);
	return group_filter(m, m->mode, list, n);
}

static int read_storage(const struct sockaddr_storage *sa, struct ip_addr *a)
{
	struct socket_name n;
	int error = name_read(&n, sa->ss_family, (const struct sockaddr *)sa, sizeof(*sa));

	*a = n.addr;
	return error;
}

static int mcast(struct datagram_socket *d, int name, const void *value, socklen_t len)
{
	struct stack *stack = d->socket.stack;
	struct group_source_req gsr = {0};
	struct ip_addr group, source;
	bool with_source = name != MCAST_JOIN_GROUP && name != MCAST_LEAVE_GROUP;

	if (len < (with_source ? sizeof(gsr) : sizeof(struct group_req)))
		return -EINVAL;
	if (with_source) {
		memcpy(&gsr, value, sizeof(gsr));
		if (read_storage(&gsr.gsr_source, &source))
			return -EINVAL;
	} else {
		struct group_req gr;

		memcpy(&gr, value, sizeof(gr));
		gsr.gsr_interface = gr.gr_interface;
		gsr.gsr_group = gr.gr_group;
	}
	if (read_storage(&gsr.gsr_group, &group))
		return -EINVAL;
	struct netif *netif = pick(stack, gsr.gsr_interface, NULL, &group);

	switch (name) {
	case MCAST_JOIN_GROUP:
		return join(d, netif, &group);
	case MCAST_LEAVE_GROUP:
		return leave(d, gsr.gsr_interface ? netif : NULL, &group);
	case MCAST_JOIN_SOURCE_GROUP:
		return change_source(d, netif, &group, &source, SOURCE_JOIN);
	case MCAST_LEAVE_SOURCE_GROUP:
		return change_source(d, netif, &group, &source, SOURCE_LEAVE);
	case MCAST_BLOCK_SOURCE:
		return change_source(d, netif, &group, &source, SOURCE_BLOCK);
	case MCAST_UNBLOCK_SOURCE:
		return change_source(d, netif, &group, &source, SOURCE_UNBLOCK);
	}
	return -ENOPROTOOPT;
}

static int ip4(struct datagram_socket *d, int name, const void *value, socklen_t len)
{
	struct stack *stack = d->socket.stack;
	struct ip_mreqn mreq = {0};
	struct ip_mreq_source source;
	struct ip_addr group, address;
	enum source_change change;

	switch (name) {
	case IP_MULTICAST_IF:
		if (len == sizeof(struct in_addr))
			memcpy(&mreq.imr_address, value, len);
		else if (len >= sizeof(struct ip_mreq))
			memcpy(&mreq, value, len < sizeof(mreq) ? len : sizeof(mreq));
		else
			return -EINVAL;
		address = ip_from_v4(mreq.imr_address.s_addr);
		if (!mreq.imr_ifindex && ip_is_any(&address)) {
			d->endpoint.multicast_netif = NULL;
			return 0;
		}
		d->endpoint.multicast_netif = pick(stack, mreq.imr_ifindex, &address, NULL);
		return d->endpoint.multicast_netif ? 0 : -EADDRNOTAVAIL;
	case IP_ADD_MEMBERSHIP:
	case IP_DROP_MEMBERSHIP:
		if (len < sizeof(struct ip_mreq))
			return -EINVAL;
		memcpy(&mreq, value, len < sizeof(mreq) ? len : sizeof(mreq));
		group = ip_from_v4(mreq.imr_multiaddr.s_addr);
		address = ip_from_v4(mreq.imr_address.s_addr);
		if (name == IP_ADD_MEMBERSHIP)
			return join(d, pick(stack, mreq.imr_ifindex, &address, &group), &group);
		return leave(d,
			     mreq.imr_ifindex || !ip_is_any(&address)
				     ? pick(stack, mreq.imr_ifindex, &address, &group)
				     : NULL,
			     &group);
	case IP_ADD_SOURCE_MEMBERSHIP:
		change = SOURCE_JOIN;
		break;
	case IP_DROP_SOURCE_MEMBERSHIP:
		change = SOURCE_LEAVE;
		break;
	case IP_BLOCK_SOURCE:
		change = SOURCE_BLOCK;
		break;
	case IP_UNBLOCK_SOURCE:
		change = SOURCE_UNBLOCK;
		break;
	default:
		return -ENOPROTOOPT;
	}
	if (len < sizeof(source))
		return -EINVAL;
	memcpy(&source, value, sizeof(source));
	group = ip_from_v4(source.imr_multiaddr.s_addr);
	address = ip_from_v4(source.imr_interface.s_addr);
	struct ip_addr from = ip_from_v4(source.imr_sourceaddr.s_addr);

	return change_source(d, pick(stack, 0, &address, &group), &group, &from, change);
}

int membership_setsockopt(struct datagram_socket *d, int level, int name, const void *value,
			  socklen_t len)
{
	struct ipv6_mreq mreq;
	struct ip_addr group;

	if (name >= MCAST_JOIN_GROUP && name <= MCAST_LEAVE_SOURCE_GROUP)
		return mcast(d, name, value, len);
	if (level == IPPROTO_IP)
		return ip4(d, name, value, len);
	if (name != IPV6_ADD_MEMBERSHIP && name != IPV6_DROP_MEMBERSHIP)
		return -ENOPROTOOPT;
	if (len < sizeof(mreq))
		return -EINVAL;
	memcpy(&mreq, value, sizeof(mreq));
	group = ip_from_in6(&mreq.ipv6mr_multiaddr);
	struct netif *netif = pick(d->socket.stack, mreq.ipv6mr_interface, NULL, &group);

	if (name == IPV6_ADD_MEMBERSHIP)
		return join(d, netif, &group);
	return leave(d, mreq.ipv6mr_interface ? netif : NULL, &group);
}
