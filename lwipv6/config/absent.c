/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Services that this build has not: their calls say so. */
#include <errno.h>
#include "lwipv6/config/config.h"
#include "lwipv6/socket/families.h"

int config_start(struct stack *stack)
{
	return 0;
}

void config_stop(struct stack *stack)
{
}

void radv_start(struct netif *netif)
{
}

void radv_stop(struct netif *netif)
{
}

void radv_solicitation(struct netif *netif, const struct packet *p)
{
}

int dhcp4_start(struct netif *netif)
{
	return -EOPNOTSUPP;
}

void dhcp4_stop(struct netif *netif, bool release)
{
}

int dhcp6_start(struct netif *netif, bool stateful)
{
	return -EOPNOTSUPP;
}

void dhcp6_stop(struct netif *netif, bool release)
{
}

const struct socket_family socket_netlink_families[] = {{0}};
